"""The inventory against the carriers' own lists: every kind of drift is told, and adopted only when asked."""

from __future__ import annotations

import json
import subprocess
import sys
from copy import deepcopy
from typing import Any

import pytest
import requests
from telephony.models import provider_configurations
from telephony.models.base import commit
from telephony.models.phone_configurations import NumberStatus, replace
from telephony.providers import transport
from telephony.providers.base import NumberProvider
from telephony.services import reconciling
from telephony.values import ProviderType

from local.simulators.store import Record
from tests.carriers import CARRIERS, TWIML, CarrierNumbers, for_sale, store_credentials
from tests.integration.conftest import Setting
from tests.integration.provider_api import BODIES, Api
from tests.numbers import Numbers, local_numbers
from tests.world import PUBLIC_BASE_URL, ROOT, World

THEIRS = "https://theirs.example.com/voice"


@pytest.fixture(params=CARRIERS)
def numbers(request: pytest.FixtureRequest, world: World) -> CarrierNumbers:
    store_credentials(request.param, world.agency_id)
    return CarrierNumbers(world, request.param)


def reconcile(numbers: Numbers, *, adopt: bool = False) -> dict[str, Any]:
    from telephony.bootstrap import container
    from telephony.clock import Deadline

    report = container().reconciling.reconcile(numbers.agency_id, "test", Deadline.after(60), adopt=adopt)
    return report.summary()


def account_of(numbers: CarrierNumbers) -> NumberProvider:
    """What the account is read with."""
    from telephony.bootstrap import container
    from telephony.clock import Deadline

    accounts, deadline = container().accounts, Deadline.after(60)
    configuration = accounts.choose(provider_configurations.of_agency(numbers.agency_id), ProviderType(numbers.carrier))
    return accounts.client(accounts.open(configuration), deadline)


def bought(numbers: CarrierNumbers, count: int) -> list[str]:
    """So many numbers of ours, bought long ago."""
    wanted = list(for_sale(numbers.carrier))[:count]
    for number in wanted:
        assert numbers.purchase(number).status == 200
    numbers.world.pass_time(3600)
    return wanted


def there(numbers: Numbers, number: str) -> Record:
    record = numbers.at_carrier(number)
    assert record is not None
    return record


def voice_url(numbers: CarrierNumbers) -> str:
    return "voice_url" if numbers.carrier == "twilio" else "call_request_url"


def test_what_agrees_is_no_difference(numbers: CarrierNumbers) -> None:
    bought(numbers, 2)

    report = reconcile(numbers)

    assert (report["numbers_at_carriers"], report["numbers_recorded"], report["differences"]) == (2, 2, 0)
    assert set(report["counts"].values()) == {0}


def test_every_kind_of_drift_is_told_and_nothing_is_changed(numbers: CarrierNumbers) -> None:
    # given a number of ours that is gone, one whose calls go elsewhere, one bought by hand
    gone, rewired, _ = bought(numbers, 3)
    by_hand = list(for_sale(numbers.carrier))[5]
    numbers.buy_by_hand(by_hand)
    account = numbers.account["phone_numbers"]
    del account[there(numbers, gone)["sid" if numbers.carrier == "twilio" else "id"]]
    there(numbers, rewired)[voice_url(numbers)] = THEIRS
    records, effects = [each.revision for each in numbers.records], len(numbers.world.effects(numbers.carrier))

    report = reconcile(numbers)

    named = {name: [each["phone_number"] for each in report[name]] for name in ("theirs_not_ours", "ours_not_theirs")}
    assert named == {"theirs_not_ours": [by_hand], "ours_not_theirs": [gone]}
    [webhook] = report["webhooks"]
    assert (webhook["phone_number"], webhook["field"], webhook["at_carrier"]) == (rewired, "voice_url", THEIRS)
    assert report["differences"] == 3
    assert (report["status"], report["price"], report["adopted"], report["failed"]) == ([], [], [], [])
    assert [each.revision for each in numbers.records] == records
    assert len(numbers.world.effects(numbers.carrier)) == effects


