"""Taking a number that is in the carrier account already into the inventory, without buying anything.

The carrier's own list proves the ownership. Webhooks that are not ours are somebody's running system: they stay, unless
`takeover` is asked for, and then the old ones are kept on the record.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from telephony import clock, e164
from telephony.clock import Deadline
from telephony.errors import (
    Conflict,
    NotFound,
    PartialFailure,
    ProviderError,
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
from telephony.models.base import Write, get_together
from telephony.models.limits import Limits
from telephony.models.operations import Operation
from telephony.models.phone_configurations import NumberGuard, NumberStatus, PhoneConfiguration
from telephony.models.provider_configurations import ProviderConfiguration
from telephony.providers.base import NumberProvider, NumberSetup, OwnedNumber
from telephony.providers.reasons import FIXES
from telephony.providers.registry import CarrierAccount
from telephony.services import live_numbers, purchase_checks, wiring
from telephony.services.accounts import Accounts
from telephony.services.limits import price_unknown, require_allowed
from telephony.services.saga import Data, Run, Saga, Step, Workflow
from telephony.values import Principal, ProviderType

IMPORT = "import_number"


@dataclass(frozen=True, slots=True)
class ImportRequest:
    phone_number: str
    provider: ProviderType
    assistant_id: int | None = None
    friendly_name: str | None = None
    takeover: bool = False
    wire: bool = True
    """Whether a number that calls nobody may be made to call us."""


@dataclass(slots=True)
class Import:
    """What the step works with. `number`: as read in this very invocation, or None."""

    record: PhoneConfiguration
    provider: NumberProvider
    setup: NumberSetup
    assistant: Assistant | None
    number: OwnedNumber | None = None


class Importing:
    """`workflow` is what the queue worker runs."""

    def __init__(self, accounts: Accounts, saga: Saga) -> None:
        self._accounts = accounts
        self._saga = saga
        step = Step(IMPORT, _wire, writes=_end)
        self.workflow: Workflow[Import] = Workflow(IMPORT, (step,), self._context_of, abandon=_abandon)

    def import_number(
        self,
        principal: Principal,
        request: ImportRequest,
        public_base_url: str,
        deadline: Deadline,
        chosen: ProviderConfiguration | None = None,
    ) -> Data:
        """Imports a number of the agency's carrier account: of the one in use, unless another is `chosen`.

        Returns `phone_number`, `provider`, `phone_configuration_id`, `operation_id`, `message`. Raises `NotFound` for a
        number that is not in the account, `Conflict` (`already_owned`), `SpendingLimitExceeded`, what the purchase
        raises about provider and assistant, and what the carrier says.
        """
        agency_id = principal.agency_id
        keys: list[tuple[Any, Any, Any]] = [
            (Agency, f"agency#{agency_id}", None),
            (Limits, limits.key(agency_id), None),
            (NumberGuard, phone_configurations.guard_key(request.phone_number), None),
        ]
        if request.assistant_id is not None:
            keys.append((Assistant, agency_id, request.assistant_id))
        agency, bounds, guard, *found = get_together(*keys)
        if agency is None:
            raise NotFound("Agency not found", code="agency_not_found")
        configuration = chosen or self._accounts.choose(provider_configurations.of_agency(agency_id), request.provider)
        if request.assistant_id is not None and found[0] is None:
            raise NotFound("Assistant not found", code="assistant_not_found", fix=FIXES["assistant_not_found"])
        assistant: Assistant | None = found[0] if found else None
        if guard is not None:
            purchase_checks.refuse_guarded(guard, agency_id)
        require_allowed(bounds, request.provider, request.phone_number)
        account = self._accounts.open(configuration)
        if assistant is not None:
            wiring.require_ready(assistant, account, agency)
        elif request.takeover:
            wiring.require_signer(account)
        client = self._accounts.client(account, deadline)
        number = client.owned(request.phone_number)
        if number is None:
            raise NotFound(
                f"This number is not in the {request.provider.title()} account",
                code="number_not_found",
                fix="Check the number and the carrier account, or buy the number.",
            )
        price = client.monthly_price(request.phone_number)
        # An unknown price is no reason against a number that is paid for already; one that can't be added up is.
        if price and bounds and bounds.max_monthly_total is not None and price.currency != bounds.currency:
            raise price_unknown("monthly")
        operation = _new_operation(principal, request, public_base_url, number)
        country = number.country_code or e164.country_of(request.phone_number)
        record = phone_configurations.new(
            agency_id,
            request.phone_number,
            operation.id,
            provider=request.provider.value,
            provider_configuration_id=account.configuration_id,
            carrier_account=account.digest,
            friendly_name=request.friendly_name or number.friendly_name,
            country_code=country,
            region_id=country.lower(),
            region_or_country_name=country,
            monthly_price=price.amount if price else None,
            currency=price.currency if price else None,
            is_imported=True,
        )
        operation.input["phone_configuration_id"] = record.id
        setup = _setup(operation, account, agency, assistant)
        writes = [
            *phone_configurations.create(record, operation.id, configuration),
            limits.reserve(agency_id, bounds, price, operations=0),
            live_numbers.audit(operation, "number.import_begun", record),
        ]
        if assistant is not None:
            writes.append(assistants.count_number(agency_id, int(assistant.id), 1))
        context = Import(record, client, setup, assistant, number)
        try:
            self._saga.open(self.workflow, operation, context, deadline, *writes)
        except PartialFailure as failure:
            raise failure.plain() from failure
        return _answer(operation)

    def _context_of(self, operation: Operation, deadline: Deadline) -> Import:
        assistant_id = operation.input["assistant_id"]
        agency, record = get_together(
            (Agency, f"agency#{operation.agency_id}", None),
            (PhoneConfiguration, f"phone#{operation.input['phone_configuration_id']}", None),
        )
        if agency is None or record is None:
            raise NotFound("The records of this import are gone", code="import_records_missing")
        assistant = assistants.find(operation.agency_id, assistant_id) if assistant_id is not None else None
        account = self._accounts.of_number(record, deadline, paced=True)
        client = self._accounts.client(account, deadline, paced=True)
        return Import(record, client, _setup(operation, account, agency, assistant), assistant)


def _new_operation(
    principal: Principal, request: ImportRequest, public_base_url: str, number: OwnedNumber
) -> Operation:
    """`found` is how the number was wired before anything was done to it."""
    now = clock.now()
    return Operation(
        operations.new_id(),
        kind=IMPORT,
        agency_id=principal.agency_id,
        actor=principal.caller_id,
        input={
            "phone_number": request.phone_number,
            "provider": request.provider.value,
            "assistant_id": request.assistant_id,
            "takeover": request.takeover,
            "wire": request.wire,
            "public_base_url": public_base_url,
            "found": wiring.describe(request.provider, number),
        },
        created_at=now,
        updated_at=now,
    )


def _setup(operation: Operation, account: CarrierAccount, agency: Agency, assistant: Assistant | None) -> NumberSetup:
    return wiring.setup_for(account, agency, assistant, operation.input["public_base_url"], reference=operation.id)


def _wire(run: Run[Import]) -> Data:
    """Makes the number call us, if nobody else is called now or `takeover` says so. The same again changes nothing."""
    c, operation = run.context, run.operation
    number = c.number or live_numbers.owned(c.provider, c.record)
    foreign = wiring.foreign(operation.input["found"], c.setup)
    if (foreign and not operation.input["takeover"]) or not operation.input["wire"]:
        return {"number": wiring.describe(c.provider.type, number), "kept": sorted(foreign)}
    try:
        number = c.provider.configure(number, c.setup)
    except ProviderError as error:
        if error.retryable:
            raise
        return {"number": wiring.describe(c.provider.type, number), "setup_error": error.code}
    return {"number": wiring.describe(c.provider.type, number), "replaced": foreign}


def _end(run: Run[Import], data: Data) -> Sequence[Write]:
    c, operation = run.context, run.operation
    wiring.wire_record(c.record, data["number"], c.assistant)
    status, kept = wiring.first_status(data["number"]), data.get("kept", ())
    if status is NumberStatus.ACTIVE and ("setup_error" in data or any(wire in kept for wire in wiring.CALLS)):
        status = NumberStatus.INACTIVE
    if "setup_error" in data:
        c.record.metadata = {**c.record.metadata, wiring.SETUP_ERROR: data["setup_error"]}
    wiring.keep_replaced(c.record, data.get("replaced", {}))
    c.record.operation_id = None
    operation.result = {"phone_configuration_id": c.record.id}
    return [
        *phone_configurations.replace(c.record, status),
        live_numbers.audit(operation, "number.imported", c.record, replaced=data.get("replaced") or None),
    ]


def _abandon(run: Run[Import], error: TelephonyError) -> Sequence[Write] | None:
    """Nothing was spent: what a retry can't mend ends here, and the number is not ours."""
    c, operation = run.context, run.operation
    if isinstance(error, Conflict) or not live_numbers.let_go(run, c.record, error, IMPORT):
        return None
    return live_numbers.not_taken(operation, c.record, error, "number.import_failed")


def _answer(operation: Operation) -> Data:
    data = operation.step(IMPORT).data or {}
    number = data.get("number")
    message = "Phone number imported successfully"
    if data.get("kept"):
        message += ". Its webhooks are not ours and were left as they are: import with takeover, or assign it"
    if "setup_error" in data:
        message += ", but the carrier refused to wire it"
    elif number and (why := wiring.why_unanswered(operation.input["provider"], number)):
        message += f": {why}"
    return {
        "phone_number": operation.input["phone_number"],
        "provider": operation.input["provider"],
        "phone_configuration_id": operation.input["phone_configuration_id"],
        "operation_id": operation.id,
        "message": message,
    }
