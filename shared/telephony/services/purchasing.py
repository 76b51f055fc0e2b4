"""Buying a number: once, within the agency's limits, whatever crashes in between.

Everything free is checked first. One transaction then writes the intent: the operation with its lease, the number's
guard, the PENDING record, the reservation of its cost and the audit event. Then comes the order, once; a second
transaction ends it. What is in doubt is looked up at the carrier, never ordered again blind.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from telephony import clock
from telephony.clock import Deadline
from telephony.errors import (
    Conflict,
    NotFound,
    NotSettled,
    OperationInProgress,
    OutcomeUnknown,
    OutOfTime,
    PartialFailure,
    ProviderError,
    ProviderRejected,
    SpendingLimitExceeded,
    StorageUnavailable,
    TelephonyError,
)
from telephony.models import (
    assistants,
    audit_events,
    limits,
    operations,
    phone_configurations,
    provider_configurations,
)
from telephony.models.agencies import Agency
from telephony.models.assistants import Assistant
from telephony.models.base import Write, commit, get_together, put
from telephony.models.limits import Limits
from telephony.models.operations import FINAL, IdempotencyKey, Operation, Status, StepState
from telephony.models.phone_configurations import NumberGuard, NumberStatus, PhoneConfiguration
from telephony.providers.base import NumberProvider, NumberSetup, Order, OwnedNumber
from telephony.providers.reasons import FIXES
from telephony.services import wiring
from telephony.services.accounts import Accounts
from telephony.services.limits import price_unknown, require_allowed
from telephony.services.saga import Data, Run, Saga, Step, Waiting, Workflow
from telephony.values import MONEY_SCALE, AvailableNumber, Principal, ProviderType

PURCHASE = "purchase_number"
BUY = "buy_number"
KEY_LIVES = 24 * 3600
"""Seconds that an Idempotency-Key is remembered."""

FIRST_POLL = 5.0
"""Seconds until a pending order is first looked at."""

NUMBER_LAG = 2.0
"""Seconds until a bought number that its carrier does not show yet is first looked for again."""

NUMBER_OVERDUE = 3600
"""Seconds from an order's completion after which a number that is not shown is no longer a matter of waiting."""

DOUBTED_FOR = 3600
"""Seconds for which a number that is not for sale any more may be ours, by an order that isn't listed yet."""

GIVEN_UP_AFTER = 300
"""Seconds for which an order that nobody finds may still arrive at the carrier: its money is not given back before."""

BATCH_PATIENCE = 6 * 3600
"""Seconds for which a purchase of a batch is tried again after what a retry could mend."""

CHECK_ACCOUNT = "Check the carrier account: the number may have been released there."

REFUSAL = "refusal"
"""In the step's data: what the purchase ends with, instead of one more order, if none of its orders has arrived."""


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


@dataclass(frozen=True, slots=True)
class PurchaseResult:
    """`body` is the documented answer."""

    body: Data
    replayed: bool = False


@dataclass(slots=True)
class Purchase:
    """What the step works with."""

    record: PhoneConfiguration
    provider: NumberProvider
    setup: NumberSetup
    assistant: Assistant | None
    quote: AvailableNumber | None = None
    """Read in this very invocation, or None."""
    nothing_bought: bool = False
    """Whether it is certain, so far, that no money was spent."""
    in_doubt: bool = False
    """Whether an earlier order of this purchase may have arrived, or may still arrive."""


