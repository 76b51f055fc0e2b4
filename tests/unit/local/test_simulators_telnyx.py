"""The simulated Telnyx has the real one's traps."""

import base64
import json
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from local.simulators.telnyx import Telnyx
from tests.unit.local.simulated import Caller

KEY, OTHER_KEY = "KEYone", "KEYother"
SEARCH = {"filter[country_code]": "US", "filter[national_destination_code]": "415"}


def caller(key: str = KEY, account: dict[str, Any] | None = None, **settings: float) -> Caller:
    simulator = Telnyx({KEY: account or {}, OTHER_KEY: {}}, **settings)
    return as_key(simulator, key)


def as_key(simulator: Any, key: str) -> Caller:
    return Caller(simulator, headers={"Authorization": f"Bearer {key}"})


def search(call: Caller, **filters: str) -> list[str]:
    query = SEARCH | {f"filter[{name}]": value for name, value in filters.items()}
    return [
        offer["phone_number"] for offer in call.data("GET", "/v2/available_phone_numbers", query_string=query)["data"]
    ]


def order(call: Caller, *numbers: str, **fields: Any) -> Any:
    body = {"phone_numbers": [{"phone_number": number} for number in numbers]} | fields
    return call("POST", "/v2/number_orders", json=body)


def effects(call: Caller) -> list[str]:
    return [effect["kind"] for effect in call.simulator.effects]


def code(response: Any) -> str:
    return str(response.json["errors"][0]["code"])


def application(call: Caller, **fields: Any) -> Any:
    body = {"application_name": "Virsyn - Demo", "webhook_event_url": "https://example.com/hook"} | fields
    return call.data("POST", "/v2/call_control_applications", json=body)["data"]


def test_a_missing_key_looks_like_a_missing_page_and_a_wrong_one_like_a_wrong_key() -> None:
    simulator = Telnyx({KEY: {}})

    missing = Caller(simulator)("GET", "/v2/balance")
    wrong = as_key(simulator, "KEYwrong")("GET", "/v2/balance")

    assert (missing.status_code, code(missing)) == (404, "10005")
    assert (wrong.status_code, code(wrong)) == (401, "10009")


def test_each_key_has_resources_of_its_own() -> None:
    call = caller()
    made = application(call)

    stranger = as_key(call.simulator, OTHER_KEY)

    assert stranger("GET", f"/v2/call_control_applications/{made['id']}").status_code == 404
    assert stranger.data("GET", "/v2/call_control_applications")["data"] == []


def test_identifiers_are_text_past_what_a_float_can_hold() -> None:
    made = application(caller())["id"]

    assert isinstance(made, str)
    assert len(made) == 19
    assert int(made) > 2**53


def test_an_update_replaces_a_nested_object_whole() -> None:
    call = caller()
    profile = call.data("POST", "/v2/outbound_voice_profiles", json={"name": "office"})["data"]["id"]
    made = application(call, outbound={"channel_limit": 100})
    body = {name: made[name] for name in ("application_name", "webhook_event_url")}

    body |= {"outbound": {"outbound_voice_profile_id": profile}}
    updated = call.data("PATCH", f"/v2/call_control_applications/{made['id']}", json=body)["data"]

    assert updated["outbound"] == {"outbound_voice_profile_id": profile}


@pytest.mark.parametrize(
    "body",
    [
        {"application_name": "x"},
        {"application_name": "x", "webhook_event_url": "example.com"},
        {"application_name": "x", "webhook_event_url": "https://example.com", "dtmf_type": "RFC2833"},
        {"application_name": "x", "webhook_event_url": "https://example.com", "webhook_timeout_secs": 31},
        {
            "application_name": "x",
            "webhook_event_url": "https://example.com",
            "outbound": {"outbound_voice_profile_id": "1"},
        },
    ],
)
def test_a_bad_application_is_refused_without_a_word(body: dict[str, Any]) -> None:
    call = caller()

    refused = call("POST", "/v2/call_control_applications", json=body)

    assert (refused.status_code, refused.data) == (422, b"")
    assert effects(call) == []


def test_what_is_in_use_can_not_be_deleted() -> None:
    call = caller(order_delay=0)
    profile = call.data("POST", "/v2/outbound_voice_profiles", json={"name": "office"})["data"]["id"]
    made = application(call, outbound={"outbound_voice_profile_id": profile})
    order(call, search(call)[0], connection_id=made["id"])

    by_number = call("DELETE", f"/v2/call_control_applications/{made['id']}")
    by_application = call("DELETE", f"/v2/outbound_voice_profiles/{profile}")

    assert [(answer.status_code, code(answer)) for answer in (by_number, by_application)] == [(422, "10021")] * 2


