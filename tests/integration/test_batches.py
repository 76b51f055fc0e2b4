"""POST /phone-numbers/purchase-batch: each number decided, none bought twice, none lost."""

from __future__ import annotations

from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from tests.carriers import CARRIERS, CarrierNumbers, for_sale, store_credentials
from tests.integration.conftest import Setting
from tests.numbers import local_numbers
from tests.world import World

SEED = 20260805


@pytest.fixture
def numbers(request: pytest.FixtureRequest, world: World) -> CarrierNumbers:
    """At Twilio, unless a test asks for another carrier."""
    carrier = getattr(request, "param", "twilio")
    store_credentials(carrier, world.agency_id)
    return CarrierNumbers(world, carrier)


at_each_carrier = pytest.mark.parametrize("numbers", CARRIERS, indirect=True)


def batch_of(numbers: CarrierNumbers, count: int, **body: Any) -> tuple[str, list[str]]:
    """Orders so many numbers; the operation's id and the numbers."""
    wanted = list(for_sale(numbers.carrier))[:count]
    answer = numbers.batch([{"phone_number": number} | body for number in wanted])
    assert answer.status == 202, answer.body
    return answer.body["operation_id"], wanted


def statuses(numbers: CarrierNumbers, operation_id: str) -> Counter[str]:
    return Counter(item["status"] for item in numbers.operation(operation_id)["items"])


def test_the_request_is_taken_and_nothing_is_bought_yet(numbers: CarrierNumbers) -> None:
    wanted = list(for_sale("twilio"))[:3]

    answer = numbers.batch([{"phone_number": number} for number in wanted])

    operation_id = answer.body["operation_id"]
    assert (answer.status, answer.body) == (202, {"success": True, "operation_id": operation_id, "accepted": 3})
    shown = numbers.operation(operation_id)
    assert (shown["kind"], shown["status"]) == ("purchase_batch", "RUNNING")
    assert [item["phone_number"] for item in shown["items"]] == wanted
    assert numbers.records == []


def test_the_queue_buys_each_number_once(numbers: CarrierNumbers) -> None:
    operation_id, wanted = batch_of(numbers, 5, friendly_name="Support line")

    numbers.world.run_queue()
    numbers.world.settle(3, 10)

    shown = numbers.operation(operation_id)
    assert (shown["status"], shown["result"]) == ("SUCCEEDED", {"succeeded": 5, "failed": 0, "need_attention": 0})
    for index, (item, number) in enumerate(zip(shown["items"], wanted, strict=True)):
        record = numbers.record(number)
        assert (item["index"], item["phone_number"], item["provider"]) == (index, number, "twilio")
        assert (item["status"], item["error"]) == ("SUCCEEDED", None)
        assert item["phone_configuration_id"] == record.id
        assert item["purchase_details"]["phone_number"] == number
        assert item["operation_id"] == record.phone_request_id
        assert numbers.bought(number) == 1
    numbers.check()


def test_each_number_tells_its_own_failure(numbers: CarrierNumbers) -> None:
    # given a number that is taken, one that is ours, one twice in the batch, and one that is bought
    taken, ours, good = list(for_sale("twilio"))[:3]
    numbers.take(taken)
    assert numbers.purchase(ours).status == 200

    answer = numbers.batch([{"phone_number": each} for each in (taken, ours, good, good)])
    numbers.world.settle()

    shown = numbers.operation(answer.body["operation_id"])
    codes = [item["error"] and item["error"]["code"] for item in shown["items"]]
    assert codes[:2] == ["number_unavailable", "already_owned"]
    assert sorted(codes[2:], key=str) == [None, "already_owned"]
    assert shown["items"][0]["error"]["fix"] == "Search for new numbers."
    assert (shown["status"], shown["result"]) == ("SUCCEEDED", {"succeeded": 1, "failed": 3, "need_attention": 0})
    assert numbers.bought(good) == 1
    numbers.check()


def test_a_number_that_waits_for_a_human_keeps_the_batch_from_nothing(numbers: CarrierNumbers) -> None:
    from telephony.bootstrap import container
    from telephony.clock import Deadline
    from telephony.models.operations import Operation

    # given a batch of two, the first of which was tried for as long as it may be
    operation_id, [_, second] = batch_of(numbers, 2)
    container().worker.resume(operation_id, Deadline.after(30))
    numbers.world.lose_messages()
    stuck = Operation.get(f"{operation_id}-00")
    stuck.status, stuck.error = "NEEDS_ATTENTION", {"code": "provider_error", "message": "no"}
    stuck.due_at = stuck.due_shard = None
    stuck.save()

    numbers.world.settle(4, 60)

    shown = numbers.operation(operation_id)
    assert (shown["status"], shown["result"]) == ("SUCCEEDED", {"succeeded": 1, "failed": 0, "need_attention": 1})
    assert [item["status"] for item in shown["items"]] == ["NEEDS_ATTENTION", "SUCCEEDED"]
    assert numbers.bought(second) == 1


DAY = 86400.0


