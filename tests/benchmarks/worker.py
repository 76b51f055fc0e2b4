"""P13: how fast wake-ups are worked off."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

from tests.benchmarks.report import Row, at_least, told
from tests.benchmarks.sampling import in_turn, median_ratio
from tests.benchmarks.stage import Stage

WAKEUPS = 60
"""Of one sample and process."""

GOAL_OF_ONE, GOAL_OF_TWO = 0.5, 1.7


def wakeups(stage: Stage) -> Iterator[Row]:
    queue = stage.world.backends.client("sqs").create_queue(QueueName="benchmark")["QueueUrl"]
    with ExitStack() as closing:
        hand, ours = (
            [closing.enter_context(_worker(stage, queue, ours=kind)) for _ in range(2)] for kind in (False, True)
        )
        for each in (*hand, *ours):
            _rate(stage, queue, [each])  # warms up
        found = in_turn(
            {
                "by hand": lambda: _rate(stage, queue, hand[:1]),
                "ours": lambda: _rate(stage, queue, ours[:1]),
                "two by hand": lambda: _rate(stage, queue, hand),
                "two of ours": lambda: _rate(stage, queue, ours),
            }
        )
    floor = f"bare loop = {max(found['by hand']):.0f} a second"
    value = median_ratio(found["ours"], found["by hand"])
    yield at_least("P13", "wake-ups a second / receive, transact, delete by boto3", value, GOAL_OF_ONE, floor)
    value = median_ratio(found["two of ours"], found["ours"])
    limit = median_ratio(found["two by hand"], found["by hand"])
    what, floor = "wake-ups a second, two processes / one", f"{limit:.2f} for the bare loop"
    if limit < GOAL_OF_TWO:
        # The back ends and two workers have to share the processors: what the bare loop can't show, nobody can.
        yield told("P13", what, f"{value:.2f}", f"{floor}: too few idle processors for a verdict")
    else:
        yield at_least("P13", what, value, GOAL_OF_TWO, floor)


@contextmanager
def _worker(stage: Stage, queue: str, *, ours: bool) -> Iterator[subprocess.Popen[str]]:
    given = {
        "ours": ours,
        "queue": queue,
        "table": f"{stage.world.deployment.table_prefix}operations",
        "item": _operations(stage, 1)[0],
    }
    process = subprocess.Popen(
        stage.command("worker", given),
        env=stage.environment("RetryWorkerFunction"),
        cwd=stage.bundle.functions["RetryWorkerFunction"].code,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        yield process
    finally:
        process.communicate(timeout=60)


def _rate(stage: Stage, queue: str, workers: list[subprocess.Popen[str]]) -> float:
    """Wake-ups a second, with a queue full of them."""
    wanted = WAKEUPS * len(workers)
    _fill(stage, queue, wanted)
    for worker in workers:
        assert worker.stdin is not None
        worker.stdin.write("go\n")
        worker.stdin.flush()
    ended = []
    for worker in workers:
        assert worker.stdout is not None
        if not (line := worker.stdout.readline()):
            raise RuntimeError("a worker ended early")
        ended.append(json.loads(line))
    # A queue may give a message twice; none may be lost.
    if (count := sum(each["count"] for each in ended)) < wanted:
        raise RuntimeError(f"{count} of {wanted} wake-ups were handled")
    return wanted / max(float(each["seconds"]) for each in ended)


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
