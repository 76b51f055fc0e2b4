"""One provider configuration: what it looks like, and what a change makes of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, TypedDict

from telephony import clock
from telephony.errors import InvalidRequest
from telephony.models.agencies import Agency
from telephony.models.provider_configurations import MASK, ProviderConfiguration
from telephony.services import catalogue
from telephony.services.catalogue import Provider
from telephony.services.identity import authorise
from telephony.values import Principal, ProviderType, Role

DEFAULT_NAME = "default"
SECRET_FIELDS = ("api_key", "api_secret", "signing_key")
MAX_SECRET_LENGTH = 1024
"""Three of them fit KMS's 4,096 bytes."""

COPIED_BY_ULTRAVOX = ("telnyx_public_key", "telnyx_account_sid")
"""Of what is not secret."""


class Changes(TypedDict, total=False):
    """What is to be changed; what is absent stays. A secret that begins with `••••` stays, too."""

    name: str
    active: bool
    is_default: bool
    base_url: str | None
    sip_url: str | None
    meta: dict[str, str]
    secrets: dict[str, str]


def describe(
    configuration: ProviderConfiguration, org_handle: str, secrets: Mapping[str, str] | None = None
) -> dict[str, Any]:
    """As the API shows it: secrets masked, unless they are given."""
    provider = catalogue.by_type(configuration.provider)
    visible = secrets or {}
    return {
        "id": int(configuration.id),
        "name": configuration.name,
        "provider": provider.id,
        "provider_details": provider.details(),
        "org_handle": org_handle,
        "product_id": None if configuration.product_id is None else int(configuration.product_id),
        "meta_json": [{"meta_key": key, "meta_value": value} for key, value in configuration.meta.items()],
        "active": configuration.active,
        "is_default": configuration.is_default,
        **{field: visible.get(field) or configuration.masked(field) for field in SECRET_FIELDS},
        "base_url": configuration.base_url,
        "sip_url": configuration.sip_url,
        "validated_at": _iso(configuration.validated_at),
        "created_at": _iso(configuration.created_at),
        "updated_at": _iso(configuration.updated_at),
    }


def _iso(milliseconds: float | None) -> str | None:
    return clock.iso(milliseconds / 1000) if milliseconds else None


def authorise_changes(
    principal: Principal, configuration: ProviderConfiguration, changes: Changes, given: Mapping[str, str]
) -> None:
    """Secrets and where they are sent are the owner's; what is sent back unchanged is not a change."""
    urls = [name for name in ("base_url", "sip_url") if name in changes]
    if given or any(changes.get(name) != getattr(configuration, name) for name in urls):
        authorise(principal, Role.OWNER)


def given_secrets(configuration: ProviderConfiguration, secrets: Mapping[str, str]) -> dict[str, str]:
    """Those that are not masks. Raises `InvalidRequest` for one that no header can carry, or that masks nothing."""
    for field, secret in secrets.items():
        if secret.startswith(MASK):
            if not configuration.has(field):
                raise InvalidRequest.field(field, "is a masked value, and there is no secret that could stay")
        elif not (0 < len(secret) <= MAX_SECRET_LENGTH and secret.isascii() and secret.isprintable()) or " " in secret:
            raise InvalidRequest.field(
                field, f"must be 1 to {MAX_SECRET_LENGTH} ASCII characters, without spaces or control characters"
            )
    return {field: secret for field, secret in secrets.items() if not secret.startswith(MASK)}


def new(agency: Agency, provider: Provider, product_id: int | None) -> ProviderConfiguration:
    now = clock.now_ms()
    return ProviderConfiguration(
        agency.id,
        int(agency.last_configuration_id) + 1,
        provider=provider.type.value,
        product_id=product_id,
        created_at=now,
        updated_at=now,
    )


def apply(
    configuration: ProviderConfiguration,
    changes: Changes,
    provider: Provider,
    others: Sequence[ProviderConfiguration],
    *,
    is_new: bool,
) -> list[ProviderConfiguration]:
    """Makes the changes that aren't secrets; those of the others that are the default no longer."""
    configuration.name = changes.get("name", configuration.name)
    configuration.active = changes.get("active", configuration.active)
    configuration.meta = changes.get("meta", configuration.meta)
    if "base_url" in changes:
        url = changes["base_url"]
        configuration.base_url = catalogue.base_url(provider, url) if url else None
    if "sip_url" in changes:
        url = changes["sip_url"]
        configuration.sip_url = catalogue.sip_url(provider, url) if url else None
    first = is_new and not any(each.is_default for each in others)
    configuration.is_default = changes.get("is_default", first or configuration.is_default)
    demoted = [each for each in others if each.is_default and configuration.is_default]
    for each in demoted:
        each.is_default = False
    return demoted


def default_of(configurations: Sequence[ProviderConfiguration], provider: Provider) -> ProviderConfiguration | None:
    mine = [each for each in configurations if each.provider == provider.type]
    by_rank = sorted(mine, key=lambda each: (not each.is_default, not each.active, each.name != DEFAULT_NAME))
    return by_rank[0] if by_rank else None


def of_product(configuration: ProviderConfiguration, product_id: int | None) -> bool:
    """What belongs to no product is there for all of them."""
    return product_id is None or configuration.product_id in (None, product_id)


def ultravox_is_told(configuration: ProviderConfiguration, former_meta: Mapping[str, str]) -> bool:
    """Whether what Ultravox copies of it, beside the secrets, has changed."""
    if configuration.provider != ProviderType.TELNYX:
        return False
    return any(configuration.meta.get(name) != former_meta.get(name) for name in COPIED_BY_ULTRAVOX)
