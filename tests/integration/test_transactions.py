"""Transactions on a real engine: all or nothing, and each write's own conflict."""

from __future__ import annotations

import itertools

import pytest
from telephony.errors import Conflict
from telephony.models import agencies, callers
from telephony.models.agencies import Agency
from telephony.models.base import Write, commit, delete, put, update
from telephony.models.callers import Caller

from tests.world import World


def writes(world: World, failing: str | None) -> dict[str, Write]:
    """One of each kind on items that exist; the condition of `failing` does not hold."""

    def conflict(kind: str) -> Conflict:
        return Conflict(f"the {kind} failed")

    def condition(kind: str) -> object:
        return Caller.id.does_not_exist() if kind == failing else Caller.id.exists()

    new = Caller("user#put", agency_id=world.agency_id, role="admin", created_at=1)
    return {
        "put": put(new, condition("put"), lambda: conflict("put")),
        "update": update(
            Caller("user#update"), [Caller.role.set("admin")], condition("update"), lambda: conflict("update")
        ),
        "delete": delete(Caller("user#delete"), condition("delete"), lambda: conflict("delete")),
    }


def roles(world: World) -> dict[str, str]:
    mine = (callers.find(f"user#{kind}") for kind in ("put", "update", "delete"))
    return {each.id: each.role for each in mine if each is not None}


def test_whichever_write_fails_its_own_conflict_is_raised_and_nothing_is_written(world: World) -> None:
    for kind in ("put", "update", "delete"):
        commit(callers.save(Caller(f"user#{kind}", agency_id=world.agency_id, role="member", created_at=1)))
    before = roles(world)
    for failing, order in itertools.product(("put", "update", "delete"), itertools.permutations(range(3))):
        given = list(writes(world, failing).values())
        with pytest.raises(Conflict, match=f"the {failing} failed"):
            commit(*(given[position] for position in order))
        assert roles(world) == before
    # and when none fails, all of them are done
    commit(*writes(world, None).values())
    assert roles(world) == {"user#put": "admin", "user#update": "admin"}


def test_a_taken_org_handle_is_said_so(world: World) -> None:
    taken = agencies.find(world.agency_id)
    assert taken is not None
    another = Agency(
        f"agency#{agencies.new_id()}",
        name="Another",
        org_handle=taken.org_handle,
        webhook_secret_digest="0",
        sealed_webhook_secret=b"0",
        created_at=1,
        updated_at=1,
    )
    with pytest.raises(Conflict) as refused:
        commit(*agencies.create(another))
    assert refused.value.code == "org_handle_taken"
    assert agencies.find(another.id) is None


def test_two_updates_of_one_item_arrive_together(world: World) -> None:
    commit(
        agencies.set_telephony(world.agency_id, telnyx_application_id="1", telephony_configured=True),
        agencies.set_telephony(world.agency_id, telnyx_application_id="2", telnyx_outbound_profile_id="9"),
    )
    found = agencies.find(world.agency_id)
    assert found is not None
    assert (found.telnyx_application_id, found.telnyx_outbound_profile_id) == ("2", "9")
    assert found.telephony_configured is True
