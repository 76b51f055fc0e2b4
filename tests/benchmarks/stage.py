"""Where everything is measured: real tables, moto, simulated carriers, and the built bundle as Lambda would run it."""

from __future__ import annotations

import compileall
import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from local import simulators
from local.runtime import lambda_environment
from local.template import Template
from local.testing import backends
from tests.benchmarks.sampling import cpu_of_process
from tests.conftest import new_world
from tests.infrastructure import sam
from tests.world import World

PROCESSES = Path(__file__).parent / "processes"
CARRIER_URLS = (
    *("TELNYX_BASE_URL", "TWILIO_BASE_URL", "TWILIO_PRICING_BASE_URL", "SIGNALWIRE_BASE_URL"),
    *("ULTRAVOX_BASE_URL", "PUBLIC_BASE_URL"),
)


@dataclass(frozen=True)
class Stage:
    """`bundle` is what `sam build` made; `runtime` a folder with what Lambda's own Python brings along."""

    world: World
    bundle: Template
    runtime: Path
    scratch: Path

    def environment(self, function: str, layers: list[Path] | None = None) -> dict[str, str]:
        """The variables of a function of the bundle, by logical id; `layers`: folders to import from instead."""
        given = lambda_environment(self.bundle.functions[function], [self.runtime])
        if layers is not None:
            given["PYTHONPATH"] = os.pathsep.join(map(str, [*layers, self.runtime]))
        return given | self.world.deployment.environment | {name: os.environ[name] for name in CARRIER_URLS}

    def command(self, script: str, given: Mapping[str, Any]) -> list[str]:
        """Runs one of `processes/` in an interpreter of its own, which sees layers and runtime and nothing else."""
        text = json.dumps(given)
        file = self.scratch / f"{script}-{hash(text):x}.json"
        file.write_text(text)
        return [sys.executable, "-S", "-B", str(PROCESSES / f"{script}.py"), str(file)]

    def cold_cpu(
        self,
        function: str,
        event: Mapping[str, Any],
        statuses: tuple[int, ...] = (),
        code: Path | None = None,
        layers: list[Path] | None = None,
    ) -> float:
        """Seconds of processor time of a function's first invocation, from the start of its process to its end."""
        given = {"event": event, "statuses": statuses, "inspect": False}
        folder = code or self.bundle.functions[function].code
        return cpu_of_process(self.command("cold", given), self.environment(function, layers), folder)

    def inspect(self, function: str, event: Mapping[str, Any]) -> dict[str, Any]:
        """What a process holds after a function's first invocation: `modules` with their files, botocore `clients`."""
        command = self.command("cold", {"event": event, "statuses": (), "inspect": True})
        done = subprocess.run(
            command,
            env=self.environment(function),
            cwd=self.bundle.functions[function].code,
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode != 0:
            raise RuntimeError(f"{function}: {done.stderr[-2000:]}")
        found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
        return found


@contextmanager
def stage() -> Iterator[Stage]:
    """Builds the bundle if need be, starts everything, and ends it again."""
    built = sam.build()
    carriers = simulators.start()
    with tempfile.TemporaryDirectory() as folder, pytest.MonkeyPatch.context() as monkeypatch:
        scratch = Path(folder)
        # A copy, so that another build meanwhile doesn't change what is measured.
        bundle = shutil.copytree(built.parent, scratch / "bundle") / built.name
        runtime = sam.lambda_packages(scratch / "runtime")
        for package in runtime.iterdir():  # Lambda's own are compiled, too
            if package.is_dir():
                compileall.compile_dir(package.resolve(), quiet=2)
        with backends(scratch) as running:
            for world in new_world(running, carriers, monkeypatch):
                from telephony.observability import logger

                logger.setLevel("WARNING")  # our own calls; the functions' processes log as ever
                yield Stage(world, Template(bundle, world.deployment.template.stack_name), runtime, scratch)
    for server in carriers.values():
        server.close()
