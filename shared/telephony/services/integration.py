"""Where an agency's integration stands, from our own records alone."""

from __future__ import annotations

from typing import Any

from telephony import clock
from telephony.errors import NotFound
from telephony.models import agencies, provider_configurations
from telephony.models.agencies import Agency
from telephony.models.provider_configurations import ProviderConfiguration
from telephony.models.sealing import Sealer
from telephony.services import credentials
from telephony.services.provisioning import NEXT_STEPS
from telephony.values import Principal, ProviderType, Role

MASK = "••••"


class Integration:
    def __init__(self, sealer: Sealer) -> None:
        self._sealer = sealer

    def status(self, principal: Principal, public_base_url: str) -> dict[str, Any]:
        """The body of get-integration-status. Raises `NotFound` without the agency."""
        agency = agencies.find(principal.agency_id)
        if agency is None:
            raise NotFound("Agency not found", code="agency_not_found")
        configurations = provider_configurations.of_agency(agency.id)
        telnyx = credentials.pick(configurations, ProviderType.TELNYX)
        ultravox = credentials.pick(configurations, ProviderType.ULTRAVOX)
        missing = [*credentials.missing_telnyx_keys(telnyx), *_missing_ultravox(ultravox)]
        configured = agency.telephony_configured
        return {
            "agency_id": agency.id,
            "agency_name": agency.name,
            "webhook_url": self.webhook_url(agency, principal, public_base_url),
            "ultravox": {"configured": not _missing_ultravox(ultravox), **_times(ultravox)},
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
            "next_steps": _next_steps(missing, configured),
            "can_manage_agents": configured,
            "can_manage_phone_numbers": configured,
            "can_run_campaigns": configured,
        }

    def webhook_url(self, agency: Agency, principal: Principal, public_base_url: str) -> str:
        """Whole for an owner, at the cost of one KMS call; masked for others."""
        secret = MASK
        if principal.role >= Role.OWNER:
            secret = self._sealer.open(
                agency.sealed_webhook_secret, ["webhook_secret"], agency_id=agency.id, record="agency"
            )["webhook_secret"].get_secret_value()
        return f"{public_base_url}/telnyx-webhook/{agency.id}/{secret}"


def _missing_ultravox(configuration: ProviderConfiguration | None) -> list[str]:
    return [] if configuration is not None and configuration.has("api_key") else ["ultravox_api_key"]


def _times(configuration: ProviderConfiguration | None) -> dict[str, str | None]:
    def iso(milliseconds: float | None) -> str | None:
        return clock.iso(milliseconds / 1000) if milliseconds else None

    return {
        "added_at": iso(configuration.secrets_at) if configuration else None,
        "validated_at": iso(configuration.validated_at) if configuration else None,
    }


def _next_steps(missing: list[str], configured: bool) -> list[str]:
    if configured:
        return NEXT_STEPS
    steps = []
    if "ultravox_api_key" in missing:
        steps.append("Store the Ultravox API key")
    if "telnyx_api_key" in missing or "telnyx_public_key" in missing:
        steps.append("Store the Telnyx credentials")
    return [*steps, "Provision telephony"]
