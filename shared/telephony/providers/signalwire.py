"""SignalWire: numbers of a project, by its native REST API. developer.signalwire.com/rest. JSON in and out.

Each customer has a space, a host of its own. An order takes a number and nothing else, so that its handlers need a
second call, and SignalWire tells no price. A number can be given back 14 days after its purchase, 30 in a trial. Errors
come in three shapes; they are told apart by HTTP status first, by code second.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from pydantic import SecretStr

from telephony import clock, e164
from telephony.clock import Deadline
from telephony.errors import (
    InvalidProviderCredentials,
    InvalidRequest,
    NotYetReleasable,
    ProviderError,
    ProviderRejected,
    TelephonyError,
    UnknownHost,
)
from telephony.observability import redact
from telephony.providers.base import NumberSetup, Order, OwnedNumber, Wires
from telephony.providers.reasons import FIXES
from telephony.providers.transport import Answer, Call, Repeat, Transport
from telephony.values import AvailableNumber, Capabilities, Money, ProviderType, SearchCriteria

ORDER = "buy the number"
PHONE_NUMBERS = "/api/relay/rest/phone_numbers"

PAGE_SIZE = 250
"""A number takes more than a kilobyte, and the transport reads a megabyte."""

MAX_RESULTS = 100
"""The most that a search finds."""

DAY = 86400.0
RELEASE_BAN = 14 * DAY
"""Seconds from a purchase until the number can be given back; a trial's are not known here, and asked daily."""

COUNTRIES = ["CA", "US"]
"""SignalWire's API searches and sells North American numbers alone."""

PROVINCES = ("ON", "QC", "BC", "AB", "MB", "SK", "NS", "NB", "NL", "PE", "YT", "NT", "NU")
"""Of Canada, the largest first."""

_SEARCHED = {"local": "local", "toll_free": "toll-free"}

_REASONS = {
    "insufficient_balance": "insufficient_balance",
    "could_not_purchase": "number_unavailable",
    "not_e164": "number_unavailable",
    "invalid_number_format": "number_unavailable",
    "number_not_supported": "number_unavailable",
    "unsupported_region": "geographic_permission_missing",
    "account_limit_exceeded": "trial_limit",
    "not_allowed_on_subscription_plan": "account_restricted",
    "feature_not_available": "account_restricted",
}
"""What the codes of a refused order mean."""

_CALLBACKS = ("call_fallback_url", "call_status_callback_url", "message_fallback_url")
"""Whom else SignalWire calls about a number."""

TOO_RECENT = "purchased_too_recently"

_OF_ONE_NUMBER = ("read the number", "wire the number", "release the number")
"""What may meet 404 in the right space, too."""


