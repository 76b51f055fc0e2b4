"""Killed at every point of a purchase, release, import and batch at Twilio and SignalWire.

Points are found as in test_purchase_crashes.py; what happened is counted in the carrier's own log.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import chain, islice

import pytest

from local.simulators import demo_accounts as demo
from tests.carriers import CARRIERS, TWIML, CarrierNumbers, for_sale, with_own_account
from tests.faults.effects import Killed, deaths, killed
from tests.faults.lab import Case, Lab

CHANGES = re.compile("POST|PUT|DELETE|UpdateItem|TransactWriteItems|SendMessage")
LISTING_LAG = 3.0
TAKEN = 0
"""Which of the carrier's numbers somebody else has bought."""


_unsold = {
    carrier: islice(chain(for_sale(carrier, "US"), for_sale(carrier, "CA")), TAKEN + 1, None) for carrier in CARRIERS
}
"""What the carrier's log says nothing of yet."""


@dataclass
class Cell:
    """One number on its way, of the module's agency."""

    numbers: CarrierNumbers
    number: str
    taken: str
    assistant: int

    @property
    def traces(self) -> tuple[int, ...]:
        """What tells whether anything was begun."""
        numbers = self.numbers
        effects = (numbers.bought(self.number), numbers.released(self.number), len(self.updates))
        return len(numbers.operations), len(numbers.records), *effects

    @property
    def updates(self) -> list[object]:
        return list(self.numbers.effects("number_updated", self.number))


def _nothing(_cell: Cell) -> None:
    pass


def _refusing(cell: Cell) -> None:
    path = "IncomingPhoneNumbers.json$" if cell.numbers.carrier == "twilio" else "phone_numbers$"
    fault = {"kind": "status", "status": 402, "method": "POST", "path": path, "times": 99}
    cell.numbers.server.simulator.add_faults(fault)


def _bought(cell: Cell) -> None:
    cell.numbers.server.simulator.change_settings({"listing_lag": 0.0})
    assert cell.numbers.purchase(cell.number, assistant_id=cell.assistant).status == 200
    cell.numbers.world.pass_time(31 * 86400)


def _theirs(cell: Cell) -> None:
    """In the account already, with somebody's webhook."""
    cell.numbers.server.simulator.change_settings({"listing_lag": 0.0})
    url = {"voice_url": "https://theirs.example.com"}
    if cell.numbers.carrier == "signalwire":
        url = {"call_request_url": "https://theirs.example.com", "call_handler": "laml_webhooks"}
    cell.numbers.buy_by_hand(cell.number, **url)


def _buy(cell: Cell) -> None:
    cell.numbers.purchase(cell.number, assistant_id=cell.assistant)


def _release(cell: Cell) -> None:
    cell.numbers.release(cell.number)


def _import(cell: Cell) -> None:
    cell.numbers.import_number(cell.number, takeover=True, assistant_id=cell.assistant)


def _batch(cell: Cell) -> None:
    """The request, and the queue's work on it: one number that is to be had, and one that is not."""
    items = [{"phone_number": cell.number, "assistant_id": cell.assistant}, {"phone_number": cell.taken}]
    answer = cell.numbers.batch(items)
    assert answer.status == 202, answer.body
    cell.numbers.world.run_queue()


@dataclass(frozen=True)
class Saga:
    """`prepare` makes the start, `act` is what gets killed; `bought` and `released` count at the carrier."""

    name: str
    prepare: Callable[[Cell], None]
    act: Callable[[Cell], None]
    bought: int
    released: int
    status: str
    audit: tuple[str, ...]


PURCHASED = ("number.purchase_begun", "number.purchased")
SAGAS = (
    Saga("purchase", _nothing, _buy, 1, 0, "ACTIVE", PURCHASED),
    Saga("purchase, refused", _refusing, _buy, 0, 0, "RELEASED", ("number.purchase_begun", "number.purchase_failed")),
    Saga("release", _bought, _release, 1, 1, "RELEASED", (*PURCHASED, "number.release_begun", "number.released")),
    Saga("import", _theirs, _import, 1, 0, "ACTIVE", ("number.import_begun", "number.imported")),
)


BATCH = Saga("batch", _nothing, _batch, 1, 0, "ACTIVE", PURCHASED)


@pytest.fixture(scope="module")
def agency(request: pytest.FixtureRequest, laboratory: Lab) -> Iterator[tuple[Case, CarrierNumbers, int]]:
    """An agency with a carrier account of its own, and an assistant. `request.param`: the carrier."""
    from telephony.bootstrap import container

    laboratory.clear()
    case, carrier = laboratory.case(), request.param
    numbers = with_own_account(laboratory.world, carrier, case.agency_id)
    with pytest.MonkeyPatch.context() as patch:
        # Fast enough that no request waits for its turn: whether one waits would depend on how fast the machine is.
        patch.setenv("CARRIER_REQUESTS_PER_SECOND", "100000")
        container.cache_clear()
        yield case, numbers, numbers.new_assistant(ultravox_agent_id=demo.ULTRAVOX_AGENT_ID)
    container.cache_clear()
    simulator = numbers.server.simulator
    simulator.change_inventory([], simulator.state["hidden_numbers"])


