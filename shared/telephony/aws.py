"""AWS clients: one botocore session, one client per service and process, short timeouts.

A service that falls silent must not use up the function's time: what is asked of it next is to tell so. Twice two
seconds and a pause of one at the most is what `MARGIN_SECONDS` of the transport keeps back; a test holds the two
together.
"""

from __future__ import annotations

from functools import cache
from typing import Any

import botocore
import botocore.session
from botocore.config import Config

CONNECT_SECONDS = 1
READ_SECONDS = 2
ATTEMPTS = 2
"""The second is for a pooled connection that died while the function was frozen, and for a single throttled call."""

SEND_SECONDS = 1
"""For the queue, which is told after the journal was written. A wake-up that is lost costs a minute, nothing else."""

USER_AGENT = f"telephony botocore/{botocore.__version__}"
"""Given, because botocore puts its own together anew for each request: a tenth of the request's processor time."""


@cache
def session() -> botocore.session.Session:
    return botocore.session.get_session()


@cache
def client(service: str, region: str) -> Any:
    """The botocore client of a service, e.g. `dynamodb`."""
    return session().create_client(service, region_name=region, config=config(service))


def config(service: str) -> Config:
    return Config(
        connect_timeout=CONNECT_SECONDS,
        read_timeout=SEND_SECONDS if service == "sqs" else READ_SECONDS,
        retries={"mode": "standard", "total_max_attempts": ATTEMPTS},
        parameter_validation=False,
        max_pool_connections=10,
        user_agent=USER_AGENT,
    )
