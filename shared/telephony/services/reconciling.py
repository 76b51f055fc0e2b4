"""The inventory against the carriers' own lists: what only they have, what only we have, and what differs.

It reports, and with `adopt` brings our records in step. It changes nothing at a carrier.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from telephony import clock
from telephony.clock import Deadline
from telephony.errors import ConfigurationMissing, Conflict, NotFound, ProviderError, TelephonyError
from telephony.models import (
    agencies,
    assistants,
    audit_events,
    limits,
    phone_configurations,
    provider_configurations,
)
from telephony.models.agencies import Agency
from telephony.models.base import Write, commit
from telephony.models.operations import Operation
from telephony.models.phone_configurations import NumberStatus, PhoneConfiguration
from telephony.models.provider_configurations import ProviderConfiguration
from telephony.observability import emit_metrics, logger
from telephony.providers.base import NumberProvider, OwnedNumber
from telephony.providers.registry import webhook_signer
from telephony.services import catalogue, wiring
from telephony.services.accounts import Accounts
from telephony.services.importing import Importing, ImportRequest
from telephony.services.saga import Data, Run, Step, Workflow
from telephony.values import MONEY_SCALE, Money, Principal, ProviderType, Role

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
    ids: list[Data] = field(default_factory=list)
    status: list[Data] = field(default_factory=list)
    webhooks: list[Data] = field(default_factory=list)
    price: list[Data] = field(default_factory=list)
    adopted: list[Data] = field(default_factory=list)
    failed: list[Data] = field(default_factory=list)

    @property
    def differences(self) -> int:
        kinds = (self.theirs_not_ours, self.ours_not_theirs, self.ids, self.status, self.webhooks, self.price)
        return sum(map(len, kinds))

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

    def __init__(self, accounts: Accounts, importing: Importing, public_base_url: str) -> None:
        """`public_base_url` may be empty: then any address of a /twiml counts as ours."""
        self._accounts = accounts
        self._importing = importing
        self._public_base_url = public_base_url
        self.workflow: Workflow[None] = Workflow(RECONCILE, (Step(RECONCILE, self._report),), _no_context)

    def reconcile(
        self, agency_id: str, actor: str, deadline: Deadline, *, adopt: bool = False, paced: bool = False
    ) -> Report:
        """Reads every carrier account of the agency. Nothing changes at a carrier.

        With `adopt`, what only a carrier has gets a record, and id, status, webhooks and price of our records become
        the carrier's.

        An account that can't be read is named in the report. Raises `NotFound` for an unknown agency.
        """
        agency = agencies.find(agency_id)
        if agency is None:
            raise NotFound("Agency not found", code="agency_not_found")
        report = Report()
        records = list(phone_configurations.all_live(agency_id))
        report.recorded = len(records)
        configurations = provider_configurations.of_agency(agency_id)
        known = {int(each.id) for each in configurations}
        # Their configuration is gone: any other account of their carrier may have them by now.
        left = [each for each in records if int(each.provider_configuration_id or 0) not in known]
        seen: set[str] = set()
        for configuration in configurations:
            if configuration.provider == ProviderType.ULTRAVOX:
                continue
            mine = [each for each in records if each.provider_configuration_id == configuration.id]
            wanted = mine or any(each.provider == configuration.provider for each in left)
            if not configuration.active and not wanted:
                continue
            account = _Account(configuration, mine, report)
            try:
                opened = self._accounts.open(configuration)
                ours = _Ours(agency, self._public_base_url, webhook_signer(opened) is not None)
                account.read(self._accounts.client(opened, deadline, paced=paced), ours)
            except (ProviderError, ConfigurationMissing) as error:
                if error.retryable:
                    raise
                report.failed.append(account.name() | {"code": error.code, "message": error.message})
                continue
            seen |= account.seen
            if adopt:
                self._adopt(agency_id, actor, account, report, deadline)
        unread = {each["provider"] for each in report.failed}
        for record in left:
            if record.phone_number not in seen and record.provider not in unread and _missed(record):
                account_gone = {"provider": record.provider, "provider_configuration_id": None}
                report.ours_not_theirs.append(_named(record) | account_gone)
        return report

    def _adopt(self, agency_id: str, actor: str, account: _Account, report: Report, deadline: Deadline) -> None:
        """Number by number: one that can't be adopted says why, and keeps none of the others from it."""
        principal = Principal(agency_id, Role.OWNER, actor, "operator")
        for number in account.unknown:
            request = ImportRequest(number.phone_number, ProviderType(account.provider), wire=False)
            told: Data = {"phone_number": number.phone_number}
            try:
                url = self._base_url_for(number)
                self._importing.import_number(principal, request, url, deadline, account.configuration)
            except TelephonyError as error:
                told["code"] = error.code
            report.adopted.append(told)
        for record, changed in account.changed:
            told = {"phone_number": changed.number.phone_number}
            try:
                commit(*_in_step(record, changed, actor))
            except Conflict as error:
                told["code"] = error.code
            report.adopted.append(told)

    def _base_url_for(self, number: OwnedNumber) -> str:
        if not self._public_base_url and number.voice_url and wiring.is_twiml(number.voice_url):
            return number.voice_url.removesuffix("/twiml")
        return self._public_base_url

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


