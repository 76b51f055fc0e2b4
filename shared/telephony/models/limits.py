"""What an agency may spend, and what it has spent: one item of table `agencies`, `pk` = `limits#<agency id>`.

Money is an integer of 1/10,000 of its currency. A reservation is made in the transaction that opens an order and given
back, once, in the one that ends it without a number or releases the number. What numbers cost a month is counted for
each currency by itself, in an attribute of the currency's name: amounts of two currencies have no sum.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pynamodb.attributes import ListAttribute, NumberAttribute, UnicodeAttribute
from pynamodb.expressions.condition import Condition
from pynamodb.expressions.update import Action

from telephony.errors import SpendingLimitExceeded, TelephonyError, TooManyOperations
from telephony.models.base import Table, Write, get, update
from telephony.values import Money

MONTHLY_TOTAL = "monthly_total_"


class Limits(Table):
    """The limits (None: none; money in `currency`) and the counters."""

    table = "agencies"
    monthly_totals: Mapping[str, int] = {}
    """What all numbers together cost a month, by currency."""

    class Meta:
        pass

    pk = UnicodeAttribute(hash_key=True)
    currency = UnicodeAttribute(null=True)
    max_numbers = NumberAttribute(null=True)
    max_monthly_total = NumberAttribute(null=True)
    max_setup_cost = NumberAttribute(null=True)
    countries: ListAttribute[Any] = ListAttribute(of=UnicodeAttribute, null=True)
    providers: ListAttribute[Any] = ListAttribute(of=UnicodeAttribute, null=True)
    max_open_operations = NumberAttribute(null=True)
    numbers = NumberAttribute(default=0)
    open_operations = NumberAttribute(default=0)

    @classmethod
    def from_raw_data(cls, data: dict[str, Any]) -> Limits:
        found = super().from_raw_data(data)
        totals = {name: value for name, value in data.items() if name.startswith(MONTHLY_TOTAL)}
        found.monthly_totals = {name.removeprefix(MONTHLY_TOTAL): int(value["N"]) for name, value in totals.items()}
        return found


def monthly_total(currency: str) -> NumberAttribute:
    """The counter of a currency."""
    return NumberAttribute(attr_name=f"{MONTHLY_TOTAL}{currency}")


def key(agency_id: str) -> str:
    return f"limits#{agency_id}"


def find(agency_id: str) -> Limits | None:
    """None for an agency without limits that has never bought a number."""
    return get(Limits, key(agency_id))


MAX_OPEN_OPERATIONS = 200
"""Of one agency, unless its limits say otherwise: so that one can't fill the queue of all."""


def reserve(agency_id: str, limits: Limits | None, monthly: Money | None, *, operations: int = 1) -> Write:
    """One number more at `monthly`, bought by one operation more, or by one that is counted already (`operations` 0).

    A limit on monthly costs bounds those in its own currency. Fails with `SpendingLimitExceeded` or `TooManyOperations`
    when it no longer fits `limits` as read.
    """
    condition: Condition | None = None
    for limit, counter, amount in _bounded(limits, monthly, operations):
        fits = (counter <= limit - amount) | counter.does_not_exist()
        if amount > limit:
            fits = counter == -1  # no counter is negative: it can never fit
        condition = fits if condition is None else condition & fits
    return update(
        Limits(key(agency_id)),
        [Limits.numbers.add(1), Limits.open_operations.add(operations), *_add(monthly, 1)],
        condition,
        lambda: _does_not_fit(agency_id, operations),
    )


def _does_not_fit(agency_id: str, operations: int) -> TelephonyError:
    """Which of the bounds it was: DynamoDB doesn't tell."""
    if operations:
        try:
            check_open_operations(find(agency_id), operations)
        except TooManyOperations as error:
            return error
    return SpendingLimitExceeded(
        "The agency's limit on numbers or monthly costs would be exceeded",
        fix="Release unused numbers or have the limit raised.",
    )


def begin_operations(agency_id: str, limits: Limits | None, operations: int) -> Write:
    """So many purchases more are open; what they reserve comes later.

    Fails with `TooManyOperations` when they no longer fit the cap of `limits` as read.
    """
    room = _cap(limits) - operations
    fits = Limits.open_operations <= room
    if room >= 0:
        fits = fits | Limits.open_operations.does_not_exist()
    return update(Limits(key(agency_id)), [Limits.open_operations.add(operations)], fits, _too_many)


def end_operation(agency_id: str) -> Write:
    """The purchase has ended with a number: what it reserved stays."""
    return update(Limits(key(agency_id)), [Limits.open_operations.add(-1)])


def change_price(agency_id: str, more: Money) -> Write:
    """A number costs so much more a month, or less, than was reserved: its carrier has changed the price."""
    return update(Limits(key(agency_id)), _add(more, 1))


def give_back(agency_id: str, monthly: Money | None) -> Write:
    """A number less, that cost so much a month."""
    return update(Limits(key(agency_id)), [Limits.numbers.add(-1), *_add(monthly, -1)])


def _add(monthly: Money | None, sign: int) -> list[Action]:
    return [monthly_total(monthly.currency).add(sign * monthly.amount)] if monthly else []


def check_open_operations(limits: Limits | None, more: int = 1) -> None:
    """Raises `TooManyOperations` if so many more would exceed the agency's cap."""
    if (limits.open_operations if limits else 0) + more > _cap(limits):
        raise _too_many()


def _too_many() -> TooManyOperations:
    return TooManyOperations(
        "The agency has too many unfinished operations", fix="Wait for some of them to end, then try again."
    )


def set_limits(
    agency_id: str,
    *,
    currency: str | None,
    max_numbers: int | None,
    max_monthly_total: int | None,
    max_setup_cost: int | None,
    countries: list[str] | None,
    providers: list[str] | None,
    max_open_operations: int | None,
) -> Write:
    """Replaces all limits; the counters stay."""
    values: list[tuple[Any, Any]] = [
        (Limits.currency, currency),
        (Limits.max_numbers, max_numbers),
        (Limits.max_monthly_total, max_monthly_total),
        (Limits.max_setup_cost, max_setup_cost),
        (Limits.countries, countries),
        (Limits.providers, providers),
        (Limits.max_open_operations, max_open_operations),
    ]
    return update(
        Limits(key(agency_id)),
        [attribute.remove() if value is None else attribute.set(value) for attribute, value in values],
    )


def _bounded(limits: Limits | None, monthly: Money | None, operations: int) -> list[tuple[int, NumberAttribute, int]]:
    bounds = []
    if operations:
        bounds.append((_cap(limits), Limits.open_operations, operations))
    if limits is not None and limits.max_numbers is not None:
        bounds.append((int(limits.max_numbers), Limits.numbers, 1))
    if limits is not None and limits.max_monthly_total is not None:
        currency = str(limits.currency)
        amount = monthly.amount if monthly and monthly.currency == currency else 0
        bounds.append((int(limits.max_monthly_total), monthly_total(currency), amount))
    return bounds


def _cap(limits: Limits | None) -> int:
    return int(limits.max_open_operations or MAX_OPEN_OPERATIONS) if limits else MAX_OPEN_OPERATIONS
