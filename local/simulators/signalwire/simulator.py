"""A SignalWire space: the native REST API for numbers, and the LaML look-up of a project."""

from collections.abc import Mapping
from typing import ClassVar, override
from urllib.parse import urlencode

from werkzeug.wrappers import Request

from local.simulators.base import Answer, Call, Refused, Routes, Simulator
from local.simulators.signalwire import phone_numbers, search
from local.simulators.signalwire.errors import general, laml, plain
from local.simulators.signing import signalwire_headers, signalwire_json_headers
from local.simulators.store import Record
from local.simulators.twilio.incoming import rfc2822

project_routes = Routes()

_LAML = "/api/laml/2010-04-01"
_SUBRESOURCES = {
    "applications": "Applications",
    "available_phone_numbers": "AvailablePhoneNumbers",
    "calls": "Calls",
    "conferences": "Conferences",
    "incoming_phone_numbers": "IncomingPhoneNumbers",
    "messages": "Messages",
    "queues": "Queues",
    "recordings": "Recordings",
    "transcriptions": "Transcriptions",
}
_ABSENT = (
    "addresses",
    "authorized_connect_apps",
    "connect_apps",
    "keys",
    "notifications",
    "outgoing_caller_ids",
    "sandbox",
    "short_codes",
    "sip",
    "usage",
)


@project_routes("GET", f"{_LAML}/Accounts/<project>")
def show_project(call: Call) -> Answer:
    account = call.account
    uri = f"{_LAML}/Accounts/{account['project_id']}"
    body = {
        "sid": account["project_id"],
        "owner_account_sid": account["project_id"],
        "friendly_name": account["friendly_name"],
        "status": "active",
        "type": "Full",
        "auth_token": "redacted",
        "signing_key": None,
        "subproject": False,
        "region_preference": "us-east",
        "date_created": rfc2822(account["created"]),
        "date_updated": rfc2822(account["created"]),
        "subresource_uris": dict.fromkeys(_ABSENT) | {name: f"{uri}/{part}" for name, part in _SUBRESOURCES.items()},
        "uri": uri,
    }
    return Answer(200, body)


class SignalWire(Simulator):
    """One space; accounts are its projects: `SignalWire({"<project uuid>": {"api_token": "PT…", "signing_key":
    "PSK…"}})`.

    Flags: `missing_scope` (403: the token lacks Numbers), `no_funds` (422 insufficient_balance), `trial` (one number,
    releases after 30 days instead of 14), `not_in_plan` (422 not_allowed_on_subscription_plan).
    """

    name = "signalwire"
    routes = (project_routes, search.routes, phone_numbers.routes)
    known_flags = frozenset({"missing_scope", "no_funds", "trial", "not_in_plan"})
    default_account: ClassVar[Record] = {
        "api_token": "",
        "signing_key": "",
        "friendly_name": "Demo",
        "phone_numbers": {},
    }

    @override
    def new_account(self, key: str) -> Record:
        return {"project_id": key, "created": self.now()}

    @override
    def identify(self, request: Request, path: Mapping[str, str]) -> str:
        auth = request.authorization
        user, token = (auth.username or "", auth.password or "") if auth and auth.type == "basic" else ("", "")
        account = self.state["accounts"].get(user)
        if account and token and account["api_token"] == token and path.get("project", user) == user:
            return user
        raise Refused(laml(401, 20003, "Authentication failed") if self._is_laml(request) else plain(401))

    def _is_laml(self, request: Request) -> bool:
        return request.path.startswith(_LAML)

    @override
    def admit(self, account: Record, request: Request) -> None:
        if "missing_scope" in account["flags"] and not self._is_laml(request):
            raise Refused(plain(403))

    @override
    def unknown_route(self, request: Request) -> Answer:
        return laml(404, 20404, "The requested resource was not found") if self._is_laml(request) else plain(404)

    @override
    def unreadable_body(self) -> Answer:
        return plain(400)

    @override
    def too_many_requests(self) -> Answer:
        return general(429, "rate_limit_error", "rate_limit_exceeded", "Too many requests")

    def send_webhook(self, project_id: str, url: str, params: Mapping[str, str]) -> int | None:
        """Posts a signed form to `url`, as a cXML callback; the receiver's status, None when the connection failed."""
        headers = signalwire_headers(self.account(project_id)["signing_key"], url, params)
        body = urlencode(params).encode()
        return self.deliver(url, body, headers | {"Content-Type": "application/x-www-form-urlencoded"})

    def send_json_webhook(self, project_id: str, url: str, body: bytes) -> int | None:
        """The same for a JSON callback, which is signed in another way."""
        headers = signalwire_json_headers(self.account(project_id)["signing_key"], url, body)
        return self.deliver(url, body, headers | {"Content-Type": "application/json"})
