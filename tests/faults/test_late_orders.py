"""An order that was answered with a time-out, or whose function died, arrives at the carrier when nobody expects it.

Whenever that is, the number is bought once and is ours, or nothing was bought and the money is back. Where a carrier
keeps no reference of ours, the journal's "begun" tells whose the number is.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from itertools import chain
from typing import Any

import pytest

from tests.carriers import CARRIERS, CarrierNumbers, for_sale, with_own_account
from tests.faults.effects import Interference, Killed, killed
from tests.faults.lab import Case, Lab
from tests.numbers import Numbers
from tests.world import HttpAnswer

LATE = 10_000.0
"""Seconds until the order arrives, unless the test has it arrive earlier."""

ORDER = {
    "telnyx": "telnyx POST /number_orders",
    "twilio": "twilio POST /2010-04-01/Accounts/{id}/IncomingPhoneNumbers.json",
    "signalwire": "signalwire POST /api/relay/rest/phone_numbers",
}


@dataclass
class Late:
    """An agency with an account of its own at one carrier."""

    carrier: str
    case: Case
    numbers: Numbers
    unsold: Iterator[str]
    number: str = field(init=False)

    def begin(self) -> None:
        self.case.lab.clear()
        self.numbers.forget()
        self.simulator.change_settings({"listing_lag": 0.0})
        self.number = next(self.unsold)

    @property
    def simulator(self) -> Any:
        return self.case.lab.world.servers[self.carrier].simulator

    def fault(self, kind: str, **what: Any) -> None:
        path = ORDER[self.carrier].split("/")[-1] + "$"
        self.simulator.add_faults({"kind": kind, "method": "POST", "path": path} | what)

    def buy(self) -> HttpAnswer:
        return self.numbers.purchase(self.number, provider=self.carrier)

    def arrive(self) -> None:
        self.simulator.advance(LATE)

    def arrives_before(self, send: Callable[[], Any]) -> Any:
        self.arrive()
        return send()

    def arrives_after(self, send: Callable[[], Any]) -> Any:
        answer = send()
        self.arrive()
        return answer

    def recover(self, interference: Interference | None = None, point: str = "") -> list[str]:
        """Lets the queue go on until nothing is due; which calls to the carrier it made."""
        self.case.wait_for_lease()
        self.case.lab.effects.forget()
        if interference:
            self.case.lab.effects.at[point] = interference
        self.case.settle()
        return [each for each in self.case.lab.effects.seen if each.startswith(self.carrier)]

    @property
    def operation(self) -> Any:
        return self.numbers.operations_on(self.number)[-1]

    def assert_bought(self, what: str) -> None:
        record, there = self.numbers.record(self.number), self.numbers.at_carrier(self.number)
        assert there is not None, what
        assert self.numbers.bought(self.number) == 1, what
        told = record.status, record.provider_phone_number_id, record.metadata, self.operation.status
        at_telnyx = self.carrier == "telnyx"
        assert told == (
            "INACTIVE" if at_telnyx else "ACTIVE",  # nothing is provisioned that it could ring at
            there["sid" if self.carrier == "twilio" else "id"],
            {},
            "SUCCEEDED",
        ), what
        assert self.numbers.audit(self.number) == ["number.purchase_begun", "number.purchased"], what
        self.numbers.check()

    def assert_given_back(self, code: str) -> None:
        assert self.numbers.bought(self.number) == 0
        record = self.numbers.record(self.number)
        assert (record.status, record.metadata, self.operation.status) == ("RELEASED", {"failure": code}, "ABANDONED")
        assert self.operation.error["code"] == code
        self.numbers.check()


@pytest.fixture(scope="module", params=("telnyx", *CARRIERS))
def agency(request: pytest.FixtureRequest, laboratory: Lab) -> Late:
    laboratory.clear()
    case, carrier = laboratory.case(), request.param
    numbers: Numbers | CarrierNumbers
    if carrier == "telnyx":
        numbers = Numbers(laboratory.world, case.agency_id, key=case.telnyx_key)
        numbers.account["balance"] = "10000.00"
        laboratory.world.telnyx.simulator.change_settings({"order_delay": 0.0})
    else:
        numbers = with_own_account(laboratory.world, carrier, case.agency_id)
    assert numbers.token
    return Late(carrier, case, numbers, chain(for_sale(carrier, "US"), for_sale(carrier, "CA")))


@pytest.fixture
def late(agency: Late, lab: Lab) -> Iterator[Late]:
    """One whose next order is answered with a 504 and arrives later."""
    agency.begin()
    agency.fault("lands_late", seconds=LATE)
    yield agency
    lab.clear()


def died(late: Late) -> None:
    """The function was killed before it knew."""
    late.case.lab.effects.at[f"{ORDER[late.carrier]} #1"] = killed("after")
    with pytest.raises(Killed):
        late.buy()


def told(late: Late) -> None:
    """The caller was told that the outcome is unknown."""
    answer = late.buy()
    assert (answer.body["code"], answer.body["retry_scheduled"]) == ("outcome_unknown", True)


def test_a_died_purchase_whose_order_arrives_before_any_call_of_its_recovery_is_ours(late: Late) -> None:
    died(late)
    points = late.recover()
    assert late.numbers.bought(late.number) == 1
    assert points.count(f"{ORDER[late.carrier]} #1") == 1, "the recovery orders again, once"
    for point in points:
        late.begin()
        late.fault("lands_late", seconds=LATE)
        died(late)

        late.recover(late.arrives_before, point)

        late.assert_bought(point)


def test_what_the_second_order_was_refused_for_may_be_the_first(late: Late) -> None:
    """The first takes the last of the money."""
    died(late)
    late.fault("status", status=402)

    late.recover(late.arrives_after, f"{ORDER[late.carrier]} #1")

    late.assert_bought("refused")


def test_a_purchase_of_unknown_outcome_whose_order_arrives_before_any_call_of_its_recovery_is_ours(late: Late) -> None:
    told(late)
    points = late.recover()
    late.assert_given_back("provider_unavailable")
    assert f"{ORDER[late.carrier]} #1" not in points
    looks = [each for each in points if each.endswith(" #1") and "/Countries/" not in each]  # prices show no orders
    for point in looks:
        late.begin()
        late.fault("lands_late", seconds=LATE)
        told(late)

        late.recover(late.arrives_before, point)

        late.assert_bought(point)


def test_a_purchase_of_unknown_outcome_is_not_given_up_for_five_minutes(late: Late) -> None:
    late.simulator.clear_faults()
    late.fault("lands_late", seconds=290)
    told(late)

    late.recover()

    late.assert_bought("late")


def test_a_second_order_that_is_refused_is_not_followed_by_a_third(late: Late) -> None:
    died(late)
    late.fault("status", status=402)
    began = late.case.lab.world.now()

    points = late.recover()

    assert [each.rpartition(" #")[0] for each in points].count(ORDER[late.carrier]) == 1
    assert late.case.lab.world.now() - began > 300
    late.assert_given_back("insufficient_balance")


def test_a_number_that_is_gone_at_the_second_order_is_given_back_when_it_can_not_be_ours_any_more(late: Late) -> None:
    died(late)

    def somebody_else_buys(send: Callable[[], Any]) -> Any:
        late.numbers.take(late.number)
        return send()

    late.recover(somebody_else_buys, f"{ORDER[late.carrier]} #1")

    late.assert_given_back("number_unavailable")


def test_what_somebody_bought_by_hand_after_a_certain_refusal_stays_theirs(late: Late) -> None:
    """No order of ours is in doubt: a number that is there now is not ours."""
    late.simulator.clear_faults()
    late.fault("status", status=429, times=3)
    items = [{"phone_number": late.number, "provider": late.carrier}]
    body = {"items": items}
    call = late.case.lab.world.call
    assert (
        call("purchase_number", "POST", "/phone-numbers/purchase-batch", body, token=late.numbers.token).status == 202
    )
    late.case.lab.world.run_queue()
    assert late.operation.error["code"] == "provider_rate_limited"

    buy_by_hand(late)
    late.case.settle()

    record = late.numbers.record(late.number)
    assert (record.status, record.metadata) == ("RELEASED", {"failure": "already_at_carrier"})
    assert late.numbers.effects("number_updated", late.number) == []
    late.numbers.check()


@pytest.mark.parametrize("agency", ["telnyx"], indirect=True)
def test_what_somebody_else_ordered_is_not_ours_where_the_carrier_tells(late: Late) -> None:
    """Elsewhere what is there after an order is what was ordered."""
    died(late)

    late.recover(lambda send: (buy_by_hand(late), send())[1], "telnyx GET /phone_numbers #2")

    record = late.numbers.record(late.number)
    assert (record.status, record.metadata) == ("RELEASED", {"failure": "already_at_carrier"})
    late.numbers.check()


def buy_by_hand(late: Late) -> None:
    """In the carrier's own console."""
    if isinstance(late.numbers, CarrierNumbers):
        late.numbers.buy_by_hand(late.number)
        return
    from requests import Session

    with Session() as session:
        session.headers["Authorization"] = f"Bearer {late.numbers.key}"
        wanted = {"phone_numbers": [{"phone_number": late.number}]}
        answer = session.post(f"{late.case.lab.world.telnyx.base_url}/number_orders", json=wanted, timeout=10)
        assert answer.ok, answer.text
