"""Telnyx's API v2."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any, ClassVar, override

from werkzeug.wrappers import Request

from local.simulators.base import Answer, Call, Refused, Routes, Simulator
from local.simulators.inventory import Stock
from local.simulators.signing import telnyx_public_key
from local.simulators.store import Record
from local.simulators.telnyx import applications, numbers, orders, phone_numbers, profiles, texml, webhooks
from local.simulators.telnyx.errors import error, not_found

account_routes = Routes()


@account_routes("GET", "/v2/balance")
def show_balance(call: Call) -> Answer:
    balance, credit = Decimal(call.account["balance"]), Decimal(call.account["credit_limit"])
    data = {
        "record_type": "balance",
        "balance": f"{balance:.2f}",
        "credit_limit": f"{credit:.2f}",
        "available_credit": f"{balance + credit:.2f}",
        "pending": "0.00",
        "currency": "USD",
    }
    return Answer(200, {"data": data})


@account_routes("GET", "/v2/public_key")
def show_public_key(call: Call) -> Answer:
    key = {
        "record_type": "public_key",
        "public": call.account["public_key"],
        "organization_id": call.account["account_sid"],
    }
    return Answer(200, {"data": key})


class Telnyx(Simulator):
    """Each API key is an account of its own: `Telnyx({"KEY…": {"balance": "5.00"}}, order_delay=0)`.

    Account settings: `balance`, `credit_limit` (decimal strings), `forbidden` (paths this key may not use, e.g.
    ["/v2/balance"]: 403), `failing_numbers` (their orders fail though answered with 200), `concurrent_call_limit` (the
    highest a profile may ask for), `order_webhook_url` (where number_order.complete is sent; None: nowhere),
    `account_sid`. Flag: `unverified` (may not order toll-free or foreign numbers). Setting: `order_delay` (seconds on
    the simulator's clock until an order is decided).
    """

    name = "telnyx"
    base_path = "/v2"
    routes = (
        account_routes,
        applications.routes,
        profiles.routes,
        texml.routes,
        numbers.routes,
        orders.routes,
        phone_numbers.routes,
    )
    default_settings: ClassVar[dict[str, float | None]] = {"order_delay": 1.0}
    known_flags = frozenset({"unverified"})
    default_account: ClassVar[Record] = {
        "balance": "100.00",
        "credit_limit": "0.00",
        "forbidden": [],
        "failing_numbers": [],
        "concurrent_call_limit": 1000,
        "order_webhook_url": None,
        "applications": {},
        "texml_applications": {},
        "outbound_voice_profiles": {},
        "number_orders": {},
        "phone_numbers": {},
        "searched": {},
    }

    @override
    def new_account(self, key: str) -> Record:
        return {"public_key": telnyx_public_key(key), "account_sid": self.uuid()}

    @override
    def identify(self, request: Request, path: Mapping[str, str]) -> str:
        """A request without credentials meets 404, as if the route did not exist; a wrong key 401."""
        scheme, _, key = request.headers.get("Authorization", "").partition(" ")
        if not key.strip():
            raise Refused(not_found())
        if scheme.lower() != "bearer" or key.strip() not in self.state["accounts"]:
            raise Refused(error(401, "10009", "Could not understand the provided credentials."))
        return key.strip()

    @override
    def admit(self, account: Record, request: Request) -> None:
        if any(request.path.startswith(prefix) for prefix in account["forbidden"]):
            raise Refused(error(403, "10010", "You are not authorized to access the requested resource."))

    @override
    def unknown_route(self, request: Request) -> Answer:
        return not_found()

    @override
    def unreadable_body(self) -> Answer:
        return error(400, "10015", "The request failed because it was not well-formed.", "/")

    @override
    def too_many_requests(self) -> Answer:
        limit, reset = str(int(self.settings["rate_limit"] or 0)), "1"
        headers = {"x-ratelimit-limit": limit, "x-ratelimit-remaining": "0", "x-ratelimit-reset": reset}
        return Answer(
            429, error(429, "10011", "You have exceeded the maximum number of allowed requests.").body, headers
        )

    @override
    def limit_headers(self, remaining: int) -> Mapping[str, str]:
        limit = int(self.settings["rate_limit"] or 1000)
        reset = {"x-ratelimit-reset": "1"}  # seconds until the window ends
        return {"x-ratelimit-limit": str(limit), "x-ratelimit-remaining": str(max(remaining, 0))} | reset

    @override
    def for_sale(self) -> list[Stock]:
        ordered = orders.undecided(self)
        return [item for item in super().for_sale() if item.number not in ordered]

    @override
    def tick(self) -> None:
        orders.complete_due(self)

    def send_webhook(self, api_key: str, url: str, event_type: str, payload: Record) -> int | None:
        """Sends a signed event of this account and waits for the receiver's status (None: the connection failed)."""
        body, headers = self.signed_webhook(api_key, url, event_type, payload)
        return self.deliver(url, body, headers)

    def signed_webhook(self, api_key: str, url: str, event_type: str, payload: Record) -> tuple[bytes, dict[str, str]]:
        """The raw body and the headers of such an event, for a test that sends or spoils it itself."""
        return webhooks.signed(self, api_key, webhooks.envelope(self, url, event_type, payload))

    def order(self, api_key: str, order_id: str) -> dict[str, Any]:
        """An order's record, e.g. as the payload of an event."""
        order: Record = self.account(api_key)["number_orders"][order_id]
        return order
