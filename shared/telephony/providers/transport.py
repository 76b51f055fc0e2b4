"""HTTP to a provider: when to wait, when to repeat, when to give up, and what an answer may look like.

Whether a call may be repeated is the caller's to say (`Repeat`), since only it knows what the call does. The small
pure functions at the end take the decisions.
"""

from __future__ import annotations

import copy
import json
import random
import socket
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import Enum
from typing import Any, cast

import requests
from urllib3.exceptions import NewConnectionError

from telephony.clock import Deadline
from telephony.errors import (
    OutcomeUnknown,
    OutOfTime,
    ProviderRateLimited,
    ProviderUnavailable,
    TelephonyError,
    UnknownHost,
)
from telephony.observability import logger
from telephony.providers import connections
from telephony.values import ProviderType

CONNECT_SECONDS = 3
READ_SECONDS = 10
"""For the whole of an answer."""
MARGIN_SECONDS = 5
"""Kept back from the function's time to write the journal and answer: as long as a silent database takes to fail."""
MAX_ATTEMPTS = 3
MAX_WAIT_SECONDS = 5
"""Longer than this is not waited for in process: the queue takes over."""
MAX_ANSWER_BYTES = 1024 * 1024

SECRET_FIELDS = frozenset({"apiKey", "publicKey", "authToken"})
"""Of bodies: Ultravox is given other carriers' keys."""

SHORTEST_SECRET = 6
"""Characters: to blot out less would blot out words."""


class Repeat(Enum):
    """What a second sending of the same call would do."""

    SAFE = "safe"
    """The same as one: GET, DELETE, PATCH or PUT of the same values."""
    NEVER = "never"
    """It could act twice: repeated only when the first was certainly not processed."""


@dataclass(frozen=True, slots=True)
class Answer:
    """A carrier's answer. `body` is its JSON, or None when it is empty or not JSON."""

    status: int
    body: Any
    headers: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Call:
    """One request to a carrier. `operation` names it in errors and logs; `auth` and `headers` hold the credentials."""

    operation: str
    method: str
    url: str
    repeat: Repeat = Repeat.SAFE
    params: Mapping[str, str] | None = None
    json: Any = None
    form: Mapping[str, str] | None = None


Turn = Callable[[float], float]
"""Given the seconds there are, tells those until the next request may go out.

Raises `ProviderRateLimited` if that is too long.
"""


class Transport:
    """One per provider and process: it holds the connections, and no credentials."""

    def __init__(self, provider: ProviderType) -> None:
        self.provider = provider
        self._session = connections.session()
        self._turn: Turn | None = None

    def paced(self, turn: Turn) -> Transport:
        """This transport, the same connections, with each request waiting for its turn."""
        made = copy.copy(self)
        made._turn = turn
        return made

    def send[T](
        self,
        call: Call,
        *,
        deadline: Deadline,
        read: Callable[[dict[str, Any]], T],
        refused: Callable[[Call, Answer], TelephonyError],
        headers: Mapping[str, str] | None = None,
        auth: tuple[str, str] | None = None,
    ) -> T:
        """What `read` finds in the body of a success ({} for 204); a body it can't read counts as no answer.

        Raises what `refused` makes of a 4xx; `ProviderRateLimited`; `ProviderUnavailable`; `OutcomeUnknown` for a call
        that must not be repeated and may have acted; `OutOfTime` before sending with too little time left.
        """
        attempt = 0
        while True:
            attempt += 1
            if self._turn is not None:
                time.sleep(self._turn(deadline.remaining() - MARGIN_SECONDS))
            try:
                answer = self._exchange(call, deadline, headers, auth)
                if answer.status >= 400:
                    answer = without(credentials_of(call, headers, auth), answer)
                return self._judge(call, answer, read, refused)
            except (ProviderRateLimited, ProviderUnavailable) as failure:
                wait = seconds_before_repeat(failure, attempt, deadline.remaining() - MARGIN_SECONDS)
                if wait is None:
                    raise
            time.sleep(wait)

    def _exchange(
        self, call: Call, deadline: Deadline, headers: Mapping[str, str] | None, auth: tuple[str, str] | None
    ) -> Answer:
        left = deadline.remaining() - MARGIN_SECONDS
        if left < 1:
            raise OutOfTime(f"No time left to call {self.provider.title()}")
        try:
            with self._session.request(
                call.method,
                call.url,
                params=call.params,
                json=call.json,
                data=call.form,
                headers={"Accept": "application/json", **(headers or {})},
                auth=auth,
                timeout=(min(CONNECT_SECONDS, left / 4), min(READ_SECONDS, left * 3 / 4)),
                allow_redirects=False,
                stream=True,
            ) as response:
                return _read(response)
        except requests.RequestException as error:
            # Its text holds the URL and the host, which are not the caller's business: the chain is cut.
            raise self._no_answer(call, error) from None

    def _no_answer(self, call: Call, error: requests.RequestException) -> TelephonyError:
        named: dict[str, Any] = {"provider": str(self.provider), "operation": call.operation}
        if unknown_host(error):
            return UnknownHost(f"{self.provider.title()} has no such host", **named)
        if call.repeat is Repeat.SAFE or never_sent(error):
            return ProviderUnavailable(f"{self.provider.title()} did not answer", **named)
        return OutcomeUnknown(f"{self.provider.title()} did not answer; the outcome is being looked up", **named)

    def _judge[T](
        self,
        call: Call,
        answer: Answer,
        read: Callable[[dict[str, Any]], T],
        refused: Callable[[Call, Answer], TelephonyError],
    ) -> T:
        named: dict[str, Any] = {"provider": str(self.provider), "operation": call.operation, "status": answer.status}
        if answer.status == 429:
            raise ProviderRateLimited(
                f"{self.provider.title()} limits the rate of requests",
                retry_after=retry_after(answer.headers),
                **named,
            )
        if 400 <= answer.status < 500 and answer.status != 408:  # which says that the carrier gave up waiting
            raise refused(call, answer)
        body = {} if answer.status == 204 else answer.body
        if 200 <= answer.status < 300 and isinstance(body, dict):
            try:
                return read(body)
            except (KeyError, TypeError, ValueError, AttributeError):
                logger.warning("unreadable answer", extra=named)
        if call.repeat is Repeat.SAFE:
            raise ProviderUnavailable(f"{self.provider.title()} did not give a proper answer", **named)
        raise OutcomeUnknown(
            f"{self.provider.title()} did not give a proper answer; the outcome is being looked up", **named
        )


