"""Numbers that follow their carrier account: killed at every point of the change and of the work after it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from itertools import islice

import pytest
from telephony.models import phone_configurations
from telephony.models.base import commit
from telephony.models.phone_configurations import NumberStatus

from tests.faults.effects import Killed, answer_lost, deaths, killed, unreachable
from tests.faults.lab import Case, Lab
from tests.numbers import Numbers, local_numbers
from tests.world import HttpAnswer

CHANGES = {"TransactWriteItems", "UpdateItem", "SendMessage", "PutItem"}


@dataclass
class Following:
    """An agency with two numbers that are ready for calls."""

    case: Case
    numbers: Numbers
    owned: list[str]
    account: int

    def set_active(self, active: bool) -> None:
        answer = self.ask_for(active)
        assert answer.status == 200, answer.body

    def ask_for(self, active: bool) -> HttpAnswer:
        return self.case.lab.world.call(
            "provider_configurations",
            "PATCH",
            f"/provider-configurations/{self.account}",
            {"active": active},
            token=self.case.token,
            headers={"org-handle": self.case.agency.org_handle, "product-id": "7"},
        )

    def is_active(self) -> bool:
        from telephony.models import provider_configurations

        found = provider_configurations.find(self.case.agency_id, self.account)
        assert found is not None
        return bool(found.active)

    def statuses(self) -> set[str]:
        return {self.numbers.record(number).status for number in self.owned}


@pytest.fixture(scope="module")
def following(laboratory: Lab) -> Following:
    from telephony.models import agencies, provider_configurations
    from telephony.models.base import update

    laboratory.clear()
    case = laboratory.case()
    commit(update(agencies.Agency(f"agency#{case.agency_id}"), [agencies.Agency.product_ids.set([7])]))
    numbers = Numbers(laboratory.world, case.agency_id, key=case.telnyx_key)
    laboratory.world.telnyx.simulator.change_settings({"order_delay": 0.0})
    owned = list(islice(local_numbers(), 2))
    for number in owned:
        assert numbers.purchase(number).status == 200
        commit(*phone_configurations.replace(numbers.record(number), NumberStatus.ACTIVE))
    [account] = [
        int(each.id) for each in provider_configurations.of_agency(case.agency_id) if each.provider == "telnyx"
    ]
    return Following(case, numbers, owned, account)


def _by_request(made: Following, active: bool) -> None:
    made.set_active(active)


def _by_queue(made: Following, _active: bool) -> None:
    made.case.lab.world.run_queue()


ACTS: dict[str, Callable[[Following, bool], None]] = {"the request": _by_request, "the worker": _by_queue}


@pytest.mark.parametrize("act", ACTS)
def test_killed_anywhere_the_numbers_are_as_their_account_says(
    following: Following, lab: Lab, table: list[str], act: str
) -> None:
    made, active = following, False

    def begin() -> None:
        """At rest, as the account says, and about to be changed."""
        lab.clear()
        made.set_active(not active)
        made.case.settle()
        if act == "the worker":
            made.set_active(active)
            lab.world.lose_messages()
        lab.effects.forget()

    begin()
    ACTS[act](made, active)
    points = [point for point in lab.effects.seen if point.split(" ")[1] in CHANGES]
    made.case.settle()
    assert made.statuses() == {"SUSPENDED"}
    for point, when in deaths(points):
        begin()
        lab.effects.at[point] = killed(when)
        with pytest.raises(Killed):
            ACTS[act](made, active)
        lab.effects.forget()
        made.case.settle()
        # then both records say the same as their account, whichever that came to be
        stored = made.is_active()
        expected = {"ACTIVE"} if stored else {"SUSPENDED"}
        assert made.statuses() == expected, (point, when)
        made.numbers.check()
        table.append(f"{act:12} {when:6} {point:60} {'active' if stored else 'inactive'} {expected}")


def test_a_change_that_may_have_been_made_is_not_told_as_undone(following: Following, lab: Lab) -> None:
    made = following
    lab.clear()
    made.set_active(True)
    made.case.settle()
    for outage, status, code, expected in (
        (unreachable, 503, "storage_unavailable", "ACTIVE"),
        (answer_lost, 500, "outcome_unknown", "SUSPENDED"),
    ):
        lab.effects.forget()
        lab.effects.burst("dynamodb TransactWriteItems #1", outage)

        answer = made.ask_for(False)

        assert (answer.status, answer.body["code"]) == (status, code)
        lab.effects.forget()
        made.case.settle()
        assert made.statuses() == {expected}
    assert made.case.operations[-1].id == answer.body["operation_id"]
