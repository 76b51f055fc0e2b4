"""GET get-integration-status and verify-telephony-config; POST store-telnyx-credentials, save-ultravox-integration,
import-telnyx-to-ultravox and repair-telephony-config."""

from __future__ import annotations

from typing import Any

from telephony.api.app import Door
from telephony.api.integration import (
    ImportTelnyxResponse,
    IntegrationStatusResponse,
    RepairRequest,
    RepairResponse,
    SaveUltravoxRequest,
    SaveUltravoxResponse,
    StoreTelnyxRequest,
    StoreTelnyxResponse,
    VerifyResponse,
)
from telephony.bootstrap import container

door = Door()


@door.route("GET /get-integration-status")
def status() -> IntegrationStatusResponse:
    """Where the agency's integration stands."""
    caller = door.caller
    return IntegrationStatusResponse.model_validate(
        container().integration.status(caller.principal, caller.public_base_url)
    )


@door.route("POST /store-telnyx-credentials")
def store_telnyx(body: StoreTelnyxRequest) -> StoreTelnyxResponse:
    """Store the agency's Telnyx keys, checked at Telnyx first."""
    caller, validate = door.caller, not body.skip_validation
    given = (caller.principal, body.telnyx_api_key, body.meta(), caller.public_base_url, caller.deadline)
    return StoreTelnyxResponse.model_validate(container().integration.store_telnyx(*given, validate=validate))


@door.route("POST /save-ultravox-integration")
def save_ultravox(body: SaveUltravoxRequest) -> SaveUltravoxResponse:
    """Store the agency's Ultravox key, checked at Ultravox first."""
    caller, validate = door.caller, not body.skip_validation
    given = (caller.principal, body.api_key, caller.public_base_url, caller.deadline)
    return SaveUltravoxResponse.model_validate(container().integration.save_ultravox(*given, validate=validate))


@door.route("POST /import-telnyx-to-ultravox")
def import_telnyx() -> ImportTelnyxResponse:
    """Have Ultravox take over the Telnyx credentials, again or for the first time."""
    caller = door.caller
    application_id = container().rotation.import_telnyx(caller.principal, caller.public_base_url, caller.deadline)
    return ImportTelnyxResponse(application_id=application_id)


@door.route("GET /verify-telephony-config")
def verify() -> VerifyResponse:
    """Whether our records, Telnyx and Ultravox agree; each field out of a call made now."""
    caller = door.caller
    found = container().verification.verify(caller.principal, caller.public_base_url, caller.deadline)
    return VerifyResponse.model_validate(found)


@door.route("POST /repair-telephony-config")
def repair(body: RepairRequest | None = None) -> RepairResponse:
    """Mend what differs and nothing else; with dry_run only tell."""
    caller, asked = door.caller, body or RepairRequest()
    given = (caller.principal, caller.public_base_url, caller.deadline)
    return RepairResponse.model_validate(container().verification.repair(*given, dry_run=asked.dry_run))


def lambda_handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    return door(event, context)
