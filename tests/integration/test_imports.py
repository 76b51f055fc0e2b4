"""POST /phone-numbers/import: ownership proved at the carrier, nothing bought, foreign webhooks left alone."""

from __future__ import annotations

from typing import Any

import pytest
from telephony.values import ProviderType

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


def test_assigning_nobody_leaves_foreign_webhooks_alone(numbers: CarrierNumbers) -> None:
    number = next(for_sale(numbers.carrier))
    numbers.buy_by_hand(number, **foreign(numbers))
    numbers.import_number(number)

    answer = numbers.assign(number, None)

    assert (answer.status, answer.body["assistant_id"]) == (200, None)
    assert numbers.effects("number_updated", number) == []
    record = numbers.record(number)
    assert (record.status, record.voice_url, record.metadata, record.operation_id) == ("INACTIVE", THEIRS, {}, None)
    numbers.check()


def test_unassigning_takes_a_number_from_its_assistant_all_the_same(numbers: CarrierNumbers) -> None:
    number = next(for_sale(numbers.carrier))
    numbers.buy_by_hand(number, **foreign(numbers))
    assistant = numbers.new_assistant(ultravox_agent_id=demo.ULTRAVOX_AGENT_ID)
    numbers.import_number(number, takeover=True, assistant_id=assistant)
    there = numbers.at_carrier(number)
    assert there is not None
    there |= foreign(numbers)

    assert numbers.assign(number, None).status == 200
    assert numbers.urls(number) == (TWIML, TWIML)
    assert numbers.record(number).assistant_id is None


def _method(numbers: CarrierNumbers, kind: str) -> str:
    if numbers.carrier == "twilio":
        return {"call": "voice_method", "message": "sms_method"}[kind]
    return f"{kind}_request_method"


def test_our_url_asked_by_get_is_not_wired_yet(numbers: CarrierNumbers) -> None:
    """/twiml knows POST alone."""
    number = next(for_sale(numbers.carrier))
    ours = {"voice_url": TWIML, "sms_url": TWIML}
    if numbers.carrier == "signalwire":
        ours = {"call_request_url": TWIML, "message_request_url": TWIML}
        ours |= {"call_handler": "laml_webhooks", "message_handler": "laml_webhooks"}
    numbers.buy_by_hand(number, **ours, **{_method(numbers, kind): "GET" for kind in ("call", "message")})

    assert numbers.import_number(number).status == 200

    there, record = numbers.at_carrier(number), numbers.record(number)
    assert there is not None
    assert [there[_method(numbers, kind)] for kind in ("call", "message")] == ["POST", "POST"]
    assert (record.status, record.metadata) == ("ACTIVE", {})
    there[_method(numbers, "call")] = "GET"
    diagnosis = numbers.get(f"/phone-numbers/{number}/diagnose").body
    assert diagnosis["ready_for_calls"] is False
    assert "The webhook for calls is asked by GET, not by POST" in diagnosis["issues"]


def _callbacks(numbers: CarrierNumbers) -> dict[str, str]:
    """By the names of the carrier's records."""
    twilio = ("voice_fallback_url", "sms_fallback_url", "status_callback")
    signalwire = ("call_fallback_url", "message_fallback_url", "call_status_callback_url")
    return {name: f"{THEIRS}/{name}" for name in (twilio if numbers.carrier == "twilio" else signalwire)}


def test_a_takeover_ends_every_call_to_them(numbers: CarrierNumbers) -> None:
    number, theirs = next(for_sale(numbers.carrier)), _callbacks(numbers)
    numbers.buy_by_hand(number, **foreign(numbers), **theirs)

    assert numbers.import_number(number, takeover=True).status == 200

    there = numbers.at_carrier(number)
    assert there is not None
    assert [there[name] for name in theirs] == ["", "", ""]
    [replaced] = numbers.record(number).metadata.values()
    assert replaced["voice_url"] == THEIRS
    assert sorted(replaced["callbacks"].values()) == sorted(theirs.values())


def test_a_change_of_one_url_is_no_takeover(numbers: CarrierNumbers) -> None:
    number, theirs = next(for_sale(numbers.carrier)), _callbacks(numbers)
    numbers.buy_by_hand(number, **foreign(numbers), **theirs)
    numbers.import_number(number)

    answer = numbers.post(
        "/phone-numbers/webhooks",
        {"phone_number": number, "voice_webhook_url": "https://example.com/voice"},
        method="PUT",
    )

    there, record = numbers.at_carrier(number), numbers.record(number)
    assert (answer.status, there is not None) == (200, True), answer.body
    assert theirs.items() <= (there or {}).items()
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


