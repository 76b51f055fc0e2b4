"""An agency's provider configurations: the one place where carrier secrets are kept, whoever writes them.

Credentials are checked at the carrier before they are saved, sealed in one blob per record, and shown masked. All
changes of one agency's configurations follow one another, by a revision on the agency's record.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from telephony.errors import Conflict, Forbidden, InvalidRequest, NotFound
from telephony.models import agencies, provider_configurations
from telephony.models.agencies import Agency
from telephony.models.base import commit, get_together
from telephony.models.provider_configurations import MASK, ProviderConfiguration
from telephony.models.sealing import Sealer
from telephony.services import catalogue, credentials
from telephony.services.configuration_records import SECRET_FIELDS, Changes, describe, of_product
from telephony.services.identity import authorise
from telephony.services.saving import (
    NUMBERS,
    TELEPHONY,
    Saver,
    Saving,
    Wanted,
    audit,
    name_taken,
    of_another_product,
    plain,
)
from telephony.values import Principal, ProviderType, Role

MAX_ID = 2**53


@dataclass(frozen=True, slots=True)
class Scope:
    """Who asks, and for which of the agency's products: None for all that the caller may see."""

    principal: Principal
    asked: int | None = None
    """The product that the request names."""

    @property
    def product_id(self) -> int | None:
        """The named one, else the one that the caller is bound to."""
        return self.principal.product_id if self.asked is None else self.asked


def require_org_handle(principal: Principal, org_handle: str) -> None:
    """Raises `Forbidden` for a handle that isn't the caller's agency's."""
    if org_handle != principal.org_handle:
        raise Forbidden("The Org-Handle is not your agency's", code="foreign_org_handle")


class ProviderAccounts:
    def __init__(self, sealer: Sealer, saver: Saver) -> None:
        self._sealer = sealer
        self._saver = saver

    def listed(self, principal: Principal) -> list[dict[str, Any]]:
        """All that the caller may see, by id: one read, no secret opened."""
        every = provider_configurations.of_agency(principal.agency_id)
        return [_shown(principal, each) for each in every if of_product(each, principal.product_id)]

    def get(self, scope: Scope, configuration_id: int) -> dict[str, Any]:
        """One read, no secret opened. Raises `NotFound`, also for another agency's or product's."""
        return _shown(scope.principal, self._find(scope, configuration_id))

    def _find(self, scope: Scope, configuration_id: int) -> ProviderConfiguration:
        agency_id = scope.principal.agency_id
        if not 0 < configuration_id < MAX_ID:
            raise _no_configuration()
        agency, configuration = get_together(
            (Agency, f"agency#{agency_id}", None), (ProviderConfiguration, agency_id, configuration_id)
        )
        _require_product(scope, agency)
        if configuration is None or not of_product(configuration, scope.product_id):
            raise _no_configuration()
        found: ProviderConfiguration = configuration
        return found

    def reveal(self, scope: Scope, configuration_id: int) -> dict[str, Any]:
        """A configuration with its secrets; for owners, and never without its audit event."""
        authorise(scope.principal, Role.OWNER)
        configuration = self._find(scope, configuration_id)
        opened = configuration.open(self._sealer)
        commit(audit(scope.principal, "revealed", configuration, secrets=sorted(opened)))
        return _shown(scope.principal, configuration, plain(opened))

    def create(self, scope: Scope, provider_id: int, changes: Changes, saving: Saving) -> dict[str, Any]:
        """Creates, or updates the one of that provider and name. Raises as `update` does."""
        provider = catalogue.by_id(provider_id)
        agency, configurations = _load(scope.principal.agency_id)
        _require_product(scope, agency)
        same = (each for each in configurations if each.provider == provider.type and each.name == changes["name"])
        target = next(same, None)
        if target is not None and not of_product(target, scope.product_id):
            raise name_taken(provider)
        wanted = Wanted(scope.principal, agency, configurations, provider, target, changes, scope.product_id)
        return _shown(scope.principal, self._saver.change(wanted, saving))

    def update(self, scope: Scope, configuration_id: int, changes: Changes, saving: Saving) -> dict[str, Any]:
        """Raises `NotFound`; `Forbidden`; `InvalidRequest`, also when the carrier refuses the credentials;
        `ProviderError` when it doesn't answer; `Conflict`; `CredentialsUnavailable`: nothing is saved then. Raises
        `PartialFailure` when new keys are saved, but Ultravox has not got them yet.
        """
        agency, configurations = _load(scope.principal.agency_id)
        target = _one_of(configurations, scope, agency, configuration_id)
        if not changes:
            raise InvalidRequest("There is nothing to change", code="empty_update")
        provider = catalogue.by_type(target.provider)
        wanted = Wanted(scope.principal, agency, configurations, provider, target, changes, scope.product_id)
        return _shown(scope.principal, self._saver.change(wanted, saving))

    def delete(self, scope: Scope, configuration_id: int, *, force: bool) -> None:
        """Deletes it with its secrets. Raises `NotFound`, and `Conflict` (`provider_in_use`) unless `force`."""
        agency, configurations = _load(scope.principal.agency_id)
        configuration = _one_of(configurations, scope, agency, configuration_id)
        uses = _uses(agency, configurations, configuration)
        if uses and not force:
            raise Conflict(
                f"The provider configuration is in use by {' and '.join(uses)}",
                code="provider_in_use",
                fix="Release the numbers and deprovision the telephony first, or send ?force=true.",
                used_by=uses,
            )
        commit(
            agencies.change_configurations(agency, telephony_too=True),
            provider_configurations.remove(configuration, in_use_too=force),
            audit(scope.principal, "deleted", configuration, before=configuration.facts(), in_use_by=uses),
        )

    def store(
        self,
        principal: Principal,
        provider_type: ProviderType,
        secrets: Mapping[str, str],
        saving: Saving,
        *,
        meta: Mapping[str, str] | None = None,
        base_url: str | None = None,
    ) -> ProviderConfiguration:
        """Puts the credentials into the configuration in use, which is made or made active if need be, the default.

        Its `validated_at` tells whether they were checked. Raises as `update` does, `InvalidRequest` for a masked
        value, and `Conflict` (`foreign_product`) for a configuration that the caller may not touch.
        """
        if not secrets.get("api_key") or set(secrets) - set(SECRET_FIELDS):
            raise InvalidRequest.field("api_key", f"is required; secrets are: {', '.join(SECRET_FIELDS)}")
        for field, secret in secrets.items():
            if secret.startswith(MASK):
                raise InvalidRequest.field(field, "is a masked value: send the whole of it")
        agency, configurations = _load(principal.agency_id)
        provider = catalogue.by_type(provider_type)
        target = credentials.to_replace(configurations, provider_type)
        if target is not None and not of_product(target, principal.product_id):
            raise of_another_product(provider)
        known = dict(target.meta) if target else {}
        if not (saving.validate and agency.telnyx_application_id):
            # Nothing will show that the new key is of the same Telnyx account as the old one.
            known.pop("telnyx_account_sid", None)
        changes: Changes = {
            "secrets": dict(secrets),
            "meta": {**known, **(meta or {})},
            "active": True,
            "is_default": True,
        }
        if base_url:
            changes["base_url"] = base_url
        if target is None:
            changes["name"] = credentials.DEFAULT_NAME
        wanted = Wanted(principal, agency, configurations, provider, target, changes, principal.product_id)
        return self._saver.change(wanted, saving)


