"""Where Virsyn, Telnyx and Ultravox disagree about an agency's telephony: comparisons of what was just read."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from telephony.models.agencies import Agency
from telephony.providers.telnyx import Application, OutboundProfile
from telephony.services.credentials import TelnyxAccount, ambiguity
from telephony.services.voice_setup import VoiceSetup
from telephony.values import ProviderType

ID_MISMATCH = "Application ID mismatch between Virsyn and Ultravox"
NO_ULTRAVOX_KEY = "Ultravox API key not configured"
NOT_IN_ULTRAVOX = "Virsyn shows configured but Ultravox has no Telnyx config"


@dataclass(frozen=True, slots=True)
class Facts:
    """What the three sides say at one time.

    `missing` are the names of absent keys: without Telnyx's, `account` is None and Telnyx was not asked, and Ultravox
    likewise. `imported`: what Ultravox has of Telnyx, None for nothing.
    """

    agency: Agency
    setup: VoiceSetup
    account: TelnyxAccount | None
    application: Application | None
    profile: OutboundProfile | None
    imported: Mapping[str, Any] | None
    missing: tuple[str, ...]
    undecided: tuple[ProviderType, ...] = ()
    """Of these several accounts could be the one in use: none of them was asked."""

    @property
    def asked_ultravox(self) -> bool:
        return "ultravox_api_key" not in self.missing

    @property
    def why_not_asked(self) -> str:
        return ambiguity(ProviderType.ULTRAVOX) if ProviderType.ULTRAVOX in self.undecided else NO_ULTRAVOX_KEY

    @property
    def wanted(self) -> bool:
        """Whether there is, or is meant to be, telephony at all: an agency before its provisioning lacks nothing."""
        return self.agency.has_telephony or self.application is not None

    @property
    def associated(self) -> bool:
        application, profile = self.application, self.profile
        return bool(application and profile and application.outbound_profile_id == profile.id)


def issues(facts: Facts) -> list[str]:
    """What is not as it ought to be, a sentence each; [] when the three agree."""
    found = [ambiguity(each) for each in facts.undecided]
    if not facts.wanted:
        return [*found, ID_MISMATCH] if facts.imported else found
    if facts.account:
        found += _at_telnyx(facts)
    elif ProviderType.TELNYX not in facts.undecided:
        found.append("Telnyx credentials not configured")
    found += _at_ultravox(facts)
    if not facts.agency.telephony_configured:
        found.append("Virsyn shows not configured")
    return found


def _at_telnyx(facts: Facts) -> list[str]:
    agency, application, profile, found = facts.agency, facts.application, facts.profile, []
    if application is None:
        found.append("Telnyx application not found")
    else:
        if application.id != agency.telnyx_application_id:
            found.append("Application ID mismatch between Virsyn and Telnyx")
        found += [f"Telnyx application: {name} differs" for name in facts.setup.application_differences(application)]
    if profile is None:
        return [*found, "Telnyx outbound profile not found"]
    if profile.id != agency.telnyx_outbound_profile_id:
        found.append("Outbound profile ID mismatch between Virsyn and Telnyx")
    found += [f"Telnyx outbound profile: {name} differs" for name in facts.setup.profile_differences(profile)]
    if application and not facts.associated:
        found.append("Telnyx outbound profile is not associated with the application")
    return found


def _at_ultravox(facts: Facts) -> list[str]:
    if not facts.asked_ultravox:
        return []
    if facts.imported is None:
        configured = facts.agency.telephony_configured
        return [NOT_IN_ULTRAVOX if configured else "Ultravox has no Telnyx config"]
    return import_issues(facts.imported, facts.account, facts.agency.telnyx_application_id)


def import_issues(imported: Mapping[str, Any], account: TelnyxAccount | None, application_id: str | None) -> list[str]:
    """What of Ultravox's copy is not as wanted. Of the keys it shows the first characters only."""
    found = []
    if imported.get("applicationSid") != application_id:
        found.append(ID_MISMATCH)
    if imported.get("callCreationAllowAllAgents") is not True:
        found.append("Ultravox does not let calls be created for all agents")
    if account is None:
        return found
    if not _begins_with(account.api_key.get_secret_value(), prefix(imported, "apiKeyPrefix")):
        found.append("Ultravox holds another Telnyx API key")
    if not _begins_with(account.public_key, prefix(imported, "publicKeyPrefix")):
        found.append("Ultravox holds another Telnyx public key")
    if account.account_sid and imported.get("accountSid") != account.account_sid:
        found.append("Ultravox holds another Telnyx account SID")
    return found


def prefix(imported: Mapping[str, Any], name: str) -> str | None:
    shown = imported.get(name)
    return shown.get("prefix") if isinstance(shown, dict) else None


def _begins_with(key: str, shown: str | None) -> bool:
    return bool(shown) and key.startswith(shown or "")
