"""Every call through `sam local start-api`, then every file of events/ through `sam local invoke`.

Prints a line for each. Exits with 1 when one is not answered as documented, or when there is no Docker engine.
BIND is an address of this machine that containers reach; without it, the gateway of Docker's bridge network.
"""

from __future__ import annotations

import contextlib
import io
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import requests

from apidocs import events
from apidocs.__main__ import DOCUMENT, EVENTS
from apidocs.calls import TRIGGERS, Call
from local import processes, simulators
from local.testing import backends
from tests.conftest import new_world
from tests.infrastructure import sam
from tests.play import Played, Values, filled, play, starting_values, undocumented
from tests.world import World

SAM = str(sam.ROOT / ".venv-tools" / "bin" / "sam")
FILES = {path.stem: path for path in EVENTS.rglob("*.json")}
SETTLE_SECONDS = 120
NAMES_PASSED_ON = ("AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_DYNAMODB")


class Unusable(Exception):
    """What keeps this from running, in a sentence."""


def engine() -> str:
    """The address of this machine that containers reach. Raises `Unusable` without a Docker engine."""
    try:
        found = subprocess.run(
            ["docker", "network", "inspect", "bridge", "--format", "{{(index .IPAM.Config 0).Gateway}}"],
            capture_output=True,
            text=True,
            check=False,
        )
    except FileNotFoundError:
        raise Unusable("sam local needs Docker, and there is no docker command on PATH.") from None
    if found.returncode != 0:
        raise Unusable("sam local needs a Docker engine, and none answers; start Docker or set DOCKER_HOST.")
    return os.environ.get("BIND") or found.stdout.strip()


@contextmanager
def world_for_containers(host: str, folder: Path) -> Iterator[World]:
    """Back ends and carriers at that address, with the demo agency."""
    with backends(folder, host) as running, pytest.MonkeyPatch.context() as monkeypatch:
        carriers = simulators.start(host=host)
        try:
            yield from new_world(running, carriers, monkeypatch)
        finally:
            for server in carriers.values():
                server.close()


class Sam:
    """The two commands, with everything they need to reach the back ends."""

    def __init__(self, world: World, folder: Path) -> None:
        self._folder = folder
        variables = {name: os.environ[name] for name in world.deployment.environment}
        variables |= {name: value for name, value in os.environ.items() if name.endswith("_BASE_URL")}
        file = folder / "variables.json"
        file.write_text(json.dumps({"Parameters": variables}))
        built = folder / "build"  # a copy, because the next build may come while this runs
        shutil.copytree(sam.build().parent, built)
        self._options = ["--template", str(built / "template.yaml"), "--skip-pull-image", "--env-vars", str(file)]
        self._environment = sam.environment() | {"AWS_ACCESS_KEY_ID": "local", "AWS_SECRET_ACCESS_KEY": "local"}
        # It keeps routes in a set. With this seed a method that one function names goes there, not to another's ANY.
        self._environment["PYTHONHASHSEED"] = "0"
        for name in NAMES_PASSED_ON:  # for the functions, and not for sam itself
            self._environment.pop(name, None)

    def invoke(self, name: str, values: Values) -> Any:
        """What the function of a file returns for it."""
        file = self._folder / f"{name}.json"
        file.write_text(events.fill(FILES[name].read_text(), values))
        command = [SAM, "local", "invoke", FILES[name].parent.name, "--event", str(file), *self._options]
        done = subprocess.run(command, cwd=sam.ROOT, env=self._environment, capture_output=True, text=True, check=False)
        if done.returncode != 0:
            raise Unusable(f"{' '.join(command)} failed:\n{done.stderr}")
        return json.loads(done.stdout)

    @contextmanager
    def api(self) -> Iterator[str]:
        """The address of `sam local start-api`; one container for each function that is called."""
        command = [SAM, "local", "start-api", "--warm-containers", "LAZY", *self._options, "--port"]
        log = self._folder / "start-api.log"
        serving, port = processes.start_server(
            lambda port: [*command, str(port)], log=log, cwd=sam.ROOT, env=self._environment, seconds=120
        )
        try:
            yield f"http://127.0.0.1:{port}"
        finally:
            serving.terminate()  # it removes its containers
            serving.wait()


class Report:
    """Prints what happens, and counts what should not have."""

    def __init__(self) -> None:
        self.wrong = 0
        self._since = time.monotonic()

    def __call__(self, what: str, status: Any, is_right: bool, detail: Any = "") -> None:
        seconds = time.monotonic() - self._since
        print(
            f"{seconds:6.2f} s  {status!s:<4} {what}" + ("" if is_right else f"  WRONG: {str(detail)[:400]}"),
            flush=True,
        )
        self.wrong += not is_right
        self._since = time.monotonic()


