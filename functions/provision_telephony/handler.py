"""POST /provision-telephony, POST /deprovision-telephony."""

from __future__ import annotations

from typing import Any

from telephony.api.app import Door
from telephony.api.integration import (
    DeprovisionRequest,
    DeprovisionResponse,
    PlanResponse,
    ProvisionRequest,
    ProvisionResponse,
)
from telephony.bootstrap import container

door = Door()


@door.route("POST /provision-telephony")
def provision(body: ProvisionRequest | None = None) -> ProvisionResponse | PlanResponse:
    """Provision an agency's telephony end to end."""
    asked, caller, service = body or ProvisionRequest(), door.caller, container().provisioning
    arguments = (caller.principal, caller.public_base_url, caller.deadline)
    if asked.dry_run:
        return PlanResponse.model_validate({"plan": service.plan(*arguments, force=asked.force)})
    return ProvisionResponse.model_validate(service.provision(*arguments, force=asked.force))


@door.route("POST /deprovision-telephony")
def deprovision(_confirmed: DeprovisionRequest) -> DeprovisionResponse:
    """Tear an agency's telephony down."""
    caller = door.caller
    done = container().provisioning.deprovision(caller.principal, caller.public_base_url, caller.deadline)
    return DeprovisionResponse.model_validate(done)


def lambda_handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    return door(event, context)
