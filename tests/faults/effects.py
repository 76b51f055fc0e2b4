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
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any
from urllib.parse import urlsplit

import pytest
from botocore.httpsession import URLLib3Session
from requests.adapters import HTTPAdapter

Send = Callable[[], Any]
Interference = Callable[[Send], Any]
"""Gets what would send the request; gives the answer or raises."""

_SERVICES = {
    "DynamoDB_20120810": "dynamodb",
    "TrentService": "kms",
    "secretsmanager": "secretsmanager",
    "AmazonSQS": "sqs",
}


class Killed(BaseException):
    """The process ends here. No `except Exception` may catch it."""


class Effects:
    """`carriers` maps `host:port` to the carrier's name."""

    def __init__(self, carriers: Mapping[str, str]) -> None:
        self._carriers = carriers
        self._active = False
        self._counts: Counter[str] = Counter()
        self.seen: list[str] = []
        self.at: dict[str, Interference] = {}
        """What to do at a point, once. Points have a number, their names with `*` for it mean each of them."""
        self.wakeups: list[tuple[str, int]] = []
        """Operation id and delay of each wake-up sent."""

    def install(self, monkeypatch: pytest.MonkeyPatch) -> None:
        to_carrier, to_aws = HTTPAdapter.send, URLLib3Session.send

        def carrier_send(adapter: Any, request: Any, *rest: Any, **options: Any) -> Any:
            carrier = self._carriers.get(urlsplit(request.url).netloc)
            if carrier is None:
                return to_carrier(adapter, request, *rest, **options)
            return self._pass(
                _carrier_call(carrier, request), lambda: to_carrier(adapter, request, *rest, **options)
            )

        def aws_send(session: Any, request: Any) -> Any:
            if self._active and b"AmazonSQS.SendMessage" == _header(request, "X-Amz-Target"):
                message = json.loads(request.body)
                self.wakeups.append((json.loads(message["MessageBody"])["operation_id"], message["DelaySeconds"]))
            return self._pass(_aws_call(request), lambda: to_aws(session, request))

        monkeypatch.setattr(HTTPAdapter, "send", carrier_send)
        monkeypatch.setattr(URLLib3Session, "send", aws_send)

    def forget(self) -> None:
        """Begins a new run: nothing seen, nothing to interfere with, counting from 1."""
        self._counts.clear()
        self.seen, self.at, self.wakeups = [], {}, []

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
        self._counts[name] += 1
        point = f"{name} #{self._counts[name]}"
        self.seen.append(point)
        interference = self.at.pop(point, None) or self.at.get(f"{name} *")
        return interference(send) if interference else send()


def killed(when: str) -> Interference:
    """The process dies `before` the request goes out, or `after` it took effect and before anybody knows."""

    def die(send: Send) -> Any:
        if when == "after":
            answer = send()
            if hasattr(answer, "close"):
                answer.close()
        raise Killed

    return die


def _carrier_call(carrier: str, request: Any) -> str:
    path = re.sub(r"/\d{19}\b", "/{id}", urlsplit(request.url).path.removeprefix("/v2"))
    return f"{carrier} {request.method} {path}"


def _aws_call(request: Any) -> str:
    prefix, _, operation = _header(request, "X-Amz-Target").decode().partition(".")
    service = _SERVICES[prefix]
    table = json.loads(request.body).get("TableName", "") if service == "dynamodb" else ""
    return " ".join(filter(None, (service, operation, table.rpartition("-")[2])))


def _header(request: Any, name: str) -> bytes:
    value = request.headers[name]
    return value if isinstance(value, bytes) else str(value).encode()
