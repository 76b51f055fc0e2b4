"""Killed at every point of a purchase, a release, an assignment, and of the queue's run that ends a pending order.

Whatever leaves the process in a clean run is a point. After each, time passes and sweeper and worker run. Orders are
counted in the carrier's own log.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from itertools import chain

import pytest

from tests.faults.effects import Killed, deaths, killed
from tests.faults.lab import Case, Lab
from tests.numbers import Numbers, local_numbers
from tests.world import HttpAnswer

CHANGES = re.compile("POST|PATCH|DELETE|UpdateItem|TransactWriteItems|SendMessage")
LISTING_LAG = 20.0
"""Seconds until Telnyx lists what it made: more than a run takes on a slow machine, less than the client's patience."""
PENDING_FOR = 12.0

_unsold = chain(local_numbers("US"), local_numbers("CA"))


@dataclass
class Cell:
    """One number on its way, of the module's agency."""

    numbers: Numbers
    number: str
    assistant: int

    def traces(self) -> tuple[int, int, int, int]:
        """What tells whether anything was begun: operations, records, orders, deletions."""
        at_carrier = self.numbers.orders(self.number), self.numbers.released(self.number)
        return len(self.numbers.operations), len(self.numbers.records), *at_carrier

    @property
    def lab_settings(self) -> dict[str, float | None]:
        settings: dict[str, float | None] = self.numbers.world.telnyx.simulator.settings
        return settings


def _decided_at_once(cell: Cell) -> None:
    cell.lab_settings["order_delay"] = 0.0


def _decided_later(cell: Cell) -> None:
    cell.lab_settings["order_delay"] = PENDING_FOR


def _refused(cell: Cell) -> None:
    fault = {"kind": "status", "status": 402, "method": "POST", "path": "number_orders", "times": 99}
    cell.numbers.world.telnyx.simulator.add_faults(fault)


def _bought(cell: Cell) -> None:
    _decided_at_once(cell)
    cell.lab_settings["listing_lag"] = 0.0
    assert cell.numbers.purchase(cell.number, assistant_id=cell.assistant).status == 200
    assert cell.numbers.record(cell.number).status == "ACTIVE"


def _ordered(cell: Cell) -> None:
    _decided_later(cell)
    answer = cell.numbers.purchase(cell.number, assistant_id=cell.assistant)
    assert answer.body["purchase_details"]["status"] == "pending"
    cell.numbers.world.lose_messages()


def _buy(cell: Cell) -> HttpAnswer:
    return cell.numbers.purchase(cell.number)


def _buy_for_an_assistant(cell: Cell) -> HttpAnswer:
    return cell.numbers.purchase(cell.number, assistant_id=cell.assistant, key=f"key of {cell.number}")


def _release(cell: Cell) -> HttpAnswer:
    return cell.numbers.release(cell.number)


def _assign(cell: Cell) -> HttpAnswer:
    """To an assistant of another connection, which can also take messages."""
    return cell.numbers.assign(cell.number, cell.assistant + 1)


def _queue(cell: Cell) -> None:
    """The next run of sweeper and worker, when the order is decided."""
    cell.numbers.world.pass_time(PENDING_FOR + 1)
    cell.numbers.world.run_queue(once=True)


@dataclass(frozen=True)
class Saga:
    """`prepare` makes the start, `act` is what gets killed."""

    name: str
    prepare: Callable[[Cell], None]
    act: Callable[[Cell], object]
    orders: int
    bought: int
    released: int
    status: str
    audit: tuple[str, ...]
    operation: str = "SUCCEEDED"
    assistant: int | None = None
    """0: the first of the two, 1: the second."""


PURCHASED = ("number.purchase_begun", "number.purchased")
SAGAS = (
    Saga("purchase", _decided_at_once, _buy, 1, 1, 0, "ACTIVE", PURCHASED),
    Saga("purchase, keyed, pending", _decided_later, _buy_for_an_assistant, 1, 1, 0, "ACTIVE", PURCHASED, assistant=0),
    Saga(
        "purchase, refused",
        _refused,
        _buy,
        0,
        0,
        0,
        "RELEASED",
        ("number.purchase_begun", "number.purchase_failed"),
        "ABANDONED",
    ),
    Saga("queue ends an order", _ordered, _queue, 1, 1, 0, "ACTIVE", PURCHASED, assistant=0),
    Saga(
        "release",
        _bought,
        _release,
        1,
        1,
        1,
        "RELEASED",
        (*PURCHASED, "number.release_begun", "number.released"),
        assistant=0,
    ),
    Saga("assign", _bought, _assign, 1, 1, 0, "ACTIVE", (*PURCHASED, "number.assigned"), assistant=1),
)


@pytest.fixture(scope="module")
def agency(laboratory: Lab) -> tuple[Case, Numbers, int]:
    """An agency with two assistants."""
    laboratory.clear()
    case = laboratory.case()
    assert case.provision().status == 200
    numbers = Numbers(laboratory.world, case.agency_id, key=case.telnyx_key)
    application = next(iter(numbers.account["applications"].values()))
    numbers.account["balance"] = "100000.00"
    numbers.account["applications"]["1293384261075731999"] = application | {"id": "1293384261075731999"}
    first = numbers.new_assistant("First")
    second = numbers.new_assistant("Second", connection_id="1293384261075731999", messaging_profile_id="profile-1")
    assert second == first + 1
    return case, numbers, first


