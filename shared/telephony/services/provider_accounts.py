"""An agency's provider configurations: the one place where carrier secrets are kept, whoever writes them.

Credentials are checked at the carrier before they are saved, sealed in one blob per record, and shown masked. All
changes of one agency's configurations follow one another, by a revision on the agency's record.
"""

from __future__ import annotations

import copy
from collections.abc import Mapping, Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from typing import Any

from pydantic import SecretStr

from telephony import clock
from telephony.clock import Deadline
from telephony.errors import Conflict, Forbidden, InvalidRequest, NotFound, OperationInProgress
from telephony.models import agencies, audit_events, operations, phone_configurations, provider_configurations
from telephony.models.agencies import Agency
from telephony.models.base import Write, commit, get_together
from telephony.models.operations import Operation
from telephony.models.phone_configurations import PhoneConfiguration
from telephony.models.provider_configurations import MASK, ProviderConfiguration
from telephony.models.sealing import Sealer
from telephony.providers.registry import CarrierAccount, Providers
from telephony.services import account_states, catalogue, credential_check, credentials
from telephony.services.catalogue import Provider
from telephony.services.configuration_records import (
    SECRET_FIELDS,
    Changes,
    apply,
    authorise_changes,
    check_meta,
    describe,
    given_secrets,
    goes_to,
    new,
    of_product,
    told,
)
from telephony.services.credential_check import Skip
from telephony.services.identity import authorise
from telephony.services.rotation import Rotation
from telephony.services.saga import opening
from telephony.services.telephony import Telephonies
from telephony.values import Principal, ProviderType, Role
from telephony.wakeups import Wakeups

MAX_CONFIGURATIONS = 100
"""Of one agency: as many are read with every request that needs one."""

NUMBERS_READ = 25
NUMBERS_SHOWN = 3
"""Of the numbers that were bought with credentials, new ones must show one of so many."""

NUMBERS = "phone numbers"
"""In `used_by`."""

