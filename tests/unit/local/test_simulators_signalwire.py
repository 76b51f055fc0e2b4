"""The simulated SignalWire has the real one's traps."""

from typing import Any

import pytest

from local.simulators.signalwire import SignalWire
from tests.unit.local.simulated import Caller

PROJECT, TOKEN = "5f8f7e0a-2b7c-4d52-9d35-1f1f8b1f6a01", "PTtoken"
NUMBERS = "/api/relay/rest/phone_numbers"
LAML = "/api/laml/2010-04-01/Accounts"
DAY = 86400


def caller(token: str = TOKEN, **account: Any) -> Caller:
    return Caller(SignalWire({PROJECT: {"api_token": TOKEN} | account}), basic=(PROJECT, token))


def search(call: Caller, **query: str) -> list[str]:
    return [offer["number"] for offer in call.data("GET", f"{NUMBERS}/search", query_string=query)["data"]]


def buy(call: Caller, number: str | None = None) -> Any:
    return call("POST", NUMBERS, json={"number": number or search(call)[0]})


def code(answer: Any) -> str:
    return str(answer.json["errors"][0]["code"])


def test_errors_have_three_shapes() -> None:
    call, stranger = caller(), caller("wrong")

    assert stranger("GET", NUMBERS).json == {"error": "Unauthorized"}
    assert stranger("GET", f"{LAML}/{PROJECT}").json["code"] == 20003
    assert set(buy(call, "5550100").json["errors"][0]) == {"detail", "status", "title", "code"}
    general = call("GET", f"{NUMBERS}/search", query_string={"max_results": "101"})
    assert set(general.json["errors"][0]) == {"type", "code", "message", "attribute", "url"}


def test_buying_takes_a_number_and_nothing_else() -> None:
    call = caller()

    refused = call("POST", NUMBERS, json={"number": search(call)[0], "name": "Front desk"})

    assert (refused.status_code, code(refused)) == (422, "invalid_parameter")
    assert call.simulator.effects == []


def test_a_number_is_bought_once_and_set_up_by_a_second_call() -> None:
    call = caller()
    bought = buy(call)
    path = f"{NUMBERS}/{bought.json['id']}"
    assert (bought.status_code, bought.json["call_handler"]) == (200, None)

    handlers = {"call_handler": "laml_webhooks", "call_request_url": "https://example.com/twiml"}
    call.data("PUT", path, json=handlers)
    updated = call.data("PUT", path, json={"name": "Front desk"})

    assert {name: updated[name] for name in (*handlers, "name")} == handlers | {"name": "Front desk"}
    assert code(buy(call, bought.json["number"])) == "could_not_purchase"


@pytest.mark.parametrize(
    ("number", "expected"),
    [
        (None, "missing_required_parameter"),
        ("4155550102", "not_e164"),
        ("+1415", "invalid_number_format"),
        ("+442079460102", "unsupported_region"),
        ("+14155550101", "could_not_purchase"),
    ],
)
def test_a_bad_number_is_refused(number: str | None, expected: str) -> None:
    refused = caller()("POST", NUMBERS, json={"number": number})

    assert (refused.status_code, code(refused)) == (422, expected)


@pytest.mark.parametrize(
    ("flag", "expected"), [("no_funds", "insufficient_balance"), ("not_in_plan", "not_allowed_on_subscription_plan")]
)
def test_a_project_that_may_not_buy_is_told_why(flag: str, expected: str) -> None:
    refused = buy(caller(flags=[flag]))

    assert (refused.status_code, code(refused)) == (422, expected)


def test_a_trial_project_gets_one_number() -> None:
    call = caller(flags=["trial"])

    assert buy(call).status_code == 200
    assert code(buy(call)) == "account_limit_exceeded"


def test_a_token_without_the_scope_still_finds_its_project() -> None:
    call = caller(flags=["missing_scope"])

    assert call("GET", NUMBERS).status_code == 403
    assert call("GET", f"{LAML}/{PROJECT}").status_code == 200


@pytest.mark.parametrize(("flags", "days"), [([], 14), (["trial"], 30)])
def test_a_number_can_not_be_released_soon_after_its_purchase(flags: list[str], days: int) -> None:
    call = caller(flags=flags)
    path = f"{NUMBERS}/{buy(call).json['id']}"

    call.simulator.advance(days * DAY - 60)
    refused = call("DELETE", path)
    call.simulator.advance(60)

    assert (refused.status_code, code(refused)) == (422, "purchased_too_recently")
    assert call("DELETE", path).status_code == 204
    assert call("DELETE", path).status_code == 404


def test_a_later_page_needs_the_token_of_the_link_to_it() -> None:
    call = caller()
    bought = {buy(call).json["id"] for _ in range(3)}

    assert call("GET", NUMBERS, query_string={"page_number": 1, "page_size": 2}).status_code == 400
    seen, link = [], f"{NUMBERS}?page_size=2"
    while link:
        page = call.data("GET", link)
        seen += [record["id"] for record in page["data"]]
        link = page["links"].get("next")

    assert len(seen) == 3
    assert set(seen) == bought


@pytest.mark.parametrize(
    "query",
    [
        {"number_type": "mobile"},
        {"max_results": "0"},
        {"city": "Chicago"},
        {"contains": "12"},
        {"starts_with": "555", "ends_with": "102"},
    ],
)
def test_a_bad_search_is_refused(query: dict[str, str]) -> None:
    refused = caller()("GET", f"{NUMBERS}/search", query_string=query)

    assert (refused.status_code, code(refused)) == (422, "invalid_parameter")


def test_a_handler_needs_the_address_it_asks() -> None:
    call = caller()
    path = f"{NUMBERS}/{buy(call).json['id']}"

    refused = call("PUT", path, json={"call_handler": "laml_webhooks"})

    assert code(refused) == "missing_required_parameter"
    assert call.data("GET", path)["call_handler"] is None
