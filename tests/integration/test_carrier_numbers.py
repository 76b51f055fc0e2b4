"""Buying, assigning and releasing numbers at Twilio and SignalWire: the documented answers, and what exists then."""

from __future__ import annotations

from typing import Any

import pytest
from telephony.providers.reasons import FIXES

from local.simulators import demo_accounts as demo
from tests.carriers import CARRIERS, TWIML, CarrierNumbers, for_sale, store_credentials
from tests.world import World

DAY = 86400.0


@pytest.fixture(params=CARRIERS)
def numbers(request: pytest.FixtureRequest, world: World) -> CarrierNumbers:
    """An agency with an account at the carrier."""
    return made(world, request.param)


@pytest.fixture
def twilio(world: World) -> CarrierNumbers:
    return made(world, "twilio")


@pytest.fixture
def signalwire(world: World) -> CarrierNumbers:
    return made(world, "signalwire")


def made(world: World, carrier: str) -> CarrierNumbers:
    store_credentials(carrier, world.agency_id)
    return CarrierNumbers(world, carrier)


def number_of(numbers: CarrierNumbers, which: int = 0) -> str:
    return list(for_sale(numbers.carrier))[which]


# Purchase


def test_the_answer_is_the_published_one_key_by_key(numbers: CarrierNumbers) -> None:
    number = number_of(numbers)

    answer = numbers.purchase(number, friendly_name="Support line")

    assert answer.status == 200, answer.body
    record, there = numbers.record(number), numbers.at_carrier(number)
    assert there is not None
    assert answer.body == {
        "success": True,
        "phone_number": number,
        "provider": numbers.carrier,
        "purchase_details": {
            "sid": there["sid" if numbers.carrier == "twilio" else "id"],
            "phone_number": number,
            "friendly_name": "Support line",
            "voice_url": TWIML,
            "sms_url": TWIML,
            "capabilities": {"voice": True, "sms": True, "mms": True, "fax": True},
            "date_created": there["date_created" if numbers.carrier == "twilio" else "created_at"],
            "provider": numbers.carrier,
        },
        "message": "Phone number purchased successfully",
        "phone_configuration_id": record.id,
        "operation_id": record.phone_request_id,
    }


def test_what_was_bought_is_recorded_wired_and_counted(numbers: CarrierNumbers) -> None:
    number = number_of(numbers)

    assert numbers.purchase(number).status == 200

    record = numbers.record(number)
    assert numbers.urls(number) == (TWIML, TWIML)
    assert (record.status, record.voice_url, record.sms_url) == ("ACTIVE", TWIML, TWIML)
    assert record.monthly_price == (10_000 if numbers.carrier == "twilio" else None)
    assert numbers.bought(number) == 1
    numbers.check()


def test_search_finds_what_purchase_buys(numbers: CarrierNumbers) -> None:
    asked = {"provider": numbers.carrier, "area_code": "415", "contains": "555", "limit": 3}

    found = numbers.search(**asked)

    assert found.status == 200, found.body
    assert found.body["total_found"] == 3
    first = found.body["numbers"][0]
    price = 1.0 if numbers.carrier == "twilio" else None
    assert (first["locality"], first["region"], first["iso_country"]) == ("San Francisco", "CA", "US")
    assert (first["monthly_cost"], first["currency"]) == (price, "USD" if price else None)
    assert first["capabilities"] == {"voice": True, "sms": True, "mms": True, "fax": True}
    assert numbers.purchase(first["phone_number"]).status == 200


@pytest.mark.parametrize(
    "asked",
    [
        {"country_code": "CA", "number_type": "toll_free"},
        {"number_type": "national"},
        {"country_code": "DE", "number_type": "mobile"},
        {"country_code": "CA", "area_code": "212"},
        {"contains": "9999999"},
    ],
)
def test_a_search_never_widens(numbers: CarrierNumbers, asked: dict[str, Any]) -> None:
    found = numbers.search(provider=numbers.carrier, **asked)

    assert found.status == 200, found.body
    assert found.body["numbers"] == []


