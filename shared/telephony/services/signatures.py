"""The signature of a form that a carrier posts. Twilio's scheme, which SignalWire has for its forms, too.

Base64 of HMAC-SHA1 over the URL and every parameter, sorted, name and value after each other; a name with several
values counts with each of them once (twilio-python, request_validator.py).
"""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Iterable, Sequence

Parameters = Sequence[tuple[str, str]]


def signed(key: str, urls: Iterable[str], parameters: Parameters, signature: str) -> bool:
    """Whether one of the URLs is the one that was signed; with the port or without, as carriers differ in that."""
    tail = "".join(name + value for name, value in sorted(set(parameters)))
    candidates = [form for url in urls for form in (url, _with_port(url))]
    return any(hmac.compare_digest(_sign(key, url + tail), signature.encode()) for url in candidates)


def _sign(key: str, text: str) -> bytes:
    return base64.b64encode(hmac.new(key.encode(), text.encode(), hashlib.sha1).digest())


def _with_port(url: str) -> str:
    scheme, _, rest = url.partition("://")
    host, slash, path = rest.partition("/")
    return url if ":" in host else f"{scheme}://{host}:443{slash}{path}"
