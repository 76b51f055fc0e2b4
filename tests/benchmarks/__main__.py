"""`make bench`: measures the goals P1 to P13 and compares. Exits 1 when one is missed by too much.

BENCH_ONLY=P1,P9 measures those alone; BENCH_MILLION=1 adds the table of a million records to P8.
"""

from __future__ import annotations

import os
import signal
import sys
import time
from collections.abc import Callable, Iterable

from rich.console import Console

from tests.benchmarks import bundle, carriers, cold_start, storage, warm, worker
from tests.benchmarks.report import Row, table
from tests.benchmarks.stage import Stage, stage
from tests.world import ROOT

MEASUREMENTS: dict[str, Callable[[Stage], Iterable[Row]]] = {
    "P1": cold_start.cold_starts,
    "P2 P4": cold_start.modules_and_clients,
    "P3": cold_start.compiled,
    "P5": warm.warm_calls,
    "P6": storage.client_cost,
    "P7 P12": storage.round_trips,
    "P8": storage.pages,
    "P9 P10": carriers.waiting,
    "P11": bundle.weight,
    "P13": worker.wakeups,
}


HANGING = 20 * 60
"""Seconds after which the whole run is ended, whatever it waits for; it takes about five minutes."""


def main() -> int:
    signal.alarm(HANGING)
    console = Console(width=max(120, Console().width))
    only = set(filter(None, os.environ.get("BENCH_ONLY", "").split(",")))
    rows: list[Row] = []
    began = time.monotonic()
    sys.path.insert(0, str(ROOT / "shared"))
    with stage() as built:
        for numbers, measure in MEASUREMENTS.items():
            if only and not only & set(numbers.split()):
                continue
            console.print(f"{time.monotonic() - began:5.0f} s  {numbers} …", highlight=False)
            for row in measure(built):
                rows.append(row)
                console.print(f"        {row.what}: {row.measured} ({row.goal}) {row.floor}", highlight=False)
    rows.sort(key=lambda row: int(row.number[1:]))
    console.print(table(rows, "What was measured"))
    failed = [row for row in rows if row.verdict == "FAILED"]
    console.print(f"{len(rows)} figures in {time.monotonic() - began:.0f} s, {len(failed)} failed.", highlight=False)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
