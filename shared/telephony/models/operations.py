"""Table `operations`: the journal. It is the scheduler, too: `due_at` says when an operation wants to be woken."""

from __future__ import annotations

import secrets
from collections.abc import Iterator, Sequence
from enum import StrEnum
from typing import Any
from zlib import crc32

from pynamodb.attributes import JSONAttribute, ListAttribute, MapAttribute, NumberAttribute, UnicodeAttribute
from pynamodb.expressions.condition import Condition
from pynamodb.expressions.update import Action
from pynamodb.indexes import AllProjection, GlobalSecondaryIndex, IncludeProjection

from telephony import clock
from telephony.errors import OperationInProgress
from telephony.models.base import Table, Write, get, get_together, put, storage_errors, unchanged, update, update_one

SCHEMA = 1
"""Of this record. A record of a later schema is parked: left for the release that wrote it."""

DUE_SHARDS = 4
"""Partitions of the due index: one partition takes 1,000 writes a second."""

ATTENTION_SHARD = -1
"""Of the due index: the operations that wait for a human. Nobody wakes them; the alarm counts them."""

KEPT_FOR = 90 * 86400
"""Seconds that a finished operation stays readable."""


class Status(StrEnum):
    RUNNING = "RUNNING"
    """Somebody works on it, or will be woken to."""
    WAITING = "WAITING"
    """A carrier is at work; looked at again when due."""
    SUCCEEDED = "SUCCEEDED"
    FAILED = "FAILED"
    """A retry by itself can't help; the caller's next request, or a retry by hand, goes on."""
    NEEDS_ATTENTION = "NEEDS_ATTENTION"
    """Retried for as long as its kind allows: an alarm."""
    ABANDONED = "ABANDONED"
    """Failed for good, with nothing brought about; what it held was given back."""
    SUPERSEDED = "SUPERSEDED"
    """Given up in favour of another operation on the same thing."""


FINAL = (Status.SUCCEEDED, Status.ABANDONED, Status.SUPERSEDED)
SCHEDULED = (Status.RUNNING, Status.WAITING)


class StepState(StrEnum):
    PENDING = "PENDING"
    STARTED = "STARTED"
    """Its effect may have happened."""
    DONE = "DONE"


class StepRecord(MapAttribute[str, Any]):
    """One step's state. Times are seconds since the epoch."""

    name = UnicodeAttribute()
    state = UnicodeAttribute(default=StepState.PENDING)
    started_at = NumberAttribute(null=True)
    started_by = UnicodeAttribute(null=True)
    """The lease under which it was started: the holder of that lease knows what came of it."""
    done_at = NumberAttribute(null=True)
    attempts = NumberAttribute(default=0)
    error_code = UnicodeAttribute(null=True)
    data = JSONAttribute(null=True)


class OperationsByAgency(GlobalSecondaryIndex["Operation"]):
    class Meta:
        index_name = "by_agency"
        projection = AllProjection()

    agency_id = UnicodeAttribute(hash_key=True)
    id = UnicodeAttribute(range_key=True)


class OperationsDue(GlobalSecondaryIndex["Operation"]):
    """Sparse: holds only operations with a `due_at`."""

    class Meta:
        index_name = "by_due"
        projection = IncludeProjection(["agency_id", "kind", "status", "woken_at"])

    due_shard = NumberAttribute(hash_key=True)
    due_at = NumberAttribute(range_key=True)