def test_only_a_number_this_account_searched_for_can_be_ordered() -> None:
    call = caller()
    number = search(as_key(call.simulator, OTHER_KEY))[0]

    refused = order(call, number)

    assert refused.status_code == 422
    assert effects(call) == []


def test_an_order_is_pending_until_its_time_has_come() -> None:
    call = caller(order_delay=30)
    number = search(call)[0]
    placed = order(call, number, customer_reference="operation-1").json["data"]
    assert (placed["status"], placed["phone_numbers"][0]["status"]) == ("pending", "pending")

    call.simulator.advance(30)

    decided = call.data("GET", f"/v2/number_orders/{placed['id']}")["data"]
    assert (decided["status"], decided["phone_numbers"][0]["status"]) == ("success", "success")
    owned = call.data("GET", f"/v2/phone_numbers/%2B{number[1:]}")["data"]
    assert owned["customer_reference"] == "operation-1"
    assert owned["id"] != decided["phone_numbers"][0]["id"]
    assert effects(call) == ["number_order_created", "number_bought", "number_order_closed"]


def test_lists_lag_behind_while_a_look_at_the_resource_does_not() -> None:
    call = caller(order_delay=0, listing_lag=5)
    number = search(call)[0]
    placed = order(call, number, customer_reference="operation-1").json["data"]
    query = {"filter[customer_reference]": "operation-1"}

    assert call.data("GET", "/v2/number_orders", query_string=query)["data"] == []
    assert call.data("GET", "/v2/phone_numbers")["data"] == []
    assert call("GET", f"/v2/phone_numbers/%2B{number[1:]}").status_code == 404
    (identity,) = call.simulator.account(KEY)["phone_numbers"]
    assert call("GET", f"/v2/phone_numbers/{identity}").status_code == 200
    assert call("GET", f"/v2/number_orders/{placed['id']}").status_code == 200

    call.simulator.advance(5)

    assert [found["id"] for found in call.data("GET", "/v2/number_orders", query_string=query)["data"]] == [
        placed["id"]
    ]
    assert [found["phone_number"] for found in call.data("GET", "/v2/phone_numbers")["data"]] == [number]


def test_a_filter_with_a_plus_finds_nothing() -> None:
    call = caller(order_delay=0)
    number = search(call)[0]
    order(call, number)

    def found(value: str) -> int:
        return len(call.data("GET", "/v2/phone_numbers", query_string={"filter[phone_number]": value})["data"])

    assert (found(number), found(number[1:])) == (0, 1)


def test_a_fresh_number_shows_its_type_under_the_old_name() -> None:
    call = caller(order_delay=0)
    number = search(call)[0]
    order(call, number)
    path = f"/v2/phone_numbers/%2B{number[1:]}"

    fresh = call.data("GET", path)["data"]["phone_number_type"]
    call.simulator.advance(60)

    assert (fresh, call.data("GET", path)["data"]["phone_number_type"]) == ("longcode", "local")


def test_a_number_can_fail_inside_an_accepted_order_and_is_refunded() -> None:
    call = caller(order_delay=0)
    number = search(call)[0]
    call.simulator.account(KEY)["failing_numbers"] = [number]

    placed = order(call, number)

    assert placed.status_code == 200
    assert placed.json["data"]["status"] == placed.json["data"]["phone_numbers"][0]["status"] == "failure"
    assert call.data("GET", "/v2/balance")["data"]["available_credit"] == "100.00"
    assert "number_bought" not in effects(call)


def test_a_foreign_number_waits_for_its_papers_until_it_is_cancelled() -> None:
    call = caller(order_delay=0)
    number = search(call, country_code="GB", national_destination_code="20")[0]
    placed = order(call, number).json["data"]
    call.simulator.advance(365 * 86400)
    waiting = call.data("GET", f"/v2/number_orders/{placed['id']}")["data"]
    assert (waiting["status"], waiting["requirements_met"]) == ("pending", False)

    call.data("PATCH", f"/v2/sub_number_orders/{placed['sub_number_orders_ids'][0]}/cancel")

    cancelled = call.data("GET", f"/v2/number_orders/{placed['id']}")["data"]["phone_numbers"][0]
    assert (cancelled["status"], cancelled["requirements_status"]) == ("failure", "cancelled")
    assert call.data("GET", "/v2/balance")["data"]["available_credit"] == "100.00"


