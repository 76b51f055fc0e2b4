"""Multi-step operations that survive a crash at any point.

The journal (models/operations.py) is written before each effect and with its outcome after it. A run that finds a
step STARTED by a run before it *looks* at the carrier whether the effect happened, and believes "no" only after the
step's `settle_after`, since carriers list late. A step is never undone: recovery goes forward only.

STARTED of the next step rides in the transaction of DONE of the one before, and so do the records that a step's
outcome changes. A step without an effect outside (`local`) costs no write of its own.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from telephony import clock
from telephony.clock import Deadline
from telephony.errors import (
    Conflict,
    NotRecorded,
    NotSettled,
    OperationInProgress,
    OutcomeUnknown,
    OutOfTime,
    PartialFailure,
    ProviderRateLimited,
    StorageUnavailable,
    TelephonyError,
)
from telephony.models import operations
from telephony.models.base import Write, commit
from telephony.models.operations import SCHEMA, Operation, Status, StepRecord, StepState
from telephony.observability import emit_metrics, logger
from telephony.providers.transport import MARGIN_SECONDS, backoff
from telephony.wakeups import Wakeups

LEASE_MARGIN = 5
"""Seconds that a lease outlives its holder's own time limit: the limit is the fence."""

STEP_SECONDS = MARGIN_SECONDS + 2
"""No step is begun with less time left than this."""

PATIENCE_SECONDS = 5
"""An unsettled look-up is waited for in place if it takes no longer than this."""

FIRST_RETRY_SECONDS = 4
LONGEST_RETRY_SECONDS = 3600

Data = dict[str, Any]


class Waiting(Exception):
    """Raised by a step whose outcome a carrier still owes; looked at again after `seconds`."""

    def __init__(self, seconds: float, **data: Any) -> None:
        super().__init__(f"look again in {seconds} s")
        self.seconds = seconds
        self.data = data


@dataclass(slots=True)
class Run[C]:
    """One try at an operation: the journal, what the steps work with, and the time there is."""

    operation: Operation
    context: C
    deadline: Deadline
    partial: Data = field(default_factory=dict)
    """What the step at hand has brought about so far: kept even if the rest of the step fails."""
    unwritten: list[StepRecord] = field(default_factory=list)
    """Steps that are done, but whose records are not written yet."""
    seen_ahead: Future[Any] | None = None
    """What the look of the step at hand found while its beginning was written; None once it was used."""

    def see[R](self, look: Callable[[Run[C]], R]) -> R:
        """What the step's `look` finds, or found already. Raises what it raises."""
        ahead, self.seen_ahead = self.seen_ahead, None
        return look(self) if ahead is None else ahead.result()

    def data(self, step: str) -> Data:
        """What a step left behind; {} before it did."""
        return dict(self.operation.step(step).data or {})

    def goes_on(self, step: str) -> bool:
        """Whether the step was tried before: its caller was told that the queue goes on, or got no answer at all."""
        return self.operation.step(step).attempts > 1


@dataclass(frozen=True, slots=True)
class Step[C]:
    """`run` brings the effect about and returns its data. `find` tells whether it was brought about already.

    `check` raises if it must not be done; it comes before the step is journaled as begun, so that "begun" says what was
    found. `look` is a mere read at a carrier, made while that is written, for `run` to `see` what it found. `writes`
    are the records that the data changes, committed together with it; `keep` those of what a failed `run` had brought
    about before it failed (`Run.partial`).
    """

    name: str
    run: Callable[[Run[C]], Data]
    find: Callable[[Run[C]], Data | None] | None = None
    writes: Callable[[Run[C], Data], Sequence[Write]] = lambda _run, _data: ()
    keep: Callable[[Run[C], Data], Sequence[Write]] = lambda _run, _data: ()
    check: Callable[[Run[C]], None] = lambda _run: None
    look: Callable[[Run[C]], Any] | None = None
    settle_after: float | Callable[[Run[C]], float] = 0
    local: bool = False


