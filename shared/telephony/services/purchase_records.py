"""What is written down of a purchase, and the answer that is read out of it again."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from telephony import clock
from telephony.errors import OperationInProgress, TelephonyError
from telephony.models import operations, phone_configurations
from telephony.models.base import Write, put
from telephony.models.operations import IdempotencyKey, Operation, Status
from telephony.models.phone_configurations import PhoneConfiguration
from telephony.providers.registry import CarrierAccount
from telephony.services import wiring
from telephony.services.saga import Data
from telephony.values import AvailableNumber, ProviderType

PURCHASE = "purchase_number"
BUY = "buy_number"
KEY_LIVES = 24 * 3600
"""Seconds that an Idempotency-Key is remembered."""


@dataclass(frozen=True, slots=True)
class PurchaseRequest:
    """What is asked for. Costs in units of the number's currency."""

    phone_number: str
    provider: ProviderType
    assistant_id: int | None = None
    friendly_name: str | None = None
    country_code: str | None = None
    max_monthly_cost: float | None = None
    max_setup_cost: float | None = None

    def fingerprint(self) -> str:
        values = [getattr(self, name) for name in self.__slots__]
        return hashlib.sha256(json.dumps(values).encode()).hexdigest()


def new_operation(
    agency_id: str,
    actor: str,
    request: PurchaseRequest,
    public_base_url: str,
    *,
    operation_id: str | None = None,
    batch_id: str | None = None,
) -> Operation:
    """Not stored yet. One of a batch is its own id's, and nobody waits for its answer."""
    now = clock.now()
    of_batch = {"request": asdict(request), "batch_id": batch_id} if batch_id else {}
    return Operation(
        operation_id or operations.new_id(),
        kind=PURCHASE,
        agency_id=agency_id,
        actor=actor,
        input={
            "phone_number": request.phone_number,
            "provider": request.provider.value,
            "assistant_id": request.assistant_id,
            "friendly_name": request.friendly_name,
            "public_base_url": public_base_url,
            "interactive": batch_id is None,
            **of_batch,
        },
        created_at=now,
        updated_at=now,
    )


def new_record(
    agency_id: str, operation_id: str, request: PurchaseRequest, account: CarrierAccount, quote: AvailableNumber
) -> PhoneConfiguration:
    places = [place for place in (quote.locality, quote.region) if place]
    price = quote.monthly or quote.setup
    return phone_configurations.new(
        agency_id,
        request.phone_number,
        operation_id,
        provider=request.provider.value,
        provider_configuration_id=account.configuration_id,
        carrier_account=account.digest,
        friendly_name=request.friendly_name,
        country_code=quote.country_code,
        region_id="-".join([quote.country_code, *([quote.region] if quote.region else [])]).lower(),
        region_or_country_name=", ".join([*places, quote.country_code]),
        monthly_price=quote.monthly.amount if quote.monthly else None,
        setup_price=quote.setup.amount if quote.setup else None,
        currency=price.currency if price else None,
        features=asdict(quote.capabilities),
    )


def key_id(agency_id: str, idempotency_key: str) -> str:
    return f"key#{agency_id}#{hashlib.sha256(idempotency_key.encode()).hexdigest()}"


def keep_key(agency_id: str, idempotency_key: str, request: PurchaseRequest, **outcome: Any) -> Write:
    """`outcome`: the operation that the key stands for, or the error that there was instead."""
    item = IdempotencyKey(
        key_id(agency_id, idempotency_key),
        fingerprint=request.fingerprint(),
        expires_at=int(clock.now()) + KEY_LIVES,
        **outcome,
    )
    return put(
        item,
        IdempotencyKey.id.does_not_exist() | (IdempotencyKey.expires_at <= clock.now()),
        lambda: OperationInProgress("A purchase with this Idempotency-Key has just begun"),
    )


def outcome(operation: Operation) -> Data:
    """What an operation has come to so far: its answer. Raises the error that it ended with, `OperationInProgress`."""
    if operation.status == Status.ABANDONED and operation.error:
        error = TelephonyError.from_record(operation.error)
        error.details |= {"operation_id": operation.id, "retry_scheduled": False}
        raise error
    if "purchase_details" not in (operation.step(BUY).data or {}):
        raise OperationInProgress("This purchase is still running", operation_id=operation.id)
    return answer(operation)


def answer(operation: Operation) -> Data:
    """The documented body, out of the journal: the same each time."""
    data = operation.step(BUY).data or {}
    details = data["purchase_details"]
    pending = operation.status != Status.SUCCEEDED
    message = "Phone number purchased successfully"
    if pending and details.get("status") == "pending":
        message = "The order is pending at the carrier; the number becomes active when it completes"
    elif pending:
        message = "Phone number purchased; it becomes active as soon as the carrier shows it"
    if pending and data["lacking"] == "regulatory_requirements_missing":
        message += ". It waits for the papers that the number's country asks for: hand them in at the carrier"
    number = data.get("number")
    if number and "setup_error" not in data and (why := wiring.why_unanswered(operation.input["provider"], number)):
        message += f": {why}"
    features = operation.input.get("features")
    if _is_voice_only(data, features):
        message += f". It is voice only: {wiring.why_voice_only(operation.input['provider'], features)}"
    return {
        "success": True,
        "phone_number": operation.input["phone_number"],
        "provider": operation.input["provider"],
        "purchase_details": details,
        "message": message,
        "phone_configuration_id": operation.input["phone_configuration_id"],
        "operation_id": operation.id,
    }


def _is_voice_only(data: Data, features: Mapping[str, bool] | None) -> bool:
    """As the number can be seen to be, or, before it is there, by what was ordered with it."""
    if number := data.get("number"):
        return not wiring.able(number["capabilities"], features)["sms"]
    details = data["purchase_details"]
    sold_without = not (features or {}).get("sms", True)
    return sold_without or ("messaging_profile_id" in details and not details["messaging_profile_id"])
