"""What carriers send: authenticated by their own signature."""

from __future__ import annotations

from typing import Any

from telephony.api.app import Door
from telephony.bootstrap import container

door = Door()


@door.route("POST /telnyx-webhook/<agency_id>/<webhook_secret>", raw=True)
def telnyx(agency_id: str, webhook_secret: str) -> dict[str, bool]:
    """An event from Telnyx: it wakes the operation that it concerns."""
    caller = door.caller
    container().carrier_events.telnyx(
        agency_id,
        webhook_secret,
        caller.headers.get("telnyx-signature-ed25519", ""),
        caller.headers.get("telnyx-timestamp", ""),
        caller.raw_body,
    )
    return {"success": True}


def lambda_handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    return door(event, context)
