"""GET and PUT of a number's webhooks, its diagnosis, and the countries of a carrier."""

from __future__ import annotations

from typing import Any

import pytest
from telephony.services import public_urls

from local.simulators import demo_accounts as demo
from tests.carriers import CARRIERS, TWIML, CarrierNumbers, for_sale, store_credentials
from tests.numbers import Numbers, local_numbers
from tests.world import World

OTHER = "https://hooks.example.com/voice"


@pytest.fixture(autouse=True)
def public_names(monkeypatch: pytest.MonkeyPatch) -> None:
    """Names resolve to public addresses, but for those of `inner.example.com`."""

    def resolve(host: str) -> list[str]:
        return ["93.184.216.34", "10.0.0.7"] if host.startswith("inner") else ["93.184.216.34"]

    monkeypatch.setattr(public_urls, "addresses_of", resolve)


@pytest.fixture(params=CARRIERS)
def numbers(request: pytest.FixtureRequest, world: World) -> CarrierNumbers:
    store_credentials(request.param, world.agency_id)
    return CarrierNumbers(world, request.param)


@pytest.fixture
def number(numbers: CarrierNumbers) -> str:
    """Bought, and assigned to an assistant with an agent."""
    wanted = next(for_sale(numbers.carrier))
    assistant = numbers.new_assistant(ultravox_agent_id=demo.ULTRAVOX_AGENT_ID)
    assert numbers.purchase(wanted, assistant_id=assistant).status == 200
    return wanted


@pytest.fixture
def telnyx(world: World) -> CarrierNumbers:
    """With one number bought."""
    world.telnyx.simulator.change_settings({"order_delay": 0.0})
    world.provision()
    assert Numbers(world).purchase(next(local_numbers())).status == 200
    return CarrierNumbers(world, "telnyx")


def put(numbers: CarrierNumbers, number: str, **body: Any) -> Any:
    return numbers.post("/phone-numbers/webhooks", {"phone_number": number} | body, method="PUT")


# Webhooks


def test_a_webhook_for_calls_that_is_lost_makes_a_number_inactive_and_one_that_is_set_active(
    numbers: CarrierNumbers, number: str
) -> None:
    # given somebody who cleared it in the carrier's own console
    there = numbers.at_carrier(number)
    assert there is not None
    there["voice_url" if numbers.carrier == "twilio" else "call_request_url"] = ""

    assert put(numbers, number, disable_sms=True).status == 200
    assert numbers.record(number).status == "INACTIVE"
    numbers.check()

    assert put(numbers, number, voice_webhook_url=OTHER).status == 200
    assert numbers.record(number).status == "ACTIVE"
    numbers.check()


def test_a_connection_that_is_lost_makes_a_telnyx_number_inactive(telnyx: CarrierNumbers) -> None:
    number = telnyx.records[0].phone_number
    there = telnyx.at_carrier(number)
    assert there is not None
    there["connection_id"] = None

    assert put(telnyx, number, disable_sms=True).status == 200

    assert telnyx.record(number).status == "INACTIVE"
    telnyx.check()


@pytest.mark.parametrize("written", ["+{}", "%2B{}"])
def test_webhooks_are_those_of_the_carrier_now(numbers: CarrierNumbers, number: str, written: str) -> None:
    there = numbers.at_carrier(number)
    assert there is not None
    there["voice_url" if numbers.carrier == "twilio" else "call_request_url"] = OTHER

    answer = numbers.get(f"/phone-numbers/{written.format(number[1:])}/webhooks")

    assert answer.status == 200, answer.body
    assert answer.body == {
        "success": True,
        "phone_number": number,
        "provider": numbers.carrier,
        "voice_webhook_url": OTHER,
        "sms_webhook_url": TWIML,
        "configuration": {
            "status": "active",
            "connection_id": None,
            "messaging_profile_id": None,
            "overridden_by": None,
            "sms_overridden_by": None,
            "capabilities": {"voice": True, "sms": True, "mms": True, "fax": True},
        },
    }


def test_webhooks_are_changed_at_the_carrier_and_on_the_record(numbers: CarrierNumbers, number: str) -> None:
    answer = put(numbers, number, voice_webhook_url=OTHER, disable_sms=True)

    assert answer.status == 200, answer.body
    assert answer.body["updated_webhooks"] == {"voice_webhook_url": OTHER, "sms_webhook_url": None}
    assert (answer.body["voice_webhook_url"], answer.body["sms_webhook_url"]) == (OTHER, None)
    assert numbers.urls(number) == (OTHER, None)
    record = numbers.record(number)
    assert (record.voice_url, record.sms_url, record.status) == (OTHER, None, "ACTIVE")
    again = put(numbers, number, enable_sms=True)
    assert again.body["updated_webhooks"] == {"sms_webhook_url": TWIML}
    assert numbers.urls(number) == (OTHER, TWIML)
    numbers.check()


