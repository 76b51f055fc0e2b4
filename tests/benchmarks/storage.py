"""P6–P8 and P12: what DynamoDB and KMS are asked for, and what our client costs."""

from __future__ import annotations

import os
import secrets
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import boto3

from tests.benchmarks.report import Row, count, ratio, told
from tests.benchmarks.sampling import ROUNDS, cpu_of, in_turn, median_ratio, wall_of
from tests.benchmarks.stage import Stage
from tests.benchmarks.tally import Tally, tally
from tests.world import HttpAnswer, World

PAGE = 50
OPERATIONS = 40
"""How many make one sample."""


def client_cost(stage: Stage) -> Iterator[Row]:
    """P6: processor time per operation, models and PynamoDB against a boto3 client as it comes."""
    from telephony import clock
    from telephony.models import agencies, audit_events, phone_configurations
    from telephony.models.base import commit

    world = stage.world
    agency_id = _agency_with_numbers(world, PAGE)
    prefix = world.deployment.table_prefix
    plain = boto3.session.Session().client("dynamodb", endpoint_url=world.backends.dynamodb_url)
    stored = plain.get_item(TableName=f"{prefix}agencies", Key={"pk": {"S": f"agency#{agency_id}"}})["Item"]
    record = audit_events.record(agency_id, "measured", "benchmark", "x").item
    audited = _as_stored(record)
    names = {"#t": "telephony_configured", "#u": "updated_at"}
    writes = [
        agencies.set_telephony(agency_id, telephony_configured=True),
        audit_events.record(agency_id, "measured", "benchmark", "x"),
    ]

    def transact() -> None:
        plain.transact_write_items(
            TransactItems=[
                {
                    "Update": {
                        "TableName": f"{prefix}agencies",
                        "Key": {"pk": stored["pk"]},
                        "UpdateExpression": "SET #t = :t, #u = :u",
                        "ConditionExpression": "attribute_exists(pk)",
                        "ExpressionAttributeNames": names,
                        "ExpressionAttributeValues": {":t": {"BOOL": True}, ":u": {"N": str(clock.now_ms())}},
                    }
                },
                {"Put": {"TableName": f"{prefix}audit_events", "Item": audited}},
            ]
        )

    def plain_page() -> None:
        plain.query(
            TableName=f"{prefix}phone_configurations",
            IndexName="by_agency",
            KeyConditionExpression="listed_agency = :a",
            ExpressionAttributeValues={":a": {"S": agency_id}},
            ScanIndexForward=False,
            Limit=PAGE,
        )

    def get() -> None:
        plain.get_item(TableName=f"{prefix}agencies", Key={"pk": stored["pk"]}, ConsistentRead=True)

    pairs: dict[str, tuple[Callable[[], object], Callable[[], object], int, float]] = {
        "get": (lambda: agencies.find(agency_id), get, OPERATIONS, 1.1),
        "put": (record.save, lambda: plain.put_item(TableName=f"{prefix}audit_events", Item=audited), OPERATIONS, 1.1),
        "transact": (
            lambda: commit(*writes),
            transact,
            OPERATIONS,
            1.1,
        ),
        f"{PAGE}-item page": (lambda: phone_configurations.newest(agency_id, None, PAGE), plain_page, 8, 1.4),
    }
    for name, (ours, theirs, times, goal) in pairs.items():
        found = in_turn({"ours": partial(cpu_of, ours, times), "theirs": partial(cpu_of, theirs, times)}, ROUNDS + 1)
        first_of_all = slice(1, None)  # was the one that warms up
        value = median_ratio(found["ours"][first_of_all], found["theirs"][first_of_all])
        floor = f"boto3 client = {min(found['theirs']) * 1000:.2f} ms CPU"
        yield ratio("P6", f"client CPU / boto3 client: {name}", value, goal, floor)


def round_trips(stage: Stage) -> Iterator[Row]:
    """P7 and P12: what a request sends, with an API token, at warm functions."""
    world = stage.world
    world.telnyx.simulator.change_settings({"order_delay": 0.0})
    token, member = world.api_token(world.agency_id), world.api_token(world.agency_id, "member")
    number = next(iter(world.telnyx.simulator.for_sale())).number
    measured = partial(_measured, world, token)
    world.call("site", "GET", "/health")
    fresh = world.api_token(world.new_agency()[0])
    provision, _ = _measured(world, fresh, "provision_telephony", "POST", "/provision-telephony", {})
    search, _ = measured("phone_numbers", "POST", "/phone-numbers/search", {"provider": "telnyx"})
    wanted = {"phone_number": number, "provider": "telnyx"}
    purchase, bought = measured("purchase_number", "POST", "/phone-numbers/purchase", wanted)
    by_id = f"/phone-configurations/{bought.body['phone_configuration_id']}"
    get, _ = measured("phone_configurations", "GET", by_id)
    page, _ = measured("phone_configurations", "GET", "/phone-configurations")
    status, _ = _measured(world, member, "telephony_integration", "GET", "/get-integration-status")
    assign, _ = measured(
        "phone_numbers", "POST", "/phone-numbers/assign", {"phone_number": number, "assistant_id": None}
    )
    release, _ = measured("purchase_number", "POST", "/phone-numbers/release", {"phone_number": number})
    goals = {"get": (get, 2), "page": (page, 2), "purchase": (purchase, 5), "provision (5 steps)": (provision, 8)}
    for name, (seen, goal) in goals.items():
        yield count("P7", f"DynamoDB round trips: {name}", seen.aws["dynamodb"], goal)
        yield told("P7", f"DynamoDB units, read · written: {name}", f"{seen.read_units:g} · {seen.write_units:g}")
    yield count("P12", "KMS calls: get, page, status", sum(each.aws["kms"] for each in (get, page, status)), 0)
    opened = {"search": (search, 1), "purchase": (purchase, 1), "assign": (assign, 1), "release": (release, 1)}
    opened["provision: two accounts and the webhook's secret"] = (provision, 3)
    for name, (seen, records) in opened.items():
        yield count("P12", f"KMS calls / record opened: {name}", seen.aws["kms"] / records, 1)


