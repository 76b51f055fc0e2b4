"""Purchases, releases, assignments, faults, crashes, redeliveries and jumps of the clock in any order.

After each step the counters equal the records and each live record has its guard; whatever is open will be woken. In
the end, when time has passed, what we have is what the carrier has, and nothing was ordered twice.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import chain
from typing import Any, ClassVar

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from local.simulators.store import Record
from tests.faults.effects import Killed, killed, unreachable
from tests.faults.lab import Case, Lab
from tests.numbers import FINAL, MONTHLY, Numbers, local_numbers
from tests.world import HttpAnswer

Mishap = Callable[["Telephony"], None]

WANTED = 3
"""So few numbers that they are wanted again and again."""

ROOM = 2
"""So many fit the agency's limit."""

FAULTS: tuple[Record, ...] = (
    {"kind": "refuse"},
    {"kind": "status", "status": 500},
    {"kind": "status", "status": 500, "after": True},
    {"kind": "status", "status": 429, "times": 3},
    {"kind": "status", "status": 402},
    {"kind": "status", "status": 409},
    {"kind": "status", "status": 401},
    {"kind": "status", "status": 422},
    {"kind": "html_502", "after": True},
    {"kind": "torn_body"},
    {"kind": "truncated_json"},
    {"kind": "empty_body"},
)
DOCUMENTED = {200, 403, 404, 409, 500, 503}
CALLS = ("POST", "GET", "PATCH", "DELETE")
POINTS = (
    "telnyx POST /number_orders",
    "telnyx GET /phone_numbers",
    "telnyx GET /number_orders",
    "telnyx GET /number_orders/{id}",
    "telnyx DELETE /phone_numbers/{id}",
    "telnyx PATCH /phone_numbers/{id}",
    "dynamodb TransactWriteItems",
    "dynamodb UpdateItem operations",
    "dynamodb TransactGetItems",
    "sqs SendMessage",
)


def _dies(point: str, when: str) -> Mishap:
    return lambda machine: machine.case.lab.effects.next(point, killed(when))


def _fails(fault: Record) -> Mishap:
    return lambda machine: machine.simulator.add_faults({"method": "POST", "path": "number_orders", **fault})


def _does_not_show(status: int) -> Mishap:
    """It is sold, but when it is asked for the number the carrier fails."""
    fault = {"kind": "status", "status": status, "times": 3, "skip": 1, "method": "GET", "path": "v2/phone_numbers$"}
    return lambda machine: machine.simulator.add_faults(fault)


AT_THE_ORDER = [
    *map(_does_not_show, (401, 422, 500, 429)),
    *(_dies(point, when) for point in POINTS[:2] for when in ("before", "after")),
    _dies("dynamodb TransactWriteItems", "before"),
    _dies("dynamodb TransactWriteItems", "after"),
    *map(_fails, FAULTS),
]


