"""POST /twiml: signed by the number's own account; a caller hears the assistant or a sentence, never an error."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode
from xml.etree import ElementTree

import pytest

from local.simulators import demo_accounts as demo
from local.simulators.signing import signalwire_headers, twilio_headers
from tests.carriers import CARRIERS, TWIML, CarrierNumbers, for_sale, store_credentials
from tests.world import HttpAnswer, World

CALLER = "+12125550199"


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


def sign(numbers: CarrierNumbers, params: Mapping[str, str], url: str = TWIML) -> dict[str, str]:
    if numbers.carrier == "twilio":
        return twilio_headers(demo.TWILIO_AUTH_TOKEN, url, params)
    return signalwire_headers(demo.SIGNALWIRE_SIGNING_KEY, url, params)


def ask(
    numbers: CarrierNumbers, params: Mapping[str, str], headers: Mapping[str, str] | None = None, query: str = ""
) -> HttpAnswer:
    """The carrier's request; signed by the demo account unless `headers` says otherwise."""
    signature = sign(numbers, params) if headers is None else headers
    sent = {"content-type": "application/x-www-form-urlencoded", **signature}
    body = urlencode(params).encode()
    return numbers.world.call("webhooks", "POST", "/twiml", body, headers=sent, query=query)


def calling(numbers: CarrierNumbers, number: str, **more: str) -> dict[str, str]:
    return {"AccountSid": numbers.key, "CallSid": "CA" + "1" * 32, "From": CALLER, "To": number} | more


def messaging(numbers: CarrierNumbers, number: str, body: str = "Hello & good day: \u00fc") -> dict[str, str]:
    return {"AccountSid": numbers.key, "MessageSid": "SM1", "From": CALLER, "To": number, "Body": body}


def spoken(answer: HttpAnswer) -> str:
    """What the caller hears before it is hung up on."""
    assert (answer.status, answer.headers["content-type"]) == (200, "application/xml")
    say, hangup = ElementTree.fromstring(answer.body)
    assert (say.tag, hangup.tag) == ("Say", "Hangup")
    return say.text or ""


def calls(numbers: CarrierNumbers) -> list[Any]:
    return numbers.world.effects("ultravox", "call_created")


def test_the_assistants_agent_takes_the_call(numbers: CarrierNumbers, number: str) -> None:
    answer = ask(numbers, calling(numbers, number))

    assert (answer.status, answer.headers["content-type"]) == (200, "application/xml")
    [call] = numbers.world.ultravox.simulator.account(demo.ULTRAVOX_API_KEY)["calls"].values()
    stream = ElementTree.fromstring(answer.body).find("./Connect/Stream")
    assert stream is not None
    assert stream.get("url") == call["joinUrl"]
    assert call["agentId"] == demo.ULTRAVOX_AGENT_ID
    assert call["medium"] == {"twilio": {}}
    assert call["metadata"] == {"from": CALLER, "to": number, "call_sid": "CA" + "1" * 32}


def test_nobody_assigned_is_a_sentence(numbers: CarrierNumbers, number: str) -> None:
    numbers.assign(number, None)

    assert "Nobody can take your call" in spoken(ask(numbers, calling(numbers, number)))
    assert calls(numbers) == []


@pytest.mark.parametrize(
    "fault",
    [
        {"kind": "status", "status": 500},
        {"kind": "status", "status": 402, "body": {"detail": "out of credit"}},
        {"kind": "status", "status": 429},
        {"kind": "status", "status": 401},
        {"kind": "status", "status": 404},
        {"kind": "empty_body"},
        {"kind": "refuse"},
        {"kind": "wrong_type"},
        {"kind": "status", "status": 201, "body": {}},
        {"kind": "status", "status": 201, "body": {"joinUrl": None}},
        {"kind": "status", "status": 201, "body": {"joinUrl": ["wss://voice.ultravox.ai"]}},
        {"kind": "status", "status": 201, "body": {"joinUrl": "https://voice.ultravox.ai"}},
    ],
    ids=str,
)
def test_ultravox_down_is_a_sentence(numbers: CarrierNumbers, number: str, fault: dict[str, Any]) -> None:
    numbers.world.ultravox.simulator.add_faults({"path": "/calls", "times": 9} | fault)

    assert "Nobody can take your call" in spoken(ask(numbers, calling(numbers, number)))


