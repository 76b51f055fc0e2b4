"""POST /phone-numbers/purchase at Telnyx: the documented answers, and what exists afterwards."""

from __future__ import annotations

import re
from collections import Counter

import pytest

from local.simulators import demo_accounts as demo
from tests.carriers import CarrierNumbers, for_sale, store_credentials
from tests.numbers import MONTHLY, Numbers, local_numbers, offer
from tests.records import add_numbers
from tests.world import World

NUMBER = next(local_numbers())
OTHER = "+12125550103"


@pytest.fixture
def numbers(world: World) -> Numbers:
    """A provisioned agency, whose orders are decided at once."""
    assert world.provision().status == 200
    world.telnyx.simulator.change_settings({"order_delay": 0.0})
    return Numbers(world)


def test_the_answer_is_the_published_one_key_by_key(numbers: Numbers, world: World) -> None:
    answer = numbers.purchase(NUMBER, friendly_name="Support line")

    assert answer.status == 200, answer.body
    record, [order] = numbers.record(NUMBER), numbers.account["number_orders"].values()
    [application] = world.applications()
    assert answer.body == {
        "success": True,
        "phone_number": NUMBER,
        "provider": "telnyx",
        "purchase_details": {
            "id": order["id"],
            "phone_number": NUMBER,
            "status": "completed",
            "connection_id": application["id"],
            "messaging_profile_id": None,
            "phone_numbers_count": 1,
            "customer_reference": record.phone_request_id,
            "date_created": order["created_at"],
        },
        "message": "Phone number purchased successfully. It is voice only: no messaging profile is set",
        "phone_configuration_id": record.id,
        "operation_id": record.phone_request_id,
    }


def test_what_was_bought_is_recorded_wired_and_counted(numbers: Numbers, world: World) -> None:
    answer = numbers.purchase(NUMBER, friendly_name="Support line")

    assert answer.status == 200, answer.body
    record, bought = numbers.record(NUMBER), numbers.at_carrier(NUMBER)
    assert bought is not None
    assert bought["connection_id"] == world.applications()[0]["id"]
    assert re.fullmatch(r"\d{19}", record.provider_phone_number_id)
    assert record.provider_phone_number_id == bought["id"]
    assert (record.status, record.friendly_name, record.provider) == ("ACTIVE", "Support line", "telnyx")
    assert (record.monthly_price, record.setup_price, record.currency) == (MONTHLY, MONTHLY, "USD")
    assert (record.region_id, record.region_or_country_name) == ("us-ny", "New York, NY, US")
    assert (record.country_code, record.operation_id, record.metadata) == ("US", None, {})
    assert numbers.limits == {"numbers": 1, "monthly_totals": {"USD": MONTHLY}, "open_operations": 0}
    assert (numbers.orders(NUMBER), numbers.bought(NUMBER)) == (1, 1)
    assert numbers.audit(NUMBER) == ["number.purchase_begun", "number.purchased"]
    numbers.check()


def test_an_assistant_gets_the_number_its_connection_and_its_messaging_profile(numbers: Numbers, world: World) -> None:
    connection = world.applications()[0]["id"]
    assistant = numbers.new_assistant(connection_id=connection, messaging_profile_id="profile-1")

    answer = numbers.purchase(NUMBER, assistant_id=assistant)

    assert answer.status == 200, answer.body
    assert answer.body["message"] == "Phone number purchased successfully"
    assert answer.body["purchase_details"]["messaging_profile_id"] == "profile-1"
    record = numbers.record(NUMBER)
    assert (record.assistant_id, record.assistant_name) == (assistant, "Front desk")
    assert record.capabilities == {"voice": True, "sms": True, "mms": True, "fax": False}
    numbers.check()


