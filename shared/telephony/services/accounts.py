"""The carrier account a number is bought with, opened."""

from __future__ import annotations

from collections.abc import Sequence

from telephony.clock import Deadline
from telephony.errors import ConfigurationMissing, InvalidProviderCredentials, InvalidRequest, ProviderRateLimited
from telephony.models import phone_configurations, provider_configurations, rate_limits
from telephony.models.base import commit
from telephony.models.phone_configurations import PhoneConfiguration
from telephony.models.provider_configurations import ProviderConfiguration
from telephony.models.sealing import Sealer
from telephony.observability import logger
from telephony.providers.base import NumberProvider, OwnedNumber
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

    def client(self, account: CarrierAccount, deadline: Deadline, *, paced: bool = False) -> NumberProvider:
        """Raises `ConfigurationMissing` for an account without all that its carrier needs."""
        return self._providers.numbers(account, deadline, self._turns_of(account) if paced else None)

    def open(self, configuration: ProviderConfiguration) -> CarrierAccount:
        """Raises `CredentialsUnavailable`, and `ConfigurationMissing` for one without its keys."""
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
            configuration.active,
        )

    def _turns_of(self, account: CarrierAccount) -> Turn:
        """Configurations of one carrier account share its turns, whichever agency they belong to."""

        def turn(seconds_left: float) -> float:
            longest = max(0.0, min(LONGEST_TURN, seconds_left))
            wait = rate_limits.take_turn(account.digest, self._per_second, longest)
            if wait is None:
                raise ProviderRateLimited(
                    f"Too many requests to {account.provider.title()} wait already",
                    provider=account.provider.value,
                    operation="wait for a turn",
                    retry_after=longest,
                )
            return wait

        return turn

    def of_number(self, record: PhoneConfiguration, deadline: Deadline, *, paced: bool = False) -> CarrierAccount:
        """The account that the number is in, by an active configuration or not.

        Where the configuration that bought it is gone, the account that has the number now takes its place, on the
        record, too. If none has it, the account that it was bought with does, once that is stored again: what is gone
        there, or has not arrived yet, is still its to tell. Raises `ConfigurationMissing` if there is neither, and what
        the carrier says.
        """
        stored_again: tuple[ProviderConfiguration, CarrierAccount] | None = None
        for configuration in self.candidates(record):
            if configuration.id == record.provider_configuration_id:
                return self.open(configuration)
            asked = self._ask(configuration, record, deadline, paced)
            if asked is None:
                continue
            account, number = asked
            if number is not None:
                return _move(record, configuration, account, number.id)
            if account.digest == record.carrier_account:
                stored_again = stored_again or (configuration, account)
        if stored_again is not None:
            return _move(record, *stored_again, record.provider_phone_number_id)
        raise ConfigurationMissing(
            "The carrier account of this number is no longer configured",
            ["provider_configuration"],
            fix="Store the credentials of the carrier account that has the number again.",
        )

    def candidates(self, record: PhoneConfiguration) -> list[ProviderConfiguration]:
        """The configuration that the number was bought with; once it is gone, all of that carrier."""
        agency_id = str(record.agency_id)
        bought_with = provider_configurations.find(agency_id, int(record.provider_configuration_id or 0))
        if bought_with is not None:
            return [bought_with]
        return [each for each in provider_configurations.of_agency(agency_id) if each.provider == record.provider]

    def _ask(
        self, configuration: ProviderConfiguration, record: PhoneConfiguration, deadline: Deadline, paced: bool
    ) -> tuple[CarrierAccount, OwnedNumber | None] | None:
        """The account, and the number if it has it. None for an account that can't be used."""
        try:
            account = self.open(configuration)
            return account, self.client(account, deadline, paced=paced).owned(str(record.phone_number))
        except (ConfigurationMissing, InvalidProviderCredentials) as error:
            logger.info("account passed over", extra={"configuration": int(configuration.id), "code": error.code})
            return None


def _move(
    record: PhoneConfiguration, configuration: ProviderConfiguration, account: CarrierAccount, number_id: str | None
) -> CarrierAccount:
    commit(*phone_configurations.move(record, configuration, account.digest, number_id))
    return account
