"""GET /get-integration-status in each state an agency passes through, and GET /health."""

from __future__ import annotations

import re
from typing import Any

import pytest
from telephony import __version__
from telephony.values import ProviderType

from local.simulators import demo_accounts as demo
from tests.integration.conftest import store_key
from tests.world import PUBLIC_BASE_URL, World

NOTHING: dict[str, Any] = {
    "success": True,
    "agency_name": "Acme",
    "ultravox": {"configured": False, "added_at": None, "validated_at": None},
    "telnyx": {
        "configured": False,
        "has_public_key": False,
        "added_at": None,
        "validated_at": None,
        "application_id": None,
        "outbound_profile_id": None,
        "provisioned": False,
    },
    "ready_for_provisioning": False,
    "telephony_configured": False,
    "next_steps": ["Store the Ultravox API key", "Store the Telnyx credentials", "Provision telephony"],
    "can_manage_agents": False,
    "can_manage_phone_numbers": False,
    "can_run_campaigns": False,
}


def status_of(world: World, tokens: dict[str, str]) -> dict[str, Any]:
    answer = world.status(token=tokens["member"])
    assert answer.status == 200, answer.body
    body: dict[str, Any] = answer.body
    return body


def test_from_nothing_to_everything(world: World) -> None:
    agency_id, tokens = world.new_agency(credentials=False)
    masked = f"{PUBLIC_BASE_URL}/telnyx-webhook/{agency_id}/••••"
    expected = NOTHING | {"agency_id": agency_id, "webhook_url": masked}
    # given an agency without credentials
    assert status_of(world, tokens) == expected

    # when the Ultravox key is stored, unchecked
    store_key(agency_id, ProviderType.ULTRAVOX, demo.ULTRAVOX_API_KEY)
    body = status_of(world, tokens)
    assert body["ultravox"]["configured"] is True
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", body["ultravox"]["added_at"])
    assert body["ultravox"]["validated_at"] is None
    assert body["next_steps"] == ["Store the Telnyx credentials", "Provision telephony"]

    # when Telnyx's API key is stored, without the public one
    store_key(agency_id, ProviderType.TELNYX, demo.TELNYX_API_KEY)
    body = status_of(world, tokens)
    assert (body["telnyx"]["configured"], body["telnyx"]["has_public_key"]) == (True, False)
    assert body["ready_for_provisioning"] is False
    assert body["next_steps"] == ["Store the Telnyx credentials", "Provision telephony"]

    # when the public one is there too, and the key was checked
    store_key(
        agency_id,
        ProviderType.TELNYX,
        demo.TELNYX_API_KEY,
        validate=True,
        telnyx_public_key=demo.TELNYX_PUBLIC_KEY,
        telnyx_account_sid=demo.TELNYX_ACCOUNT_SID,
    )
    body = status_of(world, tokens)
    assert body["telnyx"]["has_public_key"] is True
    assert body["telnyx"]["validated_at"] is not None
    assert body["ready_for_provisioning"] is True
    assert body["next_steps"] == ["Provision telephony"]

    # when provisioning stops half-way
    world.ultravox.simulator.add_faults({"kind": "status", "status": 422, "method": "PATCH"})
    assert world.provision(token=tokens["owner"]).status == 500
    body = status_of(world, tokens)
    assert body["telnyx"]["provisioned"] is True
    assert body["telephony_configured"] is False
    assert body["can_run_campaigns"] is False

    # when it is finished
    assert world.provision(token=tokens["owner"]).status == 200
    body = status_of(world, tokens)
    [application], [profile] = world.applications(), world.profiles()
    assert body["telnyx"]["application_id"] == application["id"]
    assert body["telnyx"]["outbound_profile_id"] == profile["id"]
    assert body["telephony_configured"] is True
    assert (body["can_manage_agents"], body["can_manage_phone_numbers"], body["can_run_campaigns"]) == (True,) * 3
    assert body["next_steps"] == [
        "Create your first AI agent",
        "Purchase phone numbers",
        "Assign numbers to agents for inbound calls",
    ]


@pytest.mark.parametrize("role", ["owner", "admin", "member"])
def test_the_webhook_url_is_whole_for_an_owner_only(world: World, role: str) -> None:
    url = world.status(token=world.tokens[role]).body["webhook_url"]
    shown = url.removeprefix(f"{PUBLIC_BASE_URL}/telnyx-webhook/{world.agency_id}/")
    assert bool(re.fullmatch(r"[\w-]{43}", shown)) is (role == "owner")
    assert (shown == "••••") is (role != "owner")


def test_it_is_the_url_that_telnyx_is_given(world: World) -> None:
    world.provision()
    assert world.status().body["webhook_url"] == world.applications()[0]["webhook_event_url"]


def test_reading_it_calls_no_carrier(world: World) -> None:
    assert world.status().status == 200
    assert [each for server in world.servers.values() for each in server.simulator.log] == []


def test_of_an_agency_that_is_gone(world: World) -> None:
    table = world.deployment.table_prefix + "agencies"
    world.backends.client("dynamodb").delete_item(TableName=table, Key={"pk": {"S": f"agency#{world.agency_id}"}})
    answer = world.status()
    assert (answer.status, answer.body["code"], answer.body["success"]) == (404, "agency_not_found", False)


def test_health_needs_no_credential(world: World) -> None:
    answer = world.call("site", "GET", "/health")
    assert (answer.status, answer.body) == (
        200,
        {"success": True, "version": __version__, "dependencies": {"storage": "ok"}},
    )


def lose_the_agencies(world: World) -> str:
    """Deletes the table; returns its name."""
    name = f"{world.deployment.table_prefix}agencies"
    world.backends.client("dynamodb").delete_table(TableName=name)
    return name


def test_health_tells_when_the_tables_are_out_of_reach(world: World) -> None:
    lose_the_agencies(world)
    answer = world.call("site", "GET", "/health")
    assert answer.status == 503
    assert answer.body == {
        "success": False,
        "version": __version__,
        "dependencies": {"storage": "unavailable"},
        "detail": "A dependency does not answer",
        "code": "storage_unavailable",
        "request_id": answer.headers["x-request-id"],
        "retryable": True,
        "fix": "Try again; nothing was done.",
    }


def test_other_doors_say_so_in_their_familys_words(world: World) -> None:
    table = lose_the_agencies(world)
    answer = world.status()
    assert (answer.status, answer.body["code"], answer.body["retryable"]) == (503, "storage_unavailable", True)
    assert answer.headers["retry-after"] == "1"
    assert answer.body["success"] is False
    assert table not in str(answer.body)
