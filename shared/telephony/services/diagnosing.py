"""What is the matter with a number: our record, the carrier's as it is now, and what doesn't fit."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from telephony.clock import Deadline
from telephony.errors import ConfigurationMissing, InvalidProviderCredentials, TelephonyError
from telephony.models import agencies, assistants, provider_configurations
from telephony.models.assistants import Assistant
from telephony.models.phone_configurations import NumberStatus, PhoneConfiguration
from telephony.models.provider_configurations import ProviderConfiguration
from telephony.providers.base import OwnedNumber
from telephony.providers.registry import CarrierAccount, webhook_signer
from telephony.services import catalogue, credentials, live_numbers, wiring
from telephony.services.accounts import Accounts
from telephony.services.saga import Data
from telephony.values import MONEY_SCALE, Principal, ProviderType


class Diagnosing:
    def __init__(self, accounts: Accounts) -> None:
        self._accounts = accounts

    def diagnose(self, principal: Principal, phone_number: str, base_url: str, deadline: Deadline) -> Data:
        """`phone_number`, `provider`, `store`, `carrier` (None: not there), `issues`, `ready_for_calls`, `…_sms`.

        Every carrier field is read in this request. Raises `NotFound`, and what the carrier says if that is not itself
        the diagnosis (credentials refused, no account any more).
        """
        record = live_numbers.require(principal, phone_number)
        found = Findings(record, f"{base_url}/twiml")
        account, number = self._look(record, found, deadline)
        if account is not None and number is not None:
            _check_calls(principal, record, number, account, found)
            found.check_messages(number)
        if record.marked_for_release:
            found.issues.append("The number is marked for release")
        if record.metadata.get(wiring.SETUP_ERROR):
            found.issues.append(f"The carrier refused to wire the number: {record.metadata[wiring.SETUP_ERROR]}")
        return {
            "phone_number": record.phone_number,
            "provider": record.provider,
            "store": _stored(record),
            "carrier": _at_carrier(record, number) if number else None,
            "issues": found.issues,
            "ready_for_calls": found.ready_for_calls,
            "ready_for_sms": found.ready_for_sms,
        }

    def _look(
        self, record: PhoneConfiguration, found: Findings, deadline: Deadline
    ) -> tuple[CarrierAccount | None, OwnedNumber | None]:
        try:
            account = self._accounts.of_number(record, deadline)
            number = self._accounts.client(account, deadline).owned(str(record.phone_number))
        except (InvalidProviderCredentials, ConfigurationMissing) as error:
            found.issues.append(error.message)
            return None, None
        if not account.active:
            found.issues.append("The carrier account of this number is not active")
        if number is None and record.status == NumberStatus.PENDING:
            found.issues.append("The purchase of this number has not ended yet")
        elif number is None:
            found.issues.append("The number is not in the carrier account")
        return account, number


def _check_calls(
    principal: Principal, record: PhoneConfiguration, number: OwnedNumber, account: CarrierAccount, found: Findings
) -> None:
    assistant_id = record.assistant_id
    assistant = assistants.find(principal.agency_id, int(assistant_id)) if assistant_id is not None else None
    found.check_calls(number)
    if catalogue.by_type(account.provider).rings_at_connection:
        agency = agencies.find(principal.agency_id)
        known = {
            assistant.connection_id if assistant else None,
            agency.telnyx_application_id if agency else None,
        }
        found.check_connection(number, known)
        return
    if webhook_signer(account) is None:
        found.not_ready("The key that signs the carrier's calls is not stored (signing_key): they are refused")
    if number.voice_url == found.our_url:
        found.check_assistant(assistant, _has_ultravox(provider_configurations.of_agency(principal.agency_id)))


class Findings:
    """What doesn't fit, in words, and what that leaves of being ready."""

    def __init__(self, record: PhoneConfiguration, our_url: str) -> None:
        self._record = record
        self.our_url = our_url
        self.issues: list[str] = []
        self.ready_for_calls = False
        self.ready_for_sms = False

    def not_ready(self, issue: str) -> None:
        self.issues.append(issue)
        self.ready_for_calls = False

    def check_calls(self, number: OwnedNumber) -> None:
        provider = ProviderType(str(self._record.provider))
        at_connection = catalogue.by_type(provider).rings_at_connection
        status = wiring.status_of(provider, number)
        self.ready_for_calls = status is NumberStatus.ACTIVE
        if number.status != "active":
            self.not_ready(f"The carrier says that the number is {number.status}")
        if at_connection and number.connection_id != self._record.connection_id:
            self.issues.append("The number is at another connection than recorded")
        if not at_connection and number.voice_url is None:
            self.not_ready("No webhook is set for calls")
        elif not at_connection and number.voice_url != self._record.voice_url:
            self.issues.append("Calls go to another webhook than recorded")
        elif not at_connection and number.voice_url != self.our_url:
            self.issues.append("Calls go to a webhook that is not ours")
        if number.voice_method:
            self.not_ready(f"The webhook for calls is asked by {number.voice_method}, not by POST")
        if number.overridden_by:
            self.not_ready(f"The webhook for calls is ignored: {number.overridden_by} takes them")
        recorded = self._record.status_apart
        if recorded != status and recorded != NumberStatus.PENDING:
            self.issues.append(f"The record says {recorded}, the carrier's state is {status}")

    def check_connection(self, number: OwnedNumber, known: set[str | None]) -> None:
        if number.connection_id is None:
            self.not_ready("The number is at no connection")
        elif number.connection_id not in known:
            self.issues.append("The number is at a connection that is neither the agency's nor the assistant's")

    def check_assistant(self, assistant: Assistant | None, has_ultravox: bool) -> None:
        if assistant is None:
            self.not_ready("No assistant is assigned: callers hear a sentence")
        elif not assistant.ultravox_agent_id:
            self.not_ready("The assistant has no Ultravox agent: callers hear a sentence")
        elif not has_ultravox:
            self.not_ready("Ultravox is not configured: callers hear a sentence")

    def check_messages(self, number: OwnedNumber) -> None:
        provider = str(self._record.provider)
        features = self._record.features
        if not wiring.able(asdict(number.capabilities), features)["sms"]:
            self.issues.append(f"The number is voice only: {wiring.why_voice_only(provider, features)}")
        elif catalogue.by_type(provider).rings_at_connection:
            self.ready_for_sms = number.status == "active"
        elif number.sms_url is None:
            self.issues.append("No webhook is set for messages")
        elif number.sms_method:
            self.issues.append(f"The webhook for messages is asked by {number.sms_method}, not by POST")
        elif number.sms_overridden_by:
            self.issues.append(f"The webhook for messages is ignored: {number.sms_overridden_by} takes them")
        else:
            self.ready_for_sms = number.status == "active"