@pytest.mark.parametrize("delay", [0.0, 60.0], ids=["at once", "pending"])
def test_a_number_that_is_sold_without_messages_has_none_whatever_is_set_up(
    numbers: Numbers, world: World, delay: float
) -> None:
    numbers.search(limit=50, area_code=NUMBER[2:5])  # so that Telnyx takes the order
    world.telnyx.simulator.change_settings({"order_delay": delay})
    world.telnyx.simulator.add_faults(offer(NUMBER))
    assistant = numbers.new_assistant(messaging_profile_id="profile-1")

    answer = numbers.purchase(NUMBER, assistant_id=assistant)

    assert answer.status == 200, answer.body
    assert "It is voice only: the carrier offers no messages for it" in answer.body["message"]
    world.settle(3, 60.0)
    record = numbers.record(NUMBER)
    assert record.capabilities == {"voice": True, "sms": False, "mms": False, "fax": False}
    shown = world.call("phone_configurations", "GET", f"/phone-configurations/{record.id}", token=numbers.token)
    assert (shown.body["data"]["voiceChannelId"], shown.body["data"]["smsChannelId"]) == (str(assistant), None)
    path = f"/phone-numbers/{NUMBER}/diagnose"
    diagnosis = world.call("phone_numbers", "GET", path, token=numbers.token).body
    assert diagnosis["ready_for_sms"] is False
    assert "The number is voice only: the carrier offers no messages for it" in diagnosis["issues"]
    body = {"phone_number": NUMBER, "enable_sms": True}
    enabled = world.call("phone_numbers", "PUT", "/phone-numbers/webhooks", body, token=numbers.token)
    assert (enabled.status, enabled.body["code"]) == (400, "not_supported")


TWILIO = f"/2010-04-01/Accounts/{demo.TWILIO_ACCOUNT_SID}"
SIGNALWIRE = "/api/relay/rest/phone_numbers"
CARRIER_CALLS = {
    "telnyx": [
        ("GET", "/v2/phone_numbers"),
        ("GET", "/v2/available_phone_numbers"),
        ("POST", "/v2/number_orders"),
        ("GET", "/v2/phone_numbers"),
    ],
    "twilio": [
        ("GET", f"{TWILIO}/IncomingPhoneNumbers.json"),
        ("GET", f"{TWILIO}/AvailablePhoneNumbers/US/Local.json"),
        ("GET", "/v1/PhoneNumbers/Countries/US"),
        ("POST", f"{TWILIO}/IncomingPhoneNumbers.json"),
    ],
    "signalwire": [
        ("GET", SIGNALWIRE),
        ("GET", f"{SIGNALWIRE}/search"),
        ("POST", SIGNALWIRE),
        ("PUT", f"{SIGNALWIRE}/<id>"),
    ],
}


@pytest.mark.parametrize("carrier", CARRIER_CALLS)
def test_a_purchase_costs_five_round_trips_and_four_calls_to_the_carrier(
    numbers: Numbers, aws_calls: Counter[str], world: World, carrier: str
) -> None:
    if carrier != "telnyx":
        store_credentials(carrier, world.agency_id)
    there = CarrierNumbers(world, carrier)
    there.search(provider=carrier)  # whatever a process does once is done
    server = world.servers[carrier]
    server.simulator.log.clear()
    connections, number = server.connections, NUMBER if carrier == "telnyx" else next(for_sale(carrier))
    assert there.token
    aws_calls.clear()

    assert there.purchase(number).status == 200

    dynamodb = {name: count for name, count in aws_calls.items() if name.startswith("dynamodb")}
    assert dynamodb == {
        "dynamodb GetItem": 1,
        "dynamodb TransactGetItems": 1,
        "dynamodb Query": 1,
        "dynamodb TransactWriteItems": 2,
    }
    assert {name: count for name, count in aws_calls.items() if name not in dynamodb} == {"trentservice Decrypt": 1}
    bought = there.record(number).provider_phone_number_id
    calls = [(each["method"], each["path"].replace(bought, "<id>")) for each in server.simulator.log]
    assert calls == CARRIER_CALLS[carrier]
    assert server.connections == connections


def test_among_a_thousand_numbers_it_costs_no_more(numbers: Numbers, aws_calls: Counter[str], world: World) -> None:
    add_numbers(world, world.agency_id, 1_000)
    token = numbers.token
    aws_calls.clear()

    assert numbers.purchase(NUMBER).status == 200

    assert _of_dynamodb(aws_calls) == 5
    record = numbers.record(NUMBER)
    for path in (f"/{record.id}", f"/by-phone-number/{NUMBER}", f"/by-request/{record.phone_request_id}"):
        aws_calls.clear()
        found = world.call("phone_configurations", "GET", f"/phone-configurations{path}", token=token)
        assert (found.status, found.body["data"]["phoneNumber"]) == (200, NUMBER)
        assert _of_dynamodb(aws_calls) == 2, path


def _of_dynamodb(aws_calls: Counter[str]) -> int:
    return sum(count for name, count in aws_calls.items() if name.startswith("dynamodb"))


# Pending orders


