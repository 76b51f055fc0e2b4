"""What a function's process holds after its first request: modules, and clients of AWS."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from typing import Any

import pytest

from tests.world import ROOT, World, event, sqs_record

MOST_MODULES = 500
BANNED = {"twilio", "telnyx", "httpx", "boto3", "typer", "phonenumbers.geodata", "phonenumbers.geocoder"}

# Runs one event and prints what the process looks like then. Third-party is what lies in site-packages.
PROGRAM = """
import collections, json, os, sys, sysconfig, time
import botocore.session

folder = sys.argv[1]
sys.path[:0] = [folder, "shared"]
clients = collections.Counter()
create = botocore.session.Session.create_client

def counted(self, service_name, *rest, **options):
    clients[service_name] += 1
    return create(self, service_name, *rest, **options)

botocore.session.Session.create_client = counted
import handler

at_import = dict(clients)

class Context:
    aws_request_id, function_name, memory_limit_in_mb = "1", "test", 1024
    invoked_function_arn = "arn:aws:lambda:us-east-1:000000000000:function:test"
    ends = time.monotonic() + 28

    def get_remaining_time_in_millis(self):
        return int((self.ends - time.monotonic()) * 1000)

answer = handler.lambda_handler(json.load(sys.stdin), Context())
packages = sysconfig.get_path("purelib") + os.sep
third = sorted(
    name for name, module in list(sys.modules.items()) if (getattr(module, "__file__", None) or "").startswith(packages)
)
telephony = sorted(name for name in sys.modules if name.startswith("telephony."))
print(json.dumps({"answer": answer, "clients": clients, "at_import": at_import, "third": third, "ours": telephony}))
"""


def first_request(world: World) -> dict[str, dict[str, Any]]:
    """For each function the event that makes it do its usual work."""
    token = world.api_token(world.agency_id)
    owner = {"authorization": f"Token {token}"}
    number = next(iter(world.telnyx.simulator.for_sale())).number
    return {
        "operations": event("GET", "/operations", headers=owner),
        "phone_configurations": event("GET", "/phone-configurations", headers=owner),
        "phone_numbers": event("POST", "/phone-numbers/search", {"provider": "telnyx", "limit": 1}, owner),
        "provider_configurations": event("GET", "/providers", headers=owner),
        "provision_telephony": event("POST", "/provision-telephony", {"force": True}, owner),
        "purchase_number": event(
            "POST", "/phone-numbers/purchase", {"phone_number": number, "provider": "telnyx"}, owner
        ),
        "retry_worker": {"Records": [sqs_record('{"operation_id": "op_1"}')]},
        "site": event("GET", "/health"),
        "sweeper": {},
        "telephony_integration": event("GET", "/get-integration-status", headers=owner),
        "webhooks": event("POST", f"/telnyx-webhook/{world.agency_id}/wrong", {}),
    }


def run(function: str, given: dict[str, Any]) -> dict[str, Any]:
    ended = subprocess.run(
        [sys.executable, "-c", PROGRAM, f"functions/{function}"],
        input=json.dumps(given),
        env=os.environ | {"PYTHONDONTWRITEBYTECODE": "1"},
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.returncode == 0, ended.stderr
    found: dict[str, Any] = json.loads(ended.stdout.splitlines()[-1])
    return found


@pytest.mark.parametrize("function", sorted(each.parent.name for each in (ROOT / "functions").glob("*/handler.py")))
def test_a_process_holds_little(world: World, function: str) -> None:
    # given a function's process after its first request
    found = run(function, first_request(world)[function])
    assert found["answer"].get("statusCode", 200) in (200, 401), found["answer"]
    # then it holds few modules, none of them a vendor's kit
    held = {name for name in found["third"] if any(f"{name}.".startswith(f"{banned}.") for banned in BANNED)}
    assert held == set()
    assert len(found["third"]) <= MOST_MODULES, len(found["third"])
    # and one client for each service it speaks to, none of them made at import
    assert found["at_import"] == {}
    assert set(found["clients"].values()) <= {1}
    assert found["clients"].get("dynamodb", 0) <= 1


def test_a_reading_with_an_api_token_needs_neither_cryptography_nor_a_carrier(world: World) -> None:
    found = run("phone_configurations", first_request(world)["phone_configurations"])
    assert {name.split(".")[0] for name in found["third"]} & {"jwt", "cryptography", "requests"} == set()
    assert [name for name in found["ours"] if name.startswith("telephony.providers.")] == []
    assert set(found["clients"]) == {"dynamodb"}
