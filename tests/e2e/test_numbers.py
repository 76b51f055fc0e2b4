"""A number's life through the built functions, over HTTP."""

from __future__ import annotations

from urllib.parse import quote

from tests.e2e.client import Agency, eventually


def test_search_purchase_look_up_assign_release(agency: Agency) -> None:
    # given an agency with telephony and an assistant
    agency.provision()
    assistant = agency.post("/assistants", {"name": "Front desk"}).json()["assistant"]["id"]
    # when a member looks for numbers in New York
    asked = {"provider": "telnyx", "country_code": "US", "area_code": "212", "limit": 3}
    found = agency.post("/phone-numbers/search", asked, token=agency.tokens["member"])
    assert found.status_code == 200
    assert 1 <= len(found.json()["numbers"]) <= 3
    number = found.json()["numbers"][0]["phone_number"]
    assert number.startswith("+1212")
    # and buys one, twice with the same key as after a lost answer
    wanted = {"phone_number": number, "provider": "telnyx", "friendly_name": "Main line"}
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
    assert agency.effects("telnyx")["number_bought"] == 1
    # and every look-up finds the same record
    known = record()
    assert (known["phoneNumber"], known["friendlyName"], known["voiceChannel"]) == (number, "Main line", None)
    by_id = agency.get(f"/phone-configurations/{known['id']}").json()["data"]
    by_request = agency.get(f"/phone-configurations/by-request/{bought.json()['operation_id']}").json()["data"]
    listed = agency.get("/phone-configurations").json()["data"]
    assert by_id == by_request == known
    assert [each["id"] for each in listed["data"]] == [known["id"]]
    assert listed["meta"]["totalCount"] == 1
    # when it is assigned, then the assistant answers it
    assigned = agency.post("/phone-numbers/assign", {"phone_number": number, "assistant_id": assistant})
    assert assigned.status_code == 200
    assert record()["voiceChannelId"] == str(assistant)
    # when it is released, then it is given back and gone from the look-ups
    released = agency.post("/phone-numbers/release", {"phone_number": number})
    assert released.status_code == 200
    assert agency.effects("telnyx")["number_released"] == 1
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
