"""/assistants: what a number can be assigned to."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from tests.world import HttpAnswer, World

DOOR = "phone_numbers"
FIELDS = {
    "name": "Ada",
    "telephony_provider": "telnyx",
    "ultravox_agent_id": "6a3d1c0e-0000-4000-8000-000000000001",
    "connection_id": "1293384261075731499",
    "messaging_profile_id": "4001712c-0000-4000-8000-000000000002",
}
NOTHING = dict.fromkeys(FIELDS)


def call(world: World, method: str, path: str = "", body: Any = None, token: str = "", query: str = "") -> HttpAnswer:
    return world.call(DOOR, method, f"/assistants{path}", body, token=token or world.owner_token, query=query)


def created(world: World, **fields: Any) -> dict[str, Any]:
    answer = call(world, "POST", "", {"name": "Ada"} | fields, token=world.tokens["admin"])
    assert answer.status == 200, answer.body
    assistant: dict[str, Any] = answer.body["assistant"]
    return assistant


def give_numbers(world: World, assistant_id: int, count: int) -> None:
    from telephony.models import assistants
    from telephony.models.base import commit

    commit(assistants.count_number(world.agency_id, assistant_id, count))


def test_an_assistant_is_created_read_changed_and_deleted(world: World, items: Any) -> None:
    # when it is created
    made = created(world, **FIELDS)
    assert made.pop("created_at") == made["updated_at"]
    assert made == FIELDS | {"id": 1, "numbers": 0, "updated_at": made["updated_at"]}
    # then it is there, alone and in the list
    shown = call(world, "GET", "/1", token=world.tokens["member"]).body["assistant"]
    assert call(world, "GET").body == {"success": True, "assistants": [shown], "next_cursor": None}
    # when two fields are changed, the others stay
    answer = call(world, "PATCH", "/1", {"name": "Grace", "connection_id": None}, token=world.tokens["admin"])
    assert answer.status == 200
    assert answer.body["assistant"].items() >= (FIELDS | {"name": "Grace", "connection_id": None}).items()
    # when it is deleted, it is gone, and its id is not given again
    assert call(world, "DELETE", "/1", token=world.tokens["admin"]).body == {"success": True, "id": 1}
    assert call(world, "GET", "/1").status == 404
    assert created(world)["id"] == 2
    # and all of it is written down
    events = sorted(items("audit_events"), key=lambda event: event["id"]["S"])
    written = [
        (each["action"]["S"], json.loads(each["details"]["S"]))
        for each in events
        if "assistant" in each["subject"]["S"]
    ]
    assert written == [
        ("assistant.created", FIELDS),
        (
            "assistant.updated",
            {
                "before": {"name": "Ada", "connection_id": FIELDS["connection_id"]},
                "after": {"name": "Grace", "connection_id": None},
            },
        ),
        ("assistant.deleted", {"name": "Grace"}),
        ("assistant.created", NOTHING | {"name": "Ada"}),
    ]


def test_only_a_name_is_needed(world: World) -> None:
    assert created(world).items() >= (NOTHING | {"name": "Ada"}).items()


def test_the_carriers_it_may_be_for(world: World) -> None:
    for provider in ("twilio", "telnyx", "signalwire", None):
        assert created(world, telephony_provider=provider)["telephony_provider"] == provider


BAD_BODIES: list[Any] = [
    None,
    {},
    {"name": ""},
    {"name": None},
    {"name": 7},
    {"name": "x" * 256},
    {"name": "a\nb"},
    {"name": "\ud800"},
    {"name": "Ada", "telephony_provider": "ultravox"},
    {"name": "Ada", "telephony_provider": ""},
    {"name": "Ada", "connection_id": "../../etc"},
    {"name": "Ada", "connection_id": 1293384261075731499},
    {"name": "Ada", "ultravox_agent_id": "x" * 129},
    {"name": "Ada", "id": 5},
    {"name": "Ada", "numbers": 5},
]


def test_a_body_is_taken_strictly(world: World) -> None:
    for body in BAD_BODIES:
        assert call(world, "POST", "", body).status == 400, body
    assert call(world, "GET").body["assistants"] == []


BAD_CHANGES: list[Any] = [None, {}, {"name": None}, {"numbers": 0}, {"telephony_provider": "ultravox"}]


def test_a_change_is_taken_strictly(world: World) -> None:
    created(world)
    for body in BAD_CHANGES:
        assert call(world, "PATCH", "/1", body).status == 400, body


BAD_IDS = ["0", "-1", "x", "1.0", "+1", "%EF%BC%91", "9" * 40]


def test_ids_are_whole_numbers(world: World) -> None:
    created(world)
    for method, body in (("GET", None), ("PATCH", {"name": "a"}), ("DELETE", None)):
        for bad in BAD_IDS:
            assert call(world, method, f"/{bad}", body).status == 400, (method, bad)
        assert call(world, method, "/2", body).status == 404, method


def test_one_with_numbers_is_not_deleted(world: World) -> None:
    # given an assistant with a number
    created(world)
    give_numbers(world, 1, 1)
    # then it can't be deleted
    answer = call(world, "DELETE", "/1")
    assert (answer.status, answer.body["code"]) == (409, "assistant_in_use")
    assert answer.body["fix"]
    assert call(world, "GET", "/1").body["assistant"]["numbers"] == 1
    # until the number is taken from it
    give_numbers(world, 1, -1)
    assert call(world, "DELETE", "/1").status == 200


@pytest.mark.parametrize("field", ["telephony_provider", "connection_id", "messaging_profile_id"])
def test_what_its_numbers_were_set_up_with_stays(world: World, field: str) -> None:
    # given an assistant with a number
    made = created(world, **FIELDS)
    give_numbers(world, 1, 1)
    # then what the number was set up with can't change
    answer = call(world, "PATCH", "/1", {field: None, "name": "Grace"})
    assert (answer.status, answer.body["code"]) == (409, "assistant_in_use")
    assert field in answer.body["detail"]
    assert call(world, "GET", "/1").body["assistant"]["name"] == made["name"]
    # but the same value is no change, and the rest can
    answer = call(world, "PATCH", "/1", {field: FIELDS[field], "name": "Grace", "ultravox_agent_id": None})
    assert answer.status == 200


def test_ids_are_given_once_however_many_are_created_at_a_time(world: World) -> None:
    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(_create_in_service, [world.agency_id] * 12))
    assert sorted(answers) == list(range(1, 13))


def _create_in_service(agency_id: str) -> int:
    """By the service: a door answers one request at a time, as a Lambda function does."""
    from telephony.bootstrap import container
    from telephony.values import Principal, Role

    principal = Principal(agency_id, Role.ADMIN, "user#test", "jwt")
    return int(container().assistants.create(principal, NOTHING | {"name": "Ada"})["id"])


def test_a_long_list_comes_in_pages(world: World) -> None:
    from telephony.models.assistants import Assistant

    from tests.records import put_items

    rows = [
        Assistant(world.agency_id, each, name=f"a{each}", created_at=1, updated_at=1).serialize()
        for each in range(1, 251)
    ]
    put_items(world, "assistants", rows)
    found: list[int] = []
    cursor = ""
    for expected in (100, 100, 50):
        body = call(world, "GET", query=f"cursor={cursor}" if cursor else "").body
        assert len(body["assistants"]) == expected
        found += [each["id"] for each in body["assistants"]]
        cursor = body["next_cursor"]
    assert found == list(range(1, 251))
    assert cursor is None


def test_another_agencys_assistant_does_not_exist(world: World) -> None:
    # given an assistant, and a stranger with one of another id
    created(world)
    created(world)
    _, strangers = world.new_agency("Other", credentials=False)
    stranger = strangers["owner"]
    assert call(world, "POST", "", {"name": "Theirs"}, token=stranger).body["assistant"]["id"] == 1
    # then the ids of the one mean nothing to the other
    assert call(world, "GET", "/2", token=stranger).status == 404
    assert call(world, "PATCH", "/2", {"name": "Stolen"}, token=stranger).status == 404
    assert call(world, "DELETE", "/2", token=stranger).status == 404
    assert [each["name"] for each in call(world, "GET", token=stranger).body["assistants"]] == ["Theirs"]
    assert [each["name"] for each in call(world, "GET").body["assistants"]] == ["Ada", "Ada"]


def test_a_member_only_reads(world: World) -> None:
    created(world)
    member = world.tokens["member"]
    assert call(world, "GET", token=member).status == 200
    for method, path, body in (("POST", "", {"name": "a"}), ("PATCH", "/1", {"name": "a"}), ("DELETE", "/1", None)):
        answer = call(world, method, path, body, token=member)
        assert (answer.status, answer.body["code"]) == (403, "role_required")