@pytest.mark.parametrize("asked", [{}, {"limit": 50}, {"contains": "5550"}], ids=str)
def test_signalwire_has_canadian_numbers_behind_those_of_the_united_states(
    signalwire: CarrierNumbers, asked: dict[str, Any]
) -> None:
    # given more numbers of the United States than SignalWire finds at once
    assert len(list(for_sale("signalwire"))) > 100

    found = signalwire.search(provider="signalwire", country_code="CA", **asked)

    assert found.status == 200, found.body
    assert found.body["total_found"] == asked.get("limit", 10)
    assert {each["country_code"] for each in found.body["numbers"]} == {"CA"}
    if asked.get("limit"):
        assert {each["region"] for each in found.body["numbers"]} == {"ON", "BC"}


def test_signalwire_finds_a_city_of_a_province(signalwire: CarrierNumbers) -> None:
    asked = {"country_code": "CA", "region": "BC", "locality": "Vancouver", "limit": 2}

    found = signalwire.search(provider="signalwire", **asked)

    assert {each["locality"] for each in found.body["numbers"]} == {"Vancouver"}
    assert signalwire.search(provider="signalwire", **asked | {"country_code": "US"}).body["numbers"] == []


@pytest.mark.parametrize(
    ("asked", "field"),
    [
        ({"contains": "55"}, "contains"),
        ({"contains": "55501001"}, "contains"),
        ({"contains": "55*01"}, "contains"),
        ({"locality": "Austin"}, "locality"),
        ({"region": "Texas"}, "region"),
        ({"area_code": "51"}, "area_code"),
        ({"region": "TX", "number_type": "toll_free"}, "region"),
    ],
    ids=str,
)
def test_what_signalwire_can_not_search_for_is_refused(
    signalwire: CarrierNumbers, asked: dict[str, Any], field: str
) -> None:
    answer = signalwire.search(provider="signalwire", **asked)

    assert (answer.status, answer.body["code"]) == (400, "not_supported")
    assert answer.body["errors"][0]["field"] == field
    assert signalwire.requests("GET", "/api/relay/rest/phone_numbers/search") == 0


def test_twilio_may_write_what_a_number_can_in_upper_case(twilio: CarrierNumbers) -> None:
    """As its live answers do, whatever its documents say."""
    record = {
        "phone_number": number_of(twilio),
        "friendly_name": "(212) 555-0101",
        "iso_country": "US",
        "capabilities": {"voice": True, "SMS": True, "MMS": False},
    }
    body = {"available_phone_numbers": [record]}
    fault = {"kind": "status", "status": 200, "path": "AvailablePhoneNumbers", "body": body}
    twilio.server.simulator.add_faults(fault)

    [found] = twilio.search(provider="twilio").body["numbers"]

    assert found["capabilities"] == {"voice": True, "sms": True, "mms": False, "fax": False}


def test_toll_free_and_foreign_numbers_have_their_own_price(twilio: CarrierNumbers) -> None:
    found = twilio.search(provider="twilio", number_type="toll_free", limit=1)
    mobile = twilio.search(provider="twilio", country_code="GB", area_code="113", limit=2)

    assert found.body["numbers"][0]["monthly_cost"] == 2.0
    assert {each["locality"] for each in mobile.body["numbers"]} == {"Leeds"}


def test_a_number_in_the_account_already_is_not_bought_and_keeps_its_webhooks(numbers: CarrierNumbers) -> None:
    # given a number that somebody bought at the carrier itself
    number = number_of(numbers)
    mine = {"voice_url": "https://theirs.example.com"} if numbers.carrier == "twilio" else {}
    mine = mine or {"call_request_url": "https://theirs.example.com", "call_handler": "laml_webhooks"}
    numbers.buy_by_hand(number, **mine)

    answer = numbers.purchase(number)

    assert (answer.status, answer.body["code"]) == (409, "already_at_carrier")
    assert "Import" in answer.body["fix"]
    assert numbers.urls(number)[0] == "https://theirs.example.com"
    assert numbers.effects("number_updated", number) == []
    assert numbers.records == []
    numbers.check()


def test_a_cap_needs_a_price(numbers: CarrierNumbers) -> None:
    number = number_of(numbers)

    answer = numbers.purchase(number, max_monthly_cost=0.5)

    code = "spending_limit_exceeded" if numbers.carrier == "twilio" else "price_unknown"
    assert (answer.status, answer.body["code"]) == (403, code)
    assert numbers.bought(number) == 0


def test_twilio_asks_for_nothing_once(twilio: CarrierNumbers) -> None:
    assert twilio.purchase(number_of(twilio), max_setup_cost=0).status == 200


