"""The inventory against the carriers' own lists: what only they have, what only we have, and what differs.

It reports, and with `adopt` brings our records in step. It changes nothing at a carrier.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from telephony import clock
from telephony.clock import Deadline
from telephony.errors import ConfigurationMissing, NotFound, ProviderError, TelephonyError
from telephony.models import (
    agencies,
    audit_events,
    limits,
    operations,
    phone_configurations,
    provider_configurations,
)
from telephony.models.base import Write, commit
from telephony.models.operations import Operation
from telephony.models.phone_configurations import NumberStatus, PhoneConfiguration
from telephony.models.provider_configurations import ProviderConfiguration
from telephony.observability import emit_metrics, logger
from telephony.providers.base import NumberProvider, OwnedNumber
from telephony.services import catalogue, wiring
from telephony.services.accounts import Accounts
from telephony.services.importing import Importing, ImportRequest
from telephony.services.saga import Data, Run, Step, Workflow
from telephony.values import MONEY_SCALE, Money, Principal, ProviderType, Role
from telephony.wakeups import Wakeups

RECONCILE = "reconcile_inventory"

YOUNG_SECONDS = 600
"""A number bought since is not missed yet: carriers list late."""

MAX_KEPT = 100
"""Of each kind of finding, in the journal; they are all counted."""


@dataclass(slots=True)
class Report:
    """`failed` are the accounts that could not be read: nothing is told about their numbers."""

    at_carriers: int = 0
    recorded: int = 0
    theirs_not_ours: list[Data] = field(default_factory=list)
    ours_not_theirs: list[Data] = field(default_factory=list)
    status: list[Data] = field(default_factory=list)
    webhooks: list[Data] = field(default_factory=list)
    price: list[Data] = field(default_factory=list)
    adopted: list[Data] = field(default_factory=list)
    failed: list[Data] = field(default_factory=list)

    @property
    def differences(self) -> int:
        return sum(map(len, (self.theirs_not_ours, self.ours_not_theirs, self.status, self.webhooks, self.price)))

    def summary(self) -> dict[str, Any]:
        """With at most 100 findings of each kind, and how many there were."""
        found = {name: value for name, value in asdict(self).items() if isinstance(value, list)}
        return {
            "numbers_at_carriers": self.at_carriers,
            "numbers_recorded": self.recorded,
            "differences": self.differences,
            **{name: value[:MAX_KEPT] for name, value in found.items()},
            "counts": {name: len(value) for name, value in found.items()},
        }


class Reconciling:
    """`workflow` is what the queue worker runs, once a week for each agency."""

    def __init__(self, accounts: Accounts, importing: Importing, wakeups: Wakeups) -> None:
        self._accounts = accounts
        self._importing = importing
        self._wakeups = wakeups
        self.workflow: Workflow[None] = Workflow(RECONCILE, (Step(RECONCILE, self._report),), _no_context)

    def begin_all(self) -> int:
        """Has every agency's inventory reconciled by the queue. Returns how many there are."""
        count = 0
        for agency_id in agencies.all_ids():
            now = clock.now()
            operation = Operation(
                operations.new_id(),
                kind=RECONCILE,
                agency_id=agency_id,
                actor="schedule",
                created_at=now,
                updated_at=now,
            )
            operation.schedule(now)
            commit(operations.open_new(operation))
            self._wakeups.send(operation.id, agency_id)
            count += 1
        return count

    def reconcile(
        self, agency_id: str, actor: str, deadline: Deadline, *, adopt: bool = False, paced: bool = False
    ) -> Report:
        """Reads every carrier account of the agency. Nothing changes at a carrier.

        With `adopt`, what only a carrier has gets a record, and status, webhooks and price of our records become the
        carrier's.

        An account that can't be read is named in the report. Raises `NotFound` for an unknown agency.
        """
        if agencies.find(agency_id) is None:
            raise NotFound("Agency not found", code="agency_not_found")
        report = Report()
        records = list(phone_configurations.all_live(agency_id))
        report.recorded = len(records)
        for configuration in provider_configurations.of_agency(agency_id):
            if configuration.provider == ProviderType.ULTRAVOX:
                continue
            mine = [each for each in records if each.provider_configuration_id == configuration.id]
            if not configuration.active and not mine:
                continue
            account = _Account(configuration, mine, report)
            try:
                account.read(self._accounts.client(self._accounts.open(configuration), deadline, paced=paced))
            except (ProviderError, ConfigurationMissing) as error:
                if error.retryable:
                    raise
                report.failed.append(account.name() | {"code": error.code, "message": error.message})
                continue
            if adopt:
                self._adopt(agency_id, actor, account, report, deadline)
        return report

    def _adopt(self, agency_id: str, actor: str, account: _Account, report: Report, deadline: Deadline) -> None:
        principal = Principal(agency_id, Role.OWNER, actor, "operator")
        for number in account.unknown:
            request = ImportRequest(number.phone_number, ProviderType(account.provider), wire=False)
            told: Data = {"phone_number": number.phone_number}
            try:
                self._importing.import_number(principal, request, "", deadline, account.configuration)
            except TelephonyError as error:
                told["code"] = error.code
            report.adopted.append(told)
        for record, changed in account.changed:
            commit(*_in_step(record, changed, actor))
            report.adopted.append({"phone_number": changed.number.phone_number})

    def _report(self, run: Run[None]) -> Data:
        operation = run.operation
        report = self.reconcile(operation.agency_id, operation.actor, run.deadline, paced=True)
        operation.result = report.summary()
        emit_metrics(InventoryDifferences=report.differences)
        if report.differences or report.failed:
            logger.warning(
                "inventory differs",
                extra={"agency_id": operation.agency_id, "operation_id": operation.id} | operation.result["counts"],
            )
        return {"differences": report.differences}


