"""What importing a function loads: a library that a door does without must not make its cold start slower."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
FUNCTIONS = sorted(path.parent.name for path in (ROOT / "functions").glob("*/handler.py"))

NOWHERE = {"boto3", "twilio", "telnyx", "httpx", "typer", "phonenumbers.geocoder", "phonenumbers.geodata"}
JWT = {"jwt", "cryptography"}  # where a JWT arrives, not before
DATABASE = {"pynamodb", "botocore.session"}
CARRIERS = {"requests"}
NUMBERS = {"phonenumbers"}

DOES_WITHOUT = {
    "site": DATABASE | CARRIERS | NUMBERS,
    "telephony_integration": CARRIERS | NUMBERS,
    "phone_configurations": CARRIERS | NUMBERS,
    "operations": CARRIERS | NUMBERS,
}


@pytest.mark.parametrize("function", FUNCTIONS)
def test_a_function_loads_no_more_than_it_needs(function: str) -> None:
    # given a fresh interpreter in which the function's handler is imported
    script = "import sys; sys.path[:0] = sys.argv[1:]; import handler; print(*sys.modules)"
    folders = [str(ROOT / "functions" / function), str(ROOT / "shared")]
    done = subprocess.run([sys.executable, "-c", script, *folders], capture_output=True, text=True, check=True)
    # then what it does without isn't there
    loaded = set(done.stdout.split())
    assert loaded & (NOWHERE | JWT | DOES_WITHOUT.get(function, set())) == set()
