"""What the operations on a number share: the live record, that one of them works on it at a time, and how it ends."""

from __future__ import annotations

from typing import Any

from telephony.errors import InvalidRequest, NotFound, OperationInProgress, TelephonyError
from telephony.models import assistants, audit_events, limits, operations, phone_configurations
from telephony.models.base import Write
from telephony.models.operations import FINAL, Operation, StepState
from telephony.models.phone_configurations import NumberStatus, PhoneConfiguration
from telephony.providers.base import NumberProvider, OwnedNumber
from telephony.services.saga import Run
from telephony.values import Principal, ProviderType


def require(principal: Principal, phone_number: str, provider: ProviderType | None = None) -> PhoneConfiguration:
    """The agency's live record of a number. Raises `NotFound`, and `InvalidRequest` if it is not at `provider`."""
    record = phone_configurations.find_guarded(principal.agency_id, phone_number)
    if record is None:
        raise NotFound("This number is not in your inventory", code="number_not_found")
    if provider is not None and record.provider != provider:
        raise InvalidRequest(f"This number is at {str(record.provider).title()}", code="provider_mismatch")
    return record


def unfinished(record: PhoneConfiguration) -> Operation | None:
    """The operation that works on the number, if it has not ended."""
    found = operations.find(record.operation_id) if record.operation_id else None
    return None if found is None or found.status in FINAL else found


def refuse_busy(record: PhoneConfiguration) -> None:
    """Raises `OperationInProgress` while an operation works on the number."""
    if (busy := unfinished(record)) is not None:
        raise OperationInProgress("Another operation on this number is running", operation_id=busy.id)
    refuse_pending(record)


def refuse_pending(record: PhoneConfiguration) -> None:
    """Raises `OperationInProgress` for a number that is not bought yet."""
    if record.status == NumberStatus.PENDING:
        raise OperationInProgress("The purchase of this number has not ended yet", operation_id=record.operation_id)


def reload(operation: Operation) -> PhoneConfiguration:
    """The record that an operation which is taken up works on. Raises `NotFound`."""
    record = phone_configurations.reload(operation.input["phone_configuration_id"])
    if record is None:
        raise NotFound("The record of this number is gone", code="phone_configuration_not_found")
    return record


def owned(provider: NumberProvider, record: PhoneConfiguration) -> OwnedNumber:
    """The number as the carrier has it now. Raises `NotFound` (`number_gone`)."""
    number = provider.owned(str(record.phone_number))
    if number is None:
        raise NotFound(
            "The number is not in the carrier account any more",
            code="number_gone",
            fix="Release the number, or check the carrier account.",
        )
    return number


def let_go(run: Run[Any], record: PhoneConfiguration, error: TelephonyError, step: str) -> bool:
    """Whether an operation that spends nothing ends with `error`: it then holds the number no more, in memory.

    It goes on if a retry can help, and if the step was done and only its record could not be written.
    """
    if error.retryable or run.operation.step(step).state == StepState.DONE:
        return False
    record.operation_id = None
    return True


def not_taken(operation: Operation, record: PhoneConfiguration, error: TelephonyError, action: str) -> list[Write]:
    """What ends a purchase or an import with `error`: all that was held for the number is given back, once."""
    record.metadata = {**record.metadata, "failure": error.code}
    record.operation_id = None
    writes = [
        *phone_configurations.replace(record, NumberStatus.RELEASED),
        limits.give_back(operation.agency_id, record.monthly),
        audit(operation, action, record, code=error.code),
    ]
    if operation.input["assistant_id"] is not None:
        writes.append(assistants.count_number(operation.agency_id, operation.input["assistant_id"], -1))
    return writes


def audit(operation: Operation, action: str, record: PhoneConfiguration, **details: Any) -> Write:
    """That an operation did something to a number."""
    return audit_events.record(
        operation.agency_id,
        action,
        operation.actor,
        record.id,
        phone_number=record.phone_number,
        provider=record.provider,
        operation_id=operation.id,
        **details,
    )
