"""How long is waited, when a human is asked, and what becomes of wake-ups that fit nothing."""

from __future__ import annotations

import json
from typing import Any

import pytest
from telephony.services.saga import LEASE_MARGIN

from tests.faults.effects import Killed, killed
from tests.faults.lab import Case, Lab
from tests.world import door

SECONDS_PER_WAKEUP: float = door("retry_worker").SECONDS_PER_WAKEUP

DOWN = {"kind": "status", "status": 500, "path": "telephony_config", "times": 10_000}


@pytest.fixture
def case(lab: Lab) -> Case:
    return lab.case()


def _metrics(printed: str, name: str) -> list[float]:
    lines = [json.loads(line) for line in printed.splitlines() if line.startswith('{"_aws"')]
    return [line[name] for line in lines if name in line]


def _only(case: Case) -> Any:
    (operation,) = case.operations
    return operation


def test_waits_grow_to_an_hour_and_after_a_day_a_human_is_asked(
    case: Case, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    from telephony.services import saga

    monkeypatch.setattr(saga, "backoff", lambda attempt, *, base, cap: min(cap, base * 2.0**attempt))
    case.lab.fault("ultravox", **DOWN)
    began = case.lab.world.now()
    operation_id = case.provision().body["operation_id"]

    waits = []
    while (operation := _only(case)).status == "RUNNING":
        waits.append(round(operation.due_at - case.lab.world.now()))
        case.lab.world.pass_time(operation.due_at - case.lab.world.now() + 0.1)
        case.wake(operation_id)

    assert waits[:4] == [4, 8, 16, 32]
    assert max(waits) == waits[-1] == 3600
    assert waits == sorted(waits)
    assert operation.status == "NEEDS_ATTENTION"
    assert 24 * 3600 <= case.lab.world.now() - began < 25.5 * 3600
    assert _metrics(capsys.readouterr().out, "OperationsGivenUp") == [1]
    case.lab.world.lose_messages()
    case.lab.world.run_queue()
    told = capsys.readouterr().out
    assert (_metrics(told, "OperationsNeedAttention"), _metrics(told, "OperationsGivenUp")) == ([1], [])
    case.lab.world.pass_time(7 * 86400)
    case.lab.world.run_queue()
    assert _only(case).status == "NEEDS_ATTENTION", "nobody wakes it"

    # A person's POST goes on with it; its failures count anew.
    assert case.provision().body["retry_scheduled"] is True
    assert case.lab.effects.wakeups[-1][1] <= 5
    case.lab.world.ultravox.simulator.clear_faults()
    assert case.provision().status == 200
    case.assert_provisioned()
    case.lab.world.run_queue()
    assert _metrics(capsys.readouterr().out, "OperationsNeedAttention")[-1] == 0


def test_a_failure_answered_in_process_wakes_itself_within_five_seconds(case: Case) -> None:
    case.lab.fault("ultravox", **DOWN)
    operation_id = case.provision().body["operation_id"]
    for _ in range(9):
        case.wake(operation_id)
    case.lab.effects.forget()

    case.provision()

    ((woken, delay),) = case.lab.effects.wakeups
    assert woken == operation_id
    assert delay <= 5


def test_a_first_hiccup_long_after_a_refusal_is_no_day_of_failing(case: Case) -> None:
    case.lab.fault("telnyx", kind="status", status=401, path="call_control_applications")
    assert case.provision().body["retry_scheduled"] is False
    assert _only(case).status == "FAILED"
    case.lab.world.pass_time(3 * 86400)
    case.lab.fault("ultravox", kind="status", status=500, path="telephony_config", times=3)

    answer = case.provision()

    assert answer.body["retry_scheduled"] is True
    assert _only(case).status == "RUNNING"


@pytest.mark.parametrize(("asked", "waits"), [("120", 120), ("999999999", 3600)])
def test_a_carrier_that_asks_for_time_gets_it(case: Case, asked: str, waits: int) -> None:
    case.lab.fault("ultravox", kind="status", status=429, headers={"Retry-After": asked}, path="telephony_config")

    case.provision()

    assert _only(case).due_at - case.lab.world.now() == pytest.approx(waits, abs=5)
    assert case.log["telephony_config_set"] == 0
    case.settle()
    case.assert_provisioned()


@pytest.mark.parametrize("what", ["unknown kind", "unknown step", "later schema"])
def test_an_operation_of_another_release_is_parked_untouched(case: Case, what: str) -> None:
    case.lab.fault("ultravox", kind="status", status=500, path="telephony_config", times=3)
    operation_id = case.provision().body["operation_id"]
    _change_item(case, operation_id, what)
    before = _item(case, operation_id)
    case.lab.world.pass_time(10)
    case.lab.effects.forget()

    assert case.wake(operation_id) == {"batchItemFailures": []}
    refused = case.provision()

    after = _item(case, operation_id)
    assert (refused.status, refused.body["code"]) == (409, "operation_in_progress")
    assert {name for name in before if before[name] != after[name]} == {"due_at"}
    assert float(after["due_at"]["N"]) - case.lab.world.now() == pytest.approx(600, abs=10)
    assert not [point for point in case.lab.effects.seen if point.startswith(("telnyx", "ultravox"))]


def _item(case: Case, operation_id: str) -> dict[str, Any]:
    world = case.lab.world
    table = f"{world.deployment.table_prefix}operations"
    item: dict[str, Any] = world.backends.client("dynamodb").get_item(TableName=table, Key={"id": {"S": operation_id}})
    return item["Item"]


def _change_item(case: Case, operation_id: str, what: str) -> None:
    """As a later release would have written it, with an attribute that this one doesn't know."""
    item = _item(case, operation_id) | {"of_a_later_release": {"S": "kept"}}
    if what == "unknown kind":
        item["kind"] = {"S": "sing_telephony"}
    elif what == "later schema":
        item["schema"] = {"N": "2"}
    else:
        item["steps"]["L"].append({"M": {"name": {"S": "sing"}, "state": {"S": "PENDING"}, "attempts": {"N": "0"}}})
    world = case.lab.world
    table = f"{world.deployment.table_prefix}operations"
    world.backends.client("dynamodb").put_item(TableName=table, Item=item)


def test_an_unreadable_message_is_not_acknowledged_and_ends_in_the_dead_letter_queue(case: Case) -> None:
    world = case.lab.world
    sqs = world.backends.client("sqs")
    sqs.set_queue_attributes(QueueUrl=world.queue_url, Attributes={"VisibilityTimeout": "0"})
    sqs.send_message(QueueUrl=world.queue_url, MessageBody="not a wake-up")

    received = world.run_queue(sweep=False)

    kept = sqs.receive_message(QueueUrl=world.deployment.queue_urls["WakeupsDeadLetterQueue"])["Messages"]
    assert received >= 5
    assert [message["Body"] for message in kept] == ["not a wake-up"]
    sqs.set_queue_attributes(QueueUrl=world.queue_url, Attributes={"VisibilityTimeout": "1800"})


@pytest.mark.parametrize("body", ["", "[]", "{}", '{"operation_id": 7}', '{"operation_id": ""}', "null"])
def test_each_kind_of_unreadable_message_fails_alone(case: Case, body: str) -> None:
    from tests.world import sqs_record

    case.lab.fault("ultravox", kind="status", status=500, path="telephony_config", times=3)
    good = json.dumps({"operation_id": case.provision().body["operation_id"]})
    records = [sqs_record(body, "bad"), sqs_record(good, "good")]

    answer = case.lab.world.invoke("retry_worker", {"Records": records}, 300)

    assert answer == {"batchItemFailures": [{"itemIdentifier": "bad"}]}
    case.assert_provisioned()


def test_a_message_for_an_operation_that_is_gone_is_acknowledged(case: Case) -> None:
    assert case.wake("op_gone") == {"batchItemFailures": []}


def test_a_worker_that_dies_keeps_its_operation_no_longer_than_one_wake_up_may_take(case: Case) -> None:
    # given a worker that is killed in the middle, with most of its batch's time left
    case.lab.fault("ultravox", kind="status", status=500, path="telephony_config", times=3)
    operation_id = case.provision().body["operation_id"]
    case.lab.effects.next("ultravox PATCH /api/accounts/me/telephony_config", killed("before"))
    with pytest.raises(Killed):
        case.wake(operation_id)
    # then others are told to wait, and soon need not any more
    assert case.provision().body["code"] == "operation_in_progress"
    case.lab.world.pass_time(SECONDS_PER_WAKEUP + LEASE_MARGIN)
    assert case.provision().status == 200
    case.assert_provisioned()


def test_wake_ups_that_come_twice_do_nothing(case: Case) -> None:
    case.lab.fault("ultravox", kind="status", status=500, path="telephony_config", times=3)
    operation_id = case.provision().body["operation_id"]

    for _ in range(3):
        assert case.wake(operation_id) == {"batchItemFailures": []}

    case.assert_provisioned()
    assert case.log["telephony_config_set"] == 1
    assert case.audit == ["telephony.provision_begun", "telephony.provisioned"]


# Unknown outcomes


def test_what_was_created_as_the_answer_timed_out_is_not_created_again(
    case: Case, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Telnyx acts at the very end of the ten seconds and lists it four seconds later."""
    world = case.lab.world
    world.telnyx.simulator.change_settings({"listing_lag": 4.0})
    create = "telnyx POST /call_control_applications #1"

    def late(send: Any) -> Any:
        import requests

        world.pass_time(9.9)
        send().close()
        raise requests.ReadTimeout

    case.lab.effects.at[create] = late

    assert case.provision().body["code"] == "outcome_unknown"
    world.pass_time(1)
    assert case.provision().body["code"] == "outcome_unknown"  # too early to tell
    world.pass_time(3)
    assert case.provision().status == 200

    assert case.log["application_created"] == 1
    case.assert_provisioned()


@pytest.mark.parametrize("seconds", [8, 20])
@pytest.mark.parametrize("path", ["call_control_applications", "outbound_voice_profiles"])
def test_what_comes_long_after_a_failed_answer_is_not_created_again(case: Case, path: str, seconds: int) -> None:
    """A gateway gives up, and Telnyx finishes all the same."""
    case.lab.fault("telnyx", kind="lands_late", seconds=seconds, method="POST", path=path)

    assert case.provision().body["code"] == "outcome_unknown"
    case.settle()
    case.lab.world.pass_time(seconds)

    assert (case.log["application_created"], case.log["profile_created"]) == (1, 1)
    case.assert_provisioned()


@pytest.mark.parametrize("path", ["call_control_applications", "outbound_voice_profiles"])
def test_what_may_still_come_is_not_torn_down_around(case: Case, path: str) -> None:
    case.lab.fault("telnyx", kind="lands_late", seconds=8, method="POST", path=path)
    assert case.provision().body["code"] == "outcome_unknown"
    case.lab.world.pass_time(7)

    refused = case.deprovision()

    assert (refused.status, refused.body["code"]) == (409, "operation_in_progress")
    case.lab.world.pass_time(23)
    assert case.deprovision().status == 200
    case.assert_deprovisioned()


def test_a_look_that_fails_leaves_the_outcome_open(case: Case) -> None:
    """Unknown, then the list itself can't be read: that doesn't make it a no."""
    world = case.lab.world
    world.telnyx.simulator.change_settings({"listing_lag": 4.0})
    case.lab.fault("telnyx", kind="timeout_after", seconds=0, method="POST", path="call_control_applications")
    operation_id = case.provision().body["operation_id"]
    case.lab.fault("telnyx", kind="status", status=500, method="GET", path="call_control_applications", times=3)
    case.wake(operation_id)
    assert _only(case).error["code"] == "provider_unavailable"

    case.wake(operation_id)

    assert case.log["application_created"] == 1
    case.settle()
    case.assert_provisioned()


@pytest.mark.parametrize("fault", ["timeout_after", "timeout_before"])
def test_ultravox_newer_endpoint_after_an_unknown_outcome(
    case: Case, monkeypatch: pytest.MonkeyPatch, fault: str
) -> None:
    """Its POST is refused once there is a configuration: whoever repeats it blindly fails for good."""
    from telephony.bootstrap import container

    monkeypatch.setenv("ULTRAVOX_TELEPHONY_API", "provider")
    container.cache_clear()
    case.lab.fault("ultravox", kind=fault, seconds=0, method="POST", path="telephony_configs/telnyx")

    assert case.provision().body["retry_scheduled"] is True
    case.settle()

    case.assert_provisioned()
    container.cache_clear()


# What changed meanwhile


@pytest.mark.parametrize("what", ["name", "public URL", "webhook secret"])
def test_a_force_after_a_change_mends_what_is_there(case: Case, what: str, monkeypatch: pytest.MonkeyPatch) -> None:
    from telephony.bootstrap import container

    assert case.provision().status == 200
    (before,) = [dict(each) for each in case.applications]
    if what == "name":
        container().administration.rename_agency(case.agency_id, "Emca")
    elif what == "webhook secret":
        container().administration.rotate_webhook_secret(case.agency_id)
    else:
        monkeypatch.setenv("PUBLIC_BASE_URL", "https://moved.example.com/api/v1")
        container.cache_clear()

    answer = case.provision({"force": True})

    assert answer.status == 200
    (after,), (profile,) = case.applications, case.profiles
    assert after["id"] == before["id"]
    assert (case.log["application_created"], case.log["profile_created"]) == (1, 1)
    assert after["webhook_event_url"] == answer.body["provisioned"]["webhook_url"]
    assert after["webhook_event_url"].endswith(case.webhook_secret)
    changed = "application_name" if what == "name" else "webhook_event_url"
    assert after[changed] != before[changed]
    assert profile["name"] == f"Virsyn Outbound - {'Emca' if what == 'name' else 'Acme'}"
    case.assert_provisioned()
    container.cache_clear()


def test_a_profile_that_was_made_under_the_old_name_is_not_made_again(case: Case) -> None:
    """Its making killed the run before it could be written down, and the agency was renamed before the queue came."""
    from telephony.bootstrap import container

    case.lab.effects.at["telnyx POST /outbound_voice_profiles #1"] = killed("after")
    with pytest.raises(Killed):
        case.provision()
    container().administration.rename_agency(case.agency_id, "Emca")

    case.settle()

    assert case.log["profile_created"] == 1
    assert [each["name"] for each in case.profiles] == ["Virsyn Outbound - Emca"]
    case.assert_provisioned()


def test_what_is_gone_already_is_torn_down_all_the_same(case: Case) -> None:
    """Deleted by hand at Telnyx; Ultravox still holds the keys."""
    assert case.provision().status == 200
    case.telnyx["applications"].clear()
    case.telnyx["outbound_voice_profiles"].clear()

    assert case.deprovision().status == 200

    case.assert_deprovisioned()


def test_a_deprovision_takes_the_place_of_a_provision_that_got_nowhere(case: Case) -> None:
    case.lab.fault("ultravox", **DOWN)
    first = case.provision().body["operation_id"]
    case.lab.world.pass_time(6)
    case.lab.world.ultravox.simulator.clear_faults()

    assert case.deprovision().status == 200

    assert {each.id: each.status for each in case.operations}[first] == "SUPERSEDED"
    case.wake(first)
    case.assert_deprovisioned()


def test_a_look_for_what_is_to_be_torn_down_that_came_too_early_is_not_believed(case: Case) -> None:
    """Telnyx's list is read within the time in which an application may still come, and answered after it."""
    world = case.lab.world
    case.lab.fault("telnyx", kind="lands_late", seconds=29, method="POST", path="call_control_applications")
    assert case.provision().body["code"] == "outcome_unknown"
    world.pass_time(28)

    def slow(send: Any) -> Any:
        answer = send()
        world.pass_time(3)
        return answer

    case.lab.effects.next("telnyx GET /call_control_applications", slow)
    refused = case.deprovision()

    assert (refused.status, refused.body["code"]) == (409, "operation_in_progress")
    assert case.deprovision().status == 200
    case.assert_deprovisioned()


def test_an_agency_that_is_deleted_meanwhile_leaves_a_journal_and_no_retry(case: Case) -> None:
    """The ids found so far are in the journal, since there is no record to keep them on."""

    def delete_agency(send: Any) -> Any:
        answer = send()
        with case.lab.world.roles.at_work(None):
            case.agency.delete()
        return answer

    case.lab.effects.at["telnyx POST /call_control_applications #1"] = delete_agency

    answer = case.provision()

    assert (answer.status, answer.body["code"], answer.body["retry_scheduled"]) == (500, "conflict", False)
    assert _only(case).status == "FAILED"
    (application,) = case.applications
    assert _only(case).step("create_telnyx_application").data["application_id"] == application["id"]
    assert case.due == []
