"""Faults a simulator can be told to have, and what each does to one request."""

import json
import re
import time
from collections.abc import Callable
from dataclasses import dataclass, field, fields
from typing import Any, Protocol

from werkzeug.wrappers import Response


class Perform(Protocol):
    """Does what the request asks for and gives the usual answer."""

    def __call__(self) -> Response: ...

    def later(self, seconds: float) -> None:
        """The same once so many seconds have passed on the carrier's clock; nobody gets the answer."""


HTML_502 = (
    "<html>\r\n<head><title>502 Bad Gateway</title></head>\r\n<body><h1>502 Bad Gateway</h1></body>\r\n</html>\r\n"
)


class Dropped(ConnectionAbortedError):
    """The server closes the connection without an answer."""


@dataclass
class Fault:
    """One fault: which requests it meets (`method`, `path` as a regular expression searched in the decoded path),
    how many it lets pass first (`skip`) and how many it hits (`times`), and its `kind`:

    refuse          the connection is closed before the body is read; no effect
    timeout_before  nothing happens, silence for `seconds`, then the connection is closed
    timeout_after   the effect happens, then silence for `seconds` and the connection is closed
    status          answers `status` with `body` (JSON, or text as it stands), `headers`, `content_type`; no effect
    unless `after` html_502        a proxy's HTML page; no effect unless `after` empty_body, truncated_json, wrong_type,
    torn_body
                    the effect happens, but the answer arrives empty, cut to invalid JSON, as valid JSON of another
                    type, or with the connection closed in the middle of it
    slow            waits `seconds`, then answers as usual
    lands_late      a proxy's empty 504 at once; the effect happens `seconds` later
    """

    kind: str
    path: str = ""
    method: str | None = None
    times: int = 1
    skip: int = 0
    seconds: float = 11.0
    status: int = 500
    body: Any = None
    headers: dict[str, str] = field(default_factory=dict)
    content_type: str = "application/json"
    after: bool = False

    def __post_init__(self) -> None:
        if self.kind not in KINDS:
            raise ValueError(f"unknown fault kind {self.kind!r}; known: {', '.join(sorted(KINDS))}")
        re.compile(self.path)

    @classmethod
    def from_json(cls, value: dict[str, Any]) -> "Fault":
        """Raises ValueError on an unknown key or kind, so that a misspelt fault never passes for a healthy carrier."""
        unknown = set(value) - {known.name for known in fields(cls)}
        if unknown or "kind" not in value:
            raise ValueError(f"a fault needs `kind` and knows no {sorted(unknown)}")
        return cls(**value)

    def takes(self, method: str, path: str) -> bool:
        """Whether the fault hits this request; counts it when the request matches."""
        if self.times <= 0 or (self.method or method).upper() != method or not re.search(self.path, path):
            return False
        if self.skip > 0:
            self.skip -= 1
            return False
        self.times -= 1
        return True

    def apply(self, perform: Perform) -> Response:
        """The answer to send instead of the usual one; raises Dropped when there is none."""
        return KINDS[self.kind](self, perform)


def _refuse(_fault: Fault, _perform: Perform) -> Response:
    raise Dropped("refused")


def _timeout_before(fault: Fault, _perform: Perform) -> Response:
    time.sleep(fault.seconds)
    raise Dropped("timeout before the effect")


def _timeout_after(fault: Fault, perform: Perform) -> Response:
    perform()
    time.sleep(fault.seconds)
    raise Dropped("timeout after the effect")


def _status(fault: Fault, perform: Perform) -> Response:
    if fault.after:
        perform()
    text = fault.body if isinstance(fault.body, str) else json.dumps(fault.body)
    if fault.body is None:
        text = ""
    return Response(text, fault.status, fault.headers, content_type=fault.content_type)


def _html_502(fault: Fault, perform: Perform) -> Response:
    if fault.after:
        perform()
    return Response(HTML_502, 502, content_type="text/html")


def _empty_body(_fault: Fault, perform: Perform) -> Response:
    response = perform()
    response.set_data(b"")
    return response


def _truncated_json(_fault: Fault, perform: Perform) -> Response:
    response = perform()
    body = response.get_data()
    response.set_data(body[: max(1, len(body) // 2)])
    return response


def _wrong_type(_fault: Fault, perform: Perform) -> Response:
    response = perform()
    response.set_data(b'"ok"' if response.get_data().lstrip()[:1] == b"[" else b'["ok"]')
    return response


def _torn_body(_fault: Fault, perform: Perform) -> Response:
    response = perform()
    body = response.get_data()
    response.set_data(body[: len(body) // 2])
    response.headers["Content-Length"] = str(len(body))
    response.headers["Connection"] = "close"
    return response


def _slow(fault: Fault, perform: Perform) -> Response:
    time.sleep(fault.seconds)
    return perform()


def _lands_late(fault: Fault, perform: Perform) -> Response:
    perform.later(fault.seconds)
    return Response("", 504)


KINDS: dict[str, Callable[[Fault, Perform], Response]] = {
    "refuse": _refuse,
    "timeout_before": _timeout_before,
    "timeout_after": _timeout_after,
    "status": _status,
    "html_502": _html_502,
    "empty_body": _empty_body,
    "truncated_json": _truncated_json,
    "wrong_type": _wrong_type,
    "torn_body": _torn_body,
    "slow": _slow,
    "lands_late": _lands_late,
}
