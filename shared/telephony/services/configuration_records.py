"""One provider configuration: what it looks like, and what a change makes of it."""

from __future__ import annotations

import base64
import re
from collections.abc import Mapping, Sequence
from typing import Any, TypedDict

from telephony import clock
from telephony.errors import InvalidRequest
from telephony.models.agencies import Agency
from telephony.models.provider_configurations import MASK, ProviderConfiguration
from telephony.observability import redact
from telephony.services import catalogue
from telephony.services.catalogue import Provider
from telephony.services.identity import authorise
from telephony.values import Principal, Role

SECRET_FIELDS = ("api_key", "api_secret", "signing_key")
MAX_SECRET_LENGTH = 1024
"""Three of them fit KMS's 4,096 bytes."""

PUBLIC_KEY = "telnyx_public_key"
PUBLIC_KEY_BYTES = 32
"""Of an Ed25519 public key, which Telnyx shows in base64."""

ACCOUNT_SID = "account_sid"
"""Of a Twilio account that an API key is used for."""

COPIED_BY_ULTRAVOX = (PUBLIC_KEY, "telnyx_account_sid")
"""Of what is not secret."""

MAX_META_ENTRIES = 50
MAX_META_KEY = 100
MAX_META_VALUE = 1000
MAX_META_BYTES = 4096
"""Of all entries together, so that all of an agency's configurations are read in one go."""

_NAME_OF_A_SECRET = re.compile(
    r".*(?:secret|token|password|passphrase|credentials?|(?:access|api|auth|private|secret|signing)key)"
)
"""In small letters, and without anything else."""


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
        "validated_at": iso(configuration.validated_at),
        "created_at": iso(configuration.created_at),
        "updated_at": iso(configuration.updated_at),
    }


def iso(milliseconds: float | None) -> str | None:
    return clock.iso(milliseconds / 1000) if milliseconds else None


def authorise_changes(
    principal: Principal, configuration: ProviderConfiguration, changes: Changes, given: Mapping[str, str]
) -> None:
    """Secrets, and where and for which account they are sent, are the owner's; what is sent back unchanged is not a
    change."""
    urls = [name for name in ("base_url", "sip_url") if name in changes]
    other_account = changes.get("meta", configuration.meta).get(ACCOUNT_SID) != configuration.meta.get(ACCOUNT_SID)
    if given or other_account or any(changes.get(name) != getattr(configuration, name) for name in urls):
        authorise(principal, Role.OWNER)


def check_meta(meta: Mapping[str, str], former: Mapping[str, str], *, validate: bool, skip: str) -> None:
    """Raises `InvalidRequest` for entries that are no good, or that look like secrets: these are kept in the clear.

    A new public key of Telnyx has to be one if `validate`; `skip` is how to have it not.
    """
    if (
        len(meta) > MAX_META_ENTRIES
        or sum(len(f"{key}{value}".encode()) for key, value in meta.items()) > MAX_META_BYTES
    ):
        message = f"may have {MAX_META_ENTRIES} entries, and {MAX_META_BYTES} bytes all together, at most"
        raise InvalidRequest.field("meta_json", message)
    for key, value in meta.items():
        if not (0 < len(key) <= MAX_META_KEY and len(value) <= MAX_META_VALUE):
            message = f"a key has 1 to {MAX_META_KEY} characters, a value {MAX_META_VALUE} at most"
            raise InvalidRequest.field(redact(key)[:MAX_META_KEY] or "meta_json", message)
        if _NAME_OF_A_SECRET.fullmatch(re.sub("[^a-z0-9]", "", key.casefold())):
            raise InvalidRequest.field("meta_json", f"{key} is a secret: send it as a field of its own")
        if redact(key) != key or (key != PUBLIC_KEY and redact(value) != value):
            raise InvalidRequest.field(redact(key), "looks like a secret: send it as a field of its own")
    public_key = meta.get(PUBLIC_KEY)
    if validate and public_key and public_key != former.get(PUBLIC_KEY) and not _is_public_key(public_key):
        message = "must be the base64 of 32 bytes, as Telnyx's portal shows it"
        fix = f"Copy the public key from Telnyx's portal, or send {skip} to store it unchecked."
        raise InvalidRequest.field(PUBLIC_KEY, message, fix=fix)


def _is_public_key(text: str) -> bool:
    try:
        return len(base64.b64decode(text, validate=True)) == PUBLIC_KEY_BYTES
    except ValueError:
        return False


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


def of_product(configuration: ProviderConfiguration, product_id: int | None) -> bool:
    """What belongs to no product is there for all of them."""
    return product_id is None or configuration.product_id in (None, product_id)


def told(configuration: ProviderConfiguration | None) -> tuple[Any, ...] | None:
    """Of an account that carries the telephony, what Telnyx and Ultravox are told beside its secrets."""
    if configuration is None:
        return None
    return configuration.id, *(configuration.meta.get(name) for name in COPIED_BY_ULTRAVOX)


def goes_to(configuration: ProviderConfiguration) -> tuple[str | None, str | None]:
    """Where its secrets are sent, and for which account."""
    return configuration.base_url, configuration.meta.get(ACCOUNT_SID)
