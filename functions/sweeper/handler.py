"""Each minute: wakes the operations that are due. So no wake-up message is precious."""

from __future__ import annotations

from typing import Any

from telephony.bootstrap import container


def lambda_handler(_event: dict[str, Any], _context: Any) -> dict[str, int]:
    return {"woken": container().worker.wake_due()}
