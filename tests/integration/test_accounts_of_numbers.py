"""The carrier account of a number that is ours, or about to be: it can't go away or become another one under it."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from typing import Any

import pytest
from telephony.models import phone_configurations, provider_configurations
from telephony.models.base import commit
from telephony.models.phone_configurations import NumberStatus

from local.simulators import demo_accounts as demo
from tests.carriers import CarrierNumbers, for_sale, store_credentials
from tests.integration.provider_api import BODIES, Api
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


def first(monkeypatch: pytest.MonkeyPatch, what: str, act: Act) -> list[HttpAnswer]:
    """Lets somebody else act just before an operation is opened, or an account is changed."""
    from telephony.models import base
    from telephony.services import provider_accounts, rotation, saga, saving

    modules = {"an operation": [saga], "an account": [provider_accounts, saving, rotation]}[what]
    answers: list[HttpAnswer] = []

    def commit(*writes: Any) -> None:
        if not answers:
            answers.append(HttpAnswer(0, None, {}))
            answers[0] = act()
        base.commit(*writes)

    for module in modules:
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
    gone = first(monkeypatch, "an operation", lambda: GOING[going](api, account))
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
    first(monkeypatch, "an operation", lambda: api.delete(account))
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
    bought = first(monkeypatch, "an account", lambda: numbers.purchase(number))
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
    bought = first(monkeypatch, "an account", lambda: numbers.purchase(number))
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


# New keys


def keys_of_another_account(numbers: CarrierNumbers) -> dict[str, Any]:
    simulator = numbers.server.simulator
    if numbers.carrier == "telnyx":
        key = f"KEY{secrets.token_hex(16).upper()}_other"
        simulator.add_account(key)
        return {"api_key": key}
    if numbers.carrier == "twilio":
        sid, token = f"AC{secrets.token_hex(16)}", secrets.token_hex(16)
        simulator.add_account(sid, {"auth_token": token})
        return {"api_key": sid, "api_secret": token}
    project, token = "5f0d1a3e-0000-4000-8000-" + secrets.token_hex(6), f"PT{secrets.token_hex(22)}"
    simulator.add_account(project, {"api_token": token})
    return {"api_key": project, "api_secret": token}


def more_keys_of_the_account(numbers: CarrierNumbers, monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    if numbers.carrier == "telnyx":
        key = f"KEY{secrets.token_hex(16).upper()}_next"
        monkeypatch.setitem(numbers.server.simulator.state["accounts"], key, numbers.account)
        return {"api_key": key}
    name, token = {
        "twilio": ("auth_token", secrets.token_hex(16)),
        "signalwire": ("api_token", f"PT{secrets.token_hex(22)}"),
    }[numbers.carrier]
    monkeypatch.setitem(numbers.account, name, token)
    return {"api_secret": token}


@pytest.fixture
def bought(numbers: CarrierNumbers, number: str) -> str:
    assert numbers.purchase(number).status == 200
    return number


def test_keys_of_another_account_do_not_replace_those_of_live_numbers(
    numbers: CarrierNumbers, bought: str, api: Api, account: int
) -> None:
    # given
    before = api.records()
    # when
    answer = api.update(account, keys_of_another_account(numbers))
    # then
    assert (answer.status, answer.body["code"]) == (400, "numbers_in_another_account"), answer.body
    assert "validate: false" in answer.body["fix"]
    assert bought in answer.body["message"]
    assert api.records() == before
    # and the number is given back where it is
    numbers.world.pass_time(31 * 86400.0)
    assert numbers.release(bought).status == 200
    assert numbers.at_carrier(bought) is None


def test_unchecked_they_do_not_either_where_they_tell_their_account(
    numbers: CarrierNumbers, bought: str, api: Api, account: int
) -> None:
    answer = api.update(account, keys_of_another_account(numbers) | {"validate": False})
    if numbers.carrier == "telnyx":
        assert answer.status == 200
    else:
        assert (answer.status, answer.body["code"]) == (409, "provider_in_use"), answer.body
        assert answer.body["used_by"] == ["phone numbers"]


@pytest.mark.parametrize("validate", [True, False])
def test_other_keys_of_the_same_account_do(
    numbers: CarrierNumbers, bought: str, api: Api, account: int, monkeypatch: pytest.MonkeyPatch, validate: bool
) -> None:
    keys = more_keys_of_the_account(numbers, monkeypatch)
    answer = api.update(account, keys | {"validate": validate})
    assert answer.status == 200, answer.body
    numbers.world.pass_time(31 * 86400.0)
    assert numbers.release(bought).status == 200
    assert numbers.at_carrier(bought) is None


def test_without_numbers_any_account_will_do(numbers: CarrierNumbers, api: Api, account: int) -> None:
    assert api.update(account, keys_of_another_account(numbers)).status == 200


def test_one_of_the_numbers_is_enough(
    numbers: CarrierNumbers, bought: str, api: Api, account: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    # given a second number, which somebody has given back by hand
    given_back = list(for_sale(numbers.carrier))[1]
    assert numbers.purchase(given_back).status == 200
    there = numbers.at_carrier(given_back)
    owned = numbers.account["phone_numbers"]
    owned.pop(next(key for key, record in owned.items() if record is there))
    # then
    assert api.update(account, more_keys_of_the_account(numbers, monkeypatch)).status == 200


def test_keys_do_not_change_under_a_purchase_that_has_just_begun(
    numbers: CarrierNumbers, number: str, api: Api, account: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    # given somebody who has seen that the account has no numbers
    begun = first(monkeypatch, "an account", lambda: numbers.purchase(number))
    # when
    answer = api.update(account, keys_of_another_account(numbers) | {"validate": False})
    # then
    assert begun[0].status == 200
    assert (answer.status, answer.body["code"]) == (409, "conflict")


@pytest.mark.parametrize("numbers", ["telnyx"], indirect=True)
@pytest.mark.parametrize("same", [True, False])
def test_an_order_that_is_not_done_yet_counts(
    numbers: CarrierNumbers, number: str, api: Api, account: int, monkeypatch: pytest.MonkeyPatch, same: bool
) -> None:
    # given
    numbers.server.simulator.change_settings({"order_delay": 86400.0})
    assert numbers.purchase(number).body["purchase_details"]["status"] == "pending"
    # when
    keys = more_keys_of_the_account(numbers, monkeypatch) if same else keys_of_another_account(numbers)
    answer = api.update(account, keys)
    # then
    assert (answer.status, answer.body.get("code")) == ((200, None) if same else (400, "numbers_in_another_account"))


@pytest.mark.parametrize("numbers", ["twilio"], indirect=True)
def test_the_account_of_an_api_key_is_part_of_it(
    numbers: CarrierNumbers, bought: str, api: Api, account: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    # given the account's API key in the place of its token
    monkeypatch.setitem(numbers.account, "api_keys", {"SK" + "1" * 32: "keysecret"})
    of_the_account = [{"meta_key": "account_sid", "meta_value": demo.TWILIO_ACCOUNT_SID}]
    body = {"api_key": "SK" + "1" * 32, "api_secret": "keysecret", "meta_json": of_the_account, "validate": False}
    assert api.update(account, body).status == 200
    # when it is said to be another's
    other = [{"meta_key": "account_sid", "meta_value": "AC" + "0" * 32}]
    answers = [api.update(account, {"meta_json": other, "validate": validate}) for validate in (True, False)]
    # then
    assert [each.status for each in answers] == [400, 409]
    assert answers[1].body["code"] == "provider_in_use"


@pytest.mark.parametrize("numbers", ["telnyx"], indirect=True)
def test_the_application_is_no_proof_for_numbers_bought_before_it(
    numbers: CarrierNumbers, bought: str, api: Api, account: int, world: World
) -> None:
    # given telephony that was set up in another account than the number is in
    keys = keys_of_another_account(numbers)
    meta = [{"meta_key": "telnyx_public_key", "meta_value": demo.TELNYX_PUBLIC_KEY}]
    meta.append({"meta_key": "telnyx_account_sid", "meta_value": demo.TELNYX_ACCOUNT_SID})
    api.created({"name": "Other", "provider": 1, **keys, "meta_json": meta, "is_default": True})
    assert world.provision().status == 200
    # when its key is stored where the number's account is
    answer = api.update(account, {**keys, "is_default": True})
    # then
    assert (answer.status, answer.body["code"]) == (400, "numbers_in_another_account"), answer.body


# What became of the number outside


def test_a_number_that_was_bought_anew_is_given_back(numbers: CarrierNumbers, bought: str) -> None:
    # given a number that has another id at its carrier than we know
    numbers.world.pass_time(31 * 86400.0)
    numbers.renew(bought)
    # when
    answer = numbers.release(bought)
    # then
    assert (answer.status, numbers.record(bought).status) == (200, "RELEASED"), answer.body
    assert numbers.id_at_carrier(bought) is None


def test_a_number_that_was_transferred_is_given_back_where_it_is(
    numbers: CarrierNumbers, bought: str, api: Api, account: int
) -> None:
    # given another account of the agency, which has the number since
    keys = keys_of_another_account(numbers)
    there = numbers.server.simulator.account(keys["api_key"])
    numbers.world.pass_time(31 * 86400.0)
    numbers.renew(bought, there)
    assert api.delete(account, query="force=true").status == 204
    other = api.created(BODIES[numbers.carrier] | keys)
    # when somebody looks at it
    assert numbers.get(f"/phone-numbers/{bought}/webhooks").status == 200
    # then the record is the new account's
    record = numbers.record(bought)
    assert [record.provider_configuration_id, record.provider_phone_number_id] == [other, *there["phone_numbers"]]
    # and it is given back
    assert numbers.release(bought).status == 200
    assert there["phone_numbers"] == {}
    numbers.check()


def store_again(numbers: CarrierNumbers, api: Api, account: int, **changes: Any) -> int:
    """The account is deleted with all that needs it, and made anew."""
    assert api.delete(account, query="force=true").status == 204
    return int(api.created(BODIES[numbers.carrier] | changes))


@pytest.mark.parametrize("active", [True, False])
def test_a_number_that_is_gone_counts_as_released_though_its_account_was_stored_again(
    numbers: CarrierNumbers, bought: str, api: Api, account: int, active: bool
) -> None:
    # given a number that somebody gave back by hand
    numbers.account["phone_numbers"].clear()
    again = store_again(numbers, api, account, active=active)
    # when
    answer = numbers.release(bought)
    # then
    assert answer.status == 200, answer.body
    record = numbers.record(bought)
    assert (record.status, record.provider_configuration_id) == ("RELEASED", again)
    assert numbers.limits["numbers"] == 0
    numbers.check()


@pytest.mark.parametrize("numbers", CARRIERS[1:], indirect=True)
def test_so_does_one_that_was_imported(numbers: CarrierNumbers, number: str, api: Api, account: int) -> None:
    numbers.buy_by_hand(number)
    assert numbers.import_number(number).status == 200
    numbers.account["phone_numbers"].clear()
    store_again(numbers, api, account)
    assert numbers.release(number).status == 200
    assert numbers.record(number).status == "RELEASED"


def test_so_does_one_that_another_account_took_over(
    numbers: CarrierNumbers, bought: str, api: Api, account: int
) -> None:
    # given a number that was transferred, and looked at there
    keys = keys_of_another_account(numbers)
    there = numbers.server.simulator.account(keys["api_key"])
    numbers.renew(bought, there)
    other = store_again(numbers, api, account, **keys)
    assert numbers.get(f"/phone-numbers/{bought}/webhooks").status == 200
    # when it is gone from there, and that account is stored again beside the first
    there["phone_numbers"].clear()
    again = store_again(numbers, api, other, **keys)
    api.created(BODIES[numbers.carrier] | {"name": "First"})
    # then
    assert numbers.release(bought).status == 200
    assert numbers.record(bought).provider_configuration_id == again
    numbers.check()


def test_the_account_that_has_the_number_goes_before_the_one_that_bought_it(
    numbers: CarrierNumbers, bought: str, api: Api, account: int
) -> None:
    # given a number that was transferred, and both accounts stored
    keys = keys_of_another_account(numbers)
    there = numbers.server.simulator.account(keys["api_key"])
    numbers.world.pass_time(31 * 86400.0)
    numbers.renew(bought, there)
    store_again(numbers, api, account)
    other = api.created(BODIES[numbers.carrier] | keys | {"name": "Other"})
    # when
    assert numbers.release(bought).status == 200
    # then it is not billed on
    assert there["phone_numbers"] == {}
    assert numbers.record(bought).provider_configuration_id == other


def test_an_account_whose_keys_were_replaced_is_known_again_by_its_name_alone(
    numbers: CarrierNumbers, bought: str, api: Api, account: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    # given new keys of the same account, and a number that is gone there
    keys = more_keys_of_the_account(numbers, monkeypatch)
    assert api.update(account, keys).status == 200
    numbers.account["phone_numbers"].clear()
    store_again(numbers, api, account, **keys)
    # when
    answer = numbers.release(bought)
    # then Telnyx, which names no account, may have it in another one
    told = (400, "configuration_missing") if numbers.carrier == "telnyx" else (200, None)
    assert (answer.status, answer.body.get("code")) == told, answer.body


@pytest.mark.parametrize("numbers", ["telnyx"], indirect=True)
@pytest.mark.parametrize("fails", [True, False])
def test_an_open_order_ends_though_its_account_was_stored_again(
    numbers: CarrierNumbers, number: str, api: Api, account: int, fails: bool
) -> None:
    # given
    numbers.server.simulator.change_settings({"order_delay": 3600.0})
    numbers.account["failing_numbers"] = [number] if fails else []
    assert numbers.purchase(number).body["purchase_details"]["status"] == "pending"
    again = store_again(numbers, api, account)
    # when
    numbers.world.settle(6, 4000.0)
    # then
    [operation] = numbers.operations_on(number)
    record = numbers.record(number)
    assert record.provider_configuration_id == again
    if fails:
        assert (operation.status, record.status) == ("ABANDONED", "RELEASED")
        assert numbers.limits == {"numbers": 0, "monthly_totals": {}, "open_operations": 0}
    else:
        assert operation.status == "SUCCEEDED"
        assert record.provider_phone_number_id == numbers.id_at_carrier(number)
    numbers.check()


@pytest.mark.parametrize("numbers", ["telnyx"], indirect=True)
def test_no_table_tells_the_key_that_names_the_account(numbers: CarrierNumbers, number: str) -> None:
    # given an order that the queue looked after, in its turn
    numbers.server.simulator.change_settings({"order_delay": 300.0})
    assert numbers.purchase(number).status == 200
    numbers.world.settle(rounds=6)
    # then
    stored = str(numbers.world.stored())
    digest = numbers.record(number).carrier_account
    assert f"'rate#{digest}'" in stored
    assert numbers.key not in stored


# While the account is inactive


def listed(numbers: CarrierNumbers, status: str) -> list[str]:
    """The numbers of a status, as the API lists them; their count is that of the list."""
    query = f"status={status}"
    answer = numbers.world.call(
        "phone_configurations", "GET", "/phone-configurations", token=numbers.token, query=query
    )
    shown = [each["phoneNumber"] for each in answer.body["data"]["data"]]
    assert answer.body["data"]["meta"]["totalCount"] == len(shown)
    return shown


def inactive_without_wire(numbers: CarrierNumbers) -> str:
    """A number of ours that is INACTIVE for another reason."""
    number = list(for_sale(numbers.carrier))[1]
    assert numbers.purchase(number).status == 200
    record = numbers.record(number)
    commit(*phone_configurations.replace(record, NumberStatus.INACTIVE))
    return number


def test_numbers_are_suspended_with_their_account_and_restored_with_it(
    numbers: CarrierNumbers, number: str, api: Api, account: int
) -> None:
    # given a number that is ready for calls, and one that isn't
    assert numbers.purchase(number).status == 200
    commit(*phone_configurations.replace(numbers.record(number), NumberStatus.ACTIVE))
    other = inactive_without_wire(numbers)
    # when
    assert api.update(account, {"active": False}).status == 200
    numbers.world.run_queue()
    # then the record says so, and the counts fit
    assert (listed(numbers, "SUSPENDED"), listed(numbers, "ACTIVE"), listed(numbers, "INACTIVE")) == (
        [number],
        [],
        [other],
    )
    assert numbers.audit(number)[-1] == "number.suspended"
    numbers.check()
    # and when it is active again
    assert api.update(account, {"active": True}).status == 200
    numbers.world.run_queue()
    # then each is what it was
    assert (listed(numbers, "SUSPENDED"), listed(numbers, "ACTIVE"), listed(numbers, "INACTIVE")) == (
        [],
        [number],
        [other],
    )
    assert numbers.audit(number)[-1] == "number.restored"
    numbers.check()


@pytest.mark.parametrize("active", [True, False])
def test_a_number_follows_the_account_that_takes_it_over(
    numbers: CarrierNumbers, bought: str, api: Api, account: int, active: bool
) -> None:
    # given a number whose account was deleted, suspended if the next one is active
    commit(*phone_configurations.replace(numbers.record(bought), NumberStatus.ACTIVE))
    assert api.update(account, {"active": not active}).status == 200
    numbers.world.run_queue()
    assert listed(numbers, "ACTIVE" if not active else "SUSPENDED") == [bought]
    assert api.delete(account, query="force=true").status == 204
    # when the same account is stored anew, and the number is looked at
    api.created(BODIES[numbers.carrier] | {"active": active})
    assert numbers.get(f"/phone-numbers/{bought}/webhooks").status == 200
    # then
    assert listed(numbers, "ACTIVE" if active else "SUSPENDED") == [bought]
    assert numbers.record(bought).follows_inactive is not active
    numbers.check()


def test_what_the_carrier_has_suspended_stays_so(numbers: CarrierNumbers, bought: str, api: Api, account: int) -> None:
    commit(*phone_configurations.replace(numbers.record(bought), NumberStatus.SUSPENDED))
    for active in (False, True):
        assert api.update(account, {"active": active}).status == 200
        numbers.world.run_queue()
        assert listed(numbers, "SUSPENDED") == [bought]
    numbers.check()


def test_a_number_that_becomes_ready_meanwhile_is_ready_when_the_account_is_back(
    numbers: CarrierNumbers, api: Api, account: int
) -> None:
    # given a number of an inactive account
    number = inactive_without_wire(numbers)
    api.update(account, {"active": False})
    numbers.world.run_queue()
    # when it becomes ready for calls
    commit(*phone_configurations.replace(numbers.record(number), NumberStatus.ACTIVE))
    # then only when its account is back
    assert listed(numbers, "SUSPENDED") == [number]
    api.update(account, {"active": True})
    numbers.world.run_queue()
    assert listed(numbers, "ACTIVE") == [number]
    numbers.check()


def test_a_suspended_number_is_released(numbers: CarrierNumbers, bought: str, api: Api, account: int) -> None:
    api.update(account, {"active": False})
    numbers.world.run_queue()
    numbers.world.pass_time(31 * 86400.0)
    assert numbers.release(bought).status == 200
    assert numbers.record(bought).status == "RELEASED"
    numbers.check()


@pytest.mark.parametrize("numbers", ["telnyx"], indirect=True)
def test_a_purchase_that_is_under_way_is_waited_for(
    numbers: CarrierNumbers, number: str, api: Api, account: int
) -> None:
    # given an order that is not done yet
    numbers.server.simulator.change_settings({"order_delay": 300.0})
    assert numbers.purchase(number).status == 200
    # when
    api.update(account, {"active": False})
    numbers.world.run_queue()
    assert numbers.record(number).status == "PENDING"
    numbers.world.settle(rounds=6)
    # then the number follows as soon as it is there
    record = numbers.record(number)
    assert record.follows_inactive
    assert record.status != "ACTIVE"
    assert {each.status for each in numbers.operations} == {"SUCCEEDED"}
    numbers.check()


def test_the_last_change_of_the_account_wins(
    numbers: CarrierNumbers, bought: str, api: Api, account: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    # given a worker that is about to suspend the number, and an owner who changes their mind
    from telephony.services import account_states

    commit(*phone_configurations.replace(numbers.record(bought), NumberStatus.ACTIVE))
    api.update(account, {"active": False})
    changed: list[int] = []

    def change_first(*writes: Any) -> None:
        if not changed:
            changed.append(0)
            changed[0] = api.update(account, {"active": True}).status
        commit(*writes)

    monkeypatch.setattr(account_states, "commit", change_first)
    # when
    numbers.world.settle(rounds=3)
    # then
    assert changed == [200]
    assert listed(numbers, "ACTIVE") == [bought]
    assert {each.status for each in numbers.operations} == {"SUCCEEDED"}
    numbers.check()


def test_numbers_follow_though_the_wake_up_is_lost(
    numbers: CarrierNumbers, bought: str, api: Api, account: int
) -> None:
    commit(*phone_configurations.replace(numbers.record(bought), NumberStatus.ACTIVE))
    api.update(account, {"active": False})
    numbers.world.lose_messages()
    numbers.world.settle(rounds=2)
    assert listed(numbers, "SUSPENDED") == [bought]


def test_an_account_does_not_become_inactive_under_a_purchase_that_has_just_begun(
    numbers: CarrierNumbers, number: str, api: Api, account: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun = first(monkeypatch, "an account", lambda: numbers.purchase(number))
    answer = api.update(account, {"active": False})
    assert begun[0].status == 200
    assert (answer.status, answer.body["code"], answer.body["retryable"]) == (409, "conflict", True)
    assert api.update(account, {"active": False}).status == 200
