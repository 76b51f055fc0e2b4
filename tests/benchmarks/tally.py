"""What is sent meanwhile: to AWS, counted at botocore's HTTP layer, and to the carriers, out of their logs."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from botocore.httpsession import URLLib3Session

from tests.world import World


@dataclass
class Tally:
    aws: Counter[str] = field(default_factory=Counter)
    """Requests by service, retries included."""
    items_read: int = 0
    """Items that DynamoDB looked at for queries (ScannedCount)."""
    carrier_calls: int = 0


@contextmanager
def tally(world: World) -> Iterator[Tally]:
    seen = Tally()
    send = URLLib3Session.send
    logged = _logged(world)

    def counted(session: Any, request: Any) -> Any:
        target = request.headers.get("X-Amz-Target", "")
        service = (target.decode() if isinstance(target, bytes) else target).split(".")[0]
        seen.aws["dynamodb" if service.startswith("DynamoDB") else "kms" if service == "TrentService" else service] += 1
        answer = send(session, request)
        if b"ScannedCount" in answer.content:
            seen.items_read += json.loads(answer.content)["ScannedCount"]
        return answer

    URLLib3Session.send = counted
    try:
        yield seen
    finally:
        URLLib3Session.send = send
        seen.carrier_calls = _logged(world) - logged


def _logged(world: World) -> int:
    return sum(len(server.simulator.log) for server in world.servers.values())
