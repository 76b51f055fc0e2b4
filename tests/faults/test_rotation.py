"""New keys for a telephony that runs: killed at every point, raced, and with purchases going on.

Whatever dies, the new key ends up in the record and in Ultravox, and no sealed blob of the old one is left.
"""

from __future__ import annotations

import base64
import secrets
import threading
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import pytest
from telephony import platform_secrets
from telephony.services.provisioning import PROVISION_STEPS

from local.simulators import demo_accounts as demo
from local.simulators.store import Record
from tests.faults.effects import Killed, deaths, killed
from tests.faults.lab import Case, Lab, Snapshot
from tests.world import HttpAnswer

BOUGHT: set[str] = set()
"""Numbers that this module has bought: the carrier forgets them with its account, our guards don't."""

FAILING = {"kind": "status", "status": 500, "path": "telephony_config", "method": "PATCH", "times": 3}


@dataclass
class Rotating:
    """An agency, its two configurations as stored, and a new key of each account."""

    case: Case
    start: Snapshot
    configurations: list[Any]
    new_telnyx: str
    new_ultravox: str

    @property
    def lab(self) -> Lab:
        return self.case.lab

    def begin(self) -> None:
        """Everything as it was before the rotation."""
        self.lab.clear()
        platform_secrets.forget()  # as a process that has just begun
        for each in self.configurations:
            each.save()
        self.case.restore(self.start)

    def call(self, path: str, body: Any = None) -> HttpAnswer:
        return self.lab.world.call("telephony_integration", "POST", f"/{path}", body, token=self.case.token)

    def store_telnyx(self, **rest: Any) -> HttpAnswer:
        body = {
            "telnyx_api_key": self.new_telnyx,
            "telnyx_public_key": demo.TELNYX_PUBLIC_KEY,
            "telnyx_account_sid": demo.TELNYX_ACCOUNT_SID,
            **rest,
        }
        return self.call("store-telnyx-credentials", body)

    def save_ultravox(self, **rest: Any) -> HttpAnswer:
        return self.call("save-ultravox-integration", {"api_key": self.new_ultravox, **rest})

    def patch_telnyx(self, **changes: Any) -> HttpAnswer:
        [telnyx] = [each for each in self.configurations if each.provider == "telnyx"]
        return self.configure("PATCH", f"/{int(telnyx.id)}", changes or {"api_key": self.new_telnyx})

    def add_telnyx(self) -> HttpAnswer:
        """A second configuration, which takes the first one's place."""
        meta = [
            {"meta_key": "telnyx_public_key", "meta_value": demo.TELNYX_PUBLIC_KEY},
            {"meta_key": "telnyx_account_sid", "meta_value": demo.TELNYX_ACCOUNT_SID},
        ]
        body = {"name": "Second", "provider": 1, "api_key": self.new_telnyx, "meta_json": meta, "is_default": True}
        return self.configure("POST", "", body)

    def configure(self, method: str, path: str, body: Any = None, *, query: str = "") -> HttpAnswer:
        return self.lab.world.call(
            "provider_configurations",
            method,
            f"/provider-configurations{path}",
            body,
            token=self.case.token,
            headers={"org-handle": self.case.agency.org_handle, "product-id": "7"},
            query=query,
        )

    def kill(self, post: Callable[[], HttpAnswer], point: str, when: str) -> None:
        self.lab.effects.at[point] = killed(when)
        with pytest.raises(Killed):
            post()

    def buy(self) -> HttpAnswer:
        """A purchase of a number that nobody ever had."""
        call, token = self.lab.world.call, self.case.token
        criteria = {"area_code": "212", "limit": 50}
        numbers = call("phone_numbers", "POST", "/phone-numbers/search", criteria, token=token).body["numbers"]
        number = next(each["phone_number"] for each in numbers if each["phone_number"] not in BOUGHT)
        BOUGHT.add(number)
        body = {"phone_number": number, "provider": "telnyx"}
        return call("purchase_number", "POST", "/phone-numbers/purchase", body, token=token)

    # What there is

    def keys(self) -> dict[str, str]:
        """The API keys as stored, by provider."""
        from telephony.bootstrap import container
        from telephony.models import provider_configurations

        sealer = container().sealer
        stored = provider_configurations.of_agency(self.case.agency_id)
        return {each.provider: each.open(sealer)["api_key"].get_secret_value() for each in stored}

    def assert_no_old_blob(self, *providers: str) -> None:
        """Of the rotated accounts nothing sealed is left, in whatever table."""
        blobs = [each.sealed for each in self.configurations if each.provider in providers]
        for table, items in self.lab.world.stored().items():
            assert not any(blob in _binary(items) for blob in blobs), table

    def assert_rotated(self, *, telnyx: bool = False, ultravox: bool = False) -> None:
        """The record and Ultravox have the new key; one set-up as before, and nothing left to do."""
        expected = {
            "telnyx": self.new_telnyx if telnyx else self.case.telnyx_key,
            "ultravox": self.new_ultravox if ultravox else self.case.ultravox_key,
        }
        assert self.keys() == expected
        replace(self.case, telnyx_key=expected["telnyx"], ultravox_key=expected["ultravox"]).assert_provisioned()
        log = self.case.log
        assert log["application_created"] == log["profile_created"] == 0
        assert log["telephony_config_set"] >= 1
        self.assert_no_old_blob(*(["telnyx"] if telnyx else []), *(["ultravox"] if ultravox else []))


