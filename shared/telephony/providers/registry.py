"""Makes the client of a provider. Holds one transport, so one pool of connections, per provider and process."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache

from pydantic import SecretStr

from telephony.clock import Deadline
from telephony.errors import ConfigurationMissing
from telephony.providers.base import NumberProvider
from telephony.providers.telnyx import Telnyx
from telephony.providers.transport import Transport, Turn
from telephony.providers.ultravox import Ultravox
from telephony.settings import Settings
from telephony.values import ProviderType


@dataclass(frozen=True, slots=True)
class CarrierAccount:
    """One carrier account, opened: its secrets by field name and what else its configuration holds."""

    provider: ProviderType
    configuration_id: int
    secrets: Mapping[str, SecretStr]
    meta: Mapping[str, str]
    base_url: str | None = None
    active: bool = True

    @property
    def user(self) -> str:
        return self.secrets["api_key"].get_secret_value()

    @property
    def name(self) -> str:
        """What the carrier calls the account; of Telnyx the key, which is all that tells it. Empty: it isn't told."""
        if self.provider is ProviderType.TWILIO and self.user.startswith("SK"):
            return self.meta.get("account_sid", "")
        return self.user

    @property
    def digest(self) -> str:
        """Stands for `name` in our own tables. Without a salt: an API key is too random to be guessed from it.

        Half of a SHA-256 is plenty to tell accounts apart, and keeps most numbers' records within a write unit.
        """
        return hashlib.sha256(f"{self.provider}:{self.name}".encode()).hexdigest()[:32]


@dataclass(frozen=True, slots=True)
class WebhookSigner:
    """`account` is what the carrier's requests name as `AccountSid`; `headers` those that may hold the signature."""

    account: str
    key: SecretStr
    headers: tuple[str, ...]


@cache
def transport(provider: ProviderType) -> Transport:
    return Transport(provider)


class Providers:
    """The clients, bound to credentials and a deadline at each call."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings

    def telnyx(self, api_key: SecretStr, deadline: Deadline) -> Telnyx:
        return Telnyx(transport(ProviderType.TELNYX), self._settings.telnyx_base_url, api_key, deadline)

    def check(self, account: CarrierAccount, deadline: Deadline) -> None:
        """Asks the provider whether it knows the account. Raises what the client's `check` raises."""
        if account.provider is ProviderType.ULTRAVOX:
            self.ultravox(account.secrets["api_key"], deadline).check()
        else:
            self.numbers(account, deadline).check()

    def numbers(self, account: CarrierAccount, deadline: Deadline, turn: Turn | None = None) -> NumberProvider:
        """The client that buys and wires numbers at a carrier. With `turn` each of its requests waits for its turn.

        Raises `ConfigurationMissing` for an account that lacks what its carrier needs.
        """
        shared = transport(account.provider)
        made = _NUMBER_PROVIDERS[account.provider]
        return made(self._settings, account, shared.paced(turn) if turn else shared, deadline)

    def ultravox(self, api_key: SecretStr, deadline: Deadline) -> Ultravox:
        return Ultravox(
            transport(ProviderType.ULTRAVOX),
            self._settings.ultravox_base_url,
            api_key,
            deadline,
            self._settings.ultravox_telephony_api,
        )


def webhook_signer(account: CarrierAccount) -> WebhookSigner | None:
    """Who signs the webhooks of a carrier whose numbers call a URL; None: that can't be told.

    Twilio signs with the account's auth token, also where an API key makes the calls; SignalWire with a key of its own.
    """
    key = account.secrets.get("signing_key")
    if account.provider is ProviderType.TWILIO:
        key = key if account.user.startswith("SK") else account.secrets["api_secret"]
        return WebhookSigner(account.name, key, ("x-twilio-signature",)) if key else None
    if account.provider is ProviderType.SIGNALWIRE and key:
        return WebhookSigner(account.name, key, ("x-signalwire-signature", "x-twilio-signature"))
    return None


# Each client is imported where it is made: a function that speaks to one carrier doesn't load the others.


def _telnyx(settings: Settings, account: CarrierAccount, shared: Transport, deadline: Deadline) -> NumberProvider:
    from telephony.providers.telnyx_numbers import TelnyxNumbers

    return TelnyxNumbers(shared, settings.telnyx_base_url, account.secrets["api_key"], deadline)


def _twilio(settings: Settings, account: CarrierAccount, shared: Transport, deadline: Deadline) -> NumberProvider:
    """`api_key` is the account's SID, or an API key's with the account's in `account_sid`."""
    from telephony.providers.twilio import Twilio

    if not account.name:
        raise ConfigurationMissing("Twilio needs account_sid beside an API key's SID", ["account_sid"])
    urls = (settings.twilio_base_url, settings.twilio_pricing_base_url)
    return Twilio(shared, *urls, account.name, account.user, account.secrets["api_secret"], deadline)


def _signalwire(settings: Settings, account: CarrierAccount, shared: Transport, deadline: Deadline) -> NumberProvider:
    """In the account's own space, unless the settings say otherwise."""
    from telephony.providers.signalwire import SignalWire

    url = settings.signalwire_base_url or account.base_url
    if not url:
        raise ConfigurationMissing("SignalWire needs the space's base_url", ["base_url"])
    return SignalWire(shared, url, account.name, account.secrets["api_secret"], deadline)


_NUMBER_PROVIDERS: Mapping[ProviderType, Callable[[Settings, CarrierAccount, Transport, Deadline], NumberProvider]] = {
    ProviderType.TELNYX: _telnyx,
    ProviderType.TWILIO: _twilio,
    ProviderType.SIGNALWIRE: _signalwire,
}
