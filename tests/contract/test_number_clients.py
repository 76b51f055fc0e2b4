"""Every request of the Twilio and SignalWire clients fits the vendor's own OpenAPI document."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

import pytest
from pydantic import SecretStr
from telephony.clock import Deadline
from telephony.providers.base import NumberProvider, NumberSetup
from telephony.providers.signalwire import SignalWire
from telephony.providers.transport import Transport
from telephony.providers.twilio import Twilio
from telephony.values import SearchCriteria

from local import simulators
from local.simulators import demo_accounts as demo
from local.simulators.server import Server
from tests.contract import specs

pytestmark = pytest.mark.skipif(not specs.available(), reason="PROVIDER_SPECS does not hold the vendors' documents")

VOICE, SMS = "https://telephony.example.com/api/v1/twiml", "https://telephony.example.com/api/v1/sms"
WIRED = NumberSetup("op_1", "Support line", voice_url=VOICE, sms_url=SMS)
NUMBERS = "/api/relay/rest/phone_numbers"
ACCOUNT = "/2010-04-01/Accounts/{AccountSid}"
USED = {
    "twilio": {
        "GET /2010-04-01/Accounts/{Sid}.json",
        f"GET {ACCOUNT}/Balance.json",
        f"GET {ACCOUNT}/AvailablePhoneNumbers/{{CountryCode}}/Local.json",
        f"GET {ACCOUNT}/AvailablePhoneNumbers/{{CountryCode}}/TollFree.json",
        f"GET {ACCOUNT}/AvailablePhoneNumbers/{{CountryCode}}/Mobile.json",
        f"GET {ACCOUNT}/IncomingPhoneNumbers.json",
        f"POST {ACCOUNT}/IncomingPhoneNumbers.json",
        f"GET {ACCOUNT}/IncomingPhoneNumbers/{{Sid}}.json",
        f"POST {ACCOUNT}/IncomingPhoneNumbers/{{Sid}}.json",
        f"DELETE {ACCOUNT}/IncomingPhoneNumbers/{{Sid}}.json",
        "GET /v1/PhoneNumbers/Countries",
        "GET /v1/PhoneNumbers/Countries/{IsoCountry}",
    },
    "signalwire": {
        f"GET {NUMBERS}",
        f"GET {NUMBERS}/search",
        f"POST {NUMBERS}",
        f"GET {NUMBERS}/{{id}}",
        f"PUT {NUMBERS}/{{id}}",
        f"DELETE {NUMBERS}/{{id}}",
    },
}
"""All that a client asks of its carrier."""


@dataclass
class Bench:
    """A client at its simulated carrier. `asked`: the operations it used, each checked against the document."""

    server: Server
    client: NumberProvider
    asked: set[str] = field(default_factory=set)


@pytest.fixture(params=["twilio", "signalwire"])
def bench(request: pytest.FixtureRequest) -> Iterator[Bench]:
    (server,) = simulators.start([request.param]).values()
    transport = Transport(Twilio.type if request.param == "twilio" else SignalWire.type)
    deadline = Deadline.after(60)
    client: NumberProvider
    if request.param == "twilio":
        account, token = demo.TWILIO_ACCOUNT_SID, SecretStr(demo.TWILIO_AUTH_TOKEN)
        client = Twilio(transport, server.base_url, server.base_url, account, account, token, deadline)
    else:
        token = SecretStr(demo.SIGNALWIRE_API_TOKEN)
        client = SignalWire(transport, server.base_url, demo.SIGNALWIRE_PROJECT_ID, token, deadline)
    made = Bench(server, client)
    transport._session.hooks["response"].append(
        specs.hook(request.param, lambda used, _status: made.asked.add(f"{used.method} {used.template}"))
    )
    yield made
    server.close()


def test_every_request_fits_the_vendors_document(bench: Bench) -> None:
    client, simulator = bench.client, bench.server.simulator
    carrier = client.type.value

    client.check()
    for criteria in (
        SearchCriteria("US", area_code="212", contains="555", limit=3),
        SearchCriteria("US", locality="New York", region="NY", limit=3),
        SearchCriteria("US", number_type="toll_free", limit=3),
        SearchCriteria("GB", area_code="20", number_type="mobile", limit=3),
    ):
        client.search(criteria)
    number = client.search(SearchCriteria("US", area_code="312", limit=1))[0].phone_number
    quote = client.quote(number)
    assert quote is not None
    assert client.owned(number) is None
    client.monthly_price(number)
    client.countries()
    order = client.order(number, WIRED)
    assert order.number is not None
    wired = client.configure(order.number, WIRED)
    assert (wired.voice_url, wired.sms_url, wired.friendly_name) == (VOICE, SMS, "Support line")
    assert client.find_order(number, "op_1", None) == client.find_order(number, "op_1", order.id)
    assert [each.phone_number for each in client.all_owned()] == [number]
    cleared = client.configure(wired, NumberSetup("op_2", voice_url=VOICE))
    assert (cleared.voice_url, cleared.sms_url) == (VOICE, None)
    if carrier == "twilio":
        simulator.account(demo.TWILIO_ACCOUNT_SID)["flags"] = ["inactive"]
        other = client.search(SearchCriteria("US", area_code="312", limit=2))[-1].phone_number
        with pytest.raises(Exception, match="not active"):
            client.order(other, WIRED)
    else:
        simulator.advance(31 * 86400)
    client.release(order.id)
    client.release(order.id)

    assert client.find_order(number, "op_1", order.id) is None
    assert {path for path in bench.asked if "/laml/" not in path} == USED[carrier]


def test_pages_are_followed_to_their_end(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    # given five numbers, and two to a page
    for each in bench.client.search(SearchCriteria("US", area_code="305", limit=5)):
        bench.client.order(each.phone_number, WIRED)
    module = "telephony.providers." + bench.client.type.value
    monkeypatch.setattr(f"{module}.PAGE_SIZE", 2)

    listed = [each.phone_number for each in bench.client.all_owned()]

    assert len(listed) == len(set(listed)) == 5
