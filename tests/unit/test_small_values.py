"""Roles, times and wake-up messages."""

from __future__ import annotations

import pytest
from telephony import clock, wakeups
from telephony.errors import InvalidRequest
from telephony.values import Role


@pytest.mark.parametrize(("label", "role"), [("owner", Role.OWNER), ("Admin", Role.ADMIN), ("MEMBER", Role.MEMBER)])
def test_roles_are_read_by_name(label: str, role: Role) -> None:
    assert Role.parse(label) is role
    assert role.label == label.lower()


@pytest.mark.parametrize("label", ["", "boss", "3", "agency_owner"])
def test_other_roles_are_refused_with_the_list_of_them(label: str) -> None:
    with pytest.raises(ValueError, match="member, admin, owner"):
        Role.parse(label)


def test_a_higher_role_includes_the_lower() -> None:
    assert Role.OWNER > Role.ADMIN > Role.MEMBER


@pytest.mark.parametrize(
    ("timestamp", "text"),
    [
        (0, "1970-01-01T00:00:00.000Z"),
        (1517610145.521, "2018-02-02T22:22:25.521Z"),
        (1517610145.9999, "2018-02-02T22:22:25.999Z"),
        (1517610145, "2018-02-02T22:22:25.000Z"),
        (None, None),
    ],
)
def test_times_are_shown_in_utc_with_milliseconds(timestamp: float | None, text: str | None) -> None:
    assert clock.iso(timestamp) == text


def test_a_deadline_that_has_passed_is_negative() -> None:
    assert clock.Deadline.after(-1).remaining() < 0 < clock.Deadline.after(60).remaining()


def test_a_wakeup_carries_an_operation_id() -> None:
    assert wakeups.parse('{"operation_id": "op_1"}') == "op_1"


@pytest.mark.parametrize(
    "body",
    ["", "op_1", "null", "[]", '"op_1"', "{}", '{"operation_id": null}', '{"operation_id": ""}', '{"id": "x"}', "{"],
)
def test_any_other_message_is_refused(body: str) -> None:
    with pytest.raises(InvalidRequest, match="not a wake-up message"):
        wakeups.parse(body)


def test_a_wakeup_later_than_the_queue_can_delay_is_left_to_the_sweeper() -> None:
    # given a queue that can't be reached; when a wake-up in a day is asked for, then nothing is sent
    queue = wakeups.Wakeups("us-east-1", "https://nowhere.invalid/queue")
    assert queue.send("op_1", "agency", delay=86400)
