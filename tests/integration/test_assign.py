"""POST /phone-numbers/assign: the carrier is told first, then the record says so."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from tests.numbers import Numbers, local_numbers
from tests.world import World

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
    number = next(_unsold)
    assert numbers.purchase(number).status == 200
    return number


@pytest.fixture
def connection(numbers: Numbers) -> str:
    """A second application in the agency's account."""
    application = next(iter(numbers.account["applications"].values()))
    other = application | {"id": "1293384261075731999", "application_name": "Another"}
    numbers.account["applications"][other["id"]] = other
    return str(other["id"])


def carrier_of(numbers: Numbers, number: str) -> dict[str, Any]:
    found = numbers.at_carrier(number)
    assert found is not None
    return found


def test_the_answer_and_both_sides_tell_of_the_assistant(numbers: Numbers, bought: str, connection: str) -> None:
    assistant = numbers.new_assistant("Sales", connection_id=connection, messaging_profile_id="profile-1")

    answer = numbers.assign(bought, assistant)

    assert answer.status == 200, answer.body
    record = numbers.record(bought)
    [_, operation] = numbers.operations_on(bought)
    assert answer.body == {
        "success": True,
        "phone_number": bought,
        "provider": "telnyx",
        "assistant_id": assistant,
        "phone_configuration_id": record.id,
        "operation_id": operation.id,
        "message": "Phone number assigned",
    }
    there = carrier_of(numbers, bought)
    assert (there["connection_id"], there["messaging_profile_id"]) == (connection, "profile-1")
    assert (record.assistant_id, record.assistant_name) == (assistant, "Sales")
    assert (record.connection_id, record.messaging_profile_id) == (connection, "profile-1")
    assert record.capabilities == {"voice": True, "sms": True, "mms": True, "fax": False}
    assert (record.status, record.operation_id, operation.status) == ("ACTIVE", None, "SUCCEEDED")
    assert numbers.audit(bought)[2:] == ["number.assigned"]
    numbers.check()


def test_to_nobody_the_number_rings_at_the_agencys_application_again(
    numbers: Numbers, bought: str, connection: str
) -> None:
    agencys = carrier_of(numbers, bought)["connection_id"]
    assistant = numbers.new_assistant(connection_id=connection, messaging_profile_id="profile-1")
    assert numbers.assign(bought, assistant).status == 200

    answer = numbers.assign(bought, None)

    assert answer.status == 200
    assert (answer.body["assistant_id"], answer.body["message"]) == (None, "Phone number unassigned")
    there, record = carrier_of(numbers, bought), numbers.record(bought)
    assert (there["connection_id"], there["messaging_profile_id"]) == (agencys, None)
    assert (record.assistant_id, record.assistant_name, record.status) == (None, None, "ACTIVE")
    assert record.capabilities["sms"] is False
    numbers.check()


def test_from_one_assistant_to_another_and_to_the_same_again(numbers: Numbers, bought: str, connection: str) -> None:
    first, second = numbers.new_assistant("First"), numbers.new_assistant("Second", connection_id=connection)
    for assistant in (first, second, second, first):
        assert numbers.assign(bought, assistant).status == 200
        assert numbers.record(bought).assistant_id == assistant
        numbers.check()


def test_the_connection_comes_and_goes_with_the_assistant_where_the_agency_has_none(calm_world: World) -> None:
    # given an agency that is not provisioned, and an assistant with a connection of its own
    numbers = Numbers.of_new_agency(calm_world)
    numbers.account["applications"]["1293384261075731998"] = {"id": "1293384261075731998", "application_name": "Own"}
    assistant = numbers.new_assistant(connection_id="1293384261075731998")
    number = next(_unsold)
    assert numbers.purchase(number).status == 200
    for assigned, status in ((assistant, "ACTIVE"), (None, "INACTIVE"), (assistant, "ACTIVE")):
        assert numbers.assign(number, assigned).status == 200
        assert numbers.record(number).status == status
        numbers.check()


def test_what_is_as_wanted_at_the_carrier_is_not_changed(numbers: Numbers, bought: str) -> None:
    assert numbers.assign(bought, numbers.new_assistant()).status == 200
    assert numbers.effects("number_updated", bought) == []
    assert numbers.effects("number_messaging_updated", bought) == []


def test_an_assistant_with_a_number_can_not_be_deleted(numbers: Numbers, bought: str) -> None:
    assistant = numbers.new_assistant()
    assert numbers.assign(bought, assistant).status == 200
    path = f"/assistants/{assistant}"
    answer = numbers.world.call("phone_numbers", "DELETE", path, token=numbers.token)
    assert (answer.status, answer.body["code"]) == (409, "assistant_in_use")
    assert numbers.assign(bought, None).status == 200
    assert numbers.world.call("phone_numbers", "DELETE", path, token=numbers.token).status == 200


def unchanged(numbers: Numbers, number: str, assistant: Any, status: int, code: str) -> dict[str, Any]:
    before, there = numbers.record(number).serialize(), dict(carrier_of(numbers, number))
    operations = len(numbers.operations)
    answer = numbers.assign(number, assistant)
    assert (answer.status, answer.body["code"]) == (status, code), answer.body
    assert numbers.record(number).serialize() == before
    assert len(numbers.operations) == operations
    assert carrier_of(numbers, number) == there
    numbers.check()
    found: dict[str, Any] = answer.body
    return found


@pytest.mark.parametrize("assistant", [0, -1, "x", "1", 1.5, True, 10**40 + 1], ids=str)
def test_what_is_no_id_is_400(numbers: Numbers, bought: str, assistant: Any) -> None:
    unchanged(numbers, bought, assistant, 400, "validation_failed")