def test_with_its_papers_a_foreign_number_is_bought() -> None:
    call = caller(order_delay=0)
    number = search(call, country_code="GB", national_destination_code="20")[0]
    body = {"phone_numbers": [{"phone_number": number, "requirement_group_id": "group-1"}]}

    placed = call.data("POST", "/v2/number_orders", json=body)["data"]

    assert (placed["status"], placed["requirements_met"]) == ("success", True)


@pytest.mark.parametrize(
    ("account", "status"), [({"balance": "1.99"}, 402), ({"balance": "0.00", "credit_limit": "2.00"}, 200)]
)
def test_an_order_needs_the_credit_for_it(account: dict[str, Any], status: int) -> None:
    call = caller(account=account)

    assert order(call, search(call)[0]).status_code == status


def test_a_number_in_someone_elses_order_is_taken() -> None:
    call = caller(order_delay=30)
    stranger = as_key(call.simulator, OTHER_KEY)
    number = search(call)[0]
    assert number in search(stranger)
    order(stranger, number)

    refused = order(call, number)

    assert refused.status_code == 409
    assert number not in search(call)


def test_an_unverified_account_may_not_order_toll_free_numbers() -> None:
    call = caller(account={"flags": ["unverified"]})
    number = search(call, phone_number_type="toll_free", national_destination_code="800")[0]

    assert order(call, number).status_code == 403


def test_a_locked_number_stays_and_a_released_one_rests() -> None:
    call = caller(order_delay=0)
    number = search(call)[0]
    order(call, number)
    (identity,) = call.simulator.account(KEY)["phone_numbers"]
    record = call.simulator.account(KEY)["phone_numbers"][identity]

    record["deletion_lock_enabled"] = True
    assert call("DELETE", f"/v2/phone_numbers/{identity}").status_code == 422
    record["deletion_lock_enabled"] = False
    assert call.data("DELETE", f"/v2/phone_numbers/{identity}")["data"]["status"] == "deleted"

    assert number not in search(call)
    call.simulator.advance(31 * 86400)
    assert number in search(call)


def test_no_stock_is_an_empty_list_and_no_coverage_an_error() -> None:
    call = caller()

    assert search(call, national_destination_code="907") == []
    assert call("GET", "/v2/available_phone_numbers", query_string={"filter[country_code]": "FR"}).status_code == 400


def test_best_effort_widens_a_search_only_when_asked() -> None:
    call = caller()

    widened = search(call, national_destination_code="907", best_effort="true", limit="3")

    assert len(widened) == 3


@pytest.mark.parametrize(
    "query", [{"page[size]": "251"}, {"filter[application_name][contains]": "ab"}, {"sort": "colour"}]
)
def test_lists_refuse_what_they_do_not_know(query: dict[str, str]) -> None:
    assert caller()("GET", "/v2/call_control_applications", query_string=query).status_code == 400


def test_pages_say_how_many_there_are() -> None:
    call = caller()
    for index in range(3):
        application(call, application_name=f"app-{index}")

    page = call.data("GET", "/v2/call_control_applications", query_string={"page[size]": 2, "page[number]": 2})

    assert [record["application_name"] for record in page["data"]] == ["app-2"]
    assert page["meta"] == {"page_number": 2, "page_size": 2, "total_pages": 2, "total_results": 3}


def test_a_rate_limit_answers_429_and_says_when_it_ends() -> None:
    call = caller(rate_limit=2)

    answers = [call("GET", "/v2/balance") for _ in range(3)]

    assert [answer.status_code for answer in answers] == [200, 200, 429]
    assert [answer.headers["x-ratelimit-remaining"] for answer in answers] == ["1", "0", "0"]
    assert code(answers[2]) == "10011"


def test_a_webhook_is_signed_with_the_key_the_account_shows() -> None:
    call = caller()
    shown = call.data("GET", "/v2/public_key")["data"]["public"]

    body, headers = call.simulator.signed_webhook(KEY, "https://example.com/hook", "number_order.complete", {"id": "1"})

    signed = f"{headers['telnyx-timestamp']}|".encode() + body
    public_key = Ed25519PublicKey.from_public_bytes(base64.b64decode(shown))
    public_key.verify(base64.b64decode(headers["telnyx-signature-ed25519"]), signed)
    assert json.loads(body)["data"]["event_type"] == "number_order.complete"
