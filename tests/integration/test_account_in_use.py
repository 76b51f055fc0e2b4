"""The accounts that carry the telephony: who may change which they are, and what is asked of them first."""

from __future__ import annotations

import base64
import io
import json
import secrets
from collections.abc import Callable
from typing import Any

import pytest

from local.simulators import demo_accounts as demo
from tests.integration.conftest import deny_keys
from tests.integration.own_accounts import Own, own_accounts, telnyx_key, ultravox_key
from tests.integration.provider_api import Api
from tests.world import HttpAnswer, World


def meta(**changes: str) -> list[dict[str, str]]:
    entries = {"telnyx_public_key": demo.TELNYX_PUBLIC_KEY, "telnyx_account_sid": demo.TELNYX_ACCOUNT_SID} | changes
    return [{"meta_key": key, "meta_value": value} for key, value in entries.items()]


ANOTHER_PUBLIC_KEY = base64.b64encode(secrets.token_bytes(32)).decode()


@pytest.fixture
def own(calm_world: World) -> Own:
    """An agency whose telephony is provisioned."""
    return own_accounts(calm_world, provisioned=True)


@pytest.fixture
def api(own: Own) -> Api:
    return Api(own.world, own.agency_id, own.tokens)


def in_use(api: Api, provider: int = 1) -> int:
    [found] = [each["id"] for each in api.listed().body["data"] if each["provider"] == provider and each["is_default"]]
    return int(found)


def second(api: Api, key: str, **rest: Any) -> int:
    """Another Telnyx configuration, not the default."""
    return api.created({"name": "Second", "provider": 1, "api_key": key, "meta_json": meta(), **rest})


def telnyx_calls(own: Own) -> int:
    return len(own.world.telnyx.simulator.log)


@pytest.fixture
def same_account(own: Own, api: Api) -> int:
    """A configuration of the same Telnyx account, with another key."""
    return second(api, own.another_telnyx_key())


@pytest.fixture
def other_account(own: Own, api: Api) -> int:
    key = telnyx_key()
    own.world.telnyx.simulator.add_account(key)
    return second(api, key)


# Whose it is

CHANGES: dict[str, Callable[[Api, int, int, str], HttpAnswer]] = {
    "another is made the default": lambda api, _used, idle, role: api.update(idle, {"is_default": True}, role=role),
    "it is made inactive": lambda api, used, _idle, role: api.update(used, {"active": False}, role=role),
    "another public key": lambda api, used, _idle, role: api.update(
        used, {"meta_json": meta(telnyx_public_key=ANOTHER_PUBLIC_KEY)}, role=role
    ),
    "another account SID": lambda api, used, _idle, role: api.update(
        used, {"meta_json": meta(telnyx_account_sid="another")}, role=role
    ),
    "a new one without a key is the default": lambda api, _used, _idle, role: api.create(
        {"name": "Third", "provider": 1, "is_default": True}, role=role
    ),
}


@pytest.mark.parametrize("change", CHANGES)
def test_an_admin_does_not_change_the_account_in_use(own: Own, api: Api, same_account: int, change: str) -> None:
    # given
    before, used, done = api.records(), in_use(api), own.effects()
    # when
    answer = CHANGES[change](api, used, same_account, "admin")
    # then nothing has changed, here or there, and the attempt is written down
    assert (answer.status, answer.body["code"]) == (403, "role_required"), answer.body
    assert (api.records(), own.effects()) == (before, done)
    assert api.audit("access.refused")[-1]["code"] == "role_required"


@pytest.mark.parametrize("change", CHANGES)
def test_an_owner_may(own: Own, api: Api, same_account: int, change: str) -> None:
    assert CHANGES[change](api, in_use(api), same_account, "owner").status == 200


def test_an_admin_may_change_an_account_that_carries_nothing(calm_world: World) -> None:
    # given an agency that is not provisioned, and its two accounts
    own = own_accounts(calm_world)
    api = Api(own.world, own.agency_id, own.tokens)
    idle, used = second(api, own.another_telnyx_key()), in_use(api)
    calls = telnyx_calls(own)
    # then
    assert api.update(used, {"active": False}, role="admin").status == 200
    assert api.update(idle, {"is_default": True}, role="admin").status == 200
    assert telnyx_calls(own) == calls


def test_an_admin_may_change_an_account_that_is_not_the_one_in_use(own: Own, api: Api, same_account: int) -> None:
    body = {"name": "New", "active": False, "meta_json": meta(note="ours")}
    assert api.update(same_account, body, role="admin").status == 200


# What is asked first, and what follows


def test_another_key_of_the_account_is_checked_and_reaches_ultravox(own: Own, api: Api, same_account: int) -> None:
    # given
    key = api.get(same_account, query="reveal=true").body["data"]["api_key"]
    calls = telnyx_calls(own)
    # when
    answer = api.update(same_account, {"is_default": True})
    # then as any rotation
    assert answer.status == 200, answer.body
    assert telnyx_calls(own) > calls
    assert own.imported["apiKey"] == key
    assert own.audit()[-1] == "telephony.credentials_rotated"
    assert own.verify().body["in_sync"] is True
    # and then the account before is needed no more
    [former] = [each["id"] for each in api.listed().body["data"] if each["provider"] == 1 and not each["is_default"]]
    assert api.delete(former).status == 204


@pytest.mark.parametrize("how", ["made the default", "left over"])
def test_another_account_does_not_become_the_one_in_use(own: Own, api: Api, other_account: int, how: str) -> None:
    # given
    before, used = api.records(), in_use(api)
    # when
    if how == "made the default":
        answer = api.update(other_account, {"is_default": True})
    else:
        answer = api.update(used, {"active": False})
    # then
    assert (answer.status, answer.body["code"]) == (400, "telnyx_application_missing"), answer.body
    assert "validate: false" in answer.body["fix"]
    assert api.records() == before
    assert own.imported["apiKey"] == own.telnyx_key