@pytest.mark.parametrize("url", ["https://169.254.169.254/latest/meta-data", "https://inner.example.com/voice"])
def test_a_url_that_is_not_public_is_refused(numbers: CarrierNumbers, number: str, url: str) -> None:
    before = numbers.urls(number)

    answer = put(numbers, number, voice_webhook_url=url)

    assert (answer.status, answer.body["code"]) == (400, "invalid_url"), answer.body
    assert answer.body["errors"][0]["field"] == "voice_webhook_url"
    assert numbers.urls(number) == before


@pytest.mark.parametrize(
    "body", [{}, {"enable_sms": True, "disable_sms": True}, {"enable_sms": "yes"}, {"voice_webhook_url": ""}]
)
def test_a_put_says_one_thing(numbers: CarrierNumbers, number: str, body: dict[str, Any]) -> None:
    assert put(numbers, number, **body).status == 400


def test_a_number_that_is_not_ours_has_no_webhooks(numbers: CarrierNumbers) -> None:
    number = next(for_sale(numbers.carrier))

    for answer in (
        put(numbers, number, disable_sms=True),
        numbers.get(f"/phone-numbers/{number}/webhooks"),
        numbers.get(f"/phone-numbers/{number}/diagnose"),
    ):
        assert (answer.status, answer.body["code"]) == (404, "number_not_found")


def test_a_path_that_is_no_number_is_refused(numbers: CarrierNumbers) -> None:
    answer = numbers.get("/phone-numbers/12/diagnose")

    assert (answer.status, answer.body["code"]) == (400, "invalid_phone_number")


def test_another_provider_than_the_numbers_is_refused(numbers: CarrierNumbers, number: str) -> None:
    answer = put(numbers, number, disable_sms=True, provider="telnyx")

    assert (answer.status, answer.body["code"]) == (400, "provider_mismatch")


def test_a_number_gone_at_the_carrier_says_so(numbers: CarrierNumbers, number: str) -> None:
    numbers.account["phone_numbers"].clear()

    read, written = numbers.get(f"/phone-numbers/{number}/webhooks"), put(numbers, number, disable_sms=True)

    assert (read.status, read.body["code"]) == (404, "number_gone")
    assert (written.status, written.body["code"]) == (404, "number_gone")
    assert numbers.record(number).operation_id is None
    numbers.check()


def test_a_change_that_fails_is_done_by_the_queue(numbers: CarrierNumbers, number: str) -> None:
    method = "POST" if numbers.carrier == "twilio" else "PUT"
    numbers.server.simulator.add_faults({"kind": "status", "status": 503, "times": 3, "method": method})

    answer = put(numbers, number, voice_webhook_url=OTHER)
    assert (answer.status, answer.body["retry_scheduled"]) == (500, True)
    busy = put(numbers, number, disable_sms=True)
    assert (busy.status, busy.body["code"]) == (409, "operation_in_progress")
    numbers.world.settle(3, 10)

    assert numbers.urls(number)[0] == OTHER
    assert numbers.record(number).voice_url == OTHER
    numbers.check()


OVERRIDES: dict[str, tuple[dict[str, str], dict[str, str]]] = {
    "twilio": ({"trunk_sid": "TK" + "a" * 32}, {"sms_application_sid": "AP" + "b" * 32}),
    "signalwire": ({"call_handler": "relay_script"}, {"message_handler": "relay_application"}),
}
"""What makes a carrier ignore the URL of calls, and the one of messages."""


def override(numbers: CarrierNumbers, number: str, *, calls: bool = False, messages: bool = False) -> dict[str, str]:
    of_calls, of_messages = OVERRIDES[numbers.carrier]
    there, fields = numbers.at_carrier(number), (of_calls if calls else {}) | (of_messages if messages else {})
    assert there is not None
    there |= fields
    return fields


def shows(numbers: CarrierNumbers, number: str, fields: dict[str, str]) -> bool:
    return fields.items() <= (numbers.at_carrier(number) or {}).items()


