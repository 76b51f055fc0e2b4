"""Many at once on one agency, in real processes against a real DynamoDB engine: one set-up, documented answers.

The carriers take their time here, so that the runs overlap; that they did is asserted.
"""

from __future__ import annotations

import json
import threading
from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest

from tests.faults.contenders import Attempt, Outcome, race
from tests.faults.effects import Send
from tests.faults.lab import Case, Lab
from tests.world import event, sqs_record

LATENCY = 0.15
"""Seconds that each carrier call takes."""

DOCUMENTED = {(200, None), (409, "operation_in_progress"), (400, "already_provisioned")}


@pytest.fixture
def case(lab: Lab) -> Iterator[Case]:
    made = lab.case()
    _set_latency(lab, LATENCY)
    yield made
    _set_latency(lab, 0.0)


def _set_latency(lab: Lab, seconds: float) -> None:
    for carrier in (lab.world.telnyx, lab.world.ultravox):
        carrier.simulator.change_settings({"latency": seconds})


def _post(case: Case, path: str, body: Any = None) -> Attempt:
    return Attempt("provision_telephony", event("POST", path, body, {"authorization": f"Bearer {case.token}"}))


def _wakeup(operation_id: str) -> Attempt:
    return Attempt("retry_worker", {"Records": [sqs_record(json.dumps({"operation_id": operation_id}))]}, 300)


def _answers(outcomes: list[Outcome]) -> Counter[tuple[int, str | None]]:
    """How often each status and code was answered by the doors."""
    bodies = [(each.answer["statusCode"], json.loads(each.answer["body"])) for each in outcomes]
    return Counter((status, body.get("code")) for status, body in bodies)


def _assert_overlap(outcomes: list[Outcome]) -> None:
    """All had begun before the one that took longest had ended, and it took long."""
    longest = max(outcomes, key=lambda each: each.ended - each.began)
    assert longest.ended - longest.began > 2 * LATENCY
    assert max(each.began for each in outcomes) < longest.ended - LATENCY


def _unfinished(case: Case) -> str:
    """Begun, failed at its fourth step, and free to be taken up."""
    case.lab.fault("ultravox", kind="status", status=500, path="telephony_config", times=3)
    operation_id: str = case.provision().body["operation_id"]
    return operation_id


def test_twenty_posts_at_once(case: Case) -> None:
    outcomes = race([_post(case, "/provision-telephony")] * 20)

    _assert_overlap(outcomes)
    answers = _answers(outcomes)
    assert set(answers) <= DOCUMENTED
    assert answers[200, None] == 1
    _assert_one_of_each(case)
    assert case.audit == ["telephony.provision_begun", "telephony.provisioned"]


def test_two_at_once_with_force_after_the_application_is_gone(case: Case) -> None:
    case.provision()
    case.telnyx["applications"].clear()

    outcomes = race([_post(case, "/provision-telephony", {"force": True})] * 2)

    _assert_overlap(outcomes)
    assert set(_answers(outcomes)) <= DOCUMENTED
    case.assert_provisioned()
    assert (case.log["application_created"], case.log["profile_created"]) == (2, 1)


def test_a_post_against_the_worker_on_one_operation(case: Case) -> None:
    operation_id = _unfinished(case)

    outcomes = race([_post(case, "/provision-telephony"), _wakeup(operation_id)])

    answered = _answers(outcomes[:1])
    assert set(answered) <= DOCUMENTED
    assert outcomes[1].answer == {"batchItemFailures": []}
    assert max(each.began for each in outcomes) < max(each.ended for each in outcomes)
    _assert_one_of_each(case)
    assert case.log["telephony_config_set"] == 1
    assert case.audit == ["telephony.provision_begun", "telephony.provisioned"]


def test_the_worker_against_itself_on_one_operation(case: Case) -> None:
    operation_id = _unfinished(case)

    outcomes = race([_wakeup(operation_id)] * 4)

    assert [each.answer for each in outcomes] == [{"batchItemFailures": []}] * 4
    _assert_one_of_each(case)
    assert case.log["telephony_config_set"] == 1
    assert case.audit == ["telephony.provision_begun", "telephony.provisioned"]