def test_an_unknown_assistant_is_404(numbers: Numbers, bought: str) -> None:
    body = unchanged(numbers, bought, 4711, 404, "assistant_not_found")
    assert body["fix"] == "Verify assistant exists."


def test_another_agencys_assistant_is_404(numbers: Numbers, bought: str) -> None:
    theirs = Numbers(numbers.world).new_assistant()
    unchanged(numbers, bought, theirs, 404, "assistant_not_found")


def test_another_providers_assistant_is_400(numbers: Numbers, bought: str) -> None:
    assistant = numbers.new_assistant(telephony_provider="signalwire")
    unchanged(numbers, bought, assistant, 400, "provider_mismatch")


def test_another_agencys_number_is_404(numbers: Numbers, bought: str) -> None:
    answer = Numbers(numbers.world).assign(bought, None)
    assert (answer.status, answer.body["code"]) == (404, "number_not_found")


def test_a_missing_assistant_is_400_and_not_nobody(numbers: Numbers, bought: str) -> None:
    answer = numbers.world.call(
        "phone_numbers", "POST", "/phone-numbers/assign", {"phone_number": bought}, token=numbers.token
    )
    assert (answer.status, answer.body["code"]) == (400, "validation_failed")


def test_a_number_whose_order_is_pending_can_not_be_assigned_yet(numbers: Numbers) -> None:
    number = next(_unsold)
    numbers.world.telnyx.simulator.change_settings({"order_delay": 60.0})
    assert numbers.purchase(number).status == 200
    answer = numbers.assign(number, numbers.new_assistant())
    assert (answer.status, answer.body["code"]) == (409, "operation_in_progress")
    numbers.check()


def test_a_number_that_is_gone_at_the_carrier_stays_as_it_was_with_us(numbers: Numbers, bought: str) -> None:
    numbers.account["phone_numbers"].clear()
    answer = numbers.assign(bought, numbers.new_assistant())
    assert (answer.status, answer.body["code"]) == (404, "number_gone")
    record = numbers.record(bought)
    assert (record.assistant_id, record.operation_id, record.status) == (None, None, "ACTIVE")
    numbers.check()


@pytest.mark.parametrize("path", [r"phone_numbers/\d+$", "messaging$"])
def test_what_the_carrier_refuses_leaves_both_sides_as_they_were(
    numbers: Numbers, bought: str, connection: str, path: str
) -> None:
    assistant = numbers.new_assistant(connection_id=connection, messaging_profile_id="profile-1")
    there = carrier_of(numbers, bought)
    before = there["connection_id"], there["messaging_profile_id"]
    numbers.world.telnyx.simulator.add_faults({"kind": "status", "status": 422, "method": "PATCH", "path": path})

    answer = numbers.assign(bought, assistant)

    assert (answer.status, answer.body["code"]) == (500, "provider_error")
    assert answer.body["retry_scheduled"] is False
    there, record = carrier_of(numbers, bought), numbers.record(bought)
    assert (there["connection_id"], there["messaging_profile_id"]) == before
    assert (record.assistant_id, record.operation_id, record.connection_id) == (None, None, before[0])
    assert numbers.operations_on(bought)[-1].status == "ABANDONED"
    numbers.check()
    assert numbers.assign(bought, assistant).status == 200


def test_an_unreachable_carrier_is_told_of_and_the_queue_goes_on(numbers: Numbers, bought: str) -> None:
    assistant = numbers.new_assistant()
    numbers.world.telnyx.simulator.add_faults({"kind": "status", "status": 503, "method": "GET", "times": 3})

    answer = numbers.assign(bought, assistant)

    assert (answer.status, answer.body["code"], answer.body["retry_scheduled"]) == (500, "provider_unavailable", True)
    assert numbers.record(bought).assistant_id is None
    again = numbers.assign(bought, assistant)
    assert (again.status, again.body["code"]) == (409, "operation_in_progress")
    numbers.check()
    numbers.world.settle(2, 60.0)
    assert numbers.record(bought).assistant_id == assistant
    numbers.check()


def test_what_the_caller_was_told_goes_on_is_not_given_up_for_a_refused_key(numbers: Numbers, bought: str) -> None:
    assistant = numbers.new_assistant()
    fault = {"kind": "status", "method": "GET"}
    numbers.world.telnyx.simulator.add_faults([fault | {"status": 503, "times": 3}, fault | {"status": 401}])
    assert numbers.assign(bought, assistant).body["retry_scheduled"] is True

    numbers.world.settle(3, 60.0)

    assert numbers.record(bought).assistant_id == assistant
    numbers.check()


def test_what_could_not_be_wired_at_its_purchase_is_wired_when_it_is_assigned(numbers: Numbers) -> None:
    # given a number that Telnyx forgot to connect, and would not connect when asked
    number = next(_unsold)
    simulator = numbers.world.telnyx.simulator
    simulator.change_settings({"order_delay": 60.0})
    assert numbers.purchase(number).status == 200
    [order] = numbers.account["number_orders"].values()
    order["connection_id"] = None
    simulator.add_faults({"kind": "status", "status": 422, "method": "PATCH"})
    numbers.world.settle(4, 30.0)
    record = numbers.record(number)
    assert (record.status, record.metadata) == ("INACTIVE", {"setup_error": "provider_error"})
    assert numbers.operations_on(number)[0].status == "SUCCEEDED"

    assert numbers.assign(number, None).status == 200

    record = numbers.record(number)
    assert (record.status, record.metadata) == ("ACTIVE", {})
    numbers.check()
