"""POST /provision-telephony: the documented answer, and what exists afterwards."""

from __future__ import annotations

from tests.world import World


def test_provisions_an_agency_end_to_end(world: World) -> None:
    answer = world.provision()

    assert answer.status == 200, answer.body
    steps = {step["step"]: step for step in answer.body["completed_steps"]}
    (application,) = world.applications()
    (profile,) = world.profiles()
    print(answer.body)
