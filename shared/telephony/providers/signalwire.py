"""SignalWire: the check of a project's token. developer.signalwire.com/apis. JSON in and out; each space has a host."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from pydantic import SecretStr

from telephony.clock import Deadline
from telephony.errors import InvalidProviderCredentials, ProviderRejected, TelephonyError
from telephony.observability import redact
from telephony.providers.reasons import FIXES
from telephony.providers.transport import Answer, Call, Repeat, Transport

PHONE_NUMBERS = "/api/relay/rest/phone_numbers"


class SignalWire:
    """Bound to one space, its project's token and one deadline."""

    def __init__(
        self, transport: Transport, base_url: str, project_id: str, token: SecretStr, deadline: Deadline
    ) -> None:
        self._transport = transport
        self._base_url = base_url
        self._project_id = project_id
        self._token = token
        self._deadline = deadline

    def check(self) -> None:
        """Tests space, project, token and its scope Numbers. Raises `InvalidProviderCredentials`."""
        self._send("check credentials", "GET", PHONE_NUMBERS, lambda body: body["data"], params={"page_size": "1"})

    def _send[T](
        self,
        operation: str,
        method: str,
        path: str,
        read: Callable[[dict[str, Any]], T],
        json: Any = None,
        *,
        params: Mapping[str, str] | None = None,
        repeat: Repeat = Repeat.SAFE,
    ) -> T:
        return self._transport.send(
            Call(operation, method, self._base_url + path, repeat, params, json),
            deadline=self._deadline,
            read=read,
            refused=_refused,
            auth=(self._project_id, self._token.get_secret_value()),
        )


def _refused(call: Call, answer: Answer) -> TelephonyError:
    """Status first, code second."""
    code, sentence = _error(answer.body)
    named: dict[str, Any] = {
        "provider": "signalwire",
        "operation": call.operation,
        "status": answer.status,
        "provider_code": code,
    }
    if answer.status in (401, 403):
        return InvalidProviderCredentials(
            f"SignalWire refused the credentials{': ' + sentence if sentence else ''}",
            fix="Check space, project id and token, and that the token has the scope Numbers.",
            **named,
        )
    return ProviderRejected(
        f"SignalWire refused to {call.operation}" + (f": {sentence}" if sentence else f" (HTTP {answer.status})"),
        fix=FIXES["provider_error"],
        **named,
    )


def _error(body: Any) -> tuple[str | None, str]:
    """Code and sentence of `{"error": "…"}` or of `{"errors": [{"code", "message" | "title", "detail"}]}`."""
    if not isinstance(body, dict):
        return None, ""
    if isinstance(body.get("error"), str):
        return None, redact(body["error"])[:300]
    errors = body.get("errors")
    if not isinstance(errors, list) or not errors or not isinstance(errors[0], dict):
        return None, ""
    first = errors[0]
    sentence = first.get("message") or first.get("detail") or first.get("title") or ""
    return str(first["code"]) if first.get("code") else None, redact(str(sentence))[:300]
