"""Phone numbers: E.164 and nothing else."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from telephony import e164
from telephony.errors import InvalidRequest


@pytest.mark.parametrize("number", ["+12125550100", "+442079460000", "+4930231251000", "+353120201", "+6495550123"])
def test_a_number_in_e164_is_taken_as_it_is(number: str) -> None:
    assert e164.parse(number) == number


@pytest.mark.parametrize(
    "text",
    [
        *("", "+", "+1", "+1212555", "12125550100", "+02125550100", "+1 2125550100", "+12125550100\n"),
        *("+1212555010O", "+" + "1" * 30, "+１２１２５５５０１００", "+١٢١٢٥٥٥٠١٠٠", "+1²125550100", "+99912345678"),
        "+1212555010099",
    ],
    ids=ascii,
)
def test_anything_else_is_refused_and_the_field_named(text: str) -> None:
    with pytest.raises(InvalidRequest) as refused:
        e164.parse(text)
    assert refused.value.code == "invalid_phone_number"
    assert [each["field"] for each in refused.value.details["errors"]] == ["phone_number"]


@given(st.text(max_size=40))
def test_what_passes_is_plain_digits(text: str) -> None:
    try:
        passed = e164.parse(text)
    except InvalidRequest:
        return
    assert passed == text
    assert passed.isascii()
    assert passed[0] == "+"
    assert passed[1:].isdigit()
    assert 8 <= len(passed) <= 16


@pytest.mark.parametrize(
    ("number", "digits", "country"),
    [
        ("+12125550100", "2125550100", "US"),
        ("+14165550100", "4165550100", "CA"),
        ("+442079460000", "2079460000", "GB"),
        ("+4930231251000", "30231251000", "DE"),
        ("+390612345678", "0612345678", "IT"),
    ],
)
def test_its_digits_and_its_country(number: str, digits: str, country: str) -> None:
    assert e164.national_digits(number) == digits
    assert e164.country_of(number) == country


@pytest.mark.parametrize(
    ("number", "country", "fits"),
    [
        ("+12125550100", "US", True),
        ("+12125550100", "CA", False),
        ("+14165550100", "CA", True),
        ("+14165550100", "US", False),
        ("+18005550100", "US", True),
        ("+18005550100", "CA", True),
        ("+442079460100", "GB", True),
        ("+442079460100", "US", False),
        ("+12125550100", "ZZ", False),
    ],
)
def test_a_number_may_be_of_its_own_country_alone(number: str, country: str, fits: bool) -> None:
    assert e164.may_be_of(number, country) is fits
