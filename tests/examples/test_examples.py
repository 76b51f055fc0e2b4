"""docs/examples run as they stand: every call in each language whose interpreter is here, against one stack."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from typing import Any

import pytest
import requests

from apidocs import clients
from apidocs.__main__ import EXAMPLES
from apidocs.calls import CALLS, Call
from apidocs.codes import CODES
from local.stack import Stack
from tests.play import Values, play, starting_values
from tests.served import served

INTERPRETERS = {"curl": "bash", "python": sys.executable, "node": "node", "php": "php"}

OPEN = {"RUNNING", "WAITING"}


def test_the_files_are_those_that_the_table_makes() -> None:
    """Else: `make docs`."""
    files = {str(path.relative_to(EXAMPLES)): path.read_text() for path in EXAMPLES.rglob("*") if path.is_file()}
    assert files == clients.build()


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Stack, dict[str, Any]]]:
    with served(tmp_path_factory.mktemp("stack"), time_scale=20) as serving:
        yield serving


@pytest.mark.parametrize("language", INTERPRETERS)
def test_every_example_works(stack: tuple[Stack, dict[str, Any]], language: str) -> None:
    running, demo = stack
    interpreter = shutil.which(INTERPRETERS[language])
    needed = "curl" if language == "curl" else INTERPRETERS[language]
    if interpreter is None or shutil.which(needed) is None:
        pytest.skip(f"{needed} was not found on PATH")
    ending, _ = clients.LANGUAGES[language]

    def carry(call: Call, values: Values) -> tuple[int, Any, dict[str, str]]:
        given = {name.upper(): str(value) for name, value in values.items()}
        environment = {"PATH": os.environ["PATH"], "API_URL": demo["api_url"]} | {
            name: given[name] for name in clients.environment(call) if name != "API_URL"
        }
        command = [interpreter, str(EXAMPLES / language / f"{call.id}.{ending}")]
        done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False, timeout=60)
        body = json.loads(done.stdout) if done.stdout.startswith("{") else done.stdout
        if done.returncode == 0:
            return next(status for status in call.statuses if status < 300), body, {}
        assert isinstance(body, dict), f"{command}: {done.stderr}"
        code = body.get("code") or body.get("error", {}).get("code")
        return CODES[code][0], body, {}

    # given the demo agency
    values = starting_values(
        api_token=demo["api_token"],
        agency_id=demo["agency_id"],
        org_handle=demo["org_handle"],
        product_id=demo["product_id"],
        telnyx_base_url=running.simulators["telnyx"].base_url,
    )
    # when each example is run, after those that it builds on
    answered = list(play(values, carry, settle=lambda _: settle(demo)))
    # then each works
    assert [(each.call.id, each.body) for each in answered if each.status not in each.call.statuses] == []
    assert len(answered) == len(CALLS)


def settle(demo: dict[str, Any]) -> None:
    """Waits until the stack's queue has nothing left to do."""
    headers = {"Authorization": f"Bearer {demo['api_token']}"}
    until = time.monotonic() + 90
    while time.monotonic() < until:
        found = requests.get(f"{demo['api_url']}/operations", headers=headers, timeout=30).json()
        if not any(each["status"] in OPEN for each in found["operations"]):
            return
        time.sleep(0.3)
    pytest.fail("The operations have not come to an end")
