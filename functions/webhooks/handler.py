"""What carriers send: authenticated by their own signature."""

from __future__ import annotations

from typing import Any

from aws_lambda_powertools.event_handler import Response
from telephony.api.app import Door
from telephony.bootstrap import container
from telephony.services.inbound import Inbound

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


@door.route("POST /twiml", raw=True)
def twiml() -> Response[str]:
    """A call or a message to one of our numbers, asked about by Twilio or SignalWire."""
    caller, query = door.caller, door.app.current_event.raw_event.get("rawQueryString")
    url = f"{caller.public_base_url}/twiml" + (f"?{query}" if query else "")
    document = container().inbound_calls.answer(Inbound(caller.raw_body, caller.headers, [url]), caller.deadline)
    return Response(200, content_type="application/xml", body=document)


def lambda_handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    return door(event, context)
