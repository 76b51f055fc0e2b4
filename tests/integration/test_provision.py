"""POST /provision-telephony: the documented answers, and what exists afterwards."""

from __future__ import annotations

import re
from collections import Counter
from typing import Any

import pytest
from telephony.providers.ultravox import Ultravox
from telephony.values import ProviderType

from local.simulators import demo_accounts as demo
from tests.integration.conftest import Setting, store_key
from tests.integration.own_accounts import own_accounts
from tests.world import PUBLIC_BASE_URL, HttpAnswer, World

STEPS = [
    "create_telnyx_application",
    "create_outbound_profile",
    "store_resource_ids",
    "import_to_ultravox",
    "mark_configured",
]
NEXT_STEPS = [
    "Create your first AI agent",
    "Purchase phone numbers",
    "Assign numbers to agents for inbound calls",
]


def ultravox_configuration(world: World) -> dict[str, Any] | None:
    found: dict[str, Any] | None = world.ultravox.simulator.account(demo.ULTRAVOX_API_KEY)["telephony_configs"].get(
        "telnyx"
    )
    return found


def requests_at(world: World, carrier: str) -> list[tuple[str, str]]:
    return [(each["method"], each["path"]) for each in world.servers[carrier].simulator.log]


def data_of(answer: HttpAnswer) -> dict[str, dict[str, Any]]:
    assert answer.status == 200, answer.body
    return {step["step"]: step["data"] for step in answer.body["completed_steps"]}


def damage(world: World, agency_id: str, provider: str, expression: str, **values: Any) -> None:
    """Changes an agency's provider configuration behind the back of the services."""
    table = world.deployment.table_prefix + "provider_configurations"
    client = world.backends.client("dynamodb")
    found = client.query(
        TableName=table,
        KeyConditionExpression="agency_id = :agency",
        ExpressionAttributeValues={":agency": {"S": agency_id}},
        ConsistentRead=True,
    )["Items"]
    [item] = [each for each in found if each["provider"] == {"S": provider}]
    client.update_item(
        TableName=table,
        Key={"agency_id": item["agency_id"], "id": item["id"]},
        UpdateExpression=expression,
        **({"ExpressionAttributeValues": values} if values else {}),
    )


# Success


def test_the_answer_is_the_published_one_key_by_key(world: World) -> None:
    answer = world.provision()

    assert answer.status == 200, answer.body
    [application], [profile] = world.applications(), world.profiles()
    url = answer.body["provisioned"]["webhook_url"]
    assert answer.body == {
        "success": True,
        "completed_steps": [
            {
                "success": True,
                "step": "create_telnyx_application",
                "data": {"application_id": application["id"], "application_name": "Virsyn - Acme"},
            },
            {
                "success": True,
                "step": "create_outbound_profile",
                "data": {"outbound_profile_id": profile["id"], "profile_name": "Virsyn Outbound - Acme"},
            },
            {
                "success": True,
                "step": "store_resource_ids",
                "data": {
                    "telnyx_application_id": application["id"],
                    "telnyx_outbound_profile_id": profile["id"],
                },
            },
            {"success": True, "step": "import_to_ultravox", "data": {"telnyx_configured": True}},
            {"success": True, "step": "mark_configured", "data": {"telephony_configured": True}},
        ],
        "provisioned": {
            "telnyx_application_id": application["id"],
            "telnyx_outbound_profile_id": profile["id"],
            "webhook_url": url,
        },
        "capabilities": {
            "can_manage_agents": True,
            "can_manage_phone_numbers": True,
            "can_run_campaigns": True,
        },
        "next_steps": NEXT_STEPS,
    }
    assert re.fullmatch(rf"{PUBLIC_BASE_URL}/telnyx-webhook/{world.agency_id}/[\w-]{{43}}", url)


def test_ids_stay_the_texts_that_telnyx_gave(world: World) -> None:
    data = data_of(world.provision())
    assert re.fullmatch(r"\d{19}", data["create_telnyx_application"]["application_id"])
    assert re.fullmatch(r"\d{19}", data["create_outbound_profile"]["outbound_profile_id"])
    telnyx = world.status().body["telnyx"]
    assert telnyx["application_id"] == data["create_telnyx_application"]["application_id"]
    assert telnyx["outbound_profile_id"] == data["create_outbound_profile"]["outbound_profile_id"]


