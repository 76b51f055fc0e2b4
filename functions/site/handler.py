"""GET /health, and what no other function answers: a path with a trailing slash (308), an unknown one (404)."""

from __future__ import annotations

from typing import Any

from aws_lambda_powertools.event_handler import Response
from telephony.api.app import Door
from telephony.api.site import HealthResponse
from telephony.services.health import check

door = Door()


@door.route("GET /health")
def health() -> Response[HealthResponse]:
    """Version and reachable dependencies; needs no credential. 503 while one doesn't answer."""
    found = check()
    body = HealthResponse(success=found["healthy"], **found)
    return Response(200 if body.success else 503, content_type="application/json", body=body)


def lambda_handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    return door(event, context)
