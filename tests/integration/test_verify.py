"""verify-telephony-config and repair-telephony-config: every difference is named, mended, and nothing else touched."""

from __future__ import annotations

import copy
import time
from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest

from local.simulators import demo_accounts as demo
from local.simulators.store import Record
from tests.integration.own_accounts import Own, own_accounts
from tests.world import PUBLIC_BASE_URL, World

AN_AGENT = "0f8fad5b-d9cb-469f-a165-70867728950e"
NOT_OURS = {"updated_at", "connections_count"}


@pytest.fixture
def own(calm_world: World) -> Own:
    return own_accounts(calm_world, provisioned=True)


# Verify


def test_what_is_provisioned_is_in_sync(own: Own) -> None:
    # when
    answer = own.verify(role="member")
    # then each side tells what it has
    application, profile = own.application, own.profile
    assert answer.status == 200
    assert answer.body == {
        "success": True,
        "virsyn_db": {
            "has_ultravox_key": True,
            "has_telnyx_key": True,
            "has_telnyx_public_key": True,
            "telnyx_application_id": application["id"],
            "telnyx_outbound_profile_id": profile["id"],
            "telephony_configured": True,
        },
        "ultravox": {
            "telnyx_configured": True,
            "has_api_key": True,
            "has_public_key": True,
            "application_id": application["id"],
            "call_creation_allow_all_agents": True,
            "api_key_prefix": own.telnyx_key[:4],
            "public_key_prefix": demo.TELNYX_PUBLIC_KEY[:4],
        },
        "telnyx": {
            "application_exists": True,
            "application_name": application["application_name"],
            "webhook_url_matches": True,
            "outbound_profile_exists": True,
            "outbound_profile_associated": True,
        },
        "in_sync": True,
        "sync_issues": None,
        "ready_for_calls": True,
    }


def test_an_agency_before_its_provisioning_lacks_nothing(calm_world: World) -> None:
    own = own_accounts(calm_world)
    body = own.verify().body
    assert (body["in_sync"], body["sync_issues"], body["ready_for_calls"]) == (True, None, False)
    assert body["telnyx"]["application_exists"] is False
    assert body["ultravox"]["telnyx_configured"] is False
    assert own.repair().body["repaired"] == []
    assert own.effects() == []


def test_without_an_ultravox_key(calm_world: World) -> None:
    own = own_accounts(calm_world, stored=False)
    assert own.store_telnyx().status == 200
    answer = own.verify()
    assert (answer.status, answer.body["ultravox"]) == (200, None)
    assert answer.body["error"] == "Ultravox API key not configured"
    assert answer.body["telnyx"]["application_exists"] is False
    assert (answer.body["in_sync"], answer.body["ready_for_calls"]) == (False, False)


def test_without_any_key(calm_world: World) -> None:
    answer = own_accounts(calm_world, stored=False).verify()
    assert (answer.status, answer.body["ultravox"], answer.body["telnyx"]) == (200, None, None)
    assert answer.body["virsyn_db"]["has_telnyx_key"] is False


@pytest.mark.parametrize("carrier", ["telnyx", "ultravox"])
@pytest.mark.parametrize("status", [401, 403, 422, 500, 502])
def test_a_carrier_that_answers_an_error(own: Own, monkeypatch: pytest.MonkeyPatch, carrier: str, status: int) -> None:
    # given
    from telephony.providers import transport

    monkeypatch.setattr(transport, "backoff", lambda *_args, **_rest: 0.0)
    simulator = own.world.servers[carrier].simulator
    simulator.add_faults({"kind": "status", "status": status, "times": 10})
    # when
    answer = own.verify()
    simulator.clear_faults()
    # then
    assert (answer.status, answer.body["success"]) == (502, False)
    assert answer.body["provider"] == carrier


WRONG_INSIDE: list[tuple[str, str, Record]] = [
    *(
        ("ultravox", "telephony_config", {"telnyx": telnyx})
        for telnyx in (
            [],
            "x",
            7,
            {"applicationSid": 5},
            {"accountSid": []},
            {"apiKeyPrefix": "KEY0"},
            {"apiKeyPrefix": {"prefix": 7}},
            {"callCreationAllowAllAgents": "yes"},
        )
    ),
    *(
        ("telnyx", "call_control_applications", {"data": {"id": "1", **fields}})
        for fields in (
            {"inbound": "x"},
            {"outbound": ["x"]},
            {"outbound": {"outbound_voice_profile_id": 7}},
            {"application_name": {}},
            {"webhook_event_url": 7},
        )
    ),
    *(
        ("telnyx", "outbound_voice_profiles", {"data": {"id": "1", **fields}})
        for fields in ({"tags": "x"}, {"tags": [7, "x"]}, {"whitelisted_destinations": ["US", 7]}, {"name": []})
    ),
]


