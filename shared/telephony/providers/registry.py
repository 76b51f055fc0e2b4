"""Makes the client of a provider. Holds one transport, so one pool of connections, per provider and process."""

from __future__ import annotations

from functools import cache

from pydantic import SecretStr

from telephony.clock import Deadline
from telephony.providers.telnyx import Telnyx
from telephony.providers.transport import Transport
from telephony.providers.ultravox import Ultravox
from telephony.settings import Settings
from telephony.values import ProviderType


@cache
def transport(provider: ProviderType) -> Transport:
    return Transport(provider)


class Providers:
    """The clients, bound to credentials and a deadline at each call."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings

    def telnyx(self, api_key: SecretStr, deadline: Deadline) -> Telnyx:
        return Telnyx(transport(ProviderType.TELNYX), self._settings.telnyx_base_url, api_key, deadline)

    def ultravox(self, api_key: SecretStr, deadline: Deadline) -> Ultravox:
        return Ultravox(
            transport(ProviderType.ULTRAVOX),
            self._settings.ultravox_base_url,
            api_key,
            deadline,
            self._settings.ultravox_telephony_api,
        )