@dataclass(frozen=True, slots=True)
class Workflow[C]:
    """A kind of operation. `finish` are the records that its success changes; `result` what it leaves to be read."""

    kind: str
    steps: tuple[Step[C], ...]
    context: Callable[[Operation, Deadline], C]
    finish: Callable[[Run[C]], Sequence[Write]] = lambda _run: ()
    admit: Callable[[Operation, Deadline], tuple[C, Sequence[Write]]] | None = None
    """For a kind whose operations may be written down first and checked later: makes the context of one that has no
    steps yet, with the records of its intent, or raises what is against it; `refuse` are the records of that."""
    refuse: Callable[[Operation, TelephonyError], Sequence[Write]] = lambda _operation, _error: ()
    abandon: Callable[[Run[C], TelephonyError], Sequence[Write] | None] | None = None
    """For a kind that ends with its first failure: the records that give back what it held, or None if it must go on
    because something may have been brought about. Without it, what a retry can't mend waits for the caller."""
    converges: bool = False
    """For a kind that makes things be as wanted: a run that goes on looks at what an earlier one did, too, since both
    the things and the wish may have changed meanwhile. Else what is done stays as it was left."""
    give_up_after: float = 24 * 3600
    """Seconds of failing in a row after which a human is asked."""


class Saga:
    """Runs workflows. Knows the queue that wakes them."""

    def __init__(self, wakeups: Wakeups) -> None:
        self._wakeups = wakeups

    def open[C](
        self, workflow: Workflow[C], operation: Operation, context: C, deadline: Deadline, *writes: Write
    ) -> Data:
        """Journals a new operation together with `writes`, then runs it. Raises what `opening` and `proceed` do."""
        lease_until = clock.now() + deadline.remaining() + LEASE_MARGIN
        operation.lease, operation.lease_until = operations.new_lease(), lease_until
        operation.schedule(lease_until)
        first = workflow.steps[0]
        if not first.local:
            _start(operation, operation.step(first.name))
        run = Run(operation, context, deadline)
        with opening(operation, deadline):
            _look_ahead(first, run, lambda: commit(operations.open_new(operation), *writes))
        return self.proceed(workflow, run)

    def take_over(self, operation: Operation, deadline: Deadline) -> bool:
        """Takes an unfinished operation's lease; False if somebody holds it or it has ended."""
        return operations.take_lease(
            operation, operations.new_lease(), clock.now() + deadline.remaining() + LEASE_MARGIN
        )

    def proceed[C](self, workflow: Workflow[C], run: Run[C]) -> Data:
        """Does what is left of the steps and returns the data of all of them, merged.

        Raises `PartialFailure`; the queue goes on with the operation if its `retry_scheduled` says so. Raises `Waiting`
        when a carrier is still at work, with the next look scheduled.
        """
        pending: list[Write] = []
        step, settled = workflow.steps[0], 0
        if workflow.converges:
            _look_again(workflow, run.operation)
        try:
            for step in workflow.steps:
                settled = len(pending)
                record = run.operation.step(step.name)
                if record.state == StepState.DONE:
                    continue
                run.partial = {}
                data = self._do(step, record, run, pending)
                record.state, record.done_at, record.data = StepState.DONE, clock.now(), data
                record.error_code = None
                run.unwritten.append(record)
                pending.extend(step.writes(run, data))
            self._succeed(workflow, run, pending)
        except Waiting as waiting:
            self._wait(run, run.operation.step(step.name), waiting, pending)
            raise
        except TelephonyError as error:
            if step.local:
                del pending[settled:]  # its records belong to its being done, which could not be written
            raise self._fail(workflow, run, step, error, pending) from error
        return {name: value for each in workflow.steps for name, value in run.data(each.name).items()}

    def exhausted[C](self, workflow: Workflow[C], operation: Operation) -> bool:
        """Whether the operation has failed for longer than its kind may, without a run that could say so itself."""
        return (
            operation.failing_since is not None and clock.now() - operation.failing_since > 2 * workflow.give_up_after
        )

    def stop[C](self, workflow: Workflow[C], operation: Operation, error: TelephonyError) -> None:
        """Journals that a leased operation could not even be begun, and schedules its retry if that can help."""
        delay = _schedule_retry(workflow, operation, error)
        commit(operations.journal(operation))
        if delay is not None:
            self._wakeups.send(operation.id, operation.agency_id, delay)
        _log_stop(operation, "", error, delay is not None)

    def admit[C](self, workflow: Workflow[C], operation: Operation, deadline: Deadline) -> Run[C] | None:
        """Begins a leased operation that was only written down so far; None: it goes no further now.

        Ends it with what a retry can't mend, or hasn't mended for long: nothing is held for it yet.
        """
        assert workflow.admit is not None
        written = operation.input
        try:
            context, writes = workflow.admit(operation, deadline)
            _start(operation, operation.step(workflow.steps[0].name))
            commit(operations.journal(operation), *writes)
        except StorageUnavailable as error:
            # It may have been written: what is stored tells, when the lease has ended.
            _log_stop(operation, "", error, retry=True)
            return None
        except TelephonyError as error:
            operation.steps.clear()
            operation.input = written
            now = clock.now()
            if error.retryable and now - (operation.failing_since or now) < workflow.give_up_after:
                self.stop(workflow, operation, error)
                return None
            _abandon(operation, error)
            commit(operations.journal(operation), *workflow.refuse(operation, error))
            _log_stop(operation, "", error, retry=False)
            return None
        return Run(operation, context, deadline)

    def _do[C](self, step: Step[C], record: StepRecord, run: Run[C], pending: list[Write]) -> Data:
        if step.local:
            return step.run(run)
        if run.deadline.remaining() < STEP_SECONDS:
            raise OutOfTime("The time of this invocation is used up")
        by_another_run = record.state == StepState.STARTED and record.started_by != run.operation.lease
        if by_another_run:
            found = _look(step, record, run)
            if found is not None:
                return found
        if by_another_run or record.state == StepState.PENDING:
            step.check(run)  # until it passes, what another run began stays open
            _start(run.operation, record)
            _look_ahead(step, run, lambda: self._flush(run, pending))
        return step.run(run)

    def _flush[C](self, run: Run[C], pending: list[Write]) -> None:
        commit(operations.journal(run.operation), *pending)
        pending.clear()
        run.unwritten.clear()

    def _succeed[C](self, workflow: Workflow[C], run: Run[C], pending: list[Write]) -> None:
        operation = run.operation
        operation.status = Status.SUCCEEDED
        operation.error = None
        _release(operation, None)
        self._flush(run, [*pending, *workflow.finish(run)])

    def _wait[C](self, run: Run[C], record: StepRecord, waiting: Waiting, pending: list[Write]) -> None:
        operation = run.operation
        record.data = {**(record.data or {}), **waiting.data}
        operation.status = Status.WAITING
        operation.attempts, operation.failing_since, operation.error = 0, None, None
        _release(operation, clock.now() + waiting.seconds)
        try:
            self._flush(run, pending)
        except StorageUnavailable:
            return  # what is stored still has the `due_at` of the lease's end: the sweeper wakes the operation then
        self._wakeups.send(operation.id, operation.agency_id, waiting.seconds)

    def _fail[C](
        self, workflow: Workflow[C], run: Run[C], step: Step[C], error: TelephonyError, pending: list[Write]
    ) -> TelephonyError:
        """Journals the failure with all that was done before it, schedules the retry, and makes the error to raise."""
        operation = run.operation
        record = operation.step(step.name)
        if isinstance(error, OperationInProgress):
            return error  # the lease is another's by now, and so is the journal
        if isinstance(error, OutcomeUnknown):
            record.started_at = clock.now()  # the effect may come as late as this: settling is counted from here
        elif (
            record.state == StepState.STARTED
            and record.started_by == operation.lease  # what another run began stays open until it was looked for
            and not isinstance(error, NotSettled | StorageUnavailable)
        ):
            record.state = StepState.PENDING  # it certainly did not happen
        if step.local:
            record.state = StepState.PENDING  # only its records could fail to be written
        if run.partial:
            record.data = {**(record.data or {}), **run.partial}
            pending.extend(step.keep(run, run.partial))
        told = (
            NotRecorded("What came of it could not be recorded yet") if isinstance(error, StorageUnavailable) else error
        )
        record.error_code = told.code
        given_back = workflow.abandon(run, error) if workflow.abandon else None
        delay = None
        if given_back is not None:
            _abandon(operation, told)
            pending.extend(given_back)
        else:
            delay = _schedule_retry(workflow, operation, told)
        scheduled = delay is not None
        try:
            if isinstance(error, StorageUnavailable) and run.deadline.remaining() < MARGIN_SECONDS:
                raise error  # asked again it may be silent for longer than there is
            self._journal_failure(run, pending)
        except OperationInProgress as taken:
            return taken
        except StorageUnavailable:
            # What is stored still has the `due_at` of the lease's end: the sweeper wakes the operation then.
            scheduled, delay = True, None
            if given_back is not None:
                told = NotRecorded("That it has failed could not be recorded yet")  # it is not over: it goes on
        if delay is not None:
            self._wakeups.send(operation.id, operation.agency_id, delay)
        _log_stop(operation, step.name, error, scheduled)
        return PartialFailure(
            told,
            completed_steps=completed(operation),
            failed_at=step.name,
            partial_data=_partial_data(operation),
            operation_id=operation.id,
            retry_scheduled=scheduled,
        )

    def _journal_failure[C](self, run: Run[C], pending: list[Write]) -> None:
        try:
            self._flush(run, pending)
        except Conflict:
            if run.operation.status == Status.ABANDONED:
                raise  # what it held must be given back with it
            # A record that the steps change was changed by somebody else. The next run reads it anew, finds what these
            # steps did, and writes their records again.
            for record in run.unwritten:
                record.state = StepState.STARTED
            self._flush(run, [])


