"""The simulated Ultravox has the real one's traps."""

from typing import Any

import pytest

from local.simulators.ultravox import Ultravox
from tests.unit.local.simulated import Caller

KEY = "abcdefgh.0123456789abcdefghijklmnopqrstuv"
BOTH = "/api/accounts/me/telephony_config"
TELNYX = "/api/telephony_configs/telnyx"
CONFIG = {"accountSid": "account", "apiKey": "KEYsecret", "publicKey": "public-secret", "applicationSid": "1293"}


def caller(**account: Any) -> Caller:
    return Caller(Ultravox({KEY: account}), headers={"X-API-Key": KEY})


def test_a_missing_key_and_a_wrong_one_are_refused() -> None:
    simulator = caller().simulator

    assert Caller(simulator)("GET", BOTH).status_code == 401
    assert Caller(simulator, headers={"X-API-Key": "wrong"})("GET", BOTH).status_code == 401


@pytest.mark.parametrize("missing", CONFIG)
def test_the_deprecated_patch_demands_a_whole_configuration(missing: str) -> None:
    call = caller()
    partial = {name: value for name, value in CONFIG.items() if name != missing}

    refused = call("PATCH", BOTH, json={"telnyx": partial})

    assert refused.status_code == 400
    assert refused.json == {"telnyx": {missing: ["This field is required."]}}
    assert call.simulator.effects == []


def test_null_clears_a_carrier_and_leaves_the_others() -> None:
    call = caller()
    call.data("PATCH", BOTH, json={"telnyx": CONFIG, "twilio": {"accountSid": "AC1", "authToken": "token"}})

    left = call.data("PATCH", BOTH, json={"telnyx": None})

    assert left["telnyx"] is None
    assert left["twilio"]["accountSid"] == "AC1"


def test_secrets_are_never_shown_again() -> None:
    call = caller()

    answers = [
        call("PATCH", BOTH, json={"telnyx": CONFIG}),
        call("GET", BOTH),
        call("GET", TELNYX),
        call("PATCH", TELNYX, json={"applicationSid": "1294"}),
    ]

    assert not any("KEYsecret" in answer.text or "public-secret" in answer.text for answer in answers)
    assert answers[2].json["apiKeyPrefix"] == {"prefix": "KEYs"}


def test_there_is_one_configuration_per_carrier() -> None:
    call = caller()

    assert call("GET", TELNYX).status_code == 404
    assert call("PATCH", TELNYX, json={"applicationSid": "1294"}).status_code == 404
    assert [call("POST", TELNYX, json=CONFIG).status_code for _ in range(2)] == [201, 400]
    assert call.data("PATCH", TELNYX, json={"applicationSid": "1294"})["accountSid"] == "account"
    assert [call("DELETE", TELNYX).status_code for _ in range(2)] == [204, 404]


def test_call_creation_is_closed_unless_it_is_opened() -> None:
    call = caller()

    assert call.data("POST", TELNYX, json=CONFIG)["callCreationAllowAllAgents"] is False
    agents = ["8f1f0f43-7b7d-4b0e-9d2f-3f6d1c5a2b10"]
    both = {"callCreationAllowAllAgents": True, "callCreationAllowedAgentIds": agents}
    assert call("PATCH", TELNYX, json=both).status_code == 400


@pytest.mark.parametrize(
    ("field", "value"),
    [("applicationSid", "1" * 41), ("apiKey", ""), ("accountSid", 5), ("callCreationAllowAllAgents", "yes")],
)
def test_a_bad_field_is_named(field: str, value: Any) -> None:
    refused = caller()("POST", TELNYX, json=CONFIG | {field: value})

    assert refused.status_code == 400
    assert list(refused.json) == [field]


def agent_call(call: Caller, **body: Any) -> Any:
    agent = call.data("POST", "/api/agents", json={"name": "Front desk", "callTemplate": {"voice": "Mark"}})["agentId"]
    return call("POST", f"/api/agents/{agent}/calls", json=body)


def test_an_agent_takes_a_call_over_a_carriers_medium() -> None:
    call = caller()

    made = agent_call(call, medium={"twilio": {}}).json

    assert made["joinUrl"].startswith("wss://")
    assert (made["voice"], made["medium"]) == ("Mark", {"twilio": {}})
    assert [effect["kind"] for effect in call.simulator.effects] == ["agent_created", "call_created"]


@pytest.mark.parametrize(
    ("account", "status"),
    [({"has_credit": False}, 402), ({"active_calls": 5}, 429), ({"forbidden": ["/api/agents"]}, 403)],
)
def test_a_call_needs_credit_room_and_permission(account: dict[str, Any], status: int) -> None:
    call = caller()
    agent = call.data("POST", "/api/agents", json={"name": "Front desk"})["agentId"]
    call.simulator.add_account(KEY, account)

    assert call("POST", f"/api/agents/{agent}/calls", json={}).status_code == status


@pytest.mark.parametrize(
    "body",
    [
        {"medium": {"twilio": {}, "telnyx": {}}},
        {"medium": {"carrier-pigeon": {}}},
        {"medium": {"telnyx": {"outgoing": {"to": "+14155550100", "from": "+14155550103"}}}},
        {"metadata": {"ultravox.call": "1"}},
        {"maxDuration": "ten minutes"},
    ],
)
def test_a_bad_call_is_refused(body: dict[str, Any]) -> None:
    """Dialling out over a carrier needs that carrier's configuration."""
    assert agent_call(caller(), **body).status_code == 400


def test_agents_are_followed_by_the_next_address() -> None:
    call = caller()
    made = {call.data("POST", "/api/agents", json={"name": f"agent-{index}"})["agentId"] for index in range(3)}

    seen, address = [], "/api/agents?pageSize=2"
    while address:
        page = call.data("GET", address.removeprefix("http://localhost"))
        seen += [agent["agentId"] for agent in page["results"]]
        address = page["next"]

    assert len(seen) == 3
    assert set(seen) == made
