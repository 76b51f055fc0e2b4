"""Each minute: wakes the operations that are due, so that no wake-up message is precious. Each week: reconciles."""

from __future__ import annotations

from typing import Any

from telephony import startup
from telephony.bootstrap import container


def lambda_handler(event: dict[str, Any], _context: Any) -> dict[str, int]:
    startup.end()
    if event.get("task") == "reconcile":
        container().rounds.begin()
        return {"begun": 1}
    return {"woken": container().worker.wake_due()}