def _binary(value: Any) -> bytes:
    """All bytes in an item, one after the other."""
    if isinstance(value, dict):
        return b"".join(_binary(each) for each in value.values())
    if isinstance(value, list):
        return b"".join(_binary(each) for each in value)
    return value if isinstance(value, bytes) else b""


def rotating(lab: Lab, *, provisioned: bool = True) -> Rotating:
    from telephony.models import agencies, provider_configurations
    from telephony.models.base import commit, update

    case = lab.case()
    commit(update(agencies.Agency(f"agency#{case.agency_id}"), [agencies.Agency.product_ids.set([7])]))
    if provisioned:
        assert case.provision().status == 200
    made = Rotating(
        case,
        case.snapshot(),
        provider_configurations.of_agency(case.agency_id),
        f"KEY{secrets.token_hex(16).upper()}_rotated",
        f"Rotated{secrets.token_hex(1)[:1]}.{secrets.token_hex(16)}",
    )
    lab.world.telnyx.simulator.state["accounts"][made.new_telnyx] = case.telnyx
    lab.world.ultravox.simulator.state["accounts"][made.new_ultravox] = case.ultravox
    return made


@pytest.fixture
def here(lab: Lab) -> Rotating:
    made = rotating(lab)
    made.begin()
    return made


@pytest.fixture
def new(lab: Lab) -> Rotating:
    """Not provisioned yet."""
    return rotating(lab, provisioned=False)


def _of_another_account(made: Rotating) -> Record:
    """Makes the new key one of another Telnyx account, which is returned."""
    made.new_telnyx = f"KEY{secrets.token_hex(16).upper()}_foreign"
    return made.lab.world.telnyx.simulator.add_account(made.new_telnyx)


# The crash matrix

ROTATED = ["telephony.credentials_rotated"]


@dataclass(frozen=True)
class Saga:
    """`prepare` makes the start, `post` is the request, `check` what must be true at the end."""

    name: str
    post: Callable[[Rotating], HttpAnswer]
    check: Callable[[Rotating], None]
    audit: list[str]
    prepare: Callable[[Rotating], None] = lambda _made: None
    failing: bool = False


def _drift(made: Rotating) -> None:
    """The profile is gone, the application has another name, and Ultravox knows nothing."""
    made.case.telnyx["outbound_voice_profiles"].clear()
    [application] = made.case.applications
    application["outbound"]["outbound_voice_profile_id"] = None
    application["application_name"] = "Changed by hand"
    made.case.ultravox["telephony_configs"].clear()


