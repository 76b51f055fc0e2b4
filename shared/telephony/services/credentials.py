"""Which carrier account an agency uses, and its opened secrets. Opened only where a carrier is about to be called."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from pydantic import SecretStr

from telephony.errors import InvalidRequest
from telephony.models.provider_configurations import ProviderConfiguration
from telephony.models.sealing import Sealer
from telephony.values import ProviderType

DEFAULT_NAME = "default"
"""Of the configuration that is made for whoever names none."""


@dataclass(frozen=True, slots=True)
class TelnyxAccount:
    """An agency's Telnyx keys. `account_sid` is optional: Telnyx doesn't show it, Ultravox may want it."""

    api_key: SecretStr
    public_key: str
    account_sid: str | None


def candidates(configurations: Sequence[ProviderConfiguration], provider: ProviderType) -> list[ProviderConfiguration]:
    """Those that could be in use for a provider: the default one of the active ones, else all of the active ones."""
    active = [each for each in configurations if each.provider == provider and each.active]
    return [each for each in active if each.is_default] or active


def in_use(configurations: Sequence[ProviderConfiguration], provider: ProviderType) -> ProviderConfiguration | None:
    """The one that is in use for a provider; None if none is active, or several and none the default."""
    found = candidates(configurations, provider)
    return found[0] if len(found) == 1 else None


def pick(configurations: Sequence[ProviderConfiguration], provider: ProviderType) -> ProviderConfiguration | None:
    """As `in_use`. Raises `InvalidRequest` (`ambiguous_provider`) if there are several and no default."""
    if len(candidates(configurations, provider)) > 1:
        raise InvalidRequest(
            ambiguity(provider), code="ambiguous_provider", fix="Make one of the provider configurations the default."
        )
    return in_use(configurations, provider)


def ambiguous(configurations: Sequence[ProviderConfiguration]) -> list[ProviderType]:
    """The providers that carry the telephony, of which nobody can tell which account is in use."""
    return [each for each in (ProviderType.TELNYX, ProviderType.ULTRAVOX) if len(candidates(configurations, each)) > 1]


def ambiguity(provider: ProviderType) -> str:
    return f"Several {provider.title()} configurations are active and none is the default"


def to_replace(configurations: Sequence[ProviderConfiguration], provider: ProviderType) -> ProviderConfiguration | None:
    """The one whose keys are replaced by whoever names none: the one in use, else the one that was before.

    Raises as `pick` does.
    """
    idle = [each for each in configurations if each.provider == provider and not each.active]
    by_rank = sorted(idle, key=lambda each: (not each.is_default, each.name != DEFAULT_NAME))
    return pick(configurations, provider) or next(iter(by_rank), None)


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
    return telnyx_account(configuration, configuration.open(sealer))


def telnyx_account(configuration: ProviderConfiguration, secrets: Mapping[str, SecretStr]) -> TelnyxAccount:
    """The same, of secrets that are opened already."""
    return TelnyxAccount(
        api_key=secrets["api_key"],
        public_key=configuration.meta["telnyx_public_key"],
        account_sid=configuration.meta.get("telnyx_account_sid") or None,
    )
