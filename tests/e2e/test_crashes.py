"""The function's process is killed in the middle of each kind of operation: sweeper and worker finish it, once."""

from __future__ import annotations

import base64
import re
import secrets
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

import requests

from local.simulators import demo_accounts as demo
from local.stack import Stack
from tests.e2e.client import Agencies, Agency, eventually

HELD = 3.0
"""Seconds that the carrier holds its answer back, and then acts although nobody waits for it any more."""

LEASE = 33.0
"""Seconds: a function's time limit and five more. Nobody else may touch the operation before."""


@dataclass(frozen=True)
class Cell:
    """One operation, and the call to a carrier in whose middle its process dies. `check`: what must be true at last."""

    agency: Agency
    function: str
    ask: Callable[[], requests.Response]
    method: str
    path: str
    check: Callable[[], bool]
    once: dict[str, int]
    """What must have happened so many times at Telnyx."""
    carrier: str = "telnyx"

    def kill(self) -> requests.Response:
        """The answer to a request whose function is killed while the carrier holds its answer back."""
        stack = self.agency.stack
        simulator = stack.simulators[self.carrier].simulator
        before = len(simulator.log)
        simulator.add_faults({"kind": "slow", "method": self.method, "path": f"{self.path}$", "seconds": HELD})
        with ThreadPoolExecutor(1) as client:
            answer = client.submit(self.ask)
            eventually(lambda: any(each["fault"] == "slow" for each in list(simulator.log)[before:]), 30)
            assert stack.functions.kill(self.function) == 1
            return answer.result()

    @property
    def ended(self) -> bool:
        return {each["status"] for each in self.agency.get("/operations").json()["operations"]} == {"SUCCEEDED"}


def telnyx(agency: Agency) -> Any:
    """The agency's account there."""
    return agency.stack.simulators["telnyx"].simulator.account(agency.accounts["telnyx"])


def status(agency: Agency) -> dict[str, Any]:
    found: dict[str, Any] = agency.get("/get-integration-status").json()
    return found


def record(agency: Agency, number: str) -> dict[str, Any]:
    found: dict[str, Any] = agency.get(f"/phone-configurations/by-phone-number/{quote(number)}").json()["data"]
    return found


def for_sale(agency: Agency) -> str:
    found = agency.post("/phone-numbers/search", {"provider": "telnyx", "limit": 1}).json()["numbers"]
    return str(found[0]["phone_number"])


def provisioned(agency: Agency) -> str:
    """The id of its application."""
    return str(agency.provision()["provisioned"]["telnyx_application_id"])


def provision(agency: Agency) -> Cell:
    return Cell(
        agency,
        "ProvisionTelephonyFunction",
        lambda: agency.post("/provision-telephony", {}),
        "POST",
        "/outbound_voice_profiles",
        lambda: status(agency)["telephony_configured"],
        {"application_created": 1, "profile_created": 1},
    )


def force(agency: Agency) -> Cell:
    """Somebody changed the application by hand."""
    application_id = provisioned(agency)
    telnyx(agency)["applications"][application_id]["dtmf_type"] = "Inband"
    return Cell(
        agency,
        "ProvisionTelephonyFunction",
        lambda: agency.post("/provision-telephony", {"force": True}),
        "PATCH",
        f"/call_control_applications/{application_id}",
        lambda: telnyx(agency)["applications"][application_id]["dtmf_type"] == "RFC 2833",
        {"application_created": 1, "profile_created": 1},
    )


def deprovision(agency: Agency) -> Cell:
    application_id = provisioned(agency)
    return Cell(
        agency,
        "ProvisionTelephonyFunction",
        lambda: agency.post("/deprovision-telephony", {"confirm": True}),
        "DELETE",
        f"/call_control_applications/{application_id}",
        lambda: not status(agency)["telephony_configured"] and not telnyx(agency)["outbound_voice_profiles"],
        {"application_deleted": 1, "profile_deleted": 1},
    )


