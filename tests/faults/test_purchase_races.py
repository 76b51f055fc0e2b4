"""Many at once on one number or one limit: real processes against a real DynamoDB engine, and two at every point.

Orders are counted in the carrier's own log. The carrier takes its time in the races of processes, so that they overlap;
that they did is asserted.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from telephony.errors import TelephonyError

from tests.faults.contenders import Attempt, Outcome, race
from tests.faults.effects import Interference, Send
from tests.faults.lab import Case, Lab
from tests.numbers import MONTHLY, Numbers, local_numbers
from tests.world import PUBLIC_BASE_URL, event, sqs_record

LATENCY = 0.15
"""Seconds that each carrier call takes."""

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
def numbers(agency: tuple[Case, Numbers], lab: Lab) -> Iterator[Numbers]:
    agency[1].forget()
    agency[1].account["balance"] = "1000.00"
    lab.world.telnyx.simulator.change_settings({"order_delay": 0.0})
    yield agency[1]
    lab.world.telnyx.simulator.change_settings({"latency": 0.0})


@pytest.fixture
def case(agency: tuple[Case, Numbers], numbers: Numbers) -> Case:
    return agency[0]


@pytest.fixture
def slow_carrier(numbers: Numbers) -> None:
    numbers.world.telnyx.simulator.change_settings({"latency": LATENCY})


# Processes


def attempt(numbers: Numbers, path: str, body: Any, key: str | None = None) -> Attempt:
    headers = {"authorization": f"Bearer {numbers.token}"} | ({"idempotency-key": key} if key else {})
    function = "phone_numbers" if path == "assign" else "purchase_number"
    return Attempt(function, event("POST", f"/phone-numbers/{path}", body, headers))


def purchase_of(numbers: Numbers, number: str, key: str | None = None) -> Attempt:
    return attempt(numbers, "purchase", {"phone_number": number, "provider": "telnyx"}, key)


def answers(outcomes: list[Outcome]) -> Counter[tuple[int, str | None]]:
    found = [(each.answer["statusCode"], json.loads(each.answer["body"])) for each in outcomes]
    return Counter((status, body.get("code")) for status, body in found)


def assert_overlap(outcomes: list[Outcome]) -> None:
    """All had begun before the one that took longest had ended, and it took long."""
    longest = max(outcomes, key=lambda each: each.ended - each.began)
    assert longest.ended - longest.began > 2 * LATENCY
    assert max(each.began for each in outcomes) < longest.ended - LATENCY


def assert_bought_once(case: Case, numbers: Numbers, number: str) -> None:
    case.settle()
    assert (numbers.orders(number), numbers.bought(number)) == (1, 1)
    assert numbers.record(number).status == "ACTIVE"
    assert numbers.limits == {"numbers": 1, "monthly_totals": {"USD": MONTHLY}, "open_operations": 0}
    assert numbers.audit(number) == ["number.purchase_begun", "number.purchased"]
    numbers.check()


REFUSED = {(409, "operation_in_progress"), (409, "already_owned")}


@pytest.mark.usefixtures("slow_carrier")
@pytest.mark.parametrize("keys", ["none", "different"])
def test_fifty_identical_purchases_are_one_order(case: Case, numbers: Numbers, keys: str) -> None:
    number = next(_unsold)
    each_key = (f"key of {position}" if keys == "different" else None for position in range(50))

    outcomes = race([purchase_of(numbers, number, key) for key in each_key])

    assert_overlap(outcomes)
    told = answers(outcomes)
    assert told[200, None] == 1, told
    assert set(told) - {(200, None)} <= REFUSED, told
    assert_bought_once(case, numbers, number)


@pytest.mark.usefixtures("slow_carrier")
def test_fifty_with_one_key_are_one_order_and_one_answer(case: Case, numbers: Numbers) -> None:
    number = next(_unsold)

    outcomes = race([purchase_of(numbers, number, "one key for all") for _ in range(50)])

    assert_overlap(outcomes)
    told = answers(outcomes)
    assert told[200, None] >= 1, told
    assert set(told) <= {(200, None), (409, "operation_in_progress")}, told
    first = [each for each in outcomes if each.answer["statusCode"] == 200 and not replayed(each)]
    assert len(first) == 1
    bodies = [json.loads(each.answer["body"]) for each in outcomes if each.answer["statusCode"] == 200]
    assert all(body | {"request_id": None} == bodies[0] | {"request_id": None} for body in bodies)
    assert_bought_once(case, numbers, number)


def replayed(outcome: Outcome) -> bool:
    headers: dict[str, str] = outcome.answer.get("headers", {}) | outcome.answer.get("multiValueHeaders", {})
    return "idempotency-replayed" in {name.lower() for name in headers}


@pytest.mark.usefixtures("slow_carrier")
@pytest.mark.parametrize("limits", [{"max_numbers": 3}, {"currency": "USD", "max_monthly_total": "3.00"}], ids=str)
def test_of_ten_purchases_only_so_many_succeed_as_fit_the_limit(
    case: Case, numbers: Numbers, limits: dict[str, Any]
) -> None:
    numbers.limit(**limits)
    wanted = [next(_unsold) for _ in range(10)]

    outcomes = race([purchase_of(numbers, number) for number in wanted])

    assert_overlap(outcomes)
    assert answers(outcomes) == {(200, None): 3, (403, "spending_limit_exceeded"): 7}
    assert sum(numbers.orders(number) for number in wanted) == 3
    assert numbers.limits == {"numbers": 3, "monthly_totals": {"USD": 3 * MONTHLY}, "open_operations": 0}
    case.settle()
    numbers.check()


@pytest.mark.usefixtures("slow_carrier")
def test_of_ten_purchases_only_so_many_are_open_as_the_agency_may_have(case: Case, numbers: Numbers) -> None:
    numbers.limit(max_open_operations=3)
    numbers.world.telnyx.simulator.change_settings({"order_delay": 60.0})  # so that none ends before another begins
    wanted = [next(_unsold) for _ in range(10)]

    outcomes = race([purchase_of(numbers, number) for number in wanted])

    assert_overlap(outcomes)
    assert answers(outcomes) == {(200, None): 3, (429, "too_many_operations"): 7}
    assert sum(numbers.orders(number) for number in wanted) == 3
    assert numbers.limits == {"numbers": 3, "monthly_totals": {"USD": 3 * MONTHLY}, "open_operations": 3}
    case.settle()
    numbers.check()


@pytest.mark.usefixtures("slow_carrier")
def test_ten_purchases_of_one_agency_do_not_hinder_each_other(case: Case, numbers: Numbers) -> None:
    """They change the same counters: nobody loses, and nothing is miscounted."""
    wanted = [next(_unsold) for _ in range(10)]
    outcomes = race([purchase_of(numbers, number) for number in wanted])
    assert_overlap(outcomes)
    assert answers(outcomes) == {(200, None): 10}
    assert numbers.limits == {"numbers": 10, "monthly_totals": {"USD": 10 * MONTHLY}, "open_operations": 0}
    case.settle()
    numbers.check()


@pytest.mark.usefixtures("slow_carrier")
def test_two_agencies_want_the_same_number(case: Case, numbers: Numbers) -> None:
    other = Numbers(numbers.world, numbers.world.agency_id)
    number = next(_unsold)

    outcomes = race([purchase_of(each, number) for each in (numbers, other) * 4])

    told = answers(outcomes)
    assert told[200, None] == 1
    assert set(told) <= {(200, None), *REFUSED}
    assert numbers.orders(number) == 1
    numbers.check()
    other.check()


@pytest.mark.usefixtures("slow_carrier")
def test_many_releases_and_assignments_at_once(case: Case, numbers: Numbers) -> None:
    """One order, one deletion at the most, and both sides tell the same."""
    number, assistant = next(_unsold), numbers.new_assistant()
    assert numbers.purchase(number).status == 200

    outcomes = race(
        [attempt(numbers, "release", {"phone_number": number}) for _ in range(6)]
        + [attempt(numbers, "assign", {"phone_number": number, "assistant_id": assistant}) for _ in range(6)]
    )

    told = answers(outcomes)
    assert told[200, None] >= 1
    assert set(told) <= {(200, None), (409, "operation_in_progress"), (404, "number_not_found")}, told
    case.settle()
    released = numbers.released(number)
    assert released <= 1
    assert numbers.record(number).status == ("RELEASED" if released else "ACTIVE")
    assert (numbers.at_carrier(number) is None) == bool(released)
    numbers.check()


@pytest.mark.usefixtures("slow_carrier")
def test_the_caller_and_many_wake_ups_work_on_one_purchase(case: Case, numbers: Numbers) -> None:
    # given a purchase that was killed right after its order, and whose lease has run out
    from tests.faults.effects import Killed, killed

    number = next(_unsold)
    case.lab.effects.at["telnyx POST /number_orders #1"] = killed("after")
    with pytest.raises(Killed):
        numbers.purchase(number)
    case.lab.effects.forget()
    [operation] = numbers.operations
    _end_lease(operation)

    wakeup = {"Records": [sqs_record(json.dumps({"operation_id": operation.id}))]}
    outcomes = race([purchase_of(numbers, number)] + [Attempt("retry_worker", wakeup, 300)] * 8)

    told = answers(outcomes[:1])
    assert set(told) <= REFUSED, told
    assert [each.answer for each in outcomes[1:]] == [{"batchItemFailures": []}] * 8
    assert_bought_once(case, numbers, number)


def _end_lease(operation: Any) -> None:
    """The contenders live in the present: the lease ends now instead of time passing."""
    from telephony.models.operations import Operation

    Operation(operation.id).update(actions=[Operation.lease_until.set(0), Operation.due_at.set(0)])


# Interleavings: at every point of one, the whole of the other

Act = Callable[[], Any]
Told = list[str | None]
"""None for success, or the error's code: of the one that was interrupted, then of its rival."""


