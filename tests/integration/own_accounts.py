"""An agency with carrier accounts of its own, so that one test's drift is no other test's."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from typing import Any

from local.simulators import demo_accounts as demo
from local.simulators.store import Record
from tests.world import HttpAnswer, World


def telnyx_key() -> str:
    return f"KEY{secrets.token_hex(16).upper()}_{secrets.token_hex(11)}"


def ultravox_key() -> str:
    return f"{secrets.token_hex(4)}.{secrets.token_hex(16)}"


@dataclass
class Own:
    world: World
    agency_id: str
    tokens: dict[str, str]
    telnyx_key: str
    ultravox_key: str

    @property
    def telnyx(self) -> Record:
        """The live Telnyx account: change it in place to change things behind the API's back."""
        return self.world.telnyx.simulator.account(self.telnyx_key)

    @property
    def ultravox(self) -> Record:
        return self.world.ultravox.simulator.account(self.ultravox_key)

    @property
    def application(self) -> Record:
        """The live record."""
        [application] = self.telnyx["applications"].values()
        return application

    @property
    def profile(self) -> Record:
        [profile] = self.telnyx["outbound_voice_profiles"].values()
        return profile

    @property
    def imported(self) -> Record:
        return self.ultravox["telephony_configs"]["telnyx"]

    @property
    def agency(self) -> Any:
        from telephony.bootstrap import container

        return container().administration.agency(self.agency_id)

    def effects(self) -> list[str]:
        """What has changed at both carriers, by kind."""
        mine = {self.telnyx["label"], self.ultravox["label"]}
        happened = [*self.world.effects("telnyx"), *self.world.effects("ultravox")]
        return [each["kind"] for each in happened if each["account"] in mine]

    def items(self, table: str) -> list[dict[str, Any]]:
        """The agency's items of a table as DynamoDB stores them."""
        client = self.world.backends.client("dynamodb")
        pages = client.get_paginator("scan").paginate(TableName=self.world.deployment.table_prefix + table)
        return [
            item for page in pages for item in page["Items"] if item.get("agency_id", {}).get("S") == self.agency_id
        ]

    def audit(self) -> list[str]:
        """What the audit trail tells, oldest first."""
        return [each["action"]["S"] for each in sorted(self.items("audit_events"), key=lambda each: each["id"]["S"])]

    def call(self, method: str, path: str, body: Any = None, *, role: str = "owner", **rest: Any) -> HttpAnswer:
        return self.world.call("telephony_integration", method, path, body, token=self.tokens[role], **rest)

    def verify(self, **rest: Any) -> HttpAnswer:
        return self.call("GET", "/verify-telephony-config", **rest)

    def repair(self, body: Any = None, **rest: Any) -> HttpAnswer:
        return self.call("POST", "/repair-telephony-config", body, **rest)

    def store_telnyx(self, key: str | None = None, **rest: Any) -> HttpAnswer:
        body = {
            "telnyx_api_key": key or self.telnyx_key,
            "telnyx_public_key": demo.TELNYX_PUBLIC_KEY,
            "telnyx_account_sid": demo.TELNYX_ACCOUNT_SID,
            **rest,
        }
        return self.call("POST", "/store-telnyx-credentials", {k: v for k, v in body.items() if v is not None})

    def save_ultravox(self, key: str | None = None, **rest: Any) -> HttpAnswer:
        return self.call("POST", "/save-ultravox-integration", {"api_key": key or self.ultravox_key, **rest})

    def import_telnyx(self, **rest: Any) -> HttpAnswer:
        return self.call("POST", "/import-telnyx-to-ultravox", **rest)

    def provision(self, body: Any = None) -> HttpAnswer:
        return self.world.provision(body, token=self.tokens["owner"])

    def another_telnyx_key(self) -> str:
        """A new key of the same Telnyx account; the old one stays good."""
        key = telnyx_key()
        self.world.telnyx.simulator.state["accounts"][key] = self.telnyx
        return key

    def another_ultravox_key(self) -> str:
        key = ultravox_key()
        self.world.ultravox.simulator.state["accounts"][key] = self.ultravox
        return key


def own_accounts(world: World, *, stored: bool = True, provisioned: bool = False) -> Own:
    """An agency without anything; `stored`: with its keys; `provisioned`: with its telephony."""
    agency_id, tokens = world.new_agency(credentials=False)
    own = Own(world, agency_id, tokens, telnyx_key(), ultravox_key())
    world.telnyx.simulator.add_account(own.telnyx_key)
    world.ultravox.simulator.add_account(own.ultravox_key)
    if stored or provisioned:
        world.store_credentials(agency_id, telnyx_key=own.telnyx_key, ultravox_key=own.ultravox_key)
    if provisioned:
        assert own.provision().status == 200
    return own
