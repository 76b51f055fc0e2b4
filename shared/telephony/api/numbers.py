"""Schemas of phone numbers in the numbers family."""

from __future__ import annotations

from typing import Annotated, Any, Literal, Self

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    Field,
    Strict,
    ValidationInfo,
    field_validator,
    model_validator,
)

from telephony import e164
from telephony.api.common import Request, StrictBool, StrictInt
from telephony.api.fields import MAX_ID_DIGITS, FriendlyName
from telephony.errors import InvalidRequest
from telephony.values import AvailableNumber, NumberType, ProviderType, SearchCriteria


def _e164(value: str) -> str:
    try:
        return e164.parse(value)
    except InvalidRequest as error:
        raise ValueError(error.details["errors"][0]["message"]) from None


def _carrier(value: Any) -> Any:
    if value == ProviderType.ULTRAVOX:
        raise ValueError("must be one of twilio, telnyx, signalwire")
    return value


PhoneNumber = Annotated[str, AfterValidator(_e164), Field(examples=["+12125551234"], max_length=32)]
Carrier = Annotated[ProviderType, BeforeValidator(_carrier)]
Cost = Annotated[float, Strict(), Field(ge=0, le=1_000_000)]
AssistantId = Annotated[StrictInt, Field(ge=1, lt=10**MAX_ID_DIGITS)]
Text = Annotated[str, Field(min_length=1, max_length=64)]


class SearchRequest(Request):
    provider: Carrier = ProviderType.TELNYX
    country_code: Annotated[str, Field(pattern="^[A-Z]{2}$")] = "US"
    area_code: Annotated[str, Field(pattern="^[0-9]{1,6}$")] | None = None
    contains: Annotated[str, Field(pattern="^[0-9*]{2,10}$")] | None = None
    locality: Text | None = None
    region: Text | None = None
    number_type: NumberType = "local"
    limit: Annotated[StrictInt, Field(ge=1, le=50)] = 10

    def criteria(self) -> SearchCriteria:
        return SearchCriteria(**self.model_dump(exclude={"provider"}))


class NumberCapabilities(BaseModel):
    voice: bool
    sms: bool
    mms: bool
    fax: bool


class FoundNumber(BaseModel):
    phone_number: str
    friendly_name: str
    locality: str | None
    region: str | None
    country_code: str
    iso_country: str
    capabilities: NumberCapabilities
    monthly_cost: float | None
    setup_cost: float | None
    currency: str | None
    provider: ProviderType

    @classmethod
    def of(cls, number: AvailableNumber, provider: ProviderType) -> FoundNumber:
        priced = number.monthly or number.setup
        return cls(
            phone_number=number.phone_number,
            friendly_name=number.friendly_name,
            locality=number.locality,
            region=number.region,
            country_code=number.country_code,
            iso_country=number.country_code,
            capabilities=NumberCapabilities(
                voice=number.capabilities.voice,
                sms=number.capabilities.sms,
                mms=number.capabilities.mms,
                fax=number.capabilities.fax,
            ),
            monthly_cost=number.monthly.number if number.monthly else None,
            setup_cost=number.setup.number if number.setup else None,
            currency=priced.currency if priced else None,
            provider=provider,
        )


class SearchResponse(BaseModel):
    success: Literal[True] = True
    numbers: list[FoundNumber]
    total_found: int
    provider: ProviderType


class PurchaseBody(Request):
    phone_number: PhoneNumber
    provider: Carrier
    assistant_id: AssistantId | None = None
    friendly_name: FriendlyName | None = None
    country_code: Annotated[str, Field(pattern="^[A-Z]{2}$")] | None = None
    max_monthly_cost: Cost | None = None
    max_setup_cost: Cost | None = None

    @field_validator("country_code")
    @classmethod
    def _fits_the_number(cls, value: str | None, info: ValidationInfo) -> str | None:
        number = info.data.get("phone_number")
        if value and number and not e164.may_be_of(number, value):
            raise ValueError("is not the country of phone_number")
        return value


class PurchaseResponse(BaseModel):
    success: Literal[True] = True
    phone_number: str
    provider: ProviderType
    purchase_details: dict[str, Any]
    message: str
    phone_configuration_id: str
    operation_id: str


class BatchBody(Request):
    items: Annotated[list[PurchaseBody], Field(min_length=1, max_length=50)]


class BatchResponse(BaseModel):
    """The numbers' results are those of the operation: GET /operations/{operation_id}."""

    success: Literal[True] = True
    operation_id: str
    accepted: int


class ImportBody(Request):
    phone_number: PhoneNumber
    provider: Carrier
    assistant_id: AssistantId | None = None
    friendly_name: FriendlyName | None = None
    takeover: StrictBool = Field(False, description="Replace webhooks that are not ours; the old ones are kept.")


class ImportResponse(BaseModel):
    success: Literal[True] = True
    phone_number: str
    provider: ProviderType
    phone_configuration_id: str
    operation_id: str
    message: str


class AssignBody(Request):
    phone_number: PhoneNumber
    assistant_id: AssistantId | None


class AssignResponse(BaseModel):
    success: Literal[True] = True
    phone_number: str
    provider: ProviderType
    assistant_id: int | None
    phone_configuration_id: str
    operation_id: str
    message: str


class ReleaseBody(Request):
    phone_number: PhoneNumber
    provider: Carrier | None = None


class ReleaseResponse(BaseModel):
    success: Literal[True] = True
    phone_number: str
    provider: ProviderType
    message: str


class Country(BaseModel):
    code: str
    name: str
    phone_code: str


class CountriesResponse(BaseModel):
    success: Literal[True] = True
    country_codes: list[Country]
    provider: ProviderType


class WebhookConfiguration(BaseModel):
    """How the carrier wires the number beside the two webhooks."""

    status: str
    connection_id: str | None
    messaging_profile_id: str | None
    overridden_by: str | None = Field(description="What makes the carrier ignore the voice webhook.")
    sms_overridden_by: str | None
    capabilities: NumberCapabilities


class WebhooksResponse(BaseModel):
    success: Literal[True] = True
    phone_number: str
    provider: ProviderType
    voice_webhook_url: str | None
    sms_webhook_url: str | None
    configuration: WebhookConfiguration


class WebhooksBody(Request):
    phone_number: PhoneNumber
    voice_webhook_url: Annotated[str, Field(min_length=1, max_length=1000)] | None = None
    enable_sms: StrictBool = False
    disable_sms: StrictBool = False
    provider: Carrier | None = None

    @model_validator(mode="after")
    def _changes_one_thing(self) -> Self:
        if self.enable_sms and self.disable_sms:
            raise ValueError("send enable_sms or disable_sms, not both")
        if not (self.voice_webhook_url or self.enable_sms or self.disable_sms):
            raise ValueError("send voice_webhook_url, enable_sms or disable_sms")
        return self


class UpdatedWebhooksResponse(WebhooksResponse):
    updated_webhooks: dict[str, str | None]
    message: str


class DiagnosisResponse(BaseModel):
    """`carrier` is as the carrier tells it now; null when it doesn't have the number or refuses the credentials."""

    success: Literal[True] = True
    phone_number: str
    provider: ProviderType
    store: dict[str, Any]
    carrier: dict[str, Any] | None
    issues: list[str]
    ready_for_calls: bool
    ready_for_sms: bool
