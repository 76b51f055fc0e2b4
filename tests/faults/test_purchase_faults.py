"""Telnyx and AWS failing at each call of a purchase: the documented answer, and what comes of the money.

What is slow or silent for ten seconds in the world is so for a fraction of one here: the transport's limits are scaled
down with it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pytest
from telephony.services.saga import STEP_SECONDS

from local.simulators.faults import HTML_502
from tests.faults.effects import Interference, Killed, Send, answer_lost, killed, refused_by_aws, unreachable
from tests.faults.lab import Case, Lab
from tests.numbers import Numbers, local_numbers
from tests.world import HttpAnswer

LOOK, QUOTE, ORDER, RESOLVE = (
    {"method": "GET", "path": "v2/phone_numbers$"},
    {"method": "GET", "path": "available_phone_numbers$"},
    {"method": "POST", "path": "number_orders$"},
    {"method": "GET", "path": "v2/phone_numbers$", "skip": 1},
)
"""The carrier calls of a purchase."""

_unsold = local_numbers()


@pytest.fixture(scope="module")
def agency(laboratory: Lab) -> tuple[Case, Numbers]:
    laboratory.clear()
    case = laboratory.case()
    assert case.provision().status == 200
    numbers = Numbers(laboratory.world, case.agency_id, key=case.telnyx_key)
    assert numbers.token
    return case, numbers


@pytest.fixture
def case(agency: tuple[Case, Numbers], lab: Lab) -> Case:
    begin(agency[1], lab)
    return agency[0]


@pytest.fixture
def numbers(agency: tuple[Case, Numbers], case: Case) -> Numbers:
    return agency[1]


@pytest.fixture
def number() -> str:
    return next(_unsold)


def begin(numbers: Numbers, lab: Lab) -> None:
    lab.clear()
    numbers.forget()
    numbers.account["balance"] = "1000.00"
    lab.world.telnyx.simulator.change_settings({"order_delay": 0.0, "listing_lag": 3.0})


def fault(numbers: Numbers, where: dict[str, Any], **what: Any) -> None:
    numbers.world.telnyx.simulator.add_faults({"times": 99, **where, **what})


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """The client gives a carrier 0.4 seconds, once."""
    from telephony.providers import transport

    monkeypatch.setattr(transport, "READ_SECONDS", 0.4)
    monkeypatch.setattr(transport, "MAX_ATTEMPTS", 1)


@dataclass(frozen=True)
class Trouble:
    """A fault as the simulator has it, and the code of the answer where the call only reads."""

    name: str
    what: dict[str, Any]
    code: str = "provider_unavailable"
    ordered: bool = False
    """Whether an order that meets it is made all the same."""


TROUBLES = (
    Trouble("closed unanswered", {"kind": "refuse"}),
    Trouble("timeout before the effect", {"kind": "timeout_before", "seconds": 0.6}),
    Trouble("timeout after the effect", {"kind": "timeout_after", "seconds": 0.6}, ordered=True),
    Trouble("500 with HTML", {"kind": "status", "status": 500, "body": HTML_502, "content_type": "text/html"}),
    Trouble("500 after the effect", {"kind": "status", "status": 500, "after": True}, ordered=True),
    Trouble("502", {"kind": "html_502"}),
    Trouble("502 after the effect", {"kind": "html_502", "after": True}, ordered=True),
    Trouble("503 empty", {"kind": "status", "status": 503}),
    Trouble("408", {"kind": "status", "status": 408}),
    Trouble("302", {"kind": "status", "status": 302, "headers": {"Location": "https://elsewhere.example.com/"}}),
    Trouble("empty body", {"kind": "empty_body"}, ordered=True),
    Trouble("truncated JSON", {"kind": "truncated_json"}, ordered=True),
    Trouble("wrong type", {"kind": "wrong_type"}, ordered=True),
    Trouble("torn body", {"kind": "torn_body"}, ordered=True),
    Trouble("200 without data", {"kind": "status", "status": 200, "body": {"meta": {}}}),
    Trouble("200 of nulls", {"kind": "status", "status": 200, "body": {"data": {"id": None, "status": None}}}),
)


def assert_settled(case: Case, numbers: Numbers, number: str, bought: int) -> None:
    """Time has passed: the number was ordered so many times, 0 or 1, and everything tells the same."""
    numbers.world.telnyx.simulator.clear_faults()
    case.settle(60)
    assert (numbers.orders(number), numbers.bought(number)) == (bought, bought)
    record = numbers.record(number)
    assert record.status == ("ACTIVE" if bought else "RELEASED"), record.metadata
    assert numbers.audit(number) == [
        "number.purchase_begun",
        "number.purchased" if bought else "number.purchase_failed",
    ]
    assert {each.status for each in numbers.operations} == {"SUCCEEDED" if bought else "ABANDONED"}
    numbers.check()


def assert_untouched(numbers: Numbers, number: str) -> None:
    assert (numbers.orders(number), numbers.records, numbers.operations, numbers.audit(number)) == (0, [], [], [])
    numbers.check()


@pytest.mark.usefixtures("impatient")
@pytest.mark.parametrize("where", [LOOK, QUOTE], ids=["look", "quote"])
@pytest.mark.parametrize("trouble", TROUBLES, ids=lambda trouble: trouble.name)
def test_before_the_order_nothing_has_happened(
    case: Case, numbers: Numbers, number: str, trouble: Trouble, where: dict[str, Any]
) -> None:
    fault(numbers, where, **trouble.what)

    answer = numbers.purchase(number)

    assert (answer.status, answer.body["code"]) == (500, trouble.code)
    assert (answer.body["provider"], answer.body["retryable"]) == ("telnyx", True)
    assert answer.body["fix"]
    assert_untouched(numbers, number)
    numbers.world.telnyx.simulator.clear_faults()
    assert numbers.purchase(number).status == 200


@pytest.mark.usefixtures("impatient")
@pytest.mark.parametrize("trouble", TROUBLES, ids=lambda trouble: trouble.name)
def test_at_the_order_the_outcome_is_looked_up_and_never_ordered_again(
    case: Case, numbers: Numbers, number: str, trouble: Trouble
) -> None:
    fault(numbers, ORDER, **trouble.what)

    answer = numbers.purchase(number)

    assert (answer.status, answer.body["code"], answer.body["retry_scheduled"]) == (500, "outcome_unknown", True)
    assert "looked up" in answer.body["fix"]
    assert numbers.limits == {"numbers": 1, "monthly_totals": {"USD": 10_000}, "open_operations": 1}
    again = numbers.purchase(number)
    assert (again.status, again.body["code"]) == (409, "operation_in_progress")
    assert numbers.requests("POST", "/number_orders") <= 1 + _posts_before(numbers)
    assert_settled(case, numbers, number, bought=int(trouble.ordered))


def _posts_before(numbers: Numbers) -> int:
    """Orders of earlier tests: the log holds all of a module's."""
    posts = [each for each in numbers.world.telnyx.simulator.log if each["method"] == "POST"]
    return sum(each["path"].endswith("/number_orders") for each in posts[:-1])


