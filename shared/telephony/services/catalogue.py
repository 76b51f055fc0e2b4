"""The providers there are: their published ids, the fields of an account with each, and the hosts they may have."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

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
    """`spaces`: the whole of a `base_url`, if the provider takes one; `sip_hosts`: the host of a `sip_url`."""

    id: int
    type: ProviderType
    name: str
    description: str
    fields: tuple[Field, ...]
    sip_hosts: str
    spaces: str | None = None
    example: str | None = None


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
        sip_hosts=r"sip\.telnyx\.com",
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
        sip_hosts=rf"(?:{_LABEL}\.){{1,3}}signalwire\.com",
        spaces=rf"https://({_LABEL})\.signalwire\.com/?",
        example="https://{space}.signalwire.com",
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
        ),
        sip_hosts=rf"(?:{_LABEL}\.){{1,2}}(?:sip|pstn)\.twilio\.com",
    ),
    Provider(
        4,
        ProviderType.ULTRAVOX,
        "Ultravox",
        "Voice AI: answers the calls of an agency's numbers.",
        (Field("api_key", "API key", secret=True, required=True),),
        sip_hosts=rf"(?:{_LABEL}\.)?sip\.ultravox\.ai",
    ),
)

_BY_ID: Mapping[int, Provider] = {provider.id: provider for provider in PROVIDERS}
_BY_TYPE: Mapping[str, Provider] = {provider.type: provider for provider in PROVIDERS}


def by_id(provider_id: int) -> Provider:
    """Raises `InvalidRequest` for an id that is no provider's."""
    if provider_id not in _BY_ID:
        known = ", ".join(f"{each.id} ({each.name})" for each in PROVIDERS)
        raise InvalidRequest.field("provider", f"must be one of {known}", code="unknown_provider")
    return _BY_ID[provider_id]


def by_type(provider: str) -> Provider:
    return _BY_TYPE[provider]


def base_url(provider: Provider, url: str) -> str:
    """The space's URL as it is kept, without a path. Raises `InvalidRequest` for anything but a space of the provider.

    One pattern for the whole text, so that nothing is left to a URL parser: no other scheme or host, IP literal, port,
    user, path, query, escape, or letter outside of ASCII gets through; nor does a name of somebody else that resolves
    to an inner address.
    """
    if provider.spaces is None:
        raise InvalidRequest.field("base_url", f"{provider.name} takes none", code="invalid_url")
    if not re.fullmatch(provider.spaces, url, re.IGNORECASE | re.ASCII):
        raise InvalidRequest.field("base_url", f"must be {provider.example}", code="invalid_url")
    return url.lower().rstrip("/")


def sip_url(provider: Provider, url: str) -> str:
    """`sips:` and one of the provider's own SIP hosts, as `base_url` about everything else."""
    if not re.fullmatch(rf"sips:(?://)?{provider.sip_hosts}", url, re.IGNORECASE | re.ASCII):
        raise InvalidRequest.field("sip_url", f"must be sips: and a SIP host of {provider.name}", code="invalid_url")
    return url.lower()
