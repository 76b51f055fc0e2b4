"""Reading /phone-configurations: lists and look-ups, what each costs at the database, and who may see what."""

from __future__ import annotations

from collections import Counter
from typing import Any
from urllib.parse import quote

import pytest

from tests.records import DOOR, PATH, add_numbers, get, number, page, walk
from tests.world import World

SPLIT = {"PENDING": 3, "INACTIVE": 40, "ACTIVE": 1000}


@pytest.fixture(scope="module")
def listed(calm_world: World) -> dict[str, list[str]]:
    """An agency's ids by status, newest first: 1,043 live numbers; and another agency with as many."""
    ids, first = {}, 0
    for status, count in SPLIT.items():
        ids[status] = add_numbers(calm_world, calm_world.agency_id, count, status=status, first=first)
        first += count
    ids["live"] = [*ids["ACTIVE"], *ids["INACTIVE"], *ids["PENDING"]]
    return ids


@pytest.fixture(scope="module")
def stranger(calm_world: World) -> str:
    """A token of another agency's owner, an agency with numbers of its own."""
    agency_id, tokens = calm_world.new_agency("Other", credentials=False)
    add_numbers(calm_world, agency_id, 30, first=5_000)
    return tokens["owner"]


def test_the_first_page_is_the_newest_with_the_total(calm_world: World, listed: dict[str, list[str]]) -> None:
    ids, meta = page(calm_world, pageSize=50)
    assert ids == listed["live"][:50]
    assert meta.pop("nextCursor")
    assert meta == {
        "page": 1,
        "pageSize": 50,
        "totalCount": 1043,
        "totalPages": 21,
        "hasNextPage": True,
        "hasPreviousPage": False,
    }


@pytest.mark.parametrize("size", [100, 97, 1])
def test_cursors_lead_through_the_list_without_gap_or_repetition(
    calm_world: World, listed: dict[str, list[str]], size: int
) -> None:
    status = {"status": "pending"} if size == 1 else {}
    wanted = listed["PENDING"] if size == 1 else listed["live"]
    pages = list(walk(calm_world, pageSize=size, **status))
    assert [each for ids, _ in pages for each in ids] == wanted
    assert [meta["page"] for _, meta in pages] == list(range(1, len(pages) + 1))
    assert {(meta["totalCount"], meta["totalPages"]) for _, meta in pages} == {(len(wanted), len(pages))}
    assert [meta["hasNextPage"] for _, meta in pages] == [True] * (len(pages) - 1) + [False]
    assert [meta["hasPreviousPage"] for _, meta in pages] == [False] + [True] * (len(pages) - 1)


@pytest.mark.parametrize("wanted", [2, 10, 11, 12])
def test_a_page_by_number_is_that_part_of_the_list(
    calm_world: World, listed: dict[str, list[str]], wanted: int
) -> None:
    ids, meta = page(calm_world, pageSize=100, page=wanted)
    assert ids == listed["live"][(wanted - 1) * 100 : wanted * 100]
    assert (meta["page"], meta["totalCount"], meta["hasNextPage"]) == (wanted, 1043, wanted < 11)
    assert meta["hasPreviousPage"]


def test_a_cursor_goes_on_from_a_page_by_number(calm_world: World, listed: dict[str, list[str]]) -> None:
    _, meta = page(calm_world, pageSize=100, page=3)
    ids, meta = page(calm_world, pageSize=100, cursor=meta["nextCursor"])
    assert ids == listed["live"][300:400]
    assert (meta["page"], meta["totalCount"]) == (4, 1043)


@pytest.mark.parametrize("status", ["INACTIVE", "inactive", "Inactive"])
def test_a_status_chooses_its_own_records_and_total(
    calm_world: World, listed: dict[str, list[str]], status: str
) -> None:
    ids, meta = page(calm_world, status=status, pageSize=100)
    assert ids == listed["INACTIVE"]
    assert (meta["totalCount"], meta["hasNextPage"], meta["nextCursor"]) == (40, False, None)


