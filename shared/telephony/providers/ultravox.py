"""Ultravox: the account's Telnyx credentials, and the check of its API key. docs.ultravox.ai/api-reference."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Literal
from urllib.parse import quote

from pydantic import SecretStr

from telephony.clock import Deadline
from telephony.errors import InvalidProviderCredentials, ProviderRejected, TelephonyError
from telephony.observability import redact
from telephony.providers.transport import Answer, Call, Repeat, Transport, typed


@dataclass(frozen=True, slots=True)
class TelnyxImport:
    """What Ultravox is told of a Telnyx account. `account_sid` may be unknown: it is not to be had from Telnyx.

    `existing` is what Ultravox shows now, if it has just been read: what isn't ours in it is left alone.
    """

    api_key: SecretStr
    public_key: str
    application_id: str
    account_sid: str | None = None
    existing: Mapping[str, Any] | None = None

    def body(self) -> dict[str, Any]:
        """Whole, since Ultravox does not merge the object; every agent may be called (its default refuses all)."""
        body: dict[str, Any] = {
            "apiKey": self.api_key.get_secret_value(),
            "publicKey": self.public_key,
            "applicationSid": self.application_id,
            "callCreationAllowAllAgents": True,
        }
        if self.account_sid:
            body["accountSid"] = self.account_sid
        if self.existing and self.existing.get("requestContextMapping"):
            body["requestContextMapping"] = self.existing["requestContextMapping"]
        if self.existing and self.existing.get("callCreationAllowedAgentIds"):
            body["callCreationAllowedAgentIds"] = []  # not allowed together with all agents
        return body


class Ultravox:
    """Bound to one API key and one deadline. `api` chooses the endpoint family for the Telnyx credentials:
    `account` is the documented (deprecated) one, `provider` its successor."""

    def __init__(
        self,
        transport: Transport,
        base_url: str,
        api_key: SecretStr,
        deadline: Deadline,
        api: Literal["account", "provider"] = "account",
    ) -> None:
        self._transport = transport
        self._base_url = base_url
        self._api_key = api_key
        self._deadline = deadline
        self._api = api

    def check(self) -> None:
        """Raises `InvalidProviderCredentials` when the key is refused."""
        self._send("check credentials", "GET", "/api/accounts/me")

    def telnyx_configuration(self) -> dict[str, Any] | None:
        """What Ultravox has of Telnyx: `accountSid`, `applicationSid`, `apiKeyPrefix`, …; None: nothing."""
        if self._api == "account":
            url = f"{self._base_url}/api/accounts/me/telephony_config"
            return self._ask(Call("read telephony configuration", "GET", url), _telnyx_of)
        try:
            url = f"{self._base_url}/api/telephony_configs/telnyx"
            return self._ask(Call("read telephony configuration", "GET", url), _imported)
        except ProviderRejected as error:
            if error.status == 404:
                return None
            raise

    def import_telnyx(self, telnyx: TelnyxImport, *, first: bool = False) -> None:
        """Sets the account's Telnyx credentials; the same call again changes nothing.

        What isn't ours is looked up and kept, unless `telnyx` has it; of a `first` import there is nothing to keep.
        With `provider` the first one is a POST, which Ultravox refuses once there is a configuration: not to be
        repeated before looking. Raises `OutcomeUnknown` when in doubt.
        """
        if telnyx.existing is None and (self._api == "provider" or not first):
            telnyx = replace(telnyx, existing=self.telnyx_configuration())
        if self._api == "account":
            self._send("import Telnyx", "PATCH", "/api/accounts/me/telephony_config", {"telnyx": telnyx.body()})
            return
        method, repeat = ("POST", Repeat.NEVER) if telnyx.existing is None else ("PATCH", Repeat.SAFE)
        self._send("import Telnyx", method, "/api/telephony_configs/telnyx", telnyx.body(), repeat)

    def clear_telnyx(self) -> None:
        """Removes the account's Telnyx credentials; nothing there is fine."""
        if self._api == "account":
            self._send("clear Telnyx", "PATCH", "/api/accounts/me/telephony_config", {"telnyx": None})
            return
        try:
            self._send("clear Telnyx", "DELETE", "/api/telephony_configs/telnyx")
        except ProviderRejected as error:
            if error.status != 404:
                raise

    def take_call(self, agent_id: str, metadata: Mapping[str, str]) -> str:
        """Has an agent take a call that a carrier streams: the address to stream it to.

        Not to be repeated: each is another call. Raises `ProviderRejected` (402: out of credit), `ProviderRateLimited`
        (too many calls at once, perhaps), `OutcomeUnknown`, ….
        """
        url = f"{self._base_url}/api/agents/{quote(agent_id, safe='')}/calls"
        body = {"medium": {"twilio": {}}, "metadata": dict(metadata)}
        return self._ask(Call("start the call", "POST", url, Repeat.NEVER, json=body), _join_url)

    def _send(
        self, operation: str, method: str, path: str, json: Any = None, repeat: Repeat = Repeat.SAFE
    ) -> dict[str, Any]:
        return self._ask(Call(operation, method, self._base_url + path, repeat, json=json), dict[str, Any])

    def _ask[T](self, call: Call, read: Callable[[dict[str, Any]], T]) -> T:
        return self._transport.send(
            call,
            deadline=self._deadline,
            read=read,
            refused=_refused,
            headers={"X-API-Key": self._api_key.get_secret_value()},
        )


def _telnyx_of(account: dict[str, Any]) -> dict[str, Any] | None:
    imported = typed(account, "telnyx", dict)
    return None if imported is None else _imported(imported)


def _imported(telnyx: dict[str, Any]) -> dict[str, Any]:
    for name in ("accountSid", "applicationSid"):
        typed(telnyx, name, str)
    for name in ("apiKeyPrefix", "publicKeyPrefix"):
        typed(typed(telnyx, name, dict) or {}, "prefix", str)
    typed(telnyx, "callCreationAllowAllAgents", bool)
    return telnyx


def _join_url(call: dict[str, Any]) -> str:
    url = call["joinUrl"]
    if not (isinstance(url, str) and url.startswith("wss://")):
        raise ValueError("no address to stream to")
    return url


def _refused(call: Call, answer: Answer) -> TelephonyError:
    sentence = _sentence(answer.body)
    if answer.status in (401, 403):
        return InvalidProviderCredentials(
            f"Ultravox refused the API key{': ' + sentence if sentence else ''}",
            provider="ultravox",
            operation=call.operation,
            status=answer.status,
            fix="Check the Ultravox API key and store it again.",
        )
    return ProviderRejected(
        f"Ultravox refused to {call.operation}" + (f": {sentence}" if sentence else f" (HTTP {answer.status})"),
        provider="ultravox",
        operation=call.operation,
        status=answer.status,
        code="insufficient_balance" if answer.status == 402 else None,
        fix="Store telnyx_account_sid with the Telnyx credentials." if "accountSid" in sentence else None,
    )


def _sentence(body: Any) -> str:
    """Ultravox documents no error body; Django REST's is expected: `detail`, else the first text with its field."""
    if isinstance(body, dict):
        if isinstance(body.get("detail"), str):
            return redact(body["detail"])[:300]
        for field, value in body.items():
            if inner := _sentence(value):
                return f"{field}: {inner}"
    if isinstance(body, list) and body:
        return _sentence(body[0])
    return redact(body)[:300] if isinstance(body, str) else ""