class Purchasing:
    """`workflow` is what the queue worker runs."""

    def __init__(self, accounts: Accounts, saga: Saga) -> None:
        self._accounts = accounts
        self._saga = saga
        buy = Step(
            BUY,
            _buy,
            _find,
            _end_with_number,
            check=_before_buying,
            settle_after=lambda run: run.context.provider.settle_after,
        )
        self.workflow: Workflow[Purchase] = Workflow(
            PURCHASE, (buy,), self._context_of, _finish, self._admit, _refuse, _abandon
        )

    def purchase(
        self,
        principal: Principal,
        request: PurchaseRequest,
        public_base_url: str,
        deadline: Deadline,
        idempotency_key: str | None = None,
    ) -> PurchaseResult:
        """Buys the number, or tells why not; raises what api.md lists for POST /phone-numbers/purchase.

        The order may still be pending at the carrier: `purchase_details.status` tells. With a key, what the carrier
        said is the answer for as long as the key lives; what was wrong with the request is judged anew.
        """
        seen = self._read(principal.agency_id, request, idempotency_key)
        if seen.key is not None and seen.key.live:
            return self._replay(seen.key, request)
        limits.check_open_operations(seen.limits)
        operation = new_operation(principal.agency_id, principal.caller_id, request, public_base_url)
        try:
            context, writes = self._intend(seen, operation, request, deadline)
        except (Conflict, ProviderError) as error:
            if overtaken := self._overtaken(principal.agency_id, request, idempotency_key):
                return overtaken
            if idempotency_key is not None and isinstance(error, ProviderError):
                commit(_keep_key(principal.agency_id, idempotency_key, request, error=error.record()))
            raise
        if idempotency_key is not None:
            kept = _keep_key(principal.agency_id, idempotency_key, request, keyed_operation_id=operation.id)
            writes.insert(0, kept)
        try:
            self._saga.open(self.workflow, operation, context, deadline, *writes)
        except Waiting:
            pass  # the order is pending: that is an answer, too
        except PartialFailure as failure:
            raise failure.plain() from failure
        except (Conflict, OperationInProgress, StorageUnavailable):
            if begun := operations.find(operation.id):
                return PurchaseResult(_outcome(begun))  # a write was done, and DynamoDB's answer to it got lost
            if overtaken := self._overtaken(principal.agency_id, request, idempotency_key):
                return overtaken
            raise
        return PurchaseResult(_answer(operation))

    def _intend(
        self, seen: _Seen, operation: Operation, request: PurchaseRequest, deadline: Deadline
    ) -> tuple[Purchase, list[Write]]:
        """Checks all that is free, and makes the records of the intent."""
        agency_id, of_batch = operation.agency_id, not operation.input["interactive"]
        configuration = self._accounts.choose(provider_configurations.of_agency(agency_id), request.provider)
        if request.assistant_id is not None and seen.assistant is None:
            raise NotFound("Assistant not found", code="assistant_not_found", fix=FIXES["assistant_not_found"])
        if seen.guard is not None:
            refuse_guarded(seen.guard, agency_id)
        account = self._accounts.open(configuration)
        if seen.assistant is not None:
            wiring.require_ready(seen.assistant, account, seen.agency)
        client = self._accounts.client(account, deadline, paced=of_batch)
        quote = _quote_to_buy(client, *_look_at(client, request.phone_number))
        _check_prices(quote, request, seen.limits)
        record = _new_record(agency_id, operation.id, request, int(configuration.id), quote)
        operation.input = {**operation.input, "phone_configuration_id": record.id, "features": record.features}
        setup = wiring.setup_for(
            account,
            seen.agency,
            seen.assistant,
            operation.input["public_base_url"],
            reference=operation.id,
            friendly_name=request.friendly_name,
        )
        monthly = quote.monthly.amount if quote.monthly else None
        writes = [
            *phone_configurations.create(record, operation.id, configuration),
            limits.reserve(agency_id, seen.limits, monthly, operations=0 if of_batch else 1),
            _audit(operation, "number.purchase_begun", record),
        ]
        if seen.assistant is not None:
            writes.append(assistants.count_number(agency_id, int(seen.assistant.id), 1))
        return Purchase(record, client, setup, seen.assistant, quote), writes

    def _admit(self, operation: Operation, deadline: Deadline) -> tuple[Purchase, list[Write]]:
        """A purchase of a batch, whose operation was written down before anything was checked."""
        given = operation.input
        request = PurchaseRequest(**{**given["request"], "provider": ProviderType(given["provider"])})
        return self._intend(self._read(operation.agency_id, request, None), operation, request, deadline)

    def _overtaken(
        self, agency_id: str, request: PurchaseRequest, idempotency_key: str | None
    ) -> PurchaseResult | None:
        """What another purchase of the number, begun since this one looked, makes of this one. None: there is none."""
        seen = self._read(agency_id, request, idempotency_key)
        if seen.key is not None and seen.key.live:
            return self._replay(seen.key, request)
        if seen.guard is not None:
            refuse_guarded(seen.guard, agency_id)
        return None

    def _read(self, agency_id: str, request: PurchaseRequest, idempotency_key: str | None) -> _Seen:
        keys: list[tuple[Any, Any, Any]] = [
            (Agency, f"agency#{agency_id}", None),
            (Limits, limits.key(agency_id), None),
            (NumberGuard, phone_configurations.guard_key(request.phone_number), None),
        ]
        if idempotency_key is not None:
            keys.append((IdempotencyKey, _key_id(agency_id, idempotency_key), None))
        if request.assistant_id is not None:
            keys.append((Assistant, agency_id, request.assistant_id))
        agency, bounds, guard, *rest = get_together(*keys)
        if agency is None:
            raise NotFound("Agency not found", code="agency_not_found")
        assistant = rest.pop() if request.assistant_id is not None else None
        key = rest.pop() if idempotency_key is not None else None
        return _Seen(agency, bounds, guard, key, assistant)

    def _replay(self, key: IdempotencyKey, request: PurchaseRequest) -> PurchaseResult:
        """The first answer again, or what has become of a pending order since.

        Raises `Conflict` for another body, `OperationInProgress` before there is an answer.
        """
        if key.fingerprint != request.fingerprint():
            raise Conflict(
                "This Idempotency-Key was used with another body",
                code="idempotency_conflict",
                fix="Use a new key for a new purchase.",
            )
        if key.error is not None:
            error = TelephonyError.from_record(key.error)
            error.replayed = True
            raise error
        operation = operations.find(str(key.keyed_operation_id))
        if operation is None:
            raise OperationInProgress("This purchase is still running", operation_id=key.keyed_operation_id)
        try:
            return PurchaseResult(_outcome(operation), replayed=True)
        except TelephonyError as error:
            error.replayed = not isinstance(error, OperationInProgress)
            raise

    def _context_of(self, operation: Operation, deadline: Deadline) -> Purchase:
        """Everything anew, for a run by the queue."""
        given = operation.input
        assistant_id = given["assistant_id"]
        agency, record, assistant = (
            *get_together(
                (Agency, f"agency#{operation.agency_id}", None),
                (PhoneConfiguration, f"phone#{given['phone_configuration_id']}", None),
            ),
            assistants.find(operation.agency_id, assistant_id) if assistant_id is not None else None,
        )
        if agency is None or record is None:
            raise NotFound("The records of this purchase are gone", code="purchase_records_missing")
        account = self._accounts.of_number(record, deadline, paced=True)
        setup = wiring.setup_for(
            account,
            agency,
            assistant,
            given["public_base_url"],
            reference=operation.id,
            friendly_name=given["friendly_name"],
        )
        client = self._accounts.client(account, deadline, paced=True)
        return Purchase(record, client, setup, assistant, in_doubt=operation.step(BUY).attempts > 1)