def principal(numbers: Numbers) -> Any:
    from telephony.values import Principal, Role

    return Principal(numbers.agency_id, Role.OWNER, "test", "operator")


def buying(numbers: Numbers, number: str, key: str | None = None) -> Act:
    from telephony.bootstrap import container
    from telephony.clock import Deadline
    from telephony.services.purchase_records import PurchaseRequest
    from telephony.values import ProviderType

    request = PurchaseRequest(number, ProviderType.TELNYX)
    return lambda: container().purchasing.purchase(
        principal(numbers), request, PUBLIC_BASE_URL, Deadline.after(28), key
    )


def releasing(numbers: Numbers, number: str) -> Act:
    from telephony.bootstrap import container
    from telephony.clock import Deadline

    return lambda: container().releasing.release(principal(numbers), number, None, Deadline.after(28))


def assigning(numbers: Numbers, number: str, assistant: int | None) -> Act:
    from telephony.bootstrap import container
    from telephony.clock import Deadline

    return lambda: container().assigning.assign(
        principal(numbers), number, assistant, PUBLIC_BASE_URL, Deadline.after(28)
    )


def waking(numbers: Numbers) -> Act:
    """Each operation of the agency is woken."""
    from telephony.bootstrap import container
    from telephony.clock import Deadline

    def wake() -> None:
        for operation in numbers.operations:
            container().worker.resume(operation.id, Deadline.after(300))

    return wake


