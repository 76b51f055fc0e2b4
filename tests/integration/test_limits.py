"""What an agency may spend: checked before the order, reserved with it, given back with what it was for."""

from __future__ import annotations

from typing import Any

import pytest
from telephony.services.saga import STEP_SECONDS
from telephony.values import ProviderType

from tests.numbers import MONTHLY, Numbers, local_numbers, offer
from tests.world import World

NUMBER, OTHER, THIRD, *_ = local_numbers()
ABROAD = next(local_numbers("CA"))
TOO_LITTLE = STEP_SECONDS - 0.1
"""Seconds: enough to look at the price, not to begin the order."""


@pytest.fixture
def numbers(world: World) -> Numbers:
    world.telnyx.simulator.change_settings({"order_delay": 0.0})
    return Numbers(world)


def refused(numbers: Numbers, number: str, code: str = "spending_limit_exceeded") -> None:
    before = numbers.limits
    answer = numbers.purchase(number)
    assert (answer.status, answer.body["code"]) == (403, code), answer.body
    assert numbers.limits == before
    assert numbers.orders(number) == 0
    numbers.check()


@pytest.mark.parametrize(
    "limits",
    [
        {"max_numbers": 0},
        {"currency": "USD", "max_monthly_total": "0.9999"},
        {"currency": "USD", "max_monthly_total": "0"},
        {"currency": "USD", "max_setup_cost": "0.99"},
        {"countries": ["CA", "GB"]},
        {"providers": [ProviderType.TWILIO]},
    ],
    ids=str,
)
def test_what_is_above_a_limit_is_403(numbers: Numbers, limits: dict[str, Any]) -> None:
    numbers.limit(**limits)
    refused(numbers, NUMBER)


@pytest.mark.parametrize("limits", [{"max_monthly_total": "100"}, {"max_setup_cost": "100"}], ids=str)
def test_a_price_in_another_currency_is_403(numbers: Numbers, limits: dict[str, Any]) -> None:
    numbers.limit(currency="EUR", **limits)
    refused(numbers, NUMBER, "price_unknown")


@pytest.mark.parametrize(
    "limits",
    [
        {"max_numbers": 1},
        {"currency": "USD", "max_monthly_total": "1.00", "max_setup_cost": "1.00"},
        {"countries": ["US"], "providers": [ProviderType.TELNYX]},
    ],
    ids=str,
)
def test_what_just_fits_is_bought(numbers: Numbers, limits: dict[str, Any]) -> None:
    numbers.limit(**limits)
    assert numbers.purchase(NUMBER).status == 200
    assert numbers.limits == {"numbers": 1, "monthly_totals": {"USD": MONTHLY}, "open_operations": 0}
    numbers.check()


def test_a_country_shares_its_calling_code_with_others(numbers: Numbers) -> None:
    numbers.limit(countries=["US"])
    refused(numbers, ABROAD)
    assert numbers.purchase(NUMBER).status == 200


@pytest.mark.parametrize("limits", [{"max_numbers": 2}, {"currency": "USD", "max_monthly_total": "2.50"}], ids=str)
def test_the_limit_counts_what_there_is_already_and_a_release_makes_room(
    numbers: Numbers, limits: dict[str, Any]
) -> None:
    numbers.limit(**limits)
    assert [numbers.purchase(each).status for each in (NUMBER, OTHER)] == [200, 200]
    refused(numbers, THIRD)

    assert numbers.release(NUMBER).status == 200

    assert numbers.limits == {"numbers": 1, "monthly_totals": {"USD": MONTHLY}, "open_operations": 0}
    assert numbers.purchase(THIRD).status == 200
    numbers.check()


