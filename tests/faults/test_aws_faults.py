"""DynamoDB, KMS, Secrets Manager and SQS failing at each call: the documented answer, nothing half-written, and then
the next try finishes.
"""

from __future__ import annotations

import json
from collections import Counter
from typing import Any

import pytest
from telephony import platform_secrets
from telephony.aws import ATTEMPTS
from telephony.clock import Deadline
from telephony.providers.transport import MARGIN_SECONDS

from tests.faults.effects import Interference, Send, answer_lost, refused_by_aws, unreachable
from tests.faults.lab import Case, Lab, Snapshot

THROTTLED = refused_by_aws(400, "ProvisionedThroughputExceededException")
BROKEN = refused_by_aws(500, "InternalServerError")
DENIED = refused_by_aws(400, "AccessDeniedException")
UNDER_WAY = refused_by_aws(400, "TransactionInProgressException")


@pytest.fixture(scope="module")
def fresh(laboratory: Lab) -> tuple[Case, Snapshot]:
    case = laboratory.case()
    return case, case.snapshot()


@pytest.fixture(scope="module")
def points(laboratory: Lab, fresh: tuple[Case, Snapshot]) -> list[str]:
    """The AWS calls of a clean provision."""
    laboratory.clear()
    platform_secrets.forget()
    assert fresh[0].provision().status == 200
    return [point for point in laboratory.effects.seen if not point.startswith(("telnyx", "ultravox"))]


@pytest.fixture
def case(lab: Lab, fresh: tuple[Case, Snapshot], points: list[str]) -> Case:
    _begin(fresh)
    return fresh[0]


def _begin(fresh: tuple[Case, Snapshot]) -> None:
    case, snapshot = fresh
    case.lab.clear()
    platform_secrets.forget()  # as a process that has just begun
    case.restore(snapshot)


SECRETS = ("webhook secret", "Telnyx's keys", "Ultravox's key")

CLAIM = "dynamodb TransactWriteItems #1"

OUTAGES = {
    "throttled": (THROTTLED, False),
    "internal-error": (BROKEN, False),
    "answer-lost": (answer_lost, False),
    "unreachable-from-then-on": (unreachable, True),
    "denied-from-then-on": (DENIED, True),
}
"""Each meets one call with all its repetitions, or every call of that service from there on."""


@pytest.mark.parametrize(("outage", "lasting"), OUTAGES.values(), ids=OUTAGES)
def test_each_call_of_aws_fails(
    outage: Interference, lasting: bool, case: Case, fresh: tuple[Case, Snapshot], points: list[str]
) -> None:
    for point in points:
        _begin(fresh)
        effects = case.lab.effects
        if lasting:
            effects.from_then_on(point, outage)
        else:
            # (An agency's secrets are opened at the same time: the outage meets the repetitions of all of them.)
            effects.burst(point, outage, len(SECRETS) * ATTEMPTS if point.startswith("kms") else ATTEMPTS)

        answer = case.provision()

        begun = points.index(point) > points.index(CLAIM)
        if point == points[-1] and outage is answer_lost:
            assert (answer.status, answer.body["code"]) == (409, "operation_in_progress")  # it has ended, unnoticed
        elif begun:
            code = "outcome_unknown"
            assert (answer.status, answer.body["code"], answer.body["retry_scheduled"]) == (500, code, True), point
            assert answer.body["fix"] == "Nothing to do: it goes on by itself."
        elif point == CLAIM and (lasting or outage is answer_lost):
            # It has begun; or that it has not can't be read.
            told = answer.status, answer.body["code"], answer.body["retry_scheduled"]
            assert told == (500, "outcome_unknown", True), point
            assert "If it is not there, nothing was done" in answer.body["fix"]
        elif point.startswith("dynamodb"):
            assert (answer.status, answer.body["code"]) == (503, "storage_unavailable"), point
        else:
            assert (answer.status, answer.body["code"]) == (500, "credentials_unavailable"), point
        assert answer.body["retryable"] is True
        if not begun and not (point == CLAIM and outage is answer_lost):
            assert (case.operations, case.audit, case.log) == ([], [], Counter()), f"half-written at {point}"
            assert case.agency.telephony_operation_id is None

        effects.forget()
        if case.operations:
            case.settle()
        else:
            assert case.provision().status == 200, point
        _check_end(case, point)


def test_a_lost_answer_of_a_transaction_is_no_second_transaction(
    case: Case, fresh: tuple[Case, Snapshot], points: list[str]
) -> None:
    """The SDK repeats it with the same token, so that DynamoDB knows it."""
    for point in (each for each in points if "TransactWriteItems" in each):
        _begin(fresh)
        case.lab.effects.at[point] = answer_lost

        assert case.provision().status == 200, point
        _check_end(case, point)


def test_a_transaction_that_is_still_under_way_is_waited_for(
    case: Case, fresh: tuple[Case, Snapshot], points: list[str]
) -> None:
    """A slow one: the SDK's time limit runs out, and what it repeats is told that the first is still worked on."""
    for point in (each for each in points if "TransactWriteItems" in each):
        _begin(fresh)
        name, number = point.rsplit("#", 1)
        case.lab.effects.at[point] = answer_lost
        case.lab.effects.at[f"{name}#{int(number) + 1}"] = UNDER_WAY

        assert case.provision().status == 200, point
        _check_end(case, point)


