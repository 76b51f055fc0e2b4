"""Every answer the simulated carriers give fits the vendor's own OpenAPI document."""

import re
from collections.abc import Iterator
from typing import Any

import pytest
import requests

from local import simulators
from local.simulators import demo_accounts as demo
from local.simulators.server import Server
from tests.contract import specs
from tests.contract.scenarios import SCENARIOS, Client

pytestmark = pytest.mark.skipif(not specs.available(), reason="PROVIDER_SPECS does not hold the vendors' documents")

LAML = "/api/laml/2010-04-01/Accounts/{AccountSid}"
COMPATIBILITY = "the product speaks SignalWire's native API; LaML serves only as a credential check"
NOT_SIMULATED = {
    f"signalwire GET {LAML}/AvailablePhoneNumbers/{{IsoCountry}}/Local": COMPATIBILITY,
    f"signalwire GET {LAML}/AvailablePhoneNumbers/{{IsoCountry}}/TollFree": COMPATIBILITY,
    f"signalwire GET {LAML}/IncomingPhoneNumbers": COMPATIBILITY,
    f"signalwire POST {LAML}/IncomingPhoneNumbers": COMPATIBILITY,
    f"signalwire GET {LAML}/IncomingPhoneNumbers/{{Sid}}": COMPATIBILITY,
    f"signalwire POST {LAML}/IncomingPhoneNumbers/{{Sid}}": COMPATIBILITY,
    f"signalwire DELETE {LAML}/IncomingPhoneNumbers/{{Sid}}": COMPATIBILITY,
}
"""Operations of the documents that the simulators deliberately lack, and why."""

OPERATIONS = [known for carrier in simulators.NAMES for known in specs.operations(carrier)] if specs.available() else []
SIMULATED = [known for known in OPERATIONS if str(known) not in NOT_SIMULATED]
WITH_ID = [known for known in SIMULATED if re.search(r"\{(id|Sid|agent_id|number_order_id)\}", known.template)]

CREDENTIALS: dict[str, dict[str, Any]] = {
    "telnyx": {"headers": {"Authorization": f"Bearer {demo.TELNYX_API_KEY}"}},
    "twilio": {"auth": (demo.TWILIO_ACCOUNT_SID, demo.TWILIO_AUTH_TOKEN)},
    "signalwire": {"auth": (demo.SIGNALWIRE_PROJECT_ID, demo.SIGNALWIRE_API_TOKEN)},
    "ultravox": {"headers": {"X-API-Key": demo.ULTRAVOX_API_KEY}},
}
WRONG_CREDENTIALS: dict[str, dict[str, Any]] = {
    "telnyx": {"headers": {"Authorization": "Bearer KEYunknown"}},
    "twilio": {"auth": (demo.TWILIO_ACCOUNT_SID, "wrong")},
    "signalwire": {"auth": (demo.SIGNALWIRE_PROJECT_ID, "wrong")},
    "ultravox": {"headers": {"X-API-Key": "wrong"}},
}
NOBODY = "00000000-0000-4000-8000-000000000000"


@pytest.fixture
def server(request: pytest.FixtureRequest) -> Iterator[Server]:
    """The simulator named by the test's parameter, on its own."""
    (started,) = simulators.start([request.param]).values()
    yield started
    started.close()


def url(server: Server, operation: specs.Operation) -> str:
    """The operation's address, with identifiers nobody has but the demo account's own."""
    own = {"telnyx": "", "twilio": demo.TWILIO_ACCOUNT_SID, "signalwire": demo.SIGNALWIRE_PROJECT_ID, "ultravox": ""}
    path = operation.template
    if "/Accounts/{Sid}" in path:
        path = path.replace("{Sid}", own[operation.carrier])
    filled = {"AccountSid": own[operation.carrier], "CountryCode": "US", "IsoCountry": "US"}
    nobody = "PN" + "0" * 32 if operation.carrier == "twilio" else NOBODY
    return server.base_url + re.sub(r"\{([^}]+)\}", lambda found: filled.get(found[1], nobody), path)