class Operation(Table):
    """One run of a workflow. Times are seconds since the epoch. Holds carrier ids, never keys."""

    table = "operations"

    class Meta:
        pass

    id = UnicodeAttribute(hash_key=True)
    schema = NumberAttribute(default=SCHEMA)
    kind = UnicodeAttribute()
    agency_id = UnicodeAttribute()
    status = UnicodeAttribute(default=Status.RUNNING)
    actor = UnicodeAttribute()
    input = JSONAttribute(default=dict)
    steps: ListAttribute[StepRecord] = ListAttribute(of=StepRecord, default=list)
    attempts = NumberAttribute(default=0)
    """Failed tries in a row; waiting for a carrier does not count."""
    failing_since = NumberAttribute(null=True)
    error = JSONAttribute(null=True)
    result = JSONAttribute(null=True)
    lease = UnicodeAttribute(null=True)
    lease_until = NumberAttribute(default=0)
    due_at = NumberAttribute(null=True)
    due_shard = NumberAttribute(null=True)
    woken_at = NumberAttribute(null=True)
    created_at = NumberAttribute()
    updated_at = NumberAttribute()
    expires_at = NumberAttribute(null=True)

    by_agency = OperationsByAgency()
    by_due = OperationsDue()

    def step(self, name: str) -> StepRecord:
        """The step's record, made at its first mention: kinds only ever gain steps at their end."""
        for record in self.steps:
            if record.name == name:
                return record
        record = StepRecord(name=name, state=StepState.PENDING, attempts=0)
        self.steps.append(record)
        return record

    @property
    def expired(self) -> bool:
        """DynamoDB may be days late with deleting it."""
        return self.expires_at is not None and self.expires_at <= clock.now()

    @property
    def leased(self) -> bool:
        return self.lease_until > clock.now()

    def schedule(self, due_at: float | None) -> None:
        """Sets when the operation wants to be woken; None: never."""
        self.due_at = due_at
        self.due_shard = None if due_at is None else crc32(self.id.encode()) % DUE_SHARDS

    def ask_for_attention(self) -> None:
        """Enters the operation among those that the alarm counts."""
        self.due_at, self.due_shard = clock.now(), ATTENTION_SHARD


class IdempotencyKey(Table):
    """`id` is `key#<agency>#<sha256 of the key>`: the operation that a client's Idempotency-Key stands for.

    Or the error that was answered before there was one.
    """

    table = "operations"

    class Meta:
        pass

    id = UnicodeAttribute(hash_key=True)
    keyed_operation_id = UnicodeAttribute(null=True)
    error = JSONAttribute(null=True)
    fingerprint = UnicodeAttribute()
    """Of the body that came with it: another body is a conflict."""
    expires_at = NumberAttribute()

    @property
    def live(self) -> bool:
        return self.expires_at > clock.now()


def new_id() -> str:
    """`op_` + milliseconds + 80 random bits: sorts by time, can't be guessed."""
    return f"op_{clock.now_ms():012x}{secrets.token_hex(10)}"


def new_lease() -> str:
    return secrets.token_hex(8)


def find(operation_id: str) -> Operation | None:
    operation = get(Operation, operation_id)
    return None if operation is None or operation.expired else operation


def find_together(operation_ids: Sequence[str]) -> list[Operation | None]:
    """As `find`, of up to 100 at one moment."""
    found = get_together(*((Operation, operation_id, None) for operation_id in operation_ids))
    return [None if each is None or each.expired else each for each in found]


def open_new(operation: Operation) -> Write:
    return put(operation, Operation.id.does_not_exist())


def take_lease(operation: Operation, lease: str, until: float) -> bool:
    """Takes over an unfinished operation whose lease is free. True: it is now as stored, and ours until `until`.

    A run that died gave no lease back: it counts as failing, or an operation that kills each run would go on for ever.
    """
    actions = [
        Operation.lease.set(lease),
        Operation.lease_until.set(until),
        Operation.status.set(Status.RUNNING),
        *_schedule_actions(operation, until),
    ]
    if operation.lease_until and operation.failing_since is None:
        actions.append(Operation.failing_since.set(clock.now()))
    return update_one(
        operation,
        actions,
        (Operation.lease_until < clock.now()) & ~Operation.status.is_in(*FINAL),
    )


def _schedule_actions(operation: Operation, due_at: float) -> list[Action]:
    operation.schedule(due_at)
    return [Operation.due_at.set(operation.due_at), Operation.due_shard.set(operation.due_shard)]


