"""An operation that kills every run of it: it is woken again and again, but not for ever."""

from __future__ import annotations

import contextlib
from typing import Any

import pytest

from local.simulators import demo_accounts as demo
from tests.world import World

HOUR = 3600.0


class Killed(BaseException):
    """Past every `except Exception`, as the end of a process is."""


def test_an_operation_whose_every_run_dies_asks_for_a_human(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    from telephony.models import agencies, operations
    from telephony.providers.transport import Transport

    # given a run that dies at its first carrier call, and so does each run after it
    def dies(*_: Any, **__: Any) -> None:
        raise Killed

    with monkeypatch.context() as dying:
        dying.setattr(Transport, "send", dies)
        with pytest.raises(Killed):
            world.provision()
        agency = agencies.find(world.agency_id)
        assert agency is not None
        assert agency.telephony_operation_id is not None

        # when two days and more go by
        for _ in range(5):
            world.pass_time(13 * HOUR)
            with contextlib.suppress(Killed):
                world.run_queue()

    # then nobody wakes it any more, and the alarm counts it
    operation = operations.find(agency.telephony_operation_id)
    assert operation is not None
    assert operation.status == "NEEDS_ATTENTION"
    assert operation.error is not None
    assert operation.error["code"] == "runs_die"
    assert operations.count_needing_attention() == 1

    # and the caller's next request goes on with it
    assert world.provision().status == 200
    assert len(world.effects("telnyx", "application_created")) == 1
    assert operations.count_needing_attention() == 0


def test_a_profile_that_something_else_uses_stays(world: World) -> None:
    # given a profile that another connection of the account uses, too
    world.provision()
    [profile] = world.profiles()
    [application] = world.applications()
    other = {**application, "id": "1", "webhook_event_url": "https://elsewhere.example"}
    world.telnyx.simulator.account(demo.TELNYX_API_KEY)["applications"]["1"] = other

    # when
    answer = world.deprovision()

    # then
    assert answer.status == 200, answer.body
    steps = {step["step"]: step["data"] for step in answer.body["completed_steps"]}
    assert steps["delete_outbound_profile"]["outbound_profile_deleted"] is False
    assert [each["id"] for each in world.profiles()] == [profile["id"]]
    assert world.status().body["telephony_configured"] is False
