"""AWS clients: one botocore session, one client per service and process, short timeouts."""

from __future__ import annotations

from functools import cache
from typing import Any

import botocore.session
from botocore.config import Config


@cache
def session() -> botocore.session.Session:
    return botocore.session.get_session()


@cache
def client(service: str, region: str) -> Any:
    """A botocore client that retries twice and waits 2 s for a connection, 5 s for an answer."""
    config = Config(
        connect_timeout=2,
        read_timeout=5,
        retries={"mode": "standard", "total_max_attempts": 3},
        parameter_validation=False,
        max_pool_connections=10,
    )
    return session().create_client(service, region_name=region, config=config)
