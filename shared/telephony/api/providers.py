"""Schemas of the providers family: the catalogue and the provider configurations."""

from __future__ import annotations

import re
from typing import Annotated, Any, Literal
from urllib.parse import unquote

from aws_lambda_powertools.event_handler.openapi.params import Header, Query
from pydantic import AfterValidator, BaseModel, BeforeValidator, Field

from telephony.api.app import Caller
from telephony.api.common import Request, StrictBool, StrictInt
from telephony.services.configuration_records import (
    MAX_META_ENTRIES,
    MAX_META_KEY,
    MAX_META_VALUE,
    MAX_SECRET_LENGTH,
    SECRET_FIELDS,
    Changes,
)
from telephony.services.provider_accounts import Scope, require_org_handle
from telephony.services.saving import Saving


def _integer(text: Any) -> int:
    """Of a path or header, which are text: no sign but a minus, no blanks, no digits outside of ASCII."""
    if not re.fullmatch(r"-?[0-9]{1,30}", unquote(str(text))):
        raise ValueError("must be an integer")
    return int(unquote(str(text)))


ConfigurationId = Annotated[int, BeforeValidator(_integer)]
OrgHandle = Annotated[str, Header(alias="Org-Handle", min_length=1, description="The agency's org handle.")]
OptionalOrgHandle = Annotated[str | None, Header(alias="Org-Handle", description="The agency's org handle.")]
ProductId = Annotated[int, BeforeValidator(_integer), Header(alias="Product-ID", description="One of the agency's.")]
Reveal = Annotated[Literal["true", "false"], Query(description="Show the secrets; for owners, and recorded.")]
Force = Annotated[Literal["true", "false"], Query(description="Delete although it is in use.")]


def _optional_integer(text: Any) -> int | None:
    return None if text is None else _integer(text)


OptionalProductId = Annotated[
    int | None, BeforeValidator(_optional_integer), Header(alias="Product-ID", description="One of the agency's.")
]


class MetaEntry(Request):
    meta_key: str = Field(min_length=1, max_length=MAX_META_KEY)
    meta_value: str = Field(max_length=MAX_META_VALUE)


def _distinct(entries: list[MetaEntry]) -> list[MetaEntry]:
    keys = [entry.meta_key for entry in entries]
    if len(set(keys)) < len(keys):
        raise ValueError("a meta_key may come once")
    return entries


def _named(name: str) -> str:
    if not name.strip() or not name.isprintable():
        raise ValueError("must be printable and not blank")
    return name.strip()


Meta = Annotated[list[MetaEntry], Field(max_length=MAX_META_ENTRIES), AfterValidator(_distinct)]
Name = Annotated[str, Field(min_length=1, max_length=100), AfterValidator(_named)]
Secret = Annotated[str, Field(min_length=1, max_length=MAX_SECRET_LENGTH)]
Url = Annotated[str, Field(min_length=1, max_length=255)]


class UpdateRequest(Request):
    """What is absent stays; `base_url` and `sip_url` are taken away by null."""

    name: Name = Field("", description="Unique among the agency's configurations of the provider.")
    api_key: Secret = Field("", description="A masked value (••••…) means unchanged.")
    api_secret: Secret = ""
    signing_key: Secret = Field("", description="SignalWire's, for its webhooks.")
    base_url: Url | None = None
    sip_url: Url | None = None
    meta_json: Meta = Field(default_factory=list)
    active: StrictBool = True
    is_default: StrictBool = Field(False, description="The one in use among several of a provider.")
    validate_: StrictBool = Field(
        True, alias="validate", description="Ask the carrier about new credentials before saving."
    )

    def changes(self) -> Changes:
        """What was sent, in the service's words."""
        sent = self.model_fields_set
        changes: Changes = {}
        if "name" in sent:
            changes["name"] = self.name
        if "active" in sent:
            changes["active"] = self.active
        if "is_default" in sent:
            changes["is_default"] = self.is_default
        if "base_url" in sent:
            changes["base_url"] = self.base_url
        if "sip_url" in sent:
            changes["sip_url"] = self.sip_url
        if "meta_json" in sent:
            changes["meta"] = {entry.meta_key: entry.meta_value for entry in self.meta_json}
        if secrets := {field: getattr(self, field) for field in SECRET_FIELDS if field in sent}:
            changes["secrets"] = secrets
        return changes


class CreateRequest(UpdateRequest):
    name: Name
    provider: StrictInt = Field(description="Id of the catalogue: 1 Telnyx, 2 SignalWire, 3 Twilio, 4 Ultravox.")


class ProviderDetails(BaseModel):
    id: int
    name: str
    description: str
    icon: str


class CatalogueField(BaseModel):
    name: str
    label: str
    secret: bool
    required: bool
    in_meta: bool = Field(description="An entry of meta_json instead of a field.")


class CatalogueEntry(ProviderDetails):
    fields: list[CatalogueField]


class ShownMetaEntry(BaseModel):
    meta_key: str
    meta_value: str


class Configuration(BaseModel):
    id: int
    name: str
    provider: int
    provider_details: ProviderDetails
    org_handle: str
    product_id: int | None
    meta_json: list[ShownMetaEntry]
    active: bool
    is_default: bool
    api_key: str | None
    api_secret: str | None
    signing_key: str | None
    base_url: str | None
    sip_url: str | None
    validated_at: str | None
    created_at: str | None
    updated_at: str | None


class CatalogueResponse(BaseModel):
    status_code: Literal[200] = 200
    message: str = "Providers fetched"
    data: list[CatalogueEntry]


class ListResponse(BaseModel):
    status_code: Literal[200] = 200
    message: str = "Provider configurations fetched"
    data: list[Configuration]


class ConfigurationResponse(BaseModel):
    status_code: Literal[200] = 200
    message: str
    data: Configuration


def scope_of(caller: Caller, org_handle: str | None, product_id: int | None = None) -> Scope:
    """Raises `Forbidden` for another agency's handle."""
    if org_handle is not None:
        require_org_handle(caller.principal, org_handle)
    return Scope(caller.principal, product_id)


def saving_of(caller: Caller, body: UpdateRequest) -> Saving:
    return Saving(caller.deadline, caller.public_base_url, body.validate_)