def _load(agency_id: str) -> tuple[Agency, list[ProviderConfiguration]]:
    agency = agencies.find(agency_id)
    if agency is None:
        raise NotFound("Agency not found", code="agency_not_found")
    return agency, provider_configurations.of_agency(agency_id)


def _one_of(
    configurations: Sequence[ProviderConfiguration], scope: Scope, agency: Agency, configuration_id: int
) -> ProviderConfiguration:
    _require_product(scope, agency)
    for each in configurations:
        if each.id == configuration_id and of_product(each, scope.product_id):
            return each
    raise _no_configuration()


def _require_product(scope: Scope, agency: Agency | None) -> None:
    """Raises `NotFound` for a product that isn't the agency's, or not the one that the token is bound to."""
    asked, bound = scope.product_id, scope.principal.product_id
    if asked is not None and (agency is None or asked not in agency.product_ids or bound not in (None, asked)):
        raise NotFound("There is no such product", code="product_not_found")


def _no_configuration() -> NotFound:
    return NotFound("There is no such provider configuration", code="provider_configuration_not_found")


def _uses(
    agency: Agency, configurations: Sequence[ProviderConfiguration], configuration: ProviderConfiguration
) -> list[str]:
    """What needs it. Where no account is in use, none may be missed: any of them may be the telephony's."""
    found = [NUMBERS] if configuration.numbers else []
    in_use = credentials.in_use(configurations, configuration.provider_type)
    may_carry = in_use is configuration or (in_use is None and configuration.has("api_key"))
    if configuration.provider_type in TELEPHONY and agency.needs_telephony_accounts and may_carry:
        found.append("the provisioned telephony")
    return found


def _shown(
    principal: Principal, configuration: ProviderConfiguration, secrets: Mapping[str, str] | None = None
) -> dict[str, Any]:
    return describe(configuration, str(principal.org_handle), secrets)