def test_what_takes_the_calls_stays_when_only_messages_change(numbers: CarrierNumbers, number: str) -> None:
    theirs = override(numbers, number, calls=True)

    answer = put(numbers, number, disable_sms=True)

    [value] = theirs.values()
    assert answer.status == 200, answer.body
    assert shows(numbers, number, theirs)
    assert answer.body["configuration"]["overridden_by"] == value
    assert numbers.urls(number)[1] is None
    assert numbers.record(number).overridden_by == value


def test_what_takes_the_messages_stays_when_only_calls_change(numbers: CarrierNumbers, number: str) -> None:
    theirs = override(numbers, number, messages=True)

    answer = put(numbers, number, voice_webhook_url=OTHER)

    [value] = theirs.values()
    assert answer.status == 200, answer.body
    assert shows(numbers, number, theirs)
    assert answer.body["configuration"]["sms_overridden_by"] == value
    assert numbers.urls(number)[0] == OTHER


def test_a_new_url_for_calls_takes_them_from_what_had_them(numbers: CarrierNumbers, number: str) -> None:
    # given a number of ours that was imported, calls and messages of which go to something of theirs
    record = numbers.record(number)
    record.is_imported = True
    record.save()
    theirs, messages = override(numbers, number, calls=True), override(numbers, number, messages=True)

    answer = put(numbers, number, voice_webhook_url=OTHER)

    [value] = theirs.values()
    assert answer.body["configuration"]["overridden_by"] is None
    assert shows(numbers, number, messages)
    record = numbers.record(number)
    assert (record.status, record.overridden_by) == ("ACTIVE", None)
    assert record.metadata == {"replaced_webhooks": {"overridden_by": value}}


def test_messages_are_enabled_whatever_took_them(numbers: CarrierNumbers, number: str) -> None:
    theirs = override(numbers, number, messages=True)

    answer = put(numbers, number, enable_sms=True)

    assert answer.status == 200, answer.body
    assert not shows(numbers, number, theirs)
    assert numbers.urls(number)[1] == TWIML


def test_a_number_that_is_not_bought_yet_is_in_progress(numbers: CarrierNumbers) -> None:
    # given an order of which it is not known yet what came of it
    number = next(for_sale(numbers.carrier))
    numbers.server.simulator.add_faults({"kind": "empty_body", "method": "POST", "times": 1})
    operation_id = numbers.purchase(number).body["operation_id"]

    for answer in (numbers.get(f"/phone-numbers/{number}/webhooks"), put(numbers, number, disable_sms=True)):
        assert (answer.status, answer.body["code"]) == (409, "operation_in_progress"), answer.body
        assert answer.body["operation_id"] == operation_id


def test_telnyx_has_no_webhook_of_a_number(telnyx: CarrierNumbers) -> None:
    number = next(local_numbers())

    shown = telnyx.get(f"/phone-numbers/{number}/webhooks")
    refused = put(telnyx, number, voice_webhook_url=OTHER)
    without = put(telnyx, number, enable_sms=True)

    assert (shown.body["voice_webhook_url"], shown.body["sms_webhook_url"]) == (None, None)
    assert shown.body["configuration"]["connection_id"] == telnyx.record(number).connection_id
    assert (refused.status, refused.body["code"]) == (400, "not_supported")
    assert (without.status, without.body["code"]) == (400, "assistant_not_ready")


# Diagnose


def test_a_healthy_number_has_no_issues(numbers: CarrierNumbers, number: str) -> None:
    answer = numbers.get(f"/phone-numbers/{number}/diagnose")

    assert answer.status == 200, answer.body
    assert (answer.body["issues"], answer.body["ready_for_calls"], answer.body["ready_for_sms"]) == ([], True, True)
    assert answer.body["store"]["status"] == "ACTIVE"
    assert answer.body["carrier"]["voice_url"] == TWIML


def test_every_carrier_field_is_fresh(numbers: CarrierNumbers, number: str) -> None:
    there = numbers.at_carrier(number)
    assert there is not None
    there["voice_url" if numbers.carrier == "twilio" else "call_request_url"] = OTHER
    there["sms_url" if numbers.carrier == "twilio" else "message_request_url"] = ""

    body = numbers.get(f"/phone-numbers/{number}/diagnose").body

    assert body["carrier"]["voice_url"] == OTHER
    assert body["issues"] == ["Calls go to another webhook than recorded", "No webhook is set for messages"]
    assert body["ready_for_sms"] is False


