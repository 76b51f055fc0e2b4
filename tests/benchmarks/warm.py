"""P5: a warm call of our frame, without I/O."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator

from tests.benchmarks.report import Row, ratio
from tests.benchmarks.sampling import ROUNDS, median_ratio
from tests.benchmarks.stage import Stage
from tests.world import event


def warm_calls(stage: Stage) -> Iterator[Row]:
    given = {"event": event("POST", "/benchmark", {"name": "+12125550100", "limit": 3}), "rounds": 3 * ROUNDS}
    done = subprocess.run(
        stage.command("warm", given),
        env=stage.environment("SiteFunction"),
        cwd=stage.scratch,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        check=False,
    )
    if done.returncode != 0:
        raise RuntimeError(done.stderr)
    rounds = json.loads(done.stderr.splitlines()[-1])
    hand, bare, quiet, logging = ([each[name] for each in rounds] for name in ("hand", "bare", "quiet", "logging"))
    floor = f"{median_ratio(bare, hand):.2f} for a bare resolver; by hand = {min(hand) * 1e6:.0f} µs CPU"
    yield ratio("P5", "warm call CPU / json and Pydantic by hand", median_ratio(quiet, hand), 9.0, floor)
    yield ratio("P5", "the same with its log line", median_ratio(logging, hand), 20.0)
