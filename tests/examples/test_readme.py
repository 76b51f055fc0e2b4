"""README's `curl` blocks run as they stand, one after another, against a stack that serves."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from local.template import ROOT
from tests.served import served

CURL = """#!/bin/sh
# What curl does, and a line of what it was answered.
body=$(mktemp)
status=$({curl} "$@" -o "$body" -w '%{{http_code}}') || exit 1
printf '%s %s\\n' "$status" "$*" | tr '\\n' ' ' >> "{log}"
echo >> "{log}"
cat "$body"
"""


def test_every_command_of_the_readme_with_curl_works(tmp_path: Path) -> None:
    curl = shutil.which("curl")
    if curl is None:
        pytest.skip("curl was not found on PATH")
    blocks = re.findall(r"^```sh\n(.*?)^```$", (ROOT / "README.md").read_text(), re.DOTALL | re.MULTILINE)
    script = "\n".join(block for block in blocks if "curl " in block)
    log, tools = tmp_path / "log", tmp_path / "bin"
    tools.mkdir()
    (tools / "curl").write_text(CURL.format(curl=curl, log=log))
    (tools / "curl").chmod(0o755)
    for name in (".venv", "local", "shared"):
        (tmp_path / name).symlink_to(ROOT / name)

    with served(tmp_path / ".local", time_scale=20) as (stack, _):
        stack.simulators["telnyx"].simulator.change_settings({"order_delay": 0.0})  # README waits for it, in words
        environment = {"PATH": f"{tools}:{os.environ['PATH']}", "HOME": str(tmp_path)}
        command = ["bash", "-e", "-o", "pipefail", "-c", script]
        done = subprocess.run(
            command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False, timeout=120
        )

    assert done.returncode == 0, done.stdout + done.stderr
    asked = log.read_text().splitlines()
    assert len(asked) >= script.count("\ncurl ")
    assert [line for line in asked if not line.startswith("2")] == [], done.stdout