def test_what_exists_at_telnyx_has_the_wanted_settings(world: World) -> None:
    answer = world.provision()

    [application], [profile] = world.applications(), world.profiles()
    assert application["application_name"] == "Virsyn - Acme"
    assert application["webhook_event_url"] == answer.body["provisioned"]["webhook_url"]
    assert application["webhook_api_version"] == "2"
    assert application["active"] is True
    assert application["dtmf_type"] == "RFC 2833"
    assert application["first_command_timeout"] is True
    assert application["first_command_timeout_secs"] == 30
    assert application["inbound"]["shaken_stir_enabled"] is True
    assert application["inbound"]["channel_limit"] == 100
    assert application["outbound"] == {"channel_limit": 100, "outbound_voice_profile_id": profile["id"]}
    assert profile["name"] == "Virsyn Outbound - Acme"
    assert profile["traffic_type"] == "conversational"
    assert profile["service_plan"] == "global"
    assert profile["concurrent_call_limit"] == 100
    assert profile["enabled"] is True
    assert profile["whitelisted_destinations"] == ["US", "CA", "GB", "AU", "NZ", "IE"]
    assert profile["tags"] == [world.agency_id]


def test_limits_destinations_and_prefix_are_settings(world: World, setting: Setting) -> None:
    setting(
        RESOURCE_PREFIX="Umbrella",
        TELNYX_CHANNEL_LIMIT="7",
        TELNYX_CONCURRENT_CALL_LIMIT="8",
        TELNYX_WHITELISTED_DESTINATIONS="DE,FR",
    )
    assert world.provision().status == 200

    [application], [profile] = world.applications(), world.profiles()
    assert application["application_name"] == "Umbrella - Acme"
    assert (application["inbound"]["channel_limit"], application["outbound"]["channel_limit"]) == (7, 7)
    assert profile["name"] == "Umbrella Outbound - Acme"
    assert (profile["concurrent_call_limit"], profile["whitelisted_destinations"]) == (8, ["DE", "FR"])


def test_ultravox_knows_the_telnyx_account(world: World) -> None:
    world.provision()

    configuration = ultravox_configuration(world)
    [application] = world.applications()
    assert configuration is not None
    assert configuration["apiKey"] == demo.TELNYX_API_KEY
    assert configuration["publicKey"] == demo.TELNYX_PUBLIC_KEY
    assert configuration["applicationSid"] == application["id"]
    assert configuration["accountSid"] == demo.TELNYX_ACCOUNT_SID
    assert configuration["callCreationAllowAllAgents"] is True
    assert requests_at(world, "ultravox") == [("PATCH", "/api/accounts/me/telephony_config")]


@pytest.mark.parametrize("api", ["account", "provider"])
@pytest.mark.parametrize("what", ["import", "rotation", "provisioning"])
def test_what_is_not_ours_in_ultravox_neither_goes_nor_stands_in_the_way(
    world: World, setting: Setting, api: str, what: str
) -> None:
    # given what the customer set there: agents that may be called, and what they are told of a call
    setting(ULTRAVOX_TELEPHONY_API=api)
    own = own_accounts(world, provisioned=True)
    own.imported["requestContextMapping"] = {"from": "caller"}
    own.imported["callCreationAllowAllAgents"] = False
    own.imported["callCreationAllowedAgentIds"] = ["0f8fad5b-d9cb-469f-a165-70867728950e"]
    # when
    if what == "import":
        answer = own.import_telnyx()
    elif what == "rotation":
        answer = own.store_telnyx(own.another_telnyx_key())
    else:
        answer = own.provision({"force": True})
    # then
    assert answer.status == 200, answer.body
    assert own.imported["requestContextMapping"] == {"from": "caller"}
    assert own.imported["callCreationAllowAllAgents"] is True