@dataclass(frozen=True, slots=True)
class _Changed:
    """What the carrier says of a number that differs from our record, and what that makes of the record."""

    number: OwnedNumber
    status: NumberStatus
    price: Money | None
    """None: the one on the record stays."""


@dataclass(slots=True)
class _Ours:
    """Whether calls of a number reach us. `signed`: whether /twiml can tell the account's calls from forged ones."""

    agency: Agency
    public_base_url: str
    signed: bool

    def takes_calls(self, record: PhoneConfiguration, number: OwnedNumber) -> bool:
        if catalogue.by_type(str(record.provider)).rings_at_connection:
            return number.connection_id in (self.agency.telnyx_application_id, self._assistants_connection(record))
        if not self.signed or not number.voice_url:
            return False
        here = f"{self.public_base_url}/twiml"
        return number.voice_url == here if self.public_base_url else wiring.is_twiml(number.voice_url)

    def _assistants_connection(self, record: PhoneConfiguration) -> str | None:
        if record.assistant_id is None:
            return None
        assistant = assistants.find(self.agency.id, int(record.assistant_id))
        return assistant.connection_id if assistant else None


class _Account:
    """One carrier account compared with the records that were bought or imported with it."""

    def __init__(
        self, configuration: ProviderConfiguration, records: Sequence[PhoneConfiguration], report: Report
    ) -> None:
        self.configuration = configuration
        self.provider = str(configuration.provider)
        self.seen: set[str] = set()
        self.unknown: list[OwnedNumber] = []
        self.changed: list[tuple[PhoneConfiguration, _Changed]] = []
        self._records = {str(each.phone_number): each for each in records}
        self._report = report

    def name(self) -> Data:
        return {"provider": self.provider, "provider_configuration_id": int(self.configuration.id)}

    def read(self, client: NumberProvider, ours: _Ours) -> None:
        for number in client.all_owned():
            self.seen.add(number.phone_number)
            self._report.at_carriers += 1
            record = self._records.get(number.phone_number)
            if record is not None and _at_rest(record):
                self._compare(record, number, client.monthly_price(number.phone_number), ours)
            elif record is None and phone_configurations.find_guard(number.phone_number) is None:
                self.unknown.append(number)
                self._report.theirs_not_ours.append({"phone_number": number.phone_number} | self.name())
        for record in self._records.values():
            if record.phone_number not in self.seen and _missed(record):
                self._report.ours_not_theirs.append(_named(record) | self.name())

    def _compare(self, record: PhoneConfiguration, number: OwnedNumber, price: Money | None, ours: _Ours) -> None:
        drifted = self._compare_wires(record, number)
        calls_drifted = any(wire in drifted for wire in wiring.CALLS)
        status = wiring.status_of(ProviderType(self.provider), number)
        elsewhere_by_wish = record.status_apart == NumberStatus.ACTIVE and not calls_drifted
        if status is NumberStatus.ACTIVE and not elsewhere_by_wish and not ours.takes_calls(record, number):
            status = NumberStatus.INACTIVE
        differs = status != record.status_apart and not (calls_drifted and number.status == "active")
        if differs:  # what calls that go elsewhere make of the status is told with them
            at_carrier = "not wired" if number.status == "active" and status != NumberStatus.ACTIVE else number.status
            self._report.status.append(_named(record) | {"recorded": record.status_apart, "at_carrier": at_carrier})
        new_price, new_id = self._compare_price(record, price), self._compare_id(record, number)
        if drifted or differs or new_price or new_id:
            self.changed.append((record, _Changed(number, status, new_price)))

    def _compare_id(self, record: PhoneConfiguration, number: OwnedNumber) -> bool:
        """Whether it has another one now: it was given back and bought anew, or was in another account meanwhile."""
        if number.id == record.provider_phone_number_id:
            return False
        ids = {"recorded": record.provider_phone_number_id, "at_carrier": number.id}
        self._report.ids.append(_named(record) | ids)
        return True

    def _compare_wires(self, record: PhoneConfiguration, number: OwnedNumber) -> list[str]:
        recorded = _recorded_wires(record)
        drifted = [name for name in recorded if getattr(number, name) != recorded[name]]
        for name in drifted:
            difference = {"field": name, "recorded": recorded[name], "at_carrier": getattr(number, name)}
            self._report.webhooks.append(_named(record) | difference)
        return drifted

    def _compare_price(self, record: PhoneConfiguration, price: Money | None) -> Money | None:
        """The carrier's price, if it is another one, in the currency that the record's prices are in."""
        if price is None or (price.amount, price.currency) == (record.monthly_price, record.currency):
            return None
        known = None if record.monthly_price is None else record.monthly_price / MONEY_SCALE
        prices = {"recorded": known, "at_carrier": price.number, "currency": price.currency}
        self._report.price.append(_named(record) | prices)
        return price if record.currency in (None, price.currency) else None


