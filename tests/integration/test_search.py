"""POST /phone-numbers/search: what is for sale, as asked for and never wider."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest

from tests.numbers import Numbers, offer
from tests.world import World


@pytest.fixture
def numbers(calm_world: World) -> Iterator[Numbers]:
    yield Numbers(calm_world)
    calm_world.telnyx.simulator.clear_faults()
    calm_world.telnyx.simulator.change_settings({"rate_limit": None})


def test_the_answer_is_the_published_one_key_by_key(numbers: Numbers) -> None:
    answer = numbers.search(area_code="212", limit=1)
    assert answer.status == 200, answer.body
    assert answer.body == {
        "success": True,
        "numbers": [
            {
                "phone_number": "+12125550100",
                "friendly_name": "+12125550100",
                "locality": "New York",
                "region": "NY",
                "country_code": "US",
                "iso_country": "US",
                "capabilities": {"voice": True, "sms": True, "mms": True, "fax": True},
                "monthly_cost": 1.0,
                "setup_cost": 1.0,
                "currency": "USD",
                "provider": "telnyx",
            }
        ],
        "total_found": 1,
        "provider": "telnyx",
    }


def test_without_a_wish_there_are_ten_local_numbers_of_the_united_states(numbers: Numbers) -> None:
    found = numbers.search().body
    assert (len(found["numbers"]), found["total_found"]) == (10, 10)
    assert {each["country_code"] for each in found["numbers"]} == {"US"}


@pytest.mark.parametrize(
    ("wish", "prefix"),
    [
        ({"area_code": "415"}, "+1415"),
        ({"locality": "Chicago"}, "+1312"),
        ({"region": "TX"}, "+1512"),
        ({"country_code": "CA", "area_code": "416"}, "+1416"),
        ({"country_code": "IE", "number_type": "mobile"}, "+353"),
        ({"contains": "2065550"}, "+12065550"),
    ],
    ids=str,
)
def test_each_wish_is_met_by_all(numbers: Numbers, wish: dict[str, Any], prefix: str) -> None:
    found = numbers.search(**wish).body["numbers"]
    assert found
    assert all(each["phone_number"].startswith(prefix) for each in found)


def test_it_never_widens_by_itself(numbers: Numbers) -> None:
    answer = numbers.search(area_code="999")
    assert (answer.status, answer.body["numbers"], answer.body["total_found"]) == (200, [], 0)
    queries = [each["query"] for each in numbers.world.telnyx.simulator.log if "999" in each["query"]]
    assert len(queries) == 1
    assert "best_effort" not in queries[0]


def test_an_unknown_price_is_null(numbers: Numbers) -> None:
    numbers.world.telnyx.simulator.add_faults(offer("+12125550100"))
    [found] = numbers.search().body["numbers"]
    assert (found["monthly_cost"], found["setup_cost"], found["currency"]) == (None, None, None)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("provider", "ultravox"),
        ("provider", "acme"),
        ("country_code", "us"),
        ("country_code", "USA"),
        ("country_code", "١٢"),
        ("area_code", "21a"),
        ("area_code", "２１２"),
        ("area_code", 212),
        ("contains", "1"),
        ("contains", "abc;"),
        ("locality", ""),
        ("region", "r" * 65),
        ("number_type", "vanity"),
        ("limit", 0),
        ("limit", 51),
        ("limit", "10"),
        ("limit", True),
        ("page", 2),
    ],
    ids=str,
)
def test_a_field_that_is_not_what_it_should_be_is_400_and_named(numbers: Numbers, field: str, value: Any) -> None:
    answer = numbers.search(**{field: value})
    assert (answer.status, answer.body["code"]) == (400, "validation_failed")
    assert [each["field"] for each in answer.body["errors"]] == [field]


def test_a_provider_that_is_not_configured_is_400(numbers: Numbers) -> None:
    answer = numbers.search(provider="twilio")
    assert (answer.status, answer.body["code"]) == (400, "provider_not_configured")


@pytest.mark.parametrize(
    ("fault", "code"),
    [
        ({"kind": "status", "status": 401}, "invalid_provider_credentials"),
        ({"kind": "status", "status": 403}, "invalid_provider_credentials"),
        ({"kind": "status", "status": 422}, "provider_error"),
        ({"kind": "status", "status": 503, "times": 3}, "provider_unavailable"),
        ({"kind": "truncated_json", "times": 3}, "provider_unavailable"),
        ({"kind": "status", "status": 200, "body": {"data": [{}]}, "times": 3}, "provider_unavailable"),
        ({"kind": "status", "status": 200, "body": {"data": None}, "times": 3}, "provider_unavailable"),
        ({"kind": "status", "status": 429, "times": 3, "headers": {"Retry-After": "60"}}, "provider_rate_limited"),
    ],
    ids=str,
)
def test_a_carrier_that_fails_is_500_with_its_code(numbers: Numbers, fault: dict[str, Any], code: str) -> None:
    numbers.world.telnyx.simulator.add_faults(fault)
    answer = numbers.search()
    assert (answer.status, answer.body["code"], answer.body["provider"]) == (500, code, "telnyx")
    assert answer.body["fix"]


def test_a_country_that_is_not_covered_is_an_error_of_the_carrier(numbers: Numbers) -> None:
    answer = numbers.search(country_code="AQ")
    assert (answer.status, answer.body["code"]) == (500, "provider_error")
    assert "no coverage in AQ" in answer.body["detail"]


def test_a_member_may(numbers: Numbers) -> None:
    member = numbers.world.tokens["member"]
    assert Numbers(numbers.world, token=member).search().status == 200


def test_it_costs_two_round_trips_and_one_call_to_the_carrier(numbers: Numbers, calls: Counter[str]) -> None:
    numbers.search()
    numbers.world.telnyx.simulator.log.clear()
    calls.clear()
    assert numbers.search().status == 200
    assert calls == {"dynamodb GetItem": 1, "dynamodb Query": 1, "trentservice Decrypt": 1}
    assert len(numbers.world.telnyx.simulator.log) == 1


@pytest.fixture
def calls(aws_calls: Counter[str]) -> Counter[str]:
    return aws_calls
