"""A client of the provider configurations API, and bodies to send."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from local.simulators import demo_accounts as demo
from tests.world import HttpAnswer, World

TELNYX_META = [
    {"meta_key": "telnyx_public_key", "meta_value": demo.TELNYX_PUBLIC_KEY},
    {"meta_key": "telnyx_account_sid", "meta_value": demo.TELNYX_ACCOUNT_SID},
]
TELNYX = {"name": "Main", "provider": 1, "api_key": demo.TELNYX_API_KEY, "meta_json": TELNYX_META}
SIGNALWIRE = {
    "name": "Space",
    "provider": 2,
    "api_key": demo.SIGNALWIRE_PROJECT_ID,
    "api_secret": demo.SIGNALWIRE_API_TOKEN,
    "signing_key": demo.SIGNALWIRE_SIGNING_KEY,
    "base_url": "https://demo.signalwire.com",
}
TWILIO = {"name": "Twilio", "provider": 3, "api_key": demo.TWILIO_ACCOUNT_SID, "api_secret": demo.TWILIO_AUTH_TOKEN}
ULTRAVOX = {"name": "Voice", "provider": 4, "api_key": demo.ULTRAVOX_API_KEY}
BODIES = {"telnyx": TELNYX, "signalwire": SIGNALWIRE, "twilio": TWILIO, "ultravox": ULTRAVOX}
PATHS = ("/provider-configurations", "/providers-configurations")


@dataclass
class Api:
    """Requests of an agency with the headers of its own; `headers` replaces them, None leaves one out."""

    world: World
    agency_id: str
    tokens: dict[str, str]
    path: str = "/provider-configurations"

    @cached_property
    def org_handle(self) -> str:
        from telephony.bootstrap import container

        return str(container().administration.agency(self.agency_id).org_handle)

    def call(
        self,
        method: str,
        path: str,
        body: Any = None,
        *,
        role: str = "owner",
        token: str | None = None,
        headers: dict[str, str | None] | None = None,
        query: str = "",
    ) -> HttpAnswer:
        sent = {"org-handle": self.org_handle, "product-id": "7", **(headers or {})}
        given = {name: value for name, value in sent.items() if value is not None}
        token = token or self.tokens[role]
        return self.world.call("provider_configurations", method, path, body, token=token, headers=given, query=query)

    def listed(self, **rest: Any) -> HttpAnswer:
        return self.call("GET", self.path, **rest)

    def create(self, body: Any, **rest: Any) -> HttpAnswer:
        return self.call("POST", self.path, body, **rest)

    def get(self, id: Any, **rest: Any) -> HttpAnswer:
        return self.call("GET", f"{self.path}/{id}", **rest)

    def update(self, id: Any, body: Any, **rest: Any) -> HttpAnswer:
        return self.call("PATCH", f"{self.path}/{id}", body, **rest)

    def delete(self, id: Any, **rest: Any) -> HttpAnswer:
        return self.call("DELETE", f"{self.path}/{id}", **rest)

    def records(self) -> list[dict[str, Any]]:
        """The agency's configurations as DynamoDB stores them."""
        return [each for each in self._items("provider_configurations") if each["agency_id"]["S"] == self.agency_id]

    def audit(self, action: str) -> list[dict[str, Any]]:
        """Details, actor and subject of the agency's audit events of one kind, oldest first."""
        mine = [each for each in self._items("audit_events") if each["agency_id"]["S"] == self.agency_id]
        return [
            {**json.loads(each["details"]["S"]), "actor": each["actor"]["S"], "subject": each["subject"]["S"]}
            for each in sorted(mine, key=lambda each: each["id"]["S"])
            if each["action"]["S"] == action
        ]

    def _items(self, table: str) -> list[dict[str, Any]]:
        client = self.world.backends.client("dynamodb")
        pages = client.get_paginator("scan").paginate(TableName=self.world.deployment.table_prefix + table)
        return [item for page in pages for item in page["Items"]]

    def created(self, body: Any, **changes: Any) -> int:
        answer = self.create({**body, **changes})
        assert answer.status == 200, answer.body
        return int(answer.body["data"]["id"])


def new_api(world: World) -> Api:
    """Of an agency without any configuration."""
    agency_id, tokens = world.new_agency(credentials=False)
    return Api(world, agency_id, tokens)
