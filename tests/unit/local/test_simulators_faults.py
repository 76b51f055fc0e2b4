"""Faults to order, the log of what happened, and a state that survives a restart."""

import json
from pathlib import Path
from typing import Any

import pytest

from local.simulators.faults import Dropped
from local.simulators.telnyx import Telnyx
from tests.unit.local.simulated import Caller

KEY = "KEYone"
PATH = "/v2/call_control_applications"
BODY = {"application_name": "Virsyn - Demo", "webhook_event_url": "https://example.com/hook"}


def caller(**options: Any) -> Caller:
    return Caller(Telnyx({KEY: {}}, **options), headers={"Authorization": f"Bearer {KEY}"})


def create(call: Caller) -> Any:
    return call("POST", PATH, json=BODY)


@pytest.mark.parametrize(("kind", "happened"), [("refuse", False), ("timeout_before", False), ("timeout_after", True)])
def test_some_faults_leave_the_caller_without_an_answer(kind: str, happened: bool) -> None:
    call = caller()
    call.simulator.add_faults({"kind": kind, "seconds": 0})

    with pytest.raises(Dropped):
        create(call)

    assert bool(call.simulator.effects) is happened
    assert (call.simulator.log[-1]["fault"], call.simulator.log[-1]["status"]) == (kind, None)


@pytest.mark.parametrize(
    ("fault", "status", "body", "happened"),
    [
        ({"kind": "status", "status": 503, "body": {"error": "busy"}}, 503, b'{"error": "busy"}', False),
        ({"kind": "status", "status": 429, "headers": {"Retry-After": "2"}}, 429, b"", False),
        ({"kind": "status", "status": 500, "body": "oops", "after": True}, 500, b"oops", True),
        ({"kind": "empty_body"}, 201, b"", True),
        ({"kind": "wrong_type"}, 201, b'["ok"]', True),
        ({"kind": "html_502"}, 502, None, False),
        ({"kind": "html_502", "after": True}, 502, None, True),
        ({"kind": "slow", "seconds": 0}, 201, None, True),
    ],
)
def test_others_spoil_the_answer(fault: dict[str, Any], status: int, body: bytes | None, happened: bool) -> None:
    call = caller()
    call.simulator.add_faults(fault)

    answer = create(call)

    assert answer.status_code == status
    assert body is None or answer.data == body
    assert all(answer.headers[name] == value for name, value in fault.get("headers", {}).items())
    assert bool(call.simulator.effects) is happened


def test_an_effect_may_come_after_the_answer() -> None:
    call = caller()
    call.simulator.add_faults({"kind": "lands_late", "seconds": 60})

    assert create(call).status_code == 504
    call.simulator.advance(59)
    assert call.data("GET", PATH)["data"] == []

    call.simulator.advance(1)
    assert [each["application_name"] for each in call.data("GET", PATH)["data"]] == [BODY["application_name"]]
    assert [each["kind"] for each in call.simulator.effects] == ["application_created"]


def test_a_truncated_answer_is_no_json() -> None:
    call = caller()
    call.simulator.add_faults({"kind": "truncated_json"})

    with pytest.raises(json.JSONDecodeError):
        json.loads(create(call).data)


def test_a_fault_meets_only_what_it_names_as_often_as_it_says() -> None:
    call = caller()
    call.simulator.add_faults({"kind": "status", "method": "POST", "path": "applications$", "skip": 1, "times": 2})

    answers = [create(call).status_code for _ in range(4)]

    assert answers == [201, 500, 500, 201]
    assert call("GET", PATH).status_code == 200


def test_cleared_faults_are_gone() -> None:
    call = caller()
    call.simulator.add_faults([{"kind": "html_502"}, {"kind": "refuse"}])

    call.simulator.clear_faults()

    assert create(call).status_code == 201


@pytest.mark.parametrize("fault", [{"kind": "earthquake"}, {"kind": "status", "code": 500}, {"path": "/"}])
def test_a_misspelt_fault_is_not_accepted(fault: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"fault"):
        caller().simulator.add_faults(fault)


