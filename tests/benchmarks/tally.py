"""What is sent meanwhile: to AWS, counted at botocore's HTTP layer, and to the carriers, out of their logs."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from botocore.client import BaseClient
from botocore.httpsession import URLLib3Session

from tests.world import World


@dataclass
class Tally:
    aws: Counter[str] = field(default_factory=Counter)
    """Requests by service, retries included."""
    items_read: int = 0
    """Items that DynamoDB looked at for queries (ScannedCount)."""
    carrier_calls: int = 0
    read_units: float = 0
    write_units: float = 0
    """As DynamoDB Local counts them: transactions double, indexes included."""


_READS = {"GetItem", "Query", "TransactGetItems"}


@contextmanager
def tally(world: World) -> Iterator[Tally]:
    seen = Tally()
    send, call = URLLib3Session.send, BaseClient._make_api_call
    logged = _logged(world)

    def counted(session: Any, request: Any) -> Any:
        target = request.headers.get("X-Amz-Target", "")
        service = (target.decode() if isinstance(target, bytes) else target).split(".")[0]
        seen.aws["dynamodb" if service.startswith("DynamoDB") else "kms" if service == "TrentService" else service] += 1
        answer = send(session, request)
        if b"ScannedCount" in answer.content:
            seen.items_read += json.loads(answer.content)["ScannedCount"]
        return answer

    def priced(client: Any, operation: str, arguments: dict[str, Any]) -> Any:
        if client.meta.service_model.service_name != "dynamodb":
            return call(client, operation, arguments)
        answer = call(client, operation, arguments | {"ReturnConsumedCapacity": "TOTAL"})
        consumed = answer["ConsumedCapacity"]
        units = sum(each["CapacityUnits"] for each in (consumed if isinstance(consumed, list) else [consumed]))
        if operation in _READS:
            seen.read_units += units
        else:
            seen.write_units += units
        return answer

    URLLib3Session.send, BaseClient._make_api_call = counted, priced
    try:
        yield seen
    finally:
        URLLib3Session.send, BaseClient._make_api_call = send, call
        seen.carrier_calls = _logged(world) - logged


def _logged(world: World) -> int:
    return sum(len(server.simulator.log) for server in world.servers.values())
