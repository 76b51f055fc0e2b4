"""An agency's provider configurations: the one place where carrier secrets are kept, whoever writes them.

Credentials are checked at the carrier before they are saved, sealed in one blob per record, and shown masked. All
changes of one agency's configurations follow one another, by a revision on the agency's record.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pydantic import SecretStr

from telephony import clock
from telephony.clock import Deadline
from telephony.errors import Conflict, Forbidden, InvalidRequest, NotFound
from telephony.models import agencies, audit_events, provider_configurations
from telephony.models.agencies import Agency
from telephony.models.base import Write, commit, get_together
from telephony.models.provider_configurations import ProviderConfiguration
from telephony.models.sealing import Sealer
from telephony.providers.registry import CarrierAccount, Providers
from telephony.services import catalogue, credential_check, credentials
from telephony.services.catalogue import Provider
from telephony.services.configuration_records import (
    DEFAULT_NAME,
    SECRET_FIELDS,
    Changes,
    apply,
    authorise_changes,
    default_of,
    describe,
    given_secrets,
    new,
    of_product,
    ultravox_is_told,
)
from telephony.services.credential_check import Skip
from telephony.services.identity import authorise
from telephony.services.rotation import Rotation
from telephony.values import Principal, ProviderType, Role

MAX_ID = 2**53


@dataclass(frozen=True, slots=True)
class Scope:
    """Who asks, and for which of the agency's products: None asks for all that the caller may see."""

    principal: Principal
    product_id: int | None = None


@dataclass(frozen=True, slots=True)
class Saving:
    """How a change is made: `validate` asks the carrier first, `skip` tells the caller how not to."""

    deadline: Deadline
    public_base_url: str = ""
    validate: bool = True
    skip: Skip = "validate: false"


def require_org_handle(principal: Principal, org_handle: str) -> None:
    """Raises `Forbidden` for a handle that isn't the caller's agency's."""
    if org_handle != principal.org_handle:
        raise Forbidden("The Org-Handle is not your agency's", code="foreign_org_handle")