@pytest.mark.usefixtures("impatient")
@pytest.mark.parametrize("trouble", TROUBLES, ids=lambda trouble: trouble.name)
def test_after_the_order_the_caller_has_its_order_and_the_queue_does_the_rest(
    case: Case, numbers: Numbers, number: str, trouble: Trouble
) -> None:
    fault(numbers, RESOLVE, **trouble.what)

    answer = numbers.purchase(number)

    assert answer.status == 200, answer.body
    assert answer.body["purchase_details"]["status"] == "completed"
    assert numbers.record(number).status == "PENDING"
    assert_settled(case, numbers, number, bought=1)


@pytest.mark.parametrize(
    ("status", "code"),
    [
        (401, "invalid_provider_credentials"),
        (402, "insufficient_balance"),
        (403, "invalid_provider_credentials"),
        (422, "provider_error"),
    ],
)
def test_after_the_order_not_even_a_refusal_loses_the_number(
    case: Case, numbers: Numbers, number: str, status: int, code: str
) -> None:
    fault(numbers, RESOLVE, kind="status", status=status)
    assert numbers.purchase(number).status == 200
    numbers.world.pass_time(10)
    numbers.world.run_queue()
    [operation] = numbers.operations
    assert (operation.status, operation.error["code"]) == ("RUNNING", code)
    assert_settled(case, numbers, number, bought=1)


