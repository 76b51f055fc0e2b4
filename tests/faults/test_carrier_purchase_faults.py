"""Twilio and SignalWire failing at each call of a purchase: what test_purchase_faults.py is for Telnyx."""

from __future__ import annotations

from typing import Any

import pytest

from tests.carriers import CARRIERS, TWIML, CarrierNumbers, for_sale, with_own_account
from tests.faults.lab import Case, Lab
from tests.faults.test_purchase_faults import TROUBLES, Trouble

NATIVE, LIST = "/api/relay/rest/phone_numbers", "/IncomingPhoneNumbers.json$"
LOOK: dict[str, dict[str, Any]] = {
    "twilio": {"method": "GET", "path": LIST},
    "signalwire": {"method": "GET", "path": f"{NATIVE}$"},
}
QUOTE: dict[str, dict[str, Any]] = {
    "twilio": {"method": "GET", "path": "AvailablePhoneNumbers"},
    "signalwire": {"method": "GET", "path": f"{NATIVE}/search"},
}
ORDER: dict[str, dict[str, Any]] = {
    "twilio": {"method": "POST", "path": LIST},
    "signalwire": {"method": "POST", "path": f"{NATIVE}$"},
}
PRICE = {"method": "GET", "path": "PhoneNumbers/Countries/US"}
"""Twilio's."""
WIRE = {"method": "PUT", "path": f"{NATIVE}/"}
"""SignalWire's second call."""

_unsold = {carrier: for_sale(carrier) for carrier in CARRIERS}


@pytest.fixture(scope="module", params=CARRIERS)
def agency(request: pytest.FixtureRequest, laboratory: Lab) -> tuple[Case, CarrierNumbers]:
    laboratory.clear()
    case = laboratory.case()
    numbers = with_own_account(laboratory.world, request.param, case.agency_id)
    assert numbers.token
    return case, numbers


@pytest.fixture
def case(agency: tuple[Case, CarrierNumbers], lab: Lab) -> Case:
    agency[1].forget()
    agency[1].server.simulator.change_settings({"listing_lag": 3.0})
    return agency[0]


@pytest.fixture
def numbers(agency: tuple[Case, CarrierNumbers], case: Case) -> CarrierNumbers:
    return agency[1]


@pytest.fixture
def number(numbers: CarrierNumbers) -> str:
    return next(_unsold[numbers.carrier])


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """The client gives a carrier 0.4 seconds, once."""
    from telephony.providers import transport

    monkeypatch.setattr(transport, "READ_SECONDS", 0.4)
    monkeypatch.setattr(transport, "MAX_ATTEMPTS", 1)


def fault(numbers: CarrierNumbers, where: dict[str, Any], **what: Any) -> None:
    numbers.server.simulator.add_faults({"times": 99, **where, **what})


def assert_settled(case: Case, numbers: CarrierNumbers, number: str, bought: int) -> None:
    """Time has passed: the number was bought so many times, 0 or 1, and everything tells the same."""
    numbers.server.simulator.clear_faults()
    case.settle(60)
    assert numbers.bought(number) == bought
    record = numbers.record(number)
    assert record.status == ("ACTIVE" if bought else "RELEASED"), record.metadata
    if bought:
        assert numbers.urls(number) == (TWIML, TWIML)
    assert {each.status for each in numbers.operations} == {"SUCCEEDED" if bought else "ABANDONED"}
    numbers.check()


def assert_untouched(numbers: CarrierNumbers, number: str) -> None:
    assert (numbers.bought(number), numbers.records, numbers.operations, numbers.audit(number)) == (0, [], [], [])
    numbers.check()


@pytest.mark.usefixtures("impatient")
@pytest.mark.parametrize("where", [LOOK, QUOTE], ids=["look", "quote"])
@pytest.mark.parametrize("trouble", TROUBLES, ids=lambda trouble: trouble.name)
def test_before_the_order_nothing_has_happened(
    case: Case, numbers: CarrierNumbers, number: str, trouble: Trouble, where: dict[str, dict[str, Any]]
) -> None:
    fault(numbers, where[numbers.carrier], **trouble.what)

    answer = numbers.purchase(number)

    assert (answer.status, answer.body["code"]) == (500, trouble.code)
    assert (answer.body["provider"], answer.body["retryable"]) == (numbers.carrier, True)
    assert_untouched(numbers, number)


@pytest.mark.usefixtures("impatient")
@pytest.mark.parametrize("trouble", TROUBLES, ids=lambda trouble: trouble.name)
def test_at_the_order_the_outcome_is_looked_up_and_never_ordered_again(
    case: Case, numbers: CarrierNumbers, number: str, trouble: Trouble
) -> None:
    fault(numbers, ORDER[numbers.carrier], **trouble.what)

    answer = numbers.purchase(number)

    assert (answer.status, answer.body["code"], answer.body["retry_scheduled"]) == (500, "outcome_unknown", True)
    again = numbers.purchase(number)
    assert (again.status, again.body["code"]) == (409, "operation_in_progress")
    assert_settled(case, numbers, number, bought=int(trouble.ordered))


@pytest.mark.usefixtures("impatient")
@pytest.mark.parametrize("trouble", TROUBLES, ids=lambda trouble: trouble.name)
def test_at_the_second_call_nothing_is_lost(case: Case, numbers: CarrierNumbers, number: str, trouble: Trouble) -> None:
    """SignalWire wires what is bought; Twilio's prices come before, and leave all as it was."""
    fault(numbers, PRICE if numbers.carrier == "twilio" else WIRE, **trouble.what)

    answer = numbers.purchase(number)

    if numbers.carrier == "twilio":
        assert (answer.status, answer.body["code"]) == (500, trouble.code)
        assert_untouched(numbers, number)
    else:
        assert answer.status == 200, answer.body
        assert_settled(case, numbers, number, bought=1)


@pytest.mark.usefixtures("impatient")
def test_a_slow_carrier_is_no_failing_one(case: Case, numbers: CarrierNumbers, number: str) -> None:
    for where in (LOOK, QUOTE, ORDER):
        fault(numbers, where[numbers.carrier], kind="slow", seconds=0.2, times=1)

    assert numbers.purchase(number).status == 200
    assert_settled(case, numbers, number, bought=1)


@pytest.mark.parametrize("listed", [None, ["x"], [{}], [{"phone_number": None, "number": None}]], ids=str)
def test_a_list_that_makes_no_sense_is_no_empty_list(
    case: Case, numbers: CarrierNumbers, number: str, listed: Any
) -> None:
    name = "incoming_phone_numbers" if numbers.carrier == "twilio" else "data"
    fault(numbers, LOOK[numbers.carrier], kind="status", status=200, body={name: listed})

    answer = numbers.purchase(number)

    assert (answer.status, answer.body["code"]) == (500, "provider_unavailable")
    assert_untouched(numbers, number)


@pytest.mark.parametrize("record", ["x", {}, {"phone_number": None}, {"number": None}], ids=str)
def test_an_offer_that_makes_no_sense_is_no_offer(
    case: Case, numbers: CarrierNumbers, number: str, record: Any
) -> None:
    name = "available_phone_numbers" if numbers.carrier == "twilio" else "data"
    fault(numbers, QUOTE[numbers.carrier], kind="status", status=200, body={name: [record]})

    answer = numbers.purchase(number)

    assert answer.body["code"] in ("provider_unavailable", "number_unavailable")
    assert_untouched(numbers, number)