@dataclass(frozen=True)
class Bench:
    """A saga with the points that a clean run of it passes."""

    saga: Saga
    case: Case
    numbers: CarrierNumbers
    assistant: int
    unsold: Iterator[str]
    points: list[str]

    def begin(self) -> Cell:
        taken = list(for_sale(self.numbers.carrier))[TAKEN]
        cell = Cell(self.numbers, next(self.unsold), taken, self.assistant)
        self.case.lab.clear()
        self.numbers.forget()
        self.numbers.take(taken)
        self.numbers.server.simulator.change_settings({"listing_lag": LISTING_LAG})
        self.saga.prepare(cell)
        self.case.lab.effects.forget()
        return cell

    def check(self, cell: Cell) -> None:
        saga, numbers, number = self.saga, cell.numbers, cell.number
        assert (numbers.bought(number), numbers.released(number)) == (saga.bought, saga.released)
        record = numbers.record(number)
        assert (record.status, record.operation_id, record.marked_for_release) == (saga.status, None, False)
        assert tuple(numbers.audit(number)) == saga.audit
        there = numbers.at_carrier(number)
        if saga.status == "ACTIVE":
            assert there is not None
            assert record.provider_phone_number_id == there["sid" if numbers.carrier == "twilio" else "id"]
            assert numbers.urls(number) == (TWIML, TWIML)
            assert record.assistant_id == self.assistant
        else:
            assert there is None
        if saga.act is _import:
            assert record.metadata == {"replaced_webhooks": {"voice_url": "https://theirs.example.com"}}
        if saga.act is _batch:
            [parent] = [each for each in numbers.operations if each.kind == "purchase_batch"]
            assert (parent.status, parent.result) == ("SUCCEEDED", {"succeeded": 1, "failed": 1, "need_attention": 0})
            assert numbers.bought(cell.taken) == 0
        assert {each.status for each in numbers.operations} <= {"SUCCEEDED", "ABANDONED"}
        numbers.check()


@pytest.fixture
def bench(request: pytest.FixtureRequest, lab: Lab, agency: tuple[Case, CarrierNumbers, int]) -> Bench:
    case, numbers, assistant = agency
    made = Bench(request.param, case, numbers, assistant, _unsold[numbers.carrier], [])
    cell = made.begin()
    made.saga.act(cell)
    made.points.extend(lab.effects.seen)
    case.settle()
    made.check(cell)
    return made


@pytest.mark.parametrize(
    ("agency", "bench"),
    [(carrier, saga) for carrier in CARRIERS for saga in SAGAS],
    indirect=True,
    ids=lambda value: value if isinstance(value, str) else value.name.replace(", ", "-"),
)
def test_killed_anywhere_it_is_finished_exactly_once(bench: Bench, table: list[str]) -> None:
    for point, when in deaths(bench.points):
        _kill(bench, table, point, when)


@pytest.mark.parametrize(("agency", "bench"), [("twilio", BATCH)], indirect=True, ids=["twilio-batch"])
def test_a_batch_killed_after_any_change_decides_every_number_once(bench: Bench, table: list[str]) -> None:
    """Where nothing was changed since the point before, being killed is being killed there."""
    for point in bench.points:
        if CHANGES.search(point):
            _kill(bench, table, point, "after")


def _kill(bench: Bench, table: list[str], point: str, when: str) -> None:
    cell = bench.begin()
    before = cell.traces
    bench.case.lab.effects.at[point] = killed(when)
    with pytest.raises(Killed):
        bench.saga.act(cell)
    begun = cell.traces != before

    bench.case.settle()
    if not begun:
        assert cell.traces == before
        bench.saga.act(cell)
        bench.case.settle()

    _report(bench, cell, table, point, when, "queue" if begun else "again")


def _report(bench: Bench, cell: Cell, table: list[str], point: str, when: str, by: str) -> None:
    numbers, number = cell.numbers, cell.number
    effects = f"bought {numbers.bought(number)}, released {numbers.released(number)}, updated {len(cell.updates)}"
    audit = ", ".join(each.removeprefix("number.") for each in numbers.audit(number))
    name = f"{numbers.carrier}, {bench.saga.name}"
    line = f"{name:30} {when:6} {point:60} {by:5} {numbers.record(number).status:8} | {effects} | {audit}"
    try:
        bench.check(cell)
    except Exception as error:
        table.append(f"{line} | WRONG: {error}")
        raise AssertionError(line) from error
    table.append(line)
