"""POST /deprovision-telephony: what it takes away, what it leaves, and what it refuses."""

from __future__ import annotations

from typing import Any

import pytest
import requests
from telephony.values import ProviderType

from local.simulators import demo_accounts as demo
from tests.carriers import CarrierNumbers, for_sale
from tests.integration.conftest import Setting, store_key
from tests.world import World


def buy_numbers(world: World, *application_ids: str | None) -> list[str]:
    """Buys a number at Telnyx for each application, or for none, as somebody would without us."""
    telnyx = requests.Session()
    telnyx.headers["Authorization"] = f"Bearer {demo.TELNYX_API_KEY}"
    base = world.telnyx.base_url
    found = telnyx.get(f"{base}/available_phone_numbers", params={"filter[country_code]": "US"}).json()["data"]
    bought = [each["phone_number"] for each in found[: len(application_ids)]]
    for number, application_id in zip(bought, application_ids, strict=True):
        order = {"phone_numbers": [{"phone_number": number}], "connection_id": application_id}
        answer = telnyx.post(f"{base}/number_orders", json={key: each for key, each in order.items() if each})
        answer.raise_for_status()
    telnyx.close()
    world.pass_time(10)
    return bought


def ultravox_configurations(world: World) -> dict[str, Any]:
    found: dict[str, Any] = world.ultravox.simulator.account(demo.ULTRAVOX_API_KEY)["telephony_configs"]
    return {carrier: each for carrier, each in found.items() if each is not None}


@pytest.mark.parametrize("api", ["account", "provider"])
def test_everything_is_taken_away_again(world: World, setting: Setting, api: str) -> None:
    setting(ULTRAVOX_TELEPHONY_API=api)
    provisioned = world.provision().body["provisioned"]

    answer = world.deprovision()

    assert (answer.status, answer.body) == (
        200,
        {
            "success": True,
            "completed_steps": [
                {"success": True, "step": "clear_ultravox_config", "data": {"telnyx_cleared": True}},
                {
                    "success": True,
                    "step": "delete_telnyx_application",
                    "data": {
                        "telnyx_application_id": provisioned["telnyx_application_id"],
                        "application_deleted": True,
                    },
                },
                {
                    "success": True,
                    "step": "delete_outbound_profile",
                    "data": {
                        "telnyx_outbound_profile_id": provisioned["telnyx_outbound_profile_id"],
                        "outbound_profile_deleted": True,
                    },
                },
                {"success": True, "step": "clear_resource_ids", "data": {"telephony_configured": False}},
            ],
        },
    )
    assert (world.applications(), world.profiles(), ultravox_configurations(world)) == ([], [], {})
    status = world.status().body
    assert status["telephony_configured"] is False
    assert (status["telnyx"]["application_id"], status["telnyx"]["outbound_profile_id"]) == (None, None)


def test_numbers_on_the_application_are_named_and_nothing_is_touched(world: World) -> None:
    # given two numbers on the agency's application, and one elsewhere
    world.provision()
    [application] = world.applications()
    *connected, _ = buy_numbers(world, application["id"], application["id"], None)
    world.telnyx.simulator.forget_run()
    # when it is to be taken down
    answer = world.deprovision()
    # then the two are named, and all is as it was
    assert (answer.status, answer.body["code"]) == (409, "numbers_on_application")
    assert sorted(answer.body["phone_numbers"]) == sorted(connected)
    assert answer.body["fix"] == "Release these numbers or connect them elsewhere first."
    assert world.effects("telnyx") == []
    assert list(ultravox_configurations(world)) == ["telnyx"]
    assert world.status().body["telephony_configured"] is True


def test_a_number_on_order_counts(world: World) -> None:
    # given one that Telnyx hasn't delivered yet
    world.provision()
    numbers = CarrierNumbers(world, "telnyx")
    wanted = next(for_sale("telnyx"))
    numbers.server.simulator.change_settings({"order_delay": 86400.0})
    assert numbers.purchase(wanted).body["purchase_details"]["status"] == "pending"
    # when
    answer = world.deprovision()
    # then
    assert (answer.status, answer.body["code"]) == (409, "numbers_on_application")
    assert answer.body["phone_numbers"] == [wanted]
    assert list(ultravox_configurations(world)) == ["telnyx"]


