"""POST /provision-telephony with `dry_run`: it only reads, and what it tells is what the real run then does."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable
from urllib.parse import urlsplit

import pytest

from tests.faults.effects import Effects
from tests.faults.lab import Case, Lab, Snapshot
from tests.world import World

Actions = list[str]

STEPS = [
    "create_telnyx_application",
    "create_outbound_profile",
    "store_resource_ids",
    "import_to_ultravox",
    "mark_configured",
]


@pytest.fixture
def case(world: World, monkeypatch: pytest.MonkeyPatch) -> Case:
    effects = Effects({urlsplit(server.url).netloc: name for name, server in world.servers.items()})
    effects.install(monkeypatch)
    return Lab(world, effects).case()


def _nothing(case: Case) -> None:
    pass


def _application_stored(case: Case) -> None:
    case.lab.fault("telnyx", kind="status", status=422, path="outbound_voice_profiles")
    assert case.provision().status == 500


def _application_unknown_to_us(case: Case) -> None:
    before = case.agency
    assert case.provision().status == 200
    before.save()
    case.telnyx["outbound_voice_profiles"].clear()
    case.applications[0]["outbound"]["outbound_voice_profile_id"] = None
    case.ultravox["telephony_configs"].clear()


def _unassociated(case: Case) -> None:
    case.lab.fault("telnyx", kind="status", status=422, method="PATCH", path="call_control_applications")
    assert case.provision().status == 500


def _drifted(case: Case) -> None:
    assert case.provision().status == 200
    case.applications[0]["application_name"] = "Changed by hand"
    case.profiles[0]["whitelisted_destinations"] = ["US"]


def _gone(case: Case) -> None:
    assert case.provision().status == 200
    case.telnyx["applications"].clear()
    case.telnyx["outbound_voice_profiles"].clear()


def _unfinished(case: Case) -> None:
    """All but the import is done. Longer ago than Telnyx takes to list what it made."""
    case.lab.fault("ultravox", kind="status", status=422, path="telephony_config")
    assert case.provision().status == 500
    case.lab.world.pass_time(6)


def _unfinished_and_the_secret_rotated(case: Case) -> None:
    from telephony.bootstrap import container

    _unfinished(case)
    container().administration.rotate_webhook_secret(case.agency_id)


def _unfinished_and_moved(case: Case) -> None:
    from telephony.bootstrap import container

    _unfinished(case)
    os.environ["PUBLIC_BASE_URL"] = "https://moved.example.com/api/v1"  # the world takes it back
    container.cache_clear()


def _unfinished_and_renamed(case: Case) -> None:
    from telephony.bootstrap import container

    _unfinished(case)
    container().administration.rename_agency(case.agency_id, "Emca")


def _unfinished_and_gone(case: Case) -> None:
    _unfinished(case)
    case.telnyx["applications"].clear()
    case.telnyx["outbound_voice_profiles"].clear()


def _unfinished_and_the_profile_gone(case: Case) -> None:
    _unfinished(case)
    case.telnyx["outbound_voice_profiles"].clear()
    case.applications[0]["outbound"]["outbound_voice_profile_id"] = None


START = [
    (_nothing, False, ["create", "create", "update", "create", "update"]),
    (_application_stored, False, ["none", "create", "update", "create", "update"]),
    (_application_unknown_to_us, False, ["none", "create", "update", "create", "update"]),
    (_unassociated, False, ["none", "update", "none", "create", "update"]),
    (_drifted, True, ["update", "update", "none", "update", "none"]),
    (_gone, True, ["create", "create", "update", "update", "none"]),
]
UNFINISHED = [
    (_unfinished, False, ["none", "none", "none", "create", "update"]),
    (_unfinished_and_the_secret_rotated, False, ["update", "none", "none", "create", "update"]),
    (_unfinished_and_moved, False, ["update", "none", "none", "create", "update"]),
    (_unfinished_and_renamed, False, ["update", "update", "none", "create", "update"]),
    (_unfinished_and_renamed, True, ["update", "update", "none", "create", "update"]),
    (_unfinished_and_gone, False, ["create", "create", "update", "create", "update"]),
    (_unfinished_and_the_profile_gone, False, ["none", "create", "update", "create", "update"]),
]


def _named(value: object) -> str | None:
    if isinstance(value, bool):
        return "force" if value else ""
    return value.__name__.strip("_") if callable(value) else ""


@pytest.mark.parametrize(("prepare", "force", "actions"), [*START, *UNFINISHED], ids=_named)
def test_the_plan_only_reads_and_is_what_is_done(
    case: Case, prepare: Callable[[Case], None], force: bool, actions: Actions
) -> None:
    prepare(case)
    before, operations, log, audit = case.snapshot(), case.operations, case.log, case.audit
    case.lab.effects.forget()

    planned = case.provision({"dry_run": True, "force": force})

    # Only reads, at the carriers and in our own tables.
    assert planned.status == 200, planned.body
    sent = {" ".join(point.split(" ")[:2]) for point in case.lab.effects.seen}
    assert sent <= {
        "telnyx GET",
        "ultravox GET",
        "dynamodb GetItem",
        "dynamodb Query",
        "kms Decrypt",
        "secretsmanager GetSecretValue",
    }
    assert {"telnyx GET", "ultravox GET"} <= sent
    after = case.snapshot()
    assert (after.agency.serialize(), after.carriers) == (before.agency.serialize(), before.carriers)
    assert ([each.serialize() for each in case.operations], case.log, case.audit) == (
        [each.serialize() for each in operations],
        log,
        audit,
    )

    # What it tells.
    plan = planned.body["plan"]
    assert [each["step"] for each in plan] == STEPS
    assert [each["action"] for each in plan] == actions
    assert all(each["detail"] for each in plan)

    # What is then done.
    answer = case.provision({"force": force})
    assert answer.status == 200, answer.body
    _assert_done(case, before, log, actions)
    case.assert_provisioned()
    assert case.applications[0]["webhook_event_url"] == answer.body["provisioned"]["webhook_url"]
    assert answer.body["provisioned"]["webhook_url"].endswith(case.webhook_secret)


@pytest.mark.parametrize(("prepare", "actions"), [(each[0], each[2]) for each in UNFINISHED], ids=_named)
def test_the_queue_does_what_a_plan_tells_too(case: Case, prepare: Callable[[Case], None], actions: Actions) -> None:
    prepare(case)
    before, log = case.snapshot(), case.log
    plan = case.provision({"dry_run": True}).body["plan"]
    assert [each["action"] for each in plan] == actions

    (operation,) = case.operations
    assert case.wake(operation.id) == {"batchItemFailures": []}

    _assert_done(case, before, log, actions)
    case.assert_provisioned()
    assert case.applications[0]["webhook_event_url"].endswith(case.webhook_secret)
    assert case.applications[0]["webhook_event_url"].startswith(os.environ["PUBLIC_BASE_URL"])


def test_a_run_says_reused_only_of_what_was_there_before_it(case: Case) -> None:
    # given an application of before, and a run that made the profile and stopped
    _application_unknown_to_us(case)
    case.lab.fault("ultravox", kind="status", status=422, path="telephony_config")
    assert case.provision().status == 500

    # when another goes on with it
    answer = case.provision()

    # then it tells as much as the first would have
    data = {each["step"]: each["data"] for each in answer.body["completed_steps"]}
    assert data["create_telnyx_application"]["reused"] is True
    assert "reused" not in data["create_outbound_profile"]


def test_what_a_run_made_and_does_not_find_is_not_made_again_at_once(case: Case) -> None:
    # given a run that has just made an application, which Telnyx doesn't show yet
    _application_stored(case)
    hidden = case.telnyx["applications"].copy()
    case.telnyx["applications"].clear()

    # when another goes on with it, then it waits for Telnyx rather than make a second one
    (operation,) = case.operations
    operation.steps[0].done_at += 3  # as if it had been done later than it was begun
    operation.save()
    refused = case.provision()
    assert (refused.status, refused.body["code"]) == (500, "outcome_unknown")
    assert (refused.body["failed_at"], refused.body["retry_scheduled"]) == ("create_telnyx_application", True)

    # and once Telnyx shows it, that one it is
    case.telnyx["applications"].update(hidden)
    assert case.provision().status == 200
    assert case.log["application_created"] == 1
    case.assert_provisioned()


def _assert_done(case: Case, before: Snapshot, log: Counter[str], actions: Actions) -> None:
    done = case.log - log
    application, profile, ids, ultravox, flag = actions
    assert done["application_created"] == (application == "create")
    assert done["profile_created"] == (profile == "create")
    unassociated = application != "create" and any(
        not each["outbound"].get("outbound_voice_profile_id")
        for each in before.carriers["telnyx"]["applications"].values()
    )
    assert done["profile_updated"] == (profile == "update" and not unassociated)
    associated = profile == "create" or unassociated
    assert done["application_updated"] == (application == "update") + associated
    assert done["telephony_config_set"] == 1
    assert ultravox == ("update" if before.carriers["ultravox"]["telephony_configs"].get("telnyx") else "create")
    stored = (before.agency.telnyx_application_id, before.agency.telnyx_outbound_profile_id)
    now = (case.agency.telnyx_application_id, case.agency.telnyx_outbound_profile_id)
    assert (ids == "update") == (stored != now)
    assert (flag == "update") == (not before.agency.telephony_configured)


def test_what_a_run_would_refuse_a_plan_refuses(case: Case) -> None:
    assert case.provision().status == 200

    answer = case.provision({"dry_run": True})

    assert (answer.status, answer.body["code"]) == (400, "already_provisioned")