class SignalWire:
    """A `NumberProvider`, bound to one space, its project's token and one deadline."""

    type = ProviderType.SIGNALWIRE
    settle_after = 30.0

    def __init__(
        self, transport: Transport, base_url: str, project_id: str, token: SecretStr, deadline: Deadline
    ) -> None:
        self._transport = transport
        self._base_url = base_url
        self._project_id = project_id
        self._token = token
        self._deadline = deadline

    def check(self) -> None:
        """Tests space, project, token and its scope Numbers."""
        self._send("check credentials", "GET", PHONE_NUMBERS, lambda body: body["data"], params={"page_size": "1"})

    # For sale

    def search(self, criteria: SearchCriteria) -> list[AvailableNumber]:
        kind = _SEARCHED.get(criteria.number_type)
        if kind is None or criteria.country_code not in COUNTRIES:
            return []
        _require_searchable(criteria)
        found: list[AvailableNumber] = []
        for region in _regions_to_ask(criteria):
            asked = {
                "number_type": kind,
                "areacode": criteria.area_code,
                "contains": criteria.contains,
                "region": region,
                "city": criteria.locality,
                "max_results": str(MAX_RESULTS),
            }
            found += [each for each in self._available(asked) if _fits(each, criteria)]
            if len(found) >= criteria.limit:
                break
        return found[: criteria.limit]

    def quote(self, phone_number: str) -> AvailableNumber | None:
        if e164.country_of(phone_number) not in e164.NORTH_AMERICA:
            return None
        digits = e164.national_digits(phone_number)
        for number_type in e164.possible_types(phone_number):
            asked = {"number_type": _SEARCHED[number_type], "areacode": digits[:3], "ends_with": digits[3:]}
            for each in self._available(asked):
                if each.phone_number == phone_number:
                    return each
        return None

    def monthly_price(self, phone_number: str) -> Money | None:
        del phone_number  # SignalWire tells none
        return None

    def countries(self) -> list[str] | None:
        return list(COUNTRIES)

    # Owned

    def owned(self, phone_number: str) -> OwnedNumber | None:
        order = self._listed(phone_number)
        return order.number if order else None

    def all_owned(self) -> Iterator[OwnedNumber]:
        return (each.number for each in self._orders({"page_size": str(PAGE_SIZE)}) if each.number)

    def order(self, phone_number: str, setup: NumberSetup) -> Order:
        del setup  # taken by `configure`
        return self._send(ORDER, "POST", PHONE_NUMBERS, _order, {"number": phone_number}, repeat=Repeat.NEVER)

    def find_order(self, phone_number: str, reference: str, order_id: str | None) -> Order | None:
        del reference  # SignalWire keeps none
        if order_id is None:
            return self._listed(phone_number)
        try:
            return self._send("read the number", "GET", f"{PHONE_NUMBERS}/{order_id}", _order)
        except ProviderRejected as error:
            if error.status == 404:
                return None
            raise

    def configure(self, number: OwnedNumber, setup: NumberSetup) -> OwnedNumber:
        body: dict[str, str] = {}
        if setup.friendly_name and number.friendly_name is None:
            body["name"] = setup.friendly_name
        if _calls(setup) != _calls(number):
            body |= _handler("call", setup.voice_url)
        if number.capabilities.sms and _messages(setup) != _messages(number):
            body |= _handler("message", setup.sms_url)
        body |= {name: "" for name in number.callbacks if name not in setup.callbacks}
        if not body:
            return number
        return self._send("wire the number", "PUT", f"{PHONE_NUMBERS}/{number.id}", _owned, body)

    def release(self, number_id: str) -> None:
        path = f"{PHONE_NUMBERS}/{number_id}"
        try:
            self._send("release the number", "DELETE", path, dict)
        except ProviderRejected as error:
            if error.provider_code == TOO_RECENT:
                raise NotYetReleasable(error.message, self._ban(path)) from error
            if error.status != 404:
                raise
            self.check()  # a wrong space answers 404, too: then nothing was given back

    def _ban(self, path: str) -> float:
        """Seconds until it is worth asking again."""
        try:
            bought = self._send("read the number", "GET", path, lambda body: str(body["created_at"]))
            left = datetime.fromisoformat(bought).timestamp() + RELEASE_BAN - clock.now()
        except (ProviderError, ValueError):
            return DAY
        return left if left > 0 else DAY

    def _listed(self, phone_number: str) -> Order | None:
        """The filter finds substrings: what it finds is compared."""
        orders = self._orders({"filter_number": phone_number.lstrip("+"), "page_size": "50"})
        return next((each for each in orders if each.number and each.number.phone_number == phone_number), None)

    def _orders(self, params: Mapping[str, str]) -> Iterator[Order]:
        path: str | None = PHONE_NUMBERS
        given: Mapping[str, str] | None = params
        while path:
            orders, path = self._send("list numbers", "GET", path, _page, params=given)
            given = None  # the next page's address has it all, with its token
            yield from orders

    def _available(self, params: Mapping[str, str | None]) -> list[AvailableNumber]:
        asked = {name: value for name, value in params.items() if value is not None}
        return self._send("search numbers", "GET", f"{PHONE_NUMBERS}/search", _available_list, params=asked)

    # The wire

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
        try:
            return self._transport.send(
                Call(operation, method, self._base_url + path, repeat, params, json),
                deadline=self._deadline,
                read=read,
                refused=_refused,
                auth=(self._project_id, self._token.get_secret_value()),
            )
        except UnknownHost as error:
            raise _no_space(operation) from error


def _calls(number: Wires) -> tuple[str | None, ...]:
    return number.voice_url, number.voice_method, number.overridden_by


def _messages(number: Wires) -> tuple[str | None, ...]:
    return number.sms_url, number.sms_method, number.sms_overridden_by


def _handler(kind: str, url: str | None) -> dict[str, str]:
    """A URL for the calls or messages of a number. Without one the handler stays and has nobody to ask."""
    if not url:
        return {f"{kind}_request_url": ""}
    return {f"{kind}_handler": "laml_webhooks", f"{kind}_request_url": url, f"{kind}_request_method": "POST"}


def _require_searchable(criteria: SearchCriteria) -> None:
    """Raises `InvalidRequest` for what SignalWire can't be asked for: a search here would miss what isn't in its first
    results."""
    if criteria.area_code and len(criteria.area_code) != 3:
        raise _unsearchable("area_code", "must have three digits")
    if criteria.contains and not re.fullmatch(r"[0-9]{3,7}", criteria.contains):
        raise _unsearchable("contains", "must be three to seven digits")
    if criteria.region and not re.fullmatch(r"[A-Za-z]{2}", criteria.region):
        raise _unsearchable("region", "must be the two letters of a state or a province")
    if criteria.locality and not criteria.region:
        raise _unsearchable("locality", "needs a region")
    if criteria.region and criteria.number_type != "local":
        raise _unsearchable("region", "is known of local numbers only")


def _unsearchable(field: str, problem: str) -> InvalidRequest:
    return InvalidRequest.field(field, f"{problem}, at SignalWire", code="not_supported")


def _regions_to_ask(criteria: SearchCriteria) -> Sequence[str | None]:
    """SignalWire knows no countries and shows numbers of the United States first: Canada is asked for by province."""
    anywhere = not (criteria.area_code or criteria.region)
    if criteria.country_code == "CA" and criteria.number_type == "local" and anywhere:
        return PROVINCES
    return (criteria.region,)


