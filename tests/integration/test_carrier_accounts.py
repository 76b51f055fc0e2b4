"""The carrier account behind a number: a signing key that is missing, a configuration that is gone, and its turns."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from local.simulators import demo_accounts as demo
from tests.carriers import CARRIERS, SECRETS, TWIML, CarrierNumbers, for_sale, store_credentials
from tests.integration.test_twiml import ask, calling, sign
from tests.numbers import local_numbers
from tests.world import HttpAnswer, World

API_KEY = "SK" + "ab" * 16
UNSIGNED: dict[str, tuple[dict[str, str], dict[str, str]]] = {
    "twilio": ({"api_key": API_KEY, "api_secret": "a-secret-key"}, {"account_sid": demo.TWILIO_ACCOUNT_SID}),
    "signalwire": ({name: SECRETS["signalwire"][name] for name in ("api_key", "api_secret")}, {}),
}
"""Secrets and meta of an account that can be used, but whose calls can't be told from forged ones."""


@pytest.fixture(params=CARRIERS)
def unsigned(request: pytest.FixtureRequest, world: World) -> CarrierNumbers:
    """An agency whose account lacks the key that its calls are signed with."""
    carrier = request.param
    world.servers["twilio"].simulator.account(demo.TWILIO_ACCOUNT_SID)["api_keys"] = {API_KEY: "a-secret-key"}
    secrets, meta = UNSIGNED[carrier]
    store_credentials(carrier, world.agency_id, secrets, meta)
    return CarrierNumbers(world, carrier)


def sign_from_now_on(numbers: CarrierNumbers) -> None:
    secrets, meta = UNSIGNED[numbers.carrier]
    keys = {"twilio": demo.TWILIO_AUTH_TOKEN, "signalwire": demo.SIGNALWIRE_SIGNING_KEY}
    store_credentials(numbers.carrier, numbers.agency_id, secrets | {"signing_key": keys[numbers.carrier]}, meta)


def with_an_agent(numbers: CarrierNumbers) -> int:
    return numbers.new_assistant(ultravox_agent_id=demo.ULTRAVOX_AGENT_ID)


def refused(answer: HttpAnswer) -> bool:
    assert (answer.status, answer.body["code"]) == (400, "assistant_not_ready"), answer.body
    return "signing_key" in answer.body["fix"]


def test_without_its_signing_key_an_account_answers_no_calls(unsigned: CarrierNumbers) -> None:
    number, by_hand = list(for_sale(unsigned.carrier))[:2]
    assistant = with_an_agent(unsigned)
    unsigned.buy_by_hand(by_hand)

    assert refused(unsigned.purchase(number, assistant_id=assistant))
    assert refused(unsigned.import_number(by_hand, assistant_id=assistant))
    assert refused(unsigned.import_number(by_hand, takeover=True))
    assert unsigned.bought(number) == 0
    assert unsigned.records == []
    unsigned.check()


def test_a_number_of_such_an_account_is_inactive_and_says_why(unsigned: CarrierNumbers) -> None:
    number, by_hand = list(for_sale(unsigned.carrier))[:2]
    unsigned.buy_by_hand(by_hand)

    answers = unsigned.purchase(number), unsigned.import_number(by_hand)

    for answer, each in zip(answers, (number, by_hand), strict=True):
        assert answer.status == 200, answer.body
        assert "signing_key" in answer.body["message"]
        assert unsigned.urls(each) == (None, None)
        assert unsigned.record(each).status == "INACTIVE"
    assert refused(unsigned.assign(number, with_an_agent(unsigned)))
    enabled = unsigned.post("/phone-numbers/webhooks", {"phone_number": number, "enable_sms": True}, method="PUT")
    assert refused(enabled)
    unsigned.check()


def test_once_the_key_is_stored_the_number_is_assigned_and_answers(unsigned: CarrierNumbers) -> None:
    number = next(for_sale(unsigned.carrier))
    unsigned.purchase(number)
    sign_from_now_on(unsigned)

    assert unsigned.assign(number, with_an_agent(unsigned)).status == 200

    assert unsigned.urls(number) == (TWIML, TWIML)
    assert unsigned.record(number).status == "ACTIVE"
    assert "<Connect>" in ask(unsigned, calling(unsigned, number)).body


@pytest.fixture
def losing(unsigned: CarrierNumbers) -> tuple[CarrierNumbers, str]:
    """A number that nothing is set on, whose account has its signing key; the carrier is not well for a request."""
    number = next(for_sale(unsigned.carrier))
    unsigned.purchase(number)
    sign_from_now_on(unsigned)
    unsigned.server.simulator.add_faults({"kind": "status", "status": 503, "method": "GET", "times": 3})
    return unsigned, number


