"""Updates of one item are merged, since a transaction takes one action an item."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest
from pynamodb.exceptions import CancellationReason, TransactWriteError, VerboseClientError
from telephony.errors import Conflict, StorageUnavailable
from telephony.models import agencies, audit_events, base
from telephony.models.agencies import Agency
from telephony.models.base import Write, commit, update


@pytest.fixture
def sent(monkeypatch: pytest.MonkeyPatch) -> list[Write]:
    """What a commit would have sent."""
    writes: list[Write] = []

    def transact(given: Sequence[Write], _token: str) -> None:
        writes.extend(given)

    monkeypatch.setattr(base, "_transact", transact)
    return writes


def changes(write: Write) -> dict[str, Any]:
    """Attribute → value it is set to, or None where it is removed."""
    found = {}
    for action in write.actions:
        name, *value = action.values
        found[str(name)] = next(iter(value[0].value.values())) if value else None
    return found


def test_two_updates_of_an_item_become_one_and_the_last_word_counts(sent: list[Write]) -> None:
    commit(
        agencies.set_telephony("a", telnyx_application_id="1", telephony_configured=False),
        agencies.set_telephony("a", telnyx_application_id="2", telnyx_outbound_profile_id="9"),
        agencies.set_telephony("a", telephony_configured=True, telephony_operation_id=None),
    )

    [write] = sent
    told = changes(write)
    assert told.pop("updated_at")
    assert told == {
        "telnyx_application_id": "2",
        "telnyx_outbound_profile_id": "9",
        "telephony_configured": True,
        "telephony_operation_id": None,
    }


def test_removing_and_setting_take_each_others_place(sent: list[Write]) -> None:
    commit(
        agencies.set_telephony("a", telnyx_application_id=None),
        agencies.set_telephony("a", telnyx_application_id="1"),
    )
    assert changes(sent[0])["telnyx_application_id"] == "1"


def test_all_their_conditions_must_hold(sent: list[Write]) -> None:
    first, second = Agency.name == "Acme", Agency.org_handle == "acme"
    commit(
        update(Agency("agency#a"), [Agency.name.set("B")], first),
        update(Agency("agency#a"), [Agency.org_handle.set("b")]),
        update(Agency("agency#a"), [Agency.product_ids.set([])], second),
    )
    assert str(sent[0].condition) == str(first & second)


def test_other_items_and_other_kinds_of_write_stay_apart(sent: list[Write]) -> None:
    commit(
        agencies.set_telephony("a", telephony_configured=True),
        agencies.set_telephony("b", telephony_configured=True),
        audit_events.record("a", "one", "operator"),
        audit_events.record("a", "two", "operator"),
    )
    assert [write.kind for write in sent] == ["update", "update", "put", "put"]


def test_two_events_at_the_same_moment_are_two(sent: list[Write]) -> None:
    commit(*(audit_events.record("a", "same", "operator") for _ in range(50)))
    assert len({write.item.id for write in sent}) == 50


def collision(code: str) -> TransactWriteError:
    reasons = [CancellationReason("TransactionConflict")] if code == "TransactionCanceledException" else []
    error = VerboseClientError({"Error": {"Code": code}}, "TransactWriteItems", {}, cancellation_reasons=reasons)
    return TransactWriteError("collision", error)


IN_PROGRESS, CANCELLED = collision("TransactionInProgressException"), collision("TransactionCanceledException")
"""The same transaction is still under way, by a try before; another one was at work on the same item."""


def test_a_collision_is_tried_again_a_few_times(monkeypatch: pytest.MonkeyPatch) -> None:
    # given a record that another transaction is always at work on
    tries: list[Sequence[Write]] = []
    waits: list[float] = []

    def transact(given: Sequence[Write], _token: str) -> None:
        tries.append(given)
        raise CANCELLED

    monkeypatch.setattr(base, "_transact", transact)
    monkeypatch.setattr(base.time, "sleep", waits.append)
    # when something is to be written, then it is tried six times, with waits that differ
    with pytest.raises(StorageUnavailable, match="busy"):
        commit(audit_events.record("a", "one", "operator"))
    assert len(tries) == 6
    assert len(set(waits)) == 5


def test_only_what_certainly_was_not_done_is_begun_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    # given a transaction that is under way twice, then cancelled, then under way again
    answers: list[TransactWriteError | None] = [IN_PROGRESS, IN_PROGRESS, CANCELLED, IN_PROGRESS, None]
    tokens: list[str] = []

    def transact(_given: Sequence[Write], token: str) -> None:
        tokens.append(token)
        if answer := answers[len(tokens) - 1]:
            raise answer

    monkeypatch.setattr(base, "_transact", transact)
    monkeypatch.setattr(base.time, "sleep", lambda _seconds: None)
    # when it is written, then its name changes after the cancellation alone
    commit(audit_events.record("a", "one", "operator"))
    assert [tokens.index(token) for token in tokens] == [0, 0, 0, 3, 3]


def test_a_write_without_a_conflict_of_its_own_has_the_usual_one() -> None:
    assert isinstance(update(Agency("agency#a"), []).conflict(), Conflict)
