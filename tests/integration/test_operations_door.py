"""/operations and /audit-events: what became of what was asked for, trying it again, and who did what."""

from __future__ import annotations

import datetime
import json
from typing import Any
from urllib.parse import quote

import pytest

from tests.records import put_items
from tests.world import HttpAnswer, World

DOOR = "operations"


def get(world: World, path: str = "/operations", token: str = "", **query: Any) -> HttpAnswer:
    text = "&".join(f"{name}={quote(str(value))}" for name, value in query.items())
    return world.call(DOOR, "GET", path, token=token or world.owner_token, query=text)


def retry(world: World, operation_id: str, token: str = "") -> HttpAnswer:
    return world.call(DOOR, "POST", f"/operations/{operation_id}/retry", token=token or world.owner_token)


def operations_of(world: World, agency_id: str, count: int, **attributes: Any) -> list[str]:
    """Journal entries as the models write them; their ids, newest first."""
    from telephony.models.operations import Operation

    made = []
    for position in range(count):
        values = {
            "kind": "provision_telephony",
            "status": "SUCCEEDED",
            "actor": "user#test",
            "created_at": world.now(),
            "updated_at": world.now(),
        } | {name: value(position) if callable(value) else value for name, value in attributes.items()}
        made.append(Operation(f"op_{position:012x}{agency_id[:8]}", agency_id=agency_id, **values))
    put_items(world, "operations", [each.serialize() for each in made])
    return [each.id for each in made][::-1]


def stored(items: Any, operation_id: str) -> dict[str, Any]:
    (found,) = [each for each in items("operations") if each["id"]["S"] == operation_id]
    return dict(found)


def failed_provisioning(world: World) -> str:
    """A run that Telnyx refused: a retry by itself can't help."""
    world.telnyx.simulator.add_faults(
        {"kind": "status", "status": 422, "method": "POST", "path": "outbound_voice_profiles"}
    )
    return str(world.provision().body["operation_id"])


# Reading


def test_a_finished_operation_tells_its_steps(world: World) -> None:
    assert world.provision().status == 200
    (listed,) = get(world).body["operations"]
    shown = get(world, f"/operations/{listed['id']}", token=world.tokens["member"])
    assert shown.status == 200
    assert shown.body == {"success": True, "operation": listed}
    assert (listed["kind"], listed["status"], listed["error"], listed["due_at"]) == (
        "provision_telephony",
        "SUCCEEDED",
        None,
        None,
    )
    assert {step["status"] for step in listed["steps"]} == {"DONE"}
    assert all(step["done_at"] for step in listed["steps"])


def test_neither_input_nor_what_steps_keep_is_shown(world: World) -> None:
    (wanted,) = operations_of(world, world.agency_id, 1, input={"friendly_name": "private"})
    shown = get(world, f"/operations/{wanted}").body["operation"]
    assert set(shown) == {
        "id",
        "kind",
        "status",
        "attempts",
        "created_at",
        "updated_at",
        "due_at",
        "error",
        "result",
        "steps",
        "items",
    }
    assert shown["items"] is None  # of a batch alone
    assert "private" not in json.dumps(shown)


def test_pages_lead_through_all_operations(world: World) -> None:
    ids = operations_of(world, world.agency_id, 120)
    found, sizes, cursor = [], [], ""
    while cursor is not None:
        body = get(world, **({"cursor": cursor} if cursor else {})).body
        found += [each["id"] for each in body["operations"]]
        sizes.append(len(body["operations"]))
        cursor = body["next_cursor"]
    assert found == ids
    assert sizes == [50, 50, 20]


@pytest.mark.parametrize(
    ("query", "chosen"),
    [
        ({"status": "FAILED"}, lambda position: position % 50 == 0),
        ({"status": "failed", "kind": "purchase_number"}, lambda position: position % 100 == 0),
        ({"kind": "purchase_number"}, lambda position: position % 4 == 0),
        ({"kind": "unknown"}, lambda _: False),
    ],
)
def test_a_filter_finds_all_and_reads_no_more_than_its_share(
    world: World, reads: list[tuple[str, int]], query: dict[str, str], chosen: Any
) -> None:
    # given 650 operations, of which few match
    ids = operations_of(
        world,
        world.agency_id,
        650,
        status=lambda position: "SUCCEEDED" if position % 50 else "FAILED",
        kind=lambda position: "provision_telephony" if position % 4 else "purchase_number",
    )
    # when they are asked for page by page
    found, cursor = [], ""
    while cursor is not None:
        reads.clear()
        body = get(world, **query, **({"cursor": cursor} if cursor else {})).body
        # then each page is authentication and one query of 200 items at the most
        assert [operation for operation, _ in reads] == ["GetItem", "Query"]
        assert reads[1][1] <= 200
        found += [each["id"] for each in body["operations"]]
        cursor = body["next_cursor"]
    # and together they are what matches
    assert found == [each for position, each in enumerate(reversed(ids)) if chosen(position)][::-1]


