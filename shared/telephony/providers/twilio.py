"""Twilio: numbers and their prices. twilio.com/docs/phone-numbers, twilio.com/docs/usage/api, …/pricing.

Requests are forms with PascalCase names, answers are snake_case JSON, and a path without `.json` would answer XML. A
purchase is synchronous and carries no reference of ours: it is known again only by the number being in the account,
where it was not before. Errors are told apart by HTTP status first, by code second (Twilio asks clients not to rely on
codes too strictly, and some errors have none), by their text last.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from decimal import Decimal, InvalidOperation
from typing import Any

from pydantic import SecretStr

from telephony import e164
from telephony.clock import Deadline
from telephony.errors import InvalidProviderCredentials, ProviderError, ProviderRejected, TelephonyError
from telephony.observability import redact
from telephony.providers.base import NumberSetup, Order, OwnedNumber
from telephony.providers.reasons import FIXES
from telephony.providers.transport import Answer, Call, Repeat, Transport
from telephony.values import AvailableNumber, Capabilities, Money, ProviderType, SearchCriteria

ORDER = "buy the number"

MAX_PAGE_SIZE = 1000
"""The most that Twilio lists at once."""

PAGE_SIZE = 250
"""Of the account's own numbers: a number takes more than a kilobyte, and the transport reads a megabyte."""

FRIENDLY_NAME_LENGTH = 64

_SEARCHED = {"local": "Local", "toll_free": "TollFree", "mobile": "Mobile"}
"""Number types by what the path of a search calls them; Twilio has no others."""

_PRICED = {"local": "local", "toll_free": "toll free", "mobile": "mobile"}
"""Number types by what the Pricing API calls them: with a space."""

_CALLBACKS = {
    "voice_fallback_url": "VoiceFallbackUrl",
    "sms_fallback_url": "SmsFallbackUrl",
    "status_callback": "StatusCallback",
}
"""Whom else Twilio calls about a number: as it shows them, and as it is told."""

_ACCOUNT_INACTIVE = ("20005", "10001")

_REASONS = {
    "10002": "trial_limit",
    "21404": "trial_limit",
    "21421": "number_unavailable",
    "21422": "number_unavailable",
    "21452": "number_unavailable",
    "21613": "regulatory_requirements_missing",
    "21615": "regulatory_requirements_missing",
    "21631": "regulatory_requirements_missing",
    "21649": "regulatory_requirements_missing",
    "20404": "number_unavailable",
}
"""What the codes of a refused order mean, where the HTTP status leaves it open."""

_SENTENCES = (
    (re.compile(r"geo\w* permission", re.IGNORECASE), "geographic_permission_missing"),
    (re.compile(r"insufficient|not enough|funds|balance", re.IGNORECASE), "insufficient_balance"),
    (re.compile(r"not available|no longer available", re.IGNORECASE), "number_unavailable"),
    (re.compile(r"address|bundle|regulat|certification", re.IGNORECASE), "regulatory_requirements_missing"),
    (re.compile(r"trial", re.IGNORECASE), "trial_limit"),
)