def test_the_newer_endpoint_is_asked_first_then_given_what_it_lacks(world: World, setting: Setting) -> None:
    path = "/api/telephony_configs/telnyx"
    setting(ULTRAVOX_TELEPHONY_API="provider")
    # given nothing there, then it is created
    assert world.provision().status == 200
    assert requests_at(world, "ultravox") == [("GET", path), ("POST", path)]
    # given one there, then it is changed
    world.ultravox.simulator.forget_run()
    assert world.provision({"force": True}).status == 200
    assert requests_at(world, "ultravox") == [("GET", path), ("PATCH", path)]
    configuration = ultravox_configuration(world)
    assert configuration is not None
    assert configuration["applicationSid"] == world.applications()[0]["id"]


def test_telnyx_is_called_as_published(world: World) -> None:
    world.provision()

    [application] = world.applications()
    writes = [each for each in requests_at(world, "telnyx") if each[0] != "GET"]
    assert writes == [
        ("POST", "/v2/call_control_applications"),
        ("POST", "/v2/outbound_voice_profiles"),
        ("PATCH", f"/v2/call_control_applications/{application['id']}"),
    ]


def test_without_a_public_address_the_gateways_own_is_taken(world: World, setting: Setting) -> None:
    setting(PUBLIC_BASE_URL="")
    answer = world.provision(headers={"host": "abc123.execute-api.eu-west-1.amazonaws.com"})
    url = answer.body["provisioned"]["webhook_url"]
    assert url.startswith("https://abc123.execute-api.eu-west-1.amazonaws.com/api/v1/telnyx-webhook/")
    assert world.applications()[0]["webhook_event_url"] == url


def test_each_agency_has_its_own(world: World) -> None:
    # given two agencies of the same name in the same carrier account
    other_id, tokens = world.new_agency("Acme")
    assert world.provision().status == 200
    # when the second is provisioned too
    assert world.provision(token=tokens["owner"]).status == 200
    # then there are two of each, and neither was taken for the other's
    urls = sorted(each["webhook_event_url"].split("/")[-2] for each in world.applications())
    assert urls == sorted([world.agency_id, other_id])
    assert sorted(each["tags"] for each in world.profiles()) == sorted([[world.agency_id], [other_id]])


def test_provisioning_leaves_an_audit_trail(world: World, items: Any) -> None:
    world.provision()
    actions = [each["action"]["S"] for each in items("audit_events") if each["agency_id"]["S"] == world.agency_id]
    assert actions.count("telephony.provision_begun") == 1
    assert actions.count("telephony.provisioned") == 1


# The order of checks. Each request violates everything from one check on to the last, and the first is answered.


def broken_agency(world: World) -> tuple[str, dict[str, str]]:
    """An agency that lacks the keys of both vendors, and is provisioned nevertheless."""
    agency_id, tokens = world.new_agency()
    assert world.provision(token=tokens["owner"]).status == 200
    remove = "REMOVE sealed, sealed_fields"
    damage(world, agency_id, "ultravox", remove)
    damage(world, agency_id, "telnyx", f"{remove} SET meta = :meta", **{":meta": {"S": "{}"}})
    return agency_id, tokens


def call(world: World, method: str, token: str | None, body: Any) -> tuple[int, str]:
    answer = world.call("provision_telephony", method, "/provision-telephony", body, token=token)
    assert answer.body["success"] is False
    return answer.status, answer.body["code"]