@pytest.mark.parametrize(
    "query",
    [
        {"pageSize": 101},
        {"pageSize": 0},
        {"pageSize": -1},
        {"pageSize": "ten"},
        {"pageSize": " 10"},
        {"page": 0},
        {"page": "1_0"},
        {"page": 10**20},
        {"status": "GONE"},
        {"cursor": "made-up"},
        {"cursor": "x" * 5000},
    ],
)
def test_a_list_that_cannot_be_is_a_bad_request(calm_world: World, query: dict[str, Any]) -> None:
    answer = get(calm_world, **query)
    assert answer.status == 400
    assert answer.body["success"] is False
    assert answer.body["error"]["errors"][0]["field"] in query


def test_a_page_too_far_to_count_to_says_how_to_get_there(calm_world: World, listed: dict[str, list[str]]) -> None:
    assert get(calm_world, page=100, pageSize=100).status == 200
    answer = get(calm_world, page=101, pageSize=100)
    assert answer.status == 400
    assert answer.body["error"]["code"] == "page_out_of_reach"
    assert "nextCursor" in answer.body["error"]["fix"]


def test_a_cursor_is_good_for_its_agency_and_filter_only(
    calm_world: World, listed: dict[str, list[str]], stranger: str
) -> None:
    cursor = page(calm_world)[1]["nextCursor"]
    for query in ({"token": stranger}, {"status": "ACTIVE"}):
        answer = get(calm_world, **query, cursor=cursor)
        assert (answer.status, answer.body["error"]["code"]) == (400, "invalid_cursor"), query


