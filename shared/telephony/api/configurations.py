"""Schemas of the configurations family. Field names, defaults and enums are those of WIIL's phone configuration."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field
from pydantic.alias_generators import to_camel

from telephony.api.common import StrictBool
from telephony.api.families import metadata
from telephony.api.fields import FriendlyName

DEFAULT_PAGE_SIZE = 20
MAX_PAGE_SIZE = 100


def _upper(value: Any) -> Any:
    return value.upper() if isinstance(value, str) else value


InAnyCase = BeforeValidator(_upper)

NumberStatus = Annotated[Literal["PENDING", "ACTIVE", "INACTIVE", "SUSPENDED", "RELEASED"], InAnyCase]
NumberProviderType = Annotated[Literal["SIGNALWIRE", "TWILIO", "TELNYX"], InAnyCase]


class CamelCase(BaseModel):
    model_config = ConfigDict(alias_generator=to_camel, validate_by_name=True, validate_by_alias=True, extra="forbid")


class DeploymentChannelInfo(CamelCase):
    """The assistant that answers a number, for calls or for messages."""

    id: str
    name: str | None
    type: Literal["VOICE", "SMS"]
    deployment_status: Literal["ACTIVE", "PENDING", "INACTIVE"]


class PhoneConfigurationSchema(CamelCase):
    """A phone number. Times are milliseconds since the epoch."""

    id: str | None = Field(None, description="Given by the server.")
    phone_number: str = Field(description="E.164.")
    provider_phone_number_id: str = Field(description="The number's id at its carrier; empty while on order.")
    phone_request_id: str = Field(description="The operation that bought or imported it.")
    friendly_name: str | None
    region_id: str | None = None
    monthly_price: float | None = Field(None, description="In units of its currency; null where there is no price.")
    region_or_country_name: str | None = None
    country_code: str | None = Field(None, description="ISO 3166-1 alpha-2.", exclude_if=lambda value: value is None)
    provider_type: NumberProviderType = "SIGNALWIRE"
    is_imported: StrictBool = False
    status: NumberStatus = "INACTIVE"
    is_ported: StrictBool = False
    marked_for_release: StrictBool | None = False
    metadata: dict[str, Any] = Field(default_factory=dict)
    voice_channel_id: str | None = None
    sms_channel_id: str | None = None
    voice_channel: DeploymentChannelInfo | None = None
    sms_channel: DeploymentChannelInfo | None = None
    is_us_sms_permitted: StrictBool = Field(
        False,
        alias="isUSSMSPermitted",
        description="Whether the carrier confirms a registered campaign: false, as none is asked about campaigns yet.",
    )
    created_at: int | None = None
    updated_at: int | None = None


class UpdatePhoneConfigurationSchema(CamelCase):
    """What a caller may change: `friendlyName` alone."""

    friendly_name: FriendlyName | None = Field(description="Null for none.")


class UpdatePhoneConfigurationRequest(UpdatePhoneConfigurationSchema):
    """The same, with the id of the record in the body."""

    id: str


class Metadata(BaseModel):
    timestamp: int
    version: Literal["v1"]


class Answer[T](BaseModel):
    """The family's envelope."""

    success: Literal[True] = True
    data: T
    metadata: Metadata = Field(default_factory=lambda: Metadata.model_validate(metadata()))


class PageMeta(CamelCase):
    page: int
    page_size: int
    total_count: int = Field(
        description="When the first page was read. Of released records: those of the pages so far, and one while there "
        "are more."
    )
    total_pages: int
    has_next_page: bool
    has_previous_page: bool
    next_cursor: str | None = Field(description="Send it as `cursor`, with the other parameters as they were.")


class PhoneConfigurationPage(BaseModel):
    data: list[PhoneConfigurationSchema]
    meta: PageMeta


def page_of(records: list[dict[str, Any]], number: int, size: int, total: int, next_cursor: str | None) -> Answer[Any]:
    """The envelope of one page of a list."""
    meta = PageMeta(
        page=number,
        page_size=size,
        total_count=total,
        total_pages=-(-total // size),
        has_next_page=next_cursor is not None,
        has_previous_page=number > 1,
        next_cursor=next_cursor,
    )
    shown = [PhoneConfigurationSchema.model_validate(record) for record in records]
    return Answer[PhoneConfigurationPage](data=PhoneConfigurationPage(data=shown, meta=meta))
