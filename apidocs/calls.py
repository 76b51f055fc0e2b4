"""One table: a call of every endpoint, in an order in which each one works, and an event of every other trigger.

Requests of docs/openapi.json, the events of `sam local invoke` and the examples in four languages are made from it,
and the tests play it: each call after those above it, with what their answers gave.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any
from urllib.parse import urlencode

from telephony.api.access import ROUTES


@dataclass(frozen=True, slots=True)
class Var:
    """A value that only the world knows in which the call is made: an id, a token."""

    name: str
    is_number: bool = False


Values = Mapping[str, str | int]


@dataclass(frozen=True)
class Call:
    """A request. `statuses`: the documented ones it may be answered with, the usual one first."""

    route: str
    id: str
    body: Any = None
    query: Mapping[str, str] = field(default_factory=dict)
    path: Mapping[str, Var | str] = field(default_factory=dict)
    headers: Mapping[str, Var | str] = field(default_factory=dict)
    statuses: tuple[int, ...] = (200,)
    saves: Mapping[str, Callable[[Any], Any]] = field(default_factory=dict)
    """What later calls need, out of the answer's body."""
    settles: bool = False
    """It leaves work to the queue, which the calls below wait for."""
    again_with: Mapping[str, str] = field(default_factory=dict)
    """Variables to be given the value of another one, in a second call that the ones below need."""
    content_type: str = "application/json"
    produces: str = "application/json"
    instead: Mapping[str, str] = field(default_factory=dict)
    """Headers any one of which may stand for those in `headers`, with what they may be."""
    signed_by: str | None = None
    """The carrier that sends it; nobody else has a reason to."""

    @property
    def method(self) -> str:
        return self.route.split(" ")[0]

    @property
    def needs_token(self) -> bool:
        return ROUTES[self.route] is not None

    def target(self, fill: Callable[[Var], str]) -> str:
        """Path and query below /api/v1."""

        def value(found: re.Match[str]) -> str:
            given = self.path.get(found[1], Var(found[1]))
            return fill(given) if isinstance(given, Var) else given

        path = re.sub(r"<(\w+)>", value, self.route.split(" ")[1])
        return path + (f"?{urlencode(self.query)}" if self.query else "")

    def text(self, fill: Callable[[Var], str]) -> str | None:
        """The body as it is sent."""
        if self.body is None:
            return None
        if self.content_type != "application/json":
            return "&".join(
                f"{name}={fill(value) if isinstance(value, Var) else urlencode({'': value})[1:]}"
                for name, value in self.body.items()
            )
        text = json.dumps(replaced(self.body, lambda var: f"<<{var.name}>>"))
        for var in variables(self.body):
            marker = f'"<<{var.name}>>"' if var.is_number else f"<<{var.name}>>"
            text = text.replace(marker, fill(var))
        return text


def replaced(value: Any, fill: Callable[[Var], Any]) -> Any:
    """The value with each variable in it filled."""
    match value:
        case Var():
            return fill(value)
        case dict():
            return {name: replaced(each, fill) for name, each in value.items()}
        case list():
            return [replaced(each, fill) for each in value]
        case _:
            return value


def variables(value: Any) -> Iterator[Var]:
    match value:
        case Var():
            yield value
        case dict():
            for each in value.values():
                yield from variables(each)
        case list():
            for each in value:
                yield from variables(each)


@dataclass(frozen=True)
class Trigger:
    """What invokes a function beside the API. `function`: its logical id; `answer`: what it returns when there is
    nothing to do."""

    function: str
    id: str
    event: Any
    answer: Any


_PHONE_CONFIGURATION = {"configuration_id": Var("phone_configuration_id")}
_ASSISTANT = {"assistant_id": Var("assistant_id", is_number=True)}
_PROVIDER_CONFIGURATION = {"configuration_id": Var("provider_configuration_id", is_number=True)}
_ORG = {"Org-Handle": Var("org_handle")}
_ORG_AND_PRODUCT = _ORG | {"Product-ID": Var("product_id")}

_PROVIDER_CONFIGURATIONS = (
    Call(
        "POST /provider-configurations",
        "create_provider_configuration",
        {
            "name": "Second account",
            "provider": 3,
            "api_key": Var("twilio_account_sid"),
            "api_secret": Var("twilio_auth_token"),
        },
        headers=_ORG,
        saves={"provider_configuration_id": lambda answer: answer["data"]["id"]},
    ),
    Call("GET /provider-configurations", "list_provider_configurations"),
    Call(
        "GET /provider-configurations/<configuration_id>",
        "get_provider_configuration",
        path=_PROVIDER_CONFIGURATION,
        headers=_ORG_AND_PRODUCT,
    ),
    Call(
        "PATCH /provider-configurations/<configuration_id>",
        "update_provider_configuration",
        {"name": "Spare account"},
        path=_PROVIDER_CONFIGURATION,
        headers=_ORG_AND_PRODUCT,
    ),
    Call(
        "DELETE /provider-configurations/<configuration_id>",
        "delete_provider_configuration",
        path=_PROVIDER_CONFIGURATION,
        headers=_ORG_AND_PRODUCT,
        statuses=(204,),
    ),
)


