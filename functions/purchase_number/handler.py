"""All that spends or gives back: purchase, batch, import, release, DELETE of a phone configuration."""

from __future__ import annotations

from typing import Annotated, Any

from aws_lambda_powertools.event_handler import Response
from aws_lambda_powertools.event_handler.openapi.params import Header
from telephony.api.app import Door
from telephony.api.families import metadata
from telephony.api.numbers import (
    BatchBody,
    BatchResponse,
    ImportBody,
    ImportResponse,
    PurchaseBody,
    PurchaseResponse,
    ReleaseBody,
    ReleaseResponse,
)
from telephony.bootstrap import container
from telephony.services.importing import ImportRequest
from telephony.services.purchase_records import PurchaseRequest

door = Door()


@door.route("POST /phone-numbers/purchase")
def purchase(
    body: PurchaseBody,
    idempotency_key: Annotated[str | None, Header(min_length=8, max_length=255)] = None,
) -> Response[PurchaseResponse]:
    """Buy a number, once.

    With an Idempotency-Key the same request gets the same answer for 24 hours: a success, and each failure of the
    carrier (500), also one that it would not meet any more. Another body with the same key is 409. What is refused for
    the request's own sake before anything begins (400, 403, 404, 409, 429) is not kept: the key may be used again.
    """
    caller, wanted = door.caller, PurchaseRequest(**body.model_dump())
    bought = container().purchasing.purchase(
        caller.principal, wanted, caller.public_base_url, caller.deadline, idempotency_key
    )
    headers = {"Idempotency-Replayed": "true"} if bought.replayed else {}
    answer = PurchaseResponse.model_validate(bought.body)
    return Response(200, content_type="application/json", body=answer, headers=headers)


@door.route("POST /phone-numbers/purchase-batch")
def purchase_batch(body: BatchBody) -> Response[BatchResponse]:
    """Have up to 50 numbers bought."""
    caller = door.caller
    wanted = [PurchaseRequest(**item.model_dump()) for item in body.items]
    taken = container().batches.purchase(caller.principal, wanted, caller.public_base_url, caller.deadline)
    answer = BatchResponse(operation_id=taken.operation_id, accepted=taken.accepted)
    return Response(202, content_type="application/json", body=answer)


@door.route("POST /phone-numbers/import")
def import_number(body: ImportBody) -> ImportResponse:
    """Take a number of the carrier account into the inventory."""
    caller, wanted = door.caller, ImportRequest(**body.model_dump())
    taken = container().importing.import_number(caller.principal, wanted, caller.public_base_url, caller.deadline)
    return ImportResponse.model_validate(taken)


@door.route("POST /phone-numbers/release")
def release(body: ReleaseBody) -> ReleaseResponse:
    """Give a number back to its carrier."""
    caller = door.caller
    done = container().releasing.release(caller.principal, body.phone_number, body.provider, caller.deadline)
    return ReleaseResponse.model_validate(done)


@door.route("DELETE /phone-configurations/<configuration_id>")
def delete_configuration(configuration_id: str) -> dict[str, Any]:
    """Release the number of a phone configuration."""
    caller = door.caller
    container().releasing.release_by_id(caller.principal, configuration_id, caller.deadline)
    return {"success": True, "data": True, "metadata": metadata()}


def lambda_handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    return door(event, context)
