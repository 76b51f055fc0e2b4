"""What has become of the numbers of a batch: read out of the purchases' own operations.

An operation that has ended is kept for a while only. What a number came to is noted with the parent, which may wait for
longer than that, and is kept for longer, too.
"""

from __future__ import annotations

from typing import Any

from telephony.models import operations
from telephony.models.operations import FINAL, Operation, Status

BATCH = "purchase_batch"
AWAIT = "await_purchases"
"""The step that comes once the purchases are opened; its data is what is noted of them."""


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
            **(_outcome(purchase) if purchase else _noted(parent, index)),
        }
        for index, (request, purchase) in enumerate(zip(requests, found, strict=True))
    ]


def ended(items: list[dict[str, Any]]) -> dict[str, Any]:
    """What the parent notes of `results`: all but the order's details, which make up most of it."""
    return {
        str(item["index"]): {name: item[name] for name in ("status", "phone_configuration_id", "error")}
        for item in items
        if item["status"] in FINAL
    }


def _outcome(purchase: Operation) -> dict[str, Any]:
    bought = (purchase.steps[0].data or {}) if purchase.steps else {}
    return {
        "status": purchase.status,
        "phone_configuration_id": purchase.input.get("phone_configuration_id"),
        "purchase_details": bought.get("purchase_details"),
        "error": purchase.error,
    }


def _noted(parent: Operation, index: int) -> dict[str, Any]:
    """Of a number without an operation: the worker has not opened it yet, or it has ended long ago."""
    opened = [step.data or {} for step in parent.steps if step.name == AWAIT]
    status = Status.ABANDONED if opened else Status.RUNNING
    noted = opened[0].get("ended", {}).get(str(index), {}) if opened else {}
    return {"status": status, "phone_configuration_id": None, "purchase_details": None, "error": None} | noted