def test_a_key_of_the_account_buys_for_the_account(world: World) -> None:
    # given an API key instead of the auth token
    world.servers["twilio"].simulator.account(demo.TWILIO_ACCOUNT_SID)["api_keys"] = {"SK" + "ab" * 16: "a-secret-key"}
    secrets = {"api_key": "SK" + "ab" * 16, "api_secret": "a-secret-key"}
    store_credentials("twilio", world.agency_id, secrets, {"account_sid": demo.TWILIO_ACCOUNT_SID})
    numbers = CarrierNumbers(world, "twilio")

    assert numbers.purchase(number_of(numbers)).status == 200


def test_a_key_without_its_account_is_told_of(world: World) -> None:
    store_credentials("twilio", world.agency_id, {"api_key": "SK" + "ab" * 16, "api_secret": "a-secret-key"})
    numbers = CarrierNumbers(world, "twilio")

    answer = numbers.purchase(number_of(numbers))

    assert (answer.status, answer.body["code"]) == (400, "configuration_missing")
    assert answer.body["missing"] == ["account_sid"]


@pytest.mark.parametrize(
    ("flag", "code"),
    [
        ("inactive", "account_restricted"),
        ("trial_limit", "trial_limit"),
        ("address_required", "regulatory_requirements_missing"),
        ("local_address_required", "regulatory_requirements_missing"),
        ("bundle_required", "regulatory_requirements_missing"),
        ("certification_required", "regulatory_requirements_missing"),
        ("no_permission", "invalid_provider_credentials"),
        ("suspended", "invalid_provider_credentials"),
    ],
)
def test_what_twilio_refuses_is_told_apart(twilio: CarrierNumbers, flag: str, code: str) -> None:
    number = number_of(twilio)
    twilio.account["flags"] = [flag]

    answer = twilio.purchase(number)

    assert (answer.status, answer.body["code"]) == (500, code)
    assert answer.body["fix"] == FIXES[code]
    assert twilio.bought(number) == 0
    twilio.check()


@pytest.mark.parametrize("flags", [[], ["inactive"]], ids=["10001", "20005"])
def test_an_empty_twilio_account_is_out_of_money(twilio: CarrierNumbers, flags: list[str]) -> None:
    twilio.account["balance"], twilio.account["flags"] = "0.00", flags

    answer = twilio.purchase(number_of(twilio))

    assert (answer.status, answer.body["code"]) == (500, "insufficient_balance")
    assert answer.body["fix"] == FIXES["insufficient_balance"]
    twilio.check()


@pytest.mark.parametrize(
    ("status", "provider_code", "code"),
    [
        (400, 21421, "number_unavailable"),
        (400, 21422, "number_unavailable"),
        (400, 21452, "number_unavailable"),
        (400, 21404, "trial_limit"),
        (403, 10002, "trial_limit"),
        (400, 21613, "regulatory_requirements_missing"),
        (400, 21615, "regulatory_requirements_missing"),
        (400, 21631, "regulatory_requirements_missing"),
        (400, 21649, "regulatory_requirements_missing"),
        (404, 20404, "number_unavailable"),
        (401, 20003, "invalid_provider_credentials"),
        (403, 20403, "account_restricted"),
        (400, None, "provider_error"),
        (402, None, "insufficient_balance"),
    ],
)
def test_a_twilio_order_refused(twilio: CarrierNumbers, status: int, provider_code: int | None, code: str) -> None:
    body = {"message": "no", "status": status} | ({"code": provider_code} if provider_code else {})
    _refuse(twilio, {"status": status, "body": body})

    answer = twilio.purchase(number_of(twilio))

    assert (answer.status, answer.body["code"]) == (500, code)
    assert answer.body["fix"] == FIXES[code]
    assert answer.body.get("provider_code") == (str(provider_code) if provider_code else None)
    assert twilio.record(number_of(twilio)).status == "RELEASED"
    twilio.check()


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (
            {"type": "about:blank", "title": "Bad", "detail": "That is not available", "status": 400},
            "number_unavailable",
        ),
        ({"message": "Enable geographic permissions"}, "geographic_permission_missing"),
        ({"message": "Insufficient funds"}, "insufficient_balance"),
        ("<html>", "provider_error"),
        (None, "provider_error"),
        ([1], "provider_error"),
    ],
    ids=str,
)
def test_without_a_code_the_text_is_asked(twilio: CarrierNumbers, body: Any, code: str) -> None:
    _refuse(twilio, {"status": 400, "body": body})

    answer = twilio.purchase(number_of(twilio))

    assert (answer.status, answer.body["code"]) == (500, code)
    twilio.check()


