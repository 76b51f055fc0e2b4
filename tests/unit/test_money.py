"""Money: exact, with its currency, and None where a carrier's text is no price."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from telephony.values import Money


@pytest.mark.parametrize(
    ("text", "amount"),
    [("1.00", 10_000), ("3.21", 32_100), (1, 10_000), (0.1, 1_000), ("0.0085", 85), ("0", 0), (" 2.5 ", 25_000)],
)
def test_a_price_is_counted_in_ten_thousandths(text: object, amount: int) -> None:
    assert Money.parse(text, "usd") == Money(amount, "USD")


@pytest.mark.parametrize(
    "text", [None, "", "free", "-1.00", -0.5, "1,00", "$1.00", "NaN", "Infinity", "-Infinity", [], {}, "1e999999"]
)
def test_what_is_no_price_is_none(text: object) -> None:
    assert Money.parse(text, "USD") is None


@given(st.integers(0, 10**9))
def test_what_is_shown_is_read_again(amount: int) -> None:
    assert Money.parse(Money(amount, "USD").number, "USD") == Money(amount, "USD")


@given(st.lists(st.integers(0, 10**6), max_size=50))
def test_sums_are_exact(amounts: list[int]) -> None:
    # given prices as a carrier writes them
    prices = [Money.parse(str(Decimal(amount) / 10_000), "USD") for amount in amounts]
    assert sum(price.amount for price in prices if price) == sum(amounts)
