"""EventBridge's schedules: each rate(...) of the template on a thread, with a knob for time."""

import datetime
import json
import re
import threading
import uuid
from collections.abc import Callable
from typing import Any

from local.cloudformation import ACCOUNT, REGION
from local.errors import StackError
from local.runtime import Result
from local.template import Schedule

_UNITS = {"minute": 60, "hour": 3600, "day": 86400}


def seconds_of(expression: str) -> int:
    """Seconds between two runs of ``rate(N minutes|hours|days)``. Raises StackError for anything else."""
    found = re.fullmatch(r"rate\((\d+) (minute|hour|day)s?\)", expression)
    if found is None:
        raise StackError(f"The embedded stack runs schedules such as rate(1 minute), not {expression}.")
    return int(found[1]) * _UNITS[found[2]]


class Clock:
    """Runs one schedule until it is closed. ``scale`` makes time faster: at 60 a minute takes a second."""

    def __init__(self, schedule: Schedule, invoke: Callable[[str, Any], Result], *, scale: float = 1.0) -> None:
        self._schedule = schedule
        self._invoke = invoke
        self._interval = seconds_of(schedule.expression) / scale
        self._closing = threading.Event()
        self._thread = threading.Thread(target=self._run, name=f"schedule-{schedule.function}", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        """Starts no further run."""
        self._closing.set()

    def close(self) -> None:
        """Waits for the run under way."""
        self.stop()
        self._thread.join()

    def _run(self) -> None:
        while not self._closing.wait(self._interval):
            self.fire()

    def fire(self) -> Result:
        """Invokes the function once, now."""
        return self._invoke(self._schedule.function, self._event())

    def _event(self) -> Any:
        if self._schedule.input is not None:
            return json.loads(self._schedule.input)
        return {
            "version": "0",
            "id": str(uuid.uuid4()),
            "detail-type": "Scheduled Event",
            "source": "aws.events",
            "account": ACCOUNT,
            "time": datetime.datetime.now(datetime.UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
            "region": REGION,
            "resources": [f"arn:aws:events:{REGION}:{ACCOUNT}:rule/{self._schedule.name}"],
            "detail": {},
        }
