"""The simulators over real sockets: connections that stay open or are torn on purpose, and the webhooks they send."""

import base64
import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest
import requests
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from local import simulators
from local.simulators import demo_accounts as demo
from local.simulators.server import Server, serve
from local.simulators.signing import form_signature
from local.simulators.telnyx import Telnyx

HEADERS = {"Authorization": f"Bearer {demo.TELNYX_API_KEY}"}


@pytest.fixture
def telnyx() -> Iterator[Server]:
    with serve(Telnyx({demo.TELNYX_API_KEY: {}}, order_delay=0)) as server:
        yield server


@pytest.fixture
def session() -> Iterator[requests.Session]:
    with requests.Session() as opened:
        opened.headers.update(HEADERS)
        yield opened


class Inbox:
    """A receiver of webhooks: what arrived, as (path, headers, body)."""

    def __init__(self) -> None:
        self.received: list[tuple[str, Any, bytes]] = []
        inbox = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                inbox.received.append((self.path, self.headers, body))
                self.send_response(204)
                self.end_headers()

            def log_message(self, format: str, *args: Any) -> None:
                pass

        self._server = HTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}/hook"
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
        self._thread.start()

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


@pytest.fixture
def inbox() -> Iterator[Inbox]:
    opened = Inbox()
    yield opened
    opened.close()


def test_a_connection_serves_many_requests(telnyx: Server, session: requests.Session) -> None:
    body = {"name": "office"}

    for _ in range(5):
        assert session.get(f"{telnyx.base_url}/balance", timeout=5).status_code == 200
        assert session.post(f"{telnyx.base_url}/outbound_voice_profiles", json=body, timeout=5).status_code == 200
        assert session.post(f"{telnyx.base_url}/nowhere", data=b"x" * 100_000, timeout=5).status_code == 404

    assert telnyx.connections == 1


@pytest.mark.parametrize("kind", ["refuse", "timeout_before", "timeout_after"])
def test_a_dropped_request_is_a_connection_error(telnyx: Server, session: requests.Session, kind: str) -> None:
    telnyx.simulator.add_faults({"kind": kind, "seconds": 0, "method": "POST"})

    with pytest.raises(requests.ConnectionError):
        session.post(f"{telnyx.base_url}/outbound_voice_profiles", json={"name": "office"}, timeout=5)

    assert session.get(f"{telnyx.base_url}/balance", timeout=5).status_code == 200
    assert telnyx.connections == 2


def test_silence_lasts_past_the_clients_patience(telnyx: Server, session: requests.Session) -> None:
    telnyx.simulator.add_faults({"kind": "timeout_before", "seconds": 1})

    with pytest.raises(requests.ReadTimeout):
        session.get(f"{telnyx.base_url}/balance", timeout=0.1)


def test_a_torn_answer_ends_before_its_length(telnyx: Server, session: requests.Session) -> None:
    telnyx.simulator.add_faults({"kind": "torn_body"})

    with pytest.raises(requests.exceptions.ChunkedEncodingError):
        session.get(f"{telnyx.base_url}/balance", timeout=5)


def test_a_closed_server_refuses_open_connections_too(session: requests.Session) -> None:
    server = serve(Telnyx({demo.TELNYX_API_KEY: {}}))
    assert session.get(f"{server.base_url}/balance", timeout=5).status_code == 200

    server.close()

    with pytest.raises(requests.ConnectionError):
        session.get(f"{server.base_url}/balance", timeout=5)