def lose_the_signing_key(numbers: CarrierNumbers) -> None:
    """The account is stored anew, without it."""
    forget_configurations(numbers)
    store_credentials(numbers.carrier, numbers.agency_id, *UNSIGNED[numbers.carrier])


def test_an_assignment_whose_account_loses_its_signing_key_meanwhile_ends_with_nothing_wired(
    losing: tuple[CarrierNumbers, str],
) -> None:
    numbers, number = losing
    assistant = with_an_agent(numbers)
    assert numbers.assign(number, assistant).body["retry_scheduled"] is True
    lose_the_signing_key(numbers)

    numbers.world.settle(3, 60.0)

    # then it is as if the key had been lost later, which is told, and nothing holds the number
    record = numbers.record(number)
    assert numbers.operations_on(number)[-1].status == "SUCCEEDED"
    assert (record.assistant_id, record.status, record.operation_id) == (assistant, "INACTIVE", None)
    assert numbers.urls(number) == (None, None)
    issues = numbers.get(f"/phone-numbers/{number}/diagnose").body["issues"]
    assert any("signing_key" in issue for issue in issues)
    numbers.check()
    sign_from_now_on(numbers)
    assert numbers.assign(number, assistant).status == 200
    assert numbers.urls(number) == (TWIML, TWIML)


def test_webhooks_whose_account_loses_its_signing_key_meanwhile_stay_as_they_were(
    losing: tuple[CarrierNumbers, str],
) -> None:
    numbers, number = losing
    answer = numbers.post("/phone-numbers/webhooks", {"phone_number": number, "enable_sms": True}, method="PUT")
    assert answer.body["retry_scheduled"] is True
    lose_the_signing_key(numbers)

    numbers.world.settle(3, 60.0)

    operation = numbers.operations_on(number)[-1]
    assert (operation.status, operation.error["code"]) == ("ABANDONED", "assistant_not_ready")
    assert numbers.urls(number) == (None, None)
    assert numbers.record(number).operation_id is None
    numbers.check()


# A configuration that is gone


@pytest.fixture(params=(*CARRIERS, "telnyx"))
def stranded(request: pytest.FixtureRequest, world: World) -> tuple[CarrierNumbers, str]:
    """A number whose configuration was deleted, and its keys stored again: under another id."""
    carrier = request.param
    if carrier == "telnyx":
        world.telnyx.simulator.change_settings({"order_delay": 0.0})
        assert world.provision().status == 200
    else:
        store_credentials(carrier, world.agency_id)
    numbers = CarrierNumbers(world, carrier)
    number = next(local_numbers() if carrier == "telnyx" else for_sale(carrier))
    assert numbers.purchase(number).status == 200
    forget_configurations(numbers)
    restore(numbers)
    return numbers, number


def forget_configurations(numbers: CarrierNumbers) -> None:
    from telephony.models.provider_configurations import ProviderConfiguration

    for each in ProviderConfiguration.query(numbers.agency_id):
        if each.provider == numbers.carrier:
            each.delete()


def restore(numbers: CarrierNumbers) -> None:
    if numbers.carrier == "telnyx":
        numbers.world.store_credentials(numbers.agency_id)
    else:
        store_credentials(numbers.carrier, numbers.agency_id)


def store_another_account(numbers: CarrierNumbers) -> None:
    keys = {"telnyx": "KEYanother", "twilio": "AC" + "0" * 32, "signalwire": "another-project"}
    given = SECRETS.get(numbers.carrier, {}) | {"api_key": keys[numbers.carrier]}
    secret = {"twilio": "auth_token", "signalwire": "api_token"}.get(numbers.carrier)
    numbers.server.simulator.add_account(given["api_key"], {secret: given["api_secret"]} if secret else {})
    store_credentials(numbers.carrier, numbers.agency_id, given)


def moved(numbers: CarrierNumbers, number: str) -> bool:
    """Whether the record names the configuration that there is."""
    from telephony.models import provider_configurations

    ids = [each.id for each in provider_configurations.of_agency(numbers.agency_id) if each.provider == numbers.carrier]
    return [numbers.record(number).provider_configuration_id] == ids


def test_keys_stored_again_find_their_numbers(stranded: tuple[CarrierNumbers, str]) -> None:
    numbers, number = stranded

    diagnosis = numbers.get(f"/phone-numbers/{number}/diagnose")

    assert (diagnosis.status, diagnosis.body["carrier"] is not None) == (200, True)
    assert moved(numbers, number)
    assert numbers.get(f"/phone-numbers/{number}/webhooks").status == 200
    assert numbers.assign(number, with_an_agent(numbers)).status == 200
    numbers.check()


def test_a_number_is_released_by_keys_stored_again(stranded: tuple[CarrierNumbers, str]) -> None:
    numbers, number = stranded
    numbers.world.pass_time(31 * 86400)

    answer = numbers.release(number)

    assert answer.status == 200, answer.body
    assert numbers.at_carrier(number) is None
    assert moved(numbers, number)
    numbers.check()


