"""The decisions of a purchase that need nobody else."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from telephony import clock
from telephony.errors import SpendingLimitExceeded
from telephony.models.limits import Limits
from telephony.models.operations import Operation
from telephony.models.phone_configurations import PhoneConfiguration
from telephony.services import purchase_checks, purchasing
from telephony.services.purchase_records import PurchaseRequest
from telephony.values import AvailableNumber, Capabilities, Money, ProviderType

NUMBER = "+12125550100"
REQUEST = PurchaseRequest(NUMBER, ProviderType.TELNYX)


def offer(monthly: int | None = 10_000, setup: int | None = 10_000, currency: str = "USD") -> AvailableNumber:
    prices = [None if amount is None else Money(amount, currency) for amount in (monthly, setup)]
    return AvailableNumber(NUMBER, NUMBER, "New York", "NY", "US", Capabilities(voice=True), *prices)


# Caps and limits


@pytest.mark.parametrize(
    ("caps", "code"),
    [
        ({}, None),
        ({"max_monthly_cost": 1.0, "max_setup_cost": 1}, None),
        ({"max_monthly_cost": 0.9999}, "spending_limit_exceeded"),
        ({"max_setup_cost": 0}, "spending_limit_exceeded"),
    ],
)
def test_the_callers_caps(caps: dict[str, float], code: str | None) -> None:
    assert refusal(offer(), replace(REQUEST, **caps), None) == code


@pytest.mark.parametrize(
    ("limits", "code"),
    [
        ({}, None),
        ({"max_setup_cost": 10_000, "currency": "USD"}, None),
        ({"max_setup_cost": 9_999, "currency": "USD"}, "spending_limit_exceeded"),
        ({"max_setup_cost": 99_999, "currency": "EUR"}, "price_unknown"),
        ({"max_monthly_total": 99_999, "currency": "EUR"}, "price_unknown"),
        ({"countries": ["CA"]}, "spending_limit_exceeded"),
        ({"countries": ["CA", "US"]}, None),
        ({"providers": ["twilio"]}, "spending_limit_exceeded"),
        ({"providers": ["telnyx"]}, None),
    ],
)
def test_the_agencys_limits(limits: dict[str, Any], code: str | None) -> None:
    assert refusal(offer(), REQUEST, Limits("limits#a", **limits)) == code


@pytest.mark.parametrize("cap", [{"max_monthly_cost": 5.0}, {"max_setup_cost": 5.0}])
def test_a_cap_without_a_price_is_refused_and_no_cap_is_not(cap: dict[str, float]) -> None:
    unpriced = offer(None, None)
    assert refusal(unpriced, replace(REQUEST, **cap), None) == "price_unknown"
    assert refusal(unpriced, REQUEST, None) is None


def refusal(quote: AvailableNumber, request: PurchaseRequest, limits: Limits | None) -> str | None:
    try:
        purchase_checks.check_prices(quote, request, limits)
    except SpendingLimitExceeded as error:
        return error.code
    return None


@pytest.mark.parametrize(
    ("quote", "refused"),
    [
        (offer(), False),
        (offer(9_999, 0), False),
        (offer(10_001), True),
        (offer(10_000, 10_001), True),
        (offer(None), True),
        (offer(currency="EUR"), True),
    ],
)
def test_an_order_that_goes_out_later_costs_no_more_than_was_reserved(quote: AvailableNumber, refused: bool) -> None:
    record = PhoneConfiguration("phone#1", monthly_price=10_000, setup_price=10_000, currency="USD")
    if refused:
        with pytest.raises(SpendingLimitExceeded, match="changed the price"):
            purchase_checks.check_against_reservation(quote, record)
    else:
        purchase_checks.check_against_reservation(quote, record)


def test_where_nobody_knew_the_price_any_will_do() -> None:
    purchase_checks.check_against_reservation(offer(), PhoneConfiguration("phone#1"))


# Polls


@pytest.mark.parametrize(("age", "wait"), [(0, 5), (50, 5), (60, 6), (3_600, 360), (36_000, 3_600), (9e9, 3_600)])
def test_the_older_an_order_the_longer_until_the_next_look(
    monkeypatch: pytest.MonkeyPatch, age: float, wait: float
) -> None:
    monkeypatch.setattr(clock, "now", lambda: 1e9 + age)
    assert purchasing._poll_after(Operation("op_1", created_at=1e9)) == wait


# Fingerprints of bodies


def test_a_fingerprint_tells_bodies_apart() -> None:
    others: list[dict[str, Any]] = [
        {"phone_number": "+12125550101"},
        {"provider": ProviderType.TWILIO},
        {"assistant_id": 1},
        {"friendly_name": "Support"},
        {"country_code": "US"},
        {"max_monthly_cost": 1.0},
        {"max_setup_cost": 1.0},
    ]
    found = {replace(REQUEST, **each).fingerprint() for each in others}
    assert len(found | {REQUEST.fingerprint()}) == len(others) + 1


@given(st.text(), st.text())
def test_names_that_differ_have_fingerprints_that_differ(one: str, other: str) -> None:
    first, second = (replace(REQUEST, friendly_name=each).fingerprint() for each in (one, other))
    assert (first == second) == (one == other)
