"""/phone-configurations: records shown whole, released and renamed; pages while the list changes."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import quote

import pytest

from local.testing import Backends
from tests.records import DOOR, PATH, add_numbers, get, number, page, walk
from tests.world import World


def test_an_agency_without_numbers_has_an_empty_list(world: World) -> None:
    answer = get(world)
    assert answer.status == 200
    assert answer.body["success"] is True
    assert answer.body["metadata"]["version"] == "v1"
    assert answer.body["data"] == {
        "data": [],
        "meta": {
            "page": 1,
            "pageSize": 20,
            "totalCount": 0,
            "totalPages": 0,
            "hasNextPage": False,
            "hasPreviousPage": False,
            "nextCursor": None,
        },
    }


def test_what_is_new_meanwhile_does_not_shift_the_pages_that_follow(world: World) -> None:
    # given a first page
    ids = add_numbers(world, world.agency_id, 30)
    _, meta = page(world, pageSize=10)
    # when numbers come in above it, and one below it goes
    add_numbers(world, world.agency_id, 5, first=100)
    world.backends.client("dynamodb").delete_item(
        TableName=f"{world.deployment.table_prefix}phone_configurations", Key={"pk": {"S": f"phone#{ids[10]}"}}
    )
    # then the next page goes on where the first one ended
    assert page(world, pageSize=10, cursor=meta["nextCursor"])[0] == ids[11:21]


def test_a_record_is_shown_whole(world: World) -> None:
    # given a number that an assistant answers
    (wanted,) = add_numbers(
        world,
        world.agency_id,
        1,
        friendly_name="Support",
        monthly_price=11_500,
        currency="USD",
        country_code="US",
        region_or_country_name="New York, US",
        assistant_id=3,
        assistant_name="Ada",
        capabilities={"voice": True, "sms": True},
        metadata={"note": "kept"},
    )
    # when it is looked up, in each way
    by_id = get(world, f"/{wanted}")
    shown = by_id.body["data"]
    assert by_id.status == 200
    for path in (
        f"/by-phone-number/{number(0)}",
        f"/by-phone-number/{quote(number(0))}",
        f"/by-request/op_{world.agency_id}_0",
    ):
        assert get(world, path).body["data"] == shown, path
    # then it is as documented
    channel = {"id": "3", "name": "Ada", "deploymentStatus": "ACTIVE"}
    assert shown.pop("createdAt") == shown.pop("updatedAt") > 10**12
    assert shown == {
        "id": wanted,
        "phoneNumber": number(0),
        "providerPhoneNumberId": "1",
        "phoneRequestId": f"op_{world.agency_id}_0",
        "friendlyName": "Support",
        "regionId": None,
        "monthlyPrice": 1.15,
        "regionOrCountryName": "New York, US",
        "countryCode": "US",
        "providerType": "TELNYX",
        "isImported": False,
        "status": "ACTIVE",
        "isPorted": False,
        "markedForRelease": False,
        "metadata": {"note": "kept"},
        "voiceChannelId": "3",
        "smsChannelId": "3",
        "voiceChannel": channel | {"type": "VOICE"},
        "smsChannel": channel | {"type": "SMS"},
        "isUSSMSPermitted": False,
    }


def test_a_released_number_is_read_by_id_and_by_its_status_alone(world: World) -> None:
    # given a number that was released, and lives again
    released = add_numbers(world, world.agency_id, 25, status="RELEASED")
    (live,) = add_numbers(world, world.agency_id, 1, first=24)
    # then the list has the live one, and its look-up too
    assert page(world)[0] == [live]
    assert get(world, f"/by-phone-number/{number(24)}").body["data"]["id"] == live
    # and the released ones are there by id and by their status, with a total that grows to the end
    assert get(world, f"/{released[0]}").body["data"]["status"] == "RELEASED"
    pages = list(walk(world, status="RELEASED", pageSize=10))
    assert [each for ids, _ in pages for each in ids] == released
    assert [meta["totalCount"] for _, meta in pages] == [11, 21, 25]
    ids, meta = page(world, status="RELEASED", pageSize=10, page=3)
    assert (ids, meta["totalCount"], meta["hasNextPage"]) == (released[20:], 25, False)


def test_a_number_that_was_released_only_is_not_found_by_number(world: World) -> None:
    add_numbers(world, world.agency_id, 1, status="RELEASED")
    assert get(world, f"/by-phone-number/{number(0)}").status == 404


def test_a_released_number_is_gone_after_its_time_even_if_its_row_is_not(world: World) -> None:
    ids = add_numbers(world, world.agency_id, 3, status="RELEASED")
    world.pass_time(90 * 86400 + 1)
    token = world.api_token(world.agency_id)
    assert get(world, f"/{ids[0]}", token=token).status == 404
    assert page(world, token=token, status="RELEASED") == (
        [],
        {
            "page": 1,
            "pageSize": 20,
            "totalCount": 0,
            "totalPages": 0,
            "hasNextPage": False,
            "hasPreviousPage": False,
            "nextCursor": None,
        },
    )


@pytest.mark.parametrize("by_path", [True, False])
@pytest.mark.parametrize("name", ["Front desk", None])
def test_a_record_is_renamed(world: World, items: Any, by_path: bool, name: str | None) -> None:
    (wanted,) = add_numbers(world, world.agency_id, 1, friendly_name="Old")
    path, body = (f"{PATH}/{wanted}", {}) if by_path else (PATH, {"id": wanted})
    answer = world.call(DOOR, "PATCH", path, body | {"friendlyName": name}, token=world.tokens["admin"])
    assert answer.status == 200
    assert answer.body["data"]["friendlyName"] == name
    # and stays so, is written down, and nothing else has changed
    shown = get(world, f"/{wanted}").body["data"]
    assert shown["friendlyName"] == name
    assert page(world)[1]["totalCount"] == 1
    (event,) = [each for each in items("audit_events") if each["action"]["S"] == "number.renamed"]
    assert json.loads(event["details"]["S"]) == {"before": "Old", "after": name}


def test_a_released_number_is_not_renamed(world: World) -> None:
    (released,) = add_numbers(world, world.agency_id, 1, status="RELEASED")
    answer = world.call(DOOR, "PATCH", f"{PATH}/{released}", {"friendlyName": "a"}, token=world.owner_token)
    assert (answer.status, answer.body["error"]["code"]) == (409, "number_released")


def test_a_number_that_an_operation_works_on_is_not_renamed(world: World) -> None:
    from telephony.models import phone_configurations
    from telephony.models.base import commit

    (wanted,) = add_numbers(world, world.agency_id, 1)
    record = phone_configurations.find(world.agency_id, wanted)
    assert record is not None
    commit(phone_configurations.claim(record, "op_1"))
    answer = world.call(DOOR, "PATCH", f"{PATH}/{wanted}", {"friendlyName": "a"}, token=world.owner_token)
    assert (answer.status, answer.body["error"]["code"]) == (409, "operation_in_progress")
    assert answer.body["error"]["operation_id"] == "op_1"


def test_a_rotated_key_keeps_the_cursors_that_are_out(world: World) -> None:
    from telephony import platform_secrets

    # given a page with a cursor
    ids = add_numbers(world, world.agency_id, 30)
    _, meta = page(world)
    # when the key of page tokens is replaced, and the old one kept for a while
    old = world.deployment.platform_secret
    _store_secret(
        world.backends, world, old | {"page_token_key": "x" * 64, "page_token_key_previous": old["page_token_key"]}
    )
    platform_secrets.forget()
    # then the cursor still leads on
    assert page(world, cursor=meta["nextCursor"])[0] == ids[20:]
    # and when the old key is gone, it doesn't, once it is forgotten
    _store_secret(world.backends, world, old | {"page_token_key": "x" * 64})
    world.pass_time(301)
    assert get(world, cursor=meta["nextCursor"]).status == 400


def test_a_cursor_of_a_key_that_this_instance_has_not_read_yet_leads_on(world: World) -> None:
    from telephony.services.cursors import Cursors

    # given an instance that knows the old key alone, and a cursor that another has sealed with the new one
    ids = add_numbers(world, world.agency_id, 30)
    _, meta = page(world)
    old, new = world.deployment.platform_secret, "x" * 64
    scope = ("phone-configurations", world.agency_id, None)
    position = Cursors(lambda: [old["page_token_key"]]).open(scope, meta["nextCursor"])
    cursor = Cursors(lambda: [new]).seal(scope, position)
    # when
    kept = {"page_token_key": new, "page_token_key_previous": old["page_token_key"]}
    _store_secret(world.backends, world, old | kept)
    # then
    assert page(world, cursor=cursor)[0] == ids[20:]


def _store_secret(backends: Backends, world: World, secret: dict[str, str]) -> None:
    backends.client("secretsmanager").put_secret_value(
        SecretId=world.deployment.environment["PLATFORM_SECRET_ID"], SecretString=json.dumps(secret)
    )