def test_a_pending_order_is_answered_as_such_and_becomes_active_when_it_completes(
    numbers: Numbers, world: World
) -> None:
    world.telnyx.simulator.change_settings({"order_delay": 60.0})

    answer = numbers.purchase(NUMBER)

    assert answer.status == 200, answer.body
    assert answer.body["purchase_details"]["status"] == "pending"
    assert "pending at the carrier" in answer.body["message"]
    assert "voice only: no messaging profile is set" in answer.body["message"]
    assert numbers.record(NUMBER).status == "PENDING"
    assert numbers.limits == {"numbers": 1, "monthly_totals": {"USD": MONTHLY}, "open_operations": 1}
    numbers.check()
    again = numbers.purchase(NUMBER)
    assert (again.status, again.body["code"]) == (409, "operation_in_progress")
    world.settle(4, 30.0)
    record = numbers.record(NUMBER)
    assert (record.status, record.provider_phone_number_id) == ("ACTIVE", (numbers.at_carrier(NUMBER) or {})["id"])
    assert (numbers.orders(NUMBER), numbers.bought(NUMBER)) == (1, 1)
    numbers.check()


def test_an_order_pending_for_days_is_polled_more_often_than_a_message_is_received(
    numbers: Numbers, world: World
) -> None:
    [queue] = [each for each in world.deployment.template.queues if each.logical_id == "WakeupsQueue"]
    assert queue.max_receive_count
    world.telnyx.simulator.change_settings({"order_delay": 3 * 86400.0})
    operation_id = numbers.purchase(NUMBER).body["operation_id"]
    waits = []

    for _ in range(2 * queue.max_receive_count):
        [operation] = [each for each in numbers.operations if each.id == operation_id]
        assert (operation.status, operation.attempts) == ("WAITING", 0)
        waits.append(operation.due_at - world.now())
        world.pass_time(waits[-1] + 0.1)
        world.run_queue()
    assert numbers.record(NUMBER).status == "PENDING"
    assert numbers.requests("GET", f"/number_orders/{operation.step('buy_number').data['order_id']}") == len(waits)
    world.pass_time(3 * 86400.0)
    world.run_queue()

    assert numbers.record(NUMBER).status == "ACTIVE"
    assert numbers.orders(NUMBER) == 1
    attributes = world.backends.client("sqs").get_queue_attributes(
        QueueUrl=world.deployment.queue_urls["WakeupsDeadLetterQueue"], AttributeNames=["ApproximateNumberOfMessages"]
    )
    assert attributes["Attributes"]["ApproximateNumberOfMessages"] == "0"
    numbers.check()


def test_the_longer_an_order_takes_the_less_often_it_is_looked_at(numbers: Numbers, world: World) -> None:
    world.telnyx.simulator.change_settings({"order_delay": 9e9})
    operation_id = numbers.purchase(NUMBER).body["operation_id"]
    waits = []
    for age in (0, 600, 6_000, 86_400, 10 * 86_400):
        world.pass_time(age)
        if age:
            world.run_queue()
        [operation] = [each for each in numbers.operations if each.id == operation_id]
        waits.append(operation.due_at - world.now())
    assert waits == pytest.approx([5, 60, 660, 3600, 3600], abs=2)


def test_an_order_that_fails_in_the_end_gives_all_back_and_the_number_can_be_bought_again(
    numbers: Numbers, world: World
) -> None:
    world.telnyx.simulator.change_settings({"order_delay": 60.0})
    numbers.account["failing_numbers"] = [NUMBER]
    assistant = numbers.new_assistant()
    assert numbers.purchase(NUMBER, assistant_id=assistant).body["purchase_details"]["status"] == "pending"

    world.settle(4, 30.0)

    record = numbers.record(NUMBER)
    assert (record.status, record.metadata) == ("RELEASED", {"failure": "number_unavailable"})
    assert numbers.limits == {"numbers": 0, "monthly_totals": {}, "open_operations": 0}
    assert numbers.audit(NUMBER) == ["number.purchase_begun", "number.purchase_failed"]
    numbers.check()
    numbers.account["failing_numbers"] = []
    world.telnyx.simulator.change_settings({"order_delay": 0.0})
    assert numbers.purchase(NUMBER, assistant_id=assistant).status == 200
    numbers.check()


def test_an_order_whose_papers_are_missing_stays_pending_until_it_is_cancelled(numbers: Numbers, world: World) -> None:
    berlin = next(local_numbers("DE"))
    answer = numbers.purchase(berlin)
    assert (answer.status, answer.body["purchase_details"]["status"]) == (200, "pending")
    assert "papers" in answer.body["message"]
    world.settle(3, 3600.0)
    assert numbers.record(berlin).status == "PENDING"

    [order] = numbers.account["number_orders"].values()
    order["status"] = "failure"
    order["phone_numbers"][0]["status"] = "failure"
    world.settle(3, 3600.0)

    record = numbers.record(berlin)
    assert (record.status, record.metadata["failure"]) == ("RELEASED", "regulatory_requirements_missing")
    numbers.check()


