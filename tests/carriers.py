"""Numbers at Twilio and SignalWire in tests: what tests/numbers.py is for Telnyx."""

from __future__ import annotations

import secrets
import uuid
from collections.abc import Iterator
from typing import Any

from local.simulators import demo_accounts as demo
from local.simulators import inventory
from local.simulators.server import Server
from local.simulators.store import Record
from tests.numbers import Numbers
from tests.world import HttpAnswer, World

CARRIERS = ("twilio", "signalwire")
TWIML = "https://telephony.example.com/api/v1/twiml"

KEYS = {"twilio": demo.TWILIO_ACCOUNT_SID, "signalwire": demo.SIGNALWIRE_PROJECT_ID, "telnyx": demo.TELNYX_API_KEY}
SECRETS: dict[str, dict[str, str]] = {
    "twilio": {"api_key": demo.TWILIO_ACCOUNT_SID, "api_secret": demo.TWILIO_AUTH_TOKEN},
    "signalwire": {
        "api_key": demo.SIGNALWIRE_PROJECT_ID,
        "api_secret": demo.SIGNALWIRE_API_TOKEN,
        "signing_key": demo.SIGNALWIRE_SIGNING_KEY,
    },
}
BASE_URLS = {"signalwire": "https://demo.signalwire.com"}


def for_sale(carrier: str, country: str = "US", kind: str = "local") -> Iterator[str]:
    """What the carrier could sell, number by number."""
    stock = inventory.stock(carrier).values()
    return (item.number for item in stock if item.country == country and item.type == kind)


def store_credentials(
    carrier: str, agency_id: str, given: dict[str, str] | None = None, meta: dict[str, str] | None = None
) -> None:
    """Stores an agency's account unchecked; the demo account's unless told otherwise."""
    from telephony.bootstrap import container
    from telephony.clock import Deadline
    from telephony.services.saving import Saving
    from telephony.values import Principal, ProviderType, Role

    container().provider_accounts.store(
        Principal(agency_id, Role.OWNER, "test", "operator"),
        ProviderType(carrier),
        given or SECRETS[carrier],
        Saving(Deadline.after(30), validate=False),
        base_url=BASE_URLS.get(carrier),
        meta=meta,
    )


def with_own_account(world: World, carrier: str, agency_id: str) -> CarrierNumbers:
    """The numbers of an agency that gets an account of its own at Twilio or SignalWire, with money enough."""
    simulator = world.servers[carrier].simulator
    if carrier == "twilio":
        key, secret = f"AC{secrets.token_hex(16)}", secrets.token_hex(16)
        simulator.add_account(key, {"auth_token": secret, "balance": "100000.00"})
    else:
        key, secret = str(uuid.uuid4()), f"PT{secrets.token_hex(24)}"
        simulator.add_account(key, {"api_token": secret})
    given = {"api_key": key, "api_secret": secret, "signing_key": "PSK_own"}
    store_credentials(carrier, agency_id, given)
    return CarrierNumbers(world, carrier, agency_id, key=key)


class CarrierNumbers(Numbers):
    """The numbers of one agency at a carrier; with the demo account unless `key` names another."""

    def __init__(
        self,
        world: World,
        carrier: str,
        agency_id: str | None = None,
        token: str | None = None,
        key: str | None = None,
    ) -> None:
        super().__init__(world, agency_id, token, key or KEYS[carrier])
        self.carrier = carrier

    def purchase(self, number: str, *, key: str | None = None, seconds: float = 28.0, **body: Any) -> HttpAnswer:
        return super().purchase(number, key=key, seconds=seconds, **({"provider": self.carrier} | body))

    def post(self, path: str, body: Any, *, function: str = "phone_numbers", method: str = "POST") -> HttpAnswer:
        return self.world.call(function, method, path, body, token=self.token)

    def get(self, path: str, query: str = "") -> HttpAnswer:
        return self.world.call("phone_numbers", "GET", path, token=self.token, query=query)

    def batch(self, items: list[dict[str, Any]]) -> HttpAnswer:
        body = {"items": [{"provider": self.carrier} | item for item in items]}
        return self.post("/phone-numbers/purchase-batch", body, function="purchase_number")

    def import_number(self, number: str, **body: Any) -> HttpAnswer:
        given = {"phone_number": number, "provider": self.carrier} | body
        return self.post("/phone-numbers/import", given, function="purchase_number")

    def operation(self, operation_id: str) -> dict[str, Any]:
        answer = self.world.call("operations", "GET", f"/operations/{operation_id}", token=self.token)
        assert answer.status == 200, answer.body
        return dict(answer.body["operation"])

    def forget(self) -> None:
        self.account.setdefault("number_orders", {})
        self.server.simulator.state["resting_numbers"].clear()
        super().forget()

    # At the carrier

    @property
    def server(self) -> Server:
        return self.world.servers[self.carrier]

    @property
    def account(self) -> Record:
        return self.server.simulator.account(self.key)

    def effects(self, kind: str, number: str) -> list[Record]:
        happened = self.world.effects(self.carrier, kind)
        return [each for each in happened if number in (each.get("phone_number"), *each.get("phone_numbers", ()))]

    def take(self, number: str) -> None:
        self.server.simulator.change_inventory([number], [])

    def requests(self, method: str, path: str) -> int:
        return sum((each["method"], each["path"]) == (method, path) for each in self.server.simulator.log)

    def id_at_carrier(self, number: str) -> str | None:
        """None where the account doesn't have it."""
        owned = self.account["phone_numbers"]
        return next((str(id_) for id_, record in owned.items() if record["_e164"] == number), None)

    def renew(self, number: str, to: Record | None = None) -> None:
        """It has another id from now on: somebody bought it anew, or transferred it `to` another account."""
        record = self.account["phone_numbers"].pop(self.id_at_carrier(number))
        new_ids = {"telnyx": str(secrets.randbelow(10**18) + 10**18), "twilio": f"PN{secrets.token_hex(16)}"}
        new = new_ids.get(self.carrier) or str(uuid.uuid4())
        record["sid" if self.carrier == "twilio" else "id"] = new
        (to or self.account)["phone_numbers"][new] = record

    def urls(self, number: str) -> tuple[str | None, str | None]:
        """Where the carrier sends calls and messages of a number."""
        record = self.at_carrier(number)
        assert record is not None
        names = ("voice_url", "sms_url") if self.carrier == "twilio" else ("call_request_url", "message_request_url")
        return record[names[0]] or None, record[names[1]] or None

    def buy_by_hand(self, number: str, **fields: Any) -> Record:
        """Somebody buys the number in the carrier's own console."""
        from requests import Session

        auth = (self.key, self.account["auth_token" if self.carrier == "twilio" else "api_token"])
        with Session() as session:
            session.auth = auth
            if self.carrier == "twilio":
                url = f"{self.server.base_url}/2010-04-01/Accounts/{self.key}/IncomingPhoneNumbers.json"
                answer = session.post(url, data={"PhoneNumber": number}, timeout=10)
            else:
                url = f"{self.server.base_url}/api/relay/rest/phone_numbers"
                answer = session.post(url, json={"number": number}, timeout=10)
            assert answer.ok, answer.text
        record = self.at_carrier(number)
        assert record is not None
        record |= fields
        return record
