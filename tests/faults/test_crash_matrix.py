"""Killed at every point: whatever leaves the process in a clean run is a point.

After it, time passes and sweeper and worker run; or the next POST comes. What happened is counted in the carriers' own
logs.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass

import pytest
from telephony import platform_secrets

from tests.faults.effects import Killed, deaths, killed
from tests.faults.lab import Case, Lab, Snapshot
from tests.world import HttpAnswer

CHANGES = re.compile("POST|PATCH|DELETE|UpdateItem|TransactWriteItems|SendMessage")
LISTING_LAG = 3.0
"""Seconds until Telnyx lists what it made: shorter than the bundle believes it to be."""


@dataclass(frozen=True)
class Saga:
    """`prepare` makes the start; `post` is the request; `failing` a fault it meets on its way."""

    name: str
    prepare: Callable[[Case], None]
    post: Callable[[Case], HttpAnswer]
    check: Callable[[Case], None]
    once: dict[str, int]
    """What must have happened so many times at the carriers; what isn't named may be repeated."""
    audit: list[str]
    failing: bool = False


def _nothing(case: Case) -> None:
    pass


def _provisioned(case: Case) -> None:
    assert case.provision().status == 200


def _drifted(case: Case) -> None:
    """Provisioned, then changed by hand at Telnyx: the profile is gone, the application renamed, its webhook moved."""
    _provisioned(case)
    (application,) = case.applications
    case.telnyx["outbound_voice_profiles"].clear()
    application["outbound"]["outbound_voice_profile_id"] = None
    application["application_name"] = "Changed by hand"
    application["webhook_event_url"] = f"https://old.example.com/telnyx-webhook/{case.agency_id}/old"


PROVISIONED = ["telephony.provision_begun", "telephony.provisioned"]
DEPROVISIONED = ["telephony.deprovision_begun", "telephony.deprovisioned"]
FAILING = "ultravox PATCH /api/accounts/me/telephony_config #1"
CREATED = {"application_created": 1, "profile_created": 1}

SAGAS = (
    Saga("provision", _nothing, Case.provision, Case.assert_provisioned, CREATED, PROVISIONED),
    Saga(
        "provision, Ultravox down",
        _nothing,
        Case.provision,
        Case.assert_provisioned,
        CREATED,
        PROVISIONED,
        failing=True,
    ),
    Saga(
        "provision, force",
        _drifted,
        lambda case: case.provision({"force": True}),
        Case.assert_provisioned,
        {"application_created": 0, "profile_created": 1},
        PROVISIONED,
    ),
    Saga(
        "deprovision",
        _provisioned,
        Case.deprovision,
        Case.assert_deprovisioned,
        {"application_deleted": 1, "profile_deleted": 1, "telephony_config_cleared": 1},
        DEPROVISIONED,
    ),
)


@dataclass(frozen=True)
class Bench:
    """A saga with its start and the points that a clean run passes."""

    saga: Saga
    case: Case
    start: Snapshot
    points: list[str]

    def begin(self) -> None:
        lab = self.case.lab
        lab.clear()
        platform_secrets.forget()  # as a process that has just begun
        self.case.restore(self.start)
        lab.world.telnyx.simulator.change_settings({"listing_lag": LISTING_LAG})
        if self.saga.failing:
            lab.fault("ultravox", kind="status", status=500, path="telephony_config", times=3)

    def kill(self, point: str, when: str) -> None:
        """The request, which dies at that point."""
        self.case.lab.effects.at[point] = killed(when)
        with pytest.raises(Killed):
            self.saga.post(self.case)

    def check(self) -> None:
        self.saga.check(self.case)
        log = self.case.log
        assert {kind: log[kind] for kind in self.saga.once} == self.saga.once, log
        assert self.case.audit == self.saga.audit


@pytest.fixture(scope="module", params=SAGAS, ids=lambda saga: saga.name.replace(", ", "-").replace(" ", "-"))
def bench(request: pytest.FixtureRequest, laboratory: Lab) -> Bench:
    saga: Saga = request.param
    laboratory.clear()
    case = laboratory.case()
    saga.prepare(case)
    made = Bench(saga, case, case.snapshot(), [])
    made.begin()
    saga.post(case)
    seen = laboratory.effects.seen
    # Up to the failure all is as without it.
    made.points.extend(seen[seen.index(FAILING) :] if saga.failing else seen)
    case.settle()
    made.check()
    return made


def test_killed_anywhere_the_queue_finishes_it(bench: Bench, table: list[str]) -> None:
    for point, when in deaths(bench.points):
        bench.begin()
        bench.kill(point, when)
        began = bool(bench.case.operations)

        bench.case.settle()
        if not began:
            assert bench.case.log == Counter(), f"{when} {point}"
            assert bench.saga.post(bench.case).status in (200, 500)
            bench.case.settle()

        _report(bench, table, point, when, "queue" if began else "POST")


def test_killed_anywhere_the_next_post_finishes_it(bench: Bench, table: list[str]) -> None:
    for point, when in deaths(bench.points):
        bench.begin()
        bench.kill(point, when)

        begun = bench.case.operations
        if not begun:
            continue  # as in the test above
        if begun[0].due_at and begun[0].leased:
            early = bench.saga.post(bench.case)
            assert (early.status, early.body["code"]) == (409, "operation_in_progress"), f"{when} {point}"
            bench.case.wait_for_lease()
        if begun[0].due_at:
            answer = bench.saga.post(bench.case)
            if bench.saga.failing and answer.status == 500:
                answer = bench.saga.post(bench.case)
            assert answer.status == 200, answer.body

        _report(bench, table, point, when, "POST")


@pytest.mark.parametrize("bench", SAGAS[:1], indirect=True)
def test_killed_again_while_it_recovers(bench: Bench, table: list[str]) -> None:
    """First right after something was created; then after any write of the run that mends it."""
    for first in (point for point in bench.points if "telnyx POST" in point):
        for second, when in deaths(_points_of_recovery(bench, first)):
            bench.begin()
            bench.kill(first, "after")
            bench.case.wait_for_lease()
            bench.case.lab.effects.forget()
            bench.case.lab.effects.at[second] = killed(when)
            with pytest.raises(Killed):
                bench.case.lab.world.run_queue()

            bench.case.settle()

            _report(bench, table, f"{first}, {second}", when, "queue")


def _points_of_recovery(bench: Bench, first: str) -> list[str]:
    """What the worker's run passes that changes something."""
    bench.begin()
    bench.kill(first, "after")
    bench.case.wait_for_lease()
    bench.case.lab.effects.forget()
    bench.case.lab.world.run_queue()
    bench.check()
    return [point for point in bench.case.lab.effects.seen if CHANGES.search(point)]


def _report(bench: Bench, table: list[str], point: str, when: str, by: str) -> None:
    case = bench.case
    effects = ", ".join(f"{kind} {count}" for kind, count in sorted(case.log.items()))
    states = ", ".join(operation.status for operation in case.operations)
    line = f"{bench.saga.name:25} {when:6} {point:60} {by:5} {states} | {effects} | {', '.join(case.audit)}"
    try:
        bench.check()
    except Exception as error:
        table.append(f"{line} | WRONG: {error}")
        raise AssertionError(line) from error
    table.append(line)