def test_tearing_down_against_setting_up(case: Case) -> None:
    case.provision()

    outcomes = race(
        [
            _post(case, "/deprovision-telephony", {"confirm": True}),
            _post(case, "/provision-telephony", {"force": True}),
        ]
    )

    _assert_overlap(outcomes)
    assert set(_answers(outcomes)) <= DOCUMENTED
    case.settle()
    torn_down = case.agency.telnyx_application_id is None
    (case.assert_deprovisioned if torn_down else case.assert_provisioned)()
    assert case.log["application_created"] - case.log["application_deleted"] == (0 if torn_down else 1)


def test_tearing_down_against_the_worker_that_sets_up(case: Case) -> None:
    """The deprovision either waits for it or takes its place; nothing is left over in either case."""
    operation_id = _unfinished(case)
    case.lab.world.pass_time(0)

    outcomes = race([_post(case, "/deprovision-telephony", {"confirm": True}), _wakeup(operation_id)])

    assert set(_answers(outcomes[:1])) <= DOCUMENTED
    case.settle()
    torn_down = case.agency.telnyx_application_id is None
    (case.assert_deprovisioned if torn_down else case.assert_provisioned)()
    assert (case.log["application_created"], case.log["profile_created"]) == (1, 1)


def test_tearing_down_what_the_worker_went_on_with_meanwhile(lab: Lab) -> None:
    """Between look and claim the worker begins something, doesn't learn of its outcome, and stops."""
    # given a provision that could not even look yet
    case = lab.case()
    lab.fault("telnyx", kind="status", status=500, method="GET", path="call_control_applications", times=3)
    operation_id = case.provision().body["operation_id"]

    def worker_first(send: Send) -> Any:
        lab.fault("telnyx", kind="timeout_after", seconds=0, method="POST", path="call_control_applications")
        case.wake(operation_id)
        return send()

    lab.effects.next("dynamodb TransactWriteItems", worker_first)

    # when it is to be torn down
    answer = case.deprovision()

    # then the deprovision steps back: what there is to delete is not known
    assert case.log["application_created"] == 1
    assert (answer.status, answer.body["code"]) == (409, "operation_in_progress")
    # and nothing is left over, whichever comes next
    lab.world.pass_time(30)
    assert case.deprovision().status == 200
    case.settle()
    case.assert_deprovisioned()


JOURNAL = "dynamodb TransactWriteItems"


@pytest.mark.parametrize(
    ("look", "written"),
    [("telnyx GET /call_control_applications", 1), ("telnyx GET /outbound_voice_profiles", 2)],
    ids=["the claim", "the second step's beginning"],
)
def test_telnyx_is_asked_while_the_journal_is_written(lab: Lab, look: str, written: int) -> None:
    asked = threading.Event()

    def tell(send: Send) -> Any:
        asked.set()
        return send()

    def wait_for_the_look(send: Send) -> Any:
        assert asked.wait(20), "Telnyx was not asked before the journal was written"
        return send()

    lab.effects.next(look, tell)
    lab.effects.next(JOURNAL, wait_for_the_look, written)
    case = lab.case()

    assert case.provision().status == 200
    _assert_one_of_each(case)


def test_what_was_looked_at_before_another_provision_counts_for_nothing(lab: Lab) -> None:
    """One that has seen no application, and whose claim comes late: another has begun and ended meanwhile."""
    case = lab.case()
    seen = threading.Event()

    def tell(send: Send) -> Any:
        answer = send()
        seen.set()
        return answer

    def another_first(send: Send) -> Any:
        assert seen.wait(20)
        assert case.provision().status == 200
        return send()

    lab.effects.next("telnyx GET /call_control_applications", tell)
    lab.effects.next(JOURNAL, another_first)

    answer = case.provision()

    assert (answer.status, answer.body["code"]) == (409, "operation_in_progress")
    _assert_one_of_each(case)


def _assert_one_of_each(case: Case) -> None:
    case.assert_provisioned()
    assert (case.log["application_created"], case.log["profile_created"]) == (1, 1)
