"""Telnyx: numbers. Search, order, wiring and release of phone numbers. developers.telnyx.com/docs/numbers.

An order is asynchronous: its POST often answers `pending`, and 200 does not mean bought. Only a number that a search
with the same key has shown can be ordered, so `quote` is a search.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any, Literal

from telephony import e164
from telephony.errors import ProviderRejected
from telephony.providers.base import NumberSetup, Order, OwnedNumber
from telephony.providers.telnyx import ORDER, Telnyx
from telephony.providers.transport import Repeat
from telephony.values import AvailableNumber, Capabilities, Money, ProviderType, SearchCriteria

_STATUS = {
    "active": "active",
    "port-out-pending": "active",  # rings here until it has gone
    "purchase-pending": "pending",
    "port-pending": "pending",
    "provision-pending": "pending",
    "requirement-info-pending": "pending",
    "requirement-info-under-review": "pending",
    "requirement-info-exception": "pending",  # until better papers are handed in
}
"""Telnyx's states of an owned number; every other one can't take calls."""

_OUTCOMES: tuple[Literal["failure", "pending", "success"], ...] = ("failure", "pending", "success")
"""States of an order and of the number in it; the first one found is that of both. Any other is not understood."""

_GONE = ("deleted", "ported-out", "purchase-failed", "port-failed")


class TelnyxNumbers(Telnyx):
    """A `NumberProvider`."""

    type = ProviderType.TELNYX
    settle_after = 30.0

    def search(self, criteria: SearchCriteria) -> list[AvailableNumber]:
        params = {
            "filter[country_code]": criteria.country_code,
            "filter[national_destination_code]": criteria.area_code,
            "filter[phone_number][contains]": criteria.contains,
            "filter[locality]": criteria.locality,
            "filter[administrative_area]": criteria.region,
            "filter[phone_number_type]": criteria.number_type,
            "filter[limit]": str(criteria.limit),
        }
        return self._search({name: value for name, value in params.items() if value})

    def quote(self, phone_number: str) -> AvailableNumber | None:
        found = self._search(
            {
                "filter[country_code]": e164.country_of(phone_number),
                "filter[phone_number][contains]": e164.national_digits(phone_number),
                "filter[limit]": "10",
            }
        )
        return next((each for each in found if each.phone_number == phone_number), None)

    def owned(self, phone_number: str) -> OwnedNumber | None:
        # The filter takes digits only: with a "+" it finds nothing.
        params = {"filter[phone_number]": phone_number.lstrip("+"), "page[size]": "20"}
        listed = self.send("look the number up", "GET", "/phone_numbers", _owned_list, params=params)
        return next((each for each in listed if each.phone_number == phone_number), None)

    def all_owned(self) -> Iterator[OwnedNumber]:
        return (_owned(record) for record in self._all("list numbers", "/phone_numbers", dict) if not _is_gone(record))

    def monthly_price(self, phone_number: str) -> Money | None:
        del phone_number  # Telnyx tells the price of what is for sale alone
        return None

    def countries(self) -> list[str] | None:
        return None

    def order(self, phone_number: str, setup: NumberSetup) -> Order:
        body: dict[str, Any] = {
            "phone_numbers": [{"phone_number": phone_number}],
            "customer_reference": setup.reference,
            "connection_id": setup.connection_id,
            "messaging_profile_id": setup.messaging_profile_id,
        }
        wanted = {name: value for name, value in body.items() if value is not None}
        return self.send(ORDER, "POST", "/number_orders", _order, wanted, repeat=Repeat.NEVER)

    def find_order(self, phone_number: str, reference: str, order_id: str | None) -> Order | None:
        if order_id is None:
            params = {"filter[customer_reference]": reference}
            order_id = self.send(
                "look the order up",
                "GET",
                "/number_orders",
                lambda listed: _order_id(listed, phone_number, reference),
                params=params,
            )
        # Lists show the numbers without their states: the order itself is read.
        order = self._find("read the order", f"/number_orders/{order_id}", _order) if order_id else None
        if order is None or order.status == "failure":
            return self._order_of_number(phone_number, reference) or order
        return order

    def _order_of_number(self, phone_number: str, reference: str) -> Order | None:
        """The order that a number came by: numbers keep the reference, and Telnyx may list them first."""
        params = {"filter[customer_reference]": reference}

        def read(records: list[dict[str, Any]]) -> Order | None:
            mine = (each for each in records if _is_number_of(each, phone_number, reference))
            return next(map(_order_behind, mine), None)

        return self.send("look the number up", "GET", "/phone_numbers", read, params=params)

    def configure(self, number: OwnedNumber, setup: NumberSetup) -> OwnedNumber:
        wired = self._connect(number, setup.connection_id)
        try:
            return self._set_messaging(wired, setup.messaging_profile_id)
        except ProviderRejected:
            self._connect(wired, number.connection_id)  # refused as a whole
            raise

    def _connect(self, number: OwnedNumber, connection_id: str | None) -> OwnedNumber:
        if number.connection_id == connection_id:
            return number
        body = {"connection_id": connection_id or ""}  # empty: off its connection
        return self.send("connect the number", "PATCH", f"/phone_numbers/{number.id}", _owned, body)

    def _set_messaging(self, number: OwnedNumber, profile_id: str | None) -> OwnedNumber:
        if number.messaging_profile_id == profile_id:
            return number
        body = {"messaging_profile_id": profile_id or ""}
        self.send("set the messaging profile", "PATCH", f"/phone_numbers/{number.id}/messaging", dict, body)
        return replace(number, messaging_profile_id=profile_id, capabilities=_owned_capabilities(profile_id))

    def release(self, number_id: str) -> None:
        self._delete("release the number", f"/phone_numbers/{number_id}")

    def _search(self, params: Mapping[str, str]) -> list[AvailableNumber]:
        return self.send("search numbers", "GET", "/available_phone_numbers", _available_list, params=params)


def _available_list(records: list[dict[str, Any]]) -> list[AvailableNumber]:
    return [_available(record) for record in records]


def _available(record: Mapping[str, Any]) -> AvailableNumber:
    regions = {each["region_type"]: each["region_name"] for each in record.get("region_information") or ()}
    cost = record.get("cost_information") or {}
    currency = cost.get("currency") or "USD"
    return AvailableNumber(
        phone_number=record["phone_number"],
        friendly_name=record["phone_number"],
        locality=regions.get("location") or regions.get("rate_center"),
        region=regions.get("state"),
        country_code=regions.get("country_code") or e164.country_of(record["phone_number"]),
        capabilities=_capabilities(each["name"] for each in record.get("features") or ()),
        monthly=Money.parse(cost.get("monthly_cost"), currency),
        setup=Money.parse(cost.get("upfront_cost"), currency),
    )


def _capabilities(names: Any) -> Capabilities:
    known = set(names)
    return Capabilities(voice="voice" in known, sms="sms" in known, mms="mms" in known, fax="fax" in known)


def _owned_capabilities(messaging_profile_id: str | None) -> Capabilities:
    """A number without a messaging profile is voice only."""
    messaging = messaging_profile_id is not None
    return Capabilities(voice=True, sms=messaging, mms=messaging)


def _order_id(listed: list[dict[str, Any]], phone_number: str, reference: str) -> str | None:
    """Of the order of that number and reference; of one that failed only if there is no other."""
    found = [
        record
        for record in listed
        if record.get("customer_reference") == reference
        and any(each.get("phone_number") == phone_number for each in record.get("phone_numbers") or ())
    ]
    found.sort(key=lambda record: record.get("status") == "failure")
    return _id(found[0]) if found else None


def _id(record: Mapping[str, Any]) -> str:
    if not record["id"]:
        raise ValueError("a record without an id")
    return str(record["id"])


def _order(record: Mapping[str, Any]) -> Order:
    """Both the order and the number in it must have succeeded. The ids in it are not those of numbers."""
    numbers = record.get("phone_numbers") or [{}]
    states = record["status"], numbers[0].get("status", record["status"])
    status = _OUTCOMES[min(map(_OUTCOMES.index, states))]
    unmet = record.get("requirements_met") is False or numbers[0].get("requirements_met") is False
    details = {
        "id": record["id"],
        "phone_number": numbers[0].get("phone_number"),
        "status": "completed" if status == "success" else status,
        "connection_id": record.get("connection_id"),
        "messaging_profile_id": record.get("messaging_profile_id"),
        "phone_numbers_count": record.get("phone_numbers_count"),
        "customer_reference": record.get("customer_reference"),
        "date_created": record.get("created_at"),
    }
    failure = "regulatory_requirements_missing" if unmet else "number_unavailable" if status == "failure" else None
    return Order(status, _id(record), None, details, failure)


def _is_number_of(record: Mapping[str, Any], phone_number: str, reference: str) -> bool:
    named = record.get("phone_number"), record.get("customer_reference")
    return named == (phone_number, reference) and not _is_gone(record)


def _order_behind(record: Mapping[str, Any]) -> Order:
    """The order that an owned number came by, as far as the number tells: its id it does not."""
    number = _owned(record)
    details = {
        "id": None,
        "phone_number": number.phone_number,
        "status": "completed",
        "connection_id": number.connection_id,
        "messaging_profile_id": number.messaging_profile_id,
        "phone_numbers_count": 1,
        "customer_reference": number.reference,
        "date_created": record.get("purchased_at") or record.get("created_at"),
    }
    return Order("success", "", number, details)


def _owned_list(records: list[dict[str, Any]]) -> list[OwnedNumber]:
    return [_owned(record) for record in records if not _is_gone(record)]


def _is_gone(record: Mapping[str, Any]) -> bool:
    return record.get("status") in _GONE


def _owned(record: Mapping[str, Any]) -> OwnedNumber:
    status = _STATUS.get(record.get("status") or "", "suspended")
    messaging = record.get("messaging_profile_id") or None
    return OwnedNumber(
        id=_id(record),
        phone_number=record["phone_number"],
        status=status,  # type: ignore[arg-type]
        capabilities=_owned_capabilities(messaging),
        connection_id=record.get("connection_id") or None,
        messaging_profile_id=messaging,
        country_code=record.get("country_iso_alpha2") or None,
        reference=record.get("customer_reference") or "",
    )