def test_parallel_orders_of_one_number_have_one_winner(telnyx: Server) -> None:
    offers = requests.get(f"{telnyx.base_url}/available_phone_numbers", headers=HEADERS, timeout=5).json()["data"]
    body = {"phone_numbers": [{"phone_number": offers[0]["phone_number"]}]}
    barrier, statuses = threading.Barrier(8), []

    def order() -> None:
        barrier.wait()
        response = requests.post(f"{telnyx.base_url}/number_orders", json=body, headers=HEADERS, timeout=5)
        statuses.append(response.status_code)

    threads = [threading.Thread(target=order) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sorted(statuses) == [200] + [409] * 7


def test_a_decided_order_is_announced_with_the_accounts_signature(telnyx: Server, inbox: Inbox) -> None:
    simulator = telnyx.simulator
    simulator.account(demo.TELNYX_API_KEY)["order_webhook_url"] = inbox.url
    offers = requests.get(f"{telnyx.base_url}/available_phone_numbers", headers=HEADERS, timeout=5).json()["data"]
    body = {"phone_numbers": [{"phone_number": offers[0]["phone_number"]}], "customer_reference": "operation-1"}

    requests.post(f"{telnyx.base_url}/number_orders", json=body, headers=HEADERS, timeout=5).raise_for_status()
    simulator.wait_for_deliveries()

    ((_, headers, raw),) = inbox.received
    public_key = Ed25519PublicKey.from_public_bytes(base64.b64decode(demo.TELNYX_PUBLIC_KEY))
    signature = base64.b64decode(headers["telnyx-signature-ed25519"])
    public_key.verify(signature, headers["telnyx-timestamp"].encode() + b"|" + raw)
    with pytest.raises(InvalidSignature):
        public_key.verify(signature, headers["telnyx-timestamp"].encode() + b"|" + raw + b" ")
    payload = json.loads(raw)["data"]["payload"]
    assert (payload["customer_reference"], payload["status"]) == ("operation-1", "success")
    assert [delivery["status"] for delivery in simulator.deliveries] == [204]


@pytest.mark.parametrize(
    ("name", "key", "secret", "header"),
    [
        ("twilio", demo.TWILIO_ACCOUNT_SID, demo.TWILIO_AUTH_TOKEN, "X-Twilio-Signature"),
        ("signalwire", demo.SIGNALWIRE_PROJECT_ID, demo.SIGNALWIRE_SIGNING_KEY, "X-SignalWire-Signature"),
    ],
)
def test_a_call_is_announced_as_a_signed_form(inbox: Inbox, name: str, key: str, secret: str, header: str) -> None:
    (server,) = simulators.start([name]).values()
    params = {"To": "+14155550101", "From": "+12125550101", "CallSid": "CA1"}
    account = {"twilio": "account_sid", "signalwire": "project_id"}[name]

    sent = requests.post(
        f"{server.url}/__admin__/webhooks", json={account: key, "url": inbox.url, "params": params}, timeout=5
    )
    server.close()

    assert sent.json() == {"status": 204}
    ((_, headers, body),) = inbox.received
    assert headers[header] == form_signature(secret, inbox.url, params)
    assert headers["Content-Type"] == "application/x-www-form-urlencoded"
    assert b"To=%2B14155550101" in body


def test_a_webhook_nobody_takes_is_noted(telnyx: Server) -> None:
    nobody = serve(Telnyx({}))
    nobody.close()

    status = telnyx.simulator.send_webhook(demo.TELNYX_API_KEY, nobody.url, "number_order.complete", {})

    assert status is None
    assert [delivery["status"] for delivery in telnyx.simulator.deliveries] == [None]


def test_the_demo_accounts_are_there_and_keep_their_resources(tmp_path: Path) -> None:
    profiles = "/outbound_voice_profiles"
    first = simulators.start(state_dir=tmp_path)
    requests.post(first["telnyx"].base_url + profiles, json={"name": "office"}, headers=HEADERS, timeout=5)
    for server in first.values():
        server.close()

    second = simulators.start(["telnyx"], tmp_path)
    found = requests.get(second["telnyx"].base_url + profiles, headers=HEADERS, timeout=5).json()["data"]
    second["telnyx"].close()

    assert set(first) == {"telnyx", "twilio", "signalwire", "ultravox"}
    assert [profile["name"] for profile in found] == ["office"]
