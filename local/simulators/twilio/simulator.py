"""Twilio's API of 2010-04-01, and its Pricing API on the same host."""

from collections.abc import Mapping
from decimal import Decimal
from typing import ClassVar, override
from urllib.parse import urlencode
from xml.sax.saxutils import escape

from werkzeug.wrappers import Request, Response

from local.simulators.base import Answer, Call, Refused, Routes, Simulator, as_json
from local.simulators.signing import twilio_headers
from local.simulators.store import Record
from local.simulators.twilio import incoming, search
from local.simulators.twilio.errors import error

account_routes = Routes()


@account_routes("GET", "/2010-04-01/Accounts/<account>")
def show_account(call: Call) -> Answer:
    """The answer holds the auth token, as Twilio's does."""
    account = call.account
    uri = f"/2010-04-01/Accounts/{account['sid']}"
    resources = {
        "available_phone_numbers": f"{uri}/AvailablePhoneNumbers.json",
        "incoming_phone_numbers": f"{uri}/IncomingPhoneNumbers.json",
    }
    body = {
        "sid": account["sid"],
        "owner_account_sid": account["sid"],
        "friendly_name": account["friendly_name"],
        "status": next((flag for flag in ("suspended", "closed") if flag in account["flags"]), "active"),
        "type": "Trial" if call.flagged("trial") else "Full",
        "auth_token": account["auth_token"],
        "date_created": incoming.rfc2822(account["created"]),
        "date_updated": incoming.rfc2822(account["created"]),
        "subresource_uris": resources,
        "uri": f"{uri}.json",
    }
    return Answer(200, body)


@account_routes("GET", "/2010-04-01/Accounts/<account>/Balance")
def show_balance(call: Call) -> Answer:
    balance = f"{Decimal(call.account['balance']):.2f}"
    return Answer(200, {"account_sid": call.account["sid"], "balance": balance, "currency": "USD"})


class Twilio(Simulator):
    """Accounts by their SID: `Twilio({"AC…": {"auth_token": "…", "api_keys": {"SK…": "secret"}, "balance": "20.00"}})`.

    Flags: `suspended`, `closed` (the account shows it, everything else is refused with 401), `inactive` (buying: 403
    20005; a balance of zero or less: 403 10001), `trial` (a second number: 403 10002), `trial_limit` (400 21404),
    `no_permission` (403 20403),
    `test_credentials` (the magic numbers; everything but buying is 403), `address_required` (21631),
    `local_address_required` (21615),
    `bundle_required` (21649), `certification_required` (21613). Some countries require an address or a bundle by
    themselves.
    """

    name = "twilio"
    routes = (account_routes, search.routes, incoming.routes)
    known_flags = frozenset(
        {
            "suspended",
            "closed",
            "inactive",
            "trial",
            "trial_limit",
            "no_permission",
            "test_credentials",
            "address_required",
            "local_address_required",
            "bundle_required",
            "certification_required",
        }
    )
    default_account: ClassVar[Record] = {
        "auth_token": "",
        "api_keys": {},
        "friendly_name": "Demo",
        "balance": "100.00",
        "phone_numbers": {},
    }

    @override
    def new_account(self, key: str) -> Record:
        return {"sid": key, "created": self.now()}

    @override
    def identify(self, request: Request, path: Mapping[str, str]) -> str:
        """AccountSid and AuthToken, or an API key of the account the path names."""
        auth = request.authorization
        user, secret = (auth.username or "", auth.password or "") if auth and auth.type == "basic" else ("", "")
        for key, account in self.state["accounts"].items():
            known = {key: account["auth_token"]} | account["api_keys"]
            if secret and known.get(user) == secret and path.get("account", key) == key:
                return str(key)
        raise Refused(error(401, 20003))

    @override
    def admit(self, account: Record, request: Request) -> None:
        flags = set(account["flags"])
        shows_account = self.route_path(request) == f"/2010-04-01/Accounts/{account['sid']}"
        if flags & {"suspended", "closed"} and not shows_account:
            raise Refused(error(401, 20003))
        if "no_permission" in flags:
            raise Refused(error(403, 20403))
        if "test_credentials" in flags and not (
            request.method == "POST" and self.route_path(request).endswith("/IncomingPhoneNumbers")
        ):
            raise Refused(error(403, 20008))

    @override
    def route_path(self, request: Request) -> str:
        return request.path.removesuffix(".json")

    @override
    def render(self, answer: Answer, request: Request) -> Response:
        """JSON where the path ends in .json, and for the Pricing API; otherwise XML, Twilio's default."""
        if answer.body is None or request.path.endswith(".json") or request.path.startswith("/v1/"):
            return as_json(answer)
        fields = "".join(f"<{name}>{escape(str(value))}</{name}>" for name, value in answer.body.items())
        text = f'<?xml version="1.0" encoding="UTF-8"?>\n<TwilioResponse>{fields}</TwilioResponse>'
        return Response(text, answer.status, dict(answer.headers), content_type="application/xml")

    @override
    def unknown_route(self, request: Request) -> Answer:
        return error(404, 20404, f"The requested resource {request.path} was not found")

    @override
    def method_not_allowed(self, request: Request) -> Answer:
        return error(405, 20004)

    @override
    def too_many_requests(self) -> Answer:
        return error(429, 20429)

    def send_webhook(self, account_sid: str, url: str, params: Mapping[str, str]) -> int | None:
        """Posts a signed form to `url`, as for an incoming call or message; the receiver's status, None when the
        connection failed.
        """
        headers = twilio_headers(self.account(account_sid)["auth_token"], url, params)
        body = urlencode(params).encode()
        return self.deliver(url, body, headers | {"Content-Type": "application/x-www-form-urlencoded"})