@pytest.mark.parametrize("where", [LOOK, QUOTE, ORDER], ids=["look", "quote", "order"])
def test_a_rate_limit_is_waited_for_a_little_and_told_of_then(
    case: Case, numbers: Numbers, number: str, where: dict[str, Any]
) -> None:
    fault(numbers, where, kind="status", status=429, headers={"Retry-After": "1"}, times=2)
    assert numbers.purchase(number).status == 200
    begin(numbers, case.lab)

    other = next(_unsold)
    fault(numbers, where, kind="status", status=429, headers={"Retry-After": "60"})
    answer = numbers.purchase(other)

    assert (answer.status, answer.body["code"], answer.headers["retry-after"]) == (500, "provider_rate_limited", "60")
    if where is ORDER:
        assert answer.body["retry_scheduled"] is False
        assert_settled(case, numbers, other, bought=0)
    else:
        assert_untouched(numbers, other)


def test_a_refused_connection_is_no_order(case: Case, numbers: Numbers, number: str) -> None:
    case.lab.effects.refused.add("telnyx POST /number_orders")
    answer = numbers.purchase(number)
    assert (answer.status, answer.body["code"]) == (500, "provider_unavailable")
    assert answer.body["retry_scheduled"] is False
    case.lab.effects.forget()
    assert_settled(case, numbers, number, bought=0)


def test_a_slow_carrier_is_no_failing_one(case: Case, numbers: Numbers, number: str) -> None:
    for where in (LOOK, QUOTE, ORDER, RESOLVE):
        fault(numbers, where, kind="slow", seconds=0.2, times=1)
    assert numbers.purchase(number).status == 200
    assert_settled(case, numbers, number, bought=1)


def test_an_unknown_outcome_is_not_forgotten_when_looking_fails_for_a_while(
    case: Case, numbers: Numbers, number: str
) -> None:
    """The caller was told that it is unknown: what turns out to be no order is not ordered later."""
    fault(numbers, ORDER, kind="refuse", times=1)
    assert numbers.purchase(number).body["code"] == "outcome_unknown"
    fault(numbers, {"method": "GET", "path": "number_orders"}, kind="status", status=503, times=6)

    assert_settled_without_clearing(case, numbers)

    assert numbers.orders(number) == 0
    assert numbers.record(number).metadata == {"failure": "provider_unavailable"}
    numbers.check()


def assert_settled_without_clearing(case: Case, numbers: Numbers) -> None:
    case.settle(60)
    assert numbers.operations[-1].status == "ABANDONED"


# Listing lag


@pytest.mark.parametrize("lag", [3.0, 20.0, 45.0, 400.0])
@pytest.mark.parametrize("told", [True, False], ids=["outcome unknown", "killed"])
def test_an_order_that_is_listed_late_is_found(
    case: Case, numbers: Numbers, number: str, lag: float, told: bool
) -> None:
    """Also one later than the carrier is given to settle: a number that is not for sale any more may be ours."""
    numbers.world.telnyx.simulator.change_settings({"listing_lag": lag})
    if told:
        fault(numbers, ORDER, kind="html_502", after=True, times=1)
        assert numbers.purchase(number).body["code"] == "outcome_unknown"
    else:
        case.lab.effects.at["telnyx POST /number_orders #1"] = killed("after")
        with pytest.raises(Killed):
            numbers.purchase(number)

    assert_settled(case, numbers, number, bought=1)


def test_an_order_that_is_never_listed_is_found_by_its_number(case: Case, numbers: Numbers, number: str) -> None:
    case.lab.effects.at["telnyx POST /number_orders #1"] = killed("after")
    with pytest.raises(Killed):
        numbers.purchase(number, key="the same key")
    for order in numbers.account["number_orders"].values():
        order["_listed_at"] = float("inf")

    assert_settled(case, numbers, number, bought=1)
    replay = numbers.purchase(number, key="the same key")
    bought, [order] = numbers.at_carrier(number) or {}, numbers.account["number_orders"].values()
    assert (replay.status, replay.body["purchase_details"]) == (
        200,
        {
            "id": None,  # the number does not tell it
            "phone_number": number,
            "status": "completed",
            "connection_id": bought["connection_id"],
            "messaging_profile_id": None,
            "phone_numbers_count": 1,
            "customer_reference": order["customer_reference"],
            "date_created": bought["purchased_at"],
        },
    )


def test_a_number_that_somebody_else_bought_meanwhile_is_not_waited_for_longer_than_an_hour(
    case: Case, numbers: Numbers, number: str
) -> None:
    case.lab.effects.at["telnyx POST /number_orders #1"] = killed("before")
    with pytest.raises(Killed):
        numbers.purchase(number)
    numbers.take(number)
    began = numbers.world.now()

    assert_settled(case, numbers, number, bought=0)

    assert 3600 < numbers.world.now() - began < 2 * 3600
    assert numbers.record(number).metadata == {"failure": "number_unavailable"}


