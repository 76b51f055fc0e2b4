"""GET /get-integration-status."""

from __future__ import annotations

from typing import Any

from telephony.api.app import Door
from telephony.api.integration import IntegrationStatusResponse
from telephony.bootstrap import container

door = Door()


@door.route("GET /get-integration-status")
def status() -> IntegrationStatusResponse:
    """Where the agency's integration stands."""
    caller = door.caller
    return IntegrationStatusResponse.model_validate(
        container().integration.status(caller.principal, caller.public_base_url)
    )


def lambda_handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    return door(event, context)