def _forget_import(made: Rotating) -> None:
    made.case.ultravox["telephony_configs"].clear()


def _repaired(made: Rotating) -> None:
    made.case.assert_provisioned()
    assert made.case.log["profile_created"] == 1
    assert made.case.log["application_created"] == 0


SAGAS = (
    Saga("rotate the Telnyx key", Rotating.store_telnyx, lambda made: made.assert_rotated(telnyx=True), ROTATED),
    Saga(
        "rotate it by PATCH, Ultravox down",
        Rotating.patch_telnyx,
        lambda made: made.assert_rotated(telnyx=True),
        ROTATED,
        failing=True,
    ),
    Saga("rotate the Ultravox key", Rotating.save_ultravox, lambda made: made.assert_rotated(ultravox=True), ROTATED),
    Saga(
        "import",
        lambda made: made.call("import-telnyx-to-ultravox"),
        lambda made: made.case.assert_provisioned(),
        ["telephony.imported_to_ultravox"],
        _forget_import,
    ),
    Saga(
        "repair",
        lambda made: made.call("repair-telephony-config", {}),
        _repaired,
        ["telephony.repair_begun", "telephony.repaired"],
        _drift,
    ),
)


@dataclass(frozen=True)
class Bench:
    saga: Saga
    made: Rotating
    points: list[str]

    def begin(self) -> None:
        self.made.begin()
        self.saga.prepare(self.made)
        if self.saga.failing:
            self.made.lab.fault("ultravox", **FAILING)

    def post(self) -> HttpAnswer:
        return self.saga.post(self.made)

    def check(self) -> None:
        self.saga.check(self.made)
        assert self.made.case.audit == self.saga.audit

    def report(self, table: list[str], point: str, when: str, by: str) -> None:
        case = self.made.case
        states = ", ".join(operation.status for operation in case.operations)
        effects = ", ".join(f"{kind} {count}" for kind, count in sorted(case.log.items()))
        line = f"{self.saga.name:33} {when:6} {point:60} {by:5} {states} | {effects} | {', '.join(case.audit)}"
        try:
            self.check()
        except Exception as error:
            table.append(f"{line} | WRONG: {error}")
            raise AssertionError(line) from error
        table.append(line)


@pytest.fixture(scope="module", params=SAGAS, ids=lambda saga: saga.name.replace(", ", "-").replace(" ", "-"))
def bench(request: pytest.FixtureRequest, laboratory: Lab) -> Bench:
    laboratory.clear()
    bench = Bench(request.param, rotating(laboratory), [])
    bench.begin()
    bench.post()
    bench.points.extend(laboratory.effects.seen)
    bench.made.case.settle()
    bench.check()
    return bench


def test_killed_anywhere_the_queue_finishes_it(bench: Bench, table: list[str]) -> None:
    for point, when in deaths(bench.points):
        bench.begin()
        bench.made.kill(bench.post, point, when)
        began = bool(bench.made.case.operations)
        bench.made.case.settle()
        if not began:
            # then nothing was changed, and the request is made again
            assert bench.made.case.log == Counter(), f"{when} {point}"
            assert bench.made.keys() == {
                "telnyx": bench.made.case.telnyx_key,
                "ultravox": bench.made.case.ultravox_key,
            }
            assert bench.post().status in (200, 500)
            bench.made.case.settle()
        bench.report(table, point, when, "queue" if began else "POST")


def test_killed_anywhere_the_next_request_finishes_it(bench: Bench, table: list[str]) -> None:
    for point in bench.points:
        bench.begin()
        bench.made.kill(bench.post, point, "after")
        if not any(operation.leased for operation in bench.made.case.operations):
            continue
        early = bench.post()
        if early.body.get("repaired") != []:  # a repair that finds nothing left to mend has nothing to wait for
            assert (early.status, early.body["code"]) == (409, "operation_in_progress"), point
        bench.made.case.wait_for_lease()
        bench.post()
        bench.made.case.settle()
        case = bench.made.case
        bench.saga.check(bench.made)
        assert case.audit[-1] == bench.saga.audit[-1]
        table.append(f"{bench.saga.name:33} after  {point:60} POST")