def _has_ultravox(configurations: Sequence[ProviderConfiguration]) -> bool:
    try:
        configuration = credentials.pick(configurations, ProviderType.ULTRAVOX)
    except TelephonyError:
        return False  # several, and none the default: no call could choose
    return configuration is not None and configuration.has("api_key")


def _stored(record: PhoneConfiguration) -> dict[str, Any]:
    return {
        "phone_configuration_id": record.id,
        "status": record.status,
        "friendly_name": record.friendly_name,
        "provider_phone_number_id": record.provider_phone_number_id,
        "provider_configuration_id": _whole(record.provider_configuration_id),
        "assistant_id": _whole(record.assistant_id),
        "connection_id": record.connection_id,
        "messaging_profile_id": record.messaging_profile_id,
        "voice_url": record.voice_url,
        "sms_url": record.sms_url,
        "monthly_price": None if record.monthly_price is None else record.monthly_price / MONEY_SCALE,
        "is_imported": record.is_imported,
        "marked_for_release": record.marked_for_release,
        "operation_id": record.operation_id,
    }


def _at_carrier(record: PhoneConfiguration, number: OwnedNumber) -> dict[str, Any]:
    told = wiring.describe(ProviderType(str(record.provider)), number)
    return {name: value for name, value in told.items() if name != "record_status"} | {
        "friendly_name": number.friendly_name
    }


def _whole(value: float | None) -> int | None:
    return None if value is None else int(value)
