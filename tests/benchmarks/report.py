"""What a measurement says, judged against its goal, and the table of all of them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from rich.table import Table

TOLERANCE = 1.25
"""A ratio fails past this many times its goal: machines are noisy. A count has no tolerance."""

Verdict = Literal["reached", "missed", "FAILED", "told"]

_COLOURS = {"reached": "green", "missed": "yellow", "FAILED": "bold red", "told": "dim"}


@dataclass(frozen=True)
class Row:
    number: str
    what: str
    goal: str
    measured: str
    floor: str
    verdict: Verdict


def ratio(number: str, what: str, value: float, goal: float, floor: str = "") -> Row:
    """A ratio that is better the smaller it is."""
    verdict: Verdict = "reached" if value <= goal else "missed" if value <= goal * TOLERANCE else "FAILED"
    return Row(number, what, f"≤ {goal:.2f}", f"{value:.2f}", floor, verdict)


def at_least(number: str, what: str, value: float, goal: float, floor: str = "") -> Row:
    """A ratio that is better the larger it is."""
    verdict: Verdict = "reached" if value >= goal else "missed" if value >= goal / TOLERANCE else "FAILED"
    return Row(number, what, f"≥ {goal:.2f}", f"{value:.2f}", floor, verdict)


def count(number: str, what: str, value: float, goal: float, floor: str = "") -> Row:
    """A number of things, or a size: it fails as soon as it is past its goal."""
    return Row(number, what, f"≤ {goal:g}", f"{value:g}", floor, "reached" if value <= goal else "FAILED")


def told(number: str, what: str, measured: str, floor: str = "") -> Row:
    """A figure that has no goal."""
    return Row(number, what, "–", measured, floor, "told")


def table(rows: Iterable[Row], title: str) -> Table:
    made = Table(title=title, title_justify="left")
    for name in ("#", "what", "goal", "measured", "floor in the same run", "verdict"):
        made.add_column(name, justify="right" if name in ("goal", "measured") else "left")
    for row in rows:
        colour = _COLOURS[row.verdict]
        made.add_row(row.number, row.what, row.goal, row.measured, row.floor, f"[{colour}]{row.verdict}[/]")
    return made