def test_what_nobody_thought_of_is_a_sentence_and_a_traceback(
    numbers: CarrierNumbers, number: str, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    from telephony.models import assistants

    def broken(*_: Any) -> Any:
        raise RuntimeError("nobody thought of this")

    monkeypatch.setattr(assistants, "find", broken)

    assert "Nobody can take your call" in spoken(ask(numbers, calling(numbers, number)))
    [logged] = [each for each in caplog.records if each.message == "call not taken"]
    assert logged.exc_info is not None


def test_without_ultravox_it_is_a_sentence(numbers: CarrierNumbers, number: str) -> None:
    from telephony.models.provider_configurations import ProviderConfiguration

    for each in ProviderConfiguration.query(numbers.agency_id):
        if each.provider == "ultravox":
            each.delete()

    assert "Nobody can take your call" in spoken(ask(numbers, calling(numbers, number)))


@pytest.mark.parametrize("called", ["+12125550142", "12", "", "sip:anybody@example.com"])
def test_a_number_that_is_not_ours_is_not_in_service(numbers: CarrierNumbers, called: str) -> None:
    assert "not in service" in spoken(ask(numbers, calling(numbers, called)))
    assert calls(numbers) == []


def test_a_released_number_is_not_in_service(numbers: CarrierNumbers, number: str) -> None:
    numbers.account["phone_numbers"].clear()
    numbers.release(number)

    assert "not in service" in spoken(ask(numbers, calling(numbers, number)))


def test_the_query_and_the_port_are_part_of_what_is_signed(numbers: CarrierNumbers, number: str) -> None:
    params = calling(numbers, number)

    with_query = ask(numbers, params, sign(numbers, params, f"{TWIML}?a=b"), "a=b")
    with_port = ask(numbers, params, sign(numbers, params, TWIML.replace(".com/", ".com:443/")))

    assert (with_query.status, with_port.status) == (200, 200)


def test_a_forged_request_is_refused_and_changes_nothing(numbers: CarrierNumbers, number: str) -> None:
    params = calling(numbers, number)
    name = next(iter(sign(numbers, params)))
    other = {**params, "AccountSid": "AC" + "0" * 32}
    forged = [
        (params, {}),
        (params, {name: ""}),
        (params, {name: "AAAA"}),
        (params, sign(numbers, params, "https://elsewhere.example.com/twiml")),
        (params | {"From": "+19005550100"}, sign(numbers, params)),
        (params, sign(numbers, params) | {name: sign(numbers, params)[name].lower()}),
        (other, sign(numbers, other)),
        (messaging(numbers, number), {name: "AAAA"}),
    ]

    for given, headers in forged:
        answer = ask(numbers, given, headers)
        assert (answer.status, answer.body["code"]) == (401, "unauthenticated")
    assert calls(numbers) == []
    assert "message.received" not in numbers.audit(number)


def test_a_signature_made_for_another_url_of_the_number_is_a_forgery(numbers: CarrierNumbers, number: str) -> None:
    # given a number whose calls go to somebody's application, which sees the carrier's signatures
    theirs = "https://theirs.example.com/voice"
    record = numbers.record(number)
    record.voice_url = theirs
    record.save()
    params = calling(numbers, number)

    assert ask(numbers, params, sign(numbers, params, theirs)).status == 401
    assert calls(numbers) == []


def test_a_carrier_may_know_us_by_another_host(numbers: CarrierNumbers, number: str) -> None:
    elsewhere = "https://calls.example.org/prod/api/v1/twiml"
    record = numbers.record(number)
    record.voice_url = elsewhere
    record.save()
    params = calling(numbers, number)

    assert ask(numbers, params, sign(numbers, params, elsewhere)).status == 200


def test_another_accounts_signature_is_a_forgery(numbers: CarrierNumbers, number: str) -> None:
    params = calling(numbers, number)
    headers = {
        "x-twilio-signature": twilio_headers("another-token", TWIML, params)["X-Twilio-Signature"],
    }

    assert ask(numbers, params, headers).status == 401


def test_a_message_is_stored_and_answered_with_nothing(numbers: CarrierNumbers, number: str) -> None:
    answer = ask(numbers, messaging(numbers, number))

    assert (answer.status, answer.body) == (200, "<Response/>")
    trail = numbers.world.call("operations", "GET", "/audit-events", token=numbers.token)
    [event] = [each for each in trail.body["events"] if each["action"] == "message.received"]
    assert event["details"] == {
        "phone_number": number,
        "sender": CALLER,
        "body": "Hello & good day: \u00fc",
        "message_id": "SM1",
    }
    assert calls(numbers) == []


def test_a_message_delivered_twice_is_stored_once(numbers: CarrierNumbers, number: str) -> None:
    first, second = messaging(numbers, number), messaging(numbers, number) | {"MessageSid": "SM2"}

    answers = [ask(numbers, params) for params in (first, first, second)]

    assert [(each.status, each.body) for each in answers] == [(200, "<Response/>")] * 3
    assert numbers.audit(number).count("message.received") == 2


def test_a_message_to_a_number_that_is_not_ours_is_answered_with_nothing(numbers: CarrierNumbers) -> None:
    answer = ask(numbers, messaging(numbers, "+12125550142"))

    assert (answer.status, answer.body) == (200, "<Response/>")


def test_an_account_without_keys_does_not_stand_in_the_way(numbers: CarrierNumbers, number: str) -> None:
    # given a number whose configuration is gone, the account's keys stored anew, and a draft that is older than these
    from telephony.models import provider_configurations

    world, carrier = numbers.world, numbers.carrier
    [old] = [each for each in provider_configurations.of_agency(world.agency_id) if each.provider == carrier]
    old.delete()
    store_credentials(carrier, world.agency_id)
    old.id, old.sealed, old.sealed_fields = 0, None, []
    old.save()
    # when
    message = ask(numbers, messaging(numbers, number))
    call = ask(numbers, calling(numbers, number))
    # then
    assert message.status == 200
    assert "<Connect>" in call.body


def test_signalwire_may_use_the_header_of_twilio(world: World) -> None:
    store_credentials("signalwire", world.agency_id)
    numbers = CarrierNumbers(world, "signalwire")
    number = next(for_sale("signalwire"))
    numbers.purchase(number)
    params = calling(numbers, number)

    answer = ask(numbers, params, twilio_headers(demo.SIGNALWIRE_SIGNING_KEY, TWIML, params))

    assert "Nobody" in spoken(answer)


def test_an_api_key_account_signs_with_its_auth_token(world: World) -> None:
    """Twilio signs with the account's auth token, whatever key the calls are made with."""
    world.servers["twilio"].simulator.account(demo.TWILIO_ACCOUNT_SID)["api_keys"] = {"SK" + "ab" * 16: "a-secret-key"}
    secrets = {"api_key": "SK" + "ab" * 16, "api_secret": "a-secret-key", "signing_key": demo.TWILIO_AUTH_TOKEN}
    store_credentials("twilio", world.agency_id, secrets, {"account_sid": demo.TWILIO_ACCOUNT_SID})
    numbers = CarrierNumbers(world, "twilio")
    number = next(for_sale("twilio"))
    assert numbers.purchase(number).status == 200

    assert "Nobody" in spoken(ask(numbers, calling(numbers, number)))


def test_a_database_that_is_down_is_a_sentence(
    numbers: CarrierNumbers, number: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    from telephony.errors import StorageUnavailable
    from telephony.models import phone_configurations

    def down(_: str) -> Any:
        raise StorageUnavailable("The database is not available")

    monkeypatch.setattr(phone_configurations, "find_guard", down)

    assert "Nobody can take your call" in spoken(ask(numbers, calling(numbers, number)))
    assert ask(numbers, messaging(numbers, number)).status == 503
