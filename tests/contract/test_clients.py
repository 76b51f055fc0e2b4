"""Every request that our Telnyx and Ultravox clients send fits the vendors' OpenAPI documents.

The requests are recorded where they leave us and checked whether they succeed or not. There is one known exception:
Ultravox requires `accountSid`, which Telnyx doesn't tell and an agency need not have stored.
"""

from __future__ import annotations

import inspect
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest
import requests
from pydantic import SecretStr
from requests.adapters import HTTPAdapter
from telephony.clock import Deadline
from telephony.errors import ProviderRejected
from telephony.providers import telnyx
from telephony.providers.base import NumberSetup
from telephony.providers.telnyx import Telnyx
from telephony.providers.telnyx_numbers import TelnyxNumbers
from telephony.providers.transport import Transport
from telephony.providers.ultravox import TelnyxImport, Ultravox
from telephony.services.voice_setup import VoiceSetup
from telephony.settings import Settings
from telephony.values import ProviderType, SearchCriteria

from local import simulators
from local.simulators import demo_accounts as demo
from local.simulators.server import Server
from tests.contract import specs

pytestmark = pytest.mark.skipif(not specs.available(), reason="PROVIDER_SPECS does not hold the vendors' documents")

AGENCY = "6f1c2d3e-0000-4000-8000-000000000001"
URL = f"https://telephony.example.com/api/v1/telnyx-webhook/{AGENCY}/secret"
SETUP = VoiceSetup(Settings.from_environment({"TABLE_PREFIX": "test-"}), AGENCY, "Acme", URL)
GONE = "1293384261075731499"

USED = {
    "telnyx": {
        "GET /call_control_applications",
        "POST /call_control_applications",
        "GET /call_control_applications/{id}",
        "PATCH /call_control_applications/{id}",
        "DELETE /call_control_applications/{id}",
        "GET /outbound_voice_profiles",
        "POST /outbound_voice_profiles",
        "GET /outbound_voice_profiles/{id}",
        "PATCH /outbound_voice_profiles/{id}",
        "DELETE /outbound_voice_profiles/{id}",
        "GET /phone_numbers",
        "PATCH /phone_numbers/{id}",
        "DELETE /phone_numbers/{id}",
        "GET /available_phone_numbers",
        "GET /number_orders",
        "POST /number_orders",
        "GET /number_orders/{number_order_id}",
    },
    "ultravox": {
        "GET /api/accounts/me",
        "POST /api/agents",
        "POST /api/agents/{agent_id}/calls",
        "GET /api/accounts/me/telephony_config",
        "PATCH /api/accounts/me/telephony_config",
        "GET /api/telephony_configs/telnyx",
        "POST /api/telephony_configs/telnyx",
        "PATCH /api/telephony_configs/telnyx",
        "DELETE /api/telephony_configs/telnyx",
    },
}
"""All that the clients ask of a vendor and that a document describes."""


@dataclass
class Bench:
    """The two vendors, simulated, and what was sent to them."""

    servers: dict[str, Server]
    sent: list[tuple[str, requests.PreparedRequest]] = field(default_factory=list)

    def client[C](self, made: Callable[..., C], key: str, *rest: Any) -> C:
        carrier = "ultravox" if made is Ultravox else "telnyx"
        transport = Transport(ProviderType(carrier))
        return made(transport, self.servers[carrier].base_url, SecretStr(key), Deadline.after(60), *rest)

    def checked(self) -> dict[str, set[str]]:
        """Each request against its document. Raises Violation; returns the operations that were used."""
        used: dict[str, set[str]] = {"telnyx": set(), "ultravox": set()}
        for carrier, request in self.sent:
            method, url = str(request.method), str(request.url)
            operation = specs.validate_request(carrier, method, url, request.headers, request.body)
            if operation is not None:
                used[carrier].add(f"{operation.method} {operation.template}")
        return used


@pytest.fixture
def bench(monkeypatch: pytest.MonkeyPatch) -> Iterator[Bench]:
    made = Bench(simulators.start(["telnyx", "ultravox"]))
    send = HTTPAdapter.send

    def recorded(adapter: HTTPAdapter, request: requests.PreparedRequest, **rest: Any) -> requests.Response:
        [carrier] = [name for name, server in made.servers.items() if str(request.url).startswith(server.url)]
        made.sent.append((carrier, request))
        return send(adapter, request, **rest)

    monkeypatch.setattr(HTTPAdapter, "send", recorded)
    yield made
    for server in made.servers.values():
        server.close()


def told(account_sid: str | None = demo.TELNYX_ACCOUNT_SID) -> TelnyxImport:
    return TelnyxImport(SecretStr(demo.TELNYX_API_KEY), demo.TELNYX_PUBLIC_KEY, GONE, account_sid)


# What each client is asked for. A new method of a client fails until it is entered.


def use_telnyx(client: Telnyx) -> set[str]:
    client.check()
    application = client.create_application(SETUP.application())
    profile = client.create_outbound_profile(SETUP.profile())
    client.update_application(application.id, SETUP.association(application, profile.id))
    moved = VoiceSetup(SETUP.settings, AGENCY, "Renamed", URL.replace("telephony.", "new."))
    found = client.application(application.id)
    assert found is not None
    client.update_application(application.id, moved.application_changes(found))
    client.update_outbound_profile(profile.id, moved.profile_changes(profile))
    assert [each.id for each in client.applications()] == [application.id]
    assert [each.id for each in client.outbound_profiles(moved.profile_name)] == [profile.id]
    assert client.outbound_profile(profile.id) is not None
    assert client.outbound_profile(GONE) is client.application(GONE) is None
    assert client.numbers_on(application.id) == []
    assert client.delete_application(application.id)
    assert client.delete_outbound_profile(profile.id)
    assert not client.delete_application(application.id)
    return {
        *("check", "applications", "application", "create_application", "update_application", "delete_application"),
        *("numbers_on", "outbound_profiles", "outbound_profile", "create_outbound_profile"),
        *("update_outbound_profile", "delete_outbound_profile"),
    }


