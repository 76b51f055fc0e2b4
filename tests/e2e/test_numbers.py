"""A number's life through the built functions, over HTTP."""

from __future__ import annotations

from urllib.parse import quote

import pytest

from local.simulators import demo_accounts as demo
from tests.e2e.client import Agency, eventually


@pytest.mark.parametrize("carrier", ["telnyx", "twilio", "signalwire"])
def test_search_purchase_look_up_wire_assign_release(agency: Agency, carrier: str) -> None:
    # given an agency with telephony and an assistant
    if carrier == "telnyx":
        agency.provision()
    wanted = {"name": "Front desk", "ultravox_agent_id": demo.ULTRAVOX_AGENT_ID}
    assistant = agency.post("/assistants", wanted).json()["assistant"]["id"]
    # when a member looks for numbers in New York
    asked = {"provider": carrier, "country_code": "US", "area_code": "212", "limit": 3}
    found = agency.post("/phone-numbers/search", asked, token=agency.tokens["member"])
    assert found.status_code == 200
    assert 1 <= len(found.json()["numbers"]) <= 3
    number = found.json()["numbers"][0]["phone_number"]
    assert number.startswith("+1212")
    # and buys one, twice with the same key as after a lost answer
    wanted = {"phone_number": number, "provider": carrier, "friendly_name": "Main line"}
    key = {"Idempotency-Key": "the-one-purchase"}
    assert agency.post("/phone-numbers/purchase", wanted, token=agency.tokens["member"]).status_code == 403
    bought = agency.post("/phone-numbers/purchase", wanted, headers=key)
    replayed = agency.post("/phone-numbers/purchase", wanted, headers=key)
    # then it is bought once, and its order is followed until the number is active
    assert (bought.status_code, replayed.status_code) == (200, 200)
    assert replayed.headers["idempotency-replayed"] == "true"
    assert replayed.json()["operation_id"] == bought.json()["operation_id"]

    def record() -> dict[str, object]:
        answer = agency.get(f"/phone-configurations/by-phone-number/{quote(number)}")
        assert answer.status_code == 200
        data: dict[str, object] = answer.json()["data"]
        return data

    eventually(lambda: record()["status"] == "ACTIVE", 30)
    assert agency.effects(carrier)["number_bought"] == 1
    # and every look-up finds the same record
    known = record()
    assert (known["phoneNumber"], known["friendlyName"], known["voiceChannel"]) == (number, "Main line", None)
    by_id = agency.get(f"/phone-configurations/{known['id']}").json()["data"]
    by_request = agency.get(f"/phone-configurations/by-request/{bought.json()['operation_id']}").json()["data"]
    listed = agency.get("/phone-configurations").json()["data"]
    assert by_id == by_request == known
    assert [each["id"] for each in listed["data"]] == [known["id"]]
    assert listed["meta"]["totalCount"] == 1
    # and the carrier sends its calls where the record says; messages are turned off there
    webhooks = agency.get(f"/phone-numbers/{quote(number)}/webhooks").json()
    ours = None if carrier == "telnyx" else f"{agency.stack.api_url}/twiml"
    assert (webhooks["voice_webhook_url"], webhooks["sms_webhook_url"]) == (ours, ours)
    changed = agency.call("PUT", "/phone-numbers/webhooks", {"phone_number": number, "disable_sms": True})
    assert (changed.status_code, changed.json()["voice_webhook_url"], changed.json()["sms_webhook_url"]) == (
        200,
        ours,
        None,
    )
    # when it is assigned, then the assistant answers it
    assigned = agency.post("/phone-numbers/assign", {"phone_number": number, "assistant_id": assistant})
    assert assigned.status_code == 200
    assert record()["voiceChannelId"] == str(assistant)
    diagnosis = agency.get(f"/phone-numbers/{quote(number)}/diagnose", token=agency.tokens["member"]).json()
    assert (diagnosis["ready_for_calls"], diagnosis["carrier"]["status"]) == (True, "active"), diagnosis["issues"]
    # when it is released, then it is given back and gone from the look-ups
    released = agency.post("/phone-numbers/release", {"phone_number": number})
    assert released.status_code == 200
    if carrier == "signalwire":  # which takes numbers back two weeks after their purchase
        assert "marked for release" in released.json()["message"]
        assert (record()["status"], record()["markedForRelease"]) == ("ACTIVE", True)
        assert agency.effects(carrier)["number_released"] == 0
        return
    assert agency.effects(carrier)["number_released"] == 1
    assert agency.get(f"/phone-configurations/by-phone-number/{quote(number)}").status_code == 404
    assert agency.get("/phone-configurations").json()["data"]["meta"]["totalCount"] == 0
    assert agency.get(f"/phone-configurations/{known['id']}").json()["data"]["status"] == "RELEASED"


def test_a_number_that_is_gone_is_not_paid_for(agency: Agency) -> None:
    found = agency.post("/phone-numbers/search", {"provider": "telnyx", "limit": 2}).json()["numbers"]
    number = found[-1]["phone_number"]
    simulator = agency.stack.simulators["telnyx"].simulator
    simulator.change_inventory(hide=[number], show=[])
    answer = agency.post("/phone-numbers/purchase", {"phone_number": number, "provider": "telnyx"})
    assert answer.status_code in (400, 404, 409, 500)
    assert answer.json()["code"] == "number_unavailable"
    assert agency.effects("telnyx")["number_bought"] == 0
    assert agency.get("/phone-configurations").json()["data"]["meta"]["totalCount"] == 0
