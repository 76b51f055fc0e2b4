"""What a purchase is checked for: that the number is to be had, is nobody's, and costs no more than it may."""

from __future__ import annotations

from telephony.errors import Conflict, OperationInProgress, ProviderError, ProviderRejected, SpendingLimitExceeded
from telephony.models import operations
from telephony.models.limits import Limits
from telephony.models.operations import FINAL
from telephony.models.phone_configurations import NumberGuard, PhoneConfiguration
from telephony.providers.base import NumberProvider, OwnedNumber
from telephony.providers.reasons import FIXES
from telephony.services.limits import price_unknown, require_allowed
from telephony.services.purchase_records import BUY, PurchaseRequest
from telephony.values import AvailableNumber, units, whole


def look_at(provider: NumberProvider, phone_number: str) -> tuple[OwnedNumber | None, AvailableNumber | None]:
    """The number in the carrier account, or else as it is for sale now."""
    owned = provider.owned(phone_number)
    return owned, None if owned else provider.quote(phone_number)


def quote_to_buy(provider: NumberProvider, owned: OwnedNumber | None, quote: AvailableNumber | None) -> AvailableNumber:
    """What `look_at` saw, if it can be bought. Raises `Conflict` (`already_at_carrier`) or `number_unavailable`."""
    if owned is not None:
        # Buying an owned number again may silently overwrite its webhooks.
        raise Conflict(
            "This number is already in the carrier account",
            code="already_at_carrier",
            fix="Import the number instead of buying it.",
        )
    if quote is None:
        raise rejected("number_unavailable", "This number is not available any more", provider)
    return quote


def check_prices(quote: AvailableNumber, request: PurchaseRequest, bounds: Limits | None) -> None:
    """The caller's caps and the agency's limits, before any money."""
    currency = bounds.currency if bounds else None
    require_allowed(bounds, request.provider, request.phone_number)
    caps = [
        ("monthly", request.max_monthly_cost, quote.monthly, None),
        ("setup", request.max_setup_cost, quote.setup, None),
        ("setup", units(bounds.max_setup_cost) if bounds else None, quote.setup, currency),
        ("monthly", units(bounds.max_monthly_total) if bounds else None, quote.monthly, currency),
    ]
    for name, cap, price, of_currency in caps:
        if cap is None:
            continue
        if price is None or (of_currency and price.currency != of_currency):
            raise price_unknown(name)
        if price.number > cap:
            raise SpendingLimitExceeded(
                f"The {name} cost of {price.number:.2f} {price.currency} is above the cap of {cap:.2f}",
                fix="Choose a cheaper number or raise the cap.",
            )


def check_against_reservation(quote: AvailableNumber, record: PhoneConfiguration) -> None:
    """For an order that goes out later than its intent was written: it may cost no more than was agreed to."""
    for price, agreed in ((quote.monthly, whole(record.monthly_price)), (quote.setup, whole(record.setup_price))):
        if agreed is None:
            continue
        if price is None or price.currency != record.currency or price.amount > agreed:
            raise SpendingLimitExceeded(
                "The carrier has changed the price of this number meanwhile", fix="Buy it again at its new price."
            )


def refuse_guarded(guard: NumberGuard, agency_id: str) -> None:
    """Raises `OperationInProgress` or `Conflict` (`already_owned`) for a number that is guarded."""
    if guard.guarded_by != agency_id:
        raise Conflict("This number is already owned", code="already_owned")
    operation = operations.find(guard.guarding_operation_id)
    if operation is not None and operation.status not in FINAL:
        raise OperationInProgress("A purchase of this number is running", operation_id=operation.id)
    raise Conflict("This number is already owned", code="already_owned", fix="Assign or release it as it is.")


def rejected(code: str, message: str, provider: NumberProvider, fix: str | None = None) -> ProviderError:
    return ProviderRejected(message, provider=provider.type.value, operation=BUY, code=code, fix=fix or FIXES.get(code))