def test_what_overrides_a_webhook_is_named(numbers: CarrierNumbers, number: str) -> None:
    there = numbers.at_carrier(number)
    assert there is not None
    overriding = {"trunk_sid": "TK" + "a" * 32} if numbers.carrier == "twilio" else {"call_handler": "relay_script"}
    there |= overriding

    body = numbers.get(f"/phone-numbers/{number}/diagnose").body

    assert body["ready_for_calls"] is False
    [value] = overriding.values()
    assert f"The webhook for calls is ignored: {value} takes them" in body["issues"]


def test_a_number_gone_at_the_carrier(numbers: CarrierNumbers, number: str) -> None:
    numbers.account["phone_numbers"].clear()

    body = numbers.get(f"/phone-numbers/{number}/diagnose").body

    assert (body["carrier"], body["ready_for_calls"], body["ready_for_sms"]) == (None, False, False)
    assert body["issues"] == ["The number is not in the carrier account"]


def test_refused_credentials_are_the_diagnosis(numbers: CarrierNumbers, number: str) -> None:
    secrets = {"api_key": numbers.key, "api_secret": "wrong"}
    store_credentials(numbers.carrier, numbers.agency_id, secrets)

    answer = numbers.get(f"/phone-numbers/{number}/diagnose")

    assert answer.status == 200
    assert "refused the credentials" in answer.body["issues"][0]
    assert answer.body["carrier"] is None


def test_a_carrier_that_does_not_answer_is_no_diagnosis(numbers: CarrierNumbers, number: str) -> None:
    numbers.server.simulator.add_faults({"kind": "status", "status": 503, "times": 9})

    answer = numbers.get(f"/phone-numbers/{number}/diagnose")

    assert (answer.status, answer.body["code"]) == (500, "provider_unavailable")


def test_nobody_to_answer_is_told(numbers: CarrierNumbers, number: str) -> None:
    numbers.assign(number, None)

    body = numbers.get(f"/phone-numbers/{number}/diagnose").body

    assert body["ready_for_calls"] is False
    assert body["issues"] == ["No assistant is assigned: callers hear a sentence"]


def test_a_missing_signing_key_is_told(world: World) -> None:
    secrets = {"api_key": demo.SIGNALWIRE_PROJECT_ID, "api_secret": demo.SIGNALWIRE_API_TOKEN}
    store_credentials("signalwire", world.agency_id, secrets)
    numbers = CarrierNumbers(world, "signalwire")
    number = next(for_sale("signalwire"))
    numbers.purchase(number)

    body = numbers.get(f"/phone-numbers/{number}/diagnose").body

    assert body["ready_for_calls"] is False
    assert any("signing_key" in issue for issue in body["issues"])


def test_a_telnyx_number_without_a_messaging_profile_is_voice_only(telnyx: CarrierNumbers) -> None:
    number = next(local_numbers())

    body = telnyx.get(f"/phone-numbers/{number}/diagnose").body

    assert body["issues"] == ["The number is voice only: no messaging profile is set"]
    assert (body["ready_for_calls"], body["ready_for_sms"]) == (True, False)


# Countries


def test_twilio_and_signalwire_tell_their_countries(numbers: CarrierNumbers) -> None:
    answer = numbers.get("/phone-numbers/countries", f"provider={numbers.carrier}")

    assert answer.status == 200, answer.body
    assert answer.body["provider"] == numbers.carrier
    by_code = {each["code"]: each for each in answer.body["country_codes"]}
    assert by_code["US"] == {"code": "US", "name": "United States", "phone_code": "+1"}
    expected = {"US", "CA", "GB", "AU", "IE", "NZ", "DE"} if numbers.carrier == "twilio" else {"US", "CA"}
    assert set(by_code) == expected
    names = [each["name"] for each in answer.body["country_codes"]]
    assert names == sorted(names)


def test_telnyx_does_not_and_all_are_listed(world: World) -> None:
    answer = world.call("phone_numbers", "GET", "/phone-numbers/countries", token=world.owner_token)

    assert answer.body["provider"] == "telnyx"
    assert {"code": "GB", "name": "United Kingdom", "phone_code": "+44"} in answer.body["country_codes"]
    assert len(answer.body["country_codes"]) > 200


def test_countries_of_what_is_not_configured(world: World) -> None:
    answer = world.call(
        "phone_numbers", "GET", "/phone-numbers/countries", token=world.owner_token, query="provider=twilio"
    )

    assert (answer.status, answer.body["code"]) == (400, "provider_not_configured")
