"""The function's process is killed in the middle of what it does: the sweeper and the worker finish it, once."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import quote

import requests

from local.stack import Stack
from tests.e2e.client import Agencies, Agency, eventually

HELD = 3.0
"""Seconds that the carrier holds its answer back, and then acts although nobody waits for it any more."""

LEASE = 33.0
"""Seconds: a function's time limit and five more. Nobody else may touch the operation before."""


def killed(stack: Stack, function: str, path: str, ask: Callable[[], requests.Response]) -> requests.Response:
    """The answer to a request whose function is killed while Telnyx holds its answer to a POST of `path`."""
    simulator = stack.simulators["telnyx"].simulator
    simulator.add_faults({"kind": "slow", "method": "POST", "path": path, "seconds": HELD})
    with ThreadPoolExecutor(1) as client:
        answer = client.submit(ask)
        eventually(lambda: any(each["fault"] == "slow" and path in each["path"] for each in list(simulator.log)), 30)
        assert stack.functions.kill(function) == 1
        return answer.result()


def test_a_killed_provision_and_a_killed_purchase_end_with_one_of_each(agencies: Agencies, stack: Stack) -> None:
    # given an agency that begins to be provisioned, and one that begins to buy a number
    provisioning, buying = agencies.take(), agencies.take()
    buying.provision()
    found = buying.post("/phone-numbers/search", {"provider": "telnyx", "limit": 1}).json()["numbers"]
    number = found[0]["phone_number"]
    # when both processes are killed between an order that went out and its answer
    answers = [
        killed(
            stack,
            "ProvisionTelephonyFunction",
            "/outbound_voice_profiles",
            lambda: provisioning.post("/provision-telephony", {}),
        ),
        killed(
            stack,
            "PurchaseNumberFunction",
            "/number_orders",
            lambda: buying.post("/phone-numbers/purchase", {"phone_number": number, "provider": "telnyx"}),
        ),
    ]
    # then the callers get what the gateway says of a function that died
    assert [(each.status_code, each.json()) for each in answers] == [(500, {"message": "Internal Server Error"})] * 2
    # and while the dead runs' leases last, another try is told to wait
    again = provisioning.post("/provision-telephony", {})
    assert (again.status_code, again.json()["code"]) == (409, "operation_in_progress")
    # and once they have run out, both are finished by themselves
    by_number = f"/phone-configurations/by-phone-number/{quote(number)}"
    eventually(lambda: _status(provisioning)["telephony_configured"], LEASE + 30)
    eventually(lambda: buying.get(by_number).json()["data"]["status"] == "ACTIVE", LEASE + 30)
    # with one application, one profile and one order
    made, bought = provisioning.effects("telnyx"), buying.effects("telnyx")
    assert (made["application_created"], made["profile_created"]) == (1, 1)
    assert (bought["number_order_created"], bought["number_bought"]) == (1, 1)
    # and the journal says so
    for agency in (provisioning, buying):
        operations = agency.get("/operations").json()["operations"]
        assert {each["status"] for each in operations} == {"SUCCEEDED"}


def _status(agency: Agency) -> dict[str, object]:
    status: dict[str, object] = agency.get("/get-integration-status").json()
    return status
