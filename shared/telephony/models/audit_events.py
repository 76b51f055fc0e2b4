"""Table `audit_events`: who did what, when, in one agency. Written in the transaction of what it tells."""

from __future__ import annotations

import secrets
from typing import Any

from pynamodb.attributes import JSONAttribute, NumberAttribute, UnicodeAttribute

from telephony import clock
from telephony.models.base import Table, Write, put

KEPT_FOR = 400 * 86400
"""Seconds: a year and a month, so that a yearly review finds the whole year."""


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
