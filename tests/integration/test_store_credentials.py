"""store-telnyx-credentials, save-ultravox-integration, import-telnyx-to-ultravox: one store, written by both APIs."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from local.simulators import demo_accounts as demo
from tests.integration.own_accounts import Own, own_accounts, telnyx_key
from tests.integration.provider_api import Api
from tests.world import PUBLIC_BASE_URL, World


@pytest.fixture
def own(calm_world: World) -> Iterator[Own]:
    """An agency without keys."""
    yield own_accounts(calm_world, stored=False)
    for server in calm_world.servers.values():
        server.simulator.clear_faults()


@pytest.fixture
def provisioned(calm_world: World) -> Iterator[Own]:
    yield own_accounts(calm_world, provisioned=True)
    for server in calm_world.servers.values():
        server.simulator.clear_faults()


def provider_configurations(own: Own) -> Api:
    return Api(own.world, own.agency_id, own.tokens)


def test_keys_that_the_carriers_know_make_an_agency_ready_to_provision(own: Own) -> None:
    # when
    telnyx, ultravox = own.store_telnyx(), own.save_ultravox()
    # then
    assert telnyx.status == 200, telnyx.body
    assert telnyx.body["success"] is telnyx.body["validated"] is True
    assert telnyx.body["telephony_ready"] is False
    assert telnyx.body["next_steps"] == ["Store the Ultravox API key", "Provision telephony"]
    assert telnyx.body["webhook_url"].startswith(f"{PUBLIC_BASE_URL}/telnyx-webhook/{own.agency_id}/")
    assert ultravox.body == {"success": True, "validated": True, "webhook_url": telnyx.body["webhook_url"]}
    assert own.world.status(token=own.tokens["owner"]).body["ready_for_provisioning"] is True
    assert own.provision().status == 200


def test_what_one_api_stores_the_other_shows_and_the_other_way_round(own: Own) -> None:
    # given keys stored by the integration API
    own.store_telnyx()
    api = provider_configurations(own)
    [shown] = api.listed().body["data"]
    assert (shown["provider"], shown["api_key"], shown["is_default"]) == (1, "••••" + own.telnyx_key[-4:], True)
    assert {each["meta_key"]: each["meta_value"] for each in shown["meta_json"]} == {
        "telnyx_public_key": demo.TELNYX_PUBLIC_KEY,
        "telnyx_account_sid": demo.TELNYX_ACCOUNT_SID,
    }
    # when a configuration made by the other API is the default
    other = own.another_telnyx_key()
    chosen = api.created(
        {"name": "Chosen", "provider": 1, "api_key": own.telnyx_key, "is_default": True, "meta_json": []}
    )
    own.store_telnyx(other)
    # then it is that one that the integration API writes to
    assert api.get(chosen).body["data"]["api_key"] == "••••" + other[-4:]
    assert api.get(shown["id"]).body["data"]["api_key"] == shown["api_key"]


def test_storing_again_replaces_and_keeps_one_record(own: Own) -> None:
    own.store_telnyx()
    other = own.another_telnyx_key()
    own.store_telnyx(other)
    [shown] = provider_configurations(own).listed().body["data"]
    assert (shown["api_key"], len(shown["meta_json"])) == ("••••" + other[-4:], 2)


def meta_of(own: Own) -> dict[str, str]:
    [telnyx] = [each for each in provider_configurations(own).listed().body["data"] if each["provider"] == 1]
    return {each["meta_key"]: each["meta_value"] for each in telnyx["meta_json"]}


@pytest.mark.parametrize(("skip", "kept"), [(False, True), (True, False)])
def test_the_account_sid_stays_with_another_key_of_the_same_account_only(
    provisioned: Own, skip: bool, kept: bool
) -> None:
    # when another key is stored without it, seen to be of the account that has the application or not looked at
    answer = provisioned.store_telnyx(provisioned.another_telnyx_key(), telnyx_account_sid=None, skip_validation=skip)
    # then
    assert answer.status in (200, 500), answer.body
    assert ("telnyx_account_sid" in meta_of(provisioned)) is kept


def test_the_account_sid_of_the_account_before_does_not_stay(own: Own) -> None:
    # given an agency that nothing ties to an account yet
    own.store_telnyx()
    # when the key of another account is stored
    key = telnyx_key()
    own.world.telnyx.simulator.add_account(key)
    assert own.store_telnyx(key, telnyx_account_sid=None).status == 200
    # then
    assert list(meta_of(own)) == ["telnyx_public_key"]


@pytest.mark.parametrize("skip", [False, True])
def test_a_masked_key_is_not_a_key(own: Own, skip: bool) -> None:
    # given
    own.store_telnyx()
    own.save_ultravox()
    before = own.items("provider_configurations")
    # when the answer of a GET is sent back
    answers = [
        own.store_telnyx("••••" + own.telnyx_key[-4:] + "•" * 16, skip_validation=skip),
        own.save_ultravox("••••" + own.ultravox_key[-4:], skip_validation=skip),
    ]
    # then nothing is said to be validated, and nothing has changed
    for answer in answers:
        assert (answer.status, answer.body["errors"][0]["field"]) == (400, "api_key")
    assert own.items("provider_configurations") == before


def test_what_is_stored_can_be_shown(own: Own) -> None:
    # given the longest public key that is taken
    longer = own.store_telnyx(skip_validation=True, telnyx_public_key="k" * 1001)
    assert (longer.status, longer.body["errors"][0]["field"]) == (400, "telnyx_public_key")
    assert own.store_telnyx(skip_validation=True, telnyx_public_key="k" * 1000).status == 200
    # then
    assert meta_of(own)["telnyx_public_key"] == "k" * 1000


def test_a_secret_is_not_kept_beside_the_secrets(own: Own) -> None:
    answer = own.store_telnyx(telnyx_account_sid=own.telnyx_key)
    assert (answer.status, answer.body["errors"][0]["field"]) == (400, "telnyx_account_sid")
    assert own.telnyx_key not in json.dumps(answer.body)
    assert own.items("provider_configurations") == []


# Bad input


@pytest.mark.parametrize(
    ("fields", "named"),
    [
        ({"telnyx_api_key": "KEY" + "x" * 16}, "telnyx_api_key"),
        ({"telnyx_api_key": "K" * 1025}, "telnyx_api_key"),
        ({"telnyx_api_key": "K" * 10 * 1024}, "telnyx_api_key"),
        ({"telnyx_api_key": 7}, "telnyx_api_key"),
        ({"telnyx_api_key": "KEY with spaces in it x"}, "api_key"),
        ({"telnyx_public_key": None}, "telnyx_public_key"),
        ({"telnyx_public_key": ""}, "telnyx_public_key"),
        ({"telnyx_public_key": "not a public key"}, "telnyx_public_key"),
        ({"telnyx_public_key": "YWJj"}, "telnyx_public_key"),
        ({"telnyx_account_sid": ""}, "telnyx_account_sid"),
        ({"skip_validation": "yes"}, "skip_validation"),
        ({"skip_validation": 1}, "skip_validation"),
        ({"unknown": 1}, "unknown"),
    ],
    ids=lambda value: json.dumps(value)[:50] if isinstance(value, dict) else "",
)
def test_bad_fields_of_telnyx(own: Own, fields: dict[str, Any], named: str) -> None:
    answer = own.store_telnyx(**fields)
    assert (answer.status, answer.body["success"]) == (400, False)
    assert named in {each["field"] for each in answer.body["errors"]}
    assert own.items("provider_configurations") == []


@pytest.mark.parametrize(
    "body",
    [{}, {"api_key": ""}, {"api_key": None}, {"api_key": "k" * 1025}, {"api_key": "k", "skip_validation": "no"}],
    ids=lambda body: json.dumps(body)[:30],
)
def test_bad_fields_of_ultravox(own: Own, body: dict[str, Any]) -> None:
    answer = own.call("POST", "/save-ultravox-integration", body)
    assert (answer.status, answer.body["code"]) == (400, "validation_failed")
    assert own.items("provider_configurations") == []


@pytest.mark.parametrize("role", ["admin", "member"])
@pytest.mark.parametrize(
    "path",
    ["store-telnyx-credentials", "save-ultravox-integration", "import-telnyx-to-ultravox", "repair-telephony-config"],
)
def test_only_an_owner_may_and_others_are_written_down(own: Own, path: str, role: str) -> None:
    answer = own.call("POST", f"/{path}", {}, role=role)
    assert (answer.status, answer.body["error"]) == (403, "This needs the role agency_owner")
    assert own.audit()[-1] == "access.refused"


# Bad days


def test_a_key_that_telnyx_refuses_is_not_kept(own: Own) -> None:
    # when
    answer = own.store_telnyx(telnyx_key())
    # then
    assert (answer.status, answer.body["code"]) == (400, "invalid_provider_credentials")
    assert "skip_validation" in answer.body["hint"]
    assert own.items("provider_configurations") == []
    # but it is, unchecked
    unchecked = own.store_telnyx(telnyx_key(), skip_validation=True, telnyx_public_key="anything")
    assert (unchecked.status, unchecked.body["validated"]) == (200, False)


def test_a_key_that_ultravox_refuses_is_not_kept(own: Own) -> None:
    answer = own.save_ultravox("wrongkey." + "0" * 32)
    assert (answer.status, answer.body["code"]) == (400, "invalid_provider_credentials")
    assert "skip_validation" in answer.body["hint"]
    assert own.items("provider_configurations") == []


@pytest.mark.parametrize("carrier", ["telnyx", "ultravox"])
def test_a_carrier_that_is_down(own: Own, monkeypatch: pytest.MonkeyPatch, carrier: str) -> None:
    # given
    from telephony.providers import transport

    monkeypatch.setattr(transport, "backoff", lambda *_args, **_rest: 0.0)
    own.world.servers[carrier].simulator.add_faults({"kind": "refuse", "times": 3})
    # when
    answer = own.store_telnyx() if carrier == "telnyx" else own.save_ultravox()
    # then
    assert (answer.status, answer.body["retryable"]) == (502, True)
    assert "skip_validation: true" in answer.body["fix"]
    assert own.items("provider_configurations") == []


# Import


@pytest.mark.parametrize(
    ("stored", "missing"),
    [
        ("nothing", ["ultravox_api_key", "telnyx_api_key", "telnyx_public_key", "telnyx_application_id"]),
        ("Telnyx", ["ultravox_api_key", "telnyx_application_id"]),
        ("Ultravox", ["telnyx_api_key", "telnyx_public_key", "telnyx_application_id"]),
        ("both", ["telnyx_application_id"]),
    ],
)
def test_an_import_names_what_is_missing(own: Own, stored: str, missing: list[str]) -> None:
    if stored in ("Telnyx", "both"):
        own.store_telnyx()
    if stored in ("Ultravox", "both"):
        own.save_ultravox()
    answer = own.import_telnyx()
    assert (answer.status, answer.body["missing"]) == (400, missing)


def test_an_import_is_done_again(provisioned: Own) -> None:
    # given
    provisioned.ultravox["telephony_configs"].clear()
    # when
    answer = provisioned.import_telnyx()
    # then
    application_id = provisioned.application["id"]
    assert answer.body == {
        "success": True,
        "telnyx_configured_in_ultravox": True,
        "application_id": application_id,
    }
    assert provisioned.imported["applicationSid"] == application_id
    assert provisioned.audit()[-1] == "telephony.imported_to_ultravox"
    assert provisioned.agency.telephony_operation_id is None


def test_an_import_sets_the_flag(provisioned: Own) -> None:
    from telephony.models import agencies
    from telephony.models.base import commit

    commit(agencies.set_telephony(provisioned.agency_id, telephony_configured=False))
    assert provisioned.import_telnyx().status == 200
    assert provisioned.agency.telephony_configured is True


def test_an_import_that_ultravox_refuses(provisioned: Own) -> None:
    # given
    body = {"detail": f"No such account for {provisioned.telnyx_key}."}
    fault = {"kind": "status", "status": 400, "method": "PATCH", "body": body}
    provisioned.world.ultravox.simulator.add_faults(fault)
    # when
    answer = provisioned.import_telnyx()
    # then its sentence, without the key
    assert (answer.status, answer.body["success"], answer.body["provider"]) == (502, False, "ultravox")
    assert "No such account for [redacted]." in answer.body["error"]
    assert provisioned.telnyx_key not in json.dumps(answer.body)
    # and the next request goes through
    assert provisioned.import_telnyx().status == 200


def test_an_import_that_ultravox_does_not_answer_is_tried_again_by_the_queue(provisioned: Own) -> None:
    # given
    provisioned.ultravox["telephony_configs"].clear()
    provisioned.world.ultravox.simulator.add_faults({"kind": "refuse", "times": 3})
    # when
    answer = provisioned.import_telnyx()
    # then
    assert (answer.status, answer.body["retry_scheduled"]) == (502, True)
    provisioned.world.settle(rounds=3)
    assert provisioned.imported["applicationSid"] == provisioned.application["id"]


def test_an_import_finishes_a_provisioning_that_failed_at_it(own: Own) -> None:
    # given
    own.store_telnyx()
    own.save_ultravox()
    fault = {"kind": "status", "status": 400, "method": "PATCH", "body": {"detail": "no"}}
    own.world.ultravox.simulator.add_faults(fault)
    assert own.provision().body["failed_at"] == "import_to_ultravox"
    # when
    answer = own.import_telnyx()
    # then
    assert (answer.status, answer.body["application_id"]) == (200, own.application["id"])
    assert own.audit()[-1] == "telephony.provisioned"
    assert own.verify().body["ready_for_calls"] is True