def tried(act: Act) -> str | None:
    try:
        act()
    except TelephonyError as error:
        return error.code
    return None


def interleave(lab: Lab, point: str, one: Act, rival: Act) -> Told:
    told: Told = []

    def interrupted(send: Send) -> Any:
        told.append(tried(rival))
        return send()

    interference: Interference = interrupted
    lab.effects.forget()
    lab.effects.at[point] = interference
    with lab.effects.watching():
        own = tried(one)
    assert told, f"{point} was not passed"
    lab.effects.forget()
    return [own, *told]


def points(lab: Lab, one: Act) -> list[str]:
    lab.effects.forget()
    with lab.effects.watching():
        assert tried(one) is None
    return list(lab.effects.seen)


def test_the_same_purchase_at_every_point_of_a_purchase(case: Case, numbers: Numbers) -> None:
    for point in points(case.lab, buying(numbers, next(_unsold))):
        numbers.forget()
        number = next(_unsold)
        told = interleave(case.lab, point, buying(numbers, number), buying(numbers, number))
        assert sorted(map(str, told)) in (["None", "already_owned"], ["None", "operation_in_progress"]), (point, told)
        assert_bought_once(case, numbers, number)


def test_the_same_key_at_every_point_of_a_purchase(case: Case, numbers: Numbers) -> None:
    for position, point in enumerate(points(case.lab, buying(numbers, next(_unsold), "the first key"))):
        numbers.forget()
        number, key = next(_unsold), f"the same key {position}"
        told = interleave(case.lab, point, buying(numbers, number, key), buying(numbers, number, key))
        assert told in ([None, None], [None, "operation_in_progress"]), (point, told)
        assert_bought_once(case, numbers, number)