@pytest.mark.parametrize("bench", SAGAS[:1], indirect=True)
def test_a_number_is_bought_wherever_a_rotation_died(bench: Bench, table: list[str]) -> None:
    for point in bench.points:
        bench.begin()
        bench.made.kill(bench.post, point, "after")
        # when
        bought = bench.made.buy()
        # then it is bought once, with whichever key is there
        assert bought.status == 200, (point, bought.body)
        assert bench.made.case.log["number_order_created"] == 1, (point, bench.made.case.log)
        bench.made.case.settle()
        table.append(f"{bench.saga.name:33} after  {point:60} bought {bought.body['purchase_details']['status']}")


# What meets a rotation


def test_a_purchase_that_has_begun_finishes(here: Rotating) -> None:
    # given a purchase whose order is about to go out
    answers: list[HttpAnswer] = []

    def rotate_first(send: Callable[[], Any]) -> Any:
        answers.append(here.store_telnyx())
        return send()

    here.lab.effects.at["telnyx POST /number_orders #1"] = rotate_first
    # when
    bought = here.buy()
    # then both are done
    assert bought.status == 200, bought.body
    assert [each.status for each in answers] == [200]
    here.case.settle()
    assert here.case.log["number_order_created"] == 1
    assert here.keys()["telnyx"] == here.new_telnyx


def test_a_provisioning_that_runs_is_not_disturbed(here: Rotating) -> None:
    # given a run that is about to import
    answers: list[HttpAnswer] = []

    def rotate_first(send: Callable[[], Any]) -> Any:
        answers.append(here.store_telnyx())
        return send()

    here.lab.effects.at["ultravox PATCH /api/accounts/me/telephony_config #1"] = rotate_first
    # when
    provisioned = here.case.provision({"force": True})
    # then it finishes with its key, and the rotation was told to wait, with nothing saved
    assert provisioned.status == 200
    assert [(each.status, each.body["code"]) for each in answers] == [(409, "operation_in_progress")]
    assert here.keys()["telnyx"] == here.case.telnyx_key
    here.case.assert_provisioned()
    # and goes through afterwards
    assert here.store_telnyx().status == 200
    here.assert_rotated(telnyx=True)


def test_a_provisioning_that_is_about_to_open_does_not_use_the_old_key(here: Rotating) -> None:
    # given one that has read the old key already
    here.case.provision({"force": True})
    opening = next(each for each in here.lab.effects.seen if "TransactWriteItems" in each)
    here.begin()

    def rotate_first(send: Callable[[], Any]) -> Any:
        assert here.store_telnyx().status == 200
        return send()

    here.lab.effects.at[opening] = rotate_first
    # when
    answer = here.case.provision({"force": True})
    # then it does not begin
    assert (answer.status, answer.body["code"]) == (409, "operation_in_progress")
    here.assert_rotated(telnyx=True)


def test_a_key_of_another_account_that_comes_while_a_provisioning_reads_the_old_one(new: Rotating) -> None:
    # given one that has just read the old key; if it reads the agency at the same time, that comes after the new key
    other = _of_another_account(new)
    stored = threading.Event()

    def store_then(send: Callable[[], Any]) -> Any:
        answer = send()
        assert new.store_telnyx().status == 200
        stored.set()
        return answer

    def late(send: Callable[[], Any]) -> Any:
        stored.wait(1)
        return send()

    new.lab.effects.next("dynamodb GetItem agencies", late)
    new.lab.effects.next("dynamodb Query provider_configurations", store_then)
    # when
    answer = new.case.provision()
    # then it does not begin, and the next one uses the key that is stored
    _assert_in_progress(answer)
    assert new.case.provision().status == 200
    assert (len(new.case.applications), len(other["applications"])) == (0, 1)


