"""The turns of a carrier account: one after the other at an even distance, for all who ask, and never too far off."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from telephony import clock
from telephony.models.rate_limits import RateLimit, take_turn

from tests.world import World


@pytest.fixture
def still(world: World, monkeypatch: pytest.MonkeyPatch) -> float:
    """A clock that stands still."""
    now = world.now()
    monkeypatch.setattr(clock, "now", lambda: now)
    return now


def test_turns_are_apart_by_the_rate(still: float) -> None:
    turns = [take_turn("account", 4, 10) for _ in range(4)]

    assert turns == pytest.approx([0.0, 0.25, 0.5, 0.75], abs=1e-5)


def test_accounts_have_lines_of_their_own(still: float) -> None:
    take_turn("one", 1, 10)

    assert take_turn("another", 1, 10) == 0.0


def test_a_line_that_is_too_long_is_not_joined(still: float) -> None:
    turns = [take_turn("account", 1, 2.5) for _ in range(5)]

    assert turns[:3] == pytest.approx([0.0, 1.0, 2.0], abs=1e-5)
    assert turns[3:] == [None, None]
    assert take_turn("account", 1, 60) == pytest.approx(3.0, abs=1e-5)


def test_an_idle_line_owes_nothing(world: World) -> None:
    for _ in range(5):
        take_turn("account", 1, 60)
    world.pass_time(3600)

    assert take_turn("account", 1, 60) == 0.0


def test_no_two_workers_get_the_same_turn(still: float) -> None:
    with ThreadPoolExecutor(8) as pool:
        turns: list[Any] = list(pool.map(lambda _: take_turn("account", 10, 60), range(40)))

    assert sorted(turns) == pytest.approx([each / 10 for each in range(40)], abs=1e-4)


def test_an_account_that_nobody_asks_any_more_is_forgotten(still: float) -> None:
    take_turn("account", 1, 10)

    [item] = RateLimit.scan(RateLimit.id.startswith("rate#"))
    assert item.expires_at > still