def _refuse(numbers: CarrierNumbers, fault: dict[str, Any]) -> None:
    path = "/IncomingPhoneNumbers.json$" if numbers.carrier == "twilio" else "/phone_numbers$"
    numbers.server.simulator.add_faults({"kind": "status", "method": "POST", "path": path} | fault)


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({"errors": [{"code": "insufficient_balance", "detail": "no"}]}, "insufficient_balance"),
        ({"errors": [{"code": "could_not_purchase", "detail": "no"}]}, "number_unavailable"),
        ({"errors": [{"code": "not_e164", "message": "no", "type": "validation_error"}]}, "number_unavailable"),
        ({"errors": [{"code": "invalid_number_format", "detail": "no"}]}, "number_unavailable"),
        ({"errors": [{"code": "unsupported_region", "detail": "no"}]}, "geographic_permission_missing"),
        ({"errors": [{"code": "account_limit_exceeded", "detail": "no"}]}, "trial_limit"),
        ({"errors": [{"code": "not_allowed_on_subscription_plan", "detail": "no"}]}, "account_restricted"),
        ({"errors": [{"code": "something new", "detail": "no"}]}, "provider_error"),
        ({"code": 21422, "message": "no", "status": 422}, "provider_error"),
        ({"error": "no"}, "provider_error"),
        ("<html>", "provider_error"),
    ],
    ids=str,
)
def test_a_signalwire_order_refused(signalwire: CarrierNumbers, body: Any, code: str) -> None:
    _refuse(signalwire, {"status": 422, "body": body})

    answer = signalwire.purchase(number_of(signalwire))

    assert (answer.status, answer.body["code"]) == (500, code)
    assert answer.body["fix"] == FIXES[code]
    assert signalwire.record(number_of(signalwire)).status == "RELEASED"
    signalwire.check()


@pytest.mark.parametrize(
    ("flag", "code"),
    [
        ("no_funds", "insufficient_balance"),
        ("not_in_plan", "account_restricted"),
        ("missing_scope", "invalid_provider_credentials"),
    ],
)
def test_what_signalwire_refuses_is_told_apart(signalwire: CarrierNumbers, flag: str, code: str) -> None:
    signalwire.account["flags"] = [flag]

    answer = signalwire.purchase(number_of(signalwire))

    assert (answer.status, answer.body["code"]) == (500, code)
    signalwire.check()


def test_a_wrong_space_is_said_so(signalwire: CarrierNumbers) -> None:
    signalwire.server.simulator.add_faults({"kind": "status", "status": 404, "body": "<html>", "times": 9})

    answer = signalwire.purchase(number_of(signalwire))

    assert (answer.status, answer.body["code"]) == (500, "invalid_provider_credentials")
    assert "space" in answer.body["detail"]
    assert "base_url" in answer.body["fix"]


def test_a_429_at_the_order_was_not_processed(numbers: CarrierNumbers) -> None:
    number = number_of(numbers)
    _refuse(numbers, {"status": 429, "headers": {"retry-after": "0.1"}})

    assert numbers.purchase(number).status == 200
    assert numbers.bought(number) == 1


@pytest.mark.parametrize("fault", [{"kind": "empty_body"}, {"kind": "truncated_json"}, {"kind": "torn_body"}], ids=str)
def test_what_is_in_doubt_is_looked_up_and_never_bought_twice(numbers: CarrierNumbers, fault: dict[str, Any]) -> None:
    # given a carrier that sells the number and does not manage to say so
    number = number_of(numbers)
    path = "/IncomingPhoneNumbers.json$" if numbers.carrier == "twilio" else "/phone_numbers$"
    numbers.server.simulator.add_faults({"method": "POST", "path": path} | fault)

    answer = numbers.purchase(number)
    assert (answer.status, answer.body["code"]) == (500, "outcome_unknown")
    numbers.world.settle()

    assert numbers.bought(number) == 1
    assert numbers.record(number).status == "ACTIVE"
    assert numbers.urls(number) == (TWIML, TWIML)
    numbers.check()


