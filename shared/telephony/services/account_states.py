"""The numbers of a carrier account follow it: SUSPENDED while it is inactive, and restored when it is active again.

Whoever changes the account writes down an operation with the change. The worker then brings the records in step, one by
one: each is written only if it and its account are still as they were read, so that the last change of the account wins
whatever overlaps. A number that an operation is at is waited for.
"""

from __future__ import annotations

from telephony import clock
from telephony.clock import Deadline
from telephony.errors import Conflict
from telephony.models import audit_events, operations, phone_configurations, provider_configurations
from telephony.models.base import commit
from telephony.models.operations import Operation
from telephony.models.phone_configurations import PhoneConfiguration
from telephony.models.provider_configurations import ProviderConfiguration
from telephony.services.saga import STEP_SECONDS, Data, Run, Step, Waiting, Workflow

FOLLOW = "follow_provider_configuration"

FIRST_LOOK = 5.0
LONGEST_LOOK = 600.0
"""Seconds until it is looked again at what could not be changed yet."""


def new_operation(configuration: ProviderConfiguration, actor: str) -> Operation:
    """Due at once; not stored yet."""
    now = clock.now()
    operation = Operation(
        operations.new_id(),
        kind=FOLLOW,
        agency_id=configuration.agency_id,
        actor=actor,
        input={"provider_configuration_id": int(configuration.id)},
        created_at=now,
        updated_at=now,
    )
    operation.schedule(now)
    return operation


def _follow(run: Run[None]) -> Data:
    """The same again changes nothing. Raises `Waiting` while something is left to do."""
    operation = run.operation
    account = provider_configurations.find(operation.agency_id, operation.input["provider_configuration_id"])
    if account is None:
        return {}
    records = phone_configurations.of_account(account.agency_id, int(account.id))
    followed = len(records) == account.numbers  # else the index doesn't know of all of them yet
    for record in records:
        if record.follows_inactive == account.active:
            enough_time = run.deadline.remaining() > STEP_SECONDS
            followed = enough_time and _bring_in_step(record, account, operation) and followed
    if not followed:
        age = clock.now() - operation.created_at
        raise Waiting(min(LONGEST_LOOK, max(FIRST_LOOK, age / 10)))
    return {"active": account.active}


def _bring_in_step(record: PhoneConfiguration, account: ProviderConfiguration, operation: Operation) -> bool:
    """False if the number is in the hands of an operation, or it or its account has just been changed."""
    if record.operation_id is not None:
        return False
    try:
        commit(
            *phone_configurations.follow(record, account),
            audit_events.record(
                account.agency_id,
                "number.restored" if account.active else "number.suspended",
                operation.actor,
                record.id,
                phone_number=record.phone_number,
                operation_id=operation.id,
                provider_configuration_id=int(account.id),
            ),
        )
    except Conflict:
        return False
    return True


def _no_context(_operation: Operation, _deadline: Deadline) -> None:
    """The carrier has no part in it."""


WORKFLOW: Workflow[None] = Workflow(FOLLOW, (Step(FOLLOW, _follow),), _no_context)