def test_a_provisioning_that_failed_goes_on_with_the_new_key(here: Rotating) -> None:
    # given one whose import Ultravox did not answer
    here.lab.fault("ultravox", **FAILING)
    assert here.case.provision({"force": True}).body["failed_at"] == "import_to_ultravox"
    # when
    assert here.store_telnyx().status == 200
    here.case.settle()
    # then it has imported the new one
    here.assert_rotated(telnyx=True)


def test_whoever_takes_over_takes_the_new_key(here: Rotating) -> None:
    # given a failed run that a request is about to take over, having read the old key
    here.lab.fault("ultravox", **FAILING)
    assert here.case.provision({"force": True}).status == 500
    here.lab.effects.forget()
    taking_over = "dynamodb UpdateItem operations #1"

    def rotate_first(send: Callable[[], Any]) -> Any:
        assert here.store_telnyx().status == 200
        return send()

    here.lab.effects.at[taking_over] = rotate_first
    # when
    answer = here.case.provision({"force": True})
    # then
    assert taking_over in here.lab.effects.seen
    assert answer.status == 200, answer.body
    here.case.settle()
    here.assert_rotated(telnyx=True)


def test_two_rotations_at_once(here: Rotating) -> None:
    # given
    answers: list[HttpAnswer] = []

    def rotate_too(send: Callable[[], Any]) -> Any:
        answers.append(here.store_telnyx())
        return send()

    here.lab.effects.at["ultravox PATCH /api/accounts/me/telephony_config #1"] = rotate_too
    # when
    first = here.store_telnyx()
    # then
    assert first.status == 200
    assert [(each.status, each.body["code"]) for each in answers] == [(409, "operation_in_progress")]
    here.assert_rotated(telnyx=True)


def test_a_key_of_another_account_is_refused(here: Rotating) -> None:
    # given
    _of_another_account(here)
    # when
    answer = here.store_telnyx()
    # then nothing is saved
    assert (answer.status, answer.body["code"]) == (400, "telnyx_application_missing")
    assert here.keys()["telnyx"] == here.case.telnyx_key
    assert here.case.operations == []


def test_unchecked_it_is_kept_and_the_second_look_says_what_is_wrong(here: Rotating) -> None:
    # given
    _of_another_account(here)
    # when
    answer = here.store_telnyx(skip_validation=True)
    # then
    assert (answer.status, answer.body["failed_at"]) == (500, "verify_again")
    assert (answer.body["code"], answer.body["retry_scheduled"]) == ("telnyx_application_missing", False)
    assert "force: true" in answer.body["fix"]
    assert [step["step"] for step in answer.body["completed_steps"]] == [
        "verify_new_key",
        "switch_key",
        "import_to_ultravox",
    ]
    assert here.keys()["telnyx"] == here.new_telnyx
    here.assert_no_old_blob("telnyx")


def test_an_ultravox_that_is_down_gets_the_new_key_later(here: Rotating) -> None:
    # given
    here.lab.fault("ultravox", **FAILING)
    # when
    answer = here.store_telnyx()
    # then the key is kept, and the rest is scheduled
    assert (answer.status, answer.body["failed_at"]) == (500, "import_to_ultravox")
    assert answer.body["retry_scheduled"] is True
    assert here.keys()["telnyx"] == here.new_telnyx
    here.case.settle()
    here.assert_rotated(telnyx=True)


def test_a_new_public_key_reaches_ultravox(here: Rotating) -> None:
    # given
    public_key = base64.b64encode(secrets.token_bytes(32)).decode()
    meta = [
        {"meta_key": "telnyx_public_key", "meta_value": public_key},
        {"meta_key": "telnyx_account_sid", "meta_value": demo.TELNYX_ACCOUNT_SID},
    ]
    # when
    answer = here.patch_telnyx(meta_json=meta)
    # then
    assert answer.status == 200, answer.body
    assert here.case.ultravox["telephony_configs"]["telnyx"]["publicKey"] == public_key


# Real keys begin alike, and a few characters are all that Ultravox shows


