"""POST /phone-numbers/release and DELETE /phone-configurations/{id}: a number goes back once, with all it held."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from tests.numbers import MONTHLY, Numbers, local_numbers
from tests.world import HttpAnswer, World

_unsold = local_numbers()


@pytest.fixture
def numbers(calm_world: World) -> Iterator[Numbers]:
    simulator = calm_world.telnyx.simulator
    simulator.change_settings({"order_delay": 0.0})
    made = Numbers.of_new_agency(calm_world)
    assert calm_world.provision(token=made.token).status == 200
    yield made
    simulator.clear_faults()


@pytest.fixture
def bought(numbers: Numbers) -> str:
    """A number that the agency has bought for an assistant."""
    number = next(_unsold)
    assert numbers.purchase(number, assistant_id=numbers.new_assistant()).status == 200
    return number


def delete(numbers: Numbers, configuration_id: str, token: str | None = None) -> HttpAnswer:
    path = f"/phone-configurations/{configuration_id}"
    return numbers.world.call("purchase_number", "DELETE", path, token=token or numbers.token)


def assert_released(numbers: Numbers, number: str) -> None:
    record = numbers.record(number)
    assert (record.status, record.marked_for_release, record.operation_id) == ("RELEASED", False, None)
    assert record.expires_at == pytest.approx(numbers.world.now() + 90 * 86400, abs=200)
    assert numbers.released(number) <= 1
    assert numbers.at_carrier(number) is None
    assert numbers.limits == {"numbers": 0, "monthly_totals": {}, "open_operations": 0}
    assert numbers.audit(number)[2:] == ["number.release_begun", "number.released"]
    assert {each.status for each in numbers.operations} == {"SUCCEEDED"}
    numbers.check()


def test_the_answer_is_the_published_one_key_by_key(numbers: Numbers, bought: str) -> None:
    answer = numbers.release(bought, provider="telnyx")

    assert answer.status == 200, answer.body
    assert answer.body == {
        "success": True,
        "phone_number": bought,
        "provider": "telnyx",
        "message": "Phone number released successfully",
    }
    assert_released(numbers, bought)
    assert numbers.released(bought) == 1


def test_by_the_record_the_same_happens(numbers: Numbers, bought: str) -> None:
    answer = delete(numbers, numbers.record(bought).id)
    assert answer.status == 200
    assert (answer.body["success"], answer.body["data"]) == (True, True)
    assert_released(numbers, bought)


def test_deleting_a_record_that_is_released_changes_nothing(numbers: Numbers, bought: str) -> None:
    record = numbers.record(bought)
    assert [delete(numbers, record.id).status for _ in range(2)] == [200, 200]
    assert numbers.released(bought) == 1
    assert_released(numbers, bought)


def test_a_number_that_is_released_is_in_no_inventory_any_more(numbers: Numbers, bought: str) -> None:
    assert numbers.release(bought).status == 200
    for answer in (numbers.release(bought), numbers.assign(bought, None)):
        assert (answer.status, answer.body["code"]) == (404, "number_not_found")


@pytest.mark.parametrize("number", ["+12125559999", "+442079460000"])
def test_a_number_that_was_never_ours_is_404(numbers: Numbers, number: str) -> None:
    answer = numbers.release(number)
    assert (answer.status, answer.body["code"]) == (404, "number_not_found")


def test_another_agencys_number_is_404(numbers: Numbers, bought: str) -> None:
    other = Numbers(numbers.world)
    answer = other.release(bought)
    assert (answer.status, answer.body["code"]) == (404, "number_not_found")
    answer = delete(other, numbers.record(bought).id)
    assert (answer.status, answer.body["error"]["code"]) == (404, "phone_configuration_not_found")
    assert numbers.released(bought) == 0


def test_a_number_of_another_provider_is_400(numbers: Numbers, bought: str) -> None:
    answer = numbers.release(bought, provider="twilio")
    assert (answer.status, answer.body["code"]) == (400, "provider_mismatch")
    assert numbers.released(bought) == 0


@pytest.mark.parametrize("role", ["member", "admin"])
def test_only_an_owner_may(numbers: Numbers, bought: str, role: str) -> None:
    token = numbers.world.api_token(numbers.agency_id, role)
    assert Numbers(numbers.world, numbers.agency_id, token).release(bought).status == 403
    assert delete(numbers, numbers.record(bought).id, token).status == 403
    assert numbers.released(bought) == 0


def test_what_is_gone_at_the_carrier_counts_as_released(numbers: Numbers, bought: str) -> None:
    numbers.account["phone_numbers"].clear()
    assert numbers.release(bought).status == 200
    assert_released(numbers, bought)
    assert numbers.released(bought) == 0


def test_a_number_whose_order_is_pending_can_not_be_released_yet(numbers: Numbers) -> None:
    number = next(_unsold)
    numbers.world.telnyx.simulator.change_settings({"order_delay": 60.0})
    assert numbers.purchase(number).status == 200

    answer = numbers.release(number)

    assert (answer.status, answer.body["code"]) == (409, "operation_in_progress")
    assert numbers.record(number).marked_for_release is False
    numbers.check()
    numbers.world.settle(4, 30.0)
    assert numbers.release(number).status == 200


def test_a_lock_at_the_carrier_leaves_the_number_as_it_was(numbers: Numbers, bought: str) -> None:
    (numbers.at_carrier(bought) or {})["deletion_lock_enabled"] = True

    answer = numbers.release(bought)

    assert (answer.status, answer.body["code"]) == (500, "provider_error")
    assert answer.body["retry_scheduled"] is False
    record = numbers.record(bought)
    assert (record.status, record.marked_for_release, record.operation_id) == ("ACTIVE", False, None)
    assert numbers.limits == {"numbers": 1, "monthly_totals": {"USD": MONTHLY}, "open_operations": 0}
    assert numbers.audit(bought)[2:] == ["number.release_begun", "number.release_failed"]
    numbers.check()
    assert numbers.assign(bought, None).status == 200
    (numbers.at_carrier(bought) or {})["deletion_lock_enabled"] = False
    assert numbers.release(bought).status == 200


def test_an_unreachable_carrier_is_told_of_and_the_queue_goes_on(numbers: Numbers, bought: str) -> None:
    simulator = numbers.world.telnyx.simulator
    simulator.add_faults({"kind": "status", "status": 503, "method": "DELETE", "times": 3})

    answer = numbers.release(bought)

    assert (answer.status, answer.body["code"], answer.body["retry_scheduled"]) == (500, "provider_unavailable", True)
    record = numbers.record(bought)
    assert (record.status, record.marked_for_release) == ("ACTIVE", True)
    assigned = numbers.assign(bought, None)
    assert (assigned.status, assigned.body["code"]) == (409, "operation_in_progress")
    numbers.world.settle(2, 60.0)
    assert_released(numbers, bought)


def test_asking_again_takes_an_unfinished_release_over(numbers: Numbers, bought: str) -> None:
    simulator = numbers.world.telnyx.simulator
    simulator.add_faults({"kind": "status", "status": 503, "method": "DELETE", "times": 3})
    assert numbers.release(bought).status == 500

    assert numbers.release(bought).status == 200

    assert_released(numbers, bought)
    assert numbers.released(bought) == 1


@pytest.mark.parametrize("status", [401, 403, 422])
def test_what_the_caller_was_told_goes_on_is_not_given_up_for_a_refusal(
    numbers: Numbers, bought: str, status: int
) -> None:
    simulator = numbers.world.telnyx.simulator
    simulator.add_faults({"kind": "status", "status": 503, "method": "DELETE", "times": 3})
    assert numbers.release(bought).body["retry_scheduled"] is True
    simulator.add_faults({"kind": "status", "status": status, "method": "DELETE", "times": 99})

    numbers.world.settle(3, 60.0)

    [operation] = numbers.operations_on(bought)[1:]
    record = numbers.record(bought)
    assert (operation.status, operation.error["retryable"]) == ("RUNNING", False)
    assert (record.status, record.marked_for_release) == ("ACTIVE", True)
    numbers.world.settle(2, 86_400.0)
    [operation] = numbers.operations_on(bought)[1:]
    assert operation.status == "NEEDS_ATTENTION"
    simulator.clear_faults()
    assert numbers.release(bought).status == 200
    assert_released(numbers, bought)


def test_a_release_that_can_not_be_taken_up_stays_what_it_was(numbers: Numbers, bought: str) -> None:
    # given a release that the queue goes on with, and an account whose record was deleted since
    from telephony.models import provider_configurations

    simulator = numbers.world.telnyx.simulator
    simulator.add_faults({"kind": "status", "status": 503, "method": "DELETE", "times": 3})
    assert numbers.release(bought).status == 500
    before = numbers.operations_on(bought)[-1].serialize()
    for each in provider_configurations.of_agency(numbers.agency_id):
        each.delete()

    for _ in range(2):
        answer = numbers.release(bought)
        assert (answer.status, answer.body["code"]) == (400, "configuration_missing")

    assert numbers.operations_on(bought)[-1].serialize() == before


def test_a_release_that_another_run_has_just_taken_up_is_409(
    numbers: Numbers, bought: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    from telephony.models import operations
    from telephony.services.releasing import Releasing

    simulator = numbers.world.telnyx.simulator
    simulator.add_faults({"kind": "status", "status": 503, "method": "DELETE", "times": 3})
    assert numbers.release(bought).status == 500
    open_account = Releasing._context_of

    def overtaken(releasing: Releasing, operation: Any, deadline: Any) -> Any:
        theirs = operations.find(operation.id)
        assert theirs is not None
        assert operations.take_lease(theirs, "theirs", numbers.world.now() + 30)
        return open_account(releasing, operation, deadline)

    with monkeypatch.context() as patch:
        patch.setattr(Releasing, "_context_of", overtaken)
        answer = numbers.release(bought)

    assert (answer.status, answer.body["code"]) == (409, "operation_in_progress")
    assert numbers.released(bought) == 0
    numbers.world.settle(2, 60.0)
    assert_released(numbers, bought)


def test_a_number_that_was_released_can_be_bought_again(numbers: Numbers, bought: str) -> None:
    assert numbers.release(bought).status == 200
    numbers.world.telnyx.simulator.state["resting_numbers"].clear()

    assert numbers.purchase(bought).status == 200

    first, second = [each for each in numbers.records if each.phone_number == bought]
    assert (first.status, second.status) == ("RELEASED", "ACTIVE")
    assert numbers.orders(bought) == 2
    numbers.check()


def test_an_account_that_is_inactive_still_gives_its_numbers_back(numbers: Numbers, bought: str) -> None:
    from telephony.models import provider_configurations

    for each in provider_configurations.of_agency(numbers.agency_id):
        each.active = False
        each.save()
    assert numbers.release(bought).status == 200
    assert_released(numbers, bought)


def test_an_account_that_is_gone_is_400(numbers: Numbers, bought: str) -> None:
    from telephony.models import provider_configurations

    for each in provider_configurations.of_agency(numbers.agency_id):
        each.delete()
    answer = numbers.release(bought)
    assert (answer.status, answer.body["code"]) == (400, "configuration_missing")
    assert answer.body["fix"]
    numbers.check()