class ProviderAccounts:
    def __init__(self, sealer: Sealer, providers: Providers, rotation: Rotation) -> None:
        self._sealer = sealer
        self._providers = providers
        self._rotation = rotation

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
        commit(_audit(scope.principal, "revealed", configuration, secrets=sorted(opened)))
        return _shown(scope.principal, configuration, _plain(opened))

    def create(self, scope: Scope, provider_id: int, changes: Changes, saving: Saving) -> dict[str, Any]:
        """Creates, or updates the one of that provider and name. Raises as `update` does."""
        provider = catalogue.by_id(provider_id)
        agency, configurations = _load(scope.principal.agency_id)
        _require_product(scope, agency)
        same = (each for each in configurations if each.provider == provider.type and each.name == changes["name"])
        target = next(same, None)
        if target is not None and not of_product(target, scope.product_id):
            raise _name_taken(provider)
        product_id = scope.product_id if scope.product_id is not None else scope.principal.product_id
        principal = scope.principal
        return _shown(
            principal, self._save(principal, agency, configurations, provider, target, changes, saving, product_id)
        )

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
        principal = scope.principal
        return _shown(principal, self._save(principal, agency, configurations, provider, target, changes, saving))

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
            _audit(scope.principal, "deleted", configuration, before=configuration.facts(), in_use_by=uses),
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
        """Puts the credentials into the provider's default configuration, which is made or made active if need be.

        Raises as `update` does.
        """
        if not secrets.get("api_key") or set(secrets) - set(SECRET_FIELDS):
            raise InvalidRequest.field("api_key", f"is required; secrets are: {', '.join(SECRET_FIELDS)}")
        agency, configurations = _load(principal.agency_id)
        provider = catalogue.by_type(provider_type)
        target = default_of(configurations, provider)
        changes: Changes = {
            "secrets": dict(secrets),
            "meta": {**(target.meta if target else {}), **(meta or {})},
            "active": True,
            "is_default": True,
        }
        if base_url:
            changes["base_url"] = base_url
        if target is None:
            changes["name"] = DEFAULT_NAME
        return self._save(principal, agency, configurations, provider, target, changes, saving)

    def _save(
        self,
        principal: Principal,
        agency: Agency,
        configurations: Sequence[ProviderConfiguration],
        provider: Provider,
        target: ProviderConfiguration | None,
        changes: Changes,
        saving: Saving,
        product_id: int | None = None,
    ) -> ProviderConfiguration:
        before = target.facts() if target else None
        configuration = target or new(agency, provider, product_id)
        given = given_secrets(configuration, changes.get("secrets", {}))
        authorise_changes(principal, configuration, changes, given)
        others = [each for each in configurations if each.provider == provider.type and each is not configuration]
        if changes.get("name", configuration.name) in {each.name for each in others}:
            raise _name_taken(provider)
        former_meta, former_url = dict(configuration.meta), configuration.base_url
        demoted = apply(configuration, changes, provider, others, is_new=target is None)
        new_keys = bool(given) or ultravox_is_told(configuration, former_meta)
        checked = False
        if given or configuration.base_url != former_url:
            checked = self._check_and_hold(agency, provider, configuration, given, saving)
        created = target is None
        if created:
            writes = provider_configurations.create(configuration)
        else:
            writes = [provider_configurations.replace(configuration)]
        writes += [provider_configurations.replace(each) for each in demoted]
        writes.append(
            _audit(
                principal,
                "created" if created else "updated",
                configuration,
                before=before,
                changed=sorted(set(changes) - {"secrets"}),
                secrets=sorted(given),
                validated=checked,
            )
        )
        now = [*configurations, configuration] if created else configurations
        if (
            new_keys
            and provider.type in (ProviderType.TELNYX, ProviderType.ULTRAVOX)
            and credentials.in_use(now, configuration)
        ):
            self._rotation.replace(
                principal,
                agency,
                now,
                configuration,
                writes,
                saving.public_base_url,
                saving.deadline,
                verified=checked,
            )
        else:
            commit(agencies.change_configurations(agency), *writes)
        return configuration

    def _check_and_hold(
        self,
        agency: Agency,
        provider: Provider,
        configuration: ProviderConfiguration,
        given: Mapping[str, str],
        saving: Saving,
    ) -> bool:
        """Seals the secrets that the record will have; whether the carrier was asked about them before."""
        opened = {} if set(configuration.sealed_fields) <= set(given) else _plain(configuration.open(self._sealer))
        secrets = {**opened, **given}
        checked = saving.validate and "api_key" in secrets
        if checked:
            account = CarrierAccount(
                provider.type,
                int(configuration.id),
                {field: SecretStr(secret) for field, secret in secrets.items()},
                configuration.meta,
                configuration.base_url,
            )
            credential_check.check(self._providers, provider, account, agency, saving.skip, saving.deadline)
        if given:
            configuration.hold(self._sealer, secrets)
        configuration.validated_at = clock.now_ms() if checked else None
        return checked


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


def _name_taken(provider: Provider) -> Conflict:
    return Conflict(f"There is another {provider.name} configuration of that name", code="name_taken")


def _uses(
    agency: Agency, configurations: Sequence[ProviderConfiguration], configuration: ProviderConfiguration
) -> list[str]:
    found = []
    if configuration.numbers:
        found.append("phone numbers")
    runs_telephony = configuration.provider in (ProviderType.TELNYX, ProviderType.ULTRAVOX)
    provisioned = agency.telnyx_application_id or agency.telnyx_outbound_profile_id or agency.telephony_configured
    default = default_of(configurations, catalogue.by_type(configuration.provider))
    if runs_telephony and provisioned and default is configuration:
        found.append("the provisioned telephony")
    return found


def _shown(
    principal: Principal, configuration: ProviderConfiguration, secrets: Mapping[str, str] | None = None
) -> dict[str, Any]:
    return describe(configuration, str(principal.org_handle), secrets)


def _plain(secrets: Mapping[str, SecretStr]) -> dict[str, str]:
    return {field: secret.get_secret_value() for field, secret in secrets.items()}


def _audit(principal: Principal, what: str, configuration: ProviderConfiguration, **details: Any) -> Write:
    return audit_events.record(
        principal.agency_id,
        f"provider_configuration.{what}",
        principal.caller_id,
        configuration.record,
        provider=configuration.provider,
        **details,
    )