@dataclass(frozen=True)
class Bench:
    """A saga with the points that a clean run of it passes."""

    saga: Saga
    case: Case
    numbers: Numbers
    assistant: int
    points: list[str]

    def begin(self) -> Cell:
        cell = Cell(self.numbers, next(_unsold), self.assistant)
        self.case.lab.clear()
        self.numbers.forget()
        cell.lab_settings["listing_lag"] = LISTING_LAG
        self.saga.prepare(cell)
        self.case.lab.effects.forget()
        return cell

    def check(self, cell: Cell) -> None:
        saga, numbers, number = self.saga, cell.numbers, cell.number
        assert (numbers.orders(number), numbers.bought(number), numbers.released(number)) == (
            saga.orders,
            saga.bought,
            saga.released,
        )
        record, operations = numbers.record(number), numbers.operations_on(number)
        assert (record.status, record.operation_id, record.marked_for_release) == (saga.status, None, False)
        assert operations[-1].status == saga.operation
        assert {each.status for each in operations[:-1]} <= {"SUCCEEDED"}
        assert tuple(numbers.audit(number)) == saga.audit
        assert record.assistant_id == (None if saga.assistant is None else self.assistant + saga.assistant)
        there = numbers.at_carrier(number)
        if saga.status == "ACTIVE":
            assert there is not None
            assert record.provider_phone_number_id == there["id"]
            assert record.connection_id == there["connection_id"]
            assert record.messaging_profile_id == there["messaging_profile_id"]
        else:
            assert there is None
        numbers.check()


@pytest.fixture(params=SAGAS, ids=lambda saga: saga.name.replace(", ", "-").replace(" ", "-"))
def bench(request: pytest.FixtureRequest, lab: Lab, agency: tuple[Case, Numbers, int]) -> Bench:
    case, numbers, assistant = agency
    made = Bench(request.param, case, numbers, assistant, [])
    cell = made.begin()
    made.saga.act(cell)
    made.points.extend(lab.effects.seen)
    case.settle()
    made.check(cell)
    return made


def test_killed_anywhere_it_is_finished_exactly_once(bench: Bench, table: list[str]) -> None:
    for point, when in deaths(bench.points):
        cell = bench.begin()
        before = cell.traces()
        bench.case.lab.effects.at[point] = killed(when)
        with pytest.raises(Killed):
            bench.saga.act(cell)
        begun = cell.traces() != before

        bench.case.settle()
        if not begun:
            assert cell.traces() == before
            bench.saga.act(cell)
            bench.case.settle()

        report(bench, cell, table, point, when, "queue" if begun or bench.saga.act is _queue else "again")
        if bench.saga.act is _buy_for_an_assistant:
            replay = _buy_for_an_assistant(cell)
            assert (replay.status, replay.headers["idempotency-replayed"]) == (200, "true")


@pytest.mark.parametrize("bench", [SAGAS[0], SAGAS[4], SAGAS[5]], indirect=True, ids=lambda saga: saga.name)
def test_killed_again_while_it_recovers(bench: Bench, table: list[str]) -> None:
    """First right after the carrier did something; then after each change of the run that mends it."""
    for first in (point for point in bench.points if re.search("telnyx (POST|PATCH|DELETE)", point)):
        for second, when in deaths(points_of_recovery(bench, first)):
            cell = bench.begin()
            recover_from(bench, cell, first)
            bench.case.lab.effects.at[second] = killed(when)
            with pytest.raises(Killed):
                bench.case.lab.world.run_queue(once=True)

            bench.case.settle()

            report(bench, cell, table, f"{first}, {second}", when, "queue")


def recover_from(bench: Bench, cell: Cell, first: str) -> None:
    """Killed right after `first`, and time passed until the queue may take it up."""
    bench.case.lab.effects.at[first] = killed("after")
    with pytest.raises(Killed):
        bench.saga.act(cell)
    bench.case.wait_for_lease()
    bench.case.lab.effects.forget()


def points_of_recovery(bench: Bench, first: str) -> list[str]:
    cell = bench.begin()
    recover_from(bench, cell, first)
    bench.case.lab.world.run_queue(once=True)
    passed = [point for point in bench.case.lab.effects.seen if CHANGES.search(point)]
    bench.case.settle()
    bench.check(cell)
    return passed


def report(bench: Bench, cell: Cell, table: list[str], point: str, when: str, by: str) -> None:
    numbers, number = cell.numbers, cell.number
    effects = f"orders {numbers.orders(number)}, bought {numbers.bought(number)}, released {numbers.released(number)}"
    states = ", ".join(each.status for each in numbers.operations_on(number))
    audit = ", ".join(each.removeprefix("number.") for each in numbers.audit(number))
    record = numbers.record(number).status
    line = f"{bench.saga.name:25} {when:6} {point:60} {by:5} {record:8} {states} | {effects} | {audit}"
    try:
        bench.check(cell)
    except Exception as error:
        table.append(f"{line} | WRONG: {error}")
        raise AssertionError(line) from error
    table.append(line)
