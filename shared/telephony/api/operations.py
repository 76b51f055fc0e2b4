"""Schemas of operations and audit events."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import AwareDatetime, BaseModel, BeforeValidator, ConfigDict

OperationStatus = Annotated[
    Literal["RUNNING", "WAITING", "SUCCEEDED", "FAILED", "NEEDS_ATTENTION", "ABANDONED", "SUPERSEDED"],
    BeforeValidator(lambda value: value.upper() if isinstance(value, str) else value),
]

Moment = AwareDatetime
"""RFC 3339 with its offset, or seconds or milliseconds since the epoch."""


def milliseconds(moment: datetime | None) -> int | None:
    return None if moment is None else round(moment.timestamp() * 1000)


class OperationStep(BaseModel):
    step: str
    status: Literal["PENDING", "STARTED", "DONE"]
    attempts: int
    started_at: str | None
    done_at: str | None
    error_code: str | None


class OperationError(BaseModel):
    """Why it stopped; further keys of the journal's record are not shown."""

    model_config = ConfigDict(extra="ignore")

    code: str
    message: str
    retryable: bool | None = None
    fix: str | None = None


class BatchItem(BaseModel):
    """What has become of one number of a batch; it is decided when `status` is SUCCEEDED or ABANDONED."""

    index: int
    phone_number: str
    provider: str
    operation_id: str
    status: OperationStatus
    phone_configuration_id: str | None
    purchase_details: dict[str, Any] | None
    error: OperationError | None


class OperationSchema(BaseModel):
    """Times in RFC 3339. `due_at`: when it is taken up again; null: not by itself."""

    id: str
    kind: str
    status: OperationStatus
    attempts: int
    created_at: str
    updated_at: str
    due_at: str | None
    error: OperationError | None
    result: dict[str, Any] | None
    steps: list[OperationStep]
    items: list[BatchItem] | None = None


class OperationResponse(BaseModel):
    success: Literal[True] = True
    operation: OperationSchema


class OperationsResponse(BaseModel):
    """A page may hold fewer than asked for, even none, and still have a `next_cursor`."""

    success: Literal[True] = True
    operations: list[OperationSchema]
    next_cursor: str | None


class AuditEventSchema(BaseModel):
    id: str
    at: str
    action: str
    actor: str
    subject: str | None
    details: dict[str, Any]


class AuditEventsResponse(BaseModel):
    success: Literal[True] = True
    events: list[AuditEventSchema]
    next_cursor: str | None