@pytest.fixture
def slow(world: World) -> CarrierNumbers:
    """At Telnyx, where an order may take its time: here, longer than what has ended is kept."""
    world.telnyx.simulator.change_settings({"order_delay": 95 * DAY})
    return CarrierNumbers(world, "telnyx")


def test_a_batch_ends_though_what_became_of_some_numbers_is_not_kept_any_more(slow: CarrierNumbers) -> None:
    from telephony.models import operations

    # given a batch of a number that can't be bought and one whose order is pending
    gone, good, *_ = local_numbers()
    slow.take(gone)
    operation_id = slow.batch([{"phone_number": gone}, {"phone_number": good}]).body["operation_id"]
    slow.world.settle(3, 60.0)
    first, second = slow.operation(operation_id)["items"]
    assert (first["status"], second["status"]) == ("ABANDONED", "WAITING")

    # when the order is done only after the first one's operation has gone
    slow.world.settle(4, 23 * DAY)
    assert operations.find(first["operation_id"]) is None
    assert [each["status"] for each in slow.operation(operation_id)["items"]] == ["ABANDONED", "WAITING"]
    slow.world.settle(3, 2 * DAY)

    # then the batch ends, and still tells what the first one came to
    shown = slow.operation(operation_id)
    assert (shown["status"], shown["result"]) == ("SUCCEEDED", {"succeeded": 1, "failed": 1, "need_attention": 0})
    assert shown["items"][0] == first
    assert slow.bought(good) == 1
    slow.check()


def test_a_number_that_was_bought_long_before_the_others_counts_as_bought(slow: CarrierNumbers) -> None:
    # given a batch of two, one order of which is done soon
    early, late, *_ = local_numbers()
    operation_id = slow.batch([{"phone_number": early}, {"phone_number": late}]).body["operation_id"]
    slow.world.settle(2, 60.0)
    [order] = [
        each for each in slow.account["number_orders"].values() if each["phone_numbers"][0]["phone_number"] == early
    ]
    order["_due_at"] = 0.0
    slow.world.settle(3, DAY)
    bought, pending = slow.operation(operation_id)["items"]
    assert (bought["status"], pending["status"]) == ("SUCCEEDED", "WAITING")

    slow.world.settle(8, 12 * DAY)
    slow.world.settle(3, DAY)

    shown = slow.operation(operation_id)
    assert (shown["status"], shown["result"]) == ("SUCCEEDED", {"succeeded": 2, "failed": 0, "need_attention": 0})
    assert shown["items"][0] == bought | {"purchase_details": None}
    slow.check()


def test_the_agencys_limits_hold_for_the_whole_batch(numbers: CarrierNumbers) -> None:
    numbers.limit(currency="USD", max_monthly_total="2.50")

    operation_id, wanted = batch_of(numbers, 4)
    numbers.world.settle()

    assert statuses(numbers, operation_id) == {"SUCCEEDED": 2, "ABANDONED": 2}
    assert sum(numbers.bought(number) for number in wanted) == 2
    numbers.check()


def test_a_batch_takes_1_to_50_numbers(numbers: CarrierNumbers) -> None:
    many = [{"phone_number": number} for number in list(for_sale("twilio"))[:51]]

    assert numbers.batch([]).status == 400
    assert numbers.batch(many).status == 400
    assert numbers.batch([{"phone_number": "12"}]).status == 400
    assert numbers.batch(many[:50]).status == 202


def test_an_agency_may_have_so_many_open_at_once(numbers: CarrierNumbers) -> None:
    numbers.limit(max_open_operations=4)

    answer = numbers.batch([{"phone_number": number} for number in list(for_sale("twilio"))[:5]])

    assert (answer.status, answer.body["code"]) == (429, "too_many_operations")
    assert answer.headers["retry-after"] == "5"
    assert numbers.operations == []


def test_a_batch_takes_its_places_when_it_is_accepted(numbers: CarrierNumbers) -> None:
    # given a cap that one batch fills, before the queue has looked at it
    numbers.limit(max_open_operations=4)
    wanted = list(for_sale("twilio"))[:8]
    first, second = ([{"phone_number": number} for number in part] for part in (wanted[:4], wanted[4:]))

    assert numbers.batch(first).status == 202

    refused = numbers.batch(second)
    assert (refused.status, refused.body["code"]) == (429, "too_many_operations")
    assert numbers.purchase(wanted[7]).status == 429
    numbers.check()
    # and each place is free again once its number is decided
    numbers.world.settle(3, 10)
    assert numbers.limits["open_operations"] == 0
    assert numbers.batch(second).status == 202
    numbers.check()


def test_batches_at_once_share_the_places(numbers: CarrierNumbers) -> None:
    numbers.limit(max_open_operations=4)
    wanted = [{"phone_number": number} for number in list(for_sale("twilio"))[:12]]
    assert numbers.token

    with ThreadPoolExecutor(3) as pool:
        answers = list(pool.map(numbers.batch, (wanted[:4], wanted[4:8], wanted[8:])))

    assert sorted(each.status for each in answers) == [202, 429, 429]
    numbers.check()


