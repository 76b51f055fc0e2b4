"""A change to a provider configuration: decided, checked at the carrier, and written in one transaction.

Nothing is written before everything was decided and checked: what is refused leaves all as it was.
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
from telephony.errors import Conflict, OperationInProgress
from telephony.models import agencies, audit_events, operations, phone_configurations, provider_configurations
from telephony.models.agencies import Agency
from telephony.models.base import Write, commit
from telephony.models.operations import Operation
from telephony.models.phone_configurations import PhoneConfiguration
from telephony.models.provider_configurations import ProviderConfiguration
from telephony.models.sealing import Sealer
from telephony.providers.registry import CarrierAccount, Providers
from telephony.services import account_states, catalogue, credential_check, credentials
from telephony.services.catalogue import Provider
from telephony.services.configuration_records import (
    Changes,
    apply,
    authorise_changes,
    check_meta,
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


@dataclass(frozen=True, slots=True)
class Saving:
    """How a change is made: `validate` asks the carrier first, `skip` tells the caller how not to."""

    deadline: Deadline
    public_base_url: str = ""
    validate: bool = True
    skip: Skip = "validate: false"


@dataclass(frozen=True, slots=True)
class Wanted:
    """The changes that somebody wants made to `target`, or to have a new configuration of; the rest is as read."""

    principal: Principal
    agency: Agency
    configurations: Sequence[ProviderConfiguration]
    provider: Provider
    target: ProviderConfiguration | None
    changes: Changes
    product_id: int | None
    """Of a new configuration."""


@dataclass(frozen=True, slots=True)
class _Change:
    """What is wanted as decided: `configuration` is as it will be, `was` as it is stored, or as a new one begins."""

    wanted: Wanted
    given: Mapping[str, str]
    """The secrets that are new."""
    was: ProviderConfiguration
    configuration: ProviderConfiguration
    demoted: Sequence[ProviderConfiguration]
    """Those that are not the default any more."""
    configurations: Sequence[ProviderConfiguration]
    """All of the agency's, as they will be."""
    former: ProviderConfiguration | None
    uses: ProviderConfiguration | None
    """The one of the provider that is in use, before and after."""
    switched: bool
    """Whether the telephony gets another account or other keys."""

    @property
    def is_new(self) -> bool:
        return self.wanted.target is None

    @property
    def carries(self) -> bool:
        return self.switched and self.wanted.agency.needs_telephony_accounts

    @property
    def other_keys(self) -> bool:
        return bool(self.given) or goes_to(self.configuration) != goes_to(self.was)

    @property
    def another_telnyx_key(self) -> bool:
        is_telnyx = self.configuration.provider_type is ProviderType.TELNYX
        return is_telnyx and self.switched and (self.uses is not self.former or "api_key" in self.given)

    @property
    def leaves_a_key(self) -> bool:
        """Whether the one in use will have a key."""
        given = self.uses is self.configuration and "api_key" in self.given
        return given or (self.uses is not None and self.uses.has("api_key"))

    @property
    def toggled(self) -> bool:
        return not self.is_new and self.configuration.active != self.was.active

    @property
    def to_be_checked(self) -> bool:
        otherwise_told = told(self.configuration) != told(self.was)
        return self.other_keys or otherwise_told or (self.carries and self.uses is self.configuration)