@pytest.mark.parametrize("who", ["owner", "queue"])
def test_numbers_that_have_come_meanwhile_count_for_an_unfinished_one(world: World, who: str) -> None:
    # given a deprovision that Ultravox did not answer, and a number connected since
    world.provision()
    [application] = world.applications()
    world.ultravox.simulator.add_faults({"kind": "status", "status": 500, "times": 3})
    assert world.deprovision().body["failed_at"] == "clear_ultravox_config"
    connected = buy_numbers(world, application["id"])
    # when it is taken up again
    if who == "owner":
        answer = world.deprovision()
        assert (answer.status, answer.body["code"]) == (409, "numbers_on_application")
        assert answer.body["phone_numbers"] == connected
    else:
        world.settle(rounds=2)
    # then all is as it was
    assert list(ultravox_configurations(world)) == ["telnyx"]
    assert world.applications() == [application]


def test_a_second_time_finds_nothing_left_to_do(world: World) -> None:
    world.provision()
    world.deprovision()
    answer = world.deprovision()
    assert answer.status == 200
    data = {step["step"]: step["data"] for step in answer.body["completed_steps"]}
    assert data["clear_ultravox_config"] == {"telnyx_cleared": False}
    assert data["delete_telnyx_application"]["application_deleted"] is False
    assert data["delete_outbound_profile"]["outbound_profile_deleted"] is False


def test_an_agency_never_provisioned_has_nothing_to_lose(world: World) -> None:
    answer = world.deprovision()
    assert answer.status == 200
    assert world.effects("telnyx") == []
    assert world.effects("ultravox") == []


@pytest.mark.parametrize("status", [422, 500])
def test_what_a_failed_provision_left_is_taken_away(world: World, status: int) -> None:
    # given a provision that stopped at Ultravox, for good or for now
    world.ultravox.simulator.add_faults({"kind": "status", "status": status, "times": 3, "method": "PATCH"})
    assert world.provision().status == 500
    assert len(world.applications()) == 1
    # when it is taken down instead
    assert world.deprovision().status == 200
    # then nothing is left, and the queue does not bring it back
    world.settle(rounds=3)
    assert (world.applications(), world.profiles(), ultravox_configurations(world)) == ([], [], {})
    assert world.status().body["telephony_configured"] is False


def test_an_ultravox_configuration_of_somebody_else_is_left_alone(world: World) -> None:
    # given an Ultravox account that by now points at another application, and at another carrier
    world.provision()
    configurations = world.ultravox.simulator.account(demo.ULTRAVOX_API_KEY)["telephony_configs"]
    configurations["telnyx"]["applicationSid"] = "9999999999999999999"
    configurations["twilio"] = {"accountSid": "AC1", "authToken": "x" * 32}
    # when our telephony is taken down
    answer = world.deprovision()
    # then theirs stays
    assert answer.body["completed_steps"][0]["data"] == {"telnyx_cleared": False}
    assert ultravox_configurations(world)["telnyx"]["applicationSid"] == "9999999999999999999"
    assert "twilio" in ultravox_configurations(world)


def test_another_carriers_configuration_survives_the_clearing_of_ours(world: World) -> None:
    world.provision()
    configurations = world.ultravox.simulator.account(demo.ULTRAVOX_API_KEY)["telephony_configs"]
    configurations["twilio"] = {"accountSid": "AC1", "authToken": "x" * 32}
    assert world.deprovision().status == 200
    assert list(ultravox_configurations(world)) == ["twilio"]


def test_another_agencys_telephony_stays(world: World) -> None:
    other_id, tokens = world.new_agency()
    assert world.provision(token=tokens["owner"]).status == 200
    assert world.provision().status == 200
    assert world.deprovision().status == 200
    [application], [profile] = world.applications(), world.profiles()
    assert f"/{other_id}/" in application["webhook_event_url"]
    assert profile["tags"] == [other_id]
    assert world.status(token=tokens["owner"]).body["telephony_configured"] is True


def test_a_failure_on_the_way_says_how_far_it_got(world: World) -> None:
    world.provision()
    [application] = world.applications()
    world.telnyx.simulator.add_faults({"kind": "status", "status": 500, "times": 3, "method": "DELETE"})

    answer = world.deprovision()

    assert (answer.status, answer.body["code"]) == (500, "provider_unavailable")
    assert answer.body["failed_at"] == "delete_telnyx_application"
    assert [step["step"] for step in answer.body["completed_steps"]] == ["clear_ultravox_config"]
    assert answer.body["partial_data"] == {"telnyx_cleared": True}
    assert answer.body["retry_scheduled"] is True
    # and the queue finishes the same run
    world.settle(rounds=2)
    assert world.effects("telnyx", "application_deleted")[0]["id"] == application["id"]
    assert world.status().body["telnyx"]["application_id"] is None