def test_a_member_may_not(numbers: CarrierNumbers) -> None:
    member = CarrierNumbers(numbers.world, "twilio", token=numbers.world.tokens["member"])

    assert member.batch([{"phone_number": next(for_sale("twilio"))}]).status == 403


def test_another_agency_does_not_see_it(numbers: CarrierNumbers) -> None:
    operation_id, _ = batch_of(numbers, 1)
    other = numbers.world.new_agency("Other")[1]["owner"]

    answer = numbers.world.call("operations", "GET", f"/operations/{operation_id}", token=other)

    assert answer.status == 404


def test_wake_ups_that_come_twice_buy_nothing_twice(numbers: CarrierNumbers) -> None:
    operation_id, wanted = batch_of(numbers, 3)

    for _ in range(3):
        numbers.world.run_queue()
        numbers.world.invoke("retry_worker", _waking(operation_id, *(f"{operation_id}-{n:02d}" for n in range(3))), 300)
    numbers.world.settle(3, 10)

    assert [numbers.bought(number) for number in wanted] == [1, 1, 1]
    numbers.check()


def _waking(*ids: str) -> dict[str, Any]:
    from tests.world import sqs_record

    return {"Records": [sqs_record(f'{{"operation_id": "{each}"}}', each) for each in ids]}


@at_each_carrier
def test_50_numbers_with_faults_in_a_tenth_of_the_calls(numbers: CarrierNumbers) -> None:
    """Every fault a carrier can have, at one call in ten, spread evenly and the same each time."""
    numbers.server.simulator.add_faults(_faults())

    operation_id, _ = batch_of(numbers, 50)
    numbers.world.run_queue()
    numbers.world.settle(30, 130)

    assert sum(statuses(numbers, operation_id).values()) == 50
    decided = statuses(numbers, operation_id)
    assert set(decided) <= {"SUCCEEDED", "ABANDONED"}, decided
    for item in numbers.operation(operation_id)["items"]:
        expected = 1 if item["status"] == "SUCCEEDED" else 0
        assert numbers.bought(item["phone_number"]) == expected, item
    owned = {each["_e164"] for each in numbers.account["phone_numbers"].values()}
    assert owned == {each.phone_number for each in numbers.records if each.status != "RELEASED"}
    assert sum(1 for each in numbers.server.simulator.log if each["fault"]) >= 20
    numbers.check()


def _faults() -> list[dict[str, Any]]:
    kinds: list[dict[str, Any]] = [
        {"kind": "refuse"},
        {"kind": "status", "status": 500},
        {"kind": "empty_body"},
        {"kind": "html_502", "after": True},
        {"kind": "truncated_json"},
        {"kind": "status", "status": 429},
        {"kind": "wrong_type"},
        {"kind": "torn_body"},
    ]
    return [{"skip": 9, **kinds[each % len(kinds)]} for each in range(32)]


def _run_workers(world: World, operation_id: str, purchases: int, workers: int) -> None:
    """The parent first, then so many workers at once on its purchases."""
    from telephony.bootstrap import container
    from telephony.clock import Deadline

    def work(index: int) -> None:
        container().worker.resume(f"{operation_id}-{index:02d}", Deadline.after(300))

    container().worker.resume(operation_id, Deadline.after(300))
    with ThreadPoolExecutor(workers) as pool:
        list(pool.map(work, range(purchases)))


def _asked(numbers: CarrierNumbers) -> list[dict[str, Any]]:
    """The carrier's log of the requests that count."""
    return list(numbers.server.simulator.log)


LIMIT = 16
"""Requests a second that the carrier takes in the two tests below; each number needs four."""


@at_each_carrier
def test_a_batch_at_three_quarters_of_the_carriers_limit_meets_none(numbers: CarrierNumbers, setting: Setting) -> None:
    setting(CARRIER_REQUESTS_PER_SECOND=str(LIMIT * 3 // 4))
    numbers.server.simulator.change_settings({"rate_limit": LIMIT})
    operation_id, wanted = batch_of(numbers, 15)

    _run_workers(numbers.world, operation_id, 15, 4)

    log = _asked(numbers)
    assert Counter(each["status"] for each in log if each["status"] == 429) == {}
    assert [numbers.bought(number) for number in wanted] == [1] * 15
    # and the line moves: five seconds' worth of requests, with room for a slow machine
    assert len(log) == 60
    assert log[-1]["at"] - log[0]["at"] < 60


@at_each_carrier
def test_without_turns_the_same_batch_meets_the_limit(numbers: CarrierNumbers, setting: Setting) -> None:
    setting(CARRIER_REQUESTS_PER_SECOND="1000")
    numbers.server.simulator.change_settings({"rate_limit": LIMIT})
    operation_id, _ = batch_of(numbers, 15)

    _run_workers(numbers.world, operation_id, 15, 4)

    assert any(each["status"] == 429 for each in _asked(numbers))