@dataclass(frozen=True, slots=True)
class _Seen:
    """What was read before the decision, at one moment."""

    agency: Agency
    limits: Limits | None
    guard: NumberGuard | None
    key: IdempotencyKey | None
    assistant: Assistant | None


# The one step


def _before_buying(run: Run[Purchase]) -> None:
    """Once more before each order: that the number is not in the account yet, and what it costs.

    The journal's "begun" so says that it was not there: what is found there later is what was bought, also if it comes
    by an earlier order of this purchase that nobody found. While one may still arrive, nothing is given up for good.
    """
    c, begun = run.context, run.operation.step(BUY)
    age = clock.now() - (begun.started_at or 0)
    c.in_doubt = begun.state == StepState.STARTED
    c.nothing_bought = not c.in_doubt
    owned, quote = _look_at(c.provider, str(c.record.phone_number))
    ours = owned is not None and owned.reference in (None, run.operation.id)
    if c.in_doubt and (ours or (owned is None and quote is None and age < DOUBTED_FOR)):
        raise NotSettled("The number may be ours by now", retry_after=_poll_after(run.operation))
    try:
        c.quote = _quote_to_buy(c.provider, owned, quote)
        _check_against_reservation(c.quote, c.record)
        if refusal := run.data(BUY).get(REFUSAL):
            raise TelephonyError.from_record(refusal)
    except TelephonyError as error:
        if c.in_doubt and age < GIVEN_UP_AFTER:
            raise NotSettled("The order may still arrive", retry_after=_poll_after(run.operation)) from error
        c.nothing_bought = True
        raise


