"""The time, in one place, so that tests can move it. Call as `clock.now()`."""

from __future__ import annotations

import time
from dataclasses import dataclass


def now() -> float:
    """Seconds since the epoch."""
    return time.time()


def now_ms() -> int:
    return int(now() * 1000)


def iso(timestamp: float | None) -> str | None:
    """RFC 3339 in UTC with milliseconds, or None for None."""
    if timestamp is None:
        return None
    whole = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(timestamp))
    return f"{whole}.{int(timestamp * 1000) % 1000:03d}Z"


@dataclass(frozen=True, slots=True)
class Deadline:
    """When this invocation must have ended, on the monotonic clock."""

    at: float

    @classmethod
    def after(cls, seconds: float) -> Deadline:
        return cls(time.monotonic() + seconds)

    def remaining(self) -> float:
        """Seconds left; negative once it has passed."""
        return self.at - time.monotonic()
