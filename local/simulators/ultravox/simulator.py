"""Ultravox's API."""

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import ClassVar, override

from werkzeug.wrappers import Request

from local.simulators.base import Answer, Call, Refused, Routes, Simulator
from local.simulators.signing import ultravox_headers
from local.simulators.store import Record, iso
from local.simulators.ultravox import agents, telephony
from local.simulators.ultravox.errors import detail
from local.simulators.ultravox.fields import checked, choice, flag, identifier, items, mapping, text, url

account_routes = Routes()

_EVENTS = ("call.started", "call.joined", "call.ended", "call.billed")


@account_routes("GET", "/api/accounts/me")
def show_account(call: Call) -> Answer:
    account = call.account
    body = {
        "accountId": account["account_id"],
        "name": account["name"],
        "billingUrl": "https://app.ultravox.ai/billing",
        "freeTimeUsed": "0s",
        "freeTimeRemaining": "1800s",
        "hasActiveSubscription": account["has_credit"],
        "subscriptionTier": None,
        "subscriptionCadence": None,
        "subscriptionExpiration": None,
        "subscriptionScheduledUpdate": None,
        "subscriptionRenewal": None,
        "activeCalls": account["active_calls"],
        "allowedConcurrentCalls": account["allowed_concurrent_calls"],
        "allowedVoices": None,
        "allowedCorpora": None,
    }
    return Answer(200, body)


@account_routes("GET", "/api/sip")
def show_sip(call: Call) -> Answer:
    return Answer(200, call.account["sip"] | {"domain": f"{call.account['account_id']}.sip.ultravox.ai"})


@account_routes("PATCH", "/api/sip")
def update_sip(call: Call) -> Answer:
    rules = {
        "allowedCidrRanges": items(text()),
        "allowAllAgents": flag,
        "allowedAgents": items(mapping, 20),
        "fallbackHandler": lambda value: [] if value is None else mapping(value),
    }
    call.account["sip"] |= checked(call, rules)
    call.effect("sip_updated")
    return show_sip(call)


@account_routes("GET", "/api/webhooks")
def list_webhooks(call: Call) -> Answer:
    agent = call.query.get("agentId")
    found = [webhook for webhook in call.account["webhooks"].values() if agent in (None, webhook["agentId"])]
    return agents.paged(call, found)


@account_routes("POST", "/api/webhooks")
def create_webhook(call: Call) -> Answer:
    """A secret is made when none is given; the answer shows it."""
    rules = {"url": url(200), "events": items(choice(*_EVENTS)), "secrets": items(text(120)), "agentId": identifier}
    body = checked(call, rules, required=("url", "events"))
    webhook = {
        "webhookId": call.simulator.uuid(),
        "agentId": body.get("agentId"),
        "created": iso(call.now),
        "url": body["url"],
        "secrets": body.get("secrets") or [call.simulator.uuid()],
        "events": body["events"],
        "status": "normal",
        "lastStatusChange": None,
        "recentFailures": [],
    }
    call.account["webhooks"][webhook["webhookId"]] = webhook
    call.effect("webhook_created", id=webhook["webhookId"])
    return Answer(201, webhook)


class Ultravox(Simulator):
    """Each API key is an account: `Ultravox({"abcdefgh.…": {"allowed_concurrent_calls": 1}})`.

    Account settings: `name`, `has_credit` (False: calls answer 402), `active_calls`, `allowed_concurrent_calls` (429 at
    the limit),
    `forbidden` (paths this key may not use: 403).
    """

    name = "ultravox"
    routes = (account_routes, telephony.routes, agents.routes)
    default_account: ClassVar[Record] = {
        "name": "Demo",
        "has_credit": True,
        "active_calls": 0,
        "allowed_concurrent_calls": 5,
        "forbidden": [],
        "telephony_configs": {},
        "agents": {},
        "calls": {},
        "webhooks": {},
        "phone_numbers": {},
        "sip": {"allowedCidrRanges": [], "allowAllAgents": False, "allowedAgents": [], "fallbackHandler": None},
    }

    @override
    def new_account(self, key: str) -> Record:
        return {"account_id": self.uuid()}

    @override
    def identify(self, request: Request, path: Mapping[str, str]) -> str:
        key = request.headers.get("X-API-Key")
        if not key:
            raise Refused(detail(401, "Authentication credentials were not provided."))
        if key not in self.state["accounts"]:
            raise Refused(detail(401, "Invalid API key."))
        return key

    @override
    def admit(self, account: Record, request: Request) -> None:
        if any(request.path.startswith(prefix) for prefix in account["forbidden"]):
            raise Refused(detail(403, "You do not have permission to perform this action."))

    @override
    def unknown_route(self, request: Request) -> Answer:
        return detail(404, "Not found.")

    @override
    def method_not_allowed(self, request: Request) -> Answer:
        return detail(405, f'Method "{request.method}" not allowed.')

    @override
    def unreadable_body(self) -> Answer:
        return detail(400, "JSON parse error - the body is not valid JSON.")

    @override
    def too_many_requests(self) -> Answer:
        return detail(429, "Request was throttled.")

    def send_webhook(self, secret: str, url: str, event: Record) -> int | None:
        """Posts a signed event; the receiver's status, None when the connection failed."""
        body = json.dumps(event).encode()
        headers = ultravox_headers(secret, body, datetime.fromtimestamp(self.now(), UTC).isoformat())
        return self.deliver(url, body, headers | {"Content-Type": "application/json"})
