"""How a number is wired at its carrier, and what that makes of its record: ready for calls or not."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from telephony.errors import InvalidRequest
from telephony.models.agencies import Agency
from telephony.models.assistants import Assistant
from telephony.models.phone_configurations import NumberStatus, PhoneConfiguration
from telephony.providers.base import NumberSetup, OwnedNumber
from telephony.services import catalogue
from telephony.values import ProviderType

SETUP_ERROR = "setup_error"
"""In a record's metadata: why a number that is ours could not be wired."""


REPLACED = "replaced_webhooks"
"""In a record's metadata: where calls and messages of an imported number went before we took it over."""


def setup_for(
    provider: ProviderType,
    agency: Agency,
    assistant: Assistant | None,
    public_base_url: str,
    *,
    reference: str,
    friendly_name: str | None = None,
) -> NumberSetup:
    """A carrier rings at a connection (the assistant's own, else the agency's application), or it calls /twiml."""
    if catalogue.by_type(provider).rings_at_connection:
        return NumberSetup(
            reference=reference,
            friendly_name=friendly_name,
            connection_id=(assistant and assistant.connection_id) or agency.telnyx_application_id,
            messaging_profile_id=(assistant and assistant.messaging_profile_id) or agency.messaging_profile_id,
        )
    url = f"{public_base_url}/twiml"
    return NumberSetup(reference=reference, friendly_name=friendly_name, voice_url=url, sms_url=url)


def require_ready(assistant: Assistant, provider: ProviderType, agency: Agency) -> None:
    """Raises `InvalidRequest` (`provider_mismatch`, `assistant_not_ready`) for an assistant that can't take calls."""
    if assistant.telephony_provider and assistant.telephony_provider != provider:
        raise InvalidRequest(
            f"The assistant uses {assistant.telephony_provider.title()}, not {provider.title()}",
            code="provider_mismatch",
            fix="Choose a number of the assistant's provider, or another assistant.",
        )
    at_connection = catalogue.by_type(provider).rings_at_connection
    if at_connection and not (assistant.connection_id or agency.telnyx_application_id):
        raise InvalidRequest(
            f"The assistant has no {provider.title()} connection, and the agency's telephony is not provisioned",
            code="assistant_not_ready",
            fix="Provision telephony, or give the assistant a connection_id.",
        )
    if not at_connection and not assistant.ultravox_agent_id:
        raise InvalidRequest(
            "The assistant has no Ultravox agent to take its calls",
            code="assistant_not_ready",
            fix="Give the assistant an ultravox_agent_id.",
        )


def status_of(provider: ProviderType, number: OwnedNumber) -> NumberStatus:
    """ACTIVE once the carrier confirms it and calls reach something; SUSPENDED as the carrier says."""
    if number.status == "suspended":
        return NumberStatus.SUSPENDED
    at_connection = catalogue.by_type(provider).rings_at_connection
    wired = number.connection_id if at_connection else number.voice_url and not number.overridden_by
    return NumberStatus.ACTIVE if wired else NumberStatus.INACTIVE


def describe(provider: ProviderType, number: OwnedNumber) -> dict[str, Any]:
    """What the journal and the record keep of an owned number; `record_status` is what it makes of the record."""
    return {
        "id": number.id,
        "record_status": status_of(provider, number),
        "status": number.status,
        "connection_id": number.connection_id,
        "messaging_profile_id": number.messaging_profile_id,
        "voice_url": number.voice_url,
        "sms_url": number.sms_url,
        "overridden_by": number.overridden_by,
        "sms_overridden_by": number.sms_overridden_by,
        "capabilities": {
            "voice": number.capabilities.voice,
            "sms": number.capabilities.sms,
            "mms": number.capabilities.mms,
            "fax": number.capabilities.fax,
        },
    }


def detail(purchase_details: Mapping[str, Any], number: OwnedNumber) -> dict[str, Any]:
    """An order's details as they are once the number is wired, which may take a second call."""
    shown = ("friendly_name", "voice_url", "sms_url")
    return {**purchase_details, **{name: getattr(number, name) for name in shown if name in purchase_details}}


def why_voice_only(provider: str) -> str:
    if catalogue.by_type(provider).rings_at_connection:
        return "no messaging profile is set"
    return "the carrier offers no messages for it"


def wires(number: Mapping[str, Any]) -> dict[str, Any]:
    """Of what `describe` made: where calls and messages go, as far as anything is set."""
    names = ("voice_url", "sms_url", "connection_id", "messaging_profile_id", "overridden_by", "sms_overridden_by")
    return {name: number[name] for name in names if number.get(name)}


def is_foreign(provider: ProviderType, number: Mapping[str, Any], setup: NumberSetup) -> bool:
    """Whether calls or messages of a number, as `describe` made it, reach something that is not what we would set."""
    if catalogue.by_type(provider).rings_at_connection:
        return number["connection_id"] not in (None, setup.connection_id)
    return bool(
        number["voice_url"] not in (None, setup.voice_url)
        or number["sms_url"] not in (None, setup.sms_url)
        or number["overridden_by"]
        or number["sms_overridden_by"]
    )


def keep_replaced(record: PhoneConfiguration, setup: NumberSetup) -> None:
    """Notes on the record of an imported number where it went before it is assigned for the first time."""
    known = {"overridden_by": None, "sms_overridden_by": None} | {
        name: getattr(record, name) for name in ("voice_url", "sms_url", "connection_id", "messaging_profile_id")
    }
    if record.is_imported and is_foreign(ProviderType(str(record.provider)), known, setup):
        record.metadata = {REPLACED: wires(known), **record.metadata}


def note_wires(record: PhoneConfiguration, number: Mapping[str, Any]) -> None:
    """Sets on the record where its carrier sends calls and messages; `number` as `describe` makes it."""
    record.connection_id = number["connection_id"]
    record.messaging_profile_id = number["messaging_profile_id"]
    record.voice_url = number["voice_url"]
    record.sms_url = number["sms_url"]
    record.capabilities = number["capabilities"]


def wire_record(record: PhoneConfiguration, number: dict[str, Any], assistant: Assistant | None) -> None:
    """Sets what the carrier confirmed on the record; `number` as `describe` makes it."""
    record.provider_phone_number_id = number["id"]
    note_wires(record, number)
    record.metadata = {name: value for name, value in record.metadata.items() if name != SETUP_ERROR}
    record.assistant_id = int(assistant.id) if assistant else None
    record.assistant_name = assistant.name if assistant else None