def test_an_expired_operation_is_gone_even_if_its_row_is_not(world: World) -> None:
    (wanted,) = operations_of(world, world.agency_id, 1, expires_at=int(world.now()) - 1)
    assert get(world, f"/operations/{wanted}").status == 404
    assert get(world).body["operations"] == []


@pytest.mark.parametrize("query", [{"status": "DONE"}, {"kind": "x" * 65}, {"cursor": "made-up"}])
def test_a_list_that_cannot_be_is_a_bad_request(world: World, query: dict[str, str]) -> None:
    answer = get(world, **query)
    assert answer.status == 400
    assert answer.body["errors"][0]["field"] in query


# Trying again


def test_a_failed_operation_is_tried_again_and_ends(world: World) -> None:
    # given a run that failed for good
    operation_id = failed_provisioning(world)
    before = get(world, f"/operations/{operation_id}").body["operation"]
    assert (before["status"], before["due_at"]) == ("FAILED", None)
    assert before["error"]["code"]
    # when it is tried again
    answer = retry(world, operation_id)
    # then it is accepted, due at once, with its attempts counted anew
    assert answer.status == 202
    shown = answer.body["operation"]
    assert (shown["id"], shown["status"], shown["attempts"]) == (operation_id, "RUNNING", 0)
    assert shown["due_at"]
    # and the wake-up that was sent is enough for the worker to end it
    assert world.run_queue(sweep=False) == 1
    assert get(world, f"/operations/{operation_id}").body["operation"]["status"] == "SUCCEEDED"
    events = [each["action"] for each in get(world, "/audit-events").body["events"]]
    assert "operation.retried" in events


def test_a_retry_whose_wake_up_is_lost_is_found_by_the_sweeper(world: World, setting: Any) -> None:
    operation_id = failed_provisioning(world)
    url = world.deployment.environment["WAKEUPS_QUEUE_URL"]
    setting(WAKEUPS_QUEUE_URL=f"{url}-gone")
    assert retry(world, operation_id).status == 202
    setting(WAKEUPS_QUEUE_URL=url)
    world.run_queue()
    assert get(world, f"/operations/{operation_id}").body["operation"]["status"] == "SUCCEEDED"


def test_one_that_needs_attention_leaves_the_alarm_when_it_is_tried_again(world: World, items: Any) -> None:
    from telephony.models import operations

    (wanted,) = operations_of(
        world,
        world.agency_id,
        1,
        status="NEEDS_ATTENTION",
        due_at=world.now(),
        due_shard=operations.ATTENTION_SHARD,
        attempts=40,
        failing_since=world.now() - 90_000,
        woken_at=world.now() - 10,
    )
    assert operations.count_needing_attention() == 1
    assert get(world, f"/operations/{wanted}").body["operation"]["due_at"] is None  # nobody will be woken
    assert retry(world, wanted).status == 202
    assert get(world, f"/operations/{wanted}").body["operation"]["due_at"]
    assert operations.count_needing_attention() == 0
    row = stored(items, wanted)
    assert int(row["due_shard"]["N"]) >= 0
    assert not {"failing_since", "woken_at"} & set(row)


@pytest.mark.parametrize("status", ["SUCCEEDED", "ABANDONED", "SUPERSEDED"])
def test_what_has_ended_is_not_tried_again(world: World, items: Any, status: str) -> None:
    (wanted,) = operations_of(world, world.agency_id, 1, status=status)
    before = stored(items, wanted)
    answer = retry(world, wanted)
    assert (answer.status, answer.body["code"]) == (409, "operation_finished")
    assert stored(items, wanted) == before


def test_what_somebody_works_on_is_not_tried_again(world: World, items: Any) -> None:
    (wanted,) = operations_of(world, world.agency_id, 1, status="RUNNING", lease="held", lease_until=world.now() + 20)
    before = stored(items, wanted)
    answer = retry(world, wanted)
    assert (answer.status, answer.body["code"], answer.body["retryable"]) == (409, "operation_in_progress", True)
    assert stored(items, wanted) == before
    # and is, once the lease has run out
    world.pass_time(21)
    assert retry(world, wanted, token=world.api_token(world.agency_id)).status == 202


# The audit trail


def test_the_trail_tells_who_did_what_newest_first(world: World) -> None:
    assert world.provision().status == 200
    body = get(world, "/audit-events", token=world.tokens["member"]).body
    assert body["success"] is True
    assert [each["at"] for each in body["events"]] == sorted((each["at"] for each in body["events"]), reverse=True)
    assert body["events"][-1].items() >= {"action": "agency.created", "actor": "operator"}.items()
    assert any(each["actor"].startswith("user#") for each in body["events"])