def test_what_did_not_reach_the_carrier_gives_all_back(numbers: CarrierNumbers) -> None:
    number = number_of(numbers)
    _refuse(numbers, {"status": 500})

    answer = numbers.purchase(number)
    assert answer.body["code"] == "outcome_unknown"
    numbers.world.settle()

    assert numbers.bought(number) == 0
    assert numbers.record(number).status == "RELEASED"
    numbers.check()


@pytest.fixture
def cut_off(numbers: CarrierNumbers, monkeypatch: pytest.MonkeyPatch) -> str:
    """A number whose purchase ended between the intent and the order."""
    number, client = number_of(numbers), _client(numbers)
    with monkeypatch.context() as patch:
        patch.setattr(client, "order", _die)
        with pytest.raises(_Cut):
            numbers.purchase(number)
    numbers.world.pass_time(40)
    return number


class _Cut(BaseException):
    pass


def _die(*_: Any) -> Any:
    raise _Cut


def _client(numbers: CarrierNumbers) -> Any:
    from telephony.providers.signalwire import SignalWire
    from telephony.providers.twilio import Twilio

    return Twilio if numbers.carrier == "twilio" else SignalWire


def test_what_was_cut_off_before_the_order_is_ordered_by_the_queue(numbers: CarrierNumbers, cut_off: str) -> None:
    numbers.world.run_queue()

    assert numbers.bought(cut_off) == 1
    assert numbers.record(cut_off).status == "ACTIVE"
    numbers.check()


def test_wiring_that_fails_is_done_soon(signalwire: CarrierNumbers) -> None:
    # given handlers that can't be set at first
    number = number_of(signalwire)
    signalwire.server.simulator.add_faults({"kind": "status", "status": 500, "method": "PUT", "times": 3})

    answer = signalwire.purchase(number)
    assert answer.status == 200
    assert signalwire.record(number).status == "PENDING"
    signalwire.world.settle()

    assert signalwire.bought(number) == 1
    assert signalwire.urls(number) == (TWIML, TWIML)
    assert signalwire.record(number).status == "ACTIVE"
    signalwire.check()


def test_wiring_that_is_refused_leaves_the_number_ours(signalwire: CarrierNumbers) -> None:
    number = number_of(signalwire)
    signalwire.server.simulator.add_faults({"kind": "status", "status": 422, "method": "PUT"})

    assert signalwire.purchase(number).status == 200

    record = signalwire.record(number)
    assert (record.status, record.metadata["setup_error"]) == ("INACTIVE", "provider_error")
    signalwire.check()


# Assign


def test_a_number_is_assigned_to_an_assistant_with_an_agent(numbers: CarrierNumbers) -> None:
    number = number_of(numbers)
    numbers.purchase(number)
    assistant = numbers.new_assistant(ultravox_agent_id=demo.ULTRAVOX_AGENT_ID)

    answer = numbers.assign(number, assistant)

    assert answer.status == 200, answer.body
    assert numbers.record(number).assistant_id == assistant
    numbers.check()


def test_an_assistant_without_an_agent_is_not_ready(numbers: CarrierNumbers) -> None:
    number, assistant = number_of(numbers), numbers.new_assistant()

    answer = numbers.purchase(number, assistant_id=assistant)

    assert (answer.status, answer.body["code"]) == (400, "assistant_not_ready")
    assert numbers.bought(number) == 0


def test_an_assistant_that_loses_its_agent_meanwhile_gets_its_number_all_the_same(numbers: CarrierNumbers) -> None:
    # given an assignment that the queue goes on with, and an assistant that has no agent by then
    number = number_of(numbers)
    numbers.purchase(number)
    assistant = numbers.new_assistant(ultravox_agent_id=demo.ULTRAVOX_AGENT_ID)
    numbers.server.simulator.add_faults({"kind": "status", "status": 503, "method": "GET", "times": 3})
    assert numbers.assign(number, assistant).body["retry_scheduled"] is True
    changed = numbers.post(f"/assistants/{assistant}", {"ultravox_agent_id": None}, method="PATCH")
    assert changed.status == 200, changed.body

    numbers.world.settle(3, 60.0)

    # then it is as if the agent had been taken away later, which is told, and nothing holds the number
    assert numbers.operations_on(number)[-1].status == "SUCCEEDED"
    assert numbers.record(number).assistant_id == assistant
    issues = numbers.get(f"/phone-numbers/{number}/diagnose").body["issues"]
    assert "The assistant has no Ultravox agent: callers hear a sentence" in issues
    numbers.check()
    assert numbers.assign(number, None).status == 200
    assert numbers.post(f"/assistants/{assistant}", None, method="DELETE").status == 200
    assert numbers.release(number).status == 200


