"""The records of an agency's numbers: lists, look-ups, and the one thing about them that a caller may change."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from telephony.errors import Conflict, InvalidRequest, NotFound, OperationInProgress
from telephony.models import audit_events, phone_configurations
from telephony.models.base import commit
from telephony.models.phone_configurations import NumberStatus, PhoneConfiguration
from telephony.services.cursors import Cursors
from telephony.values import MONEY_SCALE, Principal

REACHABLE_BY_PAGE = 10_000
"""Records: page N by number reads the keys of all pages before it."""

CHANNEL_STATUS = {NumberStatus.ACTIVE: "ACTIVE", NumberStatus.PENDING: "PENDING"}
"""A channel that has a number is deployed as the number is; INACTIVE for any other status."""

Data = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Page:
    """`total` is that of the list when its first page was read."""

    records: list[Data]
    number: int
    size: int
    total: int
    next_cursor: str | None


@dataclass(frozen=True, slots=True)
class _Position:
    """After so many records, the last of which has that sort key; `total` where it is known."""

    skipped: int = 0
    sort_key: str | None = None
    total: int | None = None

    @property
    def reached(self) -> bool:
        """False beyond the end of the list."""
        return self.skipped == 0 or self.sort_key is not None


class Configurations:
    def __init__(self, cursors: Cursors) -> None:
        self._cursors = cursors

    def page(
        self, principal: Principal, *, status: str | None = None, number: int = 1, size: int, cursor: str | None = None
    ) -> Page:
        """Newest first. `cursor`, from the page before, decides over `number`.

        A first page and one by cursor are one query of `size` + 1 items. Page N by number first reads the keys of the
        pages before it. Released records are listed by `status` alone. They end by expiry, so that nothing counts them:
        their total is how many were seen so far, and one more while there are more.

        Raises `InvalidRequest` (`invalid_cursor`, `page_out_of_reach`).
        """
        agency_id, wanted = principal.agency_id, NumberStatus(status) if status else None
        scope = ("phone-configurations", agency_id, wanted)
        at = self._opened(scope, cursor) if cursor else _at_page(agency_id, wanted, number, size)
        listed = phone_configurations.Listed([], None)
        if at.reached:
            listed = phone_configurations.newest(agency_id, wanted, size + 1, before=at.sort_key)
        shown = listed.records[:size]
        seen = at.skipped + len(shown) if shown else 0
        known = at.total if at.total is not None else listed.counted
        more = len(listed.records) > size
        total = max(known or 0, seen + more)  # an index may show a record before its count
        next_cursor = None
        if shown and (more or (listed.counted or 0) > seen):
            position = {"seen": seen, "after": shown[-1].sort_key, "total": total}
            next_cursor = self._cursors.seal(scope, position)
        records = [describe(record) for record in shown]
        return Page(records, at.skipped // size + 1, size, total, next_cursor)

    def _opened(self, scope: tuple[str | None, ...], cursor: str) -> _Position:
        position = self._cursors.open(scope, cursor)
        return _Position(position["seen"], position["after"], position["total"])

    def get(self, principal: Principal, configuration_id: str) -> Data:
        """Raises `NotFound`."""
        return describe(_require(phone_configurations.find(principal.agency_id, configuration_id)))

    def by_number(self, principal: Principal, phone_number: str) -> Data:
        """The live record of a number. Raises `InvalidRequest` (`invalid_phone_number`), `NotFound`."""
        from telephony import e164  # the library is slow to import, and only this look-up needs it

        return describe(_require(phone_configurations.find_live(principal.agency_id, e164.parse(phone_number))))

    def by_request(self, principal: Principal, request_id: str) -> Data:
        """The record that an operation made. Raises `NotFound`."""
        return describe(_require(phone_configurations.find_by_request(principal.agency_id, request_id)))

    def rename(self, principal: Principal, configuration_id: str, friendly_name: str | None) -> Data:
        """Our record's name, not the carrier's.

        Raises `NotFound`, `Conflict` for a released number, `OperationInProgress` while an operation has the number:
        it would find its record changed.
        """
        record = _require(phone_configurations.find(principal.agency_id, configuration_id))
        if not record.live:
            raise Conflict("The number has been released", code="number_released")
        if record.operation_id is not None:
            raise OperationInProgress("An operation on this number is running", operation_id=record.operation_id)
        before, record.friendly_name = record.friendly_name, friendly_name
        if before != friendly_name:
            commit(
                *phone_configurations.replace(record),
                audit_events.record(
                    principal.agency_id,
                    "number.renamed",
                    principal.caller_id,
                    record.id,
                    before=before,
                    after=friendly_name,
                ),
            )
        return describe(record)


def _at_page(agency_id: str, status: NumberStatus | None, number: int, size: int) -> _Position:
    if number == 1:
        return _Position()
    skipped = (number - 1) * size
    if skipped + size > REACHABLE_BY_PAGE:
        raise InvalidRequest.field(
            "page",
            f"reaches beyond the first {REACHABLE_BY_PAGE} records",
            code="page_out_of_reach",
            fix="Follow meta.nextCursor from page to page instead.",
        )
    before = phone_configurations.skip(agency_id, status, skipped)
    last = before.records[skipped - 1].sort_key if len(before.records) >= skipped else None
    return _Position(skipped, last, len(before.records) if before.counted is None else before.counted)


def _require(record: PhoneConfiguration | None) -> PhoneConfiguration:
    if record is None:
        raise NotFound("Phone configuration not found", code="phone_configuration_not_found")
    return record


def describe(record: PhoneConfiguration) -> Data:
    """A record as its schema takes it. An order that is pending has no number at its carrier yet: an empty text."""
    voice = _channel(record, "VOICE")
    sms = _channel(record, "SMS") if record.capabilities.get("sms") else None
    return {
        "id": record.id,
        "phone_number": record.phone_number,
        "provider_phone_number_id": record.provider_phone_number_id or "",
        "phone_request_id": record.phone_request_id,
        "friendly_name": record.friendly_name,
        "region_id": record.region_id,
        "monthly_price": None if record.monthly_price is None else record.monthly_price / MONEY_SCALE,
        "region_or_country_name": record.region_or_country_name,
        "country_code": record.country_code,
        "provider_type": record.provider,
        "is_imported": record.is_imported,
        "status": record.status,
        "is_ported": record.is_ported,
        "marked_for_release": record.marked_for_release,
        "metadata": record.metadata,
        "voice_channel_id": voice and voice["id"],
        "sms_channel_id": sms and sms["id"],
        "voice_channel": voice,
        "sms_channel": sms,
        "is_us_sms_permitted": record.is_us_sms_permitted,
        "created_at": record.created_at,
        "updated_at": record.updated_at,
    }


def _channel(record: PhoneConfiguration, kind: str) -> Data | None:
    """The assistant as the number's channel, under the name that it had when it was assigned."""
    if record.assistant_id is None:
        return None
    status = CHANNEL_STATUS.get(NumberStatus(str(record.status)), "INACTIVE")
    return {
        "id": str(int(record.assistant_id)),
        "name": record.assistant_name,
        "type": kind,
        "deploymentStatus": status,
    }