@dataclass(slots=True)
class _Changed:
    """What the carrier says of a number that differs from our record."""

    number: OwnedNumber
    price: Money | None
    calls: bool = False
    """Whether they go elsewhere than recorded."""


class _Account:
    """One carrier account compared with the records that were bought or imported with it."""

    def __init__(
        self, configuration: ProviderConfiguration, records: Sequence[PhoneConfiguration], report: Report
    ) -> None:
        self.configuration = configuration
        self.provider = str(configuration.provider)
        self.unknown: list[OwnedNumber] = []
        self.changed: list[tuple[PhoneConfiguration, _Changed]] = []
        self._records = {str(each.phone_number): each for each in records}
        self._report = report

    def name(self) -> Data:
        return {"provider": self.provider, "provider_configuration_id": int(self.configuration.id)}

    def read(self, client: NumberProvider) -> None:
        seen: set[str] = set()
        for number in client.all_owned():
            seen.add(number.phone_number)
            self._report.at_carriers += 1
            record = self._records.get(number.phone_number)
            if record is not None and _at_rest(record):
                self._compare(record, number, client.monthly_price(number.phone_number))
            elif record is None and phone_configurations.find_guard(number.phone_number) is None:
                self.unknown.append(number)
                self._report.theirs_not_ours.append({"phone_number": number.phone_number} | self.name())
        for record in self._records.values():
            if record.phone_number not in seen and _at_rest(record) and not _young(record):
                self._report.ours_not_theirs.append(_named(record) | self.name())

    def _compare(self, record: PhoneConfiguration, number: OwnedNumber, price: Money | None) -> None:
        there = wiring.describe(ProviderType(self.provider), number)
        changed = _Changed(number, price)
        suspended = record.status == NumberStatus.SUSPENDED
        found = False
        if suspended != (number.status == "suspended"):
            self._report.status.append(_named(record) | {"recorded": record.status, "at_carrier": number.status})
            found = True
        for name, recorded in _recorded_wires(record).items():
            if there[name] != recorded:
                difference = {"field": name, "recorded": recorded, "at_carrier": there[name]}
                self._report.webhooks.append(_named(record) | difference)
                changed.calls = changed.calls or name in ("voice_url", "connection_id", "overridden_by")
                found = True
        if price is not None and (price.amount, price.currency) != (record.monthly_price, record.currency):
            known = None if record.monthly_price is None else record.monthly_price / MONEY_SCALE
            prices = {"recorded": known, "at_carrier": price.number, "currency": price.currency}
            self._report.price.append(_named(record) | prices)
            found = True
        if found:
            self.changed.append((record, changed))


def _recorded_wires(record: PhoneConfiguration) -> Mapping[str, str | None]:
    if catalogue.by_type(str(record.provider)).rings_at_connection:
        return {"connection_id": record.connection_id, "messaging_profile_id": record.messaging_profile_id}
    names = ("voice_url", "sms_url", "overridden_by", "sms_overridden_by")
    return {name: getattr(record, name) for name in names}


def _in_step(record: PhoneConfiguration, changed: _Changed, actor: str) -> list[Write]:
    """The record as the carrier has it. Fails with `Conflict` if it was changed since it was read."""
    provider, number = ProviderType(str(record.provider)), changed.number
    before = {"status": record.status, **_recorded_wires(record)}
    status = None
    if number.status == "suspended":
        status = NumberStatus.SUSPENDED
    elif changed.calls:
        status = NumberStatus.INACTIVE
    elif record.status == NumberStatus.SUSPENDED:
        status = wiring.status_of(provider, number)
    wiring.note_wires(record, wiring.describe(provider, number))
    writes = []
    if changed.price is not None:
        more = changed.price.amount - int(record.monthly_price or 0)
        record.monthly_price, record.currency = changed.price.amount, changed.price.currency
        writes.append(limits.change_price(str(record.agency_id), more))
    return [
        *phone_configurations.replace(record, status),
        *writes,
        audit_events.record(
            str(record.agency_id),
            "number.reconciled",
            actor,
            record.id,
            phone_number=record.phone_number,
            before=before,
        ),
    ]


def _at_rest(record: PhoneConfiguration) -> bool:
    """Not in the hands of an operation, which is about to change it."""
    return record.operation_id is None and record.status != NumberStatus.PENDING


def _young(record: PhoneConfiguration) -> bool:
    return clock.now_ms() - int(record.created_at or 0) < YOUNG_SECONDS * 1000


def _named(record: PhoneConfiguration) -> Data:
    return {"phone_number": record.phone_number, "phone_configuration_id": record.id}


def _no_context(_operation: Operation, _deadline: Deadline) -> None:
    """The agency's accounts are opened one by one."""
