"""What an agency may spend, and what it has spent: one item of table `agencies`, `pk` = `limits#<agency id>`.

Money is an integer of 1/10,000 of `currency`. A reservation is made in the transaction that opens an order and given
back, once, in the one that ends it without a number or releases the number.
"""

from __future__ import annotations

from typing import Any

from pynamodb.attributes import ListAttribute, NumberAttribute, UnicodeAttribute
from pynamodb.expressions.condition import Condition

from telephony.errors import SpendingLimitExceeded, TelephonyError, TooManyOperations
from telephony.models.base import Table, Write, get, update


class Limits(Table):
    """The limits (None: none) and the counters."""

    table = "agencies"

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
    monthly_total = NumberAttribute(default=0)
    open_operations = NumberAttribute(default=0)


def key(agency_id: str) -> str:
    return f"limits#{agency_id}"


def find(agency_id: str) -> Limits | None:
    """None for an agency without limits that has never bought a number."""
    return get(Limits, key(agency_id))


MAX_OPEN_OPERATIONS = 200
"""Of one agency, unless its limits say otherwise: so that one can't fill the queue of all."""


def reserve(agency_id: str, limits: Limits | None, monthly: int | None, *, operations: int = 1) -> Write:
    """One number more at `monthly`, bought by one operation more, or by one that is counted already (`operations` 0).

    Fails with `SpendingLimitExceeded` or `TooManyOperations` when it no longer fits `limits` as read.
    """
    condition: Condition | None = None
    for limit, counter, amount in _bounded(limits, monthly, operations):
        fits = (counter <= limit - amount) | counter.does_not_exist()
        if amount > limit:
            fits = counter == -1  # no counter is negative: it can never fit
        condition = fits if condition is None else condition & fits
    return update(
        Limits(key(agency_id)),
        [Limits.numbers.add(1), Limits.monthly_total.add(monthly or 0), Limits.open_operations.add(operations)],
        condition,
        lambda: _does_not_fit(agency_id, operations),
    )


def _does_not_fit(agency_id: str, operations: int) -> TelephonyError:
    """Which of the bounds it was: DynamoDB doesn't tell."""
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


def change_price(agency_id: str, more: int) -> Write:
    """A number costs so much more a month, or less, than was reserved: its carrier has changed the price."""
    return update(Limits(key(agency_id)), [Limits.monthly_total.add(more)])


def give_back(agency_id: str, monthly: int | None) -> Write:
    """A number less."""
    return update(Limits(key(agency_id)), [Limits.numbers.add(-1), Limits.monthly_total.add(-(monthly or 0))])


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


def _bounded(limits: Limits | None, monthly: int | None, operations: int) -> list[tuple[int, NumberAttribute, int]]:
    bounds = []
    if operations:
        bounds.append((_cap(limits), Limits.open_operations, operations))
    if limits is not None and limits.max_numbers is not None:
        bounds.append((int(limits.max_numbers), Limits.numbers, 1))
    if limits is not None and limits.max_monthly_total is not None:
        bounds.append((int(limits.max_monthly_total), Limits.monthly_total, monthly or 0))
    return bounds


def _cap(limits: Limits | None) -> int:
    return int(limits.max_open_operations or MAX_OPEN_OPERATIONS) if limits else MAX_OPEN_OPERATIONS
