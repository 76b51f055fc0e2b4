"""Giving a number back to its carrier: as a saga, since a carrier may take it back only weeks later."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from telephony import clock
from telephony.clock import Deadline
from telephony.errors import (
    NotFound,
    NotYetReleasable,
    OperationInProgress,
    PartialFailure,
    TelephonyError,
)
from telephony.models import assistants, limits, operations, phone_configurations
from telephony.models.base import Write
from telephony.models.operations import Operation, Status
from telephony.models.phone_configurations import NumberStatus, PhoneConfiguration
from telephony.providers.base import NumberProvider
from telephony.services import live_numbers
from telephony.services.accounts import Accounts
from telephony.services.saga import Data, Run, Saga, Step, Waiting, Workflow
from telephony.values import Principal, ProviderType

RELEASE = "release_number"


@dataclass(slots=True)
class Release:
    record: PhoneConfiguration
    provider: NumberProvider


class Releasing:
    """`workflow` is what the queue worker runs."""

    def __init__(self, accounts: Accounts, saga: Saga) -> None:
        self._accounts = accounts
        self._saga = saga
        step = Step(RELEASE, _release, writes=_end)
        self.workflow: Workflow[Release] = Workflow(RELEASE, (step,), self._context_of, abandon=_abandon)

    def release(
        self, principal: Principal, phone_number: str, provider: ProviderType | None, deadline: Deadline
    ) -> Data:
        """Gives a live number back. Returns `phone_number`, `provider`, `message`.

        Raises `NotFound` for a number that is not this agency's, `InvalidRequest` (`provider_mismatch`),
        `OperationInProgress`, and what the carrier says. What is gone at the carrier counts as released.
        """
        return self._release(principal, live_numbers.require(principal, phone_number, provider), deadline)

    def release_by_id(self, principal: Principal, configuration_id: str, deadline: Deadline) -> None:
        """As `release`; a record that is released already is left as it is."""
        record = phone_configurations.find(principal.agency_id, configuration_id)
        if record is None:
            raise NotFound("Phone configuration not found", code="phone_configuration_not_found")
        if record.live:
            self._release(principal, record, deadline)

    def _release(self, principal: Principal, record: PhoneConfiguration, deadline: Deadline) -> Data:
        unfinished = live_numbers.unfinished(record)
        try:
            if unfinished is None:
                self._open(principal, record, deadline)
            elif unfinished.kind != RELEASE or unfinished.leased:
                raise OperationInProgress("Another operation on this number is running", operation_id=unfinished.id)
            elif unfinished.status == Status.WAITING:
                return _answer(record, done=False)
            else:
                self._take_over(unfinished, deadline)
        except Waiting:
            return _answer(record, done=False)
        except PartialFailure as failure:
            raise failure.plain() from failure
        return _answer(record, done=True)

    def _take_over(self, unfinished: Operation, deadline: Deadline) -> None:
        context = self._context_of(unfinished, deadline)  # before anything is taken: it may fail
        if not self._saga.take_over(unfinished, deadline):
            raise OperationInProgress("Another run of this release has just begun", operation_id=unfinished.id)
        self._saga.proceed(self.workflow, Run(unfinished, context, deadline))

    def _open(self, principal: Principal, record: PhoneConfiguration, deadline: Deadline) -> None:
        if record.status == NumberStatus.PENDING or not record.provider_phone_number_id:
            raise OperationInProgress("The purchase of this number has not ended yet")
        context = self._context(record, deadline)
        now = clock.now()
        operation = Operation(
            operations.new_id(),
            kind=RELEASE,
            agency_id=principal.agency_id,
            actor=principal.caller_id,
            input={"phone_configuration_id": record.id},
            created_at=now,
            updated_at=now,
        )
        writes = [
            phone_configurations.claim(record, operation.id, marked_for_release=True),
            live_numbers.audit(operation, "number.release_begun", record),
        ]
        self._saga.open(self.workflow, operation, context, deadline, *writes)

    def _context_of(self, operation: Operation, deadline: Deadline) -> Release:
        return self._context(live_numbers.reload(operation), deadline, paced=True)

    def _context(self, record: PhoneConfiguration, deadline: Deadline, *, paced: bool = False) -> Release:
        account = self._accounts.of_number(record, deadline, paced=paced)
        return Release(record, self._accounts.client(account, deadline, paced=paced))


def _release(run: Run[Release]) -> Data:
    """Gives back what the carrier has now: moved or bought anew there, the number is under another id than recorded.

    May be repeated: 404 is done. What isn't listed goes by its recorded id, since carriers list late.
    """
    record, provider = run.context.record, run.context.provider
    number = provider.owned(str(record.phone_number))
    try:
        provider.release(number.id if number else str(record.provider_phone_number_id))
    except NotYetReleasable as later:
        raise Waiting(later.seconds) from later
    return {"released": True}


def _end(run: Run[Release], _data: Data) -> Sequence[Write]:
    record, operation = run.context.record, run.operation
    record.operation_id = None
    record.marked_for_release = False
    writes = [
        *phone_configurations.replace(record, NumberStatus.RELEASED),
        limits.give_back(operation.agency_id, record.monthly),
        live_numbers.audit(operation, "number.released", record),
    ]
    if record.assistant_id is not None:
        writes.append(assistants.count_number(operation.agency_id, int(record.assistant_id), -1))
    return writes


def _abandon(run: Run[Release], error: TelephonyError) -> Sequence[Write] | None:
    """The carrier won't take the number back, and a retry can't mend that: it stays what it was.

    Not once the caller counts on it: a number that nobody wants any more is billed on until somebody is told.
    """
    record, operation = run.context.record, run.operation
    if run.goes_on(RELEASE) or not live_numbers.let_go(run, record, error, RELEASE):
        return None
    record.marked_for_release = False
    return [
        *phone_configurations.replace(record),
        live_numbers.audit(operation, "number.release_failed", record, code=error.code),
    ]


def _answer(record: PhoneConfiguration, *, done: bool) -> Data:
    message = (
        "Phone number released successfully"
        if done
        else "The carrier takes this number back only later: it is marked for release and will be released then"
    )
    return {"phone_number": record.phone_number, "provider": record.provider, "message": message}