def _buy(run: Run[Purchase]) -> Data:
    c = run.context
    c.nothing_bought = False
    try:
        order = c.provider.order(str(c.record.phone_number), c.setup)
    except OutcomeUnknown:
        if run.operation.input["interactive"]:
            # The caller is told that the outcome is unknown. If it turns out that there is no order, the money goes
            # back, instead of a purchase that nobody expects any more.
            refusal = _rejected("provider_unavailable", "The order did not reach the carrier", c.provider, "Try again.")
            run.partial = {REFUSAL: refusal.record()}
        raise
    except TelephonyError as error:
        _be_refused(run, error)
        raise
    try:
        return _follow(run, order)
    except TelephonyError as error:
        if c.nothing_bought or isinstance(error, NotSettled):
            raise
        # It is ordered, and the caller gets its order: what the carrier fails to do now is done soon.
        raise Waiting(NUMBER_LAG, **run.partial) from error


def _be_refused(run: Run[Purchase], error: TelephonyError) -> None:
    """Nothing was bought by an order, unless it was refused because an earlier one of this purchase had arrived.

    Raises `NotSettled` then: whether that is so shows when the number is looked for again.
    """
    age = clock.now() - (run.operation.step(BUY).started_at or 0)
    if run.context.in_doubt and age < GIVEN_UP_AFTER:
        run.partial = {"order_id": None} | ({REFUSAL: error.record()} if _ends(run.operation, error) else {})
        raise NotSettled("An earlier order may have arrived", retry_after=_poll_after(run.operation)) from error
    run.context.nothing_bought = True


def _find(run: Run[Purchase]) -> Data | None:
    c = run.context
    order_id = run.data(BUY).get("order_id") or None
    order = c.provider.find_order(str(c.record.phone_number), run.operation.id, order_id)
    if order is not None:
        return _follow(run, order)
    if order_id is not None:
        raise _rejected("number_gone", "The carrier does not know its own order any more", c.provider, CHECK_ACCOUNT)
    return None


def _follow(run: Run[Purchase], order: Order) -> Data:
    """From an order to a wired number. Raises `Waiting` while the carrier is at work."""
    c = run.context
    run.partial = {"order_id": order.id, "purchase_details": order.details, "lacking": order.failure}
    if order.status == "failure":
        failure = _rejected(order.failure or "provider_error", "The carrier could not deliver the number", c.provider)
        _be_refused(run, failure)
        raise failure
    if order.status == "pending":
        raise Waiting(_poll_after(run.operation), **run.partial)
    run.partial["completed_at"] = completed_at = run.data(BUY).get("completed_at") or clock.now()
    number = order.number or c.provider.owned(str(c.record.phone_number))
    if number is None and clock.now() - completed_at > NUMBER_OVERDUE:
        raise _rejected(
            "number_gone", "The carrier has sold the number and does not show it", c.provider, CHECK_ACCOUNT
        )
    if number is None or number.status == "pending":
        raise Waiting(_poll_after(run.operation, NUMBER_LAG), **run.partial)
    run.partial["number"] = wiring.describe(c.provider.type, number)
    try:
        number = c.provider.configure(number, c.setup)
    except ProviderError as error:
        if error.retryable:
            raise
        # Bought and paid for: it is ours, though nothing answers it yet.
        return {**run.partial, "setup_error": error.code}
    run.partial["purchase_details"] = wiring.detail(order.details, number)
    return {**run.partial, "number": wiring.describe(c.provider.type, number)}