def test_each_currency_is_counted_by_itself(numbers: Numbers, world: World) -> None:
    # given a number that costs euros, and a limit in dollars that has room for one number
    price = {"currency": "EUR", "monthly_cost": "2.00", "upfront_cost": "0.00"}
    numbers.account["searched"][OTHER] = world.now()
    world.telnyx.simulator.add_faults(offer(OTHER, **price))
    assert numbers.purchase(OTHER).status == 200
    numbers.limit(currency="USD", max_monthly_total="1.00")
    # then the euros take nothing of that room, and one number fills it
    assert numbers.purchase(NUMBER).status == 200
    assert numbers.limits["monthly_totals"] == {"EUR": 20_000, "USD": MONTHLY}
    refused(numbers, THIRD)
    # and what is released is given back in its own currency
    assert numbers.release(OTHER).status == 200
    assert numbers.limits["monthly_totals"] == {"USD": MONTHLY}
    refused(numbers, THIRD)
    numbers.check()


def test_a_pending_order_counts_and_one_that_fails_does_not(numbers: Numbers, world: World) -> None:
    numbers.limit(max_numbers=1)
    world.telnyx.simulator.change_settings({"order_delay": 60.0})
    numbers.account["failing_numbers"] = [NUMBER]
    assert numbers.purchase(NUMBER).status == 200
    assert numbers.limits == {"numbers": 1, "monthly_totals": {"USD": MONTHLY}, "open_operations": 1}
    refused(numbers, OTHER)

    world.settle(4, 30.0)

    assert numbers.limits == {"numbers": 0, "monthly_totals": {}, "open_operations": 0}
    assert numbers.purchase(OTHER).status == 200


def test_a_limit_below_what_there_is_takes_nothing_away(numbers: Numbers) -> None:
    assert numbers.purchase(NUMBER).status == 200
    numbers.limit(max_numbers=0)
    refused(numbers, OTHER)
    assert numbers.record(NUMBER).status == "ACTIVE" or numbers.record(NUMBER).status == "INACTIVE"
    assert numbers.release(NUMBER).status == 200
    numbers.check()


def test_an_agency_may_have_so_many_unfinished_operations_and_no_more(numbers: Numbers, world: World) -> None:
    numbers.limit(max_open_operations=2)
    world.telnyx.simulator.change_settings({"order_delay": 60.0})
    assert [numbers.purchase(each).status for each in (NUMBER, OTHER)] == [200, 200]

    answer = numbers.purchase(THIRD)

    assert (answer.status, answer.body["code"]) == (429, "too_many_operations")
    assert answer.body["retryable"] is True
    assert numbers.orders(THIRD) == 0
    world.settle(4, 30.0)
    assert numbers.purchase(THIRD).status == 200
    numbers.check()


def test_limits_are_the_agencys_own(numbers: Numbers, world: World) -> None:
    numbers.limit(max_numbers=0)
    other = Numbers(world, world.new_agency("Other")[0])
    assert other.purchase(NUMBER).status == 200
    assert other.limits["numbers"] == 1
    assert numbers.limits["numbers"] == 0


def test_a_price_raised_before_the_queue_orders_is_not_paid(numbers: Numbers, world: World) -> None:
    # given a purchase whose function had no time left for the order
    answer = numbers.purchase(NUMBER, seconds=TOO_LITTLE)
    assert (answer.status, answer.body["code"], answer.body["retry_scheduled"]) == (500, "out_of_time", True)
    price = {"currency": "USD", "monthly_cost": "1.01", "upfront_cost": "1.00"}
    world.telnyx.simulator.add_faults(offer(NUMBER, **price) | {"times": 9})

    world.settle(3, 60.0)

    assert numbers.record(NUMBER).metadata == {"failure": "spending_limit_exceeded"}
    assert numbers.orders(NUMBER) == 0
    numbers.check()


def test_without_time_for_the_order_the_queue_makes_it(numbers: Numbers, world: World) -> None:
    answer = numbers.purchase(NUMBER, seconds=TOO_LITTLE)
    assert (answer.status, answer.body["code"], answer.body["retry_scheduled"]) == (500, "out_of_time", True)
    assert numbers.orders(NUMBER) == 0
    world.settle(3, 60.0)
    assert numbers.orders(NUMBER) == 1
    assert numbers.record(NUMBER).provider_phone_number_id
    numbers.check()