def journal(operation: Operation) -> Write:
    """Writes the operation as it stands in memory, provided that its lease is still the one stored.

    One that is stored as ended stays so: the run whose last write was done, and its answer lost, must not reopen it.
    """
    operation.updated_at = clock.now()
    operation.expires_at = int(clock.now()) + KEPT_FOR if operation.status in FINAL else None
    return put(
        operation,
        (Operation.lease == operation.lease) & ~Operation.status.is_in(*FINAL),
        lambda: OperationInProgress("The operation has ended, or another run has taken it over"),
    )


def put_off(operation: Operation, due_at: float) -> None:
    """Has an operation woken later and leaves all else of it as it is, unless somebody works on it by now."""
    update_one(
        Operation(operation.id),
        _schedule_actions(operation, due_at),
        (Operation.lease_until < clock.now()) & ~Operation.status.is_in(*FINAL),
    )


def supersede(operation: Operation) -> Write:
    """Ends an unfinished operation in favour of another one.

    Only if nobody has taken it up since it was read, even for a moment: what such a run brought about isn't known.
    """
    return update(
        Operation(operation.id),
        [
            Operation.status.set(Status.SUPERSEDED),
            Operation.lease.remove(),  # so that no run of it can write any more
            Operation.due_at.remove(),
            Operation.due_shard.remove(),
            Operation.updated_at.set(clock.now()),
            Operation.expires_at.set(int(clock.now()) + KEPT_FOR),
        ],
        _left_alone(operation),
        lambda: OperationInProgress("Another operation on this agency's telephony is running"),
    )


def leave(operation: Operation) -> Write:
    """Leaves an unfinished operation as it is, and fails if somebody has taken it up since it was read."""
    return update(
        Operation(operation.id),
        [Operation.updated_at.set(clock.now())],
        _left_alone(operation),
        lambda: OperationInProgress("An operation on this agency's telephony has just been taken up"),
    )


def _left_alone(operation: Operation) -> Condition:
    condition: Condition = (
        unchanged(Operation.lease, operation.lease)
        & (Operation.lease_until < clock.now())
        & ~Operation.status.is_in(*FINAL)
    )
    return condition


def redo(operation: Operation, step: str) -> Write:
    """Has an unfinished operation whose lease is free do a step again, as soon as somebody takes it up."""
    for record in operation.steps:
        if record.name == step:
            record.state = StepState.PENDING
    operation.status, operation.error = Status.RUNNING, None
    operation.attempts, operation.failing_since = 0, None
    operation.schedule(clock.now())
    operation.updated_at = clock.now()
    return put(
        operation,
        _left_alone(operation),
        lambda: OperationInProgress("Another operation on this agency's telephony is running"),
    )


def reopen(operation: Operation) -> Write:
    """Has an unfinished operation whose lease is free taken up again now, as if it had never failed."""
    return update(
        Operation(operation.id),
        [
            Operation.status.set(Status.RUNNING),
            Operation.attempts.set(0),
            Operation.failing_since.remove(),
            Operation.woken_at.remove(),
            Operation.updated_at.set(clock.now()),
            *_schedule_actions(operation, clock.now()),
        ],
        (Operation.lease_until < clock.now()) & ~Operation.status.is_in(*FINAL),
        lambda: OperationInProgress("The operation is running or has just ended"),
    )


def newest(agency_id: str, limit: int, before: str | None = None) -> list[Operation]:
    """The agency's operations, newest first, from the one before the id `before`: `limit` items read."""
    condition = None if before is None else Operation.id < before
    with storage_errors():
        return list(Operation.by_agency.query(agency_id, condition, scan_index_forward=False, limit=limit))


def due(now: float) -> Iterator[Operation]:
    """The operations that wanted to be woken by `now`, oldest first within a shard; only the index's attributes."""
    for shard in range(DUE_SHARDS):
        with storage_errors():
            yield from Operation.by_due.query(shard, Operation.due_at <= now)


def count_needing_attention() -> int:
    with storage_errors():
        return int(Operation.by_due.count(ATTENTION_SHARD))


def mark_woken(operation_id: str) -> None:
    """Remembers that a wake-up was sent, so that a backlog is not woken again each minute."""
    update_one(Operation(operation_id), [Operation.woken_at.set(clock.now())], Operation.due_at.exists())