def test_an_account_of_a_thousand_numbers_is_read(numbers: CarrierNumbers, monkeypatch: pytest.MonkeyPatch) -> None:
    # given
    [number] = bought(numbers, 1)
    pattern, owned = there(numbers, number), numbers.account["phone_numbers"]
    id_name, number_name = ("sid", "phone_number") if numbers.carrier == "twilio" else ("id", "number")
    for position in range(999):
        e164 = f"+1212{2_000_000 + position}"
        made = deepcopy(pattern) | {id_name: f"{position:034d}", number_name: e164, "_e164": e164}
        owned[made[id_name]] = made
    pages: list[int] = []

    def measured(response: requests.Response) -> transport.Answer:
        pages.append(len(response.content))
        return transport.Answer(response.status_code, response.json(), response.headers)

    monkeypatch.setattr(transport, "_read", measured)
    # when
    listed = account_of(numbers).all_owned()
    # then no page is near what is read of an answer
    assert len({each.phone_number for each in listed}) == 1000
    assert max(pages) < transport.MAX_ANSWER_BYTES / 2


def test_another_id_is_told_and_adopted(numbers: CarrierNumbers) -> None:
    # given a number that was given back and bought anew in the carrier's console
    [number] = bought(numbers, 1)
    before = numbers.record(number).provider_phone_number_id
    numbers.renew(number)

    [told] = reconcile(numbers)["ids"]
    report = reconcile(numbers, adopt=True)

    now = numbers.id_at_carrier(number)
    assert (told["phone_number"], told["recorded"], told["at_carrier"]) == (number, before, now)
    assert (report["differences"], report["adopted"]) == (1, [{"phone_number": number}])
    assert (numbers.record(number).provider_phone_number_id, reconcile(numbers)["differences"]) == (now, 0)
    numbers.check()


def test_a_price_that_has_changed_is_told(world: World) -> None:
    store_credentials("twilio", world.agency_id)
    numbers = CarrierNumbers(world, "twilio")
    [number] = bought(numbers, 1)
    numbers.server.simulator.add_faults(
        {
            "kind": "status",
            "status": 200,
            "path": "PhoneNumbers/Countries/US",
            "body": {
                "price_unit": "USD",
                "phone_number_prices": [{"number_type": "local", "base_price": "1.15", "current_price": "1.15"}],
            },
            "times": 2,
        }
    )

    told = reconcile(numbers)["price"]
    adopted = reconcile(numbers, adopt=True)["adopted"]

    assert [(each["phone_number"], each["recorded"], each["at_carrier"]) for each in told] == [(number, 1.0, 1.15)]
    assert adopted == [{"phone_number": number}]
    assert numbers.record(number).monthly_price == 11_500
    numbers.check()


def test_adopting_brings_our_records_in_step_and_nothing_else(numbers: CarrierNumbers) -> None:
    gone, rewired, _ = bought(numbers, 3)
    by_hand = list(for_sale(numbers.carrier))[5]
    numbers.buy_by_hand(by_hand)
    account = numbers.account["phone_numbers"]
    del account[there(numbers, gone)["sid" if numbers.carrier == "twilio" else "id"]]
    there(numbers, rewired)[voice_url(numbers)] = THEIRS
    effects = len(numbers.world.effects(numbers.carrier))

    report = reconcile(numbers, adopt=True)

    assert sorted(each["phone_number"] for each in report["adopted"]) == sorted([rewired, by_hand])
    assert (numbers.record(rewired).status, numbers.record(rewired).voice_url) == ("INACTIVE", THEIRS)
    assert (numbers.record(by_hand).status, numbers.record(by_hand).is_imported) == ("INACTIVE", True)
    assert numbers.record(gone).status == "ACTIVE"  # told, never released
    assert len(numbers.world.effects(numbers.carrier)) == effects
    numbers.check()
    again = reconcile(numbers)
    assert [each["phone_number"] for each in again["ours_not_theirs"]] == [gone]
    assert again["differences"] == 1