@pytest.mark.parametrize(("carrier", "path", "body"), WRONG_INSIDE, ids=lambda value: str(value)[:70])
@pytest.mark.parametrize("what", ["verify", "repair"])
def test_an_answer_of_another_shape_inside_is_the_carriers_failure(
    own: Own, monkeypatch: pytest.MonkeyPatch, carrier: str, path: str, body: Record, what: str
) -> None:
    # given
    from telephony.providers import transport

    monkeypatch.setattr(transport, "backoff", lambda *_args, **_rest: 0.0)
    simulator = own.world.servers[carrier].simulator
    simulator.add_faults({"kind": "status", "status": 200, "method": "GET", "path": path, "body": body, "times": 10})
    # when
    answer = own.verify() if what == "verify" else own.repair()
    simulator.clear_faults()
    # then
    assert (answer.status, answer.body["code"], answer.body["provider"]) == (502, "provider_unavailable", carrier)


def test_both_carriers_are_asked_at_the_same_time(own: Own) -> None:
    # given carriers of which each makes one wait
    slow, slower = 0.3, 0.6
    own.verify()
    try:
        own.world.ultravox.simulator.change_settings({"latency": slow})
        own.world.telnyx.simulator.change_settings({"latency": slower})
        calls = len(own.world.telnyx.simulator.log) + len(own.world.ultravox.simulator.log)
        # when
        began = time.monotonic()
        assert own.verify().body["in_sync"] is True
        wall = time.monotonic() - began
        calls = len(own.world.telnyx.simulator.log) + len(own.world.ultravox.simulator.log) - calls
    finally:
        for server in (own.world.ultravox, own.world.telnyx):
            server.simulator.change_settings({"latency": 0.0})
    # then three calls took less than the two of Telnyx would, one after the other
    assert calls == 3
    assert wall < 2 * slower


# The drift matrix


def _application(**fields: Any) -> Callable[[Own], None]:
    return lambda own: own.application.update(fields)


def _nested(name: str, **fields: Any) -> Callable[[Own], None]:
    return lambda own: own.application.update({name: own.application[name] | fields})


def _profile(**fields: Any) -> Callable[[Own], None]:
    return lambda own: own.profile.update(fields)


def _imported(**fields: Any) -> Callable[[Own], None]:
    return lambda own: own.imported.update(fields)


def _stored(**values: Any) -> Callable[[Own], None]:
    def change(own: Own) -> None:
        from telephony.models import agencies
        from telephony.models.base import commit

        commit(agencies.set_telephony(own.agency_id, **values))

    return change


def _foreign_profile(own: Own) -> None:
    """Somebody associates a profile of their own with the application."""
    foreign = {**copy.deepcopy(own.profile), "id": "1999999999999999999", "name": "Somebody's", "tags": []}
    own.telnyx["outbound_voice_profiles"][foreign["id"]] = foreign
    [application] = own.telnyx["applications"].values()
    application["outbound"] = application["outbound"] | {"outbound_voice_profile_id": foreign["id"]}


def _gone(collection: str) -> Callable[[Own], None]:
    return lambda own: own.telnyx[collection].clear()


def _webhook(url: str) -> Callable[[Own], None]:
    return lambda own: own.application.update({"webhook_event_url": url.format(agency_id=own.agency_id)})


APPLICATION, PROFILE = "Telnyx application: ", "Telnyx outbound profile: "
APPLICATION_WRITTEN, PROFILE_WRITTEN, IMPORT_WRITTEN = "application_updated", "profile_updated", "telephony_config_set"
MISMATCH = "Application ID mismatch between Virsyn and Ultravox"