def _like_the_old_one(here: Rotating) -> None:
    here.new_telnyx = here.case.telnyx_key[:6] + here.new_telnyx[6:]
    here.lab.world.telnyx.simulator.state["accounts"][here.new_telnyx] = here.case.telnyx


def test_a_repair_that_takes_a_rotations_place_imports_the_new_key(here: Rotating) -> None:
    # given a rotation that died before its import
    _like_the_old_one(here)
    [application] = here.case.applications
    application["application_name"] = "Changed by hand"
    here.kill(here.store_telnyx, "ultravox PATCH /api/accounts/me/telephony_config #1", "before")
    here.case.wait_for_lease()
    # when
    assert here.call("repair-telephony-config", {}).status == 200
    # then
    here.assert_rotated(telnyx=True)


def test_a_repair_that_goes_on_after_a_rotation_imports_the_new_key(here: Rotating) -> None:
    # given a repair that Telnyx did not let happen
    _like_the_old_one(here)
    [application] = here.case.applications
    application["application_name"] = "Changed by hand"
    here.lab.fault("telnyx", kind="status", status=500, method="PATCH", path="call_control_applications", times=3)
    assert here.call("repair-telephony-config", {}).status == 500
    # when
    assert here.store_telnyx().status == 200
    here.case.settle()
    # then
    here.assert_rotated(telnyx=True)


def test_a_key_is_not_replaced_while_the_worker_takes_up_what_has_nothing_to_copy_yet(here: Rotating) -> None:
    # given a provisioning that could not even look, and a worker that has just taken it up when the new key is stored
    case = here.lab.case()
    here.lab.fault("telnyx", kind="status", status=500, method="GET", path="call_control_applications", times=3)
    operation_id = case.provision().body["operation_id"]
    fresh = replace(here, case=case)
    here.lab.world.telnyx.simulator.state["accounts"][fresh.new_telnyx] = case.telnyx

    def worker_first(send: Callable[[], Any]) -> Any:
        here.lab.effects.next("telnyx GET /call_control_applications", killed("before"))
        with pytest.raises(Killed):
            case.wake(operation_id)
        return send()

    here.lab.effects.next("dynamodb TransactWriteItems", worker_first)
    # when
    answer = fresh.store_telnyx()
    # then the key that the worker has read is the one that is kept
    assert (answer.status, answer.body["code"]) == (409, "operation_in_progress")
    assert fresh.keys()["telnyx"] == case.telnyx_key
    case.settle()
    case.assert_provisioned()


# While a provisioning is unfinished, which would make all of it again in another account

CREATE = "telnyx POST /call_control_applications #1"
LOST = {"kind": "html_502", "method": "POST", "path": "call_control_applications"}


def _die_at_the_creation(new: Rotating, when: str) -> None:
    new.kill(new.case.provision, CREATE, when)
    new.case.wait_for_lease()
    assert new.case.agency.telnyx_application_id is None


def _lose_the_answer(new: Rotating, *, made: bool) -> None:
    new.lab.fault("telnyx", **LOST, after=made)
    answer = new.case.provision()
    assert (answer.body["failed_at"], answer.body["code"]) == ("create_telnyx_application", "outcome_unknown")


def _assert_in_progress(answer: HttpAnswer) -> None:
    assert (answer.status, answer.body["code"]) == (409, "operation_in_progress"), answer.body


def _assert_provisioned_by(new: Rotating, key: str) -> None:
    new.case.settle()
    assert new.keys()["telnyx"] == key
    replace(new.case, telnyx_key=key).assert_provisioned()
    assert new.case.log["application_created"] == 1


@pytest.mark.parametrize("store", [Rotating.store_telnyx, Rotating.patch_telnyx, Rotating.add_telnyx])
def test_another_accounts_key_does_not_make_another_application(
    new: Rotating, store: Callable[[Rotating], HttpAnswer]
) -> None:
    # given
    _die_at_the_creation(new, "after")
    other = _of_another_account(new)
    # when
    answer = store(new)
    # then it is refused, as it will be once the application is on record, and no way around is offered
    assert (answer.status, answer.body["code"]) == (400, "telnyx_application_missing")
    assert answer.body["hint"] == "Correct the credentials."
    _assert_provisioned_by(new, new.case.telnyx_key)
    assert other["applications"] == {}


