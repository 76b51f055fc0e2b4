"""The carrier account a number is bought with, opened."""

from __future__ import annotations

from collections.abc import Sequence

from telephony.clock import Deadline
from telephony.errors import ConfigurationMissing, InvalidRequest, ProviderRateLimited
from telephony.models import provider_configurations, rate_limits
from telephony.models.provider_configurations import ProviderConfiguration
from telephony.models.sealing import Sealer
from telephony.providers.base import NumberProvider
from telephony.providers.registry import CarrierAccount, Providers
from telephony.providers.transport import Turn
from telephony.services import catalogue, credentials
from telephony.values import ProviderType

LONGEST_TURN = 5.0
"""Seconds that a worker waits for a request's turn; what takes longer goes back to the queue."""


class Accounts:
    """Opens carrier accounts: one KMS call each.

    What is `paced` sends no more requests a second than `per_second`, together with all others to the same account:
    meant for the queue's work. A person who waits for an answer doesn't wait in that line.
    """

    def __init__(self, sealer: Sealer, providers: Providers, per_second: float) -> None:
        self._sealer = sealer
        self._providers = providers
        self._per_second = per_second

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

    def client(
        self, configuration: ProviderConfiguration, deadline: Deadline, *, paced: bool = False
    ) -> NumberProvider:
        """Raises `CredentialsUnavailable`, and `ConfigurationMissing` for an account without all that it needs."""
        account = self.open(configuration)
        return self._providers.numbers(account, deadline, self._turns_of(account) if paced else None)

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

    def _turns_of(self, account: CarrierAccount) -> Turn:
        """Configurations of one carrier account share its turns, whichever agency they belong to."""
        key = account.meta.get("account_sid") or account.secrets["api_key"].get_secret_value()

        def turn(seconds_left: float) -> float:
            longest = max(0.0, min(LONGEST_TURN, seconds_left))
            wait = rate_limits.take_turn(f"{account.provider}:{key}", self._per_second, longest)
            if wait is None:
                raise ProviderRateLimited(
                    f"Too many requests to {account.provider.title()} wait already",
                    provider=account.provider.value,
                    operation="wait for a turn",
                    retry_after=longest,
                )
            return wait

        return turn

    def client_of(
        self, agency_id: str, configuration_id: int, deadline: Deadline, *, paced: bool = False
    ) -> NumberProvider:
        """The client of the account that bought a number, active or not. Raises `ConfigurationMissing`."""
        configuration = provider_configurations.find(agency_id, configuration_id)
        if configuration is None:
            raise ConfigurationMissing(
                "The carrier account of this number is no longer configured",
                ["provider_configuration"],
                fix="Store the credentials of the carrier account again.",
            )
        return self.client(configuration, deadline, paced=paced)