def wired_to_us(numbers: CarrierNumbers) -> dict[str, str]:
    if numbers.carrier == "twilio":
        return {"voice_url": TWIML, "sms_url": TWIML}
    return {
        "call_request_url": TWIML,
        "call_handler": "laml_webhooks",
        "message_request_url": TWIML,
        "message_handler": "laml_webhooks",
    }


@pytest.mark.parametrize("base_url", [PUBLIC_BASE_URL, ""], ids=["known", "unknown"])
def test_a_number_that_calls_us_already_is_adopted_as_active(
    numbers: CarrierNumbers, setting: Setting, base_url: str
) -> None:
    setting(PUBLIC_BASE_URL=base_url)
    number = next(for_sale(numbers.carrier))
    numbers.buy_by_hand(number, **wired_to_us(numbers))

    assert reconcile(numbers, adopt=True)["adopted"] == [{"phone_number": number}]

    assert (numbers.record(number).status, numbers.record(number).metadata) == ("ACTIVE", {})
    assert reconcile(numbers)["differences"] == 0


def test_a_number_that_was_wired_to_us_by_hand_is_told_and_adopted(numbers: CarrierNumbers) -> None:
    # given a number that was imported without webhooks of ours
    number = next(for_sale(numbers.carrier))
    theirs = {"voice_url": THEIRS} if numbers.carrier == "twilio" else {"call_request_url": THEIRS}
    numbers.buy_by_hand(number, **wired_to_us(numbers) | theirs)
    numbers.import_number(number)
    assert numbers.record(number).status == "INACTIVE"
    assert reconcile(numbers)["differences"] == 0
    there(numbers, number)[voice_url(numbers)] = TWIML

    reconcile(numbers, adopt=True)

    assert numbers.record(number).status == "ACTIVE"
    assert reconcile(numbers)["differences"] == 0


def test_a_status_that_differs_alone_is_told(numbers: CarrierNumbers) -> None:
    # given a number that is wired, and whose record doesn't say so
    [number] = bought(numbers, 1)
    record = numbers.record(number)
    commit(*replace(record, NumberStatus.INACTIVE))

    [told] = reconcile(numbers)["status"]

    assert (told["phone_number"], told["recorded"], told["at_carrier"]) == (number, "INACTIVE", "active")
    reconcile(numbers, adopt=True)
    assert numbers.record(number).status == "ACTIVE"
    numbers.check()


def test_a_trunk_that_takes_the_calls_is_told_once_it_is_recorded_no_more(numbers: CarrierNumbers) -> None:
    [number] = bought(numbers, 1)
    there(numbers, number).update(
        {"trunk_sid": "TK" + "a" * 32} if numbers.carrier == "twilio" else {"call_handler": "relay_script"}
    )

    report = reconcile(numbers, adopt=True)

    assert [each["field"] for each in report["webhooks"]] == ["overridden_by"]
    assert numbers.record(number).status == "INACTIVE"
    assert reconcile(numbers)["differences"] == 0


def test_a_record_that_changes_meanwhile_keeps_no_other_from_being_adopted(
    numbers: CarrierNumbers, monkeypatch: pytest.MonkeyPatch
) -> None:
    # given two numbers whose calls go elsewhere, one of which somebody renames while the accounts are read
    first, second = bought(numbers, 2)
    for number in (first, second):
        there(numbers, number)[voice_url(numbers)] = THEIRS
    read = reconciling._Account.read

    def renamed_meanwhile(*given: Any) -> None:
        read(*given)
        record = numbers.record(first)
        record.friendly_name = "Renamed"
        commit(*replace(record))

    monkeypatch.setattr(reconciling._Account, "read", renamed_meanwhile)

    adopted = reconcile(numbers, adopt=True)["adopted"]

    assert {each["phone_number"]: each.get("code") for each in adopted} == {first: "conflict", second: None}
    assert (numbers.record(first).status, numbers.record(second).status) == ("ACTIVE", "INACTIVE")


