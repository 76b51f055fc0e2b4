"""What an operator allows an agency to spend. Counting and refusing is the purchase's own business."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Any

from telephony import e164
from telephony.errors import InvalidRequest, SpendingLimitExceeded
from telephony.models import audit_events, limits
from telephony.models.base import Write, commit
from telephony.models.limits import Limits
from telephony.values import MONEY_SCALE, ProviderType, units, whole

CARRIERS = (ProviderType.TELNYX, ProviderType.SIGNALWIRE, ProviderType.TWILIO)

MAX_AMOUNT = 10**9
"""Of any limit, in units of its currency."""


@dataclass(frozen=True, slots=True)
class WantedLimits:
    """All limits of an agency; None or empty: none. Money as decimal text, in units of `currency`."""

    currency: str | None = None
    max_numbers: int | None = None
    max_monthly_total: str | None = None
    max_setup_cost: str | None = None
    countries: Sequence[str] = ()
    providers: Sequence[ProviderType] = ()
    max_open_operations: int | None = None


def set_limits(agency_id: str, wanted: WantedLimits, actor: str) -> None:
    """Replaces all limits of an agency; what it has spent stays counted. Raises `InvalidRequest`."""
    commit(*setting(agency_id, wanted, actor))


def setting(agency_id: str, wanted: WantedLimits, actor: str) -> list[Write]:
    """The records of that. Raises `InvalidRequest`."""
    values: dict[str, Any] = {
        "currency": _currency(wanted),
        "max_numbers": _whole("max_numbers", wanted.max_numbers, least=0),
        "max_monthly_total": _amount("max_monthly_total", wanted.max_monthly_total),
        "max_setup_cost": _amount("max_setup_cost", wanted.max_setup_cost),
        "countries": _countries(wanted.countries),
        "providers": _carriers(wanted.providers),
        "max_open_operations": _whole("max_open_operations", wanted.max_open_operations, least=1),
    }
    given = {name: value for name, value in values.items() if value is not None}
    return [
        limits.set_limits(agency_id, **values),
        audit_events.record(agency_id, "limits.set", actor, agency_id, **given),
    ]


def require_allowed(bounds: Limits | None, provider: ProviderType, phone_number: str) -> None:
    """Raises `SpendingLimitExceeded` for a carrier or a country whose numbers the agency may not have."""
    if bounds is None:
        return
    if bounds.providers and provider not in bounds.providers:
        raise SpendingLimitExceeded(f"The agency may not have numbers at {provider.title()}")
    if bounds.countries and e164.country_of(phone_number) not in bounds.countries:
        raise SpendingLimitExceeded("The agency may not have numbers of this country")


def price_unknown(name: str) -> SpendingLimitExceeded:
    """`name`: of the costs that are capped."""
    return SpendingLimitExceeded(
        f"There is a cap on {name} costs, and the carrier tells no price in its currency",
        code="price_unknown",
        fix="Lift the cap, or choose a number with a known price.",
    )


def describe(agency_id: str) -> dict[str, Any]:
    """The limits (None: none), and what has been spent, by currency where it is money; in units of the currency."""
    found = limits.find(agency_id) or Limits(limits.key(agency_id))
    return {
        "currency": found.currency,
        "max_numbers": whole(found.max_numbers),
        "max_monthly_total": units(found.max_monthly_total),
        "max_setup_cost": units(found.max_setup_cost),
        "countries": list(found.countries) if found.countries else None,
        "providers": list(found.providers) if found.providers else None,
        "max_open_operations": whole(found.max_open_operations),
        "numbers": whole(found.numbers),
        "monthly_totals": {currency: units(total) for currency, total in found.monthly_totals.items() if total},
        "open_operations": whole(found.open_operations),
    }


def _currency(wanted: WantedLimits) -> str | None:
    if wanted.currency is None:
        if wanted.max_monthly_total is not None or wanted.max_setup_cost is not None:
            raise InvalidRequest.field("currency", "is required with a limit on costs")
        return None
    if not re.fullmatch("[A-Za-z]{3}", wanted.currency):
        raise InvalidRequest.field("currency", "must be an ISO 4217 code, such as USD")
    return wanted.currency.upper()


def _amount(name: str, text: str | None) -> int | None:
    if text is None:
        return None
    try:
        scaled = Decimal(text) * MONEY_SCALE
    except InvalidOperation:
        raise InvalidRequest.field(name, "must be an amount, such as 12.50") from None
    if not (scaled.is_finite() and 0 <= scaled <= MAX_AMOUNT * MONEY_SCALE and scaled == scaled.to_integral_value()):
        raise InvalidRequest.field(name, f"must be from 0 to {MAX_AMOUNT}, with four decimals at the most")
    return int(scaled)


def _whole(name: str, value: int | None, *, least: int) -> int | None:
    if value is not None and not least <= value <= MAX_AMOUNT:
        raise InvalidRequest.field(name, f"must be from {least} to {MAX_AMOUNT}")
    return value


def _countries(codes: Sequence[str]) -> list[str] | None:
    found = sorted({code.upper() for code in codes})
    if unknown := [code for code in found if not e164.is_country(code)]:
        raise InvalidRequest.field("countries", f"has no such ISO 3166-1 alpha-2 code: {', '.join(unknown)}")
    return found or None


def _carriers(providers: Sequence[ProviderType]) -> list[str] | None:
    if any(provider not in CARRIERS for provider in providers):
        raise InvalidRequest.field("providers", f"takes: {', '.join(CARRIERS)}")
    return sorted({provider.value for provider in providers}) or None