def test_no_part_of_a_cursor_can_be_changed(calm_world: World, listed: dict[str, list[str]]) -> None:
    cursor = page(calm_world)[1]["nextCursor"]
    for index in (0, len(cursor) // 2, len(cursor) - 3):
        forged = cursor[:index] + ("A" if cursor[index] != "A" else "B") + cursor[index + 1 :]
        assert get(calm_world, cursor=forged).status == 400


@pytest.mark.parametrize("size", [1, 20, 100])
def test_a_page_is_one_query_of_its_size(
    calm_world: World, listed: dict[str, list[str]], reads: list[tuple[str, int]], size: int
) -> None:
    # when a first page is read, and the one after it
    _, meta = page(calm_world, pageSize=size)
    first = list(reads)
    reads.clear()
    page(calm_world, pageSize=size, cursor=meta["nextCursor"])
    # then each is authentication and one query: the records, and the count or a look ahead
    assert first == reads == [("GetItem", 1), ("Query", size + 1)]


def test_a_page_of_released_records_costs_no_more_and_its_total_grows_to_the_end(
    calm_world: World, reads: list[tuple[str, int]]
) -> None:
    # given an agency that has released more than it looks at
    agency_id, tokens = calm_world.new_agency("Leaving", credentials=False)
    released = add_numbers(calm_world, agency_id, 55, status="RELEASED", first=9_000)
    token = tokens["owner"]
    reads.clear()

    ids, meta = page(calm_world, token, status="RELEASED", pageSize=20)

    assert reads == [("GetItem", 1), ("Query", 21)]
    assert (meta["totalCount"], meta["totalPages"], meta["hasNextPage"]) == (21, 2, True)
    found, totals = list(ids), [meta["totalCount"]]
    while meta["nextCursor"]:
        ids, meta = page(calm_world, token, status="RELEASED", pageSize=20, cursor=meta["nextCursor"])
        found += ids
        totals.append(meta["totalCount"])
    assert (found, totals) == (released, [21, 41, 55])
    third = page(calm_world, token, status="RELEASED", pageSize=20, page=3)[1]
    beyond = page(calm_world, token, status="RELEASED", pageSize=20, page=9)[1]
    assert (third["totalCount"], third["hasNextPage"], beyond["totalCount"]) == (55, False, 55)


def test_looking_one_up_takes_two_round_trips(
    calm_world: World, listed: dict[str, list[str]], reads: list[tuple[str, int]]
) -> None:
    position = 500
    wanted = listed["live"][-1 - position]
    paths = {
        f"/{wanted}": [("GetItem", 1), ("GetItem", 1)],
        f"/by-phone-number/{number(position)}": [("GetItem", 1), ("Query", 1)],
        f"/by-request/op_{calm_world.agency_id}_{position}": [("GetItem", 1), ("Query", 1)],
    }
    for path, expected in paths.items():
        reads.clear()
        assert get(calm_world, path).body["data"]["id"] == wanted
        assert reads == expected, path


def test_neither_keys_nor_carriers_are_asked(
    calm_world: World, listed: dict[str, list[str]], aws_calls: Counter[str]
) -> None:
    page(calm_world, token=calm_world.api_token(calm_world.agency_id))
    get(calm_world, f"/{listed['live'][0]}")
    assert {call.split(" ")[0] for call in aws_calls} <= {"dynamodb", "secretsmanager", "kms"}
    aws_calls.clear()
    page(calm_world)
    assert set(aws_calls) == {"dynamodb GetItem", "dynamodb Query"}


@pytest.mark.parametrize(
    "bad", ["+1", "12125551234", "+1 2125551234", "+1212555abcd", "+" + "1" * 30, "+１２１２５５５１２３４"]
)
def test_what_is_no_number_is_a_bad_request(calm_world: World, bad: str) -> None:
    answer = get(calm_world, f"/by-phone-number/{quote(bad)}")
    assert (answer.status, answer.body["error"]["code"]) == (400, "invalid_phone_number")


@pytest.mark.parametrize(
    "path",
    [
        "/phone_unknown",
        "/" + "x" * 3000,
        "/%00",
        "/a%22b",
        '/a"b',
        "/by-request/" + "x" * 3000,
        "/by-phone-number/+12125550000",
    ],
)
def test_what_does_not_exist_is_not_found(calm_world: World, path: str) -> None:
    answer = get(calm_world, path)
    assert answer.status == 404
    assert answer.body["error"]["request_id"] == answer.headers["x-request-id"]


@pytest.mark.parametrize(
    "body",
    [
        None,
        {},
        {"friendlyName": ""},
        {"friendlyName": 1},
        {"friendlyName": "a", "status": "ACTIVE"},
        {"status": "ACTIVE"},
        b"[]",
    ],
)
def test_only_a_name_can_be_changed(calm_world: World, listed: dict[str, list[str]], body: Any) -> None:
    answer = calm_world.call(DOOR, "PATCH", f"{PATH}/{listed['live'][0]}", body, token=calm_world.owner_token)
    assert answer.status == 400


def test_a_patch_of_the_collection_needs_the_id(calm_world: World) -> None:
    answer = calm_world.call(DOOR, "PATCH", PATH, {"friendlyName": "a"}, token=calm_world.owner_token)
    assert (answer.status, answer.body["error"]["errors"][0]["field"]) == (400, "id")


def test_another_agencys_record_does_not_exist(calm_world: World, listed: dict[str, list[str]], stranger: str) -> None:
    wanted = listed["live"][-1]
    for path in (f"/{wanted}", f"/by-phone-number/{number(0)}", f"/by-request/op_{calm_world.agency_id}_0"):
        assert get(calm_world, path).status == 200
        assert get(calm_world, path, token=stranger).status == 404, path
    for path, body in ((PATH, {"id": wanted, "friendlyName": "a"}), (f"{PATH}/{wanted}", {"friendlyName": "a"})):
        assert calm_world.call(DOOR, "PATCH", path, body, token=stranger).status == 404
    assert not {*page(calm_world, token=stranger, pageSize=100)[0]} & {*listed["live"]}
    assert get(calm_world, f"/{wanted}").body["data"]["friendlyName"] is None


def test_a_member_reads_and_does_not_rename(calm_world: World, listed: dict[str, list[str]]) -> None:
    member, wanted = calm_world.tokens["member"], listed["live"][0]
    assert get(calm_world, f"/{wanted}", token=member).status == 200
    answer = calm_world.call(DOOR, "PATCH", f"{PATH}/{wanted}", {"friendlyName": "a"}, token=member)
    assert (answer.status, answer.body["error"]["code"]) == (403, "role_required")


def test_without_a_credential_nothing_is_read(calm_world: World) -> None:
    assert calm_world.call(DOOR, "GET", PATH).status == 401


def test_a_wrong_method_is_told_the_right_ones_of_all_doors(calm_world: World) -> None:
    answer = calm_world.call(DOOR, "PUT", f"{PATH}/x", {}, token=calm_world.owner_token)
    assert (answer.status, answer.headers["allow"]) == (405, "DELETE, GET, PATCH")