def test_a_price_in_another_currency_is_told_and_not_added_up(world: World) -> None:
    store_credentials("twilio", world.agency_id)
    numbers = CarrierNumbers(world, "twilio")
    [number] = bought(numbers, 1)
    prices = {"price_unit": "EUR", "phone_number_prices": [{"number_type": "local", "current_price": "2.00"}]}
    fault = {"kind": "status", "status": 200, "path": "PhoneNumbers/Countries/US", "body": prices, "times": 2}
    numbers.server.simulator.add_faults(fault)

    report = reconcile(numbers, adopt=True)

    assert [each["currency"] for each in report["price"]] == ["EUR"]
    assert report["adopted"] == []
    assert (numbers.record(number).monthly_price, numbers.record(number).currency) == (10_000, "USD")
    numbers.check()


def test_a_number_of_another_agency_in_a_shared_account_is_nobodys_drift(numbers: CarrierNumbers) -> None:
    bought(numbers, 1)
    other_id, _ = numbers.world.new_agency("Other", credentials=False)
    store_credentials(numbers.carrier, other_id)
    other = CarrierNumbers(numbers.world, numbers.carrier, other_id)

    report = reconcile(other, adopt=True)

    assert (report["numbers_at_carriers"], report["differences"], report["adopted"]) == (1, 0, [])
    assert other.records == []


def test_a_number_just_bought_is_not_missed(numbers: CarrierNumbers) -> None:
    """Carriers list late."""
    number = next(for_sale(numbers.carrier))
    numbers.server.simulator.change_settings({"listing_lag": 60.0})
    numbers.purchase(number)

    assert reconcile(numbers)["ours_not_theirs"] == []


def test_an_account_that_cannot_be_read_is_named(numbers: CarrierNumbers) -> None:
    bought(numbers, 1)
    store_credentials(numbers.carrier, numbers.agency_id, {"api_key": numbers.key, "api_secret": "wrong"})

    report = reconcile(numbers, adopt=True)

    [failed] = [each for each in report["failed"] if each["provider"] == numbers.carrier]
    assert failed["code"] == "invalid_provider_credentials"
    assert report["ours_not_theirs"] == []


@pytest.mark.parametrize("active", [True, False])
def test_numbers_whose_configuration_is_gone_are_looked_for_in_the_others(
    numbers: CarrierNumbers, active: bool
) -> None:
    # given an account that was deleted and stored anew, and one of its two numbers given back meanwhile
    kept, gone = bought(numbers, 2)
    api = Api(numbers.world, numbers.agency_id, numbers.world.tokens)
    account = int(numbers.record(gone).provider_configuration_id)
    assert api.delete(account, query="force=true").status == 204
    alone = reconcile(numbers)["ours_not_theirs"]
    api.created(BODIES[numbers.carrier] | {"active": active})
    del numbers.account["phone_numbers"][numbers.id_at_carrier(gone)]

    report = reconcile(numbers)

    assert sorted(each["phone_number"] for each in alone) == sorted([kept, gone])
    assert [each["phone_number"] for each in report["ours_not_theirs"]] == [gone]
    assert (report["differences"], report["failed"]) == (1, [])


def test_they_are_not_missed_while_an_account_cannot_be_read(numbers: CarrierNumbers) -> None:
    [number] = bought(numbers, 1)
    api = Api(numbers.world, numbers.agency_id, numbers.world.tokens)
    account = int(numbers.record(number).provider_configuration_id)
    assert api.delete(account, query="force=true").status == 204
    store_credentials(numbers.carrier, numbers.agency_id, {"api_key": numbers.key, "api_secret": "wrong"})

    report = reconcile(numbers)

    assert [each["code"] for each in report["failed"]] == ["invalid_provider_credentials"]
    assert report["ours_not_theirs"] == []


