"""Where an agency's integration stands, from our own records alone; and its two sets of keys, stored by its owner."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from telephony.clock import Deadline
from telephony.errors import NotFound
from telephony.models import agencies, provider_configurations
from telephony.models.agencies import Agency
from telephony.models.provider_configurations import MASK, ProviderConfiguration
from telephony.models.sealing import Sealer
from telephony.services import credentials
from telephony.services.configuration_records import iso
from telephony.values import Principal, ProviderType, Role

if TYPE_CHECKING:
    from telephony.services.provider_accounts import ProviderAccounts
    from telephony.services.saving import Saving

NEXT_STEPS = [
    "Create your first AI agent",
    "Purchase phone numbers",
    "Assign numbers to agents for inbound calls",
]
"""For an agency whose telephony is provisioned."""


class Integration:
    """`accounts` is made when keys are stored: it comes with the carriers' clients, which the status does without."""

    def __init__(self, sealer: Sealer, accounts: Callable[[], ProviderAccounts]) -> None:
        self._sealer = sealer
        self._accounts = accounts

    def status(self, principal: Principal, public_base_url: str) -> dict[str, Any]:
        """The body of get-integration-status. Raises `NotFound` without the agency."""
        agency = agencies.find(principal.agency_id)
        if agency is None:
            raise NotFound("Agency not found", code="agency_not_found")
        configurations = provider_configurations.of_agency(agency.id)
        telnyx = credentials.in_use(configurations, ProviderType.TELNYX)
        ultravox = credentials.in_use(configurations, ProviderType.ULTRAVOX)
        ambiguous = credentials.ambiguous(configurations)
        missing = [*credentials.missing_telnyx_keys(telnyx), *credentials.missing_ultravox_key(ultravox)]
        configured = agency.telephony_configured
        return {
            "agency_id": agency.id,
            "agency_name": agency.name,
            "webhook_url": self.webhook_url(agency, principal, public_base_url),
            "ultravox": {"configured": "ultravox_api_key" not in missing, **_times(ultravox)},
            "telnyx": {
                "configured": telnyx is not None and telnyx.has("api_key"),
                "has_public_key": "telnyx_public_key" not in missing,
                **_times(telnyx),
                "application_id": agency.telnyx_application_id,
                "outbound_profile_id": agency.telnyx_outbound_profile_id,
                "provisioned": bool(agency.telnyx_application_id and agency.telnyx_outbound_profile_id),
            },
            "ready_for_provisioning": not missing,
            "telephony_configured": configured,
            "next_steps": _next_steps(missing, ambiguous, configured),
            "can_manage_agents": configured,
            "can_manage_phone_numbers": configured,
            "can_run_campaigns": configured,
        }

    def store_telnyx(
        self,
        principal: Principal,
        api_key: str,
        meta: Mapping[str, str],
        public_base_url: str,
        deadline: Deadline,
        *,
        validate: bool,
    ) -> dict[str, Any]:
        """Keeps Telnyx's keys: `validated`, `webhook_url`, `next_steps`, `telephony_ready`.

        Raises what `ProviderAccounts.store` raises.
        """
        saving = _saving(deadline, public_base_url, validate=validate)
        stored = self._accounts().store(principal, ProviderType.TELNYX, {"api_key": api_key}, saving, meta=meta)
        now = self.status(principal, public_base_url)
        return {
            "validated": stored.validated_at is not None,
            "webhook_url": now["webhook_url"],
            "next_steps": now["next_steps"],
            "telephony_ready": now["telephony_configured"],
        }

    def save_ultravox(
        self, principal: Principal, api_key: str, public_base_url: str, deadline: Deadline, *, validate: bool
    ) -> dict[str, Any]:
        """Keeps Ultravox's key: `validated`, `webhook_url`. Raises what `ProviderAccounts.store` raises."""
        saving = _saving(deadline, public_base_url, validate=validate)
        stored = self._accounts().store(principal, ProviderType.ULTRAVOX, {"api_key": api_key}, saving)
        return {
            "validated": stored.validated_at is not None,
            "webhook_url": self.status(principal, public_base_url)["webhook_url"],
        }

    def webhook_url(self, agency: Agency, principal: Principal, public_base_url: str) -> str:
        """Whole for an owner, at the cost of one KMS call; masked for others."""
        secret = MASK
        if principal.role >= Role.OWNER:
            secret = self._sealer.open(
                agency.sealed_webhook_secret, ["webhook_secret"], agency_id=agency.id, record="agency"
            )["webhook_secret"].get_secret_value()
        return f"{public_base_url}/telnyx-webhook/{agency.id}/{secret}"


def _saving(deadline: Deadline, public_base_url: str, *, validate: bool) -> Saving:
    from telephony.services.saving import Saving

    return Saving(deadline, public_base_url, validate, "skip_validation: true")


def _times(configuration: ProviderConfiguration | None) -> dict[str, str | None]:
    return {
        "added_at": iso(configuration.secrets_at) if configuration else None,
        "validated_at": iso(configuration.validated_at) if configuration else None,
    }


def _next_steps(missing: list[str], ambiguous: list[ProviderType], configured: bool) -> list[str]:
    undecided = [f"Make one of the {each.title()} configurations the default" for each in ambiguous]
    if configured:
        return [*undecided, *NEXT_STEPS]
    steps = []
    if "ultravox_api_key" in missing and ProviderType.ULTRAVOX not in ambiguous:
        steps.append("Store the Ultravox API key")
    if {"telnyx_api_key", "telnyx_public_key"} & set(missing) and ProviderType.TELNYX not in ambiguous:
        steps.append("Store the Telnyx credentials")
    return [*undecided, *steps, "Provision telephony"]