class Twilio:
    """A `NumberProvider`, bound to one account, one pair of credentials and one deadline.

    `user` is the account's SID with the auth token for its secret, or the SID of an API key with that key's.
    """

    type = ProviderType.TWILIO
    settle_after = 30.0

    def __init__(
        self,
        transport: Transport,
        base_url: str,
        pricing_base_url: str,
        account_sid: str,
        user: str,
        secret: SecretStr,
        deadline: Deadline,
    ) -> None:
        self._transport = transport
        self._base_url = base_url
        self._pricing_base_url = pricing_base_url
        self._account = f"/2010-04-01/Accounts/{account_sid}"
        self._user = user
        self._secret = secret
        self._deadline = deadline
        self._prices: dict[str, dict[str, Money]] = {}

    def check(self) -> None:
        # The answer holds the auth token: only the status is taken out of it.
        status = self._get("check credentials", f"{self._account}.json", lambda body: str(body["status"]))
        if status != "active":
            raise InvalidProviderCredentials(
                f"The Twilio account is {status}",
                provider=self.type.value,
                operation="check credentials",
                fix="Reactivate the account at Twilio, or use another one.",
            )

    # For sale

    def search(self, criteria: SearchCriteria) -> list[AvailableNumber]:
        kind = _SEARCHED.get(criteria.number_type)
        if kind is None:
            return []
        north_american = criteria.country_code in e164.NORTH_AMERICA
        # Area codes are a North American notion at Twilio; elsewhere the numbers are looked through here.
        by_hand = criteria.area_code is not None and not north_american
        found = self._available(
            criteria.country_code,
            kind,
            {
                "AreaCode": criteria.area_code if north_american else None,
                "Contains": criteria.contains or (criteria.area_code if by_hand else None),
                "InLocality": criteria.locality,
                "InRegion": criteria.region,
                "PageSize": str(MAX_PAGE_SIZE if by_hand else criteria.limit),
            },
        )
        if by_hand:
            area_code = criteria.area_code or ""
            found = [each for each in found if e164.national_digits(each.phone_number).startswith(area_code)]
        return self._priced(found[: criteria.limit], criteria.country_code, criteria.number_type) if found else []

    def quote(self, phone_number: str) -> AvailableNumber | None:
        country = e164.country_of(phone_number)
        for number_type in e164.possible_types(phone_number):
            wanted = {"Contains": e164.national_digits(phone_number), "PageSize": "20"}
            listed = self._available(country, _SEARCHED[number_type], wanted)
            found = [each for each in listed if each.phone_number == phone_number]
            if found:
                return self._priced(found, country, number_type)[0]
        return None

    def monthly_price(self, phone_number: str) -> Money | None:
        priced = self._prices_in(e164.country_of(phone_number))
        types = (_PRICED[number_type] for number_type in e164.possible_types(phone_number))
        return next((priced[name] for name in types if name in priced), None)

    def countries(self) -> list[str] | None:
        listed = self._get(
            "list countries",
            "/v1/PhoneNumbers/Countries",
            lambda body: [str(each["iso_country"]) for each in body["countries"]],
            {"PageSize": str(MAX_PAGE_SIZE)},
            base_url=self._pricing_base_url,
        )
        return sorted(listed)

    # Owned

    def owned(self, phone_number: str) -> OwnedNumber | None:
        order = self._listed(phone_number)
        return order.number if order else None

    def all_owned(self) -> Iterator[OwnedNumber]:
        return (each.number for each in self._orders({"PageSize": str(PAGE_SIZE)}) if each.number)

    def order(self, phone_number: str, setup: NumberSetup) -> Order:
        form = {"PhoneNumber": phone_number}
        if setup.friendly_name:
            form["FriendlyName"] = setup.friendly_name[:FRIENDLY_NAME_LENGTH]
        if setup.voice_url:
            form |= {"VoiceUrl": setup.voice_url, "VoiceMethod": "POST"}
        if setup.sms_url:
            form |= {"SmsUrl": setup.sms_url, "SmsMethod": "POST"}
        try:
            return self._post(ORDER, f"{self._account}/IncomingPhoneNumbers.json", _order, form, Repeat.NEVER)
        except ProviderRejected as error:
            if error.provider_code not in _ACCOUNT_INACTIVE:
                raise
            raise self._inactive(error) from error

    def find_order(self, phone_number: str, reference: str, order_id: str | None) -> Order | None:
        del reference  # Twilio keeps none
        if order_id is None:
            return self._listed(phone_number)
        try:
            return self._get("read the number", f"{self._account}/IncomingPhoneNumbers/{order_id}.json", _order)
        except ProviderRejected as error:
            if error.status == 404:
                return None
            raise

    def configure(self, number: OwnedNumber, setup: NumberSetup) -> OwnedNumber:
        form: dict[str, str] = {}
        if (setup.voice_url, setup.voice_method) != (number.voice_url, number.voice_method):
            form |= {"VoiceUrl": setup.voice_url or "", "VoiceMethod": setup.voice_method or "POST"}
        if setup.overridden_by != number.overridden_by:
            form |= {"VoiceApplicationSid": "", "TrunkSid": ""}
        if (setup.sms_url, setup.sms_method) != (number.sms_url, number.sms_method):
            form |= {"SmsUrl": setup.sms_url or "", "SmsMethod": setup.sms_method or "POST"}
        if setup.sms_overridden_by != number.sms_overridden_by:
            form |= {"SmsApplicationSid": ""}
        form |= {name: "" for name in number.callbacks if name not in setup.callbacks}
        path = f"{self._account}/IncomingPhoneNumbers/{number.id}.json"
        return self._post("wire the number", path, _owned, form) if form else number

    def release(self, number_id: str) -> None:
        path = f"{self._account}/IncomingPhoneNumbers/{number_id}.json"
        try:
            self._send(Call("release the number", "DELETE", self._base_url + path), dict)
        except ProviderRejected as error:
            if error.status != 404:
                raise

    def _listed(self, phone_number: str) -> Order | None:
        """The filter takes a pattern: what it finds is compared."""
        orders = self._orders({"PhoneNumber": phone_number, "PageSize": "50"})
        return next((each for each in orders if each.number and each.number.phone_number == phone_number), None)

    def _orders(self, params: Mapping[str, str]) -> Iterator[Order]:
        path: str | None = f"{self._account}/IncomingPhoneNumbers.json"
        given: Mapping[str, str] | None = params
        while path:
            orders, path = self._get("list numbers", path, _page, given)
            given = None  # the next page's address has it all
            yield from orders

    def _available(self, country: str, kind: str, params: Mapping[str, str | None]) -> list[AvailableNumber]:
        """Without their prices, which Twilio tells apart."""
        path = f"{self._account}/AvailablePhoneNumbers/{country}/{kind}.json"
        asked = {name: value for name, value in params.items() if value is not None}
        try:
            return self._get("search numbers", path, _available_list, asked)
        except ProviderRejected as error:
            if error.status == 404:  # what Twilio does not sell there
                return []
            raise

    def _priced(self, numbers: list[AvailableNumber], country: str, number_type: str) -> list[AvailableNumber]:
        monthly = self._prices_in(country).get(_PRICED[number_type])
        setup = Money(0, monthly.currency) if monthly else None  # Twilio asks for none
        return [replace(each, monthly=monthly, setup=setup) for each in numbers]

    def _prices_in(self, country: str) -> dict[str, Money]:
        """Monthly prices by the Pricing API's number types; {} for a country without."""
        if country not in self._prices:
            path = f"/v1/PhoneNumbers/Countries/{country}"
            try:
                read = self._get("read prices", path, _prices, base_url=self._pricing_base_url)
            except ProviderRejected as error:
                if error.status != 404:
                    raise
                read = {}
            self._prices[country] = read
        return self._prices[country]

    def _inactive(self, refusal: ProviderRejected) -> ProviderError:
        """Twilio has no code for an empty account: an inactive one is told from it by its balance.

        A balance that can't be read (a subaccount has none) counts as empty, the documented cause of both codes.
        """
        try:
            balance = self._get(
                "read the balance", f"{self._account}/Balance.json", lambda body: Decimal(str(body["balance"]))
            )
        except (ProviderError, InvalidOperation):
            balance = Decimal(0)
        code = "account_restricted" if balance > 0 else "insufficient_balance"
        return ProviderRejected(
            refusal.message,
            provider=self.type.value,
            operation=refusal.operation,
            status=refusal.status,
            provider_code=refusal.provider_code,
            code=code,
            fix=FIXES[code],
        )

    # The wire

    def _get[T](
        self,
        operation: str,
        path: str,
        read: Callable[[dict[str, Any]], T],
        params: Mapping[str, str] | None = None,
        *,
        base_url: str | None = None,
    ) -> T:
        return self._send(Call(operation, "GET", (base_url or self._base_url) + path, params=params), read)

    def _post[T](
        self,
        operation: str,
        path: str,
        read: Callable[[dict[str, Any]], T],
        form: Mapping[str, str],
        repeat: Repeat = Repeat.SAFE,
    ) -> T:
        return self._send(Call(operation, "POST", self._base_url + path, repeat, form=form), read)

    def _send[T](self, call: Call, read: Callable[[dict[str, Any]], T]) -> T:
        auth = (self._user, self._secret.get_secret_value())
        return self._transport.send(call, deadline=self._deadline, read=read, refused=_refused, auth=auth)