def _recorded_wires(record: PhoneConfiguration) -> Mapping[str, str | None]:
    if catalogue.by_type(str(record.provider)).rings_at_connection:
        return {"connection_id": record.connection_id, "messaging_profile_id": record.messaging_profile_id}
    names = ("voice_url", "sms_url", "overridden_by", "sms_overridden_by")
    return {name: getattr(record, name) for name in names}


def _in_step(record: PhoneConfiguration, changed: _Changed, actor: str) -> list[Write]:
    """The record as the carrier has it. Fails with `Conflict` if it was changed since it was read."""
    before = {
        "status": record.status,
        "provider_phone_number_id": record.provider_phone_number_id,
        **_recorded_wires(record),
    }
    record.provider_phone_number_id = changed.number.id
    wiring.note_wires(record, wiring.describe(ProviderType(str(record.provider)), changed.number))
    writes = []
    if changed.price is not None:
        more = Money(changed.price.amount - int(record.monthly_price or 0), changed.price.currency)
        record.monthly_price, record.currency = changed.price.amount, changed.price.currency
        writes.append(limits.change_price(str(record.agency_id), more))
    return [
        *phone_configurations.replace(record, changed.status),
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


def _missed(record: PhoneConfiguration) -> bool:
    """Whether its carrier should list it by now."""
    return _at_rest(record) and clock.now_ms() - int(record.created_at or 0) >= YOUNG_SECONDS * 1000


def _named(record: PhoneConfiguration) -> Data:
    return {"phone_number": record.phone_number, "phone_configuration_id": record.id}


def _no_context(_operation: Operation, _deadline: Deadline) -> None:
    """The agency's accounts are opened one by one."""
