"""Records of numbers: put straight into the table, by the hundred thousand if need be, and read through the door."""

from __future__ import annotations

import copy
from collections.abc import Iterable, Iterator
from itertools import batched
from typing import Any
from urllib.parse import quote

from tests.world import HttpAnswer, World

DOOR = "phone_configurations"
PATH = "/phone-configurations"
TABLE = "phone_configurations"
BATCH = 25


def number(position: int) -> str:
    """A number in E.164 for each whole number."""
    return f"+1212{position + 2_000_000:07d}"


def add_numbers(
    world: World, agency_id: str, count: int, *, status: str = "ACTIVE", first: int = 0, **attributes: Any
) -> list[str]:
    """Writes records of consecutive creation, with the counts that belong to them; returns their ids, newest first.

    `first` keeps two calls for one agency apart.
    """
    from telephony.models.phone_configurations import RELEASED_KEPT_FOR, NumberStatus, new

    pattern = new(agency_id, number(0), "op_0", provider="telnyx", provider_phone_number_id="1", **attributes)
    pattern.status, pattern.agency_status, pattern.operation_id = status, f"{agency_id}#{status}", None
    if status == NumberStatus.RELEASED:
        pattern.listed_agency = None
        pattern.expires_at = pattern.expires_at or int(world.now()) + RELEASED_KEPT_FOR
    born = int(world.now() * 1000) - 10_000_000
    item = pattern.serialize()
    ids = []

    def rows() -> Iterator[dict[str, Any]]:
        for position in range(first, first + count):
            created = born + position
            configuration_id = f"phone_{created:012x}{position:016x}"
            ids.append(configuration_id)
            yield copy.copy(item) | {
                "pk": {"S": f"phone#{configuration_id}"},
                "sort_key": {"S": f"{created:013d}#{configuration_id}"},
                "phone_number": {"S": number(position)},
                "phone_request_id": {"S": f"op_{agency_id}_{position}"},
                "created_at": {"N": str(created)},
                "updated_at": {"N": str(created)},
            }

    put_items(world, TABLE, rows())
    if status != NumberStatus.RELEASED:
        _count(world, agency_id, status, "agency_status", f"{agency_id}#{status}", count)
        _count(world, agency_id, "ALL", "listed_agency", agency_id, count)
    return ids[::-1]


def put_items(world: World, table: str, items: Iterable[dict[str, Any]]) -> None:
    """`items` as DynamoDB stores them."""
    client = world.backends.client("dynamodb")
    name = world.deployment.table_prefix + table
    for batch in batched(items, BATCH, strict=False):
        answer = client.batch_write_item(RequestItems={name: [{"PutRequest": {"Item": item}} for item in batch]})
        assert not answer["UnprocessedItems"]


def _count(world: World, agency_id: str, of: str, index_key: str, value: str, change: int) -> None:
    world.backends.client("dynamodb").update_item(
        TableName=world.deployment.table_prefix + TABLE,
        Key={"pk": {"S": f"counts#{agency_id}#{of}"}},
        UpdateExpression=f"ADD records :change SET {index_key} = :value, sort_key = :first",
        ExpressionAttributeValues={":change": {"N": str(change)}, ":value": {"S": value}, ":first": {"S": "~"}},
    )


def get(world: World, path: str = "", token: str = "", **query: Any) -> HttpAnswer:
    text = "&".join(f"{name}={quote(str(value))}" for name, value in query.items())
    return world.call(DOOR, "GET", PATH + path, token=token or world.owner_token, query=text)


def page(world: World, token: str = "", **query: Any) -> tuple[list[str], dict[str, Any]]:
    """The ids and the meta of one page."""
    answer = get(world, token=token, **query)
    assert answer.status == 200, answer.body
    return [each["id"] for each in answer.body["data"]["data"]], answer.body["data"]["meta"]


def walk(world: World, **query: Any) -> Iterator[tuple[list[str], dict[str, Any]]]:
    """Every page, by cursor."""
    ids, meta = page(world, **query)
    yield ids, meta
    while meta["nextCursor"]:
        ids, meta = page(world, **query, cursor=meta["nextCursor"])
        yield ids, meta