def _log_stop(operation: Operation, step: str, error: TelephonyError, retry: bool) -> None:
    logger.warning(
        "operation stopped",
        extra={"operation_id": operation.id, "step": step, "code": error.code, "retry": retry},
    )
    if operation.status == Status.NEEDS_ATTENTION:
        emit_metrics(OperationsGivenUp=1)


@contextmanager
def opening(operation: Operation, deadline: Deadline) -> Iterator[None]:
    """Around the transaction that journals a new operation, which goes on by itself if that is done.

    Raises `StorageUnavailable` if it certainly was not journaled, `NotRecorded` if it was, or may have been.
    """
    try:
        yield
    except StorageUnavailable as error:
        if not _may_stand(operation, deadline):
            raise
        raise NotRecorded(
            "Whether it has begun is not certain yet",
            fix="Ask for the operation: it goes on by itself. If it is not there, nothing was done: try again.",
            operation_id=operation.id,
            retry_scheduled=True,
        ) from error


def _may_stand(operation: Operation, deadline: Deadline) -> bool:
    """Whether it is journaled, as far as can be read: a transaction doesn't read past one that is still under way."""
    if deadline.remaining() < MARGIN_SECONDS:
        return True  # the database may be silent for longer than there is
    try:
        return operations.find_together([operation.id]) != [None]
    except StorageUnavailable:
        return True


