"""GET /operations, GET /operations/<id>, POST /operations/<id>/retry, GET /audit-events."""

from __future__ import annotations

from typing import Annotated, Any
from urllib.parse import unquote

from aws_lambda_powertools.event_handler import Response
from aws_lambda_powertools.event_handler.openapi.params import Query
from telephony.api.app import Door
from telephony.api.operations import (
    AuditEventsResponse,
    Moment,
    OperationResponse,
    OperationsResponse,
    OperationStatus,
    milliseconds,
)
from telephony.bootstrap import container

door = Door()


@door.route("GET /operations")
def list_operations(
    status: Annotated[OperationStatus | None, Query()] = None,
    kind: Annotated[str | None, Query(max_length=64)] = None,
    cursor: Annotated[str | None, Query()] = None,
) -> OperationsResponse:
    """The agency's operations, newest first. With a filter a page may be short and yet have a cursor."""
    found = container().operations.page(door.caller.principal, status=status, kind=kind, cursor=cursor)
    return OperationsResponse.model_validate({"operations": found.operations, "next_cursor": found.next_cursor})


@door.route("GET /operations/<operation_id>")
def get_operation(operation_id: str) -> OperationResponse:
    """One operation with its steps."""
    found = container().operations.get(door.caller.principal, unquote(operation_id))
    return OperationResponse.model_validate({"operation": found})


@door.route("POST /operations/<operation_id>/retry")
def retry_operation(operation_id: str) -> Response[OperationResponse]:
    """Has an unfinished operation taken up again at once, by the queue."""
    reopened = container().operations.retry(door.caller.principal, unquote(operation_id))
    body = OperationResponse.model_validate({"operation": reopened})
    return Response(202, content_type="application/json", body=body)


@door.route("GET /audit-events")
def list_audit_events(
    since: Annotated[Moment | None, Query(alias="from")] = None,
    until: Annotated[Moment | None, Query(alias="to")] = None,
    cursor: Annotated[str | None, Query()] = None,
) -> AuditEventsResponse:
    """Who did what in the agency, newest first, from a moment to another, which is not included."""
    found = container().audit_trail.page(
        door.caller.principal, since=milliseconds(since), until=milliseconds(until), cursor=cursor
    )
    return AuditEventsResponse.model_validate({"events": found.events, "next_cursor": found.next_cursor})


def lambda_handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    return door(event, context)
