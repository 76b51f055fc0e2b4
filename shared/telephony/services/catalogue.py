"""The providers there are: their published ids, the fields of an account with each, and the hosts they may have."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from telephony.errors import InvalidRequest
from telephony.values import ProviderType

_LABEL = r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?"


@dataclass(frozen=True, slots=True)
class Field:
    """One field of an account. `name` is the body's, or of an entry of `meta_json` when `in_meta`."""

    name: str
    label: str
    secret: bool = False
    required: bool = False
    in_meta: bool = False


@dataclass(frozen=True, slots=True)
class Provider:
    """`base_urls`: the pattern of a whole `base_url`; `sip_hosts`: of the host of a `sip_url`.

    `rings_at_connection`: its numbers ring at a connection there; those of the others call a URL, which is ours.
    """

    id: int
    type: ProviderType
    name: str
    description: str
    fields: tuple[Field, ...]
    base_urls: str
    base_url_example: str
    sip_hosts: str
    rings_at_connection: bool = False

    def details(self) -> dict[str, Any]:
        """As answers show it; `icon` is a name to find a picture by."""
        return {"id": self.id, "name": self.name, "description": self.description, "icon": self.type.value}


PROVIDERS: tuple[Provider, ...] = (
    Provider(
        1,
        ProviderType.TELNYX,
        "Telnyx",
        "Carrier: phone numbers, call control applications and outbound voice profiles.",
        (
            Field("api_key", "API key", secret=True, required=True),
            Field("telnyx_public_key", "Public key of webhook signatures", in_meta=True),
            Field("telnyx_account_sid", "Account SID", in_meta=True),
        ),
        base_urls=r"https://api\.telnyx\.com(?:/v2)?/?",
        base_url_example="https://api.telnyx.com/v2",
        sip_hosts=r"sip\.telnyx\.com",
        rings_at_connection=True,
    ),
    Provider(
        2,
        ProviderType.SIGNALWIRE,
        "SignalWire",
        "Carrier: phone numbers in a space of your own.",
        (
            Field("api_key", "Project id", secret=True, required=True),
            Field("api_secret", "API token", secret=True, required=True),
            Field("signing_key", "Signing key of webhooks", secret=True),
            Field("base_url", "Space, https://{space}.signalwire.com", required=True),
        ),
        base_urls=rf"https://{_LABEL}\.signalwire\.com/?",
        base_url_example="https://{space}.signalwire.com",
        sip_hosts=rf"(?:{_LABEL}\.){{1,3}}signalwire\.com",
    ),
    Provider(
        3,
        ProviderType.TWILIO,
        "Twilio",
        "Carrier: phone numbers worldwide.",
        (
            Field("api_key", "Account SID, or API key SID", secret=True, required=True),
            Field("api_secret", "Auth token, or the API key's secret", secret=True, required=True),
            Field("account_sid", "Account SID, with an API key SID", in_meta=True),
            Field("signing_key", "Auth token, with an API key SID: signs webhooks", secret=True),
        ),
        base_urls=r"https://api\.twilio\.com/?",
        base_url_example="https://api.twilio.com",
        sip_hosts=rf"(?:{_LABEL}\.){{1,2}}(?:sip|pstn)\.twilio\.com",
    ),
    Provider(
        4,
        ProviderType.ULTRAVOX,
        "Ultravox",
        "Voice AI: answers the calls of an agency's numbers.",
        (Field("api_key", "API key", secret=True, required=True),),
        base_urls=r"https://api\.ultravox\.ai/?",
        base_url_example="https://api.ultravox.ai",
        sip_hosts=rf"(?:{_LABEL}\.)?sip\.ultravox\.ai",
    ),
)

_BY_ID: Mapping[int, Provider] = {provider.id: provider for provider in PROVIDERS}
_BY_TYPE: Mapping[str, Provider] = {provider.type: provider for provider in PROVIDERS}


def entries() -> list[dict[str, Any]]:
    """The catalogue as answers show it: each provider's details and `fields`."""
    return [{**each.details(), "fields": [asdict(field) for field in each.fields]} for each in PROVIDERS]


def by_id(provider_id: int) -> Provider:
    """Raises `InvalidRequest` for an id that is no provider's."""
    if provider_id not in _BY_ID:
        known = ", ".join(f"{each.id} ({each.name})" for each in PROVIDERS)
        raise InvalidRequest.field("provider", f"must be one of {known}", code="unknown_provider")
    return _BY_ID[provider_id]


def by_type(provider: str) -> Provider:
    return _BY_TYPE[provider]


def base_url(provider: Provider, url: str) -> str:
    """The URL as it is kept. Raises `InvalidRequest` for anything but the provider's own.

    Only SignalWire's says where calls go: each space has a host. One pattern for the whole text, so that nothing is
    left to a URL parser: no other scheme or host, IP literal, port, user, query, escape, or letter outside of ASCII
    gets through; nor does a name of somebody else that resolves to an inner address.
    """
    if not re.fullmatch(provider.base_urls, url, re.IGNORECASE | re.ASCII):
        raise InvalidRequest.field("base_url", f"must be {provider.base_url_example}", code="invalid_url")
    return url.lower().rstrip("/")


def sip_url(provider: Provider, url: str) -> str:
    """`sips:` and one of the provider's own SIP hosts, as `base_url` about everything else."""
    if not re.fullmatch(rf"sips:(?://)?{provider.sip_hosts}", url, re.IGNORECASE | re.ASCII):
        raise InvalidRequest.field("sip_url", f"must be sips: and a SIP host of {provider.name}", code="invalid_url")
    return url.lower()
