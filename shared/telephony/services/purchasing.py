"""Buying a number: once, within the agency's limits, whatever crashes in between.

Everything free is checked first. One transaction then writes the intent: the operation with its lease, the number's
guard, the PENDING record, the reservation of its cost and the audit event. Then comes the order, once; a second
transaction ends it. What is in doubt is looked up at the carrier, never ordered again blind.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
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
    StorageUnavailable,
    TelephonyError,
)
from telephony.models import (
    assistants,
    limits,
    operations,
    phone_configurations,
    provider_configurations,
)
from telephony.models.agencies import Agency
from telephony.models.assistants import Assistant
from telephony.models.base import Write, commit, get_together
from telephony.models.limits import Limits
from telephony.models.operations import IdempotencyKey, Operation, StepState
from telephony.models.phone_configurations import NumberGuard, NumberStatus, PhoneConfiguration
from telephony.providers.base import NumberProvider, NumberSetup, Order
from telephony.providers.reasons import FIXES
from telephony.services import live_numbers, wiring
from telephony.services.accounts import Accounts
from telephony.services.purchase_checks import (
    check_against_reservation,
    check_prices,
    look_at,
    quote_to_buy,
    refuse_guarded,
    rejected,
)
from telephony.services.purchase_records import (
    BUY,
    PURCHASE,
    PurchaseRequest,
    answer,
    keep_key,
    key_id,
    new_operation,
    new_record,
    outcome,
)
from telephony.services.saga import Data, Run, Saga, Step, Waiting, Workflow
from telephony.values import AvailableNumber, Principal, ProviderType

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

PATIENCE = 6 * 3600
"""Seconds for which a purchase that nobody waits for is tried again after what a retry could mend."""

CHECK_ACCOUNT = "Check the carrier account: the number may have been released there."

REFUSAL = "refusal"
"""In the step's data: what the purchase ends with, instead of one more order, if none of its orders has arrived."""


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
    awaited: bool = False
    """Whether a caller waits for what becomes of it in this very invocation: later ones are the queue's."""
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
        """Buys the number, or tells why not; raises what docs/openapi.json lists for POST /phone-numbers/purchase.

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
                commit(keep_key(principal.agency_id, idempotency_key, request, error=error.record()))
            raise
        if idempotency_key is not None:
            kept = keep_key(principal.agency_id, idempotency_key, request, keyed_operation_id=operation.id)
            writes.insert(0, kept)
        try:
            self._saga.open(self.workflow, operation, context, deadline, *writes)
        except Waiting:
            pass  # the order is pending: that is an answer, too
        except PartialFailure as failure:
            raise failure.plain() from failure
        except (Conflict, OperationInProgress, StorageUnavailable):
            if begun := operations.find(operation.id):
                return PurchaseResult(outcome(begun))  # a write was done, and DynamoDB's answer to it got lost
            if overtaken := self._overtaken(principal.agency_id, request, idempotency_key):
                return overtaken
            raise
        return PurchaseResult(answer(operation))

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
        quote = quote_to_buy(client, *look_at(client, request.phone_number))
        check_prices(quote, request, seen.limits)
        record = new_record(agency_id, operation.id, request, account, quote)
        operation.input = {**operation.input, "phone_configuration_id": record.id, "features": record.features}
        setup = wiring.setup_for(
            account,
            seen.agency,
            seen.assistant,
            operation.input["public_base_url"],
            reference=operation.id,
            friendly_name=request.friendly_name,
        )
        writes = [
            *phone_configurations.create(record, operation.id, configuration),
            limits.reserve(agency_id, seen.limits, quote.monthly, operations=0 if of_batch else 1),
            live_numbers.audit(operation, "number.purchase_begun", record),
        ]
        if seen.assistant is not None:
            writes.append(assistants.count_number(agency_id, int(seen.assistant.id), 1))
        return Purchase(record, client, setup, seen.assistant, quote, awaited=not of_batch), writes

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
            keys.append((IdempotencyKey, key_id(agency_id, idempotency_key), None))
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
            return PurchaseResult(outcome(operation), replayed=True)
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
    owned, quote = look_at(c.provider, str(c.record.phone_number))
    ours = owned is not None and owned.reference in (None, run.operation.id)
    if c.in_doubt and (ours or (owned is None and quote is None and age < DOUBTED_FOR)):
        raise NotSettled("The number may be ours by now", retry_after=_poll_after(run.operation))
    try:
        c.quote = quote_to_buy(c.provider, owned, quote)
        check_against_reservation(c.quote, c.record)
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
        if c.awaited:
            # The caller is told that the outcome is unknown. If it turns out that there is no order, the money goes
            # back, instead of a purchase that nobody expects any more.
            refusal = rejected("provider_unavailable", "The order did not reach the carrier", c.provider, "Try again.")
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
        run.partial = {"order_id": None} | ({REFUSAL: error.record()} if _ends(run, error) else {})
        raise NotSettled("An earlier order may have arrived", retry_after=_poll_after(run.operation)) from error
    run.context.nothing_bought = True


def _find(run: Run[Purchase]) -> Data | None:
    c = run.context
    order_id = run.data(BUY).get("order_id") or None
    order = c.provider.find_order(str(c.record.phone_number), run.operation.id, order_id)
    if order is not None:
        return _follow(run, order)
    if order_id is not None:
        raise rejected("number_gone", "The carrier does not know its own order any more", c.provider, CHECK_ACCOUNT)
    return None


def _follow(run: Run[Purchase], order: Order) -> Data:
    """From an order to a wired number. Raises `Waiting` while the carrier is at work."""
    c = run.context
    run.partial = {"order_id": order.id, "purchase_details": order.details, "lacking": order.failure}
    if order.status == "failure":
        failure = rejected(order.failure or "provider_error", "The carrier could not deliver the number", c.provider)
        _be_refused(run, failure)
        raise failure
    if order.status == "pending":
        raise Waiting(_poll_after(run.operation), **run.partial)
    run.partial["completed_at"] = completed_at = run.data(BUY).get("completed_at") or clock.now()
    number = order.number or c.provider.owned(str(c.record.phone_number))
    if number is None and clock.now() - completed_at > NUMBER_OVERDUE:
        raise rejected("number_gone", "The carrier has sold the number and does not show it", c.provider, CHECK_ACCOUNT)
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
        live_numbers.audit(operation, "number.purchased", c.record),
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
    if not c.nothing_bought or not _ends(run, error):
        return None
    ended = live_numbers.not_taken(operation, c.record, error, "number.purchase_failed")
    return [*ended, limits.end_operation(operation.agency_id)]


def _ends(run: Run[Purchase], error: TelephonyError) -> bool:
    """Whether the purchase ends with it.

    A caller who waits for the answer is told at once of what a retry could mend: it decides itself. One who was told
    that the purchase goes on, or was told nothing, relies on its going on.
    """
    if isinstance(error, StorageUnavailable | OutOfTime):
        return False
    patient = not run.context.awaited and clock.now() < run.operation.created_at + PATIENCE
    return not (error.retryable and patient)
