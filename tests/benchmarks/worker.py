"""P13: how fast wake-ups are worked off."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from typing import Any

from tests.benchmarks.report import Row, at_least
from tests.benchmarks.sampling import in_turn, median_ratio
from tests.benchmarks.stage import Stage

WAKEUPS = 100
"""Of one sample."""


def wakeups(stage: Stage) -> Iterator[Row]:
    queue = stage.world.backends.client("sqs").create_queue(QueueName="benchmark")["QueueUrl"]
    found = in_turn(
        {
            "by hand": lambda: _rate(stage, queue, ours=False, processes=1),
            "one": lambda: _rate(stage, queue, ours=True, processes=1),
            "two": lambda: _rate(stage, queue, ours=True, processes=2),
        }
    )
    floor = f"bare loop = {max(found['by hand']):.0f} a second"
    value = median_ratio(found["one"], found["by hand"])
    yield at_least("P13", "wake-ups a second / receive, transact, delete by boto3", value, 0.5, floor)
    yield at_least("P13", "wake-ups a second, two processes / one", median_ratio(found["two"], found["one"]), 1.7)


def _rate(stage: Stage, queue: str, *, ours: bool, processes: int) -> float:
    """Wake-ups a second, with a queue full of them."""
    world = stage.world
    command = stage.command(
        "worker",
        {
            "ours": ours,
            "queue": queue,
            "table": f"{world.deployment.table_prefix}operations",
            "item": _operations(stage, 1)[0],
        },
    )
    started = [
        subprocess.Popen(
            command,
            env=stage.environment("RetryWorkerFunction"),
            cwd=stage.bundle.functions["RetryWorkerFunction"].code,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for _ in range(processes)
    ]
    try:
        for process in started:
            _line(process)
        _fill(stage, queue, WAKEUPS * processes)
        for process in started:
            assert process.stdin is not None
            process.stdin.write("go\n")
            process.stdin.flush()
        ended = [json.loads(_line(process)) for process in started]
    finally:
        for process in started:
            process.communicate(timeout=60)
    if (count := sum(each["count"] for each in ended)) != WAKEUPS * processes:
        raise RuntimeError(f"{count} of {WAKEUPS * processes} wake-ups were handled")
    return count / max(float(each["seconds"]) for each in ended)


def _line(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None
    line = process.stdout.readline()
    if not line:
        raise RuntimeError("the worker ended early")
    return line


def _operations(stage: Stage, number: int) -> list[dict[str, Any]]:
    """Operations that are due, as DynamoDB stores them."""
    from telephony import clock
    from telephony.models import operations
    from telephony.models.operations import Operation

    now = clock.now()
    made = []
    for _ in range(number):
        operation = Operation(
            operations.new_id(),
            kind="benchmark",
            agency_id=stage.world.agency_id,
            actor="benchmark",
            input={"public_base_url": "https://telephony.example.com/api/v1"},
            created_at=now,
            updated_at=now,
        )
        operation.schedule(now)
        made.append(operation.serialize())
    return made


def _fill(stage: Stage, queue: str, number: int) -> None:
    """Stores that many operations, each with its wake-up."""
    world = stage.world
    dynamodb, sqs = world.backends.client("dynamodb"), world.backends.client("sqs")
    table, items = f"{world.deployment.table_prefix}operations", _operations(stage, number)
    for start in range(0, number, 10):
        batch = items[start : start + 10]
        dynamodb.batch_write_item(RequestItems={table: [{"PutRequest": {"Item": item}} for item in batch]})
        entries = [
            {"Id": str(position), "MessageBody": json.dumps({"operation_id": item["id"]["S"]})}
            for position, item in enumerate(batch)
        ]
        sqs.send_message_batch(QueueUrl=queue, Entries=entries)