@pytest.mark.parametrize("store", [Rotating.store_telnyx, Rotating.patch_telnyx, Rotating.add_telnyx])
def test_another_key_of_the_account_finishes_what_the_first_began(
    new: Rotating, store: Callable[[Rotating], HttpAnswer]
) -> None:
    # given
    _die_at_the_creation(new, "after")
    # when
    answer = store(new)
    new.case.settle()
    # then
    assert answer.status == 200, answer.body
    replace(new.case, telnyx_key=new.new_telnyx).assert_provisioned()
    assert new.case.log["application_created"] == 1


@pytest.mark.parametrize("point", [CREATE, "telnyx POST /outbound_voice_profiles #1"])
@pytest.mark.parametrize(
    "change",
    [
        lambda new: new.store_telnyx(skip_validation=True),
        lambda new: new.patch_telnyx(api_key=new.new_telnyx, validate=False),
        lambda new: new.patch_telnyx(active=False),
        lambda new: new.configure("POST", "", {"name": "Second", "provider": 1, "is_default": True}),
    ],
    ids=["stored unchecked", "changed unchecked", "taken out of use", "without a key"],
)
def test_what_shows_no_application_does_not_take_the_accounts_place(
    new: Rotating, change: Callable[[Rotating], HttpAnswer], point: str
) -> None:
    # given
    new.kill(new.case.provision, point, "after")
    new.case.wait_for_lease()
    other = _of_another_account(new)
    # when
    answer = change(new)
    # then
    _assert_in_progress(answer)
    _assert_provisioned_by(new, new.case.telnyx_key)
    assert other["applications"] == {}


def test_an_unchecked_key_waits_for_a_provisioning_that_looks_for_what_is_there(here: Rotating) -> None:
    # given one that could not look yet
    here.lab.fault("telnyx", kind="status", status=500, method="GET", path="call_control_applications", times=3)
    assert here.case.provision({"force": True}).body["failed_at"] == "create_telnyx_application"
    other = _of_another_account(here)
    # when
    answer = here.store_telnyx(skip_validation=True)
    # then
    _assert_in_progress(answer)
    here.case.settle()
    here.case.assert_provisioned()
    assert other["applications"] == {}


@pytest.mark.parametrize("point", [CREATE, "telnyx POST /outbound_voice_profiles #1"])
def test_the_key_in_use_is_stored_again_unchecked(new: Rotating, point: str) -> None:
    # given
    new.kill(new.case.provision, point, "after")
    new.case.wait_for_lease()
    new.new_telnyx = new.case.telnyx_key
    # when
    answer = new.store_telnyx(skip_validation=True)
    # then
    assert answer.status == 200, answer.body
    _assert_provisioned_by(new, new.case.telnyx_key)


def test_an_unchecked_key_takes_the_place_of_a_revoked_one(new: Rotating) -> None:
    # given
    new.kill(new.case.provision, "telnyx POST /outbound_voice_profiles #1", "after")
    new.case.wait_for_lease()
    del new.lab.world.telnyx.simulator.state["accounts"][new.case.telnyx_key]
    new.case = replace(new.case, telnyx_key=new.new_telnyx)
    # when
    assert new.store_telnyx(skip_validation=True).status == 200
    # then
    _assert_provisioned_by(new, new.new_telnyx)


def test_another_account_waits_until_the_first_has_certainly_none(new: Rotating) -> None:
    # given a creation that came to nothing, which nobody can know yet
    _lose_the_answer(new, made=False)
    other = _of_another_account(new)
    # when
    early = new.store_telnyx()
    new.lab.world.pass_time(30.1)
    late = new.store_telnyx()
    # then
    _assert_in_progress(early)
    assert early.body["fix"] == "Ask again in 30 seconds."
    assert late.status == 200, late.body
    new.case.settle()
    assert (len(new.case.applications), len(other["applications"])) == (0, 1)