def rotation(agency: Agency) -> Cell:
    """The public key is a new one, of which Ultravox has a copy."""
    provisioned(agency)
    public_key = base64.b64encode(secrets.token_bytes(32)).decode()
    body = {
        "telnyx_api_key": agency.accounts["telnyx"],
        "telnyx_public_key": public_key,
        "telnyx_account_sid": demo.TELNYX_ACCOUNT_SID,
    }
    ultravox = agency.stack.simulators["ultravox"].simulator.account(agency.accounts["ultravox"])
    return Cell(
        agency,
        "TelephonyIntegrationFunction",
        lambda: agency.post("/store-telnyx-credentials", body),
        "PATCH",
        "/telephony_config",
        lambda: ultravox["telephony_configs"]["telnyx"]["publicKey"] == public_key,
        {"application_created": 1, "profile_created": 1},
        carrier="ultravox",
    )


def purchase(agency: Agency) -> Cell:
    provisioned(agency)
    number = for_sale(agency)
    return Cell(
        agency,
        "PurchaseNumberFunction",
        lambda: agency.post("/phone-numbers/purchase", {"phone_number": number, "provider": "telnyx"}),
        "POST",
        "/number_orders",
        lambda: record(agency, number)["status"] == "ACTIVE",
        {"number_order_created": 1, "number_bought": 1},
    )


def importing(agency: Agency) -> Cell:
    """A number that was bought without us."""
    application_id = provisioned(agency)
    number = for_sale(agency)
    base = agency.stack.simulators["telnyx"].base_url
    headers = {"Authorization": f"Bearer {agency.accounts['telnyx']}"}
    order = {"phone_numbers": [{"phone_number": number}]}
    requests.post(f"{base}/number_orders", json=order, headers=headers, timeout=10).raise_for_status()
    # Its orders end when it is asked for something.
    eventually(lambda: requests.get(f"{base}/phone_numbers", headers=headers, timeout=10).json()["data"], 30)
    [owned] = telnyx(agency)["phone_numbers"].values()
    body = {"phone_number": number, "provider": "telnyx", "takeover": True}
    return Cell(
        agency,
        "PurchaseNumberFunction",
        lambda: agency.post("/phone-numbers/import", body),
        "PATCH",
        f"/phone_numbers/{re.escape(owned['id'])}",
        lambda: record(agency, number)["status"] == "ACTIVE" and owned["connection_id"] == application_id,
        {"number_order_created": 1, "number_released": 0},
    )


def release(agency: Agency) -> Cell:
    provisioned(agency)
    number = for_sale(agency)
    agency.post("/phone-numbers/purchase", {"phone_number": number, "provider": "telnyx"})
    eventually(lambda: record(agency, number)["status"] == "ACTIVE", 30)
    configuration_id = record(agency, number)["id"]
    [owned] = telnyx(agency)["phone_numbers"].values()
    return Cell(
        agency,
        "PurchaseNumberFunction",
        lambda: agency.post("/phone-numbers/release", {"phone_number": number}),
        "DELETE",
        f"/phone_numbers/{re.escape(owned['id'])}",
        lambda: agency.get(f"/phone-configurations/{configuration_id}").json()["data"]["status"] == "RELEASED",
        {"number_bought": 1, "number_released": 1},
    )


def test_a_killed_operation_of_each_kind_ends_with_one_effect(agencies: Agencies, stack: Stack) -> None:
    # given an agency in the middle of each kind of operation
    # (the purchase last, since it takes a number that is still for sale when the others have theirs)
    kinds = (provision, force, deprovision, rotation, importing, release, purchase)
    cells = {kind.__name__: kind(agencies.take()) for kind in kinds}
    # when each process is killed between a call that went out and its answer
    answers = {name: cell.kill() for name, cell in cells.items()}
    # then the callers get what the gateway says of a function that died
    died = (500, {"message": "Internal Server Error"})
    assert {name: (each.status_code, each.json()) for name, each in answers.items()} == dict.fromkeys(cells, died)
    # and while a dead run's lease lasts, another try is told to wait
    again = cells["release"].ask()
    assert (again.status_code, again.json()["code"]) == (409, "operation_in_progress")
    # and once they have run out, each is finished by itself, and did what it does once
    for name, cell in cells.items():
        assert eventually(lambda cell=cell: cell.ended and cell.check(), LEASE + 60), name
        effects = cell.agency.effects("telnyx")
        assert {kind: effects[kind] for kind in cell.once} == cell.once, name
