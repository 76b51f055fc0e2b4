"""The weekly round: has every agency's inventory compared with its carriers', each by an operation of its own.

The schedule writes one operation for the platform. The worker opens those of the agencies, so many at a time, and keeps
in the journal how far it is. Their ids follow from the round's, so that a run that died is repeated without harm.
"""

from __future__ import annotations

from telephony import clock
from telephony.clock import Deadline
from telephony.errors import Conflict
from telephony.models import agencies, operations
from telephony.models.base import commit
from telephony.models.operations import Operation
from telephony.services.reconciling import RECONCILE
from telephony.services.saga import Data, Run, Step, Waiting, Workflow
from telephony.wakeups import Wakeups

ROUND = "reconcile_all"
OPEN = "open_reconciliations"

PLATFORM = "platform"
"""In the place of an agency's id: the round is nobody's."""

AGENCIES_AT_A_TIME = 25


class Rounds:
    """`workflow` is what the queue worker runs."""

    def __init__(self, wakeups: Wakeups) -> None:
        self._wakeups = wakeups
        self.workflow: Workflow[None] = Workflow(ROUND, (Step(OPEN, self._open_some),), _no_context)

    def begin(self) -> None:
        """Writes the round down for the worker."""
        self._open(operations.new_id(), ROUND, PLATFORM)

    def _open_some(self, run: Run[None]) -> Data:
        before = run.data(OPEN)
        found = agencies.ids_after(before.get("agency_id"), AGENCIES_AT_A_TIME)
        for agency_id in found:
            self._open(f"{run.operation.id}_{agency_id}", RECONCILE, agency_id)
        opened = before.get("agencies", 0) + len(found)
        if len(found) == AGENCIES_AT_A_TIME:
            raise Waiting(0, agency_id=found[-1], agencies=opened)
        run.operation.result = {"agencies": opened}
        return run.operation.result

    def _open(self, operation_id: str, kind: str, agency_id: str) -> None:
        now = clock.now()
        operation = Operation(
            operation_id, kind=kind, agency_id=agency_id, actor="schedule", created_at=now, updated_at=now
        )
        operation.schedule(now)
        try:
            commit(operations.open_new(operation))
        except Conflict:
            return  # by a run before this one; if its wake-up was lost, the sweeper finds it
        self._wakeups.send(operation.id, agency_id)


def _no_context(_operation: Operation, _deadline: Deadline) -> None:
    """The journal has all that the step needs."""
