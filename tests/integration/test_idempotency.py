"""Idempotency-Key on POST /phone-numbers/purchase: the same answer again, failures too, for a day."""

from __future__ import annotations

from typing import Any

import pytest

from tests.numbers import Numbers, local_numbers
from tests.world import HttpAnswer, World

NUMBER, OTHER, *_ = local_numbers()
KEY = "order-4711"


@pytest.fixture
def numbers(world: World) -> Numbers:
    assert world.provision().status == 200
    world.telnyx.simulator.change_settings({"order_delay": 0.0})
    return Numbers(world)


def same(first: HttpAnswer, again: HttpAnswer) -> None:
    """Status and body are the first ones, but for the id of the request; the header tells that it is a replay."""
    assert again.status == first.status
    assert {**again.body, "request_id": None} == {**first.body, "request_id": None}
    assert "idempotency-replayed" not in first.headers
    assert again.headers["idempotency-replayed"] == "true"


def test_a_success_is_replayed(numbers: Numbers) -> None:
    first = numbers.purchase(NUMBER, key=KEY, friendly_name="A")
    again = numbers.purchase(NUMBER, key=KEY, friendly_name="A")

    assert first.status == 200
    same(first, again)
    assert numbers.orders(NUMBER) == 1
    numbers.check()


def test_a_success_is_replayed_also_when_the_number_has_been_released_since(numbers: Numbers) -> None:
    first = numbers.purchase(NUMBER, key=KEY)
    assert numbers.release(NUMBER).status == 200
    same(first, numbers.purchase(NUMBER, key=KEY))
    assert numbers.orders(NUMBER) == 1


@pytest.mark.parametrize(
    ("fault", "code"),
    [
        ({"kind": "status", "status": 402}, "insufficient_balance"),
        ({"kind": "status", "status": 422}, "provider_error"),
        ({"kind": "status", "status": 429, "times": 3, "headers": {"Retry-After": "0.01"}}, "provider_rate_limited"),
    ],
    ids=["402", "422", "429"],
)
def test_a_failure_is_replayed_though_it_would_succeed_now(
    numbers: Numbers, world: World, fault: dict[str, Any], code: str
) -> None:
    world.telnyx.simulator.add_faults({"method": "POST", "path": "number_orders", **fault})

    first = numbers.purchase(NUMBER, key=KEY)
    again = numbers.purchase(NUMBER, key=KEY)

    assert (first.status, first.body["code"]) == (500, code)
    same(first, again)
    assert numbers.orders(NUMBER) == 0
    assert numbers.purchase(NUMBER, key="order-4712").status == 200
    numbers.check()


def test_what_was_refused_before_anything_began_is_judged_anew(numbers: Numbers) -> None:
    numbers.limit(max_numbers=0)
    assert numbers.purchase(NUMBER, key=KEY).status == 403
    numbers.limit()
    answer = numbers.purchase(NUMBER, key=KEY)
    assert answer.status == 200
    assert "idempotency-replayed" not in answer.headers


LOOK = {"kind": "status", "method": "GET", "path": "phone_numbers$"}