@pytest.mark.parametrize("service", ["dynamodb", "kms", "secretsmanager"])
@pytest.mark.parametrize(
    ("outage", "metric"),
    [(unreachable, "AwsFailures"), (THROTTLED, "AwsFailures"), (DENIED, "UnexpectedErrors")],
    ids=["unreachable", "throttled", "denied"],
)
def test_a_failure_of_aws_is_counted_by_whose_fault_it_is(
    outage: Interference, metric: str, service: str, case: Case, capsys: pytest.CaptureFixture[str]
) -> None:
    """A missing right is this deployment's: a release that brings it about is to be rolled back."""
    case.lab.effects.at[service] = outage

    assert case.provision().status >= 500

    metrics = [json.loads(line) for line in capsys.readouterr().out.splitlines() if '"_aws"' in line]
    counted = [each.get(metric) for each in metrics]
    assert counted == [1] * (len(SECRETS) if service == "kms" else 1)


@pytest.mark.parametrize(
    ("outage", "metric"),
    [(unreachable, "AwsFailures"), (THROTTLED, "AwsFailures"), (DENIED, "UnexpectedErrors")],
    ids=["unreachable", "throttled", "denied"],
)
def test_without_the_queue_the_sweeper_takes_over(
    outage: Interference, metric: str, case: Case, capsys: pytest.CaptureFixture[str]
) -> None:
    case.lab.fault("ultravox", kind="status", status=500, path="telephony_config", times=3)
    case.lab.effects.at["sqs"] = outage

    answer = case.provision()

    assert (answer.status, answer.body["code"]) == (500, "provider_unavailable")
    assert (answer.body["failed_at"], answer.body["retry_scheduled"]) == ("import_to_ultravox", True)
    assert f'"{metric}": 1' in capsys.readouterr().out
    case.lab.effects.forget()
    case.settle()
    _check_end(case, "sqs")


def test_a_sweeper_that_cannot_reach_the_queue_tries_again(case: Case) -> None:
    case.lab.fault("ultravox", kind="status", status=500, path="telephony_config", times=3)
    case.provision()
    case.lab.world.pass_time(10)

    case.lab.effects.at["sqs"] = unreachable
    assert case.lab.world.invoke("sweeper", {}, 60) == {"woken": 0}
    case.lab.effects.forget()

    assert case.lab.world.invoke("sweeper", {}, 60) == {"woken": 1}
    case.settle()
    _check_end(case, "sweeper")


def test_a_wake_up_is_kept_until_the_journal_is_written(case: Case) -> None:
    """It is acknowledged when the worker knows what became of it, and not before."""
    case.lab.fault("ultravox", kind="status", status=500, path="telephony_config", times=3)
    operation_id = case.provision().body["operation_id"]

    case.lab.effects.at["dynamodb"] = unreachable
    assert case.wake(operation_id) == {"batchItemFailures": [{"itemIdentifier": "message"}]}
    case.lab.effects.forget()

    assert case.wake(operation_id) == {"batchItemFailures": []}
    _check_end(case, "worker")


def test_a_worker_without_kms_tries_again_later(case: Case) -> None:
    case.lab.fault("ultravox", kind="status", status=500, path="telephony_config", times=3)
    operation_id = case.provision().body["operation_id"]
    case.lab.effects.forget()

    case.lab.effects.at["kms"] = DENIED
    assert case.wake(operation_id) == {"batchItemFailures": []}

    (operation,) = case.operations
    assert operation.error["code"] == "credentials_unavailable"
    assert [woken for woken, _delay in case.lab.effects.wakeups] == [operation_id]
    case.lab.effects.forget()
    case.settle()
    _check_end(case, "worker")


def test_an_agency_that_is_gone_is_told_before_its_secrets_are_opened(lab: Lab) -> None:
    case = lab.case()
    assert case.provision().status == 200
    case.agency.delete()
    lab.effects.forget()
    lab.effects.at["kms"] = DENIED

    answer = lab.world.call("telephony_integration", "GET", "/verify-telephony-config", token=case.token)

    assert (answer.status, answer.body["code"]) == (404, "agency_not_found")
    assert [each for each in lab.effects.seen if each.startswith("kms")] == []


def test_a_closing_transaction_that_fails_is_done_again_and_tells_it_once(case: Case, points: list[str]) -> None:
    """The last one writes flag, audit event and end of the operation: all of it, or nothing."""
    last = [point for point in points if "TransactWriteItems" in point][-1]
    case.lab.effects.burst(last, THROTTLED)

    answer = case.provision()

    assert (answer.status, answer.body["failed_at"]) == (500, "mark_configured")
    assert case.agency.telephony_configured is False
    assert case.audit == ["telephony.provision_begun"]
    assert case.agency.telephony_operation_id == answer.body["operation_id"]
    assert case.operations[0].expires_at is None
    assert case.provision().status == 200
    _check_end(case, last)


@pytest.mark.parametrize(("left", "flushes"), [(20.0, 2), (MARGIN_SECONDS - 0.1, 1)])
def test_a_database_that_is_gone_is_asked_again_only_if_there_is_time_for_it(
    case: Case, points: list[str], monkeypatch: pytest.MonkeyPatch, left: float, flushes: int
) -> None:
    """The failure itself can't be written either; what is stored wakes the operation."""

    def gone(send: Send) -> Any:
        monkeypatch.setattr(Deadline, "remaining", lambda _self: left)
        return unreachable(send)

    second = [point for point in points if "TransactWriteItems" in point][1]
    case.lab.effects.from_then_on(second, gone)

    answer = case.provision()

    monkeypatch.undo()
    assert (answer.status, answer.body["retry_scheduled"]) == (500, True)
    written = [point for point in case.lab.effects.seen if "TransactWriteItems" in point]
    assert len(written) == 1 + flushes * ATTEMPTS
    assert case.lab.effects.wakeups == []
    case.lab.effects.forget()
    case.settle()
    _check_end(case, second)


def _check_end(case: Case, what: str) -> None:
    case.assert_provisioned()
    log = case.log
    assert (log["application_created"], log["profile_created"]) == (1, 1), what
    assert case.audit == ["telephony.provision_begun", "telephony.provisioned"], what
