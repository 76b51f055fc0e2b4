"""Provisioning through the built functions, over HTTP."""

from __future__ import annotations

from tests.e2e.client import Agency, eventually

STEPS = [
    "create_telnyx_application",
    "create_outbound_profile",
    "store_resource_ids",
    "import_to_ultravox",
    "mark_configured",
]


def test_provision_again_by_force_and_take_it_down(agency: Agency) -> None:
    # given an agency without telephony
    status = agency.get("/get-integration-status").json()
    assert (status["ready_for_provisioning"], status["telephony_configured"]) == (True, False)
    # when it is only planned, then nothing is made
    plan = agency.post("/provision-telephony", {"dry_run": True})
    assert [(each["step"], each["action"]) for each in plan.json()["plan"]][:2] == [
        ("create_telnyx_application", "create"),
        ("create_outbound_profile", "create"),
    ]
    assert agency.effects("telnyx").total() == 0
    # when it is provisioned
    answer = agency.post("/provision-telephony", {}, token=agency.tokens["owner"])
    # then all five steps are done, and the webhook leads back here
    assert answer.status_code == 200
    assert [step["step"] for step in answer.json()["completed_steps"]] == STEPS
    provisioned = answer.json()["provisioned"]
    assert provisioned["webhook_url"].startswith(f"{agency.stack.api_url}/telnyx-webhook/{agency.agency_id}/")
    status = agency.get("/get-integration-status").json()
    assert status["telephony_configured"] is True
    assert status["telnyx"]["application_id"] == provisioned["telnyx_application_id"]
    # when it is provisioned again, then it is refused without force, and the same two are kept with it
    again = agency.post("/provision-telephony", {})
    assert (again.status_code, again.json()["code"]) == (400, "already_provisioned")
    forced = agency.post("/provision-telephony", {"force": True})
    assert forced.status_code == 200
    assert forced.json()["provisioned"] == provisioned
    made = agency.effects("telnyx")
    assert (made["application_created"], made["profile_created"]) == (1, 1)
    # when it is torn down, then nothing is left
    assert agency.post("/deprovision-telephony", {}).status_code == 400
    down = agency.post("/deprovision-telephony", {"confirm": True})
    assert down.status_code == 200
    account = agency.stack.simulators["telnyx"].simulator.account(agency.accounts["telnyx"])
    assert (account["applications"], account["outbound_voice_profiles"]) == ({}, {})
    assert agency.get("/get-integration-status").json()["telephony_configured"] is False


def test_a_failure_is_finished_by_the_queue(agency: Agency) -> None:
    # given an Ultravox that is out of order for as long as a request tries
    agency.stack.simulators["ultravox"].simulator.add_faults({"kind": "html_502", "times": 3})
    answer = agency.post("/provision-telephony", {})
    assert (answer.status_code, answer.json()["failed_at"]) == (500, "import_to_ultravox")
    assert answer.json()["retry_scheduled"] is True
    # then the wake-up finishes it
    assert eventually(lambda: agency.get("/get-integration-status").json()["telephony_configured"], 30)
    assert agency.effects("telnyx")["application_created"] == 1