@pytest.mark.parametrize(("server", "carrier"), [(name, name) for name in simulators.NAMES], indirect=["server"])
def test_every_operation_answers_as_its_document_says(server: Server, carrier: str) -> None:
    """The session's hook checks every request that succeeds and every answer."""
    exercised: set[specs.Operation] = set()
    with requests.Session() as session:
        session.headers.update(CREDENTIALS[carrier].get("headers", {}))
        session.auth = CREDENTIALS[carrier].get("auth")
        session.hooks["response"].append(specs.hook(carrier, lambda operation, _status: exercised.add(operation)))

        SCENARIOS[carrier](Client(server, session))

    expected = {operation for operation in SIMULATED if operation.carrier == carrier}
    assert exercised == expected


@pytest.mark.parametrize(
    ("server", "operation"), [(known.carrier, known) for known in SIMULATED], indirect=["server"], ids=str
)
def test_wrong_credentials_are_refused_as_the_document_says(server: Server, operation: specs.Operation) -> None:
    response = requests.request(
        operation.method, url(server, operation), timeout=10, **WRONG_CREDENTIALS[operation.carrier]
    )

    assert response.status_code == 401
    sent = (response.status_code, response.headers, response.content)
    specs.validate_response(operation.carrier, operation.method, response.url, *sent)
    assert server.simulator.effects == []


@pytest.mark.parametrize(
    ("server", "operation"), [(known.carrier, known) for known in WITH_ID], indirect=["server"], ids=str
)
def test_an_unknown_id_is_not_found_as_the_document_says(server: Server, operation: specs.Operation) -> None:
    options = CREDENTIALS[operation.carrier] | ({} if operation.carrier == "twilio" else {"json": {}})

    response = requests.request(operation.method, url(server, operation), timeout=10, **options)

    if "/Accounts/{Sid}" in operation.template and operation.template.count("{") == 1:
        assert response.status_code == 200  # the only account there is
    else:
        assert response.status_code == 404
    sent = (response.status_code, response.headers, response.content)
    specs.validate_response(operation.carrier, operation.method, response.url, *sent)


def test_operations_left_out_are_in_the_documents() -> None:
    assert set(NOT_SIMULATED) <= {str(operation) for operation in OPERATIONS}


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("GET", "/call_control_applications?filter[name_of_application]=x", None),
        ("GET", "/call_control_applications?colour=red", None),
        ("GET", "/call_control_applications?page[size]=251", None),
        ("POST", "/call_control_applications", '{"application_name": "x"}'),
        ("POST", "/outbound_voice_profiles", '{"name": "office", "traffic_type": "short_duration"}'),
        ("POST", "/outbound_voice_profiles", '{"name": "office", "colour": "red"}'),
        ("POST", "/outbound_voice_profiles", None),
        ("PUT", "/outbound_voice_profiles", '{"name": "office"}'),
    ],
)
def test_a_request_that_the_vendor_would_not_understand_is_a_violation(
    method: str, path: str, body: str | None
) -> None:
    headers = {"Content-Type": "application/json"}
    with pytest.raises(specs.Violation):
        specs.validate_request("telnyx", method, "https://api.telnyx.com/v2" + path, headers, body)


@pytest.mark.parametrize(
    ("status", "body"),
    [(200, b'{"data": {"balance": 300}}'), (201, b'{"data": {}}'), (403, b'{"errors": [{"detail": "no code"}]}')],
)
def test_an_answer_that_the_vendor_would_not_give_is_a_violation(status: int, body: bytes) -> None:
    headers = {"Content-Type": "application/json"}
    with pytest.raises(specs.Violation):
        specs.validate_response("telnyx", "GET", "https://api.telnyx.com/v2/balance", status, headers, body)


@pytest.mark.parametrize("server", ["telnyx"], indirect=True)
def test_the_order_webhook_fits_the_document(server: Server) -> None:
    simulator, key = server.simulator, demo.TELNYX_API_KEY
    headers = CREDENTIALS["telnyx"]["headers"]
    offers = requests.get(f"{server.base_url}/available_phone_numbers", headers=headers, timeout=10).json()["data"]
    wanted = {"phone_numbers": [{"phone_number": offers[0]["phone_number"]}]}
    order = requests.post(f"{server.base_url}/number_orders", json=wanted, headers=headers, timeout=10).json()["data"]
    simulator.advance(5)
    payload = requests.get(f"{server.base_url}/number_orders/{order['id']}", headers=headers, timeout=10).json()["data"]

    body, _ = simulator.signed_webhook(key, "https://example.com/hook", "number_order.complete", payload)

    specs.validate_webhook("telnyx", "numberOrderStatusUpdate", body)