def understands(workflow: Workflow[Any], operation: Operation) -> bool:
    """Whether this release can go on with an operation: one of a later release may have steps that it doesn't know."""
    known = {step.name for step in workflow.steps}
    return operation.schema <= SCHEMA and all(record.name in known for record in operation.steps)


def completed(operation: Operation) -> list[Data]:
    """The steps that are done, as the API shows them."""
    return [
        {"success": True, "step": record.name, "data": record.data}
        for record in operation.steps
        if record.state == StepState.DONE
    ]


def _partial_data(operation: Operation) -> Data:
    return {name: value for record in operation.steps for name, value in (record.data or {}).items()}


def _start(operation: Operation, record: StepRecord) -> None:
    record.state = StepState.STARTED
    record.started_at = clock.now()
    record.started_by = operation.lease
    record.attempts += 1


def _look_ahead[C](step: Step[C], run: Run[C], write: Callable[[], None]) -> None:
    """Writes that the step is begun, and has it look meanwhile: what it finds counts only if the writing succeeds."""
    run.seen_ahead = None
    if step.look is None:
        write()
        return
    with ThreadPoolExecutor(max_workers=1) as pool:
        seen = pool.submit(step.look, run)
        write()
        run.seen_ahead = seen


def _look_again(workflow: Workflow[Any], operation: Operation) -> None:
    """Has each step that an earlier run did looked for. One without an effect outside is done anew.

    What isn't found is believed to be gone only `settle_after` its being done.
    """
    local = {step.name for step in workflow.steps if step.local}
    for record in operation.steps:
        if record.state == StepState.DONE and record.name in local:
            record.state, record.data = StepState.PENDING, None  # it is made of what the others find
        elif record.state == StepState.DONE:
            record.state, record.started_at = StepState.STARTED, record.done_at