def test_an_import_has_nothing_to_do_with_the_cap_on_open_operations(numbers: CarrierNumbers) -> None:
    # given two open purchases, and a cap that is lower by now
    numbers.world.telnyx.simulator.change_settings({"order_delay": 3600.0})
    pending = list(local_numbers())[:2]
    assert [Numbers(numbers.world).purchase(each).status for each in pending] == [200, 200]
    first, second = list(for_sale(numbers.carrier))[:2]
    for number in (first, second):
        numbers.buy_by_hand(number)
    numbers.limit(max_numbers=3, max_open_operations=1)

    assert numbers.import_number(first).status == 200

    # then what keeps the next one out is the limit of numbers, and that is said
    answer = numbers.import_number(second)
    assert (answer.status, answer.body["code"]) == (403, "spending_limit_exceeded")
    numbers.check()


@pytest.mark.parametrize("limits", [{"providers": [ProviderType.TELNYX]}, {"countries": ["GB"]}], ids=str)
def test_the_agencys_carriers_and_countries_hold_for_imports(numbers: CarrierNumbers, limits: dict[str, Any]) -> None:
    number = next(for_sale(numbers.carrier))
    numbers.buy_by_hand(number)
    numbers.limit(**limits)

    answer = numbers.import_number(number)

    assert (answer.status, answer.body["code"]) == (403, "spending_limit_exceeded")
    assert numbers.records == []
    numbers.check()


def test_a_price_in_another_currency_than_the_agencys_is_not_taken_in(numbers: CarrierNumbers) -> None:
    """SignalWire tells no price: what is paid for already is taken in without."""
    number = next(for_sale(numbers.carrier))
    numbers.buy_by_hand(number)
    numbers.limit(currency="EUR", max_monthly_total="100")

    answer = numbers.import_number(number)

    if numbers.carrier == "twilio":
        assert (answer.status, answer.body["code"]) == (403, "price_unknown")
    else:
        assert answer.status == 200
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


def test_a_telnyx_number_keeps_the_messaging_profile_it_has(world: World) -> None:
    # given a number in the account whose messages somebody else takes
    world.telnyx.simulator.change_settings({"order_delay": 0.0})
    world.provision()
    numbers = CarrierNumbers(world, "telnyx")
    number = next(local_numbers())
    there = _bought_at_telnyx(numbers, number)
    there["messaging_profile_id"] = "theirs"

    answer = numbers.import_number(number)

    assert answer.status == 200, answer.body
    assert "left as they are" in answer.body["message"]
    assert (there["messaging_profile_id"], numbers.record(number).messaging_profile_id) == ("theirs", "theirs")
    assert numbers.effects("number_messaging_updated", number) == []


def test_a_takeover_of_a_telnyx_number_notes_its_messaging_profile(world: World) -> None:
    world.telnyx.simulator.change_settings({"order_delay": 0.0})
    world.provision()
    numbers = CarrierNumbers(world, "telnyx")
    number = next(local_numbers())
    there = _bought_at_telnyx(numbers, number)
    there["messaging_profile_id"] = "theirs"

    assert numbers.import_number(number, takeover=True).status == 200

    record = numbers.record(number)
    assert (there["messaging_profile_id"] or None, record.status) == (None, "ACTIVE")
    assert record.metadata == {"replaced_webhooks": {"messaging_profile_id": "theirs"}}


@pytest.mark.parametrize("status", ["provision-pending", "requirement-info-exception", "emergency-only"])
def test_a_number_that_telnyx_does_not_call_active_is_not_active_here(world: World, status: str) -> None:
    world.telnyx.simulator.change_settings({"order_delay": 0.0})
    world.provision()
    numbers = CarrierNumbers(world, "telnyx")
    number = next(local_numbers())
    there = _bought_at_telnyx(numbers, number)
    there["status"] = status

    assert numbers.import_number(number).status == 200

    assert numbers.record(number).status == "INACTIVE"
    numbers.check()
    # and is, once it is active and assigned
    there["status"] = "port-out-pending"
    assert numbers.assign(number, numbers.new_assistant()).status == 200
    assert numbers.record(number).status == "ACTIVE"
    numbers.check()


def _bought_at_telnyx(numbers: CarrierNumbers, number: str) -> dict[str, Any]:
    """Bought by another agency of the account, whose record is forgotten."""
    from telephony.models.phone_configurations import NumberGuard

    other_id, _ = numbers.world.new_agency("Other")
    assert Numbers(numbers.world, other_id).purchase(number).status == 200
    NumberGuard.get(f"number#{number}").delete()
    there = numbers.at_carrier(number)
    assert there is not None
    return there
