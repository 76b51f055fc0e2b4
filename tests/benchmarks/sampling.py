"""Paired samples: everything that is compared is measured in turn, so that a slow moment slows all of it."""

from __future__ import annotations

import os
import statistics
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

ROUNDS = 9


def in_turn(measures: Mapping[str, Callable[[], float]], rounds: int = ROUNDS) -> dict[str, list[float]]:
    """`rounds` samples of each measure, one of each at a time."""
    found: dict[str, list[float]] = {name: [] for name in measures}
    for _ in range(rounds):
        for name, measure in measures.items():
            found[name].append(measure())
    return found


def median_ratio(ours: Sequence[float], theirs: Sequence[float]) -> float:
    """The median of the pairs' ratios."""
    return statistics.median(one / other for one, other in zip(ours, theirs, strict=True))


def cpu_of_process(command: Sequence[str], environment: Mapping[str, str], folder: Path) -> float:
    """Seconds of processor time, user and system, that a process takes from its start to its end.

    Raises RuntimeError with its last words when it fails.
    """
    process = subprocess.Popen(command, env=environment, cwd=folder, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    assert process.stderr is not None
    with process.stderr:
        words = process.stderr.read().decode()
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode != 0:
        raise RuntimeError(f"{' '.join(command)} failed:\n{words[-2000:]}")
    return usage.ru_utime + usage.ru_stime


def cpu_of(action: Callable[[], object], times: int) -> float:
    """Seconds of processor time of this thread for one of `times` calls."""
    before = time.thread_time()
    for _ in range(times):
        action()
    return (time.thread_time() - before) / times


def wall_of(action: Callable[[], object], times: int) -> float:
    """Seconds for one of `times` calls."""
    before = time.monotonic()
    for _ in range(times):
        action()
    return (time.monotonic() - before) / times