def trail(world: World, count: int) -> int:
    """One event a minute, the first at the time that is returned, in milliseconds."""
    from telephony.models.audit_events import KEPT_FOR, AuditEvent

    first = int(world.now() * 1000) - 10 * 86_400_000
    rows = []
    for minute in range(count):
        at = first + minute * 60_000
        event = AuditEvent(
            world.agency_id,
            f"{at:013d}#{minute:012x}",
            action=f"a{minute}",
            actor="x",
            expires_at=at // 1000 + KEPT_FOR,
        )
        rows.append(event.serialize())
    put_items(world, "audit_events", rows)
    return first


def iso(milliseconds: int) -> str:
    moment = datetime.datetime.fromtimestamp(milliseconds / 1000, datetime.UTC)
    return moment.isoformat(timespec="milliseconds")


@pytest.mark.parametrize("written", [iso, str, lambda milliseconds: iso(milliseconds).replace("+00:00", "Z")])
def test_a_stretch_of_time_is_chosen_exactly(world: World, written: Any) -> None:
    first = trail(world, 10)
    chosen = {"from": written(first + 2 * 60_000), "to": written(first + 5 * 60_000)}
    answer = get(world, "/audit-events", **chosen)
    assert answer.status == 200, answer.body
    assert [each["action"] for each in answer.body["events"]] == ["a4", "a3", "a2"]


def test_the_trail_comes_in_pages_of_one_query_each(world: World, reads: list[tuple[str, int]]) -> None:
    first = trail(world, 130)
    until = {"to": iso(first + 130 * 60_000)}
    found, sizes, cursor = [], [], ""
    while cursor is not None:
        reads.clear()
        body = get(world, "/audit-events", **until, **({"cursor": cursor} if cursor else {})).body
        assert [operation for operation, _ in reads] == ["GetItem", "Query"]
        assert reads[1][1] <= 51
        found += [each["action"] for each in body["events"]]
        sizes.append(len(body["events"]))
        cursor = body["next_cursor"]
    assert found == [f"a{minute}" for minute in reversed(range(130))]
    assert sizes == [50, 50, 30]


def test_events_end_after_their_time_even_if_their_rows_do_not(world: World) -> None:
    trail(world, 3)
    world.pass_time(401 * 86400)
    assert (
        get(world, "/audit-events", token=world.api_token(world.agency_id)).body["events"][-1]["action"]
        == "token.issued"
    )


@pytest.mark.parametrize(
    "query",
    [
        {"from": "yesterday"},
        {"from": "2026-01-01T00:00:00"},
        {"to": "-1"},
        {"to": "9999-01-01T00:00:00Z"},
        {"cursor": "made-up"},
    ],
)
def test_a_stretch_that_cannot_be_is_a_bad_request(world: World, query: dict[str, str]) -> None:
    answer = get(world, "/audit-events", **query)
    assert answer.status == 400
    assert answer.body["errors"][0]["field"] in query


def test_an_empty_stretch_is_empty(world: World) -> None:
    body = get(world, "/audit-events", **{"from": "2026-01-02T00:00:00Z", "to": "2026-01-01T00:00:00Z"}).body
    assert body == {"success": True, "events": [], "next_cursor": None}


# Who may


def test_another_agencys_operation_does_not_exist(world: World, items: Any) -> None:
    # given an operation that could be tried again, and a stranger
    (wanted,) = operations_of(world, world.agency_id, 1, status="FAILED")
    operations_of(world, world.agency_id, 60)
    stranger_id, strangers = world.new_agency("Other", credentials=False)
    before = stored(items, wanted)
    # then it neither shows nor moves
    assert get(world, f"/operations/{wanted}", token=strangers["owner"]).status == 404
    assert retry(world, wanted, token=strangers["owner"]).status == 404
    assert stored(items, wanted) == before
    assert get(world, token=strangers["owner"]).body["operations"] == []
    actors = {each["subject"] for each in get(world, "/audit-events", token=strangers["owner"]).body["events"]}
    assert stranger_id in actors
    assert world.agency_id not in actors
    # nor do the cursors of the one lead the other anywhere
    cursor = get(world).body["next_cursor"]
    assert get(world, cursor=cursor).status == 200
    answer = get(world, token=strangers["owner"], cursor=cursor)
    assert (answer.status, answer.body["code"]) == (400, "invalid_cursor")
    assert get(world, "/audit-events", cursor=cursor).status == 400
    assert get(world, cursor=cursor, status="FAILED").status == 400


@pytest.mark.parametrize("role", ["member", "admin"])
def test_only_an_owner_tries_again(world: World, role: str) -> None:
    (wanted,) = operations_of(world, world.agency_id, 1, status="FAILED")
    answer = retry(world, wanted, token=world.tokens[role])
    assert (answer.status, answer.body["code"]) == (403, "role_required")


@pytest.mark.parametrize("path", ["/operations/op_unknown", "/operations/" + "x" * 3000, "/operations/%00"])
def test_what_does_not_exist_is_not_found(world: World, path: str) -> None:
    assert get(world, path).status == 404
