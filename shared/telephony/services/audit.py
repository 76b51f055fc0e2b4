"""Reading the audit trail."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from telephony import clock
from telephony.errors import InvalidRequest
from telephony.models import audit_events
from telephony.models.audit_events import AuditEvent
from telephony.services.cursors import Cursors
from telephony.values import Principal

PAGE_SIZE = 50

MAX_MILLISECONDS = 10**13 - 1
"""What the thirteen digits of an event's id can say: the year 2286."""


@dataclass(frozen=True, slots=True)
class Page:
    events: list[dict[str, Any]]
    next_cursor: str | None


class AuditTrail:
    def __init__(self, cursors: Cursors) -> None:
        self._cursors = cursors

    def page(
        self, principal: Principal, *, since: int | None = None, until: int | None = None, cursor: str | None = None
    ) -> Page:
        """Newest first, 50 at the most, from the millisecond `since` to `until`, which is not included.

        One query of 51 items. Raises `InvalidRequest` (`invalid_cursor`, or for a time out of range).
        """
        for name, value in (("from", since), ("to", until)):
            if value is not None and not 0 <= value <= MAX_MILLISECONDS:
                raise InvalidRequest.field(name, "must be a time between 1970 and 2286")
        scope = ("audit-events", principal.agency_id, since, until)
        after = self._cursors.open(scope, cursor)["after"] if cursor else None
        last = MAX_MILLISECONDS if until is None else until
        read = audit_events.newest(principal.agency_id, since or 0, last, PAGE_SIZE + 1, after)
        shown = read[:PAGE_SIZE]
        next_cursor = self._cursors.seal(scope, {"after": shown[-1].id}) if len(read) > PAGE_SIZE else None
        return Page([describe(event) for event in shown], next_cursor)


def describe(event: AuditEvent) -> dict[str, Any]:
    """An event as its schema takes it."""
    return {
        "id": event.id,
        "at": clock.iso(int(event.id.split("#")[0]) / 1000),
        "action": event.action,
        "actor": event.actor,
        "subject": event.subject,
        "details": event.details or {},
    }