def test_a_success_with_a_failed_number_inside_is_a_failure(numbers: Numbers, world: World) -> None:
    numbers.account["failing_numbers"] = [NUMBER]
    answer = numbers.purchase(NUMBER)
    assert (answer.status, answer.body["code"]) == (500, "number_unavailable")
    assert answer.body["fix"] == "Search for new numbers."
    assert answer.body["retry_scheduled"] is False
    assert numbers.record(NUMBER).metadata == {"failure": "number_unavailable"}
    numbers.check()


@pytest.mark.parametrize("lag", [3.0, 20.0, 300.0])
def test_a_number_that_is_listed_late_is_waited_for(numbers: Numbers, world: World, lag: float) -> None:
    world.telnyx.simulator.change_settings({"listing_lag": lag})

    answer = numbers.purchase(NUMBER)

    assert answer.status == 200, answer.body
    assert answer.body["purchase_details"]["status"] == "completed"
    assert "pending" not in answer.body["message"]
    assert "as soon as the carrier shows it" in answer.body["message"]
    assert numbers.record(NUMBER).status == "PENDING"
    world.settle(6, lag / 2)
    record = numbers.record(NUMBER)
    assert (record.status, record.provider_phone_number_id) == ("ACTIVE", (numbers.at_carrier(NUMBER) or {})["id"])
    assert numbers.orders(NUMBER) == 1
    numbers.check()


def test_a_number_paid_for_and_never_shown_asks_for_a_human_in_the_end(numbers: Numbers, world: World) -> None:
    world.telnyx.simulator.change_settings({"listing_lag": 1e9})
    operation_id = numbers.purchase(NUMBER).body["operation_id"]

    world.settle(3, 3700.0)
    world.settle(3, 86_400.0)

    [operation] = [each for each in numbers.operations if each.id == operation_id]
    assert (operation.status, operation.error["code"]) == ("NEEDS_ATTENTION", "number_gone")
    assert numbers.record(NUMBER).status == "PENDING"
    assert numbers.limits["numbers"] == 1


def test_a_pending_order_with_a_messaging_profile_is_not_called_voice_only(numbers: Numbers, world: World) -> None:
    world.telnyx.simulator.change_settings({"order_delay": 60.0})
    assistant = numbers.new_assistant(messaging_profile_id="profile-1")
    answer = numbers.purchase(NUMBER, assistant_id=assistant)
    assert answer.body["purchase_details"]["status"] == "pending"
    assert "voice only" not in answer.body["message"]


def test_a_number_of_an_order_that_took_days_is_given_its_hour_to_show(numbers: Numbers, world: World) -> None:
    # given an order that completes after two days, and a list that shows its number half an hour later
    world.telnyx.simulator.change_settings({"order_delay": 2 * 86_400.0, "listing_lag": 1_800.0})
    operation_id = numbers.purchase(NUMBER).body["operation_id"]
    world.pass_time(2 * 86_400.0 + 1)

    world.run_queue()

    [operation] = [each for each in numbers.operations if each.id == operation_id]
    assert (operation.status, operation.error) == ("WAITING", None)
    world.settle(2, 3_600.0)
    assert numbers.record(NUMBER).status == "ACTIVE"
    numbers.check()


def test_without_a_connection_the_number_is_bought_but_inactive(world: World) -> None:
    numbers = Numbers(world)
    world.telnyx.simulator.change_settings({"order_delay": 0.0})
    assert numbers.purchase(NUMBER).status == 200
    assert numbers.record(NUMBER).status == "INACTIVE"
    numbers.check()


# Who may


def test_a_member_may_not_buy_and_an_admin_may(numbers: Numbers, world: World) -> None:
    for role, status in {"member": 403, "admin": 200}.items():
        answer = Numbers(world, token=world.tokens[role]).purchase(NUMBER)
        assert answer.status == status, role
    assert numbers.orders(NUMBER) == 1


def test_the_key_used_is_the_agencys_own(numbers: Numbers) -> None:
    assert numbers.key == demo.TELNYX_API_KEY
    assert numbers.purchase(OTHER).status == 200
    assert {each["account"] for each in numbers.effects("number_order_created", OTHER)} == {numbers.account["label"]}