def test_the_admin_routes_do_what_the_methods_do() -> None:
    call = caller()

    assert call("POST", "/__admin__/faults", json={"kind": "html_502", "times": 5}).status_code == 200
    assert create(call).status_code == 502
    assert call("DELETE", "/__admin__/faults").status_code == 200
    made = create(call).json["data"]["id"]
    edited = call("PATCH", f"/__admin__/accounts/{KEY}/applications/{made}", json={"application_name": "Renamed"})
    assert edited.status_code == 200
    assert call.data("GET", f"{PATH}/{made}")["data"]["application_name"] == "Renamed"
    assert call("DELETE", f"/__admin__/accounts/{KEY}/applications/{made}").status_code == 200
    assert call("GET", f"{PATH}/{made}").status_code == 404
    assert call("PATCH", f"/__admin__/accounts/{KEY}", json={"balance": "1.00"}).status_code == 200
    assert call.data("GET", "/v2/balance")["data"]["balance"] == "1.00"
    assert call("PATCH", "/__admin__/settings", json={"order_delay": 9}).json["order_delay"] == 9
    assert call("POST", "/__admin__/accounts", json={"key": "KEYtwo"}).status_code == 200
    assert "KEYtwo" in call.data("GET", "/__admin__/state")["accounts"]
    before = call.simulator.now()
    assert call("POST", "/__admin__/advance", json={"seconds": 3600}).status_code == 200
    assert call.simulator.now() >= before + 3600
    log = call.data("GET", "/__admin__/log")
    assert [effect["kind"] for effect in log["effects"]] == ["application_created"]
    assert not any("__admin__" in entry["path"] or KEY in json.dumps(entry) for entry in log["requests"])
    assert call("POST", "/__admin__/reset").status_code == 200
    assert call.data("GET", PATH)["data"] == []


@pytest.mark.parametrize(
    ("method", "path", "body", "status"),
    [
        ("POST", "/__admin__/faults", {"kind": "earthquake"}, 400),
        ("PATCH", "/__admin__/settings", {"mood": 1}, 400),
        ("PATCH", f"/__admin__/accounts/{KEY}", {"mood": "bad"}, 400),
        ("PATCH", f"/__admin__/accounts/{KEY}", {"flags": ["unlucky"]}, 400),
        ("PATCH", "/__admin__/accounts/KEYnobody", {"balance": "1.00"}, 404),
        ("POST", "/__admin__/inventory", {"burn": []}, 400),
        ("GET", "/__admin__/weather", None, 404),
        ("GET", "/__admin__/faults", None, 405),
    ],
)
def test_the_admin_routes_refuse_what_they_do_not_know(method: str, path: str, body: Any, status: int) -> None:
    assert caller()(method, path, json=body).status_code == status


def test_hidden_numbers_are_not_for_sale() -> None:
    call = caller()
    query = {"filter[limit]": "1"}
    first = call.data("GET", "/v2/available_phone_numbers", query_string=query)["data"][0]["phone_number"]

    call.data("POST", "/__admin__/inventory", json={"hide": [first]})
    hidden = call.data("GET", "/v2/available_phone_numbers", query_string=query)["data"][0]["phone_number"]
    call.data("POST", "/__admin__/inventory", json={"show": [first]})
    back = call.data("GET", "/v2/available_phone_numbers", query_string=query)["data"][0]["phone_number"]

    assert hidden != first
    assert back == first


def test_the_state_outlives_the_simulator(tmp_path: Path) -> None:
    file = tmp_path / "telnyx.json"
    made = create(caller(state_file=file)).json["data"]

    again = caller(state_file=file)

    assert again.data("GET", f"{PATH}/{made['id']}")["data"] == made
    assert again.simulator.effects == []


def test_a_reset_forgets_the_stored_state_too(tmp_path: Path) -> None:
    file = tmp_path / "telnyx.json"
    call = caller(state_file=file, order_delay=3)
    create(call)
    call.simulator.change_settings({"order_delay": 9})

    call.simulator.reset()

    assert caller(state_file=file).data("GET", PATH)["data"] == []
    assert call.simulator.settings["order_delay"] == 3
    assert list(call.simulator.log) == call.simulator.effects == []


def test_an_unknown_setting_is_not_accepted() -> None:
    with pytest.raises(ValueError, match=r"mood"):
        Telnyx({}, mood=1.0)
