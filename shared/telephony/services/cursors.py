"""Cursors of lists: where the next page begins, sealed so that nobody can make one up or use another's.

A cursor is the base64url of an HMAC-SHA256 and the JSON that it authenticates. The HMAC also covers the list that the
cursor belongs to: its name, agency and filters, which therefore have to be the same in the next request.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any

from telephony.errors import CredentialsUnavailable, InvalidRequest

MAC_BYTES = 32
MAX_LENGTH = 1024

Scope = Sequence[str | int | None]


class Cursors:
    """`keys` gives the key in use first, then others that a cursor may have been sealed with."""

    def __init__(self, keys: Callable[[], Iterable[str]]) -> None:
        self._keys = keys

    def seal(self, scope: Scope, position: Mapping[str, Any]) -> str:
        """Raises `CredentialsUnavailable` without a key."""
        payload = json.dumps(position, separators=(",", ":")).encode()
        mac = _mac(next(self._usable_keys()), scope, payload)
        return base64.urlsafe_b64encode(mac + payload).rstrip(b"=").decode()

    def open(self, scope: Scope, cursor: str) -> dict[str, Any]:
        """The position. Raises `InvalidRequest` (`invalid_cursor`) for what was not sealed here for this list."""
        if len(cursor) > MAX_LENGTH:
            raise _invalid()
        try:
            raw = base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4))
        except ValueError:
            raise _invalid() from None
        mac, payload = raw[:MAC_BYTES], raw[MAC_BYTES:]
        if not any(hmac.compare_digest(mac, _mac(key, scope, payload)) for key in self._usable_keys()):
            raise _invalid()
        position: dict[str, Any] = json.loads(payload)
        return position

    def _usable_keys(self) -> Iterator[str]:
        """One at the least."""
        usable = False
        for key in filter(None, self._keys()):
            usable = True
            yield key
        if not usable:
            raise CredentialsUnavailable("The service has no key for page tokens")


def _mac(key: str, scope: Scope, payload: bytes) -> bytes:
    message = json.dumps(list(scope)).encode() + b"\n" + payload
    return hmac.digest(key.encode(), message, hashlib.sha256)


def _invalid() -> InvalidRequest:
    return InvalidRequest.field(
        "cursor",
        "is not one of this list",
        code="invalid_cursor",
        fix="Begin again without a cursor, and repeat the other parameters with each one.",
    )