def test_assigning_takes_a_number_from_whatever_overrides_it(twilio: CarrierNumbers) -> None:
    number = number_of(twilio)
    twilio.purchase(number)
    there = twilio.at_carrier(number)
    assert there is not None
    there |= {"voice_application_sid": "AP" + "a" * 32, "sms_application_sid": "AP" + "b" * 32}

    twilio.assign(number, twilio.new_assistant(ultravox_agent_id=demo.ULTRAVOX_AGENT_ID))

    there = twilio.at_carrier(number)
    assert there is not None
    assert (there["voice_application_sid"], there["sms_application_sid"]) == ("", "")
    assert twilio.record(number).status == "ACTIVE"


# Release


def test_a_twilio_number_is_given_back(twilio: CarrierNumbers) -> None:
    number = number_of(twilio)
    twilio.purchase(number)

    answer = twilio.release(number)

    assert answer.status == 200, answer.body
    assert twilio.at_carrier(number) is None
    assert twilio.record(number).status == "RELEASED"
    twilio.check()


def test_what_is_gone_at_the_carrier_counts_as_given_back(numbers: CarrierNumbers) -> None:
    number = number_of(numbers)
    numbers.purchase(number)
    numbers.account["phone_numbers"].clear()

    assert numbers.release(number).status == 200
    assert numbers.record(number).status == "RELEASED"
    numbers.check()


def test_another_agencys_number_is_not_found(numbers: CarrierNumbers) -> None:
    number = number_of(numbers)
    numbers.purchase(number)
    other_id, _ = numbers.world.new_agency("Other", credentials=False)
    store_credentials(numbers.carrier, other_id)
    other = CarrierNumbers(numbers.world, numbers.carrier, other_id)

    assert other.release(number).status == 404
    assert (other.purchase(number).status, other.purchase(number).body["code"]) == (409, "already_owned")
    assert numbers.at_carrier(number) is not None


@pytest.mark.parametrize(("flags", "ban"), [([], 14), (["trial"], 30)], ids=["paid", "trial"])
def test_a_signalwire_number_waits_for_the_end_of_its_ban(
    signalwire: CarrierNumbers, flags: list[str], ban: int
) -> None:
    number = number_of(signalwire)
    signalwire.purchase(number)
    signalwire.account["flags"] = flags

    answer = signalwire.release(number)

    assert answer.status == 200, answer.body
    assert "marked for release" in answer.body["message"]
    assert signalwire.record(number).marked_for_release is True
    signalwire.world.pass_time((ban - 0.5) * DAY)
    signalwire.world.run_queue()
    assert signalwire.at_carrier(number) is not None
    signalwire.world.pass_time(1.6 * DAY)
    signalwire.world.run_queue()
    assert signalwire.at_carrier(number) is None
    record = signalwire.record(number)
    assert (record.status, record.marked_for_release) == ("RELEASED", False)
    signalwire.check()


def test_a_release_that_has_waited_for_weeks_is_not_given_up_for_a_refused_token(signalwire: CarrierNumbers) -> None:
    number = number_of(signalwire)
    signalwire.purchase(number)
    assert signalwire.release(number).status == 200
    signalwire.server.simulator.add_faults({"kind": "status", "status": 401, "method": "DELETE"})
    signalwire.world.pass_time(15 * DAY)

    signalwire.world.run_queue()

    assert signalwire.record(number).marked_for_release is True
    signalwire.world.settle(2, 60.0)
    assert signalwire.at_carrier(number) is None
    assert signalwire.record(number).status == "RELEASED"
    signalwire.check()


def test_a_wrong_space_gives_nothing_back(signalwire: CarrierNumbers) -> None:
    # given a space that is gone, which answers 404 to everything
    number = number_of(signalwire)
    signalwire.purchase(number)
    signalwire.server.simulator.add_faults({"kind": "status", "status": 404, "times": 9})

    answer = signalwire.release(number)

    assert (answer.status, answer.body["code"]) == (500, "invalid_provider_credentials")
    assert signalwire.record(number).status == "ACTIVE"
    signalwire.check()
