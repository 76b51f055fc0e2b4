"""What an agency's telephony looks like at Telnyx when it is right, and how to find what exists of it.

Telnyx has no idempotency key for applications and profiles, so identity is: for the application the stored id, else a
webhook URL that holds the agency's id, whatever its host, secret or name; for the profile the application's own, else
the stored id, else the agency's tag on one of the names that we give: the agency may have been renamed since.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from telephony.errors import ProviderRejected
from telephony.providers.telnyx import Application, OutboundProfile, Telnyx
from telephony.settings import Settings

FIRST_COMMAND_SECONDS = 30

Changes = dict[str, Any]


@dataclass(frozen=True, slots=True)
class VoiceSetup:
    """The wanted application and profile of one agency."""

    settings: Settings
    agency_id: str
    agency_name: str
    webhook_url: str

    @property
    def application_name(self) -> str:
        return f"{self.settings.resource_prefix} - {self.agency_name}"

    @property
    def profile_prefix(self) -> str:
        """What the names of all agencies' profiles begin with."""
        return f"{self.settings.resource_prefix} Outbound -"

    @property
    def profile_name(self) -> str:
        return f"{self.profile_prefix} {self.agency_name}"

    def application(self) -> dict[str, Any]:
        """Without the profile, which is associated once it exists. `webhook_api_version` 2 is the signed one."""
        limit = self.settings.telnyx_channel_limit
        return {
            "application_name": self.application_name,
            "webhook_event_url": self.webhook_url,
            "webhook_api_version": "2",
            "active": True,
            "dtmf_type": "RFC 2833",
            "first_command_timeout": True,
            "first_command_timeout_secs": FIRST_COMMAND_SECONDS,
            "inbound": {"channel_limit": limit, "shaken_stir_enabled": True},
            "outbound": {"channel_limit": limit},
        }

    def profile(self) -> dict[str, Any]:
        return {
            "name": self.profile_name,
            "traffic_type": "conversational",
            "service_plan": "global",
            "concurrent_call_limit": self.settings.telnyx_concurrent_call_limit,
            "enabled": True,
            "whitelisted_destinations": list(self.settings.telnyx_whitelisted_destinations),
            "tags": [self.agency_id],
        }

    def application_changes(self, existing: Application) -> Changes:
        """The PATCH that makes `existing` right, or {}."""
        return _changes(self.application(), existing.settings, required=("application_name", "webhook_event_url"))

    def profile_changes(self, existing: OutboundProfile) -> Changes:
        return _changes(self._profile_beside(existing), existing.settings, required=("name",))

    def application_differences(self, existing: Application) -> list[str]:
        """The names of the settings that are not as wanted, such as `inbound.channel_limit`."""
        return _differences(self.application(), existing.settings)

    def profile_differences(self, existing: OutboundProfile) -> list[str]:
        return _differences(self._profile_beside(existing), existing.settings)

    def _profile_beside(self, existing: OutboundProfile) -> dict[str, Any]:
        """The wanted profile with the tags of others kept."""
        return self.profile() | {"tags": sorted({*existing.tags, self.agency_id})}

    def association(self, application: Application, profile_id: str) -> Changes:
        """The PATCH that associates the profile with the application, or {} if it is."""
        wanted = self.application()
        wanted["outbound"]["outbound_voice_profile_id"] = profile_id
        changes = _changes(wanted, application.settings, required=("application_name", "webhook_event_url"))
        return changes if application.outbound_profile_id != profile_id else {}


def find_application(telnyx: Telnyx, agency_id: str, stored_id: str | None) -> Application | None:
    """The agency's application, whatever became of its name; the oldest if there should be several."""
    if stored_id and (application := telnyx.application(stored_id)):
        return application
    marker = f"/telnyx-webhook/{agency_id}/"
    mine = [application for application in telnyx.applications() if marker in application.webhook_url]
    return min(mine, key=lambda application: str(application.settings.get("created_at") or ""), default=None)


def find_profile(
    telnyx: Telnyx, setup: VoiceSetup, application: Application | None, stored_id: str | None
) -> OutboundProfile | None:
    """The agency's outbound voice profile; of several with its tag the one of the wanted name, else the oldest.

    One that somebody else's hand associated with the application, without the agency's tag, is taken only when the
    stored one is gone: making it right would rename it.
    """
    own_id = application.outbound_profile_id if application else None
    own = telnyx.outbound_profile(own_id) if own_id else None
    if own and (own.id == stored_id or setup.agency_id in own.tags):
        return own
    if stored_id and stored_id != own_id and (stored := telnyx.outbound_profile(stored_id)):
        return stored
    if own:
        return own
    tagged = (each for each in telnyx.outbound_profiles(setup.profile_prefix) if setup.agency_id in each.tags)

    def rank(profile: OutboundProfile) -> tuple[bool, str]:
        return profile.name != setup.profile_name, str(profile.settings.get("created_at") or "")

    return min(tagged, key=rank, default=None)


def require_application(telnyx: Telnyx, application_id: str) -> Application:
    """The application that an earlier step made. Raises `ProviderRejected` if it was deleted at Telnyx meanwhile."""
    if application := telnyx.application(application_id):
        return application
    raise ProviderRejected(
        "The Telnyx application was deleted at Telnyx while it was being set up",
        provider="telnyx",
        operation="read application",
        code="telnyx_application_missing",
        fix="Provision again with force: true.",
    )


def _differences(wanted: Mapping[str, Any], existing: Mapping[str, Any], within: str = "") -> list[str]:
    found: list[str] = []
    for name, value in wanted.items():
        there = existing.get(name)
        if isinstance(value, dict):
            found += _differences(value, there or {}, f"{name}.")
        elif not _same(value, there):
            found.append(within + name)
    return found


def _same(wanted: Any, there: Any) -> bool:
    """Telnyx's lists are sets: it may show them in another order."""
    both_lists = isinstance(wanted, list) and isinstance(there, list)
    return bool(sorted(wanted) == sorted(there) if both_lists else wanted == there)


def _changes(wanted: Mapping[str, Any], existing: Mapping[str, Any], required: tuple[str, ...]) -> Changes:
    """Those of the wanted values that differ, with what Telnyx requires in each PATCH; {} if none differs.

    Whether Telnyx merges or replaces a nested object isn't documented, so it is sent whole: theirs with ours on top.
    """
    changes: Changes = {}
    for name, value in wanted.items():
        there = existing.get(name)
        if isinstance(value, dict):
            kept = {key: each for key, each in (there or {}).items() if each is not None}
            value = {**kept, **value}
            there = kept
        if not _same(value, there):
            changes[name] = value
    return {**{name: wanted[name] for name in required}, **changes} if changes else {}