def _release(operation: Operation, due_at: float | None) -> None:
    operation.lease_until = 0
    operation.woken_at = None
    operation.schedule(due_at)


def _look[C](step: Step[C], record: StepRecord, run: Run[C]) -> Data | None:
    """What a run before this one brought about; None once it is certain that it brought nothing about."""
    if step.find is None:
        return None
    found = step.find(run)
    settle_after = step.settle_after(run) if callable(step.settle_after) else step.settle_after
    unsettled = (record.started_at or 0) + settle_after - clock.now()
    if found is not None or unsettled <= 0:
        return found
    if unsettled > min(PATIENCE_SECONDS, run.deadline.remaining() - STEP_SECONDS):
        raise NotSettled(f"Whether {step.name} took effect is not certain yet", retry_after=unsettled)
    time.sleep(unsettled)
    return step.find(run)


def _abandon(operation: Operation, error: TelephonyError) -> None:
    operation.status = Status.ABANDONED
    operation.error = error.record()
    _release(operation, None)


def _schedule_retry[C](workflow: Workflow[C], operation: Operation, error: TelephonyError) -> float | None:
    """Seconds until the next try, also set on the operation; None: no try by itself."""
    now = clock.now()
    operation.attempts += 1
    operation.failing_since = operation.failing_since or now
    operation.error = error.record()
    if not error.retryable and workflow.abandon is None:
        operation.status = Status.FAILED
        _release(operation, None)
        return None
    if now - operation.failing_since >= workflow.give_up_after:
        operation.status = Status.NEEDS_ATTENTION
        _release(operation, None)
        operation.ask_for_attention()
        return None
    delay = retry_delay(int(operation.attempts), error)
    operation.status = Status.RUNNING
    _release(operation, now + delay)
    return delay


def retry_delay(attempts: int, error: TelephonyError) -> int:
    """Seconds: 4 at the most at first, doubling up to an hour, with full jitter; not before the carrier asks.

    Whole ones, rounded up, since the queue delays by whole seconds. A carrier that asks for more than an hour is asked
    again after an hour.
    """
    asked = error.retry_after if isinstance(error, NotSettled | ProviderRateLimited) else None
    drawn = backoff(attempts - 1, base=FIRST_RETRY_SECONDS, cap=LONGEST_RETRY_SECONDS)
    return math.ceil(max(drawn, min(asked or 0, LONGEST_RETRY_SECONDS)))