def test_an_account_that_stays_idle_need_not_have_the_application(own: Own, api: Api) -> None:
    # given a key of another account
    key = telnyx_key()
    own.world.telnyx.simulator.add_account(key)
    # when it is stored as a second configuration, and changed
    answer = api.create({"name": "Second", "provider": 1, "api_key": key, "meta_json": meta()})
    # then it is valid
    assert answer.status == 200, answer.body
    assert answer.body["data"]["validated_at"] is not None
    assert api.update(answer.body["data"]["id"], {"api_key": key}).status == 200


def test_another_ultravox_account_gets_the_telnyx_keys(own: Own, api: Api) -> None:
    # given
    key = ultravox_key()
    account = own.world.ultravox.simulator.add_account(key)
    idle = api.created({"name": "Second", "provider": 4, "api_key": key})
    # when
    refused, done = api.update(idle, {"is_default": True}, role="admin"), api.update(idle, {"is_default": True})
    # then
    assert (refused.status, done.status) == (403, 200)
    assert account["telephony_configs"]["telnyx"]["applicationSid"] == own.application["id"]


def test_it_is_always_clear_which_account_is_in_use(own: Own, api: Api, same_account: int) -> None:
    # when the default is taken away, and two are left
    answer = api.update(in_use(api), {"is_default": False})
    # then it stays where it is
    assert (answer.status, answer.body["code"]) == (400, "ambiguous_provider")
    assert own.verify().body["in_sync"] is True


# While it is being set up


def test_the_account_of_an_unfinished_provisioning_is_not_deleted(calm_world: World) -> None:
    # given an agency whose first provisioning failed before there was anything
    own = own_accounts(calm_world)
    api = Api(own.world, own.agency_id, own.tokens)
    fault = {"kind": "status", "status": 500, "times": 3, "method": "GET", "path": "call_control_applications"}
    own.world.telnyx.simulator.add_faults(fault)
    assert own.provision().body["retry_scheduled"] is True
    # when
    answers = {provider: api.delete(in_use(api, provider)) for provider in (1, 4)}
    # then
    for answer in answers.values():
        assert (answer.status, answer.body["code"]) == (409, "provider_in_use")
    own.world.settle(rounds=3)
    assert own.verify().body["ready_for_calls"] is True


# When several could be it


@pytest.mark.parametrize("provider", ["telnyx", "ultravox"])
def test_what_reads_tells_that_it_is_not_clear_which_is_in_use(own: Own, api: Api, provider: str) -> None:
    # given two that are active, and no default any more
    from telephony.models.provider_configurations import ProviderConfiguration

    number = {"telnyx": 1, "ultravox": 4}[provider]
    key = own.another_telnyx_key() if provider == "telnyx" else own.another_ultravox_key()
    api.created({"name": "Second", "provider": number, "api_key": key, "meta_json": []})
    ProviderConfiguration(own.agency_id, in_use(api, number)).update([ProviderConfiguration.is_default.set(False)])
    sentence = f"Several {provider.title()} configurations are active and none is the default"
    # when
    status, verified = own.world.status(token=own.tokens["member"]), own.verify(role="member")
    # then
    assert (status.status, verified.status) == (200, 200), (status.body, verified.body)
    assert status.body["next_steps"][0] == f"Make one of the {provider.title()} configurations the default"
    assert verified.body["sync_issues"] == [sentence]
    assert (verified.body[provider], verified.body["in_sync"], verified.body["ready_for_calls"]) == (None, False, False)
    assert verified.body.get("error") == (sentence if provider == "ultravox" else None)
    # but what changes something asks to make it clear first
    refused = own.repair()
    assert (refused.status, refused.body["code"]) == (400, "ambiguous_provider")


# When its keys can't be opened, or sealed

ASKS: dict[str, tuple[str, Callable[[Own], HttpAnswer]]] = {
    # what KMS denies, and the request
    "verify": ("decrypt", Own.verify),
    "repair": ("decrypt", Own.repair),
    "import": ("decrypt", Own.import_telnyx),
    "store": ("encrypt", lambda own: own.store_telnyx(own.another_telnyx_key())),
    "save": ("encrypt", lambda own: own.save_ultravox(own.another_ultravox_key())),
    "rotation, which opens what it has sealed": ("decrypt", lambda own: own.store_telnyx(own.another_telnyx_key())),
}


@pytest.mark.parametrize("what", ASKS)
def test_a_key_service_that_denies(
    own: Own, api: Api, monkeypatch: pytest.MonkeyPatch, logged: io.StringIO, what: str
) -> None:
    # given drift, so that a repair has something to do
    own.application["application_name"] = "By hand"
    operation, ask = ASKS[what]
    before, done, journaled = api.records(), own.effects(), len(own.items("operations"))
    # when
    with monkeypatch.context() as patched:
        deny_keys(patched, operation)
        answer = ask(own)
    # then nothing was done, and nothing is told of the key service
    assert (answer.status, answer.body["code"], answer.body["retryable"]) == (500, "credentials_unavailable", True)
    assert (api.records(), own.effects(), len(own.items("operations"))) == (before, done, journaled)
    for text in (json.dumps(answer.body), logged.getvalue()):
        assert "arn:" not in text
        assert "secret-key-id" not in text
        assert own.telnyx_key not in text
        assert own.ultravox_key not in text