def _poll_after(operation: Operation, at_first: float = FIRST_POLL) -> float:
    """Seconds: often at first, then every tenth of the order's age, an hour at the most."""
    return min(3600.0, max(at_first, (clock.now() - operation.created_at) / 10))


def _end_with_number(run: Run[Purchase], data: Data) -> Sequence[Write]:
    c, operation = run.context, run.operation
    wiring.wire_record(c.record, data["number"], c.assistant)
    status = wiring.first_status(data["number"])
    if "setup_error" in data:
        status = NumberStatus.INACTIVE
        c.record.metadata = {**c.record.metadata, wiring.SETUP_ERROR: data["setup_error"]}
    c.record.operation_id = None
    return [
        *phone_configurations.replace(c.record, status),
        limits.end_operation(operation.agency_id),
        _audit(operation, "number.purchased", c.record),
    ]


def _finish(run: Run[Purchase]) -> Sequence[Write]:
    run.operation.result = {"phone_configuration_id": run.context.record.id}
    return ()


def _refuse(operation: Operation, _error: TelephonyError) -> Sequence[Write]:
    """Nothing was held yet, but its place among the open operations."""
    return [limits.end_operation(operation.agency_id)]


def _abandon(run: Run[Purchase], error: TelephonyError) -> Sequence[Write] | None:
    """Gives everything back, once; None while something may have been bought, or waiting can mend it."""
    c, operation = run.context, run.operation
    if not c.nothing_bought or not _ends(operation, error):
        return None
    c.record.metadata = {**c.record.metadata, "failure": error.code}
    c.record.operation_id = None
    writes = [
        *phone_configurations.replace(c.record, NumberStatus.RELEASED),
        limits.give_back(operation.agency_id, _int(c.record.monthly_price)),
        limits.end_operation(operation.agency_id),
        _audit(operation, "number.purchase_failed", c.record, code=error.code),
    ]
    if operation.input["assistant_id"] is not None:
        writes.append(assistants.count_number(operation.agency_id, operation.input["assistant_id"], -1))
    return writes


def _ends(operation: Operation, error: TelephonyError) -> bool:
    """Whether the purchase ends with it.

    A caller who waits for the answer is told at once of what a retry could mend: it decides itself.
    """
    if isinstance(error, StorageUnavailable | OutOfTime):
        return False
    patient = not operation.input["interactive"] and clock.now() < operation.created_at + BATCH_PATIENCE
    return not (error.retryable and patient)


# Checks and records


def _look_at(provider: NumberProvider, phone_number: str) -> tuple[OwnedNumber | None, AvailableNumber | None]:
    """The number in the carrier account, or else as it is for sale now."""
    owned = provider.owned(phone_number)
    return owned, None if owned else provider.quote(phone_number)


def _quote_to_buy(
    provider: NumberProvider, owned: OwnedNumber | None, quote: AvailableNumber | None
) -> AvailableNumber:
    """What `_look_at` saw, if it can be bought. Raises `Conflict` (`already_at_carrier`) or `number_unavailable`."""
    if owned is not None:
        # Buying an owned number again may silently overwrite its webhooks.
        raise Conflict(
            "This number is already in the carrier account",
            code="already_at_carrier",
            fix="Import the number instead of buying it.",
        )
    if quote is None:
        raise _rejected("number_unavailable", "This number is not available any more", provider)
    return quote


