"""A plain HTTP client, and the agencies it calls for."""

from __future__ import annotations

import secrets
import time
import uuid
from collections import Counter
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, field
from typing import Any, Self

import requests

from local.seed import admin, user_token
from local.simulators import demo_accounts as demo
from local.stack import Stack

ROLES = ("owner", "admin", "member")
AT_ONCE = 10
"""Agencies are made this many at a time: the command line takes a second to start."""


@dataclass
class Agency:
    """`tokens` are JWTs by role; `api_token` is an owner's. `accounts`: its API key, SID or project at each carrier."""

    stack: Stack
    session: requests.Session
    agency_id: str
    org_handle: str
    api_token: str
    accounts: dict[str, str]
    tokens: dict[str, str] = field(default_factory=dict)

    def call(
        self, method: str, path: str, body: Any = None, *, token: str | None = "", **rest: Any
    ) -> requests.Response:
        """An answer of the API. `token`: None for no credential; the API token if not given."""
        headers = dict(rest.pop("headers", {}))
        if token is not None:
            headers["Authorization"] = f"Bearer {token or self.api_token}"
        url = f"{self.stack.api_url}{path}"
        if body is not None:
            rest["json"] = body
        return self.session.request(method, url, headers=headers, allow_redirects=False, timeout=60, **rest)

    def provision(self) -> dict[str, Any]:
        """The answer to a first provision that went well."""
        answer = self.post("/provision-telephony", {})
        assert answer.status_code == 200, answer.text
        body: dict[str, Any] = answer.json()
        return body

    def get(self, path: str, **rest: Any) -> requests.Response:
        return self.call("GET", path, **rest)

    def post(self, path: str, body: Any, **rest: Any) -> requests.Response:
        return self.call("POST", path, body, **rest)

    def effects(self, carrier: str) -> Counter[str]:
        """What really changed in the agency's account at a carrier, out of the carrier's own log."""
        simulator = self.stack.simulators[carrier].simulator
        label = simulator.account(self.accounts[carrier])["label"]
        return Counter(each["kind"] for each in simulator.effects if each["account"] == label)


class Agencies:
    """Makes agencies through the admin command line, as an operator does."""

    def __init__(self, stack: Stack) -> None:
        self._stack = stack
        self._closing = ExitStack()
        self._waiting: list[Agency] = []
        self.made: list[Agency] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._closing.close()

    def take(self) -> Agency:
        if not self._waiting:
            self._waiting = self._make()
            self.made += self._waiting
        return self._waiting.pop()

    def _make(self) -> list[Agency]:
        commands: list[dict[str, Any]] = []
        for _ in range(AT_ONCE):
            commands += self._commands(f"org-{secrets.token_hex(4)}")
        results = admin(self._stack, commands)
        secret = self._stack.platform_secret()["supabase_jwt_secret"]
        size = len(commands) // AT_ONCE
        return [
            self._agency(commands[start : start + size], results[start : start + size], secret)
            for start in range(0, len(commands), size)
        ]

    def _commands(self, org_handle: str) -> list[dict[str, Any]]:
        keys = _new_credentials()
        for carrier, given in keys.items():
            names = {"twilio": ["auth_token"], "signalwire": ["api_token", "signing_key"]}.get(carrier, [])
            account = dict.fromkeys(names, given.get("api_secret", ""))
            self._stack.simulators[carrier].simulator.add_account(given["api_key"], account)
        of_agency = ("--agency", org_handle)
        commands: list[dict[str, Any]] = [
            {"run": ["agency", "create", "--name", f"Agency {org_handle}", "--org-handle", org_handle]},
            {"run": ["token", "issue", *of_agency, "--role", "owner", "--name", "e2e"]},
        ]
        commands += [{"run": ["user", "add", *of_agency, "--sub", str(uuid.uuid4()), "--role", role]} for role in ROLES]
        for provider, given in keys.items():
            words = ["credentials", "set", *of_agency, "--provider", provider, "--no-validate"]
            commands.append({"run": words, "input": given})
        return commands

    def _agency(self, commands: list[dict[str, Any]], results: list[dict[str, Any]], secret: str) -> Agency:
        words = [command["run"] for command in commands]
        return Agency(
            self._stack,
            self._closing.enter_context(requests.Session()),
            agency_id=results[0]["agency_id"],
            org_handle=words[0][-1],
            api_token=results[1]["token"],
            accounts={each["run"][-2]: each["input"]["api_key"] for each in commands if "input" in each},
            tokens={each[-1]: user_token(each[each.index("--sub") + 1], secret) for each in words[2:5]},
        )


def _new_credentials() -> dict[str, dict[str, str]]:
    """Of accounts that nobody else has, by carrier."""
    secret = secrets.token_hex(16)
    public = {"telnyx_public_key": demo.TELNYX_PUBLIC_KEY, "telnyx_account_sid": demo.TELNYX_ACCOUNT_SID}
    return {
        "telnyx": {"api_key": f"KEY{secrets.token_hex(16).upper()}_e2e", **public},
        "ultravox": {"api_key": f"E2e{secrets.token_hex(2)}x.{secrets.token_hex(16)}"},
        "twilio": {"api_key": f"AC{secrets.token_hex(16)}", "api_secret": secret},
        "signalwire": {
            "api_key": str(uuid.uuid4()),
            "api_secret": secret,
            "signing_key": secret,
            "base_url": "https://demo.signalwire.com",
        },
    }


def eventually[T](look: Callable[[], T], seconds: float) -> T:
    """What `look` finds as soon as it finds something true. Raises AssertionError when that takes too long."""
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        if found := look():
            return found
        time.sleep(0.1)
    raise AssertionError(f"still {look()} after {seconds} s")
