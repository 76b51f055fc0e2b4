"""POST /provision-telephony with `dry_run`: it only reads, and what it tells is what the real run then does."""

from __future__ import annotations

from collections.abc import Callable
from urllib.parse import urlsplit

import pytest

from tests.faults.effects import Effects
from tests.faults.lab import Case, Lab
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


@pytest.mark.parametrize(
    ("prepare", "force", "actions"),
    [
        (_nothing, False, ["create", "create", "update", "create", "update"]),
        (_application_stored, False, ["none", "create", "update", "create", "update"]),
        (_application_unknown_to_us, False, ["none", "create", "update", "create", "update"]),
        (_unassociated, False, ["none", "update", "none", "create", "update"]),
        (_drifted, True, ["update", "update", "none", "update", "none"]),
        (_gone, True, ["create", "create", "update", "update", "none"]),
    ],
    ids=lambda value: value.__name__.strip("_") if callable(value) else "",
)
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
    assert case.provision({"force": force}).status == 200
    done = case.log - log
    application, profile, ids, ultravox, flag = actions
    assert done["application_created"] == (application == "create")
    assert done["profile_created"] == (profile == "create")
    assert done["profile_updated"] == (profile == "update" and prepare is _drifted)
    associated = profile == "create" or prepare is _unassociated
    assert done["application_updated"] == (application == "update") + associated
    assert done["telephony_config_set"] == 1
    assert ultravox == ("update" if before.carriers["ultravox"]["telephony_configs"].get("telnyx") else "create")
    stored = (before.agency.telnyx_application_id, before.agency.telnyx_outbound_profile_id)
    now = (case.agency.telnyx_application_id, case.agency.telnyx_outbound_profile_id)
    assert (ids == "update") == (stored != now)
    assert (flag == "update") == (not before.agency.telephony_configured)
    case.assert_provisioned()


def test_what_a_run_would_refuse_a_plan_refuses(case: Case) -> None:
    assert case.provision().status == 200

    answer = case.provision({"dry_run": True})

    assert (answer.status, answer.body["code"]) == (400, "already_provisioned")
