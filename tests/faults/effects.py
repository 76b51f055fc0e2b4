"""Every call that leaves the process: seen, counted, and made to fail or to be the last thing the process does.

::

    effects = Effects({"127.0.0.1:4001": "telnyx"})
    effects.install(monkeypatch)
    with effects.watching():                                       # records and interferes only in here
        ...
    effects.seen                                                   # ["dynamodb GetItem callers #1", …]
    effects.at["telnyx POST /call_control_applications #1"] = killed("after")

The points are found by running, not listed by hand: an effect that is new in the code is new here.
"""

from __future__ import annotations

import json
import re
import threading
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any
from urllib.parse import urlsplit

import pytest
from botocore.awsrequest import AWSResponse
from botocore.exceptions import EndpointConnectionError, ReadTimeoutError
from botocore.httpsession import URLLib3Session
from requests.adapters import HTTPAdapter
from telephony.aws import ATTEMPTS

_ID = r"\d{19}|[0-9a-f-]{36}|(?:AC|PN)[0-9a-f]{32}"
"""Telnyx's, SignalWire's and Twilio's ids in paths."""

Send = Callable[[], Any]
Interference = Callable[[Send], Any]
"""Gets what would send the request; gives the answer or raises."""

_SERVICES = {
    "DynamoDB_20120810": "dynamodb",
    "TrentService": "kms",
    "secretsmanager": "secretsmanager",
    "AmazonSQS": "sqs",
}


CLOSED_PORT = 9
"""Discard: nobody listens there."""


class Killed(BaseException):
    """The process ends here. No `except Exception` may catch it."""


class Effects:
    """`carriers` maps `host:port` to the carrier's name."""

    def __init__(self, carriers: Mapping[str, str]) -> None:
        self._carriers = carriers
        self._active = False
        self._counts: Counter[str] = Counter()
        self._lock = threading.Lock()
        self.seen: list[str] = []
        self.at: dict[str, Interference] = {}
        """What to do at a point, once; under a service's name: at each of its calls."""
        self.refused: set[str] = set()
        """Names (without a number) of carrier calls whose connection is refused: they go to a closed port."""
        self.wakeups: list[tuple[str, int]] = []
        """Operation id and delay of each wake-up sent."""

    def install(self, monkeypatch: pytest.MonkeyPatch) -> None:
        to_carrier, to_aws = HTTPAdapter.send, URLLib3Session.send

        def carrier_send(adapter: Any, request: Any, *rest: Any, **options: Any) -> Any:
            carrier = self._carriers.get(urlsplit(request.url).netloc)
            if carrier is None:
                return to_carrier(adapter, request, *rest, **options)
            name = _carrier_call(carrier, request)
            if self._active and name in self.refused:
                request.url = f"http://127.0.0.1:{CLOSED_PORT}/"
            return self._pass(name, lambda: to_carrier(adapter, request, *rest, **options))

        def aws_send(session: Any, request: Any) -> Any:
            if self._active and _header(request, "X-Amz-Target") == b"AmazonSQS.SendMessage":
                message = json.loads(request.body)
                self.wakeups.append((json.loads(message["MessageBody"])["operation_id"], message["DelaySeconds"]))
            return self._pass(_aws_call(request), lambda: to_aws(session, request))

        monkeypatch.setattr(HTTPAdapter, "send", carrier_send)
        monkeypatch.setattr(URLLib3Session, "send", aws_send)

    def forget(self) -> None:
        """Begins a new run: nothing seen, nothing to interfere with, counting from 1."""
        self._counts.clear()
        self.seen, self.at, self.refused, self.wakeups = [], {}, set(), []

    @contextmanager
    def watching(self) -> Iterator[None]:
        self._active = True
        try:
            yield
        finally:
            self._active = False

    def _pass(self, name: str, send: Send) -> Any:
        if not self._active:
            return send()
        with self._lock:  # some calls are made at the same time
            self._counts[name] += 1
            point = f"{name} #{self._counts[name]}"
            self.seen.append(point)
            interference = self.at.pop(point, None) or self.at.get(name.split(" ")[0])
        return interference(send) if interference else send()

    def burst(self, point: str, interference: Interference, times: int = ATTEMPTS) -> None:
        """Interferes at a point and the following ones of its name, as often as botocore sends before it gives up."""
        name, number = point.rsplit(" #", 1)
        for each in range(times):
            self.at[f"{name} #{int(number) + each}"] = interference

    def next(self, name: str, interference: Interference, number: int = 1) -> None:
        """Interferes at the next call of that name, or the second next, …"""
        self.at[f"{name} #{self._counts[name] + number}"] = interference

    def from_then_on(self, point: str, interference: Interference) -> None:
        """Interferes at a point and at every later call of its service."""
        service = point.split(" ")[0]

        def first(send: Send) -> Any:
            self.at[service] = interference
            return interference(send)

        self.at[point] = first


def killed(when: str) -> Interference:
    """The process dies `before` the request goes out, or `after` it took effect and before anybody knows."""

    def die(send: Send) -> Any:
        if when == "after":
            answer = send()
            if hasattr(answer, "close"):
                answer.close()
        raise Killed

    return die


def deaths(points: Sequence[str]) -> list[tuple[str, str]]:
    """All that a process which passes these points can leave behind: points, and when there to be `killed`.

    Before the first and after each: to die before the next is for everybody else to have died after the one before it.
    """
    return [*((point, "before") for point in points[:1]), *((point, "after") for point in points)]


def refused_by_aws(status: int, code: str) -> Interference:
    """AWS answers with an error and has done nothing."""
    body = json.dumps({"__type": f"com.amazonaws#{code}", "message": code}).encode()

    def refuse(_send: Send) -> Any:
        answer = AWSResponse("http://aws", status, {"content-type": "application/x-amz-json-1.0"}, None)
        answer._content = body
        return answer

    return refuse


def unreachable(_send: Send) -> Any:
    """AWS can't be reached."""
    raise EndpointConnectionError(endpoint_url="http://aws")


def answer_lost(send: Send) -> Any:
    """AWS does what it is asked, and the answer never arrives."""
    send()
    raise ReadTimeoutError(endpoint_url="http://aws")


def _carrier_call(carrier: str, request: Any) -> str:
    path = re.sub(f"/(?:{_ID})\\b", "/{id}", urlsplit(request.url).path.removeprefix("/v2"))
    return f"{carrier} {request.method} {path}"


def _aws_call(request: Any) -> str:
    prefix, _, operation = _header(request, "X-Amz-Target").decode().partition(".")
    service = _SERVICES[prefix]
    table = json.loads(request.body).get("TableName", "") if service == "dynamodb" else ""
    return " ".join(filter(None, (service, operation, table.rpartition("-")[2])))


def _header(request: Any, name: str) -> bytes:
    value = request.headers[name]
    return value if isinstance(value, bytes) else str(value).encode()
