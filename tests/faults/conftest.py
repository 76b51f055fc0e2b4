"""One deployment per module; in it, each cell has an agency and carrier accounts of its own."""

from __future__ import annotations

import time
from collections.abc import Iterator
from types import SimpleNamespace
from urllib.parse import urlsplit

import botocore.endpoint
import pytest

from local.simulators.server import Server
from local.testing import Backends
from tests.conftest import new_world
from tests.faults.effects import Effects
from tests.faults.lab import Lab

TABLE = pytest.StashKey[list[str]]()


@pytest.fixture(scope="module")
def laboratory(running: Backends, carriers: dict[str, Server]) -> Iterator[Lab]:
    from telephony.providers import transport
    from telephony.services import saga

    with pytest.MonkeyPatch.context() as monkeypatch:
        for world in new_world(running, carriers, monkeypatch):
            effects = Effects({urlsplit(server.url).netloc: name for name, server in carriers.items()})
            effects.install(monkeypatch)
            # What the bundle waits for passes at once, for it and for the carriers.
            waiting = SimpleNamespace(sleep=world.pass_time, monotonic=time.monotonic)
            monkeypatch.setattr(saga, "time", waiting)
            monkeypatch.setattr(transport, "time", waiting)
            monkeypatch.setattr(botocore.endpoint, "time", SimpleNamespace(sleep=lambda _seconds: None))
            yield Lab(world, effects)


@pytest.fixture
def lab(laboratory: Lab) -> Iterator[Lab]:
    """The module's laboratory, with nothing left over from the test before."""
    laboratory.clear()
    yield laboratory
    laboratory.clear()


@pytest.fixture
def table(request: pytest.FixtureRequest) -> list[str]:
    """Lines to be printed at the end of the run."""
    return request.config.stash.setdefault(TABLE, [])


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    if lines := config.stash.get(TABLE, []):
        terminalreporter.section("what came of it")
        for line in lines:
            terminalreporter.write_line(line)
