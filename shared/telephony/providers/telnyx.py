"""Telnyx: call control applications and outbound voice profiles. developers.telnyx.com/api.

Ids are 19-digit numeric strings, larger than 2^53: never numbers. Errors are told apart by HTTP status first, by code
second: Telnyx uses the same code for different things in different products.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from pydantic import SecretStr

from telephony.clock import Deadline
from telephony.errors import InvalidProviderCredentials, ProviderRejected, TelephonyError
from telephony.observability import redact
from telephony.providers.reasons import FIXES
from telephony.providers.transport import Answer, Call, Repeat, Transport, texts, typed

ORDER = "order the number"

_STATUSES = {
    402: "insufficient_balance",
    403: "account_restricted",
    404: "number_unavailable",
    409: "number_unavailable",
}
"""What the HTTP status of a refused order means, whatever its text says."""

_CODES = {
    "10012": "number_unavailable",
    "insufficient_funds": "insufficient_balance",
    "phone_number_not_found": "number_unavailable",
}
"""What the codes of a refused order mean, where the HTTP status leaves it open."""

_SENTENCES = (
    (
        re.compile(r"(?:insufficient|not enough) (?:\w+ )?credit|\bfunds\b|\bbalance\b", re.IGNORECASE),
        "insufficient_balance",
    ),
    (
        re.compile(r"not (?:or no longer )?available|no longer available|returned by a search", re.IGNORECASE),
        "number_unavailable",
    ),
    (re.compile(r"requirement", re.IGNORECASE), "regulatory_requirements_missing"),
)

PAGE_SIZE = 250
"""The most that Telnyx lists at once."""


@dataclass(frozen=True, slots=True)
class Application:
    """A call control application. `settings` is the whole record as Telnyx keeps it."""

    id: str
    name: str
    webhook_url: str
    outbound_profile_id: str | None
    settings: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class OutboundProfile:
    """An outbound voice profile. `settings` is the whole record as Telnyx keeps it."""

    id: str
    name: str
    tags: tuple[str, ...]
    settings: Mapping[str, Any]


class Telnyx:
    """Bound to one API key and one deadline; the connections are the transport's."""

    def __init__(self, transport: Transport, base_url: str, api_key: SecretStr, deadline: Deadline) -> None:
        self._transport = transport
        self._base_url = base_url
        self._api_key = api_key
        self._deadline = deadline

    def check(self) -> None:
        """Tests exactly the permission that provisioning needs. Raises `InvalidProviderCredentials`."""
        self._body("check credentials", "GET", "/call_control_applications", dict, params={"page[size]": "1"})

    # Call control applications

    def applications(self) -> Iterator[Application]:
        """All of the account's, page by page: Telnyx can't filter by webhook URL, and a name may have been changed."""
        return self._all("list applications", "/call_control_applications", _application)

    def application(self, application_id: str) -> Application | None:
        return self._find("read application", f"/call_control_applications/{application_id}", _application)

    def create_application(self, settings: Mapping[str, Any]) -> Application:
        """Not to be repeated: Telnyx has no idempotency key here. Raises `OutcomeUnknown` when in doubt."""
        path = "/call_control_applications"
        return self.send("create application", "POST", path, _application, settings, repeat=Repeat.NEVER)

    def update_application(self, application_id: str, settings: Mapping[str, Any]) -> Application:
        """PATCH. Telnyx requires `application_name` and `webhook_event_url` each time; send nested objects whole."""
        path = f"/call_control_applications/{application_id}"
        return self.send("update application", "PATCH", path, _application, settings)

    def delete_application(self, application_id: str) -> bool:
        """False: it was gone already."""
        return self._delete("delete application", f"/call_control_applications/{application_id}")

    def numbers_on(self, application_id: str) -> list[str]:
        """The E.164 numbers that are connected to an application."""
        params = {"filter[connection_id]": application_id}
        return list(self._all("list numbers", "/phone_numbers", lambda number: str(number["phone_number"]), params))

    # Outbound voice profiles

    def outbound_profiles(self, beginning: str) -> Iterator[OutboundProfile]:
        """Those whose name begins so; Telnyx's own filter finds substrings of three characters and more."""
        params = {"filter[name][contains]": beginning}
        listed = self._all("list outbound profiles", "/outbound_voice_profiles", _profile, params)
        return (profile for profile in listed if profile.name.startswith(beginning))

    def outbound_profile(self, profile_id: str) -> OutboundProfile | None:
        return self._find("read outbound profile", f"/outbound_voice_profiles/{profile_id}", _profile)

    def create_outbound_profile(self, settings: Mapping[str, Any]) -> OutboundProfile:
        """Not to be repeated, as `create_application`."""
        path = "/outbound_voice_profiles"
        return self.send("create outbound profile", "POST", path, _profile, settings, repeat=Repeat.NEVER)

    def update_outbound_profile(self, profile_id: str, settings: Mapping[str, Any]) -> OutboundProfile:
        """PATCH. Telnyx requires `name` each time."""
        path = f"/outbound_voice_profiles/{profile_id}"
        return self.send("update outbound profile", "PATCH", path, _profile, settings)

    def delete_outbound_profile(self, profile_id: str) -> bool:
        """False: it was gone already."""
        return self._delete("delete outbound profile", f"/outbound_voice_profiles/{profile_id}")

    # The wire

    def send[T](
        self,
        operation: str,
        method: str,
        path: str,
        read: Callable[[Any], T],
        json: Any = None,
        *,
        params: Mapping[str, str] | None = None,
        repeat: Repeat = Repeat.SAFE,
    ) -> T:
        """What `read` makes of the answer's `data`."""
        return self._body(operation, method, path, lambda body: read(body["data"]), json, params=params, repeat=repeat)

    def _body[T](
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
            headers={"Authorization": f"Bearer {self._api_key.get_secret_value()}"},
        )

    def _all[T](
        self, operation: str, path: str, read: Callable[[Any], T], params: Mapping[str, str] | None = None
    ) -> Iterator[T]:
        def page_of(body: dict[str, Any]) -> tuple[list[T], int]:
            return [read(record) for record in body["data"]], int(body.get("meta", {}).get("total_pages", 1))

        number, pages = 0, 1
        while number < pages:
            number += 1
            asked = {**(params or {}), "page[size]": str(PAGE_SIZE), "page[number]": str(number)}
            records, pages = self._body(operation, "GET", path, page_of, params=asked)
            yield from records

    def _find[T](self, operation: str, path: str, read: Callable[[Any], T]) -> T | None:
        try:
            return self.send(operation, "GET", path, read)
        except ProviderRejected as error:
            if error.status == 404:
                return None
            raise

    def _delete(self, operation: str, path: str) -> bool:
        try:
            self._body(operation, "DELETE", path, dict)
        except ProviderRejected as error:
            if error.status == 404:
                return False
            raise
        return True


