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


class RepairRequest(Request):
    dry_run: StrictBool = Field(False, description="Only tell what would be mended.")


class StoreTelnyxRequest(Request):
    telnyx_api_key: str = Field(min_length=20, max_length=1024)
    telnyx_public_key: str = Field(min_length=1, max_length=1024, description="Base64, as Telnyx's portal shows it.")
    telnyx_account_sid: str | None = Field(None, min_length=1, max_length=100)
    skip_validation: StrictBool = Field(False, description="Store without asking Telnyx about the key.")

    def meta(self) -> dict[str, str]:
        """What of it is not secret."""
        meta = {"telnyx_public_key": self.telnyx_public_key}
        return meta | ({"telnyx_account_sid": self.telnyx_account_sid} if self.telnyx_account_sid else {})


class SaveUltravoxRequest(Request):
    api_key: str = Field(min_length=1, max_length=1024)
    skip_validation: StrictBool = Field(False, description="Store without asking Ultravox about the key.")


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


class ImportTelnyxResponse(BaseModel):
    success: Literal[True] = True
    telnyx_configured_in_ultravox: Literal[True] = True
    application_id: str


class StoreTelnyxResponse(BaseModel):
    success: Literal[True] = True
    validated: bool
    webhook_url: str
    next_steps: list[str]
    telephony_ready: bool


class SaveUltravoxResponse(BaseModel):
    success: Literal[True] = True
    validated: bool
    webhook_url: str


class VirsynFacts(BaseModel):
    has_ultravox_key: bool
    has_telnyx_key: bool
    has_telnyx_public_key: bool
    telnyx_application_id: str | None
    telnyx_outbound_profile_id: str | None
    telephony_configured: bool


class UltravoxFacts(BaseModel):
    telnyx_configured: bool
    has_api_key: bool
    has_public_key: bool
    application_id: str | None
    call_creation_allow_all_agents: bool
    api_key_prefix: str | None
    public_key_prefix: str | None


class TelnyxFacts(BaseModel):
    application_exists: bool
    application_name: str | None
    webhook_url_matches: bool
    outbound_profile_exists: bool
    outbound_profile_associated: bool


class VerifyResponse(BaseModel):
    success: Literal[True] = True
    virsyn_db: VirsynFacts
    ultravox: UltravoxFacts | None
    telnyx: TelnyxFacts | None
    in_sync: bool
    sync_issues: list[str] | None
    ready_for_calls: bool
    error: str | None = Field(
        None, description="When Ultravox could not be asked only.", exclude_if=lambda value: value is None
    )


class RepairResponse(VerifyResponse):
    repaired: list[str] = Field(description="The issues that are gone; with dry_run those that would be.")
    dry_run: bool