def _page(body: dict[str, Any]) -> tuple[list[Order], str | None]:
    following = body.get("next_page_uri") or None
    if following is not None and not following.startswith("/2010-04-01/"):
        raise ValueError("the next page is at another place")
    return [_order(record) for record in body["incoming_phone_numbers"]], following


def _prices(body: dict[str, Any]) -> dict[str, Money]:
    currency = body.get("price_unit") or "USD"
    listed = {each["number_type"]: each.get("current_price") for each in body["phone_number_prices"]}
    parsed = {name: Money.parse(price, currency) for name, price in listed.items()}
    return {name: price for name, price in parsed.items() if price is not None}


def _available_list(body: dict[str, Any]) -> list[AvailableNumber]:
    return [_available_number(record) for record in body["available_phone_numbers"]]


def _available_number(record: Mapping[str, Any]) -> AvailableNumber:
    return AvailableNumber(
        phone_number=record["phone_number"],
        friendly_name=record.get("friendly_name") or record["phone_number"],
        locality=record.get("locality") or None,
        region=record.get("region") or None,
        country_code=record["iso_country"],
        capabilities=_capabilities(record),
        monthly=None,
        setup=None,
    )


def _capabilities(record: Mapping[str, Any]) -> Capabilities:
    """Live answers and documents differ in the case of the names."""
    can = {str(name).lower(): value is True for name, value in (record.get("capabilities") or {}).items()}
    return Capabilities(**{name: can.get(name, False) for name in ("voice", "sms", "mms", "fax")})


