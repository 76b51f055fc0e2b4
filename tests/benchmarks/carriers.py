"""P9 and P10: what we add to the time that carriers take, and the connections that we open to them."""

from __future__ import annotations

import json
import statistics
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from typing import IO, Any

from tests.benchmarks.report import Row, count, ratio
from tests.benchmarks.sampling import ROUNDS
from tests.benchmarks.stage import Stage
from tests.world import World, event

LATENCY = 0.15
"""Seconds a simulated carrier takes for each call."""


class Served:
    """A warm function in a process of its own."""

    def __init__(self, requests: IO[str], answers: IO[str]) -> None:
        self._requests = requests
        self._answers = answers

    def __call__(self, given: dict[str, Any]) -> dict[str, Any]:
        print(json.dumps(given), file=self._requests, flush=True)
        line = self._answers.readline()
        answer: dict[str, Any] = json.loads(line or "{}")
        if answer.get("status") != 200:
            raise RuntimeError(f"{given['rawPath']}: {answer}")
        return answer


@contextmanager
def served(stage: Stage, function: str) -> Iterator[Served]:
    process = subprocess.Popen(
        stage.command("served", {}),
        env=stage.environment(function),
        cwd=stage.bundle.functions[function].code,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdin is not None
    assert process.stdout is not None
    try:
        yield Served(process.stdin, process.stdout)
    finally:
        process.stdin.close()
        process.stdout.close()
        process.wait(30)


def waiting(stage: Stage) -> Iterator[Row]:
    world = stage.world
    world.telnyx.simulator.change_settings({"order_delay": 0.0})
    tokens = [world.api_token(world.new_agency()[0]) for _ in range(ROUNDS + 1)]
    provisions = [event("POST", "/provision-telephony", {}, _bearer(token)) for token in tokens]
    yield from _measured(stage, "provision", "ProvisionTelephonyFunction", provisions, 1.05)
    numbers = [each.number for each in list(world.telnyx.simulator.for_sale())[: ROUNDS + 1]]
    bodies = [{"phone_number": number, "provider": "telnyx"} for number in numbers]
    purchases = [event("POST", "/phone-numbers/purchase", body, _bearer(tokens[0])) for body in bodies]
    yield from _measured(stage, "purchase", "PurchaseNumberFunction", purchases, 1.10)
    verifies = [event("GET", "/verify-telephony-config", None, _bearer(token)) for token in tokens]
    yield from _side_by_side(stage, "verify", "TelephonyIntegrationFunction", verifies, 1.10)


def _bearer(token: str) -> dict[str, str]:
    return {"authorization": f"Bearer {token}"}


def _measured(stage: Stage, name: str, function: str, requests: list[dict[str, Any]], goal: float) -> Iterator[Row]:
    world = stage.world
    with served(stage, function) as serve:
        serve(requests[0])
        connections = _connections(world)
        for server in world.servers.values():
            server.simulator.change_settings({"latency": LATENCY})
        answers = [serve(request) for request in requests[1:]]
        for server in world.servers.values():
            server.simulator.change_settings({"latency": 0.0})
        opened = _connections(world) - connections
    value = statistics.median(each["wall"] / each["carriers"] for each in answers)
    aws = statistics.median(each["aws"] / each["carriers"] for each in answers)
    floor = f"{1 + aws:.2f} with AWS's answers alone"
    yield ratio("P9", f"{name}: wall / sum of its carrier calls ({LATENCY * 1000:.0f} ms)", value, goal, floor)
    yield count("P10", f"{name}: new carrier connections in {len(answers)} warm runs", opened, 0)


def _side_by_side(stage: Stage, name: str, function: str, requests: list[dict[str, Any]], goal: float) -> Iterator[Row]:
    """What asks several carriers at the same time: against the slowest of them."""
    simulators = [server.simulator for server in stage.world.servers.values()]
    with served(stage, function) as serve:
        serve(requests[0])
        for simulator in simulators:
            simulator.change_settings({"latency": LATENCY})
        answers = [serve(request) for request in requests[1:]]
        for simulator in simulators:
            simulator.change_settings({"latency": 0.0})
    value = statistics.median(each["wall"] / each["longest"] for each in answers)
    aws = statistics.median(each["aws"] / each["longest"] for each in answers)
    floor = f"{1 + aws:.2f} with AWS's answers one by one"
    yield ratio("P9", f"{name}: wall / its slowest carrier call ({LATENCY * 1000:.0f} ms)", value, goal, floor)


def _connections(world: World) -> int:
    return sum(server.connections for server in world.servers.values())