def _spelled_otherwise(call: Call) -> Call:
    return replace(call, route=call.route.replace("/provider-conf", "/providers-conf"), id=f"{call.id}_alias")


_TABLE = (
    # integration
    Call(
        "POST /save-ultravox-integration",
        "save_ultravox_integration",
        {"api_key": Var("ultravox_api_key")},
    ),
    Call(
        "POST /store-telnyx-credentials",
        "store_telnyx_credentials",
        {
            "telnyx_api_key": Var("telnyx_api_key"),
            "telnyx_public_key": Var("telnyx_public_key"),
            "telnyx_account_sid": Var("telnyx_account_sid"),
        },
    ),
    Call("GET /get-integration-status", "get_integration_status"),
    Call(
        "POST /provision-telephony",
        "provision_telephony",
        {"force": True},
        saves={"webhook_secret": lambda answer: answer["provisioned"]["webhook_url"].rsplit("/", 1)[1]},
    ),
    Call("POST /import-telnyx-to-ultravox", "import_telnyx_to_ultravox"),
    Call("GET /verify-telephony-config", "verify_telephony_config"),
    Call("POST /repair-telephony-config", "repair_telephony_config", {"dry_run": True}),
    # webhooks
    Call(
        "POST /telnyx-webhook/<agency_id>/<webhook_secret>",
        "telnyx_webhook",
        {"data": {"event_type": "call.initiated", "id": "0ccc7b54-4df3-4bca-a65a-3da1ecc777f0", "payload": {}}},
        headers={
            "Telnyx-Signature-Ed25519": Var("telnyx_signature"),
            "Telnyx-Timestamp": Var("telnyx_timestamp"),
        },
        signed_by="telnyx",
    ),
    Call(
        "POST /twiml",
        "twiml",
        {
            "AccountSid": "AC" + "0" * 32,
            "CallSid": "CA" + "0" * 32,
            "From": "+12125550100",
            "To": "+12125550199",
        },
        headers={"X-Twilio-Signature": "0/KCTR6DLpKmkAf8muzZqo1nDgQ="},
        instead={"X-SignalWire-Signature": "0/KCTR6DLpKmkAf8muzZqo1nDgQ="},
        content_type="application/x-www-form-urlencoded",
        produces="application/xml",
        signed_by="twilio",
    ),
    # assistants
    Call(
        "POST /assistants",
        "create_assistant",
        {"name": "Front desk", "ultravox_agent_id": Var("ultravox_agent_id")},
        saves={"assistant_id": lambda answer: answer["assistant"]["id"]},
    ),
    Call("GET /assistants", "list_assistants"),
    Call("GET /assistants/<assistant_id>", "get_assistant", path=_ASSISTANT),
    Call("PATCH /assistants/<assistant_id>", "update_assistant", {"name": "Reception"}, path=_ASSISTANT),
    # numbers
    Call("GET /phone-numbers/countries", "list_countries", query={"provider": "telnyx"}),
    Call(
        "POST /phone-numbers/search",
        "search_phone_numbers",
        {"provider": "telnyx", "country_code": "US", "limit": 3},
        saves={
            "phone_number": lambda answer: answer["numbers"][0]["phone_number"],
            "second_phone_number": lambda answer: answer["numbers"][1]["phone_number"],
        },
    ),
    Call(
        "POST /phone-numbers/purchase",
        "purchase_phone_number",
        {"phone_number": Var("phone_number"), "provider": "telnyx", "friendly_name": "Front desk"},
        headers={"Idempotency-Key": Var("idempotency_key")},
        saves={
            "phone_configuration_id": lambda answer: answer["phone_configuration_id"],
            "operation_id": lambda answer: answer["operation_id"],
            "phone_request_id": lambda answer: answer["operation_id"],
        },
    ),
    # operations
    Call(
        "POST /operations/<operation_id>/retry",
        "retry_operation",
        statuses=(202, 409),  # the queue may have finished it in the meantime
        settles=True,
    ),
    Call("GET /operations/<operation_id>", "get_operation"),
    Call("GET /operations", "list_operations", query={"kind": "purchase"}),
    Call(
        "POST /phone-numbers/purchase-batch",
        "purchase_phone_numbers",
        {"items": [{"phone_number": Var("second_phone_number"), "provider": "telnyx"}]},
        statuses=(202,),
        settles=True,
    ),
    Call(
        "POST /phone-numbers/import",
        "import_phone_number",
        {"phone_number": Var("carrier_number"), "provider": "telnyx"},
    ),
    Call(
        "POST /phone-numbers/assign",
        "assign_phone_number",
        {"phone_number": Var("phone_number"), "assistant_id": Var("assistant_id", is_number=True)},
    ),
    Call("GET /phone-numbers/<phone_number>/diagnose", "diagnose_phone_number"),
    Call("GET /phone-numbers/<phone_number>/webhooks", "get_phone_number_webhooks"),
    Call(
        "PUT /phone-numbers/webhooks",
        "update_phone_number_webhooks",
        {"phone_number": Var("phone_number"), "disable_sms": True},
    ),
    # configurations
    Call("GET /phone-configurations", "list_phone_configurations", query={"pageSize": "20"}),
    Call("GET /phone-configurations/<configuration_id>", "get_phone_configuration", path=_PHONE_CONFIGURATION),
    Call("GET /phone-configurations/by-phone-number/<phone_number>", "get_phone_configuration_by_phone_number"),
    Call("GET /phone-configurations/by-request/<phone_request_id>", "get_phone_configuration_by_request"),
    Call(
        "PATCH /phone-configurations/<configuration_id>",
        "rename_phone_configuration",
        {"friendlyName": "Reception"},
        path=_PHONE_CONFIGURATION,
    ),
    Call(
        "PATCH /phone-configurations",
        "update_phone_configuration",
        {"id": Var("phone_configuration_id"), "friendlyName": "Front desk"},
    ),
    Call("DELETE /phone-configurations/<configuration_id>", "delete_phone_configuration", path=_PHONE_CONFIGURATION),
    Call(
        "POST /phone-numbers/release",
        "release_phone_number",
        {"phone_number": Var("second_phone_number")},
        again_with={"second_phone_number": "carrier_number"},
    ),
    Call("DELETE /assistants/<assistant_id>", "delete_assistant", path=_ASSISTANT),
    # providers
    Call("GET /providers", "list_providers"),
    *_PROVIDER_CONFIGURATIONS,
    *(_spelled_otherwise(call) for call in _PROVIDER_CONFIGURATIONS),
    Call("GET /audit-events", "list_audit_events"),
    # site
    Call("GET /health", "get_health"),
    Call("GET /openapi.json", "get_openapi"),
    Call("GET /docs", "get_docs", produces="text/html"),
    Call("GET /docs/<asset>", "get_docs_asset", path={"asset": "docs.js"}, produces="text/javascript"),
    Call("GET /console", "get_console", produces="text/html"),
    Call(
        "POST /deprovision-telephony",
        "deprovision_telephony",
        {"confirm": True},
    ),
)

