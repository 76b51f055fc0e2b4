"""Many at once on one number at Twilio and SignalWire, which know no reference of ours: bought once all the same."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.carriers import CARRIERS, TWIML, CarrierNumbers, for_sale, with_own_account
from tests.faults.contenders import race
from tests.faults.lab import Case, Lab
from tests.faults.test_purchase_races import LATENCY, answers, assert_overlap, attempt

BUYERS = 10


@pytest.fixture(params=CARRIERS)
def contested(request: pytest.FixtureRequest, lab: Lab) -> Iterator[tuple[Case, CarrierNumbers]]:
    """An agency with an account at a carrier that takes its time."""
    case = lab.case()
    numbers = with_own_account(lab.world, request.param, case.agency_id)
    numbers.server.simulator.change_settings({"latency": LATENCY})
    yield case, numbers
    numbers.server.simulator.change_settings({"latency": 0.0})


@pytest.mark.parametrize("key", [None, "the same key"], ids=["without a key", "with one key"])
def test_identical_purchases_at_a_barrier_buy_once(contested: tuple[Case, CarrierNumbers], key: str | None) -> None:
    case, numbers = contested
    # One that no test before has bought: the carrier's log holds them all.
    number = list(for_sale(numbers.carrier))[-1 if key else -2]
    wanted = {"phone_number": number, "provider": numbers.carrier}

    outcomes = race([attempt(numbers, "purchase", wanted, key)] * BUYERS)

    assert_overlap(outcomes)
    told = answers(outcomes)
    assert told.pop((200, None)) >= 1
    assert set(told) <= {(409, "operation_in_progress"), (409, "already_owned")}
    case.settle()
    assert numbers.bought(number) == 1
    assert numbers.urls(number) == (TWIML, TWIML)
    assert numbers.record(number).status == "ACTIVE"
    assert numbers.audit(number) == ["number.purchase_begun", "number.purchased"]
    numbers.check()
