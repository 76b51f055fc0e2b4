"""GET /providers, and the five operations of /provider-configurations, also spelled /providers-configurations."""

from __future__ import annotations

from typing import Any

from aws_lambda_powertools.event_handler import Response
from telephony.api.app import Door
from telephony.api.providers import (
    CatalogueResponse,
    ConfigurationId,
    ConfigurationResponse,
    CreateRequest,
    Force,
    ListResponse,
    OptionalOrgHandle,
    OptionalProductId,
    OrgHandle,
    ProductId,
    Reveal,
    UpdateRequest,
    saving_of,
    scope_of,
)
from telephony.bootstrap import container
from telephony.services import catalogue

door = Door()


@door.route("GET /providers")
def providers() -> CatalogueResponse:
    """The providers there are, and the fields of an account with each."""
    return CatalogueResponse.model_validate({"data": catalogue.entries()})


@door.route("GET /provider-configurations")
@door.route("GET /providers-configurations")
def list_all(org_handle: OptionalOrgHandle = None) -> ListResponse:
    """The agency's provider configurations, secrets masked."""
    scope = scope_of(door.caller, org_handle)
    return ListResponse.model_validate({"data": container().provider_accounts.listed(scope.principal)})


@door.route("POST /provider-configurations")
@door.route("POST /providers-configurations")
def create(body: CreateRequest, org_handle: OrgHandle, product_id: OptionalProductId = None) -> ConfigurationResponse:
    """Create a provider configuration, or update the one of that provider and name."""
    scope, saving = scope_of(door.caller, org_handle, product_id), saving_of(door.caller, body)
    saved = container().provider_accounts.create(scope, body.provider, body.changes(), saving)
    return ConfigurationResponse.model_validate({"message": "Provider configuration saved", "data": saved})


@door.route("GET /provider-configurations/<configuration_id>")
@door.route("GET /providers-configurations/<configuration_id>")
def get(
    configuration_id: ConfigurationId, org_handle: OrgHandle, product_id: ProductId, reveal: Reveal = "false"
) -> ConfigurationResponse:
    """One provider configuration; its secrets masked unless an owner has them revealed."""
    scope, accounts = scope_of(door.caller, org_handle, product_id), container().provider_accounts
    read = accounts.reveal if reveal == "true" else accounts.get
    found = read(scope, configuration_id)
    return ConfigurationResponse.model_validate({"message": "Provider configuration fetched", "data": found})


@door.route("PATCH /provider-configurations/<configuration_id>")
@door.route("PATCH /providers-configurations/<configuration_id>")
def update(
    configuration_id: ConfigurationId, body: UpdateRequest, org_handle: OrgHandle, product_id: ProductId
) -> ConfigurationResponse:
    """Change what the body names and leave the rest."""
    scope, saving = scope_of(door.caller, org_handle, product_id), saving_of(door.caller, body)
    saved = container().provider_accounts.update(scope, configuration_id, body.changes(), saving)
    return ConfigurationResponse.model_validate({"message": "Provider configuration updated", "data": saved})


@door.route("DELETE /provider-configurations/<configuration_id>", status_code=204)
@door.route("DELETE /providers-configurations/<configuration_id>", status_code=204)
def delete(
    configuration_id: ConfigurationId, org_handle: OrgHandle, product_id: ProductId, force: Force = "false"
) -> Response[None]:
    """Delete a provider configuration and its secrets."""
    scope = scope_of(door.caller, org_handle, product_id)
    container().provider_accounts.delete(scope, configuration_id, force=force == "true")
    return Response(204)


def lambda_handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    return door(event, context)
