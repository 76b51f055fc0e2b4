"""Files of the bundle as answers: compressed where the client takes it, and not sent again to who has them."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from functools import cache
from http import HTTPStatus
from pathlib import Path

from aws_lambda_powertools.event_handler import Response

CONTENT_SECURITY_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
"""Nothing from another host, nothing inline. `data:` because Swagger UI's style sheet has its icons in itself."""

_CACHED = "public, max-age=3600"
_REVALIDATED = "no-cache"


def answer(path: Path, content_type: str, headers: Mapping[str, str], *, page: bool = False) -> Response[str]:
    """The file, or 304 without a body when `headers` (of the request, lower case) hold its ETag.

    A page is asked for anew each time, which costs a 304; what it loads may be an hour old.
    """
    text, etag = _read(path)
    kept = {
        "ETag": etag,
        "Cache-Control": _REVALIDATED if page else _CACHED,
        "Vary": "Accept-Encoding",
        "X-Content-Type-Options": "nosniff",
        "Referrer-Policy": "no-referrer",
    } | ({"Content-Security-Policy": CONTENT_SECURITY_POLICY} if page else {})
    known = {each.strip().removeprefix("W/") for each in headers.get("if-none-match", "").split(",")}
    if known & {etag.removeprefix("W/"), "*"}:
        return Response(HTTPStatus.NOT_MODIFIED, body="", headers=kept)
    return Response(HTTPStatus.OK, content_type=content_type, body=text, headers=kept, compress=True)


@cache
def _read(path: Path) -> tuple[str, str]:
    """The text, and its ETag: a weak one, because one and the same text is sent compressed and not."""
    content = path.read_bytes()
    return content.decode(), f'W/"{hashlib.sha256(content).hexdigest()[:32]}"'