DRIFTS: dict[str, tuple[Callable[[Own], None], list[str], list[str]]] = {
    # what is changed by hand, what verify says, what repair does at the carriers
    "application_name": (
        _application(application_name="By hand"),
        [f"{APPLICATION}application_name differs"],
        [APPLICATION_WRITTEN],
    ),
    "webhook's host": (
        _webhook("https://old.example.com/telnyx-webhook/{agency_id}/old"),
        [f"{APPLICATION}webhook_event_url differs"],
        [APPLICATION_WRITTEN],
    ),
    "webhook's secret": (
        _webhook(f"{PUBLIC_BASE_URL}/telnyx-webhook/{{agency_id}}/old"),
        [f"{APPLICATION}webhook_event_url differs"],
        [APPLICATION_WRITTEN],
    ),
    "webhook_api_version": (
        _application(webhook_api_version="1"),
        [f"{APPLICATION}webhook_api_version differs"],
        [APPLICATION_WRITTEN],
    ),
    "active": (_application(active=False), [f"{APPLICATION}active differs"], [APPLICATION_WRITTEN]),
    "dtmf_type": (_application(dtmf_type="Inband"), [f"{APPLICATION}dtmf_type differs"], [APPLICATION_WRITTEN]),
    "first_command_timeout": (
        _application(first_command_timeout=False),
        [f"{APPLICATION}first_command_timeout differs"],
        [APPLICATION_WRITTEN],
    ),
    "first_command_timeout_secs": (
        _application(first_command_timeout_secs=5),
        [f"{APPLICATION}first_command_timeout_secs differs"],
        [APPLICATION_WRITTEN],
    ),
    "inbound.channel_limit": (
        _nested("inbound", channel_limit=1),
        [f"{APPLICATION}inbound.channel_limit differs"],
        [APPLICATION_WRITTEN],
    ),
    "inbound.shaken_stir_enabled": (
        _nested("inbound", shaken_stir_enabled=False),
        [f"{APPLICATION}inbound.shaken_stir_enabled differs"],
        [APPLICATION_WRITTEN],
    ),
    "outbound.channel_limit": (
        _nested("outbound", channel_limit=None),
        [f"{APPLICATION}outbound.channel_limit differs"],
        [APPLICATION_WRITTEN],
    ),
    "association": (
        _nested("outbound", outbound_voice_profile_id=None),
        ["Telnyx outbound profile is not associated with the application"],
        [APPLICATION_WRITTEN],
    ),
    "association with somebody else's profile": (
        _foreign_profile,
        ["Telnyx outbound profile is not associated with the application"],
        [APPLICATION_WRITTEN],
    ),
    "application gone": (
        _gone("applications"),
        ["Telnyx application not found"],
        ["application_created", APPLICATION_WRITTEN, IMPORT_WRITTEN],
    ),
    "profile's name": (_profile(name="By hand"), [f"{PROFILE}name differs"], [PROFILE_WRITTEN]),
    "concurrent_call_limit": (
        _profile(concurrent_call_limit=1),
        [f"{PROFILE}concurrent_call_limit differs"],
        [PROFILE_WRITTEN],
    ),
    "enabled": (_profile(enabled=False), [f"{PROFILE}enabled differs"], [PROFILE_WRITTEN]),
    "traffic_type": (_profile(traffic_type="short_duration"), [f"{PROFILE}traffic_type differs"], [PROFILE_WRITTEN]),
    "service_plan": (_profile(service_plan="us"), [f"{PROFILE}service_plan differs"], [PROFILE_WRITTEN]),
    "whitelisted_destinations": (
        _profile(whitelisted_destinations=["US"]),
        [f"{PROFILE}whitelisted_destinations differs"],
        [PROFILE_WRITTEN],
    ),
    "tags": (_profile(tags=["theirs"]), [f"{PROFILE}tags differs"], [PROFILE_WRITTEN]),
    "profile gone": (
        _gone("outbound_voice_profiles"),
        ["Telnyx outbound profile not found"],
        ["profile_created", APPLICATION_WRITTEN],
    ),
    "applicationSid": (_imported(applicationSid="1111111111111111111"), [MISMATCH], [IMPORT_WRITTEN]),
    "callCreationAllowAllAgents": (
        _imported(callCreationAllowAllAgents=False),
        ["Ultravox does not let calls be created for all agents"],
        [IMPORT_WRITTEN],
    ),
    "callCreationAllowedAgentIds": (
        _imported(callCreationAllowAllAgents=False, callCreationAllowedAgentIds=[AN_AGENT]),
        ["Ultravox does not let calls be created for all agents"],
        [IMPORT_WRITTEN],
    ),
    "apiKey": (_imported(apiKey="OLD0"), ["Ultravox holds another Telnyx API key"], [IMPORT_WRITTEN]),
    "publicKey": (_imported(publicKey="old="), ["Ultravox holds another Telnyx public key"], [IMPORT_WRITTEN]),
    "accountSid": (_imported(accountSid="old"), ["Ultravox holds another Telnyx account SID"], [IMPORT_WRITTEN]),
    "import gone": (
        lambda own: own.ultravox["telephony_configs"].clear(),
        ["Virsyn shows configured but Ultravox has no Telnyx config"],
        [IMPORT_WRITTEN],
    ),
    "our application id": (
        _stored(telnyx_application_id="1111111111111111111"),
        ["Application ID mismatch between Virsyn and Telnyx", MISMATCH],
        [],
    ),
    "our application id gone": (
        _stored(telnyx_application_id=None),
        ["Application ID mismatch between Virsyn and Telnyx", MISMATCH],
        [],
    ),
    "our profile id": (
        _stored(telnyx_outbound_profile_id="1111111111111111111"),
        ["Outbound profile ID mismatch between Virsyn and Telnyx"],
        [],
    ),
    "our flag": (_stored(telephony_configured=False), ["Virsyn shows not configured"], []),
}