def test_checks_come_in_the_published_order(world: World) -> None:
    agency_id, tokens = broken_agency(world)
    bad_body = {"force": "yes"}
    sealed: dict[str, Any] = {"B": b"not what KMS made"}

    # 405 before 401, 401 before 403, 403 before 400, 400 before all that is read of the agency
    assert call(world, "PUT", None, bad_body) == (405, "method_not_allowed")
    assert call(world, "POST", None, bad_body) == (401, "unauthenticated")
    assert call(world, "POST", tokens["member"], bad_body) == (403, "role_required")
    assert call(world, "POST", tokens["owner"], bad_body) == (400, "validation_failed")
    # credentials that can't be opened before those that are missing
    damage(
        world,
        agency_id,
        "ultravox",
        "SET sealed = :blob, sealed_fields = :fields",
        **{":blob": sealed, ":fields": {"L": [{"S": "api_key"}]}},
    )
    assert call(world, "POST", tokens["owner"], {}) == (500, "credentials_unavailable")
    # Ultravox's key before Telnyx's, and those before "already provisioned"
    damage(world, agency_id, "ultravox", "REMOVE sealed, sealed_fields")
    answer = world.provision(token=tokens["owner"])
    assert (answer.status, answer.body["code"]) == (400, "configuration_missing")
    assert answer.body["error"] == "Ultravox API key not configured"
    store_key(agency_id, ProviderType.ULTRAVOX, demo.ULTRAVOX_API_KEY)
    answer = world.provision(token=tokens["owner"])
    assert (answer.status, answer.body["code"]) == (400, "configuration_missing")
    assert answer.body["error"] == "Telnyx credentials not configured"
    world.store_credentials(agency_id)
    assert call(world, "POST", tokens["owner"], {}) == (400, "already_provisioned")


def test_an_agency_that_is_gone_comes_before_its_credentials(world: World) -> None:
    broken_id, tokens = broken_agency(world)
    table = world.deployment.table_prefix + "agencies"
    world.backends.client("dynamodb").delete_item(TableName=table, Key={"pk": {"S": f"agency#{broken_id}"}})
    damage(world, broken_id, "ultravox", "SET sealed = :blob", **{":blob": {"B": b"x"}})

    assert call(world, "POST", tokens["owner"], {"force": "yes"}) == (400, "validation_failed")
    answer = world.provision(token=tokens["owner"])
    assert (answer.status, answer.body["code"], answer.body["error"]) == (404, "agency_not_found", "Agency not found")


# Missing keys


def test_without_any_key_ultravoxs_is_named_first(world: World) -> None:
    _, tokens = world.new_agency(credentials=False)
    answer = world.provision(token=tokens["owner"])
    assert (answer.status, answer.body["missing"]) == (400, ["ultravox_api_key"])
    assert "save-ultravox-integration" in answer.body["fix"]


@pytest.mark.parametrize("keys", ["none", "api key only", "public key only"])
def test_every_missing_telnyx_key_is_named(world: World, keys: str) -> None:
    agency_id, tokens = world.new_agency(credentials=False)
    store_key(agency_id, ProviderType.ULTRAVOX, demo.ULTRAVOX_API_KEY)
    missing = ["telnyx_api_key", "telnyx_public_key"]
    if keys == "api key only":
        store_key(agency_id, ProviderType.TELNYX, demo.TELNYX_API_KEY)
        missing = ["telnyx_public_key"]
    if keys == "public key only":
        store_key(agency_id, ProviderType.TELNYX, "x", telnyx_public_key=demo.TELNYX_PUBLIC_KEY)
        damage(world, agency_id, "telnyx", "REMOVE sealed, sealed_fields")
        missing = ["telnyx_api_key"]

    answer = world.provision(token=tokens["owner"])

    assert answer.status == 400
    assert answer.body["missing"] == missing
    assert answer.body["error"] == "Telnyx credentials not configured"
    assert "store-telnyx-credentials" in answer.body["fix"]
    assert world.effects("telnyx") == []


def test_an_inactive_configuration_counts_as_missing(world: World) -> None:
    damage(world, world.agency_id, "telnyx", "SET active = :no", **{":no": {"BOOL": False}})
    assert world.provision().body["missing"] == ["telnyx_api_key", "telnyx_public_key"]


# Again, and by force


def test_a_second_time_says_what_there_is_and_how_to_insist(world: World) -> None:
    provisioned = world.provision().body["provisioned"]
    world.telnyx.simulator.forget_run()

    answer = world.provision()

    assert answer.status == 400
    request_id = answer.body.pop("request_id")
    assert request_id == answer.headers["x-request-id"]
    assert answer.body == {
        "success": False,
        "error": "Telephony is already provisioned",
        "code": "already_provisioned",
        "telnyx_application_id": provisioned["telnyx_application_id"],
        "telnyx_outbound_profile_id": provisioned["telnyx_outbound_profile_id"],
        "hint": "Use force: true to re-provision",
        "retryable": False,
    }
    assert requests_at(world, "telnyx") == []