def use_numbers(client: TelnyxNumbers, simulator: Any) -> set[str]:
    application = client.create_application(SETUP.application())
    setup = NumberSetup("op_1", connection_id=application.id, messaging_profile_id=None)
    client.search(SearchCriteria("US", area_code="212", contains="555", limit=3))
    client.search(SearchCriteria("US", locality="New York", region="NY", number_type="local", limit=3))
    client.search(SearchCriteria("US", number_type="toll_free", limit=1))
    number = next(iter(simulator.for_sale())).number
    assert client.quote(number) is not None
    assert client.owned(number) is None
    assert client.find_order(number, "op_1", None) is None
    order = client.order(number, setup)
    assert client.find_order(number, "op_1", order.id) is not None
    simulator.advance(60)
    assert client.find_order(number, "op_1", None) is not None
    owned = client.owned(number)
    assert owned is not None
    wired = client.configure(owned, NumberSetup("op_2"))
    wired = client.configure(wired, NumberSetup("op_3", connection_id=application.id, messaging_profile_id=GONE))
    assert [each.phone_number for each in client.all_owned()] == [number]
    assert client.monthly_price(number) is client.countries() is None
    client.release(wired.id)
    client.release(wired.id)
    return {
        *("search", "quote", "owned", "all_owned", "monthly_price", "countries"),
        *("order", "find_order", "configure", "release"),
    }


def use_ultravox(client: Ultravox, base_url: str) -> set[str]:
    # given an agent, made as somebody would without us
    headers = {"X-API-Key": demo.ULTRAVOX_API_KEY}
    agent = requests.post(f"{base_url}/api/agents", json={"name": "Agent"}, headers=headers, timeout=10).json()
    client.check()
    assert client.take_call(agent["agentId"], {"agency_id": AGENCY}).startswith("wss://")
    assert client.telnyx_configuration() is None
    client.import_telnyx(told())
    client.import_telnyx(told())
    client.import_telnyx(told())
    there = client.telnyx_configuration()
    assert there is not None
    assert there["applicationSid"] == GONE
    client.clear_telnyx()
    client.clear_telnyx()
    return {"check", "take_call", "telnyx_configuration", "import_telnyx", "clear_telnyx"}


def methods(of: type) -> set[str]:
    """The public methods that a class adds to its parent, but for `send`, which sends what the others ask for."""
    return {name for name, each in vars(of).items() if inspect.isfunction(each) and name[0] != "_"} - {"send"}


def test_every_request_fits_the_vendors_document(bench: Bench) -> None:
    # when everything that the clients can do is done
    simulator = bench.servers["telnyx"].simulator
    assert use_telnyx(bench.client(Telnyx, demo.TELNYX_API_KEY)) == methods(Telnyx)
    assert use_numbers(bench.client(TelnyxNumbers, demo.TELNYX_API_KEY), simulator) == methods(TelnyxNumbers)
    for api in ("account", "provider"):
        client = bench.client(Ultravox, demo.ULTRAVOX_API_KEY, api)
        assert use_ultravox(client, bench.servers["ultravox"].base_url) == methods(Ultravox)
    # then each request fits, and nothing else was asked for
    assert bench.checked() == USED


def test_pages_are_asked_for_as_the_document_says(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(telnyx, "PAGE_SIZE", 1)
    client = bench.client(Telnyx, demo.TELNYX_API_KEY)
    made = {client.create_application(SETUP.application()).id for _ in range(3)}
    assert {each.id for each in client.applications()} == made
    assert sum(request.method == "GET" for _, request in bench.sent) == 3
    bench.checked()


# The one exception


@pytest.mark.parametrize(
    ("api", "there", "method"), [("account", False, "PATCH"), ("account", True, "PATCH"), ("provider", False, "POST")]
)
def test_without_an_account_sid_a_whole_configuration_lacks_what_the_schema_requires(
    bench: Bench, api: str, there: bool, method: str
) -> None:
    client = bench.client(Ultravox, demo.ULTRAVOX_API_KEY, api)
    if there:
        client.import_telnyx(told())
    # given no account SID, when the rest is sent
    with pytest.raises(ProviderRejected, match="accountSid") as refused:
        client.import_telnyx(told(account_sid=None))
    # then it is this, and nothing else, that the schema misses
    *fitting, (_, request) = bench.sent
    assert request.method == method
    bench.sent = fitting
    bench.checked()
    with pytest.raises(specs.Violation):
        specs.validate_request("ultravox", method, str(request.url), request.headers, request.body)
    body = json.loads(request.body or b"")
    (body["telnyx"] if api == "account" else body)["accountSid"] = demo.TELNYX_ACCOUNT_SID
    specs.validate_request("ultravox", method, str(request.url), request.headers, json.dumps(body))
    # and the caller is told what to store
    assert refused.value.fix == "Store telnyx_account_sid with the Telnyx credentials."


def test_an_existing_configuration_is_changed_without_one(bench: Bench) -> None:
    client = bench.client(Ultravox, demo.ULTRAVOX_API_KEY, "provider")
    client.import_telnyx(told())
    client.import_telnyx(told(account_sid=None))
    assert bench.sent[-1][1].method == "PATCH"
    bench.checked()
