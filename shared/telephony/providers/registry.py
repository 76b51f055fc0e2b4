"""Makes the client of a provider. Holds one transport, so one pool of connections, per provider and process."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

from pydantic import SecretStr

from telephony.clock import Deadline
from telephony.providers.base import NumberProvider
from telephony.providers.telnyx import Telnyx
from telephony.providers.transport import Transport
from telephony.providers.ultravox import Ultravox
from telephony.settings import Settings
from telephony.values import ProviderType

if TYPE_CHECKING:
    from telephony.providers.signalwire import SignalWire
    from telephony.providers.twilio import Twilio


@dataclass(frozen=True, slots=True)
class CarrierAccount:
    """One carrier account, opened: its secrets by field name and what else its configuration holds."""

    provider: ProviderType
    configuration_id: int
    secrets: Mapping[str, SecretStr]
    meta: Mapping[str, str]
    base_url: str | None = None


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
        if account.provider is ProviderType.TELNYX:
            self.telnyx(account.secrets["api_key"], deadline).check()
        elif account.provider is ProviderType.ULTRAVOX:
            self.ultravox(account.secrets["api_key"], deadline).check()
        elif account.provider is ProviderType.TWILIO:
            self.twilio(account, deadline).check()
        else:
            self.signalwire(account, deadline).check()

    def twilio(self, account: CarrierAccount, deadline: Deadline) -> Twilio:
        """`api_key` is the account's SID, or an API key's with the account's in `account_sid`."""
        from telephony.providers.twilio import Twilio

        user = account.secrets["api_key"].get_secret_value()
        account_sid = account.meta["account_sid"] if user.startswith("SK") else user
        url, secret = self._settings.twilio_base_url, account.secrets["api_secret"]
        return Twilio(transport(ProviderType.TWILIO), url, account_sid, user, secret, deadline)

    def signalwire(self, account: CarrierAccount, deadline: Deadline) -> SignalWire:
        """In the account's own space, unless the settings say otherwise."""
        from telephony.providers.signalwire import SignalWire

        url = self._settings.signalwire_base_url or str(account.base_url)
        project, token = account.secrets["api_key"].get_secret_value(), account.secrets["api_secret"]
        return SignalWire(transport(ProviderType.SIGNALWIRE), url, project, token, deadline)

    def numbers(self, account: CarrierAccount, deadline: Deadline) -> NumberProvider:
        """The client that buys and wires numbers at a carrier."""
        return _NUMBER_PROVIDERS[account.provider](self._settings, account, deadline)

    def ultravox(self, api_key: SecretStr, deadline: Deadline) -> Ultravox:
        return Ultravox(
            transport(ProviderType.ULTRAVOX),
            self._settings.ultravox_base_url,
            api_key,
            deadline,
            self._settings.ultravox_telephony_api,
        )


def _telnyx_numbers(settings: Settings, account: CarrierAccount, deadline: Deadline) -> NumberProvider:
    from telephony.providers.telnyx_numbers import TelnyxNumbers

    return TelnyxNumbers(transport(ProviderType.TELNYX), settings.telnyx_base_url, account.secrets["api_key"], deadline)


_NUMBER_PROVIDERS: Mapping[ProviderType, Callable[[Settings, CarrierAccount, Deadline], NumberProvider]] = {
    ProviderType.TELNYX: _telnyx_numbers,
}
