"""How a number is wired at its carrier, and what that makes of its record: ready for calls or not."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any
from urllib.parse import urlsplit

from telephony.errors import InvalidRequest
from telephony.models.agencies import Agency
from telephony.models.assistants import Assistant
from telephony.models.phone_configurations import NumberStatus, PhoneConfiguration
from telephony.providers.base import NumberSetup, OwnedNumber, wires_of
from telephony.providers.registry import CarrierAccount, webhook_signer
from telephony.services import catalogue
from telephony.values import ProviderType

TWIML_PATH = "/api/v1/twiml"
"""Where the carriers that call a URL call us: below any host and stage."""

SETUP_ERROR = "setup_error"
"""In a record's metadata: why a number that is ours could not be wired."""


REPLACED = "replaced_webhooks"
"""In a record's metadata: where calls and messages of an imported number went before we sent them elsewhere."""

CALLS = ("connection_id", "voice_url", "overridden_by")
"""The wires that calls go by."""

_GOALS = (*CALLS, "messaging_profile_id", "sms_url", "sms_overridden_by", "callbacks")


def setup_for(
    account: CarrierAccount,
    agency: Agency,
    assistant: Assistant | None,
    public_base_url: str,
    *,
    reference: str,
    friendly_name: str | None = None,
) -> NumberSetup:
    """A carrier rings at a connection (the assistant's own, else the agency's application), or it calls /twiml.

    Not that of an account whose calls could not be told from forged ones: /twiml would refuse them.
    """
    if catalogue.by_type(account.provider).rings_at_connection:
        return NumberSetup(
            reference=reference,
            friendly_name=friendly_name,
            connection_id=(assistant and assistant.connection_id) or agency.telnyx_application_id,
            messaging_profile_id=(assistant and assistant.messaging_profile_id) or agency.messaging_profile_id,
        )
    url = f"{public_base_url}/twiml" if webhook_signer(account) else None
    return NumberSetup(reference=reference, friendly_name=friendly_name, voice_url=url, sms_url=url)


def require_ready(assistant: Assistant, account: CarrierAccount, agency: Agency) -> None:
    """Raises `InvalidRequest` (`provider_mismatch`, `assistant_not_ready`) for an assistant that can't take calls."""
    provider = account.provider
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
    require_signer(account)


def require_signer(account: CarrierAccount) -> None:
    """Raises `InvalidRequest` (`assistant_not_ready`) for an account whose calls to /twiml would be refused."""
    if catalogue.by_type(account.provider).rings_at_connection or webhook_signer(account):
        return
    name = account.provider.title()
    raise InvalidRequest(
        f"The key that {name} signs its calls with is not stored: they could not be told from forged ones",
        code="assistant_not_ready",
        fix=f"Store the signing_key of the {name} configuration.",
    )


def status_of(provider: ProviderType, number: OwnedNumber) -> NumberStatus:
    """ACTIVE once the carrier confirms it and calls reach something; SUSPENDED as the carrier says."""
    if number.status == "suspended":
        return NumberStatus.SUSPENDED
    at_connection = catalogue.by_type(provider).rings_at_connection
    asked = number.voice_url and not (number.voice_method or number.overridden_by)  # /twiml knows POST alone
    wired = number.connection_id if at_connection else asked
    return NumberStatus.ACTIVE if wired and number.status == "active" else NumberStatus.INACTIVE


def first_status(number: Mapping[str, Any]) -> NumberStatus:
    """Of a number just taken, as `describe` made it: only what was active can be suspended."""
    status = NumberStatus(number["record_status"])
    return NumberStatus.INACTIVE if status is NumberStatus.SUSPENDED else status


def describe(provider: ProviderType, number: OwnedNumber) -> dict[str, Any]:
    """What the journal and the record keep of an owned number; `record_status` is what it makes of the record."""
    return {
        "id": number.id,
        "record_status": status_of(provider, number),
        "status": number.status,
        **wires_of(number),
        "capabilities": asdict(number.capabilities),
    }