def test_a_purchase_for_which_there_is_no_room_at_every_point_of_another(case: Case, numbers: Numbers) -> None:
    for point in points(case.lab, buying(numbers, next(_unsold))):
        numbers.forget()
        numbers.limit(max_numbers=1)
        first, second = next(_unsold), next(_unsold)
        told = interleave(case.lab, point, buying(numbers, first), buying(numbers, second))
        assert sorted(map(str, told)) == ["None", "spending_limit_exceeded"], (point, told)
        assert numbers.orders(first) + numbers.orders(second) == 1
        numbers.check()


def test_wake_ups_at_every_point_of_a_purchase(case: Case, numbers: Numbers) -> None:
    for point in points(case.lab, buying(numbers, next(_unsold))):
        numbers.forget()
        number = next(_unsold)
        assert interleave(case.lab, point, buying(numbers, number), waking(numbers)) == [None, None]
        assert_bought_once(case, numbers, number)


def test_another_operation_at_every_point_of_a_release(case: Case, numbers: Numbers) -> None:
    rivals = {
        "release": lambda number: releasing(numbers, number),
        "assign": lambda number: assigning(numbers, number, assistant),
        "wake": lambda _number: waking(numbers),
    }
    for name, rival in rivals.items():
        numbers.forget()
        number, assistant = next(_unsold), numbers.new_assistant()
        assert numbers.purchase(number).status == 200
        for point in points(case.lab, releasing(numbers, number)):
            numbers.forget()
            number = next(_unsold)
            assert numbers.purchase(number).status == 200

            told = interleave(case.lab, point, releasing(numbers, number), rival(number))

            assert told[0] in (None, "operation_in_progress", "number_not_found"), (name, point, told)
            assert told[1] in (None, "operation_in_progress", "number_not_found"), (name, point, told)
            assert None in told
            case.settle()
            released = numbers.released(number)
            assert numbers.record(number).status == ("RELEASED" if released else "ACTIVE")
            assert released == (told[0] is None or (name == "release" and told[1] is None))
            numbers.check()


def test_another_operation_at_every_point_of_an_assignment(case: Case, numbers: Numbers) -> None:
    application = next(iter(numbers.account["applications"].values()))
    numbers.account["applications"]["1293384261075731999"] = application | {"id": "1293384261075731999"}
    first = numbers.new_assistant(connection_id="1293384261075731999", messaging_profile_id="profile-1")
    second = numbers.new_assistant(messaging_profile_id="profile-2")
    rivals: dict[str, Callable[[str], Act]] = {
        "release": lambda number: releasing(numbers, number),
        "assign": lambda number: assigning(numbers, number, second),
        "wake": lambda _number: waking(numbers),
    }
    for name, rival in rivals.items():
        numbers.forget()
        number = next(_unsold)
        assert numbers.purchase(number).status == 200
        for point in points(case.lab, assigning(numbers, number, first)):
            numbers.forget()
            number = next(_unsold)
            assert numbers.purchase(number).status == 200

            told = interleave(case.lab, point, assigning(numbers, number, first), rival(number))

            assert set(told) <= {None, "operation_in_progress", "number_not_found"}, (name, point, told)
            assert None in told
            case.settle()
            record, there = numbers.record(number), numbers.at_carrier(number)
            assert record.status == ("ACTIVE" if there else "RELEASED")
            if there:
                assert record.connection_id == there["connection_id"]
                assert record.messaging_profile_id == there["messaging_profile_id"]
                assert record.assistant_id == (first if told[0] is None else second)
            numbers.check()
