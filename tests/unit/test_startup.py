"""The garbage collector rests while a function starts, and never longer than that."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
FUNCTIONS = sorted(path.parent.name for path in (ROOT / "functions").glob("*/handler.py"))

SCRIPT = """
import gc, sys
sys.path[:0] = sys.argv[1:]
import handler
seen = [gc.isenabled()]
try:
    handler.lambda_handler(None, None)
except Exception:
    pass
print(*seen, gc.isenabled(), gc.get_freeze_count() > 10_000)
"""


def collecting(function: str, **environment: str) -> str:
    """Whether the collector works when the handler is imported, and after its first invocation, and whether that took
    what there was out of its sight.
    """
    folders = [str(ROOT / "functions" / function), str(ROOT / "shared")]
    command, given = [sys.executable, "-c", SCRIPT, *folders], os.environ | environment
    return subprocess.run(command, capture_output=True, text=True, check=True, env=given).stdout.strip()


@pytest.mark.parametrize("function", FUNCTIONS)
def test_it_rests_until_the_first_invocation(function: str) -> None:
    assert collecting(function, AWS_LAMBDA_FUNCTION_NAME=function) == "False True True"


def test_outside_of_lambda_it_never_rests() -> None:
    assert collecting("site") == "True True False"