def _fits(number: AvailableNumber, criteria: SearchCriteria) -> bool:
    digits = e164.national_digits(number.phone_number)
    return (
        number.country_code == criteria.country_code
        and digits.startswith(criteria.area_code or "")
        and e164.contains(digits, criteria.contains or "")
        and (criteria.locality is None or (number.locality or "").lower() == criteria.locality.lower())
        and (criteria.region is None or (number.region or "").lower() == criteria.region.lower())
    )


def _page(body: dict[str, Any]) -> tuple[list[Order], str | None]:
    following = (body.get("links") or {}).get("next") or None
    if following is not None:
        # Relative to the space, or with it; never to another place.
        start = following.find(f"{PHONE_NUMBERS}?")
        if start < 0:
            raise ValueError("the next page is at another place")
        following = following[start:]
    return [_order(record) for record in body["data"]], following


def _available_list(body: dict[str, Any]) -> list[AvailableNumber]:
    return [_available_number(record) for record in body["data"]]


def _available_number(record: Mapping[str, Any]) -> AvailableNumber:
    can = record.get("capabilities") or {}
    return AvailableNumber(
        phone_number=record["number"],
        friendly_name=record["number"],
        locality=record.get("city") or None,
        region=record.get("region") or None,
        country_code=e164.country_of(record["number"]),
        capabilities=_capabilities(name for name, able in can.items() if able is True),
        monthly=None,
        setup=None,
    )


def _capabilities(names: Any) -> Capabilities:
    able = {str(name).lower() for name in names}
    return Capabilities(**{name: name in able for name in ("voice", "sms", "mms", "fax")})


def _owned(record: Mapping[str, Any]) -> OwnedNumber:
    call_handler, message_handler = record.get("call_handler"), record.get("message_handler")
    return OwnedNumber(
        id=record["id"],
        phone_number=record["number"],
        status="active",
        capabilities=_capabilities(record.get("capabilities") or ()),
        friendly_name=record.get("name") or None,
        voice_url=record.get("call_request_url") or None,
        sms_url=record.get("message_request_url") or None,
        country_code=record.get("country_code") or None,
        voice_method=_other_method(record, "call"),
        sms_method=_other_method(record, "message"),
        overridden_by=None if call_handler in (None, "laml_webhooks") else str(call_handler),
        sms_overridden_by=None if message_handler in (None, "laml_webhooks") else str(message_handler),
        callbacks={name: record[name] for name in _CALLBACKS if record.get(name)},
    )


def _other_method(record: Mapping[str, Any], kind: str) -> str | None:
    """How the URL of calls or messages is asked, if there is one and it isn't by POST."""
    method = record.get(f"{kind}_request_method")
    return str(method) if record.get(f"{kind}_request_url") and method not in (None, "POST") else None


def _order(record: Mapping[str, Any]) -> Order:
    return Order.of(_owned(record), ProviderType.SIGNALWIRE, record.get("created_at"))


def _refused(call: Call, answer: Answer) -> TelephonyError:
    provider_code, sentence = _error(answer.body)
    named: dict[str, Any] = {
        "provider": ProviderType.SIGNALWIRE.value,
        "operation": call.operation,
        "status": answer.status,
        "provider_code": provider_code,
    }
    if answer.status in (401, 403):
        return InvalidProviderCredentials(
            f"SignalWire refused the credentials{': ' + sentence if sentence else ''}",
            fix="Check space, project id and token, and that the token has the scope Numbers.",
            **named,
        )
    if answer.status == 404 and call.operation not in _OF_ONE_NUMBER:
        return _no_space(call.operation, answer.status)
    code = "provider_error"
    if call.operation == ORDER:
        code = "insufficient_balance" if answer.status == 402 else _REASONS.get(provider_code or "", code)
    return ProviderRejected(
        f"SignalWire refused to {call.operation}" + (f": {sentence}" if sentence else f" (HTTP {answer.status})"),
        code=code,
        fix=FIXES[code],
        **named,
    )


def _no_space(operation: str, status: int | None = None) -> InvalidProviderCredentials:
    return InvalidProviderCredentials(
        "There is no such SignalWire space",
        provider=ProviderType.SIGNALWIRE.value,
        operation=operation,
        status=status,
        fix="Check the space in base_url: https://{space}.signalwire.com.",
    )


def _error(body: Any) -> tuple[str | None, str]:
    """Code and sentence of `{"error"}`, `{"errors": [{"code", "detail" or "message"}]}` or `{"code", "message"}`."""
    if not isinstance(body, dict):
        return None, ""
    if isinstance(body.get("error"), str):
        return None, redact(body["error"])[:300]
    errors = body.get("errors")
    first = errors[0] if isinstance(errors, list) and errors else body
    if not isinstance(first, dict):
        return None, ""
    sentence = first.get("detail") or first.get("message") or first.get("title") or ""
    return str(first["code"]) if first.get("code") else None, redact(str(sentence))[:300]