def refuse_to_delete(world: World, path: str) -> None:
    """As Telnyx does: a 422 without a body."""
    world.telnyx.simulator.add_faults({"kind": "status", "status": 422, "method": "DELETE", "path": path})


def test_half_torn_down_it_is_not_configured_any_more(world: World) -> None:
    # given a deprovision that cleared Ultravox and was refused the application
    world.provision()
    [application], [profile] = world.applications(), world.profiles()
    refuse_to_delete(world, "call_control_applications")
    answer = world.deprovision()
    assert (answer.status, answer.body["failed_at"]) == (500, "delete_telnyx_application")
    # then the status says what there is
    status = world.status().body
    assert status["telephony_configured"] is False
    assert status["telnyx"]["application_id"] == application["id"]
    assert status["telnyx"]["outbound_profile_id"] == profile["id"]
    # and the next try finishes
    assert world.deprovision().status == 200
    assert (world.applications(), world.profiles(), ultravox_configurations(world)) == ([], [], {})


def test_half_torn_down_it_can_be_set_up_again(world: World) -> None:
    # given a deprovision that deleted the application and was refused the profile
    world.provision()
    [deleted], [profile] = world.applications(), world.profiles()
    refuse_to_delete(world, "outbound_voice_profiles")
    answer = world.deprovision()
    assert (answer.status, answer.body["failed_at"]) == (500, "delete_outbound_profile")
    assert world.status().body["telnyx"]["application_id"] is None
    # when it is provisioned, without force
    provisioned = world.provision()
    # then there is a new application with the profile that stayed
    assert provisioned.status == 200, provisioned.body
    [application] = world.applications()
    assert application["id"] != deleted["id"]
    assert [each["id"] for each in world.profiles()] == [profile["id"]]
    assert application["outbound"]["outbound_voice_profile_id"] == profile["id"]
    assert world.status().body["telephony_configured"] is True


def test_a_profile_that_is_refused_without_a_word_stays_if_something_uses_it(world: World) -> None:
    world.provision()
    [profile], [application] = world.profiles(), world.applications()
    other = {**application, "id": "1", "webhook_event_url": "https://elsewhere.example"}
    world.telnyx.simulator.account(demo.TELNYX_API_KEY)["applications"]["1"] = other
    refuse_to_delete(world, "outbound_voice_profiles")

    answer = world.deprovision()

    assert answer.status == 200, answer.body
    data = {step["step"]: step["data"] for step in answer.body["completed_steps"]}
    assert data["delete_outbound_profile"]["kept"] == "still in use"
    assert [each["id"] for each in world.profiles()] == [profile["id"]]
    assert world.status().body["telnyx"]["outbound_profile_id"] is None


@pytest.mark.parametrize("what", ["deprovision", "dry run"])
def test_a_carrier_that_fails_before_the_first_step_is_500_as_the_pages_say(world: World, what: str) -> None:
    world.provision()
    world.telnyx.simulator.add_faults({"kind": "status", "status": 401, "method": "GET", "times": 9})
    answer = world.deprovision() if what == "deprovision" else world.provision({"dry_run": True, "force": True})
    assert (answer.status, answer.body["code"]) == (500, "invalid_provider_credentials")
    assert answer.body["success"] is False


def test_it_can_be_provisioned_again(world: World) -> None:
    world.provision()
    world.deprovision()
    assert world.provision().status == 200
    assert (len(world.applications()), len(world.profiles())) == (1, 1)


def test_it_works_without_the_ultravox_key(world: World) -> None:
    """The key may be gone by now; what there is at Telnyx must still be removable."""
    agency_id, tokens = world.new_agency(credentials=False)
    store_key(agency_id, ProviderType.TELNYX, demo.TELNYX_API_KEY, telnyx_public_key=demo.TELNYX_PUBLIC_KEY)
    assert world.deprovision(token=tokens["owner"]).status == 200


@pytest.mark.parametrize(
    "body", [{}, {"confirm": False}, {"confirm": "yes"}, {"confirm": "true"}, {"confirm": 1}, {"confirm": None}]
)
def test_without_a_plain_confirmation_nothing_happens(world: World, body: dict[str, Any]) -> None:
    world.provision()
    answer = world.deprovision(body)
    assert (answer.status, answer.body["code"]) == (400, "validation_failed")
    assert [each["field"] for each in answer.body["errors"]] == ["confirm"]
    assert len(world.applications()) == 1


def test_without_a_body_nothing_happens(world: World) -> None:
    world.provision()
    answer = world.call("provision_telephony", "POST", "/deprovision-telephony", token=world.owner_token)
    assert (answer.status, answer.body["code"]) == (400, "validation_failed")
    assert len(world.applications()) == 1
