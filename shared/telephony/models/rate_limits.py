"""When the next request to a carrier account may go out: one item of table `operations` per account, for all workers.

Each request reserves a moment of its own, one after the other at an even distance, so that no second has more of them
than the account may take, however many workers there are.
"""

from __future__ import annotations

from pynamodb.attributes import NumberAttribute, UnicodeAttribute

from telephony import clock
from telephony.errors import StorageUnavailable
from telephony.models.base import Table, get, update_one

KEPT_FOR = 86400
"""Seconds after which an account that nobody asks any more is forgotten."""

ATTEMPTS = 20
"""Against other workers who reserve at the same moment."""


class RateLimit(Table):
    """`id` is `rate#<digest of the account>`. Times are seconds since the epoch."""

    table = "operations"

    class Meta:
        pass

    id = UnicodeAttribute(hash_key=True)
    next_at = NumberAttribute()
    expires_at = NumberAttribute()


def take_turn(account: str, per_second: float, longest: float) -> float | None:
    """Reserves the moment of one request and returns the seconds until then; None if it is further off than `longest`.

    `account` is kept: the carrier account's digest, not its name.
    """
    item = RateLimit(f"rate#{account}")
    interval = 1 / per_second
    for _ in range(ATTEMPTS):
        now = clock.now()
        expires = RateLimit.expires_at.set(int(now) + KEPT_FOR)
        waiting = (RateLimit.next_at > now) & (RateLimit.next_at <= now + longest)
        if update_one(item, [RateLimit.next_at.set(RateLimit.next_at + interval), expires], waiting):
            return max(0.0, item.next_at - interval - now)
        idle = RateLimit.id.does_not_exist() | (RateLimit.next_at <= now)
        if update_one(item, [RateLimit.next_at.set(now + interval), expires], idle):
            return 0.0
        found = get(RateLimit, item.id)
        if found is not None and found.next_at > now + longest:
            return None
    raise StorageUnavailable("The database is busy with the same record")
