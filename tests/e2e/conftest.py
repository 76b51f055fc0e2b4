"""The built bundle as it is deployed: `sam build`'s output under the Lambda emulator, behind the gateway, over HTTP."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from local.stack import Stack
from tests.e2e.client import Agencies, Agency
from tests.infrastructure import sam

TIME_SCALE = 60.0
"""The sweeper runs each second instead of each minute."""


@pytest.fixture(scope="package")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The template of an up-to-date `sam build`: a copy, which another build meanwhile doesn't pull away."""
    built = sam.build()
    return shutil.copytree(built.parent, tmp_path_factory.mktemp("bundle") / "build") / built.name


@pytest.fixture(scope="package")
def stack(bundle: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    folder = tmp_path_factory.mktemp("stack")
    with Stack(
        template=bundle, state_folder=folder, environment={}, time_scale=TIME_SCALE, stack_name="test-e2e"
    ) as running:
        yield running


@pytest.fixture(scope="package")
def agencies(stack: Stack) -> Iterator[Agencies]:
    with Agencies(stack) as made:
        yield made


@pytest.fixture
def agency(agencies: Agencies) -> Agency:
    """A fresh agency with carrier accounts of its own; nothing is provisioned yet."""
    return agencies.take()


@pytest.fixture(scope="package")
def somebody(agencies: Agencies) -> Agency:
    """An agency for tests that change nothing."""
    return agencies.take()


@pytest.fixture(autouse=True)
def healthy_carriers(stack: Stack) -> Iterator[None]:
    """No fault outlives its test."""
    yield
    for server in stack.simulators.values():
        server.simulator.clear_faults()
