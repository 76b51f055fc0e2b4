"""Table `assistants`: what a number can be assigned to. Ids count up per agency."""

from __future__ import annotations

from pynamodb.attributes import NumberAttribute, UnicodeAttribute

from telephony import clock
from telephony.errors import Conflict, NotFound
from telephony.models.agencies import Agency
from telephony.models.base import Table, Write, delete, get, put, storage_errors, update


class Assistant(Table):
    table = "assistants"

    class Meta:
        pass

    agency_id = UnicodeAttribute(hash_key=True)
    id = NumberAttribute(range_key=True)
    name = UnicodeAttribute()
    telephony_provider = UnicodeAttribute(null=True)
    ultravox_agent_id = UnicodeAttribute(null=True)
    connection_id = UnicodeAttribute(null=True)
    """The Telnyx connection its numbers ring at; None: the agency's own application."""
    messaging_profile_id = UnicodeAttribute(null=True)
    numbers = NumberAttribute(default=0)
    """How many live numbers are assigned to it."""
    revision = NumberAttribute(default=1)
    created_at = NumberAttribute()
    updated_at = NumberAttribute()


def find(agency_id: str, assistant_id: int) -> Assistant | None:
    return get(Assistant, agency_id, assistant_id)


def page(agency_id: str, after: int, limit: int) -> list[Assistant]:
    """By id, from the one after `after`: `limit` items read."""
    with storage_errors():
        return list(Assistant.query(agency_id, Assistant.id > after, consistent_read=True, limit=limit))


def create(assistant: Assistant) -> list[Write]:
    """Takes the id after the agency's last one; fails with `Conflict` when another took it meanwhile."""
    unchanged = Agency.last_assistant_id == assistant.id - 1
    if assistant.id == 1:
        unchanged = unchanged | Agency.last_assistant_id.does_not_exist()
    return [
        update(
            Agency(f"agency#{assistant.agency_id}"),
            [Agency.last_assistant_id.set(assistant.id)],
            Agency.pk.exists() & unchanged,
            _changed,
        ),
        put(assistant, Assistant.id.does_not_exist(), _changed),
    ]


def replace(assistant: Assistant) -> Write:
    """Writes back a record that was read; fails with `Conflict` if it was changed or deleted meanwhile."""
    read = assistant.revision
    assistant.revision = read + 1
    assistant.updated_at = clock.now_ms()
    return put(assistant, Assistant.revision == read, _changed)


def remove(assistant: Assistant) -> Write:
    """Fails with `Conflict` while numbers are assigned to it."""
    return delete(
        assistant,
        Assistant.id.exists() & (Assistant.numbers == 0),
        lambda: Conflict(
            "Phone numbers are assigned to this assistant",
            code="assistant_in_use",
            fix="Assign the numbers to another assistant, or to none, first.",
        ),
    )


def count_number(agency_id: str, assistant_id: int, change: int) -> Write:
    """One number more (1) or less (-1) on an assistant; fails with `NotFound` if it was deleted meanwhile."""
    return update(
        Assistant(agency_id, assistant_id),
        [Assistant.numbers.add(change), Assistant.revision.add(1)],
        Assistant.id.exists(),
        lambda: NotFound("Assistant not found", code="assistant_not_found"),
    )


def _changed() -> Conflict:
    return Conflict("The assistant was changed meanwhile", fix="Read it again and repeat the request.")