def test_an_application_that_telnyx_lists_late_is_waited_for(new: Rotating) -> None:
    # given
    new.lab.world.telnyx.simulator.change_settings({"listing_lag": 3.0})
    _lose_the_answer(new, made=True)
    _of_another_account(new)
    # when
    early = new.store_telnyx()
    new.lab.world.pass_time(3.1)
    late = new.store_telnyx()
    # then
    _assert_in_progress(early)
    assert (late.status, late.body["code"]) == (400, "telnyx_application_missing")
    _assert_provisioned_by(new, new.case.telnyx_key)


def test_a_revoked_key_locks_nobody_out(new: Rotating) -> None:
    # given a key that is revoked before it is known what was made with it
    _lose_the_answer(new, made=True)
    del new.lab.world.telnyx.simulator.state["accounts"][new.case.telnyx_key]
    new.case = replace(new.case, telnyx_key=new.new_telnyx)
    # when
    early = new.store_telnyx()
    new.lab.world.pass_time(30.1)
    late = new.store_telnyx()
    # then
    _assert_in_progress(early)
    assert late.status == 200, late.body
    _assert_provisioned_by(new, new.new_telnyx)


def test_a_key_that_was_deleted_by_force_locks_nobody_out(new: Rotating) -> None:
    # given
    _die_at_the_creation(new, "after")
    [telnyx] = [each for each in new.configurations if each.provider == "telnyx"]
    assert new.configure("DELETE", f"/{int(telnyx.id)}", query="force=true").status == 204
    # when
    assert new.store_telnyx().status == 200
    # then
    new.case = replace(new.case, telnyx_key=new.new_telnyx)
    _assert_provisioned_by(new, new.new_telnyx)


def test_a_telnyx_that_is_down_leaves_the_key_that_is_stored(new: Rotating) -> None:
    # given
    _die_at_the_creation(new, "after")
    new.lab.fault("telnyx", kind="status", status=500, method="GET", path="call_control_applications", times=3)
    # when
    answer = new.store_telnyx(skip_validation=True)
    # then
    assert (answer.status, answer.body["code"]) == (502, "provider_unavailable")
    _assert_provisioned_by(new, new.case.telnyx_key)


def test_a_creation_that_begins_while_the_new_key_is_checked(new: Rotating) -> None:
    # given a provisioning that could not even look, and a worker that loses the answer while the key is checked
    new.lab.fault("telnyx", kind="status", status=500, method="GET", path="call_control_applications", times=3)
    operation_id = new.case.provision().body["operation_id"]
    new.lab.fault("telnyx", **LOST, after=True)
    other = _of_another_account(new)

    def worker_first(send: Callable[[], Any]) -> Any:
        new.case.wake(operation_id)
        return send()

    new.lab.effects.next("telnyx GET /call_control_applications", worker_first)
    # when
    answer = new.store_telnyx()
    # then
    _assert_in_progress(answer)
    _assert_provisioned_by(new, new.case.telnyx_key)
    assert other["applications"] == {}


def test_steps_are_told_in_their_order_after_a_key_was_replaced(here: Rotating) -> None:
    # given a provisioning that stopped before it came to the import
    here.lab.fault("telnyx", kind="status", status=500, method="GET", path="call_control_applications", times=3)
    assert here.case.provision({"force": True}).body["failed_at"] == "create_telnyx_application"
    assert here.store_telnyx().status == 200
    # when
    answer = here.case.provision({"force": True})
    # then
    assert [each["step"] for each in answer.body["completed_steps"]] == [step.name for step in PROVISION_STEPS]


def test_no_key_is_in_the_journal(here: Rotating) -> None:
    # when
    here.store_telnyx()
    here.save_ultravox()
    # then
    text = str(here.lab.world.stored())
    for key in (here.new_telnyx, here.new_ultravox, here.case.telnyx_key, here.case.ultravox_key):
        assert key not in text
