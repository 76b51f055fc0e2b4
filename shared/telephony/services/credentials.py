"""Which carrier account an agency uses, and its opened secrets. Opened only where a carrier is about to be called."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from pydantic import SecretStr

from telephony.errors import InvalidRequest
from telephony.models.provider_configurations import ProviderConfiguration
from telephony.models.sealing import Sealer
from telephony.values import ProviderType


@dataclass(frozen=True, slots=True)
class TelnyxAccount:
    """An agency's Telnyx keys. `account_sid` is optional: Telnyx doesn't show it, Ultravox may want it."""

    api_key: SecretStr
    public_key: str
    account_sid: str | None


def pick(configurations: Sequence[ProviderConfiguration], provider: ProviderType) -> ProviderConfiguration | None:
    """The configuration in use for a provider: the default one of the active ones, else the only one.

    None without an active one. Raises `InvalidRequest` (`ambiguous_provider`) if there are several and no default.
    """
    candidates = _candidates(configurations, provider)
    if len(candidates) > 1:
        raise InvalidRequest(
            f"Several {provider.title()} configurations are active and none is the default",
            code="ambiguous_provider",
            fix="Make one of the provider configurations the default.",
        )
    return candidates[0] if candidates else None


def in_use(configurations: Sequence[ProviderConfiguration], configuration: ProviderConfiguration) -> bool:
    """Whether it is the one that `pick` finds for its provider."""
    return _candidates(configurations, configuration.provider_type) == [configuration]


def _candidates(configurations: Sequence[ProviderConfiguration], provider: ProviderType) -> list[ProviderConfiguration]:
    active = [each for each in configurations if each.provider == provider and each.active]
    return [each for each in active if each.is_default] or active


def missing_ultravox_key(configuration: ProviderConfiguration | None) -> list[str]:
    return [] if configuration is not None and configuration.has("api_key") else ["ultravox_api_key"]


def missing_telnyx_keys(configuration: ProviderConfiguration | None) -> list[str]:
    """The names of the keys that provisioning needs and that are not there."""
    missing = []
    if configuration is None or not configuration.has("api_key"):
        missing.append("telnyx_api_key")
    if configuration is None or not configuration.meta.get("telnyx_public_key"):
        missing.append("telnyx_public_key")
    return missing


def open_telnyx(configuration: ProviderConfiguration, sealer: Sealer) -> TelnyxAccount:
    """Raises `CredentialsUnavailable`. The configuration must lack no key."""
    return TelnyxAccount(
        api_key=configuration.open(sealer)["api_key"],
        public_key=configuration.meta["telnyx_public_key"],
        account_sid=configuration.meta.get("telnyx_account_sid") or None,
    )
