"""Connections to providers: kept and used again, and read from for no longer than is said.

The time limit of a socket begins anew with each byte that comes, so that an answer that drips would never end. Here a
request's read timeout is what its whole answer may take, from the status line to the last byte of the body.
"""

from __future__ import annotations

import io
import time
from http.client import HTTPResponse
from http.cookiejar import DefaultCookiePolicy
from socket import socket
from typing import Any

import requests
from requests.adapters import HTTPAdapter
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool


def session() -> requests.Session:
    """One that sends nothing of the machine's own (proxies, .netrc), keeps no cookies and repeats nothing."""
    made = requests.Session()
    made.trust_env = False
    made.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))
    for scheme in ("https://", "http://"):
        made.mount(scheme, _Adapter(pool_connections=4, pool_maxsize=8, max_retries=0))
    return made


class _Timed(io.RawIOBase):
    """What comes out of a socket, until the socket's time limit has passed once."""

    def __init__(self, connected: socket) -> None:
        self._socket = connected
        self._bytes = connected.makefile("rb", buffering=0)
        self._until = time.monotonic() + (connected.gettimeout() or 0)

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int | None:
        left = self._until - time.monotonic()
        if left <= 0:
            raise TimeoutError("the answer took too long")
        self._socket.settimeout(left)
        return self._bytes.readinto(buffer)

    def close(self) -> None:
        self._bytes.close()
        super().close()


class _Response(HTTPResponse):
    def __init__(self, sock: socket, *rest: Any, **options: Any) -> None:
        super().__init__(sock, *rest, **options)
        self.fp.close()
        self.fp = io.BufferedReader(_Timed(sock))


class _Connection(HTTPConnection):
    response_class = _Response


class _SecureConnection(HTTPSConnection):
    response_class = _Response


class _Pool(HTTPConnectionPool):
    ConnectionCls = _Connection


class _SecurePool(HTTPSConnectionPool):
    ConnectionCls = _SecureConnection


class _Adapter(HTTPAdapter):
    def init_poolmanager(self, *given: Any, **options: Any) -> None:
        super().init_poolmanager(*given, **options)
        self.poolmanager.pool_classes_by_scheme = {"http": _Pool, "https": _SecurePool}
