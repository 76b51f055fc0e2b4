"""Assigning a number to an assistant, or to none: the carrier is told, then the record says so."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from telephony import clock
from telephony.clock import Deadline
from telephony.errors import InvalidProviderCredentials, NotFound, PartialFailure, TelephonyError
from telephony.models import assistants, audit_events, operations, phone_configurations
from telephony.models.agencies import Agency
from telephony.models.assistants import Assistant
from telephony.models.base import Write, get_together
from telephony.models.operations import Operation
from telephony.models.phone_configurations import NumberStatus, PhoneConfiguration
from telephony.providers.base import NumberProvider, NumberSetup
from telephony.providers.reasons import FIXES
from telephony.services import live_numbers, wiring
from telephony.services.accounts import Accounts
from telephony.services.saga import Data, Run, Saga, Step, Workflow
from telephony.values import Principal

ASSIGN = "assign_number"


@dataclass(slots=True)
class Assignment:
    record: PhoneConfiguration
    provider: NumberProvider
    setup: NumberSetup
    assistant: Assistant | None


class Assigning:
    """`workflow` is what the queue worker runs."""

    def __init__(self, accounts: Accounts, saga: Saga) -> None:
        self._accounts = accounts
        self._saga = saga
        step = Step(ASSIGN, _configure, writes=_end)
        self.workflow: Workflow[Assignment] = Workflow(ASSIGN, (step,), self._context_of, abandon=_abandon)

    def assign(
        self,
        principal: Principal,
        phone_number: str,
        assistant_id: int | None,
        public_base_url: str,
        deadline: Deadline,
    ) -> Data:
        """Assigns a live number. Returns `phone_number`, `provider`, `assistant_id`, `message`, …

        Raises `NotFound` (number, assistant), `InvalidRequest` (`provider_mismatch`, `assistant_not_ready`),
        `OperationInProgress`, and what the carrier says.
        """
        record = live_numbers.require(principal, phone_number)
        live_numbers.refuse_busy(record)
        now = clock.now()
        operation = Operation(
            operations.new_id(),
            kind=ASSIGN,
            agency_id=principal.agency_id,
            actor=principal.caller_id,
            input={
                "phone_configuration_id": record.id,
                "assistant_id": assistant_id,
                "public_base_url": public_base_url,
            },
            created_at=now,
            updated_at=now,
        )
        context = self._context(record, operation, deadline)
        writes = [phone_configurations.claim(record, operation.id)]
        if assistant_id is not None:
            writes.append(assistants.count_number(principal.agency_id, assistant_id, 1))
        try:
            self._saga.open(self.workflow, operation, context, deadline, *writes)
        except PartialFailure as failure:
            raise failure.plain() from failure
        return {
            "phone_number": record.phone_number,
            "provider": record.provider,
            "assistant_id": assistant_id,
            "phone_configuration_id": record.id,
            "operation_id": operation.id,
            "message": "Phone number assigned" if assistant_id is not None else "Phone number unassigned",
        }

    def _context_of(self, operation: Operation, deadline: Deadline) -> Assignment:
        return self._context(live_numbers.reload(operation), operation, deadline, resumed=True)

    def _context(
        self, record: PhoneConfiguration, operation: Operation, deadline: Deadline, *, resumed: bool = False
    ) -> Assignment:
        agency_id, assistant_id = operation.agency_id, operation.input["assistant_id"]
        keys: list[tuple[type[Agency] | type[Assistant], object, object]] = [(Agency, f"agency#{agency_id}", None)]
        if assistant_id is not None:
            keys.append((Assistant, agency_id, assistant_id))
        agency, *found = get_together(*keys)
        if agency is None:
            raise NotFound("Agency not found", code="agency_not_found")
        assistant = found[0] if found else None
        if assistant_id is not None and assistant is None:
            raise NotFound("Assistant not found", code="assistant_not_found", fix=FIXES["assistant_not_found"])
        account = self._accounts.of_number(record, deadline, paced=resumed)
        if assistant is not None and not resumed:
            # Asked at the request alone: it may lose its agent later, too, with the number assigned to it.
            wiring.require_ready(assistant, account, agency)
        setup = wiring.setup_for(
            account,
            agency,
            assistant,
            operation.input["public_base_url"],
            reference=str(record.phone_request_id),
            friendly_name=record.friendly_name,
        )
        return Assignment(record, self._accounts.client(account, deadline, paced=resumed), setup, assistant)


def _configure(run: Run[Assignment]) -> Data:
    """The same again changes nothing."""
    c = run.context
    number = live_numbers.owned(c.provider, c.record)
    replaced = wiring.replaced(c.record, number, c.setup)
    if replaced and c.assistant is None and c.record.assistant_id is None:
        # Nobody was assigned, so that nothing is to be undone: whatever takes the calls does so by somebody's wish.
        return {"number": wiring.describe(c.provider.type, number), "kept": True}
    number = c.provider.configure(number, c.setup)
    return {"number": wiring.describe(c.provider.type, number), "replaced": replaced}


def _end(run: Run[Assignment], data: Data) -> Sequence[Write]:
    c, operation = run.context, run.operation
    before = c.record.assistant_id
    status = None
    if data.get("kept"):
        wiring.note_wires(c.record, data["number"])
    else:
        status = NumberStatus(data["number"]["record_status"])
        wiring.keep_replaced(c.record, data["replaced"])
        wiring.wire_record(c.record, data["number"], c.assistant)
    c.record.operation_id = None
    writes = [
        *phone_configurations.replace(c.record, status),
        audit_events.record(
            operation.agency_id,
            "number.assigned",
            operation.actor,
            c.record.id,
            phone_number=c.record.phone_number,
            before=int(before) if before is not None else None,
            after=operation.input["assistant_id"],
        ),
    ]
    if before is not None:
        writes.append(assistants.count_number(operation.agency_id, int(before), -1))
    return writes


def _abandon(run: Run[Assignment], error: TelephonyError) -> Sequence[Write] | None:
    """Nothing was spent: what a retry can't mend ends here, with the record as it was.

    A key that is refused for a while is no reason to give up once the caller was told that it goes on.
    """
    c, operation = run.context, run.operation
    if isinstance(error, InvalidProviderCredentials) and run.goes_on(ASSIGN):
        return None
    if not live_numbers.let_go(run, c.record, error, ASSIGN):
        return None
    writes = phone_configurations.replace(c.record)
    if operation.input["assistant_id"] is not None:
        writes.append(assistants.count_number(operation.agency_id, operation.input["assistant_id"], -1))
    return writes
