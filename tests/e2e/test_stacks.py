"""Whole stacks: two side by side, and what they leave in their logs."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import requests

from local.stack import Stack
from local.template import ROOT
from tests.e2e.client import Agencies, Agency


def test_two_stacks_side_by_side(stack: Stack, somebody: Agency, tmp_path: Path) -> None:
    # given a second stack, from a folder of its own
    command = [sys.executable, "-m", "local", "serve", "--port", "0", "--state", str(tmp_path)]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as other:
        assert other.stdout is not None
        assert "ready\n" in other.stdout
        demo = json.loads((tmp_path / "demo.json").read_text())

        def status(api_url: str, token: str) -> requests.Response:
            headers = {"Authorization": f"Bearer {token}"}
            return requests.get(f"{api_url}/get-integration-status", headers=headers, timeout=60)

        # then both answer, each its own people alone
        for token in (demo["owner_jwt"], demo["api_token"]):
            assert status(demo["api_url"], token).json()["agency_id"] == demo["agency_id"]
            assert status(stack.api_url, token).status_code == 401
        for token in (somebody.tokens["owner"], somebody.api_token):
            assert status(stack.api_url, token).json()["agency_id"] == somebody.agency_id
            assert status(demo["api_url"], token).status_code == 401
        # and one ends without the other
        other.terminate()
        assert other.wait(30) == 0
    assert somebody.get("/health").status_code == 200


def test_no_secret_is_logged(stack: Stack, agencies: Agencies, agency: Agency) -> None:
    # given functions that have used, refused and lost every kind of secret
    stack.simulators["ultravox"].simulator.add_faults({"kind": "torn_body", "times": 3})
    assert agency.post("/provision-telephony", {}).status_code == 500
    assert agency.post("/provision-telephony", {}, token=f"{agency.api_token}x").status_code == 401
    provisioned = agency.post("/provision-telephony", {"force": True})
    assert provisioned.status_code in (200, 409)  # or the queue was faster
    status = agency.get("/get-integration-status").json()
    webhook = requests.post(f"{status['webhook_url']}", json={"data": {}}, timeout=30)
    assert webhook.status_code in (400, 401, 403)
    # when everything that was logged is read
    logs = {file.name: file.read_text() for file in (stack.state_folder / "logs").glob("*Function.log")}
    assert "request" in logs["ProvisionTelephonyFunction.log"]
    # then none of them is there
    known = [*stack.platform_secret().values(), status["webhook_url"].rsplit("/", 1)[1]]
    for each in agencies.made:
        known += [each.api_token, *each.accounts.values(), *each.tokens.values()]
    found = [(name, secret) for name, text in logs.items() for secret in known if secret in text]
    assert found == []