def test_force_makes_right_what_exists_and_creates_nothing(world: World) -> None:
    # given an agency that is provisioned, and a setting that somebody changed at Telnyx
    before = data_of(world.provision())
    world.applications()[0]["dtmf_type"] = "Inband"
    world.profiles()[0]["concurrent_call_limit"] = 5
    world.telnyx.simulator.forget_run()
    # when it is provisioned by force
    after = data_of(world.provision({"force": True}))
    # then the same two are there, right again, and the answer says that they were reused
    for step in ("create_telnyx_application", "create_outbound_profile"):
        assert after[step] == before[step] | {"reused": True}
    assert [each["kind"] for each in world.effects("telnyx")] == ["application_updated", "profile_updated"]
    assert world.applications()[0]["dtmf_type"] == "RFC 2833"
    assert world.profiles()[0]["concurrent_call_limit"] == 100


def test_force_on_what_is_right_changes_nothing_at_telnyx(world: World) -> None:
    world.provision()
    world.telnyx.simulator.forget_run()
    assert world.provision({"force": True}).status == 200
    assert world.effects("telnyx") == []


def test_force_creates_only_what_is_gone(world: World) -> None:
    before = data_of(world.provision())
    account = world.telnyx.simulator.account(demo.TELNYX_API_KEY)
    account["outbound_voice_profiles"].clear()
    account["applications"][before["create_telnyx_application"]["application_id"]]["outbound"] = {}

    after = data_of(world.provision({"force": True}))

    assert after["create_telnyx_application"] == before["create_telnyx_application"] | {"reused": True}
    assert (
        after["create_outbound_profile"]["outbound_profile_id"]
        != before["create_outbound_profile"]["outbound_profile_id"]
    )
    assert "reused" not in after["create_outbound_profile"]
    [application], [profile] = world.applications(), world.profiles()
    assert application["outbound"]["outbound_voice_profile_id"] == profile["id"]


def test_a_new_name_address_and_secret_reach_telnyx_by_force(world: World, setting: Setting) -> None:
    from telephony.bootstrap import container

    before = data_of(world.provision())
    [url_before] = [each["webhook_event_url"] for each in world.applications()]
    # given that the agency was renamed, its webhook secret rotated, and the API moved
    container().administration.rename_agency(world.agency_id, "Umbrella")
    container().administration.rotate_webhook_secret(world.agency_id)
    setting(PUBLIC_BASE_URL="https://new.example.com/api/v1")
    # when it is provisioned by force
    answer = world.provision({"force": True})
    # then the same application and profile have it all
    after = data_of(answer)
    [application], [profile] = world.applications(), world.profiles()
    assert application["id"] == before["create_telnyx_application"]["application_id"]
    assert (
        after["create_telnyx_application"]["application_name"]
        == application["application_name"]
        == ("Virsyn - Umbrella")
    )
    assert after["create_outbound_profile"]["profile_name"] == profile["name"] == "Virsyn Outbound - Umbrella"
    url = answer.body["provisioned"]["webhook_url"]
    assert application["webhook_event_url"] == url
    assert url.startswith(f"https://new.example.com/api/v1/telnyx-webhook/{world.agency_id}/")
    assert url.split("/")[-1] != url_before.split("/")[-1]


# Failure on the way