def _owned(record: Mapping[str, Any]) -> OwnedNumber:
    overriding = {name: record.get(name) for name in ("trunk_sid", "voice_application_sid", "sms_application_sid")}
    return OwnedNumber(
        id=record["sid"],
        phone_number=record["phone_number"],
        status="active",
        capabilities=_capabilities(record),
        friendly_name=record.get("friendly_name") or None,
        voice_url=record.get("voice_url") or None,
        sms_url=record.get("sms_url") or None,
        voice_method=_other_method(record, "voice"),
        sms_method=_other_method(record, "sms"),
        overridden_by=overriding["trunk_sid"] or overriding["voice_application_sid"] or None,
        sms_overridden_by=overriding["sms_application_sid"] or None,
        callbacks={name: record[shown] for shown, name in _CALLBACKS.items() if record.get(shown)},
    )


def _other_method(record: Mapping[str, Any], kind: str) -> str | None:
    """How the URL of calls or messages is asked, if there is one and it isn't by POST."""
    method = record.get(f"{kind}_method")
    return str(method) if record.get(f"{kind}_url") and method not in (None, "POST") else None


def _order(record: Mapping[str, Any]) -> Order:
    return Order.of(_owned(record), ProviderType.TWILIO, record.get("date_created"))


def _refused(call: Call, answer: Answer) -> TelephonyError:
    provider_code, sentence = _error(answer.body)
    ordering = call.operation == ORDER
    named: dict[str, Any] = {
        "provider": ProviderType.TWILIO.value,
        "operation": call.operation,
        "status": answer.status,
        "provider_code": provider_code,
    }
    inactive = provider_code in _ACCOUNT_INACTIVE
    if not inactive and (answer.status == 401 or (answer.status == 403 and not ordering)):
        return InvalidProviderCredentials(
            f"Twilio refused the credentials{': ' + sentence if sentence else ''}",
            fix=FIXES["invalid_provider_credentials"],
            **named,
        )
    code = "account_restricted" if inactive else "provider_error"
    if ordering and not inactive:
        code = _why_no_order(answer.status, provider_code, sentence)
    return ProviderRejected(
        f"Twilio refused to {call.operation}" + (f": {sentence}" if sentence else f" (HTTP {answer.status})"),
        code=code,
        fix=FIXES[code],
        **named,
    )


def _why_no_order(status: int, provider_code: str | None, sentence: str) -> str:
    if status == 402:
        return "insufficient_balance"
    if provider_code in _REASONS:
        return _REASONS[provider_code]
    told = next((code for pattern, code in _SENTENCES if pattern.search(sentence)), None)
    return told or ("account_restricted" if status == 403 else "provider_error")


def _error(body: Any) -> tuple[str | None, str]:
    """Code and sentence of `{"code": 21422, "message"}`, or of RFC 9457's `{"title", "detail"}`."""
    if not isinstance(body, dict):
        return None, ""
    code = body.get("code")
    sentence = next((body[key] for key in ("message", "detail", "title") if isinstance(body.get(key), str)), "")
    return str(code) if isinstance(code, int | str) and code != "" else None, redact(sentence)[:300]
