"""Bad input and bad days of provider-configurations: each its documented status, and nothing saved, sent or told."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator
from typing import Any

import pytest

from local.simulators import demo_accounts as demo
from local.simulators.store import Record
from tests.integration.conftest import deny_keys
from tests.integration.provider_api import BODIES, PATHS, SIGNALWIRE, TELNYX, TWILIO, Api, new_api
from tests.world import HttpAnswer, World


@pytest.fixture
def api(calm_world: World) -> Iterator[Api]:
    yield new_api(calm_world)
    for server in calm_world.servers.values():
        server.simulator.clear_faults()


@pytest.fixture
def kept(api: Api) -> int:
    """A configuration that must stay as it is."""
    return api.created(TWILIO)


def assert_refused(answer: HttpAnswer, status: int, code: str | None = None, field: str | None = None) -> None:
    body = answer.body
    assert (answer.status, body["status_code"]) == (status, status), body
    assert isinstance(body["message"], str)
    assert {"code", "request_id", "retryable"} <= body.keys()
    if code:
        assert body["code"] == code
    if field:
        assert field in {each["field"] for each in body["errors"]}


# Headers


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("method", ["GET", "PATCH", "DELETE"])
@pytest.mark.parametrize(
    ("header", "value", "status"),
    [
        ("org-handle", None, 400),
        ("org-handle", "", 400),
        ("org-handle", "somebody-else", 403),
        ("product-id", None, 400),
        ("product-id", "", 400),
        ("product-id", "seven", 400),
        ("product-id", "7.0", 400),
        ("product-id", "7,7", 400),
        ("product-id", "+7", 400),
        ("product-id", "٧", 400),
        ("product-id", "8", 404),
        ("product-id", "0", 404),
        ("product-id", "-1", 404),
        ("product-id", str(2**63), 404),
    ],
)
def test_headers_of_the_routes_with_an_id(
    api: Api, kept: int, path: str, method: str, header: str, value: str | None, status: int
) -> None:
    # given
    api.path, before = path, api.records()
    # when
    body = {"name": "New"} if method == "PATCH" else None
    answer = api.call(method, f"{path}/{kept}", body, headers={header: value})
    # then
    assert_refused(answer, status)
    assert api.records() == before


@pytest.mark.parametrize(("value", "status"), [(None, 400), ("", 400), ("somebody-else", 403)])
def test_the_org_handle_of_a_post(api: Api, value: str | None, status: int) -> None:
    assert_refused(api.create(TWILIO, headers={"org-handle": value}), status)
    assert api.records() == []


def test_another_agencys_org_handle_is_refused_and_written_down(api: Api, kept: int) -> None:
    # given
    other = new_api(api.world)
    # when
    for answer in (
        api.listed(headers={"org-handle": other.org_handle}),
        api.get(kept, headers={"org-handle": other.org_handle}),
    ):
        assert_refused(answer, 403, "foreign_org_handle")
    # then
    assert [event["code"] for event in api.audit("access.refused")] == ["foreign_org_handle"] * 2


@pytest.mark.parametrize("method", ["GET", "PATCH", "DELETE"])
def test_another_agencys_configuration_does_not_exist(api: Api, kept: int, method: str) -> None:
    # given another agency, with a configuration of another id
    other = new_api(api.world)
    assert api.created(TELNYX, validate=False) == 2
    # when
    answer = other.call(method, f"{other.path}/2", {"name": "Mine"} if method == "PATCH" else None)
    # then
    assert_refused(answer, 404, "provider_configuration_not_found")
    assert api.get(2).body["data"]["name"] == "Main"


@pytest.mark.parametrize("method", ["GET", "PATCH", "DELETE"])
@pytest.mark.parametrize(
    ("value", "status"),
    [
        ("0", 404),
        ("-1", 404),
        ("2", 404),
        (str(2**53), 404),
        (str(2**63), 404),
        ("9" * 30, 404),
        ("9" * 31, 400),
        ("abc", 400),
        ("1.0", 400),
        ("1e0", 400),
        ("+1", 400),
        ("0x1", 400),
        ("%D9%A1", 400),
        ("1%20", 400),
        ("1%00", 400),
    ],
)
def test_ids(api: Api, kept: int, method: str, value: str, status: int) -> None:
    assert_refused(api.call(method, f"{api.path}/{value}", {"name": "New"} if method == "PATCH" else None), status)
    assert api.get(kept).body["data"]["name"] == TWILIO["name"]


def test_a_percent_encoded_id_is_the_id(api: Api, kept: int) -> None:
    assert api.get("%31").body["data"]["id"] == kept == 1


# Bodies

LONG = "k" * 10 * 1024

BAD_FIELDS: list[tuple[dict[str, Any], str]] = [
    ({"provider": 5}, "provider"),
    ({"provider": 0}, "provider"),
    ({"provider": -1}, "provider"),
    ({"provider": 2**63}, "provider"),
    ({"provider": "1"}, "provider"),
    ({"provider": 1.5}, "provider"),
    ({"provider": True}, "provider"),
    ({"provider": None}, "provider"),
    ({"name": ""}, "name"),
    ({"name": "   "}, "name"),
    ({"name": "n" * 101}, "name"),
    ({"name": "a\nb"}, "name"),
    ({"name": 7}, "name"),
    ({"name": None}, "name"),
    ({"api_key": ""}, "api_key"),
    ({"api_key": LONG}, "api_key"),
    ({"api_key": 7}, "api_key"),
    ({"api_key": None}, "api_key"),
    ({"api_key": "with space"}, "api_key"),
    ({"api_key": "line\r\nX-Injected: 1"}, "api_key"),
    ({"api_key": "schlüssel"}, "api_key"),
    ({"api_key": "••••wxyz"}, "api_key"),
    ({"api_secret": LONG}, "api_secret"),
    ({"api_secret": ["x"]}, "api_secret"),
    ({"signing_key": "PSK\x00"}, "signing_key"),
    ({"active": "yes"}, "active"),
    ({"active": 1}, "active"),
    ({"active": None}, "active"),
    ({"is_default": "true"}, "is_default"),
    ({"validate": "no"}, "validate"),
    ({"validate": 0}, "validate"),
    ({"base_url": 7}, "base_url"),
    ({"base_url": "https://169.254.169.254"}, "base_url"),
    ({"base_url": "https://demo.signalwire.com"}, "base_url"),
    ({"base_url": "https://" + "a" * 300}, "base_url"),
    ({"sip_url": "sip:acme.sip.twilio.com"}, "sip_url"),
    ({"meta_json": {}}, "meta_json"),
    ({"meta_json": [{"meta_key": "a"}]}, "meta_json.0.meta_value"),
    ({"meta_json": [{"meta_key": "", "meta_value": "x"}]}, "meta_json.0.meta_key"),
    ({"meta_json": [{"meta_key": "a", "meta_value": 1}]}, "meta_json.0.meta_value"),
    ({"meta_json": [{"meta_key": "a", "meta_value": "x" * 1001}]}, "meta_json.0.meta_value"),
    ({"meta_json": [{"meta_key": "a", "meta_value": "x", "more": 1}]}, "meta_json.0.more"),
    ({"meta_json": [{"meta_key": "a", "meta_value": "x"}] * 2}, "meta_json"),
    *(
        ({"meta_json": [{"meta_key": name, "meta_value": "x"}]}, "meta_json")
        for name in ("api_secret", " API-Key ", "apiKey", "Auth_Token", "twilio_auth_token", "PASSWORD", "signing.key")
    ),
    ({"meta_json": [{"meta_key": "note", "meta_value": "KEY" + "0" * 32}]}, "note"),
    ({"meta_json": [{"meta_key": "telnyx_account_sid", "meta_value": "0a1b2c3d" * 4}]}, "telnyx_account_sid"),
    ({"meta_json": [{"meta_key": str(n), "meta_value": "x" * 1000} for n in range(5)]}, "meta_json"),
    ({"meta_json": [{"meta_key": str(n), "meta_value": ""} for n in range(51)]}, "meta_json"),
    ({"unknown": 1}, "unknown"),
    ({"id": 7}, "id"),
    ({"org_handle": "x"}, "org_handle"),
    ({"validate_": False}, "validate_"),
]


def described(value: Any) -> str:
    return json.dumps(value)[:60] if isinstance(value, dict) else ""


@pytest.mark.parametrize(("fields", "named"), BAD_FIELDS, ids=described)
def test_a_bad_field_of_a_post_is_named_and_nothing_is_saved(api: Api, fields: dict[str, Any], named: str) -> None:
    answer = api.create({**TWILIO, "validate": False, **fields})
    assert_refused(answer, 400, field=named)
    assert api.records() == []
    assert LONG not in json.dumps(answer.body)


@pytest.mark.parametrize(("fields", "named"), [each for each in BAD_FIELDS if "provider" not in each[0]], ids=described)
def test_a_bad_field_of_a_patch_is_named_and_nothing_is_changed(api: Api, fields: dict[str, Any], named: str) -> None:
    # given a record without secrets, so that a mask has nothing to stand for
    configuration_id = api.created({"name": "Empty", "provider": 3})
    before = api.records()
    # when
    answer = api.update(configuration_id, {"validate": False, **fields})
    # then
    assert_refused(answer, 400, field=named)
    assert api.records() == before


@pytest.mark.parametrize("missing", ["name", "provider"])
def test_what_a_post_requires(api: Api, missing: str) -> None:
    answer = api.create({name: value for name, value in TWILIO.items() if name != missing})
    assert_refused(answer, 400, "validation_failed", missing)


@pytest.mark.parametrize("body", [None, {}, {"validate": False}], ids=str)
def test_an_empty_patch(api: Api, kept: int, body: Any) -> None:
    assert_refused(api.update(kept, body), 400)


def test_a_patch_does_not_move_a_configuration_to_another_provider(api: Api, kept: int) -> None:
    assert_refused(api.update(kept, {"provider": 1}), 400, field="provider")


@pytest.mark.parametrize(
    ("query", "method"), [("reveal=yes", "GET"), ("reveal=1", "GET"), ("force=1", "DELETE"), ("force=", "DELETE")]
)
def test_switches_of_the_query_are_true_or_false(api: Api, kept: int, query: str, method: str) -> None:
    assert_refused(api.call(method, f"{api.path}/{kept}", query=query), 400)
    assert api.get(kept).status == 200


@pytest.mark.parametrize("path", PATHS)
def test_wrong_methods_say_which_are_right(api: Api, path: str) -> None:
    listed = api.call("PUT", path, {})
    one = api.call("POST", f"{path}/1", {})
    assert (listed.status, listed.headers["allow"]) == (405, "GET, POST")
    assert (one.status, one.headers["allow"]) == (405, "DELETE, GET, PATCH")


@pytest.mark.parametrize("path", ["/providers", *PATHS, *(f"{path}/1" for path in PATHS)])
def test_without_a_credential(calm_world: World, path: str) -> None:
    answer = calm_world.call("provider_configurations", "GET", path)
    assert_refused(answer, 401, "unauthenticated")
    assert "www-authenticate" in answer.headers


# What the carrier says

SIMULATED = {"telnyx": TELNYX, "twilio": TWILIO, "signalwire": SIGNALWIRE, "ultravox": BODIES["ultravox"]}

WRONG_KEYS: dict[str, dict[str, Any]] = {
    "telnyx": {"api_key": "KEY" + "0" * 32},
    "twilio": {"api_secret": "0" * 32},
    "signalwire": {"api_secret": "PT" + "0" * 44},
    "ultravox": {"api_key": "wrongkey." + "0" * 32},
}


@pytest.mark.parametrize("carrier", SIMULATED)
def test_a_key_that_the_carrier_refuses_is_not_saved(api: Api, carrier: str) -> None:
    # when
    answer = api.create({**SIMULATED[carrier], **WRONG_KEYS[carrier]})
    # then
    assert_refused(answer, 400, "invalid_provider_credentials")
    assert answer.body["provider"] == carrier
    assert "validate: false" in answer.body["fix"]
    assert api.records() == []
    # but it can be, unchecked
    unchecked = api.create({**SIMULATED[carrier], **WRONG_KEYS[carrier], "validate": False})
    assert (unchecked.status, unchecked.body["data"]["validated_at"]) == (200, None)


@pytest.mark.parametrize("carrier", SIMULATED)
@pytest.mark.parametrize(
    "fault",
    [
        {"kind": "refuse", "times": 3},
        {"kind": "status", "status": 500, "times": 3},
        {"kind": "html_502", "times": 3},
        {"kind": "empty_body", "times": 3},
        {"kind": "truncated_json", "times": 3},
        {"kind": "wrong_type", "times": 3},
        {"kind": "torn_body", "times": 3},
        {"kind": "status", "status": 429, "headers": {"Retry-After": "60"}},
    ],
    ids=lambda fault: f"{fault['kind']} {fault.get('status', '')}".strip(),
)
def test_a_carrier_that_does_not_answer_properly(
    api: Api, monkeypatch: pytest.MonkeyPatch, carrier: str, fault: Record
) -> None:
    # given
    from telephony.providers import transport

    monkeypatch.setattr(transport, "backoff", lambda *_args, **_rest: 0.0)
    api.world.servers[carrier].simulator.add_faults(fault)
    # when
    answer = api.create(SIMULATED[carrier])
    # then
    assert_refused(answer, 502)
    assert answer.body["retryable"] is True
    assert "validate: false" in answer.body["fix"]
    assert api.records() == []


@pytest.mark.parametrize("flag", ["suspended", "closed"])
def test_a_twilio_account_that_is_not_active_is_not_saved(api: Api, monkeypatch: pytest.MonkeyPatch, flag: str) -> None:
    account = api.world.servers["twilio"].simulator.account(demo.TWILIO_ACCOUNT_SID)
    monkeypatch.setitem(account, "flags", [flag])
    assert_refused(api.create(TWILIO), 400)
    assert api.records() == []


def test_a_twilio_api_key_needs_its_account(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    # given an API key of the account
    account = api.world.servers["twilio"].simulator.account(demo.TWILIO_ACCOUNT_SID)
    monkeypatch.setitem(account, "api_keys", {"SK" + "1" * 32: "keysecret"})
    body = {**TWILIO, "api_key": "SK" + "1" * 32, "api_secret": "keysecret"}
    # then
    assert_refused(api.create(body), 400, field="meta_json")
    meta = [{"meta_key": "account_sid", "meta_value": demo.TWILIO_ACCOUNT_SID}]
    assert api.create({**body, "meta_json": meta}).status == 200


@pytest.mark.parametrize(
    ("body", "field"), [(SIGNALWIRE, "base_url"), (SIGNALWIRE, "api_secret"), (TWILIO, "api_secret")]
)
def test_credentials_that_are_not_whole_can_not_be_checked(api: Api, body: dict[str, Any], field: str) -> None:
    partial = {name: value for name, value in body.items() if name != field}
    assert_refused(api.create(partial), 400, field=field)
    assert api.create({**partial, "validate": False}).status == 200


def test_a_key_that_is_refused_leaves_the_old_one(api: Api, kept: int) -> None:
    assert_refused(api.update(kept, {"api_secret": "0" * 32}), 400, "invalid_provider_credentials")
    revealed = api.get(kept, query="reveal=true").body["data"]
    assert revealed["api_secret"] == demo.TWILIO_AUTH_TOKEN


# What AWS says


@pytest.mark.parametrize("what", ["create", "partial update", "reveal"])
def test_a_key_service_that_denies(
    api: Api, kept: int, monkeypatch: pytest.MonkeyPatch, logged: io.StringIO, what: str
) -> None:
    # given
    before = api.records()
    deny_keys(monkeypatch)
    # when
    if what == "create":
        answer = api.create({**SIGNALWIRE})
    elif what == "partial update":
        answer = api.update(kept, {"api_secret": demo.TWILIO_AUTH_TOKEN})
    else:
        answer = api.get(kept, query="reveal=true")
    # then nothing is saved, and nothing told of the key service
    assert_refused(answer, 500, "credentials_unavailable")
    assert api.records() == before
    for text in (json.dumps(answer.body), logged.getvalue()):
        assert "arn:" not in text
        assert "secret-key-id" not in text
    for secret in (demo.TWILIO_AUTH_TOKEN, demo.SIGNALWIRE_API_TOKEN):
        assert secret not in json.dumps(answer.body) + logged.getvalue()


def test_two_who_create_at_once_do_not_both_succeed_blindly(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    # given somebody who is faster by a hair
    from telephony.services import provider_accounts

    handle, find = api.org_handle, provider_accounts.agencies.find
    raced: list[int] = []

    def faster(agency_id: str) -> Any:
        found = find(agency_id)
        if not raced:
            raced.append(1)
            raced.append(api.created(TELNYX, name="Faster"))
        return found

    monkeypatch.setattr(provider_accounts.agencies, "find", faster)
    # when
    answer = api.create(TWILIO, headers={"org-handle": handle})
    # then
    assert_refused(answer, 409)
    assert [each["name"]["S"] for each in api.records()] == ["Faster"]