def test_a_refusal_on_the_way_says_how_far_it_got(world: World) -> None:
    # given that Telnyx refuses the profile, with an empty body as it does
    world.telnyx.simulator.add_faults(
        {"kind": "status", "status": 422, "path": "outbound_voice_profiles", "method": "POST"}
    )
    answer = world.provision()

    [application] = world.applications()
    made = {"application_id": application["id"], "application_name": "Virsyn - Acme"}
    assert answer.status == 500
    assert re.fullmatch(r"op_[0-9a-f]{32}", answer.body.pop("operation_id"))
    assert answer.body.pop("request_id")
    assert answer.body == {
        "success": False,
        "error": "Telnyx refused to create outbound profile (HTTP 422)",
        "code": "provider_error",
        "completed_steps": [{"success": True, "step": "create_telnyx_application", "data": made}],
        "failed_at": "create_outbound_profile",
        "partial_data": made,
        "retry_scheduled": False,
        "retryable": False,
        "provider": "telnyx",
    } | {key: answer.body[key] for key in ("fix",) if key in answer.body}
    # and what was made is on the agency's record
    assert world.status().body["telnyx"]["application_id"] == application["id"]
    # and the next try finishes with one of each
    assert world.provision().status == 200
    assert (len(world.applications()), len(world.profiles())) == (1, 1)


def test_a_failure_that_passes_is_finished_by_the_queue(world: World) -> None:
    # given that Ultravox is out of order for as long as a request tries
    world.ultravox.simulator.add_faults({"kind": "status", "status": 500, "times": 3, "body": "<html>"})
    answer = world.provision()

    assert (answer.status, answer.body["code"]) == (500, "provider_unavailable")
    assert answer.body["failed_at"] == "import_to_ultravox"
    assert [step["step"] for step in answer.body["completed_steps"]] == STEPS[:3]
    assert answer.body["partial_data"]["telnyx_application_id"] == world.applications()[0]["id"]
    assert answer.body["retry_scheduled"] is True
    assert answer.body["retryable"] is True
    assert world.status().body["telephony_configured"] is False
    # when time passes, then the queue finishes the same run
    world.settle(rounds=2)
    assert world.status().body["telephony_configured"] is True
    assert len(world.effects("telnyx", "application_created")) == 1


def test_a_key_that_ultravox_refuses_is_the_callers_to_mend(world: World) -> None:
    store_key(world.agency_id, ProviderType.ULTRAVOX, "Wrong123." + "0" * 32)
    answer = world.provision()
    assert (answer.status, answer.body["code"]) == (500, "invalid_provider_credentials")
    assert answer.body["provider"] == "ultravox"
    assert answer.body["retry_scheduled"] is False
    # and once the key is mended, the same run is gone on with
    world.store_credentials(world.agency_id)
    assert world.provision().status == 200
    assert len(world.effects("telnyx", "application_created")) == 1


class Killed(BaseException):
    """What the function's process meets when it is killed."""


def test_while_one_runs_another_is_told_so(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    # given a run that dies in the middle, its lease still held
    def die(*_: Any, **__: Any) -> None:
        raise Killed

    with monkeypatch.context() as dying:
        dying.setattr(Ultravox, "import_telnyx", die)
        with pytest.raises(Killed):
            world.provision()

    answer = world.provision()

    assert (answer.status, answer.body["code"], answer.body["retryable"]) == (409, "operation_in_progress", True)
    assert answer.body["operation_id"].startswith("op_")
    # and once the lease has run out, a request takes the run over and answers for the whole of it
    world.pass_time(60)
    after = world.provision()
    assert list(data_of(after)) == STEPS
    assert "reused" not in data_of(after)["create_telnyx_application"]
    assert len(world.effects("telnyx", "application_created")) == 1


# What it costs


def test_round_trips_to_dynamodb(world: World, aws_calls: Counter[str]) -> None:
    assert world.provision().status == 200
    spent = {name: count for name, count in aws_calls.items() if name.startswith("dynamodb")}
    # the caller, the agency, its configurations; then one write before the first step and one after each with an effect
    assert spent == {"dynamodb GetItem": 2, "dynamodb Query": 1, "dynamodb TransactWriteItems": 4}
    assert sum(spent.values()) <= 3 + len(STEPS)


def test_one_connection_to_each_carrier(world: World) -> None:
    before = {name: server.connections for name, server in world.servers.items()}
    world.provision()
    world.provision({"force": True})
    opened = {name: server.connections - before[name] for name, server in world.servers.items()}
    assert opened == {"telnyx": 1, "ultravox": 1, "twilio": 0, "signalwire": 0}