TELEPHONY = (ProviderType.TELNYX, ProviderType.ULTRAVOX)
"""Whose accounts the provisioned telephony lives in."""

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
    def __init__(
        self, sealer: Sealer, providers: Providers, telephonies: Telephonies, rotation: Rotation, wakeups: Wakeups
    ) -> None:
        self._sealer = sealer
        self._providers = providers
        self._telephonies = telephonies
        self._rotation = rotation
        self._wakeups = wakeups

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
        principal = scope.principal
        return _shown(
            principal,
            self._save(principal, agency, configurations, provider, target, changes, saving, scope.product_id),
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
        return _shown(
            principal,
            self._save(principal, agency, configurations, provider, target, changes, saving, scope.product_id),
        )

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
            raise _of_another_product(provider)
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
        return self._save(principal, agency, configurations, provider, target, changes, saving, principal.product_id)

    def _save(
        self,
        principal: Principal,
        agency: Agency,
        configurations: Sequence[ProviderConfiguration],
        provider: Provider,
        target: ProviderConfiguration | None,
        changes: Changes,
        saving: Saving,
        product_id: int | None,
    ) -> ProviderConfiguration:
        if target is None and len(configurations) >= MAX_CONFIGURATIONS:
            raise _too_many()
        configuration = target or new(agency, provider, product_id)
        given = given_secrets(configuration, changes.get("secrets", {}))
        authorise_changes(principal, configuration, changes, given)
        check_meta(changes.get("meta", {}), configuration.meta, validate=saving.validate, skip=saving.skip)
        others = [each for each in configurations if each.provider == provider.type and each is not configuration]
        if changes.get("name", configuration.name) in {each.name for each in others}:
            raise _name_taken(provider)

        former = credentials.in_use(configurations, provider.type)
        was, used = copy.deepcopy(configuration), told(former)
        demoted = apply(configuration, changes, provider, others, is_new=target is None)
        if not all(of_product(each, principal.product_id) for each in demoted):
            raise _of_another_product(provider)
        now = configurations if target else [*configurations, configuration]
        uses = credentials.in_use(now, provider.type)
        switched = provider.type in TELEPHONY and (told(uses) != used or (bool(given) and uses is configuration))
        carries = switched and agency.needs_telephony_accounts
        if carries:
            authorise(principal, Role.OWNER)
        unfinished = self._telephonies.unfinished(agency) if switched else None
        begun = None
        another_key = provider.type is ProviderType.TELNYX and (uses is not former or "api_key" in given)
        shows_what_is_recorded = agency.telnyx_application_id and uses and saving.validate
        if unfinished and another_key and not shows_what_is_recorded:
            begun = self._telephonies.begun_application(agency, unfinished, former, saving.deadline)
        application_id, skip = agency.telnyx_application_id or begun, None if begun else saving.skip

        other_keys = bool(given) or goes_to(configuration) != goes_to(was)
        checked = verified = False
        if other_keys or told(configuration) != told(was) or (carries and uses is configuration):
            numbers = []
            if other_keys and was.numbers and saving.validate:
                numbers = _numbers_to_show(was)
            elif other_keys and was.numbers:
                self._refuse_another_account(was, configuration, given)
            to_show = application_id if uses is configuration else None
            secrets = self._opened(configuration, given)
            checked = verified = self._check(configuration, secrets, saving, skip, to_show, numbers)
            configuration.validated_at = clock.now_ms() if checked else None
            if given:
                configuration.hold(self._sealer, secrets)
        if carries and uses is not None and uses is not configuration:
            verified = self._check(uses, self._opened(uses), saving, skip, application_id)
        if begun and not (uses and verified):
            raise OperationInProgress(
                "The telephony is being set up in the account of the Telnyx key that is stored",
                fix="Have a key of that account checked, or provision first with the one that is stored.",
                operation_id=agency.telephony_operation_id,
            )

        following: Operation | None = None
        facts = {"changed": sorted(set(changes) - {"secrets"}), "secrets": sorted(given), "validated": checked}
        if target is None:
            writes = provider_configurations.create(configuration)
            writes.append(_audit(principal, "created", configuration, before=None, **facts))
        else:
            toggled = configuration.active != was.active
            if toggled and was.numbers:
                following = account_states.new_operation(configuration, principal.caller_id)
            without_numbers = (other_keys or toggled) and not was.numbers
            writes = [provider_configurations.replace(configuration, without_numbers=without_numbers)]
            writes.append(_audit(principal, "updated", configuration, before=was.facts(), **facts))
        for each in demoted:
            before = {**each.facts(), "is_default": True}
            demotion = {"changed": ["is_default"], "secrets": [], "validated": False}
            writes.append(provider_configurations.replace(each))
            writes.append(_audit(principal, "updated", each, before=before, **demotion))
        if following:
            writes.append(operations.open_new(following))
        with opening(following, saving.deadline) if following else nullcontext():
            if switched:
                self._rotation.replace(
                    principal,
                    agency,
                    now,
                    uses or configuration,
                    unfinished,
                    writes,
                    saving.public_base_url,
                    saving.deadline,
                    verified=verified,
                )
            else:
                commit(agencies.change_configurations(agency), *writes)
        if following:
            self._wakeups.send(following.id, following.agency_id)
        return configuration

    def _refuse_another_account(
        self, was: ProviderConfiguration, configuration: ProviderConfiguration, given: Mapping[str, str]
    ) -> None:
        """Raises `Conflict` for unchecked credentials that say themselves that they are another account's, while live
        numbers are in the one that they replace. Telnyx's don't tell."""
        if was.provider_type not in (ProviderType.TWILIO, ProviderType.SIGNALWIRE):
            return
        opened = _plain(was.open(self._sealer))
        if _account(configuration, {**opened, **given}).name != _account(was, opened).name:
            raise Conflict(
                "Live numbers were bought with this configuration, and these credentials are another account's",
                code="provider_in_use",
                fix="Make another provider configuration for the other account.",
                used_by=[NUMBERS],
            )

    def _opened(self, configuration: ProviderConfiguration, given: Mapping[str, str] | None = None) -> dict[str, str]:
        """All secrets that the record will have: those that stay are opened, if any does."""
        replaced = given or {}
        if set(configuration.sealed_fields) <= set(replaced):
            return dict(replaced)
        return {**_plain(configuration.open(self._sealer)), **replaced}

    def _check(
        self,
        configuration: ProviderConfiguration,
        secrets: Mapping[str, str],
        saving: Saving,
        skip: Skip | None,
        application_id: str | None,
        numbers: Sequence[PhoneConfiguration] = (),
    ) -> bool:
        """Whether the carrier was asked, and knows the account."""
        if not saving.validate or "api_key" not in secrets:
            return False
        provider = catalogue.by_type(configuration.provider)
        credential_check.check(
            self._providers,
            provider,
            _account(configuration, secrets),
            skip,
            saving.deadline,
            application_id=application_id if provider.type is ProviderType.TELNYX else None,
            numbers=numbers,
        )
        return True


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


def _too_many() -> Conflict:
    return Conflict(
        f"An agency may have {MAX_CONFIGURATIONS} provider configurations",
        code="too_many_configurations",
        fix="Delete those that are not used.",
    )


def _of_another_product(provider: Provider) -> Conflict:
    return Conflict(
        f"The {provider.name} configuration in use belongs to another product",
        code="foreign_product",
        fix="Have it changed with a token that is not bound to a product.",
    )


def _numbers_to_show(configuration: ProviderConfiguration) -> list[PhoneConfiguration]:
    """Of its live numbers those that its account surely has, if any: an order may not have gone out yet."""
    found = phone_configurations.of_account(configuration.agency_id, int(configuration.id), NUMBERS_READ)
    if not found:
        raise OperationInProgress("A number is just being bought with this provider configuration")
    return sorted(found, key=lambda each: each.provider_phone_number_id is None)[:NUMBERS_SHOWN]


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


def _plain(secrets: Mapping[str, SecretStr]) -> dict[str, str]:
    return {field: secret.get_secret_value() for field, secret in secrets.items()}


def _account(configuration: ProviderConfiguration, secrets: Mapping[str, str]) -> CarrierAccount:
    return CarrierAccount(
        configuration.provider_type,
        int(configuration.id),
        {field: SecretStr(secret) for field, secret in secrets.items()},
        configuration.meta,
        configuration.base_url,
    )


def _audit(principal: Principal, what: str, configuration: ProviderConfiguration, **details: Any) -> Write:
    return audit_events.record(
        principal.agency_id,
        f"provider_configuration.{what}",
        principal.caller_id,
        configuration.record,
        provider=configuration.provider,
        **details,
    )