def _check_prices(quote: AvailableNumber, request: PurchaseRequest, bounds: Limits | None) -> None:
    """The caller's caps and the agency's limits, before any money."""
    currency = bounds.currency if bounds else None
    require_allowed(bounds, request.provider, request.phone_number)
    caps = [
        ("monthly", request.max_monthly_cost, quote.monthly, None),
        ("setup", request.max_setup_cost, quote.setup, None),
        ("setup", _units(bounds.max_setup_cost) if bounds else None, quote.setup, currency),
        ("monthly", _units(bounds.max_monthly_total) if bounds else None, quote.monthly, currency),
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


def _check_against_reservation(quote: AvailableNumber, record: PhoneConfiguration) -> None:
    """For an order that goes out later than its intent was written: it may cost no more than was agreed to."""
    for price, agreed in ((quote.monthly, _int(record.monthly_price)), (quote.setup, _int(record.setup_price))):
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


def _new_record(
    agency_id: str, operation_id: str, request: PurchaseRequest, configuration_id: int, quote: AvailableNumber
) -> PhoneConfiguration:
    places = [place for place in (quote.locality, quote.region) if place]
    price = quote.monthly or quote.setup
    return phone_configurations.new(
        agency_id,
        request.phone_number,
        operation_id,
        provider=request.provider.value,
        provider_configuration_id=configuration_id,
        friendly_name=request.friendly_name,
        country_code=quote.country_code,
        region_id="-".join([quote.country_code, *([quote.region] if quote.region else [])]).lower(),
        region_or_country_name=", ".join([*places, quote.country_code]),
        monthly_price=quote.monthly.amount if quote.monthly else None,
        setup_price=quote.setup.amount if quote.setup else None,
        currency=price.currency if price else None,
        features=asdict(quote.capabilities),
    )


def _key_id(agency_id: str, idempotency_key: str) -> str:
    return f"key#{agency_id}#{hashlib.sha256(idempotency_key.encode()).hexdigest()}"


def _keep_key(agency_id: str, idempotency_key: str, request: PurchaseRequest, **outcome: Any) -> Write:
    """`outcome`: the operation that the key stands for, or the error that there was instead."""
    item = IdempotencyKey(
        _key_id(agency_id, idempotency_key),
        fingerprint=request.fingerprint(),
        expires_at=int(clock.now()) + KEY_LIVES,
        **outcome,
    )
    return put(
        item,
        IdempotencyKey.id.does_not_exist() | (IdempotencyKey.expires_at <= clock.now()),
        lambda: OperationInProgress("A purchase with this Idempotency-Key has just begun"),
    )


def _outcome(operation: Operation) -> Data:
    """What an operation has come to so far: its answer. Raises the error that it ended with, `OperationInProgress`."""
    if operation.status == Status.ABANDONED and operation.error:
        error = TelephonyError.from_record(operation.error)
        error.details |= {"operation_id": operation.id, "retry_scheduled": False}
        raise error
    if "purchase_details" not in (operation.step(BUY).data or {}):
        raise OperationInProgress("This purchase is still running", operation_id=operation.id)
    return _answer(operation)


def _answer(operation: Operation) -> Data:
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


def _rejected(code: str, message: str, provider: NumberProvider, fix: str | None = None) -> ProviderError:
    return ProviderRejected(message, provider=provider.type.value, operation=BUY, code=code, fix=fix or FIXES.get(code))


def _audit(operation: Operation, action: str, record: PhoneConfiguration, **details: Any) -> Write:
    return audit_events.record(
        operation.agency_id,
        action,
        operation.actor,
        record.id,
        phone_number=record.phone_number,
        provider=record.provider,
        operation_id=operation.id,
        **details,
    )


def _units(amount: float | None) -> float | None:
    return None if amount is None else amount / MONEY_SCALE


def _int(amount: float | None) -> int | None:
    return None if amount is None else int(amount)