def _application(record: Mapping[str, Any]) -> Application:
    typed(record, "inbound", dict)
    return Application(
        id=str(record["id"]),
        name=typed(record, "application_name", str) or "",
        webhook_url=typed(record, "webhook_event_url", str) or "",
        outbound_profile_id=typed(typed(record, "outbound", dict) or {}, "outbound_voice_profile_id", str) or None,
        settings=record,
    )


def _profile(record: Mapping[str, Any]) -> OutboundProfile:
    texts(record, "whitelisted_destinations")
    return OutboundProfile(
        id=str(record["id"]),
        name=typed(record, "name", str) or "",
        tags=texts(record, "tags"),
        settings=record,
    )


def _refused(call: Call, answer: Answer) -> TelephonyError:
    """Status first, code second, text last; what an order is refused for is told apart more finely."""
    provider_code, sentence, pointer = _first_error(answer.body)
    ordering = call.operation == ORDER
    if answer.status == 401 or (answer.status == 403 and not ordering):
        return InvalidProviderCredentials(
            f"Telnyx refused the API key{': ' + sentence if sentence else ''}",
            provider="telnyx",
            operation=call.operation,
            status=answer.status,
            provider_code=provider_code,
            fix=FIXES["invalid_provider_credentials"],
        )
    code = "insufficient_balance" if answer.status == 402 else "provider_error"
    if ordering:
        code = _why_no_order(answer.status, provider_code, pointer, sentence)
    return ProviderRejected(
        f"Telnyx refused to {call.operation}" + (f": {sentence}" if sentence else f" (HTTP {answer.status})"),
        provider="telnyx",
        operation=call.operation,
        status=answer.status,
        provider_code=provider_code,
        code=code,
        fix=FIXES[code],
    )


def _why_no_order(status: int, provider_code: str | None, pointer: str, sentence: str) -> str:
    known = _STATUSES.get(status) or _CODES.get(provider_code or "")
    if known:
        return known
    if "connection_id" in pointer:
        return "connection_invalid"
    return next((code for text, code in _SENTENCES if text.search(sentence)), "provider_error")


def _first_error(body: Any) -> tuple[str | None, str, str]:
    """Code, sentence and pointer of `{"errors": [{"code", "title", "detail", "source"}]}`; a 422 may have no body."""
    errors = body.get("errors") if isinstance(body, dict) else None
    if not isinstance(errors, list) or not errors or not isinstance(errors[0], dict):
        return None, "", ""
    first = errors[0]
    sentence = ": ".join(str(first[key]) for key in ("title", "detail") if first.get(key))
    source = first.get("source")
    pointer = str(source.get("pointer") or "") if isinstance(source, dict) else ""
    return redact(str(first["code"]))[:64] if first.get("code") else None, redact(sentence)[:300], pointer
