"""Whole stacks: two side by side, and what they leave in their logs."""

from __future__ import annotations

from pathlib import Path

import requests

from local.seed import seed
from local.stack import Stack
from tests.e2e.client import Agencies, Agency


def test_two_stacks_side_by_side(bundle: Path, stack: Stack, somebody: Agency, tmp_path: Path) -> None:
    # given a second stack from another folder
    with Stack(template=bundle, state_folder=tmp_path, environment={}) as other:
        demo = seed(other)

        def status(api_url: str, token: str) -> requests.Response:
            headers = {"Authorization": f"Bearer {token}"}
            return requests.get(f"{api_url}/get-integration-status", headers=headers, timeout=60)

        # then both answer, each its own people alone
        assert status(other.api_url, demo["owner_jwt"]).json()["agency_id"] == demo["agency_id"]
        assert status(stack.api_url, somebody.api_token).json()["agency_id"] == somebody.agency_id
        for token in (demo["api_token"], demo["owner_jwt"]):
            assert status(stack.api_url, token).status_code == 401
        assert status(other.api_url, somebody.api_token).status_code == 401


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
        known += [each.api_token, each.telnyx_key, each.ultravox_key, *each.tokens.values()]
    found = [(name, secret) for name, text in logs.items() for secret in known if secret in text]
    assert found == []
