"""What a wake-up does: goes on with an operation, by whatever workflow it belongs to."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from telephony import clock
from telephony.clock import Deadline
from telephony.errors import OperationInProgress, PartialFailure, TelephonyError
from telephony.models import operations
from telephony.models.operations import FINAL, Operation
from telephony.observability import emit_metrics, logger
from telephony.services.saga import Run, Saga, Waiting, Workflow, understands
from telephony.wakeups import Wakeups

PARKED_SECONDS = 600
"""An operation that this release doesn't know is looked at again after this long, perhaps by the release that does."""

WAKE_AGAIN_SECONDS = 300
"""An operation that was woken is not woken again before this: a backlog must not feed itself."""


class Worker:
    """Resumes operations; finds the ones that are due."""

    def __init__(self, saga: Saga, wakeups: Wakeups, workflows: Mapping[str, Workflow[Any]]) -> None:
        self._saga = saga
        self._wakeups = wakeups
        self._workflows = workflows

    def resume(self, operation_id: str, deadline: Deadline) -> None:
        """Goes on with an operation as far as it gets; returns once the journal says how far that was.

        An operation that has ended, is in somebody's hands or doesn't exist is left alone: wake-ups may come twice.
        Raises `StorageUnavailable` if the journal can't be reached.
        """
        operation = operations.find(operation_id)
        if operation is None or operation.status in FINAL or operation.leased:
            return
        workflow = self._workflows.get(operation.kind)
        if workflow is None or not understands(workflow, operation):
            logger.warning("operation parked", extra={"operation_id": operation.id, "kind": operation.kind})
            operations.put_off(operation, clock.now() + PARKED_SECONDS)
            return
        died = operation.lease_until > 0  # a run that ends gives its lease back
        if not self._saga.take_over(operation, deadline):
            return
        if died and self._saga.exhausted(workflow, operation):
            error = TelephonyError("Each run of this operation has died", code="runs_die")
            error.retryable = True  # so that it is given up for having failed too long, not at once
            self._saga.stop(workflow, operation, error)
            return
        try:
            run = self._run_of(workflow, operation, deadline)
            if run is not None:
                self._saga.proceed(workflow, run)
        except (PartialFailure, Waiting):
            return  # journaled and logged where it was raised
        except OperationInProgress:
            return  # another run has taken it over, and journals what comes of it

    def _run_of(self, workflow: Workflow[Any], operation: Operation, deadline: Deadline) -> Run[Any] | None:
        if workflow.admit is not None and not operation.steps:
            return self._saga.admit(workflow, operation, deadline)
        try:
            return Run(operation, workflow.context(operation, deadline), deadline)
        except TelephonyError as error:
            self._saga.stop(workflow, operation, error)
            return None

    def wake_due(self) -> int:
        """Sends a wake-up for each operation that is due. Returns how many; emits what the alarms watch."""
        now = clock.now()
        woken, oldest = 0, 0.0
        for operation in operations.due(now):
            oldest = max(oldest, now - (operation.due_at or now))
            woken_since_due = operation.woken_at is not None and operation.woken_at >= (operation.due_at or now)
            if woken_since_due and now - (operation.woken_at or 0) < WAKE_AGAIN_SECONDS:
                continue
            if self._wakeups.send(operation.id, operation.agency_id):
                operations.mark_woken(operation.id)
                woken += 1
        emit_metrics(
            OldestDueSeconds=oldest,
            OperationsNeedAttention=operations.count_needing_attention(),
            OperationsWoken=woken,
        )
        return woken