CALLS = tuple(call for call in _TABLE if call.route in ROUTES)

TRIGGERS = (
    Trigger(
        "RetryWorkerFunction",
        "wakeups",
        {
            "Records": [
                {
                    "messageId": "19dd0b57-b21e-4ac1-bd88-01bbb068cb78",
                    "receiptHandle": "MessageReceiptHandle",
                    "body": '{"operation_id": "${operation_id}"}',
                    "attributes": {
                        "ApproximateReceiveCount": "1",
                        "SentTimestamp": "1768467600000",
                        "SenderId": "AIDAIENQZJOLO23YVJ4VO",
                        "ApproximateFirstReceiveTimestamp": "1768467600001",
                    },
                    "messageAttributes": {},
                    "md5OfBody": "e4e68fb7bd0e697a0ae8f1bb342846b3",
                    "eventSource": "aws:sqs",
                    "eventSourceARN": "arn:aws:sqs:us-east-1:123456789012:wakeups",
                    "awsRegion": "us-east-1",
                }
            ]
        },
        {"batchItemFailures": []},
    ),
    Trigger(
        "SweeperFunction",
        "every_minute",
        {
            "version": "0",
            "id": "53dc4d37-cffa-4f76-80c9-8b7d4a4d2eaa",
            "detail-type": "Scheduled Event",
            "source": "aws.events",
            "account": "123456789012",
            "time": "2026-01-15T09:00:00Z",
            "region": "us-east-1",
            "resources": ["arn:aws:events:us-east-1:123456789012:rule/telephony-sweeper"],
            "detail": {},
        },
        {"woken": 0},
    ),
    Trigger("SweeperFunction", "every_week", {"task": "reconcile"}, {"begun": 1}),
)