def test_another_account_is_not_taken_for_the_one_with_the_number(stranded: tuple[CarrierNumbers, str]) -> None:
    # given another account at the carrier, which doesn't have the number
    numbers, number = stranded
    forget_configurations(numbers)
    store_another_account(numbers)
    before = numbers.record(number)

    answer = numbers.release(number)

    assert (answer.status, answer.body["code"]) == (400, "configuration_missing")
    assert "Store the credentials" in answer.body["fix"]
    after = numbers.record(number)
    assert (after.status, after.provider_configuration_id) == ("ACTIVE", before.provider_configuration_id)


def test_an_account_that_can_not_be_used_is_passed_over(world: World) -> None:
    store_credentials("twilio", world.agency_id)
    numbers = CarrierNumbers(world, "twilio")
    number = next(for_sale("twilio"))
    numbers.purchase(number)
    forget_configurations(numbers)
    store_credentials("twilio", world.agency_id, {"api_key": "AC" + "0" * 32, "api_secret": "wrong"})
    _second_configuration(numbers)

    assert numbers.release(number).status == 200
    assert numbers.record(number).provider_configuration_id == 5


def _second_configuration(numbers: CarrierNumbers) -> None:
    from telephony.bootstrap import container
    from telephony.models import provider_configurations
    from telephony.models.base import commit
    from telephony.models.provider_configurations import ProviderConfiguration

    first = provider_configurations.of_agency(numbers.agency_id)[-1]
    second = ProviderConfiguration(
        numbers.agency_id, first.id + 1, provider="twilio", name="Second", created_at=1, updated_at=1
    )
    second.hold(container().sealer, SECRETS["twilio"])
    commit(*provider_configurations.create(second))


@pytest.mark.parametrize("carrier", CARRIERS)
def test_a_stranded_number_answers_calls_that_its_account_signed(world: World, carrier: str) -> None:
    store_credentials(carrier, world.agency_id)
    numbers = CarrierNumbers(world, carrier)
    number = next(for_sale(carrier))
    assert numbers.purchase(number, assistant_id=with_an_agent(numbers)).status == 200
    forget_configurations(numbers)
    params = calling(numbers, number)
    assert ask(numbers, params).status == 401
    restore(numbers)

    assert "<Connect>" in ask(numbers, params).body
    assert ask(numbers, params | {"From": "+19005550100"}, sign(numbers, params)).status == 401


# Turns


@pytest.fixture
def turns(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The accounts that took a turn, one for each request."""
    from telephony.models import rate_limits

    taken: list[str] = []

    def take_turn(account: str, per_second: float, longest: float) -> float:
        taken.append(account)
        return 0.0

    monkeypatch.setattr(rate_limits, "take_turn", take_turn)
    return taken


Act = Callable[[CarrierNumbers, str], Any]

ACTS: dict[str, Act] = {
    "release": lambda numbers, number: numbers.release(number),
    "assign": lambda numbers, number: numbers.assign(number, with_an_agent(numbers)),
    "webhooks": lambda numbers, number: numbers.post(
        "/phone-numbers/webhooks", {"phone_number": number, "disable_sms": True}, method="PUT"
    ),
}


@pytest.mark.parametrize("name", ACTS)
@pytest.mark.parametrize("carrier", CARRIERS)
def test_what_the_queue_goes_on_with_takes_turns(world: World, carrier: str, name: str, turns: list[str]) -> None:
    # given a carrier that fails while a person waits
    store_credentials(carrier, world.agency_id)
    numbers = CarrierNumbers(world, carrier)
    number = next(for_sale(carrier))
    numbers.purchase(number)
    world.pass_time(31 * 86400)
    numbers.server.simulator.add_faults({"kind": "status", "status": 503, "times": 3})
    assert ACTS[name](numbers, number).body["retry_scheduled"] is True
    assert turns == []
    numbers.server.simulator.log.clear()

    world.settle(3, 10)

    assert turns == [numbers.record(number).carrier_account] * len(numbers.server.simulator.log)
    assert numbers.record(number).operation_id is None
    assert turns


def test_an_import_by_the_queue_takes_turns(world: World, turns: list[str]) -> None:
    store_credentials("twilio", world.agency_id)
    numbers = CarrierNumbers(world, "twilio")
    number = next(for_sale("twilio"))
    numbers.buy_by_hand(number)
    numbers.server.simulator.add_faults({"kind": "status", "status": 503, "times": 3, "method": "POST"})
    assert numbers.import_number(number).body["retry_scheduled"] is True
    numbers.server.simulator.log.clear()

    world.settle(3, 10)

    assert turns == [numbers.record(number).carrier_account] * len(numbers.server.simulator.log)
    assert numbers.record(number).status == "ACTIVE"
