"""URLs that a carrier is told to call: https, and a public host, so that nobody makes it call an inner address."""

from __future__ import annotations

import ipaddress
import re
import socket
from urllib.parse import urlsplit

from telephony.errors import InvalidRequest

MAX_LENGTH = 1000

_HOST = re.compile(r"(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z][a-z0-9-]{0,61}[a-z0-9]", re.ASCII | re.IGNORECASE)
"""A name of ASCII letters, with a dot, that doesn't end in a number: no address in any notation, no look-alike."""

_INNER = (".localhost", ".local", ".internal", ".localdomain", ".home.arpa", ".lan", ".intranet", ".corp")

_NAT64 = ipaddress.ip_network("64:ff9b::/96")


def check(field: str, url: str) -> str:
    """`url` if a carrier may be told to call it. Raises `InvalidRequest` (`invalid_url`).

    A name that resolves to an address that is not public is refused. One that doesn't resolve here is not: it may do so
    at the carrier, and an inner address it is not.
    """
    if len(url) > MAX_LENGTH or not url.isascii() or not url.isprintable() or " " in url or "\\" in url:
        raise _invalid(field, f"must be a URL of at most {MAX_LENGTH} ASCII characters")
    try:
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port
    except ValueError:
        raise _invalid(field, "is not a URL") from None
    if parts.scheme != "https" or "@" in parts.netloc or port not in (None, 443) or parts.fragment:
        raise _invalid(field, "must be https, without user, port or fragment")
    if not _HOST.fullmatch(host) or host.lower().endswith(_INNER):
        raise _invalid(field, "must have the name of a public host")
    if not all(_public(ipaddress.ip_address(address)) for address in addresses_of(host)):
        raise _invalid(field, "must have the name of a public host")
    return url


def _public(address: ipaddress.IPv4Address | ipaddress.IPv6Address) -> bool:
    """Whether it is one host on the public internet.

    `is_global` alone is true of multicast, of site-local addresses, and of NAT64's, whatever IPv4 address they lead to.
    """
    if address in _NAT64:
        return _public(ipaddress.IPv4Address(int(address) & 0xFFFFFFFF))
    site_local = isinstance(address, ipaddress.IPv6Address) and address.is_site_local
    return address.is_global and not address.is_multicast and not site_local


def addresses_of(host: str) -> list[str]:
    """What the name resolves to; [] for nothing."""
    try:
        found = socket.getaddrinfo(host, 443, type=socket.SOCK_STREAM)
    except OSError:
        return []
    return [str(each[4][0]).partition("%")[0] for each in found]


def _invalid(field: str, message: str) -> InvalidRequest:
    return InvalidRequest.field(field, message, code="invalid_url")
