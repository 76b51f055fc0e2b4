"""What the integration tests set up and watch beside the world itself."""

from __future__ import annotations

import io
import json
import logging
from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from botocore.exceptions import ClientError
from botocore.httpsession import URLLib3Session
from telephony.clock import Deadline
from telephony.values import Principal, ProviderType, Role

from local.simulators.server import Server
from local.testing import Backends
from tests.conftest import new_world
from tests.world import World

Setting = Callable[..., None]


def store_key(agency_id: str, provider: ProviderType, key: str, *, validate: bool = False, **meta: str) -> None:
    """Puts an API key into an agency's default configuration of a provider."""
    from telephony.bootstrap import container
    from telephony.services.saving import Saving

    operator, saving = (
        Principal(agency_id, Role.OWNER, "test", "operator"),
        Saving(Deadline.after(30), validate=validate),
    )
    container().provider_accounts.store(operator, provider, {"api_key": key}, saving, meta=meta)


class Refusing:
    """A KMS that denies some operations."""

    def __init__(self, kms: Any, operations: tuple[str, ...]) -> None:
        self._kms = kms
        self._operations = operations

    def __getattr__(self, operation: str) -> Any:
        def deny(**_arguments: Any) -> Any:
            arn = "arn:aws:kms:us-east-1:000000000000:key/secret-key-id"
            raise ClientError({"Error": {"Code": "AccessDeniedException", "Message": f"denied on {arn}"}}, operation)

        return deny if operation in self._operations else getattr(self._kms, operation)


def deny_keys(monkeypatch: pytest.MonkeyPatch, *operations: str) -> None:
    """From now on KMS denies; `operations` alone, if any are named."""
    from telephony import aws

    client, denied = aws.client, operations or ("encrypt", "decrypt")

    def made(service: str, region: str) -> Any:
        found = client(service, region)
        return Refusing(found, denied) if service == "kms" else found

    monkeypatch.setattr(aws, "client", made)


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
def logged(monkeypatch: pytest.MonkeyPatch) -> io.StringIO:
    """What the functions log from now on: one JSON object a line."""
    stream = io.StringIO()
    for handler in logging.getLogger("telephony").handlers:
        monkeypatch.setattr(handler, "stream", stream)
    return stream


@pytest.fixture
def reads(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, int]]:
    """Each request to DynamoDB from now on: its operation, and how many items it read."""
    seen: list[tuple[str, int]] = []
    send = URLLib3Session.send

    def counted(session: Any, request: Any) -> Any:
        answer = send(session, request)
        target = request.headers.get("X-Amz-Target", b"")
        service, _, operation = (target.decode() if isinstance(target, bytes) else target).partition(".")
        if service.startswith("DynamoDB"):
            seen.append((operation, json.loads(answer.content).get("ScannedCount", 1)))
        return answer

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


@pytest.fixture(scope="module")
def calm_world(running: Backends, carriers: dict[str, Server]) -> Iterator[World]:
    """One world for the tests of a module that leave it as they found it. Not to be mixed with `world`."""
    with pytest.MonkeyPatch.context() as monkeypatch:
        yield from new_world(running, carriers, monkeypatch)
