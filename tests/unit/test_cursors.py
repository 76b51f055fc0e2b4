"""Cursors: good for the list they were made for, and nothing else."""

from __future__ import annotations

import base64

import pytest
from telephony.errors import CredentialsUnavailable, InvalidRequest
from telephony.services.cursors import Cursors

KEY, NEW_KEY = "k" * 64, "n" * 64
SCOPE = ("operations", "agency", None, "purchase_number")
POSITION = {"seen": 20, "after": "0001#phone_ü", "total": 70}


@pytest.fixture
def cursors() -> Cursors:
    return Cursors(lambda: [KEY, ""])


def test_a_cursor_opens_to_what_was_sealed(cursors: Cursors) -> None:
    assert cursors.open(SCOPE, cursors.seal(SCOPE, POSITION)) == POSITION


def test_a_cursor_needs_no_escaping_in_a_query(cursors: Cursors) -> None:
    assert cursors.seal(SCOPE, POSITION).replace("-", "").replace("_", "").isalnum()


@pytest.mark.parametrize(
    "scope",
    [
        ("audit-events", "agency", None, "purchase_number"),
        ("operations", "another", None, "purchase_number"),
        ("operations", "agency", "FAILED", "purchase_number"),
        ("operations", "agency", None, None),
        ("operations", "agency", "purchase_number", None),
        ("operations", "agency", "None", "purchase_number"),
        ("operations", "agency"),
    ],
)
def test_a_cursor_is_bound_to_its_list(cursors: Cursors, scope: tuple[str | None, ...]) -> None:
    sealed = cursors.seal(SCOPE, POSITION)
    with pytest.raises(InvalidRequest) as refused:
        cursors.open(scope, sealed)
    assert refused.value.code == "invalid_cursor"


def test_no_bit_of_a_cursor_can_be_changed(cursors: Cursors) -> None:
    raw = base64.urlsafe_b64decode(_padded(cursors.seal(SCOPE, POSITION)))
    for index in range(len(raw)):
        changed = raw[:index] + bytes([raw[index] ^ 1]) + raw[index + 1 :]
        with pytest.raises(InvalidRequest):
            cursors.open(SCOPE, base64.urlsafe_b64encode(changed).decode())


@pytest.mark.parametrize(
    "made_up", ["x", "=", "é", "\ud800", "AAAA", "a" * 2000, "../..", " ", "\x00", "eyJzZWVuIjowfQ"]
)
def test_what_was_never_sealed_is_refused(cursors: Cursors, made_up: str) -> None:
    with pytest.raises(InvalidRequest) as refused:
        cursors.open(SCOPE, made_up)
    assert refused.value.code == "invalid_cursor"
    assert refused.value.details["errors"][0]["field"] == "cursor"


def test_a_rotation_keeps_the_cursors_that_are_out(cursors: Cursors) -> None:
    # given a cursor of before the rotation
    old = cursors.seal(SCOPE, POSITION)
    # when the key becomes the previous one
    during = Cursors(lambda: [NEW_KEY, KEY])
    # then both are accepted, and new cursors are sealed with the new key
    assert during.open(SCOPE, old) == POSITION
    assert Cursors(lambda: [NEW_KEY]).open(SCOPE, during.seal(SCOPE, POSITION)) == POSITION
    # and after it the old one is refused
    with pytest.raises(InvalidRequest):
        Cursors(lambda: [NEW_KEY]).open(SCOPE, old)


def test_without_a_key_there_are_no_cursors() -> None:
    keyless = Cursors(lambda: ["", ""])
    with pytest.raises(CredentialsUnavailable):
        keyless.seal(SCOPE, POSITION)
    with pytest.raises(CredentialsUnavailable):
        keyless.open(SCOPE, "AAAA")


def _padded(text: str) -> str:
    return text + "=" * (-len(text) % 4)
