"""The carrier account of a number that is ours, or about to be: it can't go away or become another one under it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from telephony.models import provider_configurations

from tests.carriers import CarrierNumbers, for_sale, store_credentials
from tests.integration.provider_api import Api
from tests.world import HttpAnswer, World

CARRIERS = ("telnyx", "twilio", "signalwire")

Act = Callable[[], HttpAnswer]


@pytest.fixture(params=CARRIERS)
def numbers(request: pytest.FixtureRequest, world: World) -> CarrierNumbers:
    """An agency with an account at the carrier, whose orders are done at once."""
    if request.param != "telnyx":
        store_credentials(request.param, world.agency_id)
    world.telnyx.simulator.change_settings({"order_delay": 0.0})
    return CarrierNumbers(world, request.param)


@pytest.fixture
def number(numbers: CarrierNumbers) -> str:
    return next(for_sale(numbers.carrier))


@pytest.fixture
def api(world: World) -> Api:
    return Api(world, world.agency_id, world.tokens)


@pytest.fixture
def account(numbers: CarrierNumbers, api: Api) -> int:
    """The configuration's id."""
    [found] = [
        each["id"]
        for each in api.listed().body["data"]
        if each["provider_details"]["name"].lower() == numbers.carrier and each["is_default"]
    ]
    return int(found)


def first(monkeypatch: pytest.MonkeyPatch, service: str, act: Act) -> list[HttpAnswer]:
    """Lets somebody else act just before the next commit of a service."""
    from telephony.models import base
    from telephony.services import provider_accounts, saga

    module = {"saga": saga, "provider_accounts": provider_accounts}[service]
    answers: list[HttpAnswer] = []

    def commit(*writes: Any) -> None:
        if not answers:
            answers.append(HttpAnswer(0, None, {}))
            answers[0] = act()
        base.commit(*writes)

    monkeypatch.setattr(module, "commit", commit)
    return answers


# An account that goes away between the quote and the order

GOING: dict[str, Callable[[Api, int], HttpAnswer]] = {
    "deleted": lambda api, id: api.delete(id),
    "another account's": lambda api, id: api.update(id, {"api_key": "KEY" + "0" * 40, "validate": False}),
    "inactive": lambda api, id: api.update(id, {"active": False}),
}


@pytest.mark.parametrize("going", GOING)
def test_nothing_is_bought_with_an_account_that_has_just_gone(
    numbers: CarrierNumbers, number: str, api: Api, account: int, monkeypatch: pytest.MonkeyPatch, going: str
) -> None:
    # given a purchase that has read the account, and an owner who is faster by a hair
    gone = first(monkeypatch, "saga", lambda: GOING[going](api, account))
    # when
    answer = numbers.purchase(number)
    # then
    assert gone[0].status in (200, 204)
    assert (answer.status, answer.body["code"], answer.body["retryable"]) == (409, "conflict", True), answer.body
    assert (numbers.bought(number), numbers.records) == (0, [])
    numbers.check()


@pytest.mark.parametrize("numbers", CARRIERS[1:], indirect=True)
def test_nothing_is_imported_into_an_account_that_has_just_gone(
    numbers: CarrierNumbers, number: str, api: Api, account: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    numbers.buy_by_hand(number)
    first(monkeypatch, "saga", lambda: api.delete(account))
    answer = numbers.import_number(number)
    assert (answer.status, answer.body["code"]) == (409, "conflict"), answer.body
    assert numbers.records == []
    numbers.check()


def test_a_number_of_a_batch_is_bought_with_the_account_as_it_has_become(
    numbers: CarrierNumbers, number: str, api: Api, account: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    # given a batch that waits for the queue, and an account that is renamed as the worker takes up its number
    accepted = numbers.batch([{"phone_number": number}])
    assert accepted.status == 202
    counted, changed = provider_configurations.count_number, []

    def rename_first(*arguments: Any, **rest: Any) -> Any:
        if not changed:
            changed.append(api.update(account, {"name": "Renamed"}).status)
        return counted(*arguments, **rest)

    monkeypatch.setattr(provider_configurations, "count_number", rename_first)
    # when
    numbers.world.settle(rounds=3)
    # then the first try was in vain
    assert changed == [200]
    [purchase] = numbers.operations_on(number)
    assert (purchase.status, numbers.bought(number)) == ("SUCCEEDED", 1)
    numbers.check()


def test_an_account_is_not_deleted_under_a_number_that_is_just_being_bought(
    numbers: CarrierNumbers, number: str, api: Api, account: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    # given somebody who has seen that the account has no numbers
    bought = first(monkeypatch, "provider_accounts", lambda: numbers.purchase(number))
    # when
    refused = api.delete(account)
    # then
    assert bought[0].status == 200, bought[0].body
    assert (refused.status, refused.body["code"]) == (409, "conflict")
    assert numbers.release(number).status == 200
    numbers.check()


def test_a_change_that_overlaps_with_a_purchase_leaves_the_count_alone(
    numbers: CarrierNumbers, number: str, api: Api, account: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    bought = first(monkeypatch, "provider_accounts", lambda: numbers.purchase(number))
    renamed = api.update(account, {"name": "Renamed"})
    assert (bought[0].status, renamed.status) == (200, 200)
    numbers.check()
    assert api.delete(account).body["code"] == "provider_in_use"


def test_an_account_without_numbers_any_more_may_go(
    numbers: CarrierNumbers, number: str, api: Api, account: int
) -> None:
    # given
    assert numbers.purchase(number).status == 200
    refused = api.delete(account)
    assert (refused.status, refused.body["used_by"]) == (409, ["phone numbers"])
    # when
    numbers.world.pass_time(31 * 86400.0)
    assert numbers.release(number).body["message"] == "Phone number released successfully"
    # then
    assert api.delete(account).status == 204


def test_an_account_of_many_numbers_is_refused_without_looking_at_them(
    numbers: CarrierNumbers, api: Api, account: int, reads: list[tuple[str, int]]
) -> None:
    # given
    from telephony.models.provider_configurations import ProviderConfiguration

    ProviderConfiguration(numbers.agency_id, account).update([ProviderConfiguration.numbers.set(2000)])
    token = numbers.token
    reads.clear()
    # when
    assert api.delete(account, token=token).body["code"] == "provider_in_use"
    # then caller, agency and configurations are all that is read
    assert [operation for operation, _ in reads] == ["GetItem", "GetItem", "Query"]
