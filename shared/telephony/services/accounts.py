"""The carrier account a number is bought with, opened."""

from __future__ import annotations

from collections.abc import Sequence

from telephony.clock import Deadline
from telephony.errors import ConfigurationMissing, InvalidRequest
from telephony.models import provider_configurations
from telephony.models.provider_configurations import ProviderConfiguration
from telephony.models.sealing import Sealer
from telephony.providers.base import NumberProvider
from telephony.providers.registry import CarrierAccount, Providers
from telephony.services import catalogue, credentials
from telephony.values import ProviderType


class Accounts:
    """Opens carrier accounts: one KMS call each."""

    def __init__(self, sealer: Sealer, providers: Providers) -> None:
        self._sealer = sealer
        self._providers = providers

    def choose(self, configurations: Sequence[ProviderConfiguration], provider: ProviderType) -> ProviderConfiguration:
        """The configuration in use for `provider`. Raises `InvalidRequest` (`provider_not_configured`, …)."""
        chosen = credentials.pick(configurations, provider)
        if chosen is None or not chosen.has("api_key"):
            raise InvalidRequest(
                f"{provider.title()} is not configured",
                code="provider_not_configured",
                fix=f"Store the {provider.title()} credentials as an active provider configuration.",
            )
        return chosen

    def client(self, configuration: ProviderConfiguration, deadline: Deadline) -> NumberProvider:
        """Raises `CredentialsUnavailable`, and `ConfigurationMissing` for an account without all that it needs."""
        return self._providers.numbers(self.open(configuration), deadline)

    def open(self, configuration: ProviderConfiguration) -> CarrierAccount:
        """Raises as `client` does."""
        provider = catalogue.by_type(configuration.provider)
        needed = [field.name for field in provider.fields if field.required and field.secret]
        if missing := [name for name in needed if not configuration.has(name)]:
            raise ConfigurationMissing(
                f"The {provider.name} configuration is incomplete",
                missing,
                fix=f"Store the {provider.name} credentials again.",
            )
        return CarrierAccount(
            configuration.provider_type,
            int(configuration.id),
            configuration.open(self._sealer),
            configuration.meta,
            configuration.base_url,
        )

    def client_of(self, agency_id: str, configuration_id: int, deadline: Deadline) -> NumberProvider:
        """The client of the account that bought a number, active or not. Raises `ConfigurationMissing`."""
        configuration = provider_configurations.find(agency_id, configuration_id)
        if configuration is None:
            raise ConfigurationMissing(
                "The carrier account of this number is no longer configured",
                ["provider_configuration"],
                fix="Store the credentials of the carrier account again.",
            )
        return self.client(configuration, deadline)