def settle(world: World) -> None:
    """Runs the queue, which sam local has none of, until no operation is open."""
    until = time.monotonic() + SETTLE_SECONDS
    with contextlib.redirect_stdout(io.StringIO()):  # the functions' metrics
        while time.monotonic() < until:
            world.run_queue()
            operations = world.call("operations", "GET", "/operations", token=world.owner_token).body["operations"]
            if not any(each["status"] in ("RUNNING", "WAITING") for each in operations):
                return
            time.sleep(1)
    raise Unusable("The operations have not come to an end.")


def invocations(world: World, tool: Sam, values: Values, report: Report) -> None:
    def carry(call: Call, values: Values) -> tuple[int, Any, dict[str, str]]:
        answer = tool.invoke(call.id, values)
        is_json = "json" in str(answer["headers"])
        body = json.loads(answer["body"]) if is_json and not answer["isBase64Encoded"] else answer["body"]
        return answer["statusCode"], body, answer["headers"]

    for played in play(values, carry, settle=lambda _: settle(world)):
        _tell(report, played, FILES[played.call.id].relative_to(EVENTS.parent))
    for trigger in TRIGGERS:
        answer = tool.invoke(trigger.id, values)
        report(str(FILES[trigger.id].relative_to(EVENTS.parent)), "", answer == trigger.answer, answer)


def requests_to_the_api(world: World, url: str, values: Values, report: Report) -> None:
    def carry(call: Call, values: Values) -> tuple[int, Any, dict[str, str]]:
        target, body, headers = filled(call, values)
        if call.needs_token:
            headers["Authorization"] = f"Bearer {values['api_token']}"
        if body is not None:
            headers["Content-Type"] = call.content_type
        answer = requests.request(
            call.method, f"{url}/api/v1{target}", data=body and body.encode(), headers=headers, timeout=60
        )
        is_json = "json" in answer.headers.get("content-type", "") and answer.content
        return answer.status_code, answer.json() if is_json else answer.text, dict(answer.headers)

    for played in play(values, carry, settle=lambda _: settle(world)):
        _tell(report, played, played.call.route)


def _tell(report: Report, played: Played, what: Any) -> None:
    wrong = undocumented(played, json.loads(DOCUMENT.read_text()))
    report(str(what), played.status, not wrong, f"{wrong}: {played.body}")


def differences(url: str, report: Report) -> None:
    """Where the emulator is not what AWS is, as docs/sam-local.md says: that must hold, or the page is wrong."""
    tries = {
        "an unknown path": ("GET", "/api/v1/nowhere", 404),
        "a path outside of /api/v1": ("GET", "/nowhere", 404),
        "a trailing slash": ("GET", "/api/v1/health/", 308),
        "a method that the path does not take": ("DELETE", "/api/v1/health", 405),
        "a browser's preflight, which AWS answers 204": ("OPTIONS", "/api/v1/health", 200),
    }
    for what, (method, path, expected) in tries.items():
        headers = {"Origin": "https://app.example.com", "Access-Control-Request-Method": "GET"}
        answer = requests.request(method, url + path, headers=headers, allow_redirects=False, timeout=60)
        shown = {name: value for name, value in answer.headers.items() if name.lower().startswith(("access", "allow"))}
        as_said = answer.status_code == expected and "Access-Control-Expose-Headers" not in answer.headers
        report(f"{what}: {method} {path} {answer.text[:80]!r} {shown}", answer.status_code, as_said, expected)
    ids = {requests.get(f"{url}/api/v1/health", timeout=60).headers["X-Request-Id"] for _ in range(2)}
    report("two requests, which have an id of their own on AWS", "", len(ids) == 1, ids)


def main() -> int:
    try:
        host = engine()
        with tempfile.TemporaryDirectory() as scratch, world_for_containers(host, Path(scratch)) as world:
            return _run(world, Path(scratch))
    except Unusable as error:
        print(error)
        return 1


def _run(world: World, folder: Path) -> int:
    from telephony.models import agencies
    from telephony.observability import logger

    logger.setLevel("ERROR")  # of what runs in this process, to bring the queue forward
    agency = agencies.find(world.agency_id)
    assert agency is not None
    tool, report = Sam(world, folder), Report()

    def values() -> Values:
        token = world.api_token(agency.id)
        return starting_values(
            api_token=token,
            agency_id=agency.id,
            org_handle=agency.org_handle,
            product_id=7,
            telnyx_base_url=world.telnyx.base_url,
        )

    print("sam local start-api")
    with tool.api() as url:
        requests_to_the_api(world, url, values(), report)
        print("where sam local differs")
        differences(url, report)
    print("sam local invoke")
    invocations(world, tool, values(), report)
    print("everything was answered as documented" if report.wrong == 0 else f"{report.wrong} were not")
    return min(report.wrong, 1)


if __name__ == "__main__":
    sys.exit(main())