def _read(response: requests.Response) -> Answer:
    content = b""
    for chunk in response.iter_content(64 * 1024):
        content += chunk
        if len(content) > MAX_ANSWER_BYTES:
            raise requests.exceptions.ContentDecodingError("answer too large")
    try:
        body = json.loads(content) if content else None
    except (ValueError, RecursionError):
        body = None
    return Answer(response.status_code, body, cast(Mapping[str, str], response.headers))


def credentials_of(call: Call, headers: Mapping[str, str] | None, auth: tuple[str, str] | None) -> list[str]:
    """The secrets that went out with a call, whatever their shape; the longest first, which may hold a shorter one."""
    in_headers = [value.rpartition(" ")[2] for value in (headers or {}).values()]
    sent = [*(auth or ()), *in_headers, *_secrets_in(call.json)]
    return sorted((secret for secret in sent if len(secret) >= SHORTEST_SECRET), key=len, reverse=True)


def _secrets_in(body: Any) -> list[str]:
    if not isinstance(body, Mapping):
        return []
    nested = [secret for value in body.values() for secret in _secrets_in(value)]
    return [value for name, value in body.items() if name in SECRET_FIELDS and isinstance(value, str)] + nested


def without(secrets: Sequence[str], answer: Answer) -> Answer:
    """The answer with what it repeats of `secrets` blotted out: its sentences go on to people and into the journal."""
    try:
        return replace(answer, body=_blotted(answer.body, secrets))
    except RecursionError:
        return replace(answer, body=None)  # no sentence lies that deep


def _blotted(value: Any, secrets: Sequence[str]) -> Any:
    if isinstance(value, str):
        for secret in secrets:
            value = value.replace(secret, "[redacted]")
    elif isinstance(value, list):
        return [_blotted(each, secrets) for each in value]
    elif isinstance(value, dict):
        return {_blotted(name, secrets): _blotted(each, secrets) for name, each in value.items()}
    return value


def typed[T](record: Mapping[str, Any], name: str, kind: type[T]) -> T | None:
    """What a record has under that name, or None. Raises `TypeError` for another kind: for use in `read`."""
    value = record.get(name)
    if value is not None and not isinstance(value, kind):
        raise TypeError(f"{name} is a {type(value).__name__}")
    return value


def texts(record: Mapping[str, Any], name: str) -> tuple[str, ...]:
    """A list of texts, or nothing. Raises `TypeError` as `typed` does."""
    found = typed(record, name, list) or []
    if not all(isinstance(each, str) for each in found):
        raise TypeError(f"{name} holds something else than texts")
    return tuple(found)


def never_sent(error: requests.RequestException) -> bool:
    """Whether the connection was refused or timed out before a byte of the request went out."""
    if isinstance(error, requests.ConnectTimeout):
        return True
    reason = getattr(error.args[0], "reason", None) if error.args else None
    return isinstance(reason, NewConnectionError)


def unknown_host(error: requests.RequestException) -> bool:
    """Whether the host's name does not exist; a name server that doesn't answer is another matter."""
    reason = getattr(error.args[0], "reason", None) if error.args else None
    cause = getattr(reason, "__cause__", None)
    return isinstance(cause, socket.gaierror) and cause.errno == socket.EAI_NONAME


def seconds_before_repeat(failure: TelephonyError, attempt: int, seconds_left: float) -> float | None:
    """How long to wait before sending the same call again; None: don't.

    A 429 was not processed, and `ProviderUnavailable` is only made for what may be repeated: both may go again. An
    unknown outcome may not.
    """
    if attempt >= MAX_ATTEMPTS or not isinstance(failure, ProviderRateLimited | ProviderUnavailable):
        return None
    asked = failure.retry_after if isinstance(failure, ProviderRateLimited) else None
    wait = backoff(attempt, base=0.3, cap=2.0) if asked is None else asked
    return wait if wait <= MAX_WAIT_SECONDS and wait + 1 < seconds_left else None


def backoff(attempt: int, *, base: float, cap: float) -> float:
    """Full jitter: seconds drawn evenly below a bound that doubles with each attempt."""
    return random.uniform(0, min(cap, base * 2.0**attempt))


def retry_after(headers: Mapping[str, str]) -> float | None:
    """Seconds that a 429 asks to wait: `Retry-After`, else Telnyx's `x-ratelimit-reset`, else None."""
    for name in ("retry-after", "x-ratelimit-reset"):
        value = headers.get(name, "")
        if value.replace(".", "", 1).isdecimal():
            return float(value)
    return None
