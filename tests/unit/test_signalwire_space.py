"""A SignalWire space that does not exist: its name doesn't resolve, which no other carrier's host does."""

from __future__ import annotations

import socket
from collections.abc import Callable
from typing import Any

import pytest
import requests
from pydantic import SecretStr
from telephony.clock import Deadline
from telephony.errors import InvalidProviderCredentials, ProviderUnavailable, UnknownHost
from telephony.providers import transport
from telephony.providers.signalwire import SignalWire
from telephony.providers.transport import Call, Repeat, Transport
from telephony.values import ProviderType
from urllib3.connectionpool import HTTPConnectionPool
from urllib3.exceptions import MaxRetryError, NameResolutionError

HOST = "nosuchspace.signalwire.com"
POOL = HTTPConnectionPool(HOST)


def unresolved(errno: int) -> Callable[..., Any]:
    """What requests raises for a name that the resolver refuses."""
    cause = socket.gaierror(errno, "resolver's words")
    reason = NameResolutionError(HOST, None, cause)  # type: ignore[arg-type]
    reason.__cause__ = cause

    def refuse(*_: Any, **__: Any) -> Any:
        raise requests.ConnectionError(MaxRetryError(POOL, "/", reason))

    return refuse


@pytest.fixture
def shared(monkeypatch: pytest.MonkeyPatch) -> Transport:
    monkeypatch.setattr(transport.time, "sleep", lambda _: None)
    return Transport(ProviderType.SIGNALWIRE)


def test_a_wrong_space_is_said_so(shared: Transport, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shared._session, "request", unresolved(socket.EAI_NONAME))
    client = SignalWire(shared, f"https://{HOST}", "project", SecretStr("PT" + "0" * 48), Deadline.after(28))

    with pytest.raises(InvalidProviderCredentials) as refused:
        client.check()

    assert "space" in refused.value.message
    assert "base_url" in (refused.value.fix or "")
    assert refused.value.retryable is False


@pytest.mark.parametrize("repeat", list(Repeat))
def test_a_name_server_that_does_not_answer_is_an_outage(
    shared: Transport, monkeypatch: pytest.MonkeyPatch, repeat: Repeat
) -> None:
    monkeypatch.setattr(shared._session, "request", unresolved(socket.EAI_AGAIN))

    with pytest.raises(ProviderUnavailable) as failed:
        shared.send(
            Call("list", "GET", f"https://{HOST}/", repeat),
            deadline=Deadline.after(28),
            read=dict,
            refused=lambda *_: ProviderUnavailable("no", provider="signalwire", operation="list"),
        )

    assert not isinstance(failed.value, UnknownHost)
