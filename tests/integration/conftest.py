"""What the integration tests set up and watch beside the world itself."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest
from botocore.httpsession import URLLib3Session

from tests.world import World

Setting = Callable[..., None]


@pytest.fixture
def setting(world: World, monkeypatch: pytest.MonkeyPatch) -> Setting:
    """`setting(RESOURCE_PREFIX="Acme")`: what the functions read from now on."""
    from telephony import bootstrap

    def change(**variables: str) -> None:
        for name, value in variables.items():
            monkeypatch.setenv(name, value)
        bootstrap.container.cache_clear()

    return change


@pytest.fixture
def aws_calls(monkeypatch: pytest.MonkeyPatch) -> Counter[str]:
    """Requests to AWS from now on, by service and operation as in `dynamodb GetItem`, counted at the HTTP layer."""
    seen: Counter[str] = Counter()
    send = URLLib3Session.send

    def counted(session: Any, request: Any) -> Any:
        target = request.headers.get("X-Amz-Target", b"? ?")
        service, _, operation = (target.decode() if isinstance(target, bytes) else target).partition(".")
        seen[f"{service.split('_')[0].lower()} {operation}"] += 1
        return send(session, request)

    monkeypatch.setattr(URLLib3Session, "send", counted)
    return seen


@pytest.fixture
def items(world: World) -> Callable[[str], list[dict[str, Any]]]:
    """All items of one of the template's tables, as DynamoDB stores them."""

    def read(table: str) -> list[dict[str, Any]]:
        client = world.backends.client("dynamodb")
        found: list[dict[str, Any]] = []
        for page in client.get_paginator("scan").paginate(TableName=world.deployment.table_prefix + table):
            found.extend(page["Items"])
        return found

    return read
