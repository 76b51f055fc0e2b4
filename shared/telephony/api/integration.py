"""Schemas of the integration family."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, Field

from telephony.api.common import Request, StrictBool


class ProvisionRequest(Request):
    force: StrictBool = Field(False, description="Re-provision even if telephony is already configured.")
    dry_run: StrictBool = Field(False, description="Only tell what would be done.")


def _must_be_true(value: bool) -> bool:
    if not value:
        raise ValueError("must be true")
    return value


class DeprovisionRequest(Request):
    confirm: Annotated[StrictBool, AfterValidator(_must_be_true)] = Field(
        description="Must be true: this deletes resources at Telnyx."
    )


class CompletedStep(BaseModel):
    success: Literal[True] = True
    step: str
    data: dict[str, Any]


class Provisioned(BaseModel):
    telnyx_application_id: str
    telnyx_outbound_profile_id: str
    webhook_url: str


class Capabilities(BaseModel):
    can_manage_agents: bool
    can_manage_phone_numbers: bool
    can_run_campaigns: bool


class ProvisionResponse(BaseModel):
    success: Literal[True] = True
    completed_steps: list[CompletedStep]
    provisioned: Provisioned
    capabilities: Capabilities
    next_steps: list[str]


class PlannedStep(BaseModel):
    step: str
    action: Literal["create", "update", "none"]
    detail: str


class PlanResponse(BaseModel):
    success: Literal[True] = True
    plan: list[PlannedStep]


class DeprovisionResponse(BaseModel):
    success: Literal[True] = True
    completed_steps: list[CompletedStep]


class UltravoxStatus(BaseModel):
    configured: bool
    added_at: str | None
    validated_at: str | None


class TelnyxStatus(UltravoxStatus):
    has_public_key: bool
    application_id: str | None
    outbound_profile_id: str | None
    provisioned: bool


class IntegrationStatusResponse(Capabilities):
    success: Literal[True] = True
    agency_id: str
    agency_name: str
    webhook_url: str
    ultravox: UltravoxStatus
    telnyx: TelnyxStatus
    ready_for_provisioning: bool
    telephony_configured: bool
    next_steps: list[str]
