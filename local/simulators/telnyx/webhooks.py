"""Webhooks as Telnyx sends them: signed with the account's Ed25519 key."""

import json

from local.simulators.base import Simulator
from local.simulators.signing import telnyx_headers
from local.simulators.store import Record, iso


def envelope(simulator: Simulator, url: str, event_type: str, payload: Record) -> Record:
    """One event: {"data": {"event_type", "id", "occurred_at", "payload", "record_type"}, "meta": {"attempt",
    "delivered_to"}}.
    """
    data = {
        "event_type": event_type,
        "id": simulator.uuid(),
        "occurred_at": iso(simulator.now()),
        "payload": payload,
        "record_type": "event",
    }
    return {"data": data, "meta": {"attempt": 1, "delivered_to": url}}


def signed(simulator: Simulator, api_key: str, event: Record) -> tuple[bytes, dict[str, str]]:
    body = json.dumps(event).encode()
    headers = telnyx_headers(api_key, body, int(simulator.now()))
    return body, headers | {"Content-Type": "application/json"}


def send_order_complete(simulator: Simulator, api_key: str, url: str, order: Record) -> None:
    """number_order.complete; whether the order succeeded is in payload.status."""
    body, headers = signed(simulator, api_key, envelope(simulator, url, "number_order.complete", order))
    simulator.deliver_later(url, body, headers)