@pytest.mark.parametrize(
    ("fault", "code"),
    [
        (LOOK | {"status": 401}, "invalid_provider_credentials"),
        (LOOK | {"status": 503, "times": 3}, "provider_unavailable"),
        (LOOK | {"status": 429, "times": 3, "headers": {"Retry-After": "0.01"}}, "provider_rate_limited"),
        (LOOK | {"status": 200, "path": "available_phone_numbers", "body": {"data": []}}, "number_unavailable"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_the_carrier_said_before_anything_began_is_replayed_too(
    numbers: Numbers, world: World, fault: dict[str, Any], code: str
) -> None:
    world.telnyx.simulator.add_faults(fault)
    first = numbers.purchase(NUMBER, key=KEY)
    assert (first.status, first.body["code"]) == (500, code)

    same(first, numbers.purchase(NUMBER, key=KEY))

    other = numbers.purchase(OTHER, key=KEY)
    assert (other.status, other.body["code"]) == (409, "idempotency_conflict")
    assert numbers.operations_on(NUMBER) == []
    assert numbers.orders(NUMBER) + numbers.orders(OTHER) == 0
    world.pass_time(86_401)
    assert numbers.purchase(NUMBER, key=KEY).status == 200
    numbers.check()


def test_a_failure_is_not_kept_over_a_purchase_that_has_begun_with_the_key(
    numbers: Numbers, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    # given two requests with one key: while one is refused at its look, the other buys
    from telephony.providers.telnyx_numbers import TelnyxNumbers

    look = TelnyxNumbers.owned

    def overtaken(client: Any, number: str) -> Any:
        monkeypatch.setattr(TelnyxNumbers, "owned", look)
        assert numbers.purchase(NUMBER, key=KEY).status == 200
        world.telnyx.simulator.add_faults(LOOK | {"status": 401})
        return look(client, number)

    monkeypatch.setattr(TelnyxNumbers, "owned", overtaken)

    answer = numbers.purchase(NUMBER, key=KEY)

    assert (answer.status, answer.headers["idempotency-replayed"]) == (200, "true")
    assert numbers.orders(NUMBER) == 1


def test_a_pending_order_is_replayed_as_pending_and_then_as_what_became_of_it(numbers: Numbers, world: World) -> None:
    world.telnyx.simulator.change_settings({"order_delay": 60.0})
    first = numbers.purchase(NUMBER, key=KEY)
    assert first.body["purchase_details"]["status"] == "pending"

    same(first, numbers.purchase(NUMBER, key=KEY))
    world.settle(4, 30.0)
    then = numbers.purchase(NUMBER, key=KEY)

    assert (then.status, then.headers["idempotency-replayed"]) == (200, "true")
    assert then.body["purchase_details"]["status"] == "completed"
    assert then.body["operation_id"] == first.body["operation_id"]
    assert numbers.orders(NUMBER) == 1


def test_a_pending_order_that_the_queue_can_not_look_at_is_replayed_as_pending(numbers: Numbers, world: World) -> None:
    world.telnyx.simulator.change_settings({"order_delay": 600.0})
    first = numbers.purchase(NUMBER, key=KEY)
    world.telnyx.simulator.add_faults({"kind": "status", "status": 503, "method": "GET", "times": 3})
    world.pass_time(10)
    world.run_queue()
    [operation] = numbers.operations_on(NUMBER)
    assert (operation.status, operation.error["code"]) == ("RUNNING", "provider_unavailable")

    same(first, numbers.purchase(NUMBER, key=KEY))


def test_a_pending_order_that_fails_is_replayed_as_a_failure(numbers: Numbers, world: World) -> None:
    world.telnyx.simulator.change_settings({"order_delay": 60.0})
    numbers.account["failing_numbers"] = [NUMBER]
    assert numbers.purchase(NUMBER, key=KEY).status == 200
    world.settle(4, 30.0)
    then = numbers.purchase(NUMBER, key=KEY)
    assert (then.status, then.body["code"]) == (500, "number_unavailable")
    assert then.headers["idempotency-replayed"] == "true"


@pytest.mark.parametrize(
    "body",
    [
        {"friendly_name": "Another"},
        {"friendly_name": None, "max_monthly_cost": 5},
        {"assistant_id": 1},
        {"country_code": "US"},
    ],
    ids=str,
)
def test_the_same_key_with_another_body_is_409(numbers: Numbers, body: dict[str, Any]) -> None:
    assert numbers.purchase(NUMBER, key=KEY).status == 200
    answer = numbers.purchase(NUMBER, key=KEY, **body)
    assert (answer.status, answer.body["code"]) == (409, "idempotency_conflict")
    assert answer.body["fix"]


def test_the_same_key_for_another_number_is_409_and_buys_nothing(numbers: Numbers) -> None:
    assert numbers.purchase(NUMBER, key=KEY).status == 200
    answer = numbers.purchase(OTHER, key=KEY)
    assert (answer.status, answer.body["code"]) == (409, "idempotency_conflict")
    assert numbers.orders(OTHER) == 0


def test_what_is_left_out_and_what_is_null_are_the_same_body(numbers: Numbers) -> None:
    first = numbers.purchase(NUMBER, key=KEY)
    same(first, numbers.purchase(NUMBER, key=KEY, assistant_id=None, friendly_name=None))


def test_another_key_for_the_same_number_is_no_replay(numbers: Numbers) -> None:
    assert numbers.purchase(NUMBER, key=KEY).status == 200
    answer = numbers.purchase(NUMBER, key="order-4712")
    assert (answer.status, answer.body["code"]) == (409, "already_owned")


def test_the_key_is_the_agencys_own(numbers: Numbers, world: World) -> None:
    assert numbers.purchase(NUMBER, key=KEY).status == 200
    other = Numbers(world, world.new_agency("Other")[0])
    answer = other.purchase(OTHER, key=KEY)
    assert answer.status == 200
    assert "idempotency-replayed" not in answer.headers


def test_a_key_lives_for_a_day(numbers: Numbers, world: World) -> None:
    first = numbers.purchase(NUMBER, key=KEY)
    world.pass_time(86_390)
    same(first, numbers.purchase(NUMBER, key=KEY))
    world.pass_time(20)

    # DynamoDB may be days late with deleting the item: it counts no longer, and the key may be used anew
    assert numbers.purchase(NUMBER, key=KEY).body["code"] == "already_owned"
    assert numbers.purchase(OTHER, key=KEY).status == 200
    assert numbers.purchase(OTHER, key=KEY).headers["idempotency-replayed"] == "true"
    numbers.check()


def test_while_the_outcome_is_unknown_the_purchase_is_still_running(numbers: Numbers, world: World) -> None:
    fault = {"kind": "html_502", "method": "POST", "path": "number_orders", "after": True}
    world.telnyx.simulator.add_faults(fault)
    first = numbers.purchase(NUMBER, key=KEY)
    assert (first.status, first.body["code"]) == (500, "outcome_unknown")
    assert first.body["retry_scheduled"] is True

    again = numbers.purchase(NUMBER, key=KEY)
    assert (again.status, again.body["code"]) == (409, "operation_in_progress")
    assert again.body["operation_id"] == first.body["operation_id"]
    world.settle(3, 60.0)

    then = numbers.purchase(NUMBER, key=KEY)
    assert (then.status, then.headers["idempotency-replayed"]) == (200, "true")
    assert numbers.orders(NUMBER) == 1
    numbers.check()