# AWS

OUTAGES: dict[str, tuple[Interference, bool]] = {
    "throttled": (refused_by_aws(400, "ProvisionedThroughputExceededException"), False),
    "internal error": (refused_by_aws(500, "InternalServerError"), False),
    "answer lost": (answer_lost, False),
    "unreachable from then on": (unreachable, True),
    "denied from then on": (refused_by_aws(400, "AccessDeniedException"), True),
}
"""Each meets one call with all its repetitions, or every call of that service from there on."""


@pytest.mark.parametrize(("outage", "lasting"), OUTAGES.values(), ids=OUTAGES)
def test_each_call_of_aws_fails(case: Case, numbers: Numbers, outage: Interference, lasting: bool) -> None:
    effects, at_once = case.lab.effects, {"listing_lag": 0.0}
    numbers.world.telnyx.simulator.change_settings(at_once)
    assert numbers.purchase(next(_unsold)).status == 200
    points = [each for each in effects.seen if not each.startswith("telnyx")]
    assert len(points) == 6
    opening, ending = [each for each in points if "TransactWriteItems" in each]
    for point in points:
        begin(numbers, case.lab)
        numbers.world.telnyx.simulator.change_settings(at_once)
        number = next(_unsold)
        if lasting:
            effects.from_then_on(point, outage)
        else:
            effects.burst(point, outage)

        answer = numbers.purchase(number)

        effects.forget()
        check_outage(answer, point, opening, ending, outage is answer_lost, lasting)
        if not numbers.operations:
            assert_untouched(numbers, number)
            assert numbers.purchase(number).status == 200
        assert_settled(case, numbers, number, bought=1)


def check_outage(answer: HttpAnswer, point: str, opening: str, ending: str, lost: bool, lasting: bool) -> None:
    told = answer.status, answer.body.get("code"), answer.body.get("retry_scheduled")
    if point == ending:
        # Done, and only the answer to its last write was lost; or else not recorded yet.
        assert told == ((200, None, None) if lost else (500, "outcome_unknown", True)), point
    elif point == opening and (lost or lasting):
        # It has begun; or that it has not can't be read.
        assert told == (500, "outcome_unknown", True), point
    elif point.startswith("kms"):
        assert told == (500, "credentials_unavailable", None)
    else:
        assert told == (503, "storage_unavailable", None), point


def test_a_refusal_that_can_not_be_recorded_is_not_told_as_the_end(case: Case, numbers: Numbers, number: str) -> None:
    """The queue knows nothing of it, and orders again: an answer that is final would be wrong."""
    fault(numbers, ORDER, kind="status", status=402, times=1)
    case.lab.effects.burst("dynamodb TransactWriteItems #2", unreachable)

    answer = numbers.purchase(number)

    told = answer.status, answer.body["code"], answer.body["retryable"], answer.body["retry_scheduled"]
    assert told == (500, "outcome_unknown", True, True)
    assert_settled(case, numbers, number, bought=1)


@pytest.mark.parametrize(("status", "code"), [(503, "provider_unavailable"), (429, "provider_rate_limited")])
def test_a_purchase_that_was_promised_to_go_on_outlasts_what_a_retry_mends(
    case: Case, numbers: Numbers, number: str, status: int, code: str
) -> None:
    # given a caller who was told that the queue buys the number
    answer = numbers.purchase(number, seconds=STEP_SECONDS - 0.1)
    assert (answer.status, answer.body["code"], answer.body["retry_scheduled"]) == (500, "out_of_time", True)
    # when the carrier isn't well while the queue does so, then it is tried again
    fault(numbers, LOOK, kind="status", status=status)
    numbers.world.pass_time(60)
    numbers.world.run_queue()
    [operation] = numbers.operations
    assert (operation.status, operation.error["code"]) == ("RUNNING", code)
    assert_settled(case, numbers, number, bought=1)


@pytest.mark.parametrize("lasting", [False, True], ids=["answer lost", "unreachable from then on"])
def test_a_release_that_may_have_begun_is_not_told_as_undone(
    case: Case, numbers: Numbers, number: str, lasting: bool
) -> None:
    numbers.world.telnyx.simulator.change_settings({"listing_lag": 0.0})
    assert numbers.purchase(number).status == 200
    case.lab.effects.forget()
    lose_the_opening(case, lasting)

    answer = numbers.release(number)

    assert (answer.status, answer.body["code"], answer.body["retry_scheduled"]) == (500, "outcome_unknown", True)
    case.lab.effects.forget()
    case.settle()
    assert (numbers.released(number), numbers.record(number).status) == (1, "RELEASED")
    assert numbers.operations_on(number)[-1].id == answer.body["operation_id"]


