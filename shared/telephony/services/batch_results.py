"""What has become of the numbers of a batch: read out of the purchases' own operations."""

from __future__ import annotations

from typing import Any

from telephony.models import operations
from telephony.models.operations import Operation, Status

BATCH = "purchase_batch"


def item_id(parent: Operation, index: int) -> str:
    return f"{parent.id}-{index:02d}"


def results(parent: Operation) -> list[dict[str, Any]]:
    """Of each number, in the order of the request."""
    requests = parent.input["requests"]
    found = operations.find_together([item_id(parent, index) for index in range(len(requests))])
    return [
        {
            "index": index,
            "phone_number": request["phone_number"],
            "provider": request["provider"],
            "operation_id": item_id(parent, index),
            **_outcome(purchase),
        }
        for index, (request, purchase) in enumerate(zip(requests, found, strict=True))
    ]


def _outcome(purchase: Operation | None) -> dict[str, Any]:
    """None: the worker has not opened it yet."""
    bought = (purchase.steps[0].data or {}) if purchase and purchase.steps else {}
    return {
        "status": purchase.status if purchase else Status.RUNNING,
        "phone_configuration_id": purchase.input.get("phone_configuration_id") if purchase else None,
        "purchase_details": bought.get("purchase_details"),
        "error": purchase.error if purchase else None,
    }
