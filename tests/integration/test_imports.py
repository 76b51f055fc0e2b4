"""POST /phone-numbers/import: ownership proved at the carrier, nothing bought, foreign webhooks left alone."""

from __future__ import annotations

from typing import Any

import pytest

from local.simulators import demo_accounts as demo
from tests.carriers import CARRIERS, TWIML, CarrierNumbers, for_sale, store_credentials
from tests.numbers import Numbers, local_numbers
from tests.world import World

THEIRS = "https://theirs.example.com/voice"


@pytest.fixture(params=CARRIERS)
def numbers(request: pytest.FixtureRequest, world: World) -> CarrierNumbers:
    store_credentials(request.param, world.agency_id)
    return CarrierNumbers(world, request.param)


def foreign(numbers: CarrierNumbers) -> dict[str, Any]:
    if numbers.carrier == "twilio":
        return {"voice_url": THEIRS}
    return {"call_request_url": THEIRS, "call_handler": "laml_webhooks"}


def test_a_number_without_webhooks_is_taken_in_and_wired(numbers: CarrierNumbers) -> None:
    number = next(for_sale(numbers.carrier))
    there = numbers.buy_by_hand(number)

    answer = numbers.import_number(number, friendly_name="Old line")

    assert answer.status == 200, answer.body
    record = numbers.record(number)
    assert answer.body == {
        "success": True,
        "phone_number": number,
        "provider": numbers.carrier,
        "phone_configuration_id": record.id,
        "operation_id": record.phone_request_id,
        "message": "Phone number imported successfully",
    }
    assert (record.status, record.is_imported, record.friendly_name) == ("ACTIVE", True, "Old line")
    assert record.provider_phone_number_id == there["sid" if numbers.carrier == "twilio" else "id"]
    assert record.monthly_price == (10_000 if numbers.carrier == "twilio" else None)
    assert numbers.urls(number) == (TWIML, TWIML)
    assert numbers.bought(number) == 1  # by hand
    assert numbers.audit(number) == ["number.import_begun", "number.imported"]
    numbers.check()


def test_foreign_webhooks_stay(numbers: CarrierNumbers) -> None:
    number = next(for_sale(numbers.carrier))
    numbers.buy_by_hand(number, **foreign(numbers))

    answer = numbers.import_number(number)

    assert answer.status == 200
    assert "left as they are" in answer.body["message"]
    record = numbers.record(number)
    assert (record.status, record.voice_url) == ("INACTIVE", THEIRS)
    assert numbers.urls(number)[0] == THEIRS
    assert numbers.effects("number_updated", number) == []
    numbers.check()


def test_a_takeover_keeps_the_old_ones(numbers: CarrierNumbers) -> None:
    number = next(for_sale(numbers.carrier))
    numbers.buy_by_hand(number, **foreign(numbers))
    assistant = numbers.new_assistant(ultravox_agent_id=demo.ULTRAVOX_AGENT_ID)

    answer = numbers.import_number(number, takeover=True, assistant_id=assistant)

    assert answer.status == 200
    record = numbers.record(number)
    assert (record.status, record.assistant_id) == ("ACTIVE", assistant)
    assert record.metadata == {"replaced_webhooks": {"voice_url": THEIRS}}
    assert numbers.urls(number) == (TWIML, TWIML)
    numbers.check()


def test_assigning_an_imported_number_keeps_the_old_ones_too(numbers: CarrierNumbers) -> None:
    number = next(for_sale(numbers.carrier))
    numbers.buy_by_hand(number, **foreign(numbers))
    numbers.import_number(number)

    answer = numbers.assign(number, numbers.new_assistant(ultravox_agent_id=demo.ULTRAVOX_AGENT_ID))

    assert answer.status == 200
    record = numbers.record(number)
    assert (record.status, record.metadata) == ("ACTIVE", {"replaced_webhooks": {"voice_url": THEIRS}})