def test_a_suspended_telnyx_number_is_told_and_adopted(world: World) -> None:
    world.telnyx.simulator.change_settings({"order_delay": 0.0})
    world.provision()
    numbers = Numbers(world)
    number = next(local_numbers())
    numbers.purchase(number)
    there(numbers, number)["status"] = "emergency-only"

    [told] = reconcile(numbers)["status"]
    reconcile(numbers, adopt=True)

    assert (told["phone_number"], told["recorded"], told["at_carrier"]) == (number, "ACTIVE", "suspended")
    assert numbers.record(number).status == "SUSPENDED"
    there(numbers, number)["status"] = "active"
    reconcile(numbers, adopt=True)
    assert numbers.record(number).status == "ACTIVE"
    there(numbers, number)["status"] = "provision-pending"
    [told] = reconcile(numbers, adopt=True)["status"]
    assert (told["recorded"], told["at_carrier"]) == ("ACTIVE", "pending")
    assert numbers.record(number).status == "INACTIVE"
    numbers.check()


def test_each_week_every_agency_is_reconciled_by_the_queue(numbers: CarrierNumbers) -> None:
    bought(numbers, 1)
    numbers.buy_by_hand(list(for_sale(numbers.carrier))[5])
    numbers.world.new_agency("Other")

    begun = numbers.world.invoke("sweeper", {"task": "reconcile"}, 50)
    numbers.world.run_queue()

    assert begun == {"begun": 1}
    [operation] = [each for each in numbers.operations if each.kind == "reconcile_inventory"]
    assert operation.status == "SUCCEEDED"
    shown = numbers.operation(operation.id)
    assert shown["result"]["counts"]["theirs_not_ours"] == 1
    assert shown["result"]["adopted"] == []


def test_the_weekly_round_reaches_every_agency_piece_by_piece(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    from telephony.errors import StorageUnavailable
    from telephony.models import operations
    from telephony.services import rounds

    # given five agencies, a round that takes two at a time, and a database that fails in the midst of the second piece
    monkeypatch.setattr(rounds, "AGENCIES_AT_A_TIME", 2)
    agencies = {world.agency_id, *(world.new_agency(f"Agency {each}", credentials=False)[0] for each in range(4))}
    opened: list[str] = []
    commit = rounds.commit

    def failing(*writes: Any) -> None:
        opened.append(str(writes[0].item.agency_id))
        if len(opened) == 5:  # the round itself, two agencies, and one
            raise StorageUnavailable("not now")
        commit(*writes)

    monkeypatch.setattr(rounds, "commit", failing)
    # when the queue has come to an end
    world.invoke("sweeper", {"task": "reconcile"}, 50)
    world.settle(4)
    # then each agency has one operation, and the first two were not gone through again
    assert opened[0] == "platform"
    assert sorted(set(opened[1:])) == sorted(agencies)
    assert [opened.count(each) for each in opened[1:3]] == [1, 1]
    for agency_id in agencies:
        [operation] = operations.newest(agency_id, 10)
        assert (operation.kind, operation.status) == ("reconcile_inventory", "SUCCEEDED")
    [round_] = operations.newest("platform", 10)
    assert (round_.status, round_.result) == ("SUCCEEDED", {"agencies": 5})


def test_the_command_tells_the_same(numbers: CarrierNumbers) -> None:
    bought(numbers, 1)

    done = subprocess.run(
        [sys.executable, "-m", "telephony.admin", "--json", "reconcile", "--agency", numbers.agency_id],
        env=_environment(),
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["numbers_recorded"] == 1


def _environment() -> dict[str, str]:
    import os

    return {**os.environ, "PYTHONPATH": str(ROOT / "shared")}