def _everything(own: Own) -> dict[str, Record]:
    """All that there is at the carriers, but what they count and stamp themselves."""

    def shown(record: Record) -> Record:
        return {name: value for name, value in record.items() if name not in NOT_OURS}

    return {
        "applications": {key: shown(each) for key, each in own.telnyx["applications"].items()},
        "profiles": {key: shown(each) for key, each in own.telnyx["outbound_voice_profiles"].items()},
        "imports": copy.deepcopy(own.ultravox["telephony_configs"]),
    }


@pytest.mark.parametrize("drift", DRIFTS)
def test_what_is_changed_by_hand_is_named_and_mended_and_nothing_else_touched(own: Own, drift: str) -> None:
    # given settings at the carriers that aren't ours, and then something of ours changed
    change, issues, written = DRIFTS[drift]
    own.application.update(anchorsite_override="London, UK", webhook_timeout_secs=9)
    own.application["inbound"]["sip_subdomain"] = "theirs"
    own.profile.update(daily_spend_limit="5.00", tags=[own.agency_id, "theirs"])
    own.imported["requestContextMapping"] = {"from": "caller"}
    before = copy.deepcopy(_everything(own))
    change(own)
    drifted, done = copy.deepcopy(_everything(own)), Counter(own.effects())

    # when it is verified
    body = own.verify().body
    # then the difference is named, and nothing has changed
    assert (body["sync_issues"], body["in_sync"], body["ready_for_calls"]) == (issues, False, False)
    # when only asked
    told = own.repair({"dry_run": True}).body
    # then the same is told, and nothing has changed
    assert (told["repaired"], told["sync_issues"], told["dry_run"]) == (issues, issues, True)
    assert (_everything(own), Counter(own.effects())) == (drifted, done)

    # when it is repaired
    answer = own.repair()
    # then that is mended
    assert (answer.status, answer.body["repaired"]) == (200, issues), answer.body
    assert (answer.body["in_sync"], answer.body["sync_issues"]) == (True, None)
    assert Counter(own.effects()) - done == Counter(written)
    # and what isn't ours is as before
    after = _everything(own)
    if "gone" not in drift or drift.startswith("our"):
        if "somebody" in drift:
            foreign = after["profiles"].pop("1999999999999999999")
            assert (foreign["name"], foreign["tags"]) == ("Somebody's", [])
        if drift == "tags":
            assert after["profiles"].popitem()[1]["tags"] == sorted(["theirs", own.agency_id])
            before["profiles"].clear()
        assert after == before
    assert own.verify().body["in_sync"] is True


def test_destinations_in_another_order_are_the_same(own: Own) -> None:
    own.profile["whitelisted_destinations"].reverse()
    assert own.verify().body["in_sync"] is True


def test_a_second_repair_has_nothing_to_do(own: Own) -> None:
    own.profile["enabled"] = False
    own.repair()
    done = own.effects()
    assert own.repair().body["repaired"] == []
    assert own.effects() == done


def test_a_repair_asks_ultravox_no_more_often_than_it_has_to(own: Own) -> None:
    own.ultravox["telephony_configs"].clear()
    log = own.world.ultravox.simulator.log
    before = len(log)
    own.repair()
    # then: what differs, what is to be imported over, the import, and whether all is well
    assert [each["method"] for each in list(log)[before:]] == ["GET", "GET", "PATCH", "GET"]


def test_a_repair_is_written_down(own: Own) -> None:
    own.profile["enabled"] = False
    own.repair()
    assert own.audit()[-2:] == ["telephony.repair_begun", "telephony.repaired"]


@pytest.mark.parametrize("role", ["admin", "member"])
def test_only_an_owner_repairs(own: Own, role: str) -> None:
    own.profile["enabled"] = False
    assert own.repair(role=role).status == 403
    assert own.profile["enabled"] is False


@pytest.mark.parametrize("body", [{"dry_run": "yes"}, {"dry_run": 1}, {"force": True}, []])
def test_a_bad_body_of_a_repair(own: Own, body: Any) -> None:
    assert own.repair(body).status == 400


def test_a_carrier_that_fails_during_a_repair_is_tried_again_by_the_queue(own: Own) -> None:
    # given
    own.profile["enabled"] = False
    own.world.telnyx.simulator.add_faults({"kind": "status", "status": 503, "times": 3, "method": "PATCH"})
    # when
    answer = own.repair()
    # then
    assert (answer.status, answer.body["failed_at"]) == (500, "create_outbound_profile")
    assert answer.body["retry_scheduled"] is True
    # and later
    own.world.settle(rounds=3)
    assert own.verify().body["in_sync"] is True
