"""An agency's assistants: what its numbers can be assigned to."""

from __future__ import annotations

import random
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from telephony import clock
from telephony.errors import Conflict, NotFound
from telephony.models import agencies, assistants, audit_events
from telephony.models.assistants import Assistant
from telephony.models.base import commit
from telephony.services.cursors import Cursors
from telephony.values import Principal

PAGE_SIZE = 100

CREATE_ATTEMPTS = 8
"""Two that create at once may want the same id; the one that comes second takes the next."""

WIRED_FIELDS = ("telephony_provider", "connection_id", "messaging_profile_id")
"""What numbers were set up with at their carrier when they were assigned."""

Data = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Page:
    assistants: list[Data]
    next_cursor: str | None


class Assistants:
    def __init__(self, cursors: Cursors) -> None:
        self._cursors = cursors

    def page(self, principal: Principal, cursor: str | None = None) -> Page:
        """By id, 100 at the most. Raises `InvalidRequest` (`invalid_cursor`)."""
        scope = ("assistants", principal.agency_id)
        after = self._cursors.open(scope, cursor)["after"] if cursor else 0
        read = assistants.page(principal.agency_id, after, PAGE_SIZE + 1)
        shown = read[:PAGE_SIZE]
        next_cursor = self._cursors.seal(scope, {"after": int(shown[-1].id)}) if len(read) > PAGE_SIZE else None
        return Page([describe(each) for each in shown], next_cursor)

    def get(self, principal: Principal, assistant_id: int) -> Data:
        """Raises `NotFound`."""
        return describe(_require(principal, assistant_id))

    def create(self, principal: Principal, values: Mapping[str, Any]) -> Data:
        """`values` are the schema's fields. Raises `NotFound` without the agency."""
        for attempt in range(1, CREATE_ATTEMPTS + 1):
            agency = agencies.find(principal.agency_id)
            if agency is None:
                raise NotFound("Agency not found", code="agency_not_found")
            now = clock.now_ms()
            assistant = Assistant(
                principal.agency_id, int(agency.last_assistant_id) + 1, created_at=now, updated_at=now, **values
            )
            created = audit_events.record(
                principal.agency_id, "assistant.created", principal.caller_id, _subject(assistant), **values
            )
            try:
                commit(*assistants.create(assistant), created)
            except Conflict:
                if attempt == CREATE_ATTEMPTS:
                    raise
                time.sleep(random.uniform(0, 0.02 * attempt))
            else:
                break
        return describe(assistant)

    def update(self, principal: Principal, assistant_id: int, changes: Mapping[str, Any]) -> Data:
        """`changes`: only the fields to change. A new name shows on numbers that are assigned from now on.

        Raises `NotFound`, `Conflict` (`assistant_in_use`) for what numbers assigned to it were set up with.
        """
        assistant = _require(principal, assistant_id)
        before = {name: getattr(assistant, name) for name in changes}
        changed = {name: value for name, value in changes.items() if value != before[name]}
        if assistant.numbers > 0 and (wired := [name for name in WIRED_FIELDS if name in changed]):
            raise Conflict(
                f"Phone numbers are assigned to this assistant: {', '.join(wired)} can't change",
                code="assistant_in_use",
                fix="Assign the numbers to another assistant, or to none, first.",
            )
        if changed:
            for name, value in changed.items():
                setattr(assistant, name, value)
            commit(
                assistants.replace(assistant),
                audit_events.record(
                    principal.agency_id,
                    "assistant.updated",
                    principal.caller_id,
                    _subject(assistant),
                    before={name: before[name] for name in changed},
                    after=changed,
                ),
            )
        return describe(assistant)

    def delete(self, principal: Principal, assistant_id: int) -> None:
        """Raises `NotFound`, `Conflict` (`assistant_in_use`) while numbers are assigned to it."""
        assistant = _require(principal, assistant_id)
        deleted = audit_events.record(
            principal.agency_id, "assistant.deleted", principal.caller_id, _subject(assistant), name=assistant.name
        )
        try:
            commit(assistants.remove(assistant), deleted)
        except Conflict:
            _require(principal, assistant_id)  # deleted by someone else meanwhile?
            raise


def _require(principal: Principal, assistant_id: int) -> Assistant:
    assistant = assistants.find(principal.agency_id, assistant_id)
    if assistant is None:
        raise NotFound("Assistant not found", code="assistant_not_found")
    return assistant


def _subject(assistant: Assistant) -> str:
    return f"assistant/{int(assistant.id)}"


def describe(assistant: Assistant) -> Data:
    """An assistant as its schema takes it."""
    return {
        "id": assistant.id,
        "name": assistant.name,
        "telephony_provider": assistant.telephony_provider,
        "ultravox_agent_id": assistant.ultravox_agent_id,
        "connection_id": assistant.connection_id,
        "messaging_profile_id": assistant.messaging_profile_id,
        "numbers": assistant.numbers,
        "created_at": clock.iso(assistant.created_at / 1000),
        "updated_at": clock.iso(assistant.updated_at / 1000),
    }
