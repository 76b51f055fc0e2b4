"""Fixtures of all lanes. Those that need the embedded back ends start them once per process."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from local import simulators
from local.simulators.server import Server
from local.testing import Backends, backends
from tests.roles import Roles
from tests.world import PUBLIC_BASE_URL, World

LONGEST_FIRST = ("faults", "e2e", "examples", "browser", "integration", "infrastructure")
"""Lanes, so that the end of a run is made of short tests, which two workers can share."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    ranks = {lane: rank for rank, lane in enumerate(LONGEST_FIRST)}
    tests = Path(__file__).parent
    items.sort(key=lambda item: ranks.get(item.path.relative_to(tests).parts[0], len(ranks)))


@pytest.fixture(scope="session")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Backends]:
    """DynamoDB Local and moto, which lets a queue be emptied more often than once a minute."""
    with pytest.MonkeyPatch.context() as monkeypatch, backends(tmp_path_factory.mktemp("backends")) as started:
        monkeypatch.setenv("MOTO_SQS_ENFORCE_STRICT_QUEUE_PURGE_BEHAVIOUR", "false")
        yield started


@pytest.fixture(scope="session")
def carriers() -> Iterator[dict[str, Server]]:
    """The simulated carriers, each with its demo account."""
    servers = simulators.start()
    yield servers
    for server in servers.values():
        server.close()


@pytest.fixture
def world(running: Backends, carriers: dict[str, Server], monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    """Fresh tables, queue, keys and carriers; one agency with the demo accounts' credentials."""
    yield from new_world(running, carriers, monkeypatch)


def new_world(running: Backends, carriers: dict[str, Server], monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    """Makes the world, and takes the process back out of it: for fixtures of any scope."""
    from telephony import aws, bootstrap, clock, platform_secrets
    from telephony.providers import registry

    with running.borrow() as deployment:
        for name, value in deployment.environment.items():
            monkeypatch.setenv(name, value)
        for name, server in carriers.items():
            server.simulator.reset()
            monkeypatch.setenv(f"{name.upper()}_BASE_URL", server.base_url)
        monkeypatch.setenv("TWILIO_PRICING_BASE_URL", carriers["twilio"].base_url)
        monkeypatch.setenv("PUBLIC_BASE_URL", PUBLIC_BASE_URL)
        for cached in (bootstrap.container, aws.client, registry.transport):
            cached.cache_clear()
        platform_secrets.forget()

        roles = Roles(deployment)
        roles.install(monkeypatch)
        made = World(running, deployment, carriers, roles)
        real = time.time
        monkeypatch.setattr(clock, "now", lambda: real() + made.clock_offset)
        made.agency_id, made.tokens = made.new_agency()
        made.owner_token = made.tokens["owner"]
        yield made
        bootstrap.container.cache_clear()
        roles.check()
