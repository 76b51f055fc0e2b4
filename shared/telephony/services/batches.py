"""Buying many numbers: one operation that is the parent of one purchase for each.

The request writes the parent alone, and takes all the places of its purchases among the agency's open operations; each
purchase gives back its own. The worker writes all the purchases in one transaction, under ids that follow from
the parent's, so that a second time finds the first; each then runs by itself, as any other operation does. The parent
looks at them until all are decided, or wait for a human: their own operations tell what becomes of those.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass

from telephony import clock
from telephony.clock import Deadline
from telephony.errors import Conflict
from telephony.models import audit_events, limits, operations
from telephony.models.base import commit
from telephony.models.operations import FINAL, SCHEDULED, Operation, Status
from telephony.services.batch_results import AWAIT, BATCH, ended, item_id, results
from telephony.services.purchase_records import PurchaseRequest, new_operation
from telephony.services.saga import Data, Run, Step, Waiting, Workflow, opening
from telephony.values import Principal, ProviderType
from telephony.wakeups import Wakeups

FIRST_LOOK = 5.0
LONGEST_LOOK = 600.0


@dataclass(frozen=True, slots=True)
class Batch:
    """`operation_id` is the parent's."""

    operation_id: str
    accepted: int


class Batches:
    """`workflow` is what the queue worker runs."""

    def __init__(self, wakeups: Wakeups) -> None:
        self._wakeups = wakeups
        steps = (Step("open_purchases", self._open_purchases), Step(AWAIT, _await_purchases))
        self.workflow: Workflow[None] = Workflow(BATCH, steps, _no_context)

    def purchase(
        self, principal: Principal, requests: Sequence[PurchaseRequest], public_base_url: str, deadline: Deadline
    ) -> Batch:
        """Takes the order of up to 50 numbers, none of which has been looked at yet.

        Raises `TooManyOperations` if they are more than the agency may have open, `NotRecorded` if the order may stand.
        """
        now = clock.now()
        parent = Operation(
            operations.new_id(),
            kind=BATCH,
            agency_id=principal.agency_id,
            actor=principal.caller_id,
            input={"requests": [asdict(each) for each in requests], "public_base_url": public_base_url},
            created_at=now,
            updated_at=now,
        )
        parent.schedule(now)
        places = limits.begin_operations(parent.agency_id, limits.find(parent.agency_id), len(requests))
        begun = audit_events.record(
            principal.agency_id,
            "numbers.batch_begun",
            principal.caller_id,
            parent.id,
            numbers=[each.phone_number for each in requests],
        )
        with opening(parent, deadline):
            commit(operations.open_new(parent), places, begun)
        self._wakeups.send(parent.id, parent.agency_id)
        return Batch(parent.id, len(requests))

    def _open_purchases(self, run: Run[None]) -> Data:
        """The same again changes nothing: the ids are the same, and all are written or none."""
        parent = run.operation
        purchases = [
            new_operation(
                parent.agency_id,
                parent.actor,
                request,
                parent.input["public_base_url"],
                operation_id=item_id(parent, index),
                batch_id=parent.id,
            )
            for index, request in enumerate(_requests(parent))
        ]
        for purchase in purchases:
            purchase.schedule(clock.now())
        try:
            commit(*(operations.open_new(purchase) for purchase in purchases))
        except Conflict:
            if operations.find(purchases[0].id) is None:
                raise
        for purchase in purchases:
            self._wakeups.send(purchase.id, purchase.agency_id)
        return {"purchases": len(purchases)}


def _await_purchases(run: Run[None]) -> Data:
    items = results(run.operation)
    noted, statuses = ended(items), [each["status"] for each in items]
    if any(status in SCHEDULED for status in statuses):
        age = clock.now() - run.operation.created_at
        raise Waiting(min(LONGEST_LOOK, max(FIRST_LOOK, age / 10)), ended=noted)
    succeeded, decided = statuses.count(Status.SUCCEEDED), sum(status in FINAL for status in statuses)
    run.operation.result = {
        "succeeded": succeeded,
        "failed": decided - succeeded,
        "need_attention": len(statuses) - decided,
    }
    return {"ended": noted}


def _requests(parent: Operation) -> list[PurchaseRequest]:
    return [
        PurchaseRequest(**{**given, "provider": ProviderType(given["provider"])}) for given in parent.input["requests"]
    ]


def _no_context(_operation: Operation, _deadline: Deadline) -> None:
    """The journal has all that the steps need."""