def detail(purchase_details: Mapping[str, Any], number: OwnedNumber) -> dict[str, Any]:
    """An order's details as they are once the number is wired, which may take a second call."""
    shown = ("friendly_name", "voice_url", "sms_url")
    return {**purchase_details, **{name: getattr(number, name) for name in shown if name in purchase_details}}


def why_unanswered(provider: str, number: Mapping[str, Any]) -> str | None:
    """Of a number just taken, as `describe` made it: why no call reaches us, if that is the account's doing."""
    if catalogue.by_type(provider).rings_at_connection or number["voice_url"]:
        return None
    return "no call to it is answered before the account's signing_key is stored and the number assigned"


def able(capabilities: Mapping[str, bool], features: Mapping[str, bool] | None) -> dict[str, bool]:
    """What a number can do: no more than it was sold as. Some carriers only tell how an owned one is set up."""
    return {name: can and (features or {}).get(name, True) for name, can in capabilities.items()}


def why_voice_only(provider: str, features: Mapping[str, bool] | None) -> str:
    if catalogue.by_type(provider).rings_at_connection and (features or {}).get("sms", True):
        return "no messaging profile is set"
    return "the carrier offers no messages for it"


def changed(number: OwnedNumber, wires: Mapping[str, str | None], reference: str) -> NumberSetup:
    """The number as it is, but for `wires`. A URL that is set is asked by POST, and nothing overrides it."""
    freed: dict[str, None] = {}
    if "voice_url" in wires:
        freed |= {"voice_method": None, "overridden_by": None}
    if "sms_url" in wires:
        freed |= {"sms_method": None, "sms_overridden_by": None}
    return NumberSetup(reference=reference, **wires_of(number) | dict(wires) | freed)


def foreign(number: Mapping[str, Any], setup: NumberSetup) -> dict[str, Any]:
    """Of a number, as `describe` made it: what `setup` would replace, as far as anything is set."""
    found = {name: number[name] for name in _GOALS if number.get(name) and number[name] != getattr(setup, name)}
    methods = {"voice_url": "voice_method", "sms_url": "sms_method"}
    return found | {name: number[name] for url, name in methods.items() if url in found and number.get(name)}


def replaced(record: PhoneConfiguration, number: OwnedNumber, setup: NumberSetup) -> dict[str, Any]:
    """What `setup` takes away from a number just read; a repetition finds that on the record alone."""
    there = describe(ProviderType(str(record.provider)), number)
    return foreign(there, setup) or foreign({name: getattr(record, name, None) for name in _GOALS}, setup)


def is_twiml(url: str) -> bool:
    """Whether it is the address of our /twiml, at whatever host."""
    return urlsplit(url).path.endswith(TWIML_PATH)


def keep_replaced(record: PhoneConfiguration, replaced: Mapping[str, Any]) -> None:
    """Notes what was replaced on the record of an imported number; the first of each kind stays."""
    theirs = {name: value for name, value in replaced.items() if not (name.endswith("_url") and is_twiml(value))}
    if record.is_imported and theirs:
        record.metadata = {**record.metadata, REPLACED: {**theirs, **record.metadata.get(REPLACED, {})}}


def note_wires(record: PhoneConfiguration, number: Mapping[str, Any]) -> None:
    """Sets on the record where its carrier sends calls and messages; `number` as `describe` makes it."""
    record.connection_id = number["connection_id"]
    record.messaging_profile_id = number["messaging_profile_id"]
    record.voice_url = number["voice_url"]
    record.sms_url = number["sms_url"]
    record.overridden_by = number["overridden_by"]
    record.sms_overridden_by = number["sms_overridden_by"]
    record.capabilities = able(number["capabilities"], record.features)


def wire_record(record: PhoneConfiguration, number: dict[str, Any], assistant: Assistant | None) -> None:
    """Sets what the carrier confirmed on the record; `number` as `describe` makes it."""
    record.provider_phone_number_id = number["id"]
    note_wires(record, number)
    record.metadata = {name: value for name, value in record.metadata.items() if name != SETUP_ERROR}
    record.assistant_id = int(assistant.id) if assistant else None
    record.assistant_name = assistant.name if assistant else None