class Saver:
    def __init__(
        self, sealer: Sealer, providers: Providers, telephonies: Telephonies, rotation: Rotation, wakeups: Wakeups
    ) -> None:
        self._sealer = sealer
        self._providers = providers
        self._telephonies = telephonies
        self._rotation = rotation
        self._wakeups = wakeups

    def change(self, wanted: Wanted, saving: Saving) -> ProviderConfiguration:
        """The configuration as saved. Raises as `ProviderAccounts.update` does."""
        change = _decide(wanted, saving)
        if change.carries:
            authorise(wanted.principal, Role.OWNER)
        unfinished = self._telephonies.unfinished(wanted.agency) if change.switched else None
        begun = self._begun_application(change, unfinished, saving)
        checked, verified = self._check(change, begun, saving)
        if begun and not (change.uses and verified):
            raise OperationInProgress(
                "The telephony is being set up in the account of the Telnyx key that is stored",
                fix="Have a key of that account checked, or provision first with the one that is stored.",
                operation_id=wanted.agency.telephony_operation_id,
            )
        self._write(change, unfinished, saving, checked=checked, verified=verified)
        return change.configuration

    def _begun_application(self, change: _Change, unfinished: Operation | None, saving: Saving) -> str | None:
        """The application that an unfinished operation has made, or begun to, where no checked key has to show it as
        the recorded one anyway."""
        shows_what_is_recorded = change.wanted.agency.telnyx_application_id and change.leaves_a_key and saving.validate
        if unfinished is None or not change.another_telnyx_key or shows_what_is_recorded or self._is_stored(change):
            return None
        return self._telephonies.begun_application(change.wanted.agency, unfinished, change.former, saving.deadline)

    def _is_stored(self, change: _Change) -> bool:
        """Whether the key that is given is the one in use already."""
        former = change.former
        if former is None or change.uses is not former or not former.has("api_key"):
            return False
        return former.open(self._sealer)["api_key"].get_secret_value() == change.given.get("api_key")

    def _check(self, change: _Change, begun: str | None, saving: Saving) -> tuple[bool, bool]:
        """Whether the carrier has confirmed the configuration, and the one that will be in use. Seals what is new."""
        configuration, was, uses = change.configuration, change.was, change.uses
        application_id, skip = change.wanted.agency.telnyx_application_id or begun, None if begun else saving.skip
        checked = verified = False
        if change.to_be_checked:
            numbers: Sequence[PhoneConfiguration] = ()
            if change.other_keys and was.numbers and saving.validate:
                numbers = _numbers_to_show(was)
            elif change.other_keys and was.numbers:
                self._refuse_another_account(was, configuration, change.given)
            to_show = application_id if uses is configuration else None
            secrets = self._opened(configuration, change.given)
            checked = verified = self._ask(configuration, secrets, saving, skip, to_show, numbers)
            configuration.validated_at = clock.now_ms() if checked else None
            if change.given:
                configuration.hold(self._sealer, secrets)
        if change.carries and uses is not None and uses is not configuration:
            verified = self._ask(uses, self._opened(uses), saving, skip, application_id)
        return checked, verified

    def _write(
        self, change: _Change, unfinished: Operation | None, saving: Saving, *, checked: bool, verified: bool
    ) -> None:
        following = None
        if change.toggled and change.was.numbers:
            following = account_states.new_operation(change.configuration, change.wanted.principal.caller_id)
        writes = [*_records(change, checked), *([operations.open_new(following)] if following else [])]
        with opening(following, saving.deadline) if following else nullcontext():
            if change.switched:
                self._rotation.replace(
                    change.wanted.principal,
                    change.wanted.agency,
                    change.configurations,
                    change.uses or change.configuration,
                    unfinished,
                    writes,
                    saving.public_base_url,
                    saving.deadline,
                    verified=verified,
                )
            else:
                commit(agencies.change_configurations(change.wanted.agency), *writes)
        if following:
            self._wakeups.send(following.id, following.agency_id)

    def _refuse_another_account(
        self, was: ProviderConfiguration, configuration: ProviderConfiguration, given: Mapping[str, str]
    ) -> None:
        """Raises `Conflict` for unchecked credentials that say themselves that they are another account's, while live
        numbers are in the one that they replace. Telnyx's don't tell."""
        if was.provider_type not in (ProviderType.TWILIO, ProviderType.SIGNALWIRE):
            return
        opened = plain(was.open(self._sealer))
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
        return {**plain(configuration.open(self._sealer)), **replaced}

    def _ask(
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


def _decide(wanted: Wanted, saving: Saving) -> _Change:
    """Applies the changes in memory, if the caller may make them."""
    principal, configurations, provider = wanted.principal, wanted.configurations, wanted.provider
    target, changes = wanted.target, wanted.changes
    if target is None and len(configurations) >= MAX_CONFIGURATIONS:
        raise _too_many()
    configuration = target or new(wanted.agency, provider, wanted.product_id)
    given = given_secrets(configuration, changes.get("secrets", {}))
    authorise_changes(principal, configuration, changes, given)
    check_meta(changes.get("meta", {}), configuration.meta, validate=saving.validate, skip=saving.skip)
    others = [each for each in configurations if each.provider == provider.type and each is not configuration]
    if changes.get("name", configuration.name) in {each.name for each in others}:
        raise name_taken(provider)

    former = credentials.in_use(configurations, provider.type)
    was, used = copy.deepcopy(configuration), told(former)
    demoted = apply(configuration, changes, provider, others, is_new=target is None)
    if not all(of_product(each, principal.product_id) for each in demoted):
        raise of_another_product(provider)
    now = configurations if target else [*configurations, configuration]
    uses = credentials.in_use(now, provider.type)
    return _Change(
        wanted=wanted,
        given=given,
        was=was,
        configuration=configuration,
        demoted=demoted,
        configurations=now,
        former=former,
        uses=uses,
        switched=provider.type in TELEPHONY and (told(uses) != used or (bool(given) and uses is configuration)),
    )


def _records(change: _Change, checked: bool) -> list[Write]:
    """The configuration's record and those that are not the default any more, each with its audit event."""
    configuration, was = change.configuration, change.was
    facts = {
        "changed": sorted(set(change.wanted.changes) - {"secrets"}),
        "secrets": sorted(change.given),
        "validated": checked,
    }
    if change.is_new:
        writes = provider_configurations.create(configuration)
        writes.append(audit(change.wanted.principal, "created", configuration, before=None, **facts))
    else:
        without_numbers = (change.other_keys or change.toggled) and not was.numbers
        writes = [provider_configurations.replace(configuration, without_numbers=without_numbers)]
        writes.append(audit(change.wanted.principal, "updated", configuration, before=was.facts(), **facts))
    for each in change.demoted:
        before = {**each.facts(), "is_default": True}
        demotion = {"changed": ["is_default"], "secrets": [], "validated": False}
        writes.append(provider_configurations.replace(each))
        writes.append(audit(change.wanted.principal, "updated", each, before=before, **demotion))
    return writes


def name_taken(provider: Provider) -> Conflict:
    return Conflict(f"There is another {provider.name} configuration of that name", code="name_taken")


def _too_many() -> Conflict:
    return Conflict(
        f"An agency may have {MAX_CONFIGURATIONS} provider configurations",
        code="too_many_configurations",
        fix="Delete those that are not used.",
    )


def of_another_product(provider: Provider) -> Conflict:
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


def plain(secrets: Mapping[str, SecretStr]) -> dict[str, str]:
    return {field: secret.get_secret_value() for field, secret in secrets.items()}


def _account(configuration: ProviderConfiguration, secrets: Mapping[str, str]) -> CarrierAccount:
    return CarrierAccount(
        configuration.provider_type,
        int(configuration.id),
        {field: SecretStr(secret) for field, secret in secrets.items()},
        configuration.meta,
        configuration.base_url,
    )


def audit(principal: Principal, what: str, configuration: ProviderConfiguration, **details: Any) -> Write:
    return audit_events.record(
        principal.agency_id,
        f"provider_configuration.{what}",
        principal.caller_id,
        configuration.record,
        provider=configuration.provider,
        **details,
    )
