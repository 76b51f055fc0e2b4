"""What became of an agency's operations, and trying one again."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from telephony import clock
from telephony.errors import Conflict, NotFound, OperationInProgress
from telephony.models import audit_events, operations
from telephony.models.base import commit
from telephony.models.operations import FINAL, SCHEDULED, Operation
from telephony.services import batch_results
from telephony.services.cursors import Cursors
from telephony.values import Principal
from telephony.wakeups import Wakeups

PAGE_SIZE = 50
LOOKED_THROUGH = 200
"""Operations that one request with a filter reads at the most."""

Data = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Page:
    operations: list[Data]
    next_cursor: str | None


class Operations:
    def __init__(self, cursors: Cursors, wakeups: Wakeups) -> None:
        self._cursors = cursors
        self._wakeups = wakeups

    def get(self, principal: Principal, operation_id: str) -> Data:
        """With what has become of each number, if it is a batch of purchases. Raises `NotFound`."""
        operation = _require(principal, operation_id)
        items = batch_results.results(operation) if operation.kind == batch_results.BATCH else None
        return describe(operation) | {"items": items}

    def page(
        self, principal: Principal, *, status: str | None = None, kind: str | None = None, cursor: str | None = None
    ) -> Page:
        """Newest first, 50 at the most.

        With a filter, a request looks through 200 operations and no more: a page may be short, or empty, and yet have
        a cursor to go on with. Raises `InvalidRequest` (`invalid_cursor`).
        """
        scope = ("operations", principal.agency_id, status, kind)
        before = self._cursors.open(scope, cursor)["before"] if cursor else None
        limit = LOOKED_THROUGH if status or kind else PAGE_SIZE + 1
        read = operations.newest(principal.agency_id, limit, before)
        shown: list[Operation] = []
        looked_at = 0
        for operation in read:
            if len(shown) == PAGE_SIZE:
                break
            looked_at += 1
            if status in (None, operation.status) and kind in (None, operation.kind) and not operation.expired:
                shown.append(operation)
        more = looked_at < len(read) or len(read) == limit
        next_cursor = self._cursors.seal(scope, {"before": read[looked_at - 1].id}) if more else None
        return Page([describe(operation) for operation in shown], next_cursor)

    def retry(self, principal: Principal, operation_id: str) -> Data:
        """Has an unfinished operation taken up again at once, with its attempts counted anew.

        Raises `NotFound`, `Conflict` (`operation_finished`), `OperationInProgress` while somebody works on it.
        """
        operation = _require(principal, operation_id)
        if operation.status in FINAL:
            raise Conflict("The operation has ended", code="operation_finished")
        if operation.leased:
            raise OperationInProgress("Somebody is working on this operation")
        commit(
            operations.reopen(operation),
            audit_events.record(
                principal.agency_id,
                "operation.retried",
                principal.caller_id,
                operation.id,
                kind=operation.kind,
                status=operation.status,
            ),
        )
        self._wakeups.send(operation.id, principal.agency_id)
        return describe(_require(principal, operation_id))


def _require(principal: Principal, operation_id: str) -> Operation:
    operation = operations.find(operation_id)
    if operation is None or operation.agency_id != principal.agency_id:
        raise NotFound("Operation not found", code="operation_not_found")
    return operation


def describe(operation: Operation) -> Data:
    """An operation as its schema takes it: neither its input nor what its steps keep of the carrier's answers."""
    return {
        "id": operation.id,
        "kind": operation.kind,
        "status": operation.status,
        "attempts": operation.attempts,
        "created_at": clock.iso(operation.created_at),
        "updated_at": clock.iso(operation.updated_at),
        "due_at": clock.iso(operation.due_at) if operation.status in SCHEDULED else None,
        "error": operation.error,
        "result": operation.result,
        "steps": [
            {
                "step": record.name,
                "status": record.state,
                "attempts": record.attempts,
                "started_at": clock.iso(record.started_at),
                "done_at": clock.iso(record.done_at),
                "error_code": record.error_code,
            }
            for record in operation.steps
        ],
    }
