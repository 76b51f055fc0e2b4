"""Where a number's calls and messages go: told fresh by the carrier, and changed there."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from telephony import clock
from telephony.clock import Deadline
from telephony.errors import InvalidRequest, PartialFailure, TelephonyError
from telephony.models import agencies, assistants, audit_events, operations, phone_configurations
from telephony.models.base import Write
from telephony.models.operations import Operation
from telephony.models.phone_configurations import NumberStatus, PhoneConfiguration
from telephony.providers.base import NumberProvider
from telephony.providers.registry import CarrierAccount
from telephony.services import catalogue, live_numbers, public_urls, wiring
from telephony.services.accounts import Accounts
from telephony.services.saga import Data, Run, Saga, Step, Workflow
from telephony.values import Principal, ProviderType

SET_WEBHOOKS = "set_webhooks"


@dataclass(frozen=True, slots=True)
class Changes:
    """What is to be changed; None leaves it as it is."""

    voice_webhook_url: str | None = None
    enable_sms: bool = False
    disable_sms: bool = False


@dataclass(slots=True)
class Rewiring:
    record: PhoneConfiguration
    account: CarrierAccount
    provider: NumberProvider


class NumberWebhooks:
    """`workflow` is what the queue worker runs."""

    def __init__(self, accounts: Accounts, saga: Saga) -> None:
        self._accounts = accounts
        self._saga = saga
        step = Step(SET_WEBHOOKS, _configure, writes=_end, check=_check)
        self.workflow: Workflow[Rewiring] = Workflow(SET_WEBHOOKS, (step,), self._context_of, abandon=_abandon)

    def get(self, principal: Principal, phone_number: str, deadline: Deadline) -> Data:
        """As the carrier has it now.

        Raises `NotFound` (not ours, not in the account), `OperationInProgress` before it is bought, and what the
        carrier says.
        """
        record = live_numbers.require(principal, phone_number)
        live_numbers.refuse_pending(record)
        client = self._accounts.client(self._accounts.of_number(record, deadline), deadline)
        return _shown(record, wiring.describe(client.type, live_numbers.owned(client, record)))

    def update(
        self,
        principal: Principal,
        phone_number: str,
        provider: ProviderType | None,
        wanted: Changes,
        base_url: str,
        deadline: Deadline,
    ) -> Data:
        """Changes what `wanted` says. Returns what `get` does, and `updated_webhooks`, `message`.

        Raises `InvalidRequest` for a URL that is not public, and for what the carrier or the number can't do;
        `NotFound`, `OperationInProgress`, and what the carrier says.
        """
        record = live_numbers.require(principal, phone_number, provider)
        wires = _wires(record, wanted, base_url)
        live_numbers.refuse_busy(record)
        account = self._accounts.of_number(record, deadline)
        _require_signer(wires, account)
        now = clock.now()
        operation = Operation(
            operations.new_id(),
            kind=SET_WEBHOOKS,
            agency_id=principal.agency_id,
            actor=principal.caller_id,
            input={"phone_configuration_id": record.id, "wires": wires},
            created_at=now,
            updated_at=now,
        )
        context = Rewiring(record, account, self._accounts.client(account, deadline))
        try:
            self._saga.open(
                self.workflow, operation, context, deadline, phone_configurations.claim(record, operation.id)
            )
        except PartialFailure as failure:
            raise failure.plain() from failure
        names = {"voice_url": "voice_webhook_url", "sms_url": "sms_webhook_url"}
        updated = {names.get(name, name): value for name, value in wires.items()}
        shown = _shown(record, operation.step(SET_WEBHOOKS).data["number"])
        return shown | {"updated_webhooks": updated, "message": "Webhooks updated"}

    def _context_of(self, operation: Operation, deadline: Deadline) -> Rewiring:
        record = live_numbers.reload(operation)
        account = self._accounts.of_number(record, deadline, paced=True)
        return Rewiring(record, account, self._accounts.client(account, deadline, paced=True))


def _wires(record: PhoneConfiguration, wanted: Changes, base_url: str) -> dict[str, str | None]:
    """The fields of a setup that change."""
    wires: dict[str, str | None] = {}
    at_connection = catalogue.by_type(str(record.provider)).rings_at_connection
    if wanted.voice_webhook_url is not None:
        if at_connection:
            raise InvalidRequest.field(
                "voice_webhook_url",
                f"{str(record.provider).title()} numbers ring at a connection and have no URL of their own",
                code="not_supported",
                fix="Assign the number to an assistant with the connection.",
            )
        wires["voice_url"] = public_urls.check("voice_webhook_url", wanted.voice_webhook_url)
    if wanted.enable_sms:
        offered = (record.features or {"sms": True}) if at_connection else record.capabilities
        if not offered.get("sms"):
            raise InvalidRequest.field("enable_sms", "the carrier offers no messages for it", code="not_supported")
        if at_connection:
            wires["messaging_profile_id"] = _messaging_profile(record)
        else:
            wires["sms_url"] = f"{base_url}/twiml"
    if wanted.disable_sms:
        wires["messaging_profile_id" if at_connection else "sms_url"] = None
    return wires


def _messaging_profile(record: PhoneConfiguration) -> str:
    """The assistant's, else the agency's."""
    agency_id, assistant_id = str(record.agency_id), record.assistant_id
    assistant = assistants.find(agency_id, int(assistant_id)) if assistant_id is not None else None
    agency = agencies.find(agency_id)
    profile = (assistant and assistant.messaging_profile_id) or (agency and agency.messaging_profile_id)
    if not profile:
        raise InvalidRequest.field(
            "enable_sms",
            "there is no messaging profile",
            code="assistant_not_ready",
            fix="Give the assistant a messaging_profile_id.",
        )
    return profile


def _require_signer(wires: Mapping[str, str | None], account: CarrierAccount) -> None:
    if wires.get("sms_url"):
        wiring.require_signer(account)


def _check(run: Run[Rewiring]) -> None:
    """The account may have been stored anew since the request, without the key."""
    _require_signer(run.operation.input["wires"], run.context.account)


def _configure(run: Run[Rewiring]) -> Data:
    """The same again changes nothing."""
    c = run.context
    number = live_numbers.owned(c.provider, c.record)
    setup = wiring.changed(number, run.operation.input["wires"], str(c.record.phone_request_id))
    replaced = wiring.replaced(c.record, number, setup)
    return {"number": wiring.describe(c.provider.type, c.provider.configure(number, setup)), "replaced": replaced}


def _end(run: Run[Rewiring], data: Data) -> Sequence[Write]:
    record, operation, number = run.context.record, run.operation, data["number"]
    before = {"voice_url": record.voice_url, "sms_url": record.sms_url}
    wiring.keep_replaced(record, data["replaced"])
    wiring.note_wires(record, number)
    record.operation_id = None
    # Where nobody changed it, that calls go somewhere doesn't say that they reach us; that they go nowhere does.
    there = NumberStatus(number["record_status"])
    status = there if "voice_url" in operation.input["wires"] or there is not NumberStatus.ACTIVE else None
    return [
        *phone_configurations.replace(record, status),
        audit_events.record(
            operation.agency_id,
            "number.webhooks_set",
            operation.actor,
            record.id,
            phone_number=record.phone_number,
            before=before,
            wires=operation.input["wires"],
        ),
    ]


def _abandon(run: Run[Rewiring], error: TelephonyError) -> Sequence[Write] | None:
    record = run.context.record
    return phone_configurations.replace(record) if live_numbers.let_go(run, record, error, SET_WEBHOOKS) else None


def _shown(record: PhoneConfiguration, number: dict[str, Any]) -> Data:
    """`number` as wiring describes it."""
    told = ("status", "connection_id", "messaging_profile_id", "overridden_by", "sms_overridden_by", "capabilities")
    return {
        "phone_number": record.phone_number,
        "provider": record.provider,
        "voice_webhook_url": number["voice_url"],
        "sms_webhook_url": number["sms_url"],
        "configuration": {name: number[name] for name in told},
    }
