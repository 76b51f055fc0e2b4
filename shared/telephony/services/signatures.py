"""The signature of a form that a carrier posts. Twilio's scheme, which SignalWire has for its forms, too.

Base64 of HMAC-SHA1 over the URL and every parameter, sorted, name and value after each other; a name with several
values counts with each of them once. Where the URL carries `bodySHA256`, that stands for the parameters: it must be the
hex SHA-256 of the body (twilio-python, request_validator.py).
"""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Iterable, Iterator, Sequence
from urllib.parse import parse_qs, parse_qsl, urlsplit, urlunsplit

Parameters = Sequence[tuple[str, str]]

_DEFAULT_PORTS = {"https": "443", "http": "80"}


def parameters(body: bytes) -> Parameters:
    """Of a form, the empty ones included."""
    return parse_qsl(body.decode(errors="replace"), keep_blank_values=True)


def signed(key: str, urls: Iterable[str], body: bytes, signature: str) -> bool:
    """Whether one of the URLs is the one that was signed; with its port or without, as carriers differ in that."""
    form = "".join(name + value for name, value in sorted(set(parameters(body))))
    texts = [variant + tail for url in urls for tail in _tails(url, form, body) for variant in _variants(url)]
    return any(hmac.compare_digest(_sign(key, text), signature.encode()) for text in texts)


def _tails(url: str, form: str, body: bytes) -> Iterator[str]:
    """What may be signed after the URL."""
    yield form
    if hashlib.sha256(body).hexdigest() in parse_qs(urlsplit(url).query).get("bodySHA256", ()):
        yield ""


def _sign(key: str, text: str) -> bytes:
    return base64.b64encode(hmac.new(key.encode(), text.encode(), hashlib.sha1).digest())


def _variants(url: str) -> list[str]:
    """The URL as it is, without its port, and with the one that its scheme has."""
    parts = urlsplit(url)
    host, colon, port = parts.netloc.rpartition(":")
    bare = host if colon and port.isdecimal() else parts.netloc
    hosts = dict.fromkeys((parts.netloc, bare, f"{bare}:{_DEFAULT_PORTS.get(parts.scheme, '')}"))
    return [urlunsplit(parts._replace(netloc=each)) for each in hosts]
