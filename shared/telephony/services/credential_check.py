"""Asking a carrier about credentials before they are kept."""

from __future__ import annotations

from typing import Literal

from telephony.clock import Deadline
from telephony.errors import (
    InvalidProviderCredentials,
    InvalidRequest,
    OutOfTime,
    ProviderError,
    ProviderRejected,
)
from telephony.models.agencies import Agency
from telephony.providers.registry import CarrierAccount, Providers
from telephony.services.catalogue import Provider
from telephony.values import ProviderType

Skip = Literal["validate: false", "skip_validation: true", "--no-validate"]
"""How a caller has credentials kept unchecked."""


def check(
    providers: Providers, provider: Provider, account: CarrierAccount, agency: Agency, skip: Skip, deadline: Deadline
) -> None:
    """Returns if the carrier knows the account, and for Telnyx if it is the one that the agency's telephony is in.

    Raises `InvalidRequest` for a field that the check needs and when the carrier refuses; `ProviderError` when it
    doesn't answer properly. Each says how to go without the check.
    """
    _require(provider, account)
    try:
        providers.check(account, deadline)
        if provider.type is ProviderType.TELNYX and agency.telnyx_application_id:
            _require_application(providers, account, agency.telnyx_application_id, deadline)
    except (InvalidProviderCredentials, ProviderRejected) as refusal:
        hint = f"Correct the credentials, or send {skip} to store them unchecked."
        details = {name: refusal.details[name] for name in ("provider", "provider_code") if name in refusal.details}
        raise InvalidRequest(refusal.message, code=refusal.code, fix=hint, hint=hint, **details) from refusal
    except (ProviderError, OutOfTime) as failure:
        failure.fix = f"Try again later, or send {skip} to store the credentials unchecked."
        raise


def _require(provider: Provider, account: CarrierAccount) -> None:
    for field in provider.fields:
        there = field.name in account.secrets if field.secret else getattr(account, field.name, None)
        if field.required and not there:
            raise InvalidRequest.field(field.name, f"{provider.name} needs it: {field.label}")
    key = account.secrets["api_key"].get_secret_value()
    if provider.type is ProviderType.TWILIO and key.startswith("SK") and not account.meta.get("account_sid"):
        raise InvalidRequest.field("meta_json", "Twilio needs account_sid beside an API key's SID")


def _require_application(
    providers: Providers, account: CarrierAccount, application_id: str, deadline: Deadline
) -> None:
    if providers.telnyx(account.secrets["api_key"], deadline).application(application_id) is None:
        raise ProviderRejected(
            "This Telnyx key does not see the agency's call control application: it is another account's",
            provider="telnyx",
            operation="check credentials",
            code="telnyx_application_missing",
        )