class Telephony(RuleBasedStateMachine):
    """One agency at Telnyx."""

    case: ClassVar[Case]
    numbers: ClassVar[Numbers]
    assistants: ClassVar[list[int]]
    supply: ClassVar[Iterator[str]]

    @initialize(delay=st.sampled_from([0.0, 20.0, 4000.0]), lag=st.sampled_from([0.0, 3.0, 20.0]))
    def begin(self, delay: float, lag: float) -> None:
        self.case.lab.clear()
        self.numbers.forget()
        self.numbers.account["balance"] = "100000.00"
        self.numbers.account["failing_numbers"] = []
        self.numbers.limit(max_numbers=ROOM)
        self.wanted = [next(self.supply) for _ in range(WANTED)]
        self.begun: list[str] = []
        self.simulator.change_settings({"order_delay": delay, "listing_lag": lag})

    @property
    def simulator(self) -> Any:
        return self.numbers.world.telnyx.simulator

    # What callers do

    def ask(self, act: Any) -> None:
        """A request; the process may die under it."""
        try:
            answer: HttpAnswer = act()
        except Killed:
            return
        assert answer.status in DOCUMENTED, answer.body
        assert answer.status == 200 or answer.body["code"] != "internal_error"

    @rule(
        which=st.integers(0, WANTED - 1),
        assistant=st.sampled_from([None, 0, 1]),
        key=st.sampled_from([None, None, "first key", "second key"]),
        mishap=st.sampled_from([None, *AT_THE_ORDER]),
    )
    def purchase(self, which: int, assistant: int | None, key: str | None, mishap: Mishap | None) -> None:
        number, body = self.wanted[which], {}
        if mishap is not None:
            mishap(self)
        if assistant is not None:
            body = {"assistant_id": self.assistants[assistant]}
        if number not in self.begun:
            self.begun.append(number)
        self.ask(lambda: self.numbers.purchase(number, key=key and f"{key} {self.wanted[0]}", **body))

    @precondition(lambda self: self.begun)
    @rule(which=st.integers(0, WANTED - 1))
    def release(self, which: int) -> None:
        self.ask(lambda: self.numbers.release(self.begun[which % len(self.begun)]))

    @precondition(lambda self: self.begun)
    @rule(which=st.integers(0, WANTED - 1), assistant=st.sampled_from([None, 0, 1]))
    def assign(self, which: int, assistant: int | None) -> None:
        goal = None if assistant is None else self.assistants[assistant]
        self.ask(lambda: self.numbers.assign(self.begun[which % len(self.begun)], goal))

    @rule()
    def search(self) -> None:
        self.ask(lambda: self.numbers.search(limit=1))

    # What happens meanwhile

    @rule(
        fault=st.sampled_from(FAULTS),
        method=st.sampled_from(CALLS),
        skip=st.integers(0, 2),
        times=st.sampled_from([1, 3]),
    )
    def trouble(self, fault: Record, method: str, skip: int, times: int) -> None:
        """At the carrier, at some of the next calls."""
        path = "number_orders|phone_numbers"
        self.simulator.add_faults({"times": times, **fault, "method": method, "path": path, "skip": skip})

    @rule(point=st.sampled_from(POINTS), number=st.integers(1, 2), when=st.sampled_from(["before", "after"]))
    def crash(self, point: str, number: int, when: str) -> None:
        """At one of the next calls of that name."""
        self.case.lab.effects.next(point, killed(when), number)

    @rule(point=st.sampled_from(["dynamodb TransactWriteItems", "sqs SendMessage", "kms Decrypt"]))
    def outage(self, point: str) -> None:
        for number in (1, 2, 3):  # botocore sends three times before it gives up
            self.case.lab.effects.next(point, unreachable, number)

    @rule(which=st.integers(0, WANTED - 1), fails=st.booleans())
    def luck_changes(self, which: int, fails: bool) -> None:
        """The next order of a number fails, or succeeds; what was released is for sale again."""
        number, failing = self.wanted[which], self.numbers.account["failing_numbers"]
        self.simulator.state["resting_numbers"].pop(number, None)
        failing[:] = [each for each in failing if each != number] + [number] * fails

    @rule(seconds=st.sampled_from([0.0, 1.0, 6.0, 35.0, 400.0, 4000.0]))
    def time_passes_and_the_queue_runs(self, seconds: float) -> None:
        self.numbers.world.pass_time(seconds)
        try:
            self.numbers.world.run_queue()
        except Killed:
            return

    @precondition(lambda self: self.begun)
    @rule(which=st.integers(0, 9))
    def a_wake_up_comes_again(self, which: int) -> None:
        operations = self.numbers.operations
        if not operations:
            return
        try:
            self.case.wake(operations[which % len(operations)].id)
        except Killed:
            return

    # What is always right

    @invariant()
    def counters_and_guards_fit_the_records(self) -> None:
        if hasattr(self, "wanted"):
            self.numbers.check()
            assert self.numbers.limits["numbers"] <= ROOM

    def teardown(self) -> None:
        """All gets well, and time passes."""
        if not hasattr(self, "wanted"):
            return
        self.case.lab.effects.forget()
        self.simulator.clear_faults()
        for _ in range(40):
            if not self.case.due:
                break
            self.numbers.world.pass_time(4000.0)
            self.numbers.world.run_queue()
        self.numbers.check()
        records, operations = self.numbers.records, self.numbers.operations
        assert {each.status for each in operations} <= FINAL
        for number in self.wanted:
            mine = [each for each in records if each.phone_number == number]
            live = [each for each in mine if each.status != "RELEASED"]
            bought, released = self.numbers.bought(number), self.numbers.released(number)
            there = self.numbers.at_carrier(number)
            assert (len(live), bought - released) == (1, 1) if there else (len(live), bought - released) == (0, 0)
            if there:
                assert live[0].provider_phone_number_id == there["id"]
                assert live[0].monthly_price == MONTHLY
                assert (live[0].connection_id, live[0].messaging_profile_id) == (
                    there["connection_id"],
                    there["messaging_profile_id"],
                )
            # One order at the most for each purchase that was begun, and a number for each that says so.
            assert self.numbers.orders(number) <= len(mine)
            purchased = self.numbers.audit(number).count("number.purchased")
            assert purchased == bought
            assert self.numbers.audit(number).count("number.released") == released


@pytest.fixture(scope="module")
def agency(laboratory: Lab) -> tuple[Case, Numbers, list[int]]:
    laboratory.clear()
    case = laboratory.case()
    assert case.provision().status == 200
    numbers = Numbers(laboratory.world, case.agency_id, key=case.telnyx_key)
    application = next(iter(numbers.account["applications"].values()))
    numbers.account["applications"]["1293384261075731999"] = application | {"id": "1293384261075731999"}
    first = numbers.new_assistant("First")
    second = numbers.new_assistant("Second", connection_id="1293384261075731999", messaging_profile_id="profile-1")
    return case, numbers, [first, second]


def test_whatever_happens_in_whatever_order(agency: tuple[Case, Numbers, list[int]], lab: Lab) -> None:
    Telephony.case, Telephony.numbers, Telephony.assistants = agency
    Telephony.supply = chain(local_numbers("US"), local_numbers("CA"))
    bounds = settings(
        max_examples=40,
        stateful_step_count=25,
        deadline=None,
        derandomize=True,
        database=None,
        suppress_health_check=list(HealthCheck),
        phases=(Phase.generate, Phase.shrink),
    )
    run_state_machine_as_test(Telephony, settings=bounds)