@pytest.mark.parametrize("lasting", [False, True], ids=["answer lost", "unreachable from then on"])
def test_a_batch_that_may_have_begun_is_not_told_as_undone(
    case: Case, numbers: Numbers, number: str, lasting: bool
) -> None:
    lose_the_opening(case, lasting)

    answer = order_a_batch(numbers, number)

    assert (answer.status, answer.body["code"], answer.body["retry_scheduled"]) == (500, "outcome_unknown", True)
    case.lab.effects.forget()
    case.settle(60)
    assert {each.id: each.status for each in numbers.operations}[answer.body["operation_id"]] == "SUCCEEDED"
    assert (numbers.orders(number), numbers.bought(number)) == (1, 1)
    numbers.check()


def test_a_batch_that_has_not_begun_is_told_so(case: Case, numbers: Numbers, number: str) -> None:
    case.lab.effects.burst("dynamodb TransactWriteItems #1", unreachable)

    answer = order_a_batch(numbers, number)

    assert (answer.status, answer.body["code"]) == (503, "storage_unavailable")
    assert_untouched(numbers, number)


def lose_the_opening(case: Case, lasting: bool) -> None:
    """The transaction that comes next is done and no answer to it arrives; `lasting`: nor to anything after it."""

    def gone(send: Send) -> Any:
        case.lab.effects.at["dynamodb"] = unreachable
        return answer_lost(send)

    if lasting:
        case.lab.effects.at["dynamodb TransactWriteItems #1"] = gone
    else:
        case.lab.effects.burst("dynamodb TransactWriteItems #1", answer_lost)


def test_a_slow_transaction_keeps_a_batch_from_nothing(case: Case, numbers: Numbers) -> None:
    """The SDK's time limit runs out, and what it repeats is told that the first is still worked on."""
    bought_in_a_batch(case, numbers, next(_unsold))
    seen = case.lab.effects.seen
    before = seen[: seen.index("telnyx POST /number_orders #1")]
    written = [each for each in before if "TransactWriteItems" in each]
    for point in (written[0], written[-1]):  # the batch is taken down; its purchase begins
        begin(numbers, case.lab)
        name, number = point.rsplit("#", 1)
        case.lab.effects.at[point] = answer_lost
        case.lab.effects.at[f"{name}#{int(number) + 1}"] = refused_by_aws(400, "TransactionInProgressException")

        bought_in_a_batch(case, numbers, next(_unsold))


def order_a_batch(numbers: Numbers, number: str) -> HttpAnswer:
    batch = {"items": [{"phone_number": number, "provider": "telnyx"}]}
    return numbers.world.call("purchase_number", "POST", "/phone-numbers/purchase-batch", batch, token=numbers.token)


def bought_in_a_batch(case: Case, numbers: Numbers, number: str) -> None:
    answer = order_a_batch(numbers, number)
    assert answer.status == 202, answer.body
    case.settle(60)
    assert {each.status for each in numbers.operations} == {"SUCCEEDED"}
    assert (numbers.orders(number), numbers.bought(number), numbers.record(number).status) == (1, 1, "ACTIVE")
    numbers.check()


def test_without_the_queue_the_sweeper_looks_after_pending_orders(case: Case, numbers: Numbers, number: str) -> None:
    numbers.world.telnyx.simulator.change_settings({"order_delay": 60.0})
    case.lab.effects.at["sqs"] = unreachable

    answer = numbers.purchase(number)

    assert answer.body["purchase_details"]["status"] == "pending"
    case.lab.effects.forget()
    assert_settled(case, numbers, number, bought=1)


def test_a_pending_order_whose_poll_can_not_be_written_down_is_polled_again(
    case: Case, numbers: Numbers, number: str
) -> None:
    numbers.world.telnyx.simulator.change_settings({"order_delay": 60.0})
    case.lab.effects.from_then_on("dynamodb TransactWriteItems #2", unreachable)

    answer = numbers.purchase(number)

    assert (answer.status, answer.body["purchase_details"]["status"]) == (200, "pending")
    case.lab.effects.forget()
    assert_settled(case, numbers, number, bought=1)
