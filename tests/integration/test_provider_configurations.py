"""The five operations of provider-configurations and the catalogue: what is answered, kept, and not shown."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest

from local.simulators import demo_accounts as demo
from tests.integration.provider_api import (
    BODIES,
    PATHS,
    SIGNALWIRE,
    TELNYX,
    TELNYX_META,
    TWILIO,
    ULTRAVOX,
    Api,
    new_api,
)
from tests.world import HttpAnswer, World

SEEDS_FIELDS = {
    "id": int,
    "name": str,
    "provider": int,
    "provider_details": dict,
    "org_handle": str,
    "meta_json": list,
    "active": bool,
    "api_key": str,
    "api_secret": str,
    "base_url": str,
    "sip_url": str,
}


@pytest.fixture
def api(calm_world: World) -> Api:
    """Of an agency of its own."""
    return new_api(calm_world)


@pytest.fixture
def provisioned(calm_world: World) -> Api:
    agency_id, tokens = calm_world.new_agency()
    assert calm_world.provision(token=tokens["owner"]).status == 200
    return Api(calm_world, agency_id, tokens)


# The catalogue


def test_the_catalogue_names_the_providers_by_their_published_ids(api: Api) -> None:
    answer = api.call("GET", "/providers", role="member")

    assert (answer.status, answer.body["status_code"]) == (200, 200)
    assert {each["id"]: each["name"] for each in answer.body["data"]} == {
        1: "Telnyx",
        2: "SignalWire",
        3: "Twilio",
        4: "Ultravox",
    }
    secrets = {
        each["name"]: [field["name"] for field in each["fields"] if field["secret"]] for each in answer.body["data"]
    }
    assert secrets == {
        "Telnyx": ["api_key"],
        "SignalWire": ["api_key", "api_secret", "signing_key"],
        "Twilio": ["api_key", "api_secret", "signing_key"],
        "Ultravox": ["api_key"],
    }


# Create, list, get


@pytest.mark.parametrize("provider", BODIES)
@pytest.mark.parametrize("path", PATHS)
def test_keys_that_the_carrier_knows_are_kept_and_shown_masked(api: Api, provider: str, path: str) -> None:
    # given
    api.path, body = path, BODIES[provider]
    # when
    answer = api.create(body)
    # then the published envelope and fields
    assert (answer.status, answer.body["status_code"]) == (200, 200), answer.body
    data = answer.body["data"]
    for name, kind in SEEDS_FIELDS.items():
        assert data[name] is None or isinstance(data[name], kind), name
    assert (data["id"], data["name"], data["provider"]) == (1, body["name"], body["provider"])
    assert data["provider_details"]["name"].lower() == provider
    assert data["org_handle"] == api.org_handle
    assert data["validated_at"] is not None
    # and the secrets masked, everywhere
    for field in ("api_key", "api_secret", "signing_key"):
        assert data[field] == ("••••" + body[field][-4:] if field in body else None)
    assert api.get(1).body["data"] == data
    assert api.listed().body["data"] == [data]


def test_an_empty_list_is_a_list(api: Api) -> None:
    assert api.listed(headers={"org-handle": None, "product-id": None}).body["data"] == []


def test_list_and_get_take_two_round_trips_and_no_key(api: Api, aws_calls: Counter[str]) -> None:
    # given two configurations, and an API token, for which no secret of ours is read
    second = [api.created(TELNYX), api.created(SIGNALWIRE)][1]
    token = api.world.api_token(api.agency_id)
    # when
    aws_calls.clear()
    assert api.listed(token=token).status == 200
    # then
    assert aws_calls == {"dynamodb GetItem": 1, "dynamodb Query": 1}
    # when
    aws_calls.clear()
    assert api.get(second, token=token).status == 200
    # then agency and configuration come in one
    assert aws_calls == {"dynamodb GetItem": 1, "dynamodb TransactGetItems": 1}


def test_ids_count_up_and_are_not_given_again(api: Api) -> None:
    first, second = api.created(TELNYX), api.created(TWILIO)
    assert api.delete(second).status == 204
    assert (first, api.created(ULTRAVOX)) == (1, 3)


def test_posting_the_same_provider_and_name_updates(api: Api) -> None:
    # given
    configuration_id = api.created(SIGNALWIRE)
    # when it is posted again without some of it, and inactive
    body = {"name": "Space", "provider": 2, "active": False}
    answer = api.create(body)
    # then the one record has changed, and kept the rest
    assert (answer.status, answer.body["data"]["id"]) == (200, configuration_id)
    assert answer.body["data"]["active"] is False
    assert answer.body["data"]["base_url"] == SIGNALWIRE["base_url"]
    assert answer.body["data"]["api_secret"] == "••••" + demo.SIGNALWIRE_API_TOKEN[-4:]
    assert len(api.listed().body["data"]) == 1


def test_the_same_name_at_another_provider_is_another_record(api: Api) -> None:
    assert api.created(TWILIO, name="Same") != api.created(ULTRAVOX, name="Same")


def test_the_first_of_a_provider_is_its_default_until_another_becomes_it(api: Api) -> None:
    # given
    first, second = api.created(TWILIO, name="First"), api.created(TWILIO, name="Second")
    assert [each["is_default"] for each in api.listed().body["data"]] == [True, False]
    # when
    answer = api.update(second, {"is_default": True})
    # then there is one default still
    assert answer.body["data"]["is_default"] is True
    assert api.get(first).body["data"]["is_default"] is False


def test_whoever_loses_the_default_is_written_down_too(api: Api) -> None:
    # given
    first, second = api.created(TWILIO, name="First"), api.created(TWILIO, name="Second")
    # when
    api.update(second, {"is_default": True})
    # then
    demoted, promoted = sorted(api.audit("provider_configuration.updated"), key=lambda event: event["subject"])
    assert (demoted["subject"], promoted["subject"]) == tuple(f"provider_configuration/{id}" for id in (first, second))
    assert (demoted["changed"], demoted["before"]["is_default"]) == (["is_default"], True)
    assert (promoted["changed"], promoted["before"]["is_default"]) == (["is_default"], False)


def test_there_may_be_a_hundred_of_them(api: Api) -> None:
    # given
    from telephony.models.provider_configurations import ProviderConfiguration

    api.created(TWILIO)
    [stored] = ProviderConfiguration.query(api.agency_id)
    for id in range(2, 101):
        stored.id, stored.name, stored.is_default = id, f"Twilio {id}", False
        stored.save()
    # when there is one more
    answer = api.create({**TWILIO, "name": "One more", "validate": False})
    # then
    assert (answer.status, answer.body["code"]) == (409, "too_many_configurations")
    assert len(api.listed().body["data"]) == 100
    # but those that are there can be changed
    assert api.create({"name": "Twilio 7", "provider": 3, "active": False}).status == 200


# Update


def test_a_patch_changes_what_it_names_and_nothing_else(api: Api) -> None:
    # given
    configuration_id = api.created(SIGNALWIRE)
    before = api.get(configuration_id).body["data"]
    # when
    answer = api.update(configuration_id, {"name": "Renamed", "active": False})
    # then
    assert answer.status == 200
    after = answer.body["data"]
    assert {name for name in after if after[name] != before[name]} == {"name", "active", "updated_at"}


def test_a_patch_of_one_secret_keeps_the_others(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    # given another token of the same project
    configuration_id, next_token = api.created(SIGNALWIRE), "PT" + "1" * 44 + "next"
    monkeypatch.setitem(
        api.world.servers["signalwire"].simulator.account(demo.SIGNALWIRE_PROJECT_ID), "api_token", next_token
    )
    # when
    answer = api.update(configuration_id, {"api_secret": next_token})
    # then
    assert answer.status == 200, answer.body
    revealed = api.get(configuration_id, query="reveal=true").body["data"]
    assert revealed["api_key"] == demo.SIGNALWIRE_PROJECT_ID
    assert revealed["api_secret"] == next_token
    assert revealed["signing_key"] == demo.SIGNALWIRE_SIGNING_KEY


@pytest.mark.parametrize("role", ["owner", "admin"])
def test_a_masked_value_sent_back_means_unchanged(api: Api, role: str) -> None:
    # given what a GET showed
    configuration_id = api.created(SIGNALWIRE)
    shown = api.get(configuration_id).body["data"]
    # when it is sent back, masks and all
    sent = {name: shown[name] for name in ("name", "api_key", "api_secret", "signing_key", "base_url", "active")}
    answer = api.update(configuration_id, sent, role=role)
    # then nothing of it has changed, and it was not asked about at the carrier
    assert answer.status == 200, answer.body
    assert answer.body["data"]["validated_at"] == shown["validated_at"]
    revealed = api.get(configuration_id, query="reveal=true").body["data"]
    assert revealed["api_secret"] == demo.SIGNALWIRE_API_TOKEN


@pytest.mark.parametrize("validate", [True, False])
@pytest.mark.parametrize("key", ["telnyx_public_key", "telnyx_account_sid"])
def test_what_is_changed_beside_the_key_is_validated_anew(api: Api, key: str, validate: bool) -> None:
    # given
    configuration_id = api.created(TELNYX)
    before = api.get(configuration_id).body["data"]["validated_at"]
    meta = [each for each in TELNYX_META if each["meta_key"] != key]
    api.world.pass_time(60)
    # when
    after = api.update(configuration_id, {"meta_json": meta, "validate": validate}).body["data"]["validated_at"]
    # then the time is that of the account as it is now
    assert (after is not None and after > before) if validate else after is None


def test_a_public_key_is_one_or_is_not_kept(api: Api) -> None:
    # given
    configuration_id = api.created(TELNYX)
    meta = [{"meta_key": "telnyx_public_key", "meta_value": "not one"}]
    # when
    refused = api.update(configuration_id, {"meta_json": meta})
    # then
    assert (refused.status, refused.body["errors"][0]["field"]) == (400, "telnyx_public_key")
    assert "validate: false" in refused.body["fix"]
    assert api.update(configuration_id, {"meta_json": meta, "validate": False}).status == 200
    # and one that is there doesn't stand in the way of other changes
    more = [*meta, {"meta_key": "note", "meta_value": "ours"}]
    assert api.update(configuration_id, {"meta_json": more}).status == 200


def test_a_url_is_taken_away_by_null(api: Api) -> None:
    configuration_id = api.created({**TWILIO, "sip_url": "sips:acme.sip.twilio.com"})
    assert api.update(configuration_id, {"sip_url": None}).body["data"]["sip_url"] is None


def test_a_name_can_be_had_once_per_provider(api: Api) -> None:
    api.created(TWILIO, name="First")
    second = api.created(TWILIO, name="Second")
    answer = api.update(second, {"name": "First"})
    assert (answer.status, answer.body["code"]) == (409, "name_taken")


# Reveal and delete


def test_an_owner_has_the_secrets_revealed_and_it_is_written_down(api: Api) -> None:
    # given
    configuration_id = api.created(TWILIO)
    # when
    answer = api.get(configuration_id, query="reveal=true")
    # then
    assert answer.body["data"]["api_secret"] == demo.TWILIO_AUTH_TOKEN
    [event] = api.audit("provider_configuration.revealed")
    assert event["secrets"] == ["api_key", "api_secret"]
    assert event["subject"] == f"provider_configuration/{configuration_id}"


@pytest.mark.parametrize("role", ["admin", "member"])
def test_nobody_else_has_them_revealed(api: Api, role: str) -> None:
    configuration_id = api.created(TWILIO)
    answer = api.get(configuration_id, role=role, query="reveal=true")
    assert (answer.status, answer.body["code"]) == (403, "role_required")
    assert api.audit("provider_configuration.revealed") == []
    [refused] = api.audit("access.refused")
    assert refused["subject"] == "GET /provider-configurations/<configuration_id>"


def test_what_is_deleted_is_gone_with_its_secrets_and_its_facts_are_kept(api: Api) -> None:
    # given
    configuration_id = api.created(SIGNALWIRE)
    # when
    answer = api.delete(configuration_id)
    # then a 204 without a body
    assert (answer.status, answer.body) == (204, None)
    assert api.get(configuration_id).status == 404
    assert api.records() == []
    [event] = api.audit("provider_configuration.deleted")
    assert event["before"]["base_url"] == SIGNALWIRE["base_url"]
    assert event["before"]["name"] == "Space"


def test_updates_are_written_down_with_what_was_there_before(api: Api) -> None:
    configuration_id = api.created(TWILIO, active=True)
    api.update(configuration_id, {"name": "New", "active": False, "api_secret": "x" * 32, "validate": False})
    [event] = api.audit("provider_configuration.updated")
    assert (event["before"]["name"], event["before"]["active"]) == ("Twilio", True)
    assert (event["changed"], event["secrets"], event["validated"]) == (["active", "name"], ["api_secret"], False)


@pytest.mark.parametrize("provider", ["telnyx", "ultravox"])
def test_the_accounts_of_a_provisioned_telephony_are_not_deleted_without_force(provisioned: Api, provider: str) -> None:
    # given
    api = provisioned
    [configuration_id] = [
        each["id"] for each in api.listed().body["data"] if each["provider_details"]["name"].lower() == provider
    ]
    # when, active or not
    api.update(configuration_id, {"active": False})
    refused = api.delete(configuration_id)
    # then
    assert (refused.status, refused.body["code"]) == (409, "provider_in_use")
    assert refused.body["used_by"] == ["the provisioned telephony"]
    assert "force=true" in refused.body["fix"]
    assert api.delete(configuration_id, query="force=true").status == 204


def test_an_account_that_live_numbers_were_bought_with_is_not_deleted_without_force(provisioned: Api) -> None:
    # given a number
    api, world = provisioned, provisioned.world
    [configuration_id] = [each["id"] for each in api.listed().body["data"] if each["provider"] == 1]
    owner = api.tokens["owner"]
    found = world.call("phone_numbers", "POST", "/phone-numbers/search", {"area_code": "212"}, token=owner)
    number = found.body["numbers"][0]["phone_number"]
    body = {"phone_number": number, "provider": "telnyx"}
    bought = world.call("purchase_number", "POST", "/phone-numbers/purchase", body, token=owner)
    assert bought.status == 200, bought.body
    # when
    refused = api.delete(configuration_id)
    # then
    assert (refused.status, refused.body["used_by"]) == (409, ["phone numbers", "the provisioned telephony"])


# Who may


@pytest.mark.parametrize(
    ("body", "allowed"),
    [
        ({"name": "New"}, {"owner", "admin"}),
        ({"active": False}, {"owner", "admin"}),
        ({"meta_json": []}, {"owner", "admin"}),
        ({"is_default": True}, {"owner", "admin"}),
        ({"api_key": "AC" + "0" * 32, "validate": False}, {"owner"}),
        ({"api_secret": "0" * 32, "validate": False}, {"owner"}),
        ({"base_url": "https://api.twilio.com", "validate": False}, {"owner"}),
        ({"sip_url": "sips:acme.sip.twilio.com"}, {"owner"}),
        ({"meta_json": [{"meta_key": "account_sid", "meta_value": "AC" + "0" * 32}]}, {"owner"}),
    ],
    ids=lambda value: next(iter(value)) if isinstance(value, dict) else "",
)
@pytest.mark.parametrize("role", ["owner", "admin", "member"])
def test_who_may_change_what(api: Api, role: str, body: dict[str, Any], allowed: set[str]) -> None:
    # given
    configuration_id = api.created(TWILIO)
    before = api.records()
    # when
    answer = api.update(configuration_id, body, role=role)
    # then
    assert answer.status == (200 if role in allowed else 403), answer.body
    if role not in allowed:
        assert answer.body["code"] == "role_required"
        assert api.records() == before
        [event] = api.audit("access.refused")
        assert event["subject"] == "PATCH /provider-configurations/<configuration_id>"


def test_an_admin_may_create_without_secrets_only(api: Api) -> None:
    assert api.create(TWILIO, role="admin").status == 403
    assert api.create({"name": "Later", "provider": 3}, role="admin").status == 200


@pytest.mark.parametrize("role", ["admin", "member"])
def test_only_an_owner_deletes(api: Api, role: str) -> None:
    configuration_id = api.created(TWILIO)
    assert api.delete(configuration_id, role=role).status == 403
    assert api.get(configuration_id).status == 200


# Products


def test_a_configuration_takes_its_creators_product(api: Api) -> None:
    from telephony.bootstrap import container
    from telephony.values import Role

    # given a token that is bound to the agency's product
    token, _ = container().administration.issue_token(api.agency_id, Role.OWNER, "bound", product_id=7)
    # when
    bound = api.create(TWILIO, token=token, headers={"product-id": None})
    unbound = api.create(ULTRAVOX, headers={"product-id": None})
    # then
    assert (bound.body["data"]["product_id"], unbound.body["data"]["product_id"]) == (7, None)
    assert api.get(bound.body["data"]["id"], token=token).status == 200
    assert api.get(unbound.body["data"]["id"], token=token).status == 200


@pytest.fixture
def two_products(api: Api) -> Api:
    """Of an agency with two products."""
    from telephony.models import agencies
    from telephony.models.base import commit, update

    commit(update(agencies.Agency(f"agency#{api.agency_id}"), [agencies.Agency.product_ids.set([7, 8])]))
    return api


def bound_token(api: Api, product_id: int) -> str:
    from telephony.bootstrap import container
    from telephony.values import Role

    return container().administration.issue_token(api.agency_id, Role.OWNER, "bound", product_id=product_id)[0]


UNNAMED: dict[str, str | None] = {"product-id": None}


def test_a_token_of_one_product_sees_nothing_of_another(two_products: Api) -> None:
    # given a configuration of the one, and a token of the other
    api, token = two_products, bound_token(two_products, 8)
    of_seven = api.created(TWILIO)
    eight: dict[str, str | None] = {"product-id": "8"}
    # then
    assert api.listed(token=token).body["data"] == []
    assert api.get(of_seven, token=token, headers=eight).status == 404
    assert api.get(of_seven, token=token).body["code"] == "product_not_found"
    assert api.update(of_seven, {"name": "x"}, token=token, headers=eight).status == 404
    assert api.delete(of_seven, token=token, headers=eight).status == 404
    assert api.get(of_seven, headers=eight).status == 404
    for headers in (eight, UNNAMED):
        answer = api.create({**TWILIO, "api_secret": "0" * 32, "validate": False}, token=token, headers=headers)
        assert (answer.status, answer.body["code"]) == (409, "name_taken")
    revealed = api.get(of_seven, query="reveal=true").body["data"]
    assert revealed["api_secret"] == demo.TWILIO_AUTH_TOKEN


def test_a_token_of_one_product_does_not_take_the_default_of_another(two_products: Api) -> None:
    # given
    api, token = two_products, bound_token(two_products, 8)
    of_seven = api.created(TWILIO)
    # when it makes one of its own, and makes it the default
    made = api.create({**TWILIO, "name": "Eight's"}, token=token, headers=UNNAMED)
    answer = api.update(made.body["data"]["id"], {"is_default": True}, token=token, headers={"product-id": "8"})
    # then
    assert (made.body["data"]["product_id"], made.body["data"]["is_default"]) == (8, False)
    assert (answer.status, answer.body["code"]) == (409, "foreign_product")
    assert api.get(of_seven).body["data"]["is_default"] is True
    # but who is bound to no product may
    eight: dict[str, str | None] = {"product-id": "8"}
    assert api.update(made.body["data"]["id"], {"is_default": True}, headers=eight).status == 200


@pytest.mark.parametrize("provider", ["telnyx", "ultravox"])
def test_keys_are_stored_in_ones_own_product_only(two_products: Api, provider: str) -> None:
    # given
    api, world = two_products, two_products.world
    path, body = {
        "telnyx": (
            "/store-telnyx-credentials",
            {"telnyx_api_key": demo.TELNYX_API_KEY, "telnyx_public_key": demo.TELNYX_PUBLIC_KEY},
        ),
        "ultravox": ("/save-ultravox-integration", {"api_key": demo.ULTRAVOX_API_KEY}),
    }[provider]

    def store(product_id: int) -> HttpAnswer:
        given = {**body, "skip_validation": True}
        return world.call("telephony_integration", "POST", path, given, token=bound_token(api, product_id))

    # when
    answers = [store(7), store(8), store(7)]
    # then
    assert [each.status for each in answers] == [200, 409, 200]
    assert answers[1].body["code"] == "foreign_product"
    assert [each["product_id"] for each in api.listed().body["data"]] == [7]