def _measured(
    world: World, token: str, function: str, method: str, path: str, body: Any = None
) -> tuple[Tally, HttpAnswer]:
    with tally(world) as seen:
        answer = world.call(function, method, path, body, token=token)
    if answer.status != 200:
        raise RuntimeError(f"{method} {path}: {answer}")
    return seen, answer


def pages(stage: Stage) -> Iterator[Row]:
    """P7 and P8: pages, reads and a purchase out of tables of very different sizes."""
    sizes = [1_000, 100_000, *([1_000_000] if os.environ.get("BENCH_MILLION") else [])]
    world = stage.world
    first: dict[int, Callable[[], HttpAnswer]] = {}
    for size in sizes:
        agency_id = _agency_with_numbers(world, size)
        first[size] = _first_page(world, world.api_token(agency_id))
        with tally(world) as seen:
            cursor = first[size]().body["data"]["meta"]["nextCursor"]
        floor = "page, and its list's count"
        yield count("P8", f"items read: first page of {PAGE}, {size:,} records", seen.items_read, PAGE + 1, floor)
        with tally(world) as seen:
            _first_page(world, world.api_token(agency_id), f"&cursor={cursor}")()
        floor = "page, and whether there is more"
        yield count("P8", f"items read: by cursor, {size:,} records", seen.items_read, PAGE + 1, floor)
        yield from _round_trips_of(world, agency_id, f"{size:,} records")
    found = in_turn({str(size): lambda page=page: wall_of(page, 5) for size, page in first.items()}, ROUNDS)
    for size in sizes[1:]:
        value = median_ratio(found[str(size)], found[str(sizes[0])])
        yield ratio("P8", f"latency of a first page: {size:,} / {sizes[0]:,} records", value, 1.3)


def _round_trips_of(world: World, agency_id: str, records: str) -> Iterator[Row]:
    """P7 of an agency that has so many numbers."""
    world.store_credentials(agency_id)
    world.telnyx.simulator.change_settings({"order_delay": 0.0})
    measured = partial(_measured, world, world.api_token(agency_id))
    number = next(iter(world.telnyx.simulator.for_sale())).number
    wanted = {"phone_number": number, "provider": "telnyx"}
    purchase, bought = measured("purchase_number", "POST", "/phone-numbers/purchase", wanted)
    paths = {"by id": bought.body["phone_configuration_id"], "by number": f"by-phone-number/{number}"}
    yield count("P7", f"DynamoDB round trips: purchase, {records}", purchase.aws["dynamodb"], 5)
    for name, path in paths.items():
        read, _ = measured("phone_configurations", "GET", f"/phone-configurations/{path}")
        yield count("P7", f"DynamoDB round trips: {name}, {records}", read.aws["dynamodb"], 2)


def _first_page(world: World, token: str, rest: str = "") -> Callable[[], HttpAnswer]:
    query = f"pageSize={PAGE}{rest}"

    def ask() -> HttpAnswer:
        answer = world.call("phone_configurations", "GET", "/phone-configurations", token=token, query=query)
        if answer.status != 200 or len(answer.body["data"]["data"]) != PAGE:
            raise RuntimeError(str(answer))
        return answer

    return ask


def _agency_with_numbers(world: World, size: int) -> str:
    """A new agency with that many live numbers, written without the detours of buying them."""
    from telephony.models import phone_configurations
    from telephony.models.phone_configurations import ALL, COUNTS_SORT_KEY, NumberStatus, PhoneConfiguration

    agency_id, _ = world.new_agency(credentials=False)
    example = phone_configurations.new(
        agency_id,
        "+12125550100",
        "op_1",
        provider="telnyx",
        provider_configuration_id=1,
        friendly_name="Front desk",
        country_code="US",
        region_id="us-ny",
        region_or_country_name="New York, NY, US",
        monthly_price=10_000,
        currency="USD",
        capabilities={"voice": True, "sms": False, "mms": False, "fax": False},
    )
    example.status, example.agency_status = NumberStatus.ACTIVE, f"{agency_id}#{NumberStatus.ACTIVE}"
    item = _as_stored(example)
    counts = PhoneConfiguration(
        f"counts#{agency_id}#{ALL}", listed_agency=agency_id, sort_key=COUNTS_SORT_KEY, records=size
    )
    counts.save()
    client, table = world.backends.client("dynamodb"), f"{world.deployment.table_prefix}phone_configurations"
    begun = int(example.created_at or 0) - size
    for start in range(0, size, 25):
        requests = []
        for position in range(start, min(start + 25, size)):
            record_id = f"phone_{begun + position:012x}{secrets.token_hex(8)}"
            own = {
                "pk": {"S": f"phone#{record_id}"},
                "sort_key": {"S": f"{begun + position:013d}#{record_id}"},
                "phone_number": {"S": f"+1212{position:07d}"},
                "phone_request_id": {"S": f"op_{position:012x}"},
                "created_at": {"N": str(begun + position)},
            }
            requests.append({"PutRequest": {"Item": item | own}})
        if client.batch_write_item(RequestItems={table: requests})["UnprocessedItems"]:
            raise RuntimeError("DynamoDB Local did not take the whole batch")
    return agency_id


def _as_stored(record: Any) -> dict[str, Any]:
    """A record as DynamoDB's own JSON has it."""
    stored: dict[str, Any] = record.serialize()
    return stored