def test_what_is_not_in_the_account_is_not_found(numbers: CarrierNumbers) -> None:
    number = next(for_sale(numbers.carrier))

    answer = numbers.import_number(number)

    assert (answer.status, answer.body["code"]) == (404, "number_not_found")
    assert numbers.records == []


def test_what_is_ours_or_anothers_already_is_a_conflict(numbers: CarrierNumbers) -> None:
    number = next(for_sale(numbers.carrier))
    assert numbers.purchase(number).status == 200
    other_id, _ = numbers.world.new_agency("Other", credentials=False)
    store_credentials(numbers.carrier, other_id)
    other = CarrierNumbers(numbers.world, numbers.carrier, other_id)

    for each in (numbers, other):
        answer = each.import_number(number)
        assert (answer.status, answer.body["code"]) == (409, "already_owned")
    numbers.check()


def test_the_agencys_limit_of_numbers_counts_imports(numbers: CarrierNumbers) -> None:
    number = next(for_sale(numbers.carrier))
    numbers.buy_by_hand(number)
    numbers.limit(max_numbers=0)

    answer = numbers.import_number(number)

    assert (answer.status, answer.body["code"]) == (403, "spending_limit_exceeded")
    assert numbers.urls(number) == (None, None)
    numbers.check()


def test_a_number_that_disappears_meanwhile_is_given_up(numbers: CarrierNumbers) -> None:
    # given wiring that fails at first, and a number that is gone when the queue tries again
    number = next(for_sale(numbers.carrier))
    numbers.buy_by_hand(number)
    numbers.server.simulator.add_faults(
        {"kind": "status", "status": 500, "times": 3, "method": "POST" if numbers.carrier == "twilio" else "PUT"}
    )
    answer = numbers.import_number(number)
    assert (answer.status, answer.body["code"]) == (500, "provider_unavailable")
    assert answer.body["retry_scheduled"] is True
    numbers.account["phone_numbers"].clear()

    numbers.world.settle(3, 10)

    assert numbers.record(number).status == "RELEASED"
    assert numbers.record(number).metadata["failure"] == "number_gone"
    numbers.check()


def test_wiring_that_fails_is_done_by_the_queue(numbers: CarrierNumbers) -> None:
    number = next(for_sale(numbers.carrier))
    numbers.buy_by_hand(number, **foreign(numbers))
    numbers.server.simulator.add_faults(
        {"kind": "html_502", "times": 3, "after": True, "method": "POST" if numbers.carrier == "twilio" else "PUT"}
    )
    assert numbers.import_number(number, takeover=True).status == 500

    numbers.world.settle(3, 10)

    record = numbers.record(number)
    assert (record.status, record.metadata) == ("ACTIVE", {"replaced_webhooks": {"voice_url": THEIRS}})
    numbers.check()


def test_an_imported_number_is_released_like_any_other(numbers: CarrierNumbers) -> None:
    number = next(for_sale(numbers.carrier))
    numbers.buy_by_hand(number)
    numbers.import_number(number)
    numbers.world.pass_time(31 * 86400)

    assert numbers.release(number).status == 200
    assert numbers.at_carrier(number) is None
    numbers.check()


def test_a_telnyx_number_is_imported_with_its_connection(world: World) -> None:
    # given a number in the account that rings at another application
    world.telnyx.simulator.change_settings({"order_delay": 0.0})
    world.provision()
    mine = Numbers(world)
    number = next(local_numbers())
    mine.purchase(number)
    there = mine.at_carrier(number)
    assert there is not None
    there["connection_id"] = "1999999999999999999"
    other_id, _ = world.new_agency("Other")
    record = mine.record(number)
    from telephony.models.phone_configurations import NumberGuard

    NumberGuard.get(f"number#{number}").delete()
    other = CarrierNumbers(world, "telnyx", other_id)

    answer = other.import_number(number)

    assert answer.status == 200, answer.body
    assert other.record(number).status == "INACTIVE"
    assert other.record(number).connection_id == "1999999999999999999"
    assert record.id != other.record(number).id
