"""Asking a carrier about credentials before they are kept."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from telephony.clock import Deadline
from telephony.errors import (
    InvalidProviderCredentials,
    InvalidRequest,
    OutOfTime,
    ProviderError,
    ProviderRejected,
)
from telephony.models.phone_configurations import PhoneConfiguration
from telephony.providers.base import NumberProvider
from telephony.providers.registry import CarrierAccount, Providers
from telephony.services.catalogue import Provider
from telephony.values import ProviderType

Skip = Literal["validate: false", "skip_validation: true", "--no-validate"]
"""How a caller has credentials kept unchecked."""

ANOTHER_ACCOUNT = "numbers_in_another_account"


def check(
    providers: Providers,
    provider: Provider,
    account: CarrierAccount,
    skip: Skip | None,
    deadline: Deadline,
    *,
    application_id: str | None = None,
    numbers: Sequence[PhoneConfiguration] = (),
) -> None:
    """Returns if the carrier knows the account; if the account has the agency's call control application, where one is
    given; and if it has one of `numbers`, which were bought with the credentials that are replaced.

    Raises `InvalidRequest` for a field that the check needs and when the carrier refuses; `ProviderError` when it
    doesn't answer properly. Each says how to go without the check, if `skip` tells a way.
    """
    _require(provider, account)
    try:
        providers.check(account, deadline)
        if application_id:
            _require_application(providers, account, application_id, deadline)
        if numbers:
            _require_number(providers.numbers(account, deadline), numbers, known_account=bool(application_id))
    except (InvalidProviderCredentials, ProviderRejected) as refusal:
        hint = "Correct the credentials" + _or(skip, "to store them unchecked")
        if refusal.code == ANOTHER_ACCOUNT:
            hint = "Make another provider configuration for the other account" + _or(skip, "if it is the same one")
        details = {name: refusal.details[name] for name in ("provider", "provider_code") if name in refusal.details}
        raise InvalidRequest(refusal.message, code=refusal.code, fix=hint, hint=hint, **details) from refusal
    except (ProviderError, OutOfTime) as failure:
        failure.fix = "Try again later" + _or(skip, "to store the credentials unchecked")
        raise


def _or(skip: Skip | None, what_for: str) -> str:
    return f", or send {skip} {what_for}." if skip else "."


def _require(provider: Provider, account: CarrierAccount) -> None:
    for field in provider.fields:
        there = field.name in account.secrets if field.secret else getattr(account, field.name, None)
        if field.required and not there:
            raise InvalidRequest.field(field.name, f"{provider.name} needs it: {field.label}")
    if provider.type is ProviderType.TWILIO and not account.name:
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


def _require_number(carrier: NumberProvider, numbers: Sequence[PhoneConfiguration], *, known_account: bool) -> None:
    """One, since others may have been given back by hand. An order counts as its number, which it may not have yet; and
    of a purchase that has just begun there is nothing to be seen, which is fine in an account that is known to be it.
    """
    if any(_has(carrier, each) for each in numbers):
        return
    if known_account and not any(each.provider_phone_number_id for each in numbers):
        return
    raise ProviderRejected(
        f"The account of these credentials does not have {numbers[0].phone_number}, which was bought with those that"
        " they replace: it is another account, and that number could not be used or released any more",
        provider=carrier.type.value,
        operation="check credentials",
        code=ANOTHER_ACCOUNT,
    )


def _has(carrier: NumberProvider, record: PhoneConfiguration) -> bool:
    number = str(record.phone_number)
    return bool(carrier.owned(number) or carrier.find_order(number, str(record.phone_request_id), None))
