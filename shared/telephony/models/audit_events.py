"""Table `audit_events`: who did what, when, in one agency. Written in the transaction of what it tells."""

from __future__ import annotations

import hashlib
import secrets
from typing import Any

from pynamodb.attributes import JSONAttribute, NumberAttribute, UnicodeAttribute

from telephony import clock
from telephony.errors import Conflict
from telephony.models.base import Table, Write, put, storage_errors

KEPT_FOR = 400 * 86400
"""Seconds: a year and a month, so that a yearly review finds the whole year."""


MARKS_KEPT_FOR = 30 * 86400
"""Seconds for which a repetition is told."""


class AlreadyRecorded(Conflict):
    """What was to be recorded once is recorded."""


class AuditEvent(Table):
    table = "audit_events"

    class Meta:
        pass

    agency_id = UnicodeAttribute(hash_key=True)
    id = UnicodeAttribute(range_key=True)
    """`<13-digit milliseconds>#<random>`: sorts by time."""
    action = UnicodeAttribute()
    actor = UnicodeAttribute()
    subject = UnicodeAttribute(null=True)
    details = JSONAttribute(null=True)
    expires_at = NumberAttribute()


def record(agency_id: str, action: str, actor: str, subject: str | None = None, **details: Any) -> Write:
    """An event, to be committed with what it tells of. `details` must hold no secret."""
    now = clock.now_ms()
    return put(
        AuditEvent(
            agency_id,
            f"{now:013d}#{secrets.token_hex(6)}",
            action=action,
            actor=actor,
            subject=subject,
            details=details or None,
            expires_at=now // 1000 + KEPT_FOR,
        )
    )


def once(agency_id: str, key: str) -> Write:
    """Marks that what `key` names is recorded; fails with `AlreadyRecorded` when it is. Not listed among the events."""
    digest = hashlib.sha256(key.encode()).hexdigest()
    mark = AuditEvent(
        agency_id, f"once#{digest}", action="once", actor="once", expires_at=int(clock.now()) + MARKS_KEPT_FOR
    )
    return put(mark, AuditEvent.id.does_not_exist(), lambda: AlreadyRecorded("It is recorded already"))


def newest(agency_id: str, since: int, until: int, limit: int, after: str | None = None) -> list[AuditEvent]:
    """The agency's events of the milliseconds from `since` to `until`, exclusive: newest first, `limit` items read.

    `after` is the id of the event after which to go on.
    """
    kept_since = clock.now_ms() - KEPT_FOR * 1000  # DynamoDB may be days late with deleting older ones
    first, last = f"{max(since, kept_since):013d}", f"{until:013d}"
    if last <= first:
        return []
    start = None if after is None else {"agency_id": {"S": agency_id}, "id": {"S": after}}
    with storage_errors():
        found = AuditEvent.query(
            agency_id,
            AuditEvent.id.between(first, last),
            scan_index_forward=False,
            limit=limit,
            last_evaluated_key=start,
        )
        return list(found)
