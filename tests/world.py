"""The world the tests act in: real tables, queue and keys, simulated carriers, and the handlers called in process.

::

    world.post("provision_telephony", "/provision-telephony", {"force": True}, token=world.owner_token)
    world.telnyx.simulator.effects
    world.pass_time(60)            # for us and for the carriers
    world.run_queue()              # the sweeper, then the worker on every message that is due
"""

from __future__ import annotations

import base64
import importlib.util
import json
import secrets
import sys
import time
import uuid
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import Any

import jwt

from local.payload import Request, event_of
from local.routing import Match
from local.simulators import demo_accounts as demo
from local.simulators.server import Server
from local.template import Route
from local.testing import Backends, Deployment
from tests.documented import check_error
from tests.roles import Roles

ROOT = Path(__file__).parents[1]
PUBLIC_BASE_URL = "https://telephony.example.com/api/v1"
SECONDS_PER_REQUEST = 28.0
SECONDS_PER_BATCH = 300.0


@cache
def door(name: str) -> ModuleType:
    """functions/<name>/handler.py as a module of its own name."""
    path = ROOT / "functions" / name / "handler.py"
    spec = importlib.util.spec_from_file_location(f"functions_{name}", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


class LambdaContext:
    """What a handler sees of its invocation."""

    def __init__(self, seconds: float) -> None:
        self._ends = time.monotonic() + seconds
        self.aws_request_id = uuid.uuid4().hex
        self.function_name = "test"
        self.memory_limit_in_mb = 1024
        self.invoked_function_arn = "arn:aws:lambda:us-east-1:000000000000:function:test"

    def get_remaining_time_in_millis(self) -> int:
        return int((self._ends - time.monotonic()) * 1000)


@dataclass(frozen=True)
class HttpAnswer:
    status: int
    body: Any
    headers: dict[str, str]


def event(
    method: str, path: str, body: Any = None, headers: Mapping[str, str] | None = None, query: str = ""
) -> dict[str, Any]:
    """The API Gateway event of a request. `body`: None, bytes as they are, or anything JSON."""
    raw = b"" if body is None else body if isinstance(body, bytes) else json.dumps(body).encode()
    sent = {"host": "telephony.example.com"} | {name.lower(): value for name, value in (headers or {}).items()}
    if raw and "content-type" not in sent:
        sent["content-type"] = "application/json"
    request = Request(method, f"/api/v1{path}", query, list(sent.items()), raw, "127.0.0.1")
    return event_of(request, Match(Route("ANY", f"/api/v1{path}", "Function"), {}))


def sqs_record(body: str, message_id: str = "message", receipt_handle: str = "receipt") -> dict[str, Any]:
    """A message as the retry worker gets it."""
    return {
        "messageId": message_id,
        "receiptHandle": receipt_handle,
        "body": body,
        "attributes": {"ApproximateReceiveCount": "1"},
        "messageAttributes": {},
        "md5OfBody": "",
        "eventSource": "aws:sqs",
        "eventSourceARN": "arn:aws:sqs:us-east-1:000000000000:wakeups",
        "awsRegion": "us-east-1",
    }


@dataclass
class World:
    backends: Backends
    deployment: Deployment
    servers: dict[str, Server]
    roles: Roles
    clock_offset: float = 0.0
    agency_id: str = ""
    owner_token: str = ""
    tokens: dict[str, str] = field(default_factory=dict)
    around: Callable[[], AbstractContextManager[Any]] = nullcontext
    """What each invocation of a handler is wrapped in, e.g. to watch what it sends."""

    @property
    def telnyx(self) -> Server:
        return self.servers["telnyx"]

    @property
    def ultravox(self) -> Server:
        return self.servers["ultravox"]

    # Requests

    def invoke(self, function: str, given: dict[str, Any], seconds: float) -> Any:
        """Calls a function's handler with an event, as Lambda does."""
        with self.around(), self.roles.at_work(function):
            return door(function).lambda_handler(given, LambdaContext(seconds))

    def call(
        self,
        function: str,
        method: str,
        path: str,
        body: Any = None,
        *,
        token: str | None = None,
        headers: Mapping[str, str] | None = None,
        query: str = "",
        seconds: float = SECONDS_PER_REQUEST,
    ) -> HttpAnswer:
        """Calls a function's handler as the gateway does. `token`: a JWT or API token; None: no credential.

        Whatever a test is about, an error that it meets must be one that the API's document tells of.
        """
        sent = dict(headers or {}) | ({"authorization": f"Bearer {token}"} if token else {})
        answer = self.invoke(function, event(method, path, body, sent, query), seconds)
        text = answer["body"]
        if answer.get("isBase64Encoded"):
            text = base64.b64decode(text).decode()
        names = {name.lower(): value for name, value in answer["headers"].items()}
        is_json = "json" in names.get("content-type", "")
        told = HttpAnswer(answer["statusCode"], json.loads(text) if is_json else text, names)
        if told.status >= 400:
            check_error(method, path, told.status, told.body, names)
        return told

    def provision(self, body: Any = None, **rest: Any) -> HttpAnswer:
        rest.setdefault("token", self.owner_token)
        return self.call("provision_telephony", "POST", "/provision-telephony", body, **rest)

    def deprovision(self, body: Any = None, **rest: Any) -> HttpAnswer:
        rest.setdefault("token", self.owner_token)
        given = {"confirm": True} if body is None else body
        return self.call("provision_telephony", "POST", "/deprovision-telephony", given, **rest)

    def status(self, **rest: Any) -> HttpAnswer:
        rest.setdefault("token", self.owner_token)
        return self.call("telephony_integration", "GET", "/get-integration-status", **rest)

    # The queue

    def run_queue(self, *, sweep: bool = True, seconds: float = SECONDS_PER_BATCH, once: bool = False) -> int:
        """The sweeper once, then the worker on all the messages that are due now; returns how many there were.

        With `once` the worker gets one batch: not what has become due meanwhile, by the real clock, on a slow machine.
        """
        if sweep:
            self.invoke("sweeper", {}, 60)
        count = 0
        while records := self._receive():
            count += len(records)
            answer = self.invoke("retry_worker", {"Records": records}, seconds)
            failed = {each["itemIdentifier"] for each in answer["batchItemFailures"]}
            for record in records:
                if record["messageId"] not in failed:
                    with self.roles.at_work(None):
                        self._sqs.delete_message(QueueUrl=self.queue_url, ReceiptHandle=record["receiptHandle"])
            if once:
                break
        return count

    def lose_messages(self) -> None:
        """Empties the queue, of delayed wake-ups too. They come by the real clock, sooner or later than a test expects:
        one that counts what is done has them lost, and the sweeper do their work.
        """
        self._sqs.purge_queue(QueueUrl=self.queue_url)

    def settle(self, rounds: int = 12, step: float = 130.0) -> None:
        """Lets time pass and the queue run until nothing is due any more."""
        for _ in range(rounds):
            self.pass_time(step)
            self.run_queue()

    @property
    def queue_url(self) -> str:
        return self.deployment.queue_urls["WakeupsQueue"]

    @property
    def _sqs(self) -> Any:
        return self.backends.client("sqs")

    def _receive(self) -> list[dict[str, Any]]:
        with self.roles.at_work(None):
            got = self._sqs.receive_message(QueueUrl=self.queue_url, MaxNumberOfMessages=10, WaitTimeSeconds=0)
        return [sqs_record(each["Body"], each["MessageId"], each["ReceiptHandle"]) for each in got.get("Messages", [])]

    # Time and people

    def now(self) -> float:
        """Seconds since the epoch on the bundle's clock."""
        return time.time() + self.clock_offset

    def pass_time(self, seconds: float) -> None:
        """Moves the clock of the bundle and of every carrier."""
        self.clock_offset += seconds
        for server in self.servers.values():
            server.simulator.advance(seconds)

    def jwt(self, sub: str, **claims: Any) -> str:
        """A Supabase token of that user, signed with the platform's secret."""
        now = int(time.time())
        payload = {"sub": sub, "aud": "authenticated", "role": "authenticated", "iat": now, "exp": now + 3600} | claims
        return jwt.encode(payload, self.deployment.platform_secret["supabase_jwt_secret"], algorithm="HS256")

    def new_agency(self, name: str = "Acme", *, credentials: bool = True) -> tuple[str, dict[str, str]]:
        """An agency with an owner, an admin and a member; returns its id and their JWTs by role."""
        from telephony.bootstrap import container
        from telephony.values import Role

        admin = container().administration
        agency, _ = admin.create_agency(name, f"org-{secrets.token_hex(4)}", [7])
        tokens = {}
        for role in Role:
            sub = str(uuid.uuid4())
            admin.add_user(agency.id, sub, role)
            tokens[role.label] = self.jwt(sub)
        if credentials:
            self.store_credentials(agency.id)
        return agency.id, tokens

    def api_token(self, agency_id: str, role: str = "owner") -> str:
        from telephony.bootstrap import container
        from telephony.values import Role

        with self.roles.at_work(None):
            return container().administration.issue_token(agency_id, Role.parse(role), "test")[0]

    def store_credentials(
        self, agency_id: str, *, telnyx_key: str = demo.TELNYX_API_KEY, ultravox_key: str = demo.ULTRAVOX_API_KEY
    ) -> None:
        """The demo accounts' keys, unchecked."""
        from telephony.bootstrap import container
        from telephony.clock import Deadline
        from telephony.services.saving import Saving
        from telephony.values import Principal, ProviderType, Role

        accounts = container().provider_accounts
        operator, unchecked = (
            Principal(agency_id, Role.OWNER, "test", "operator"),
            Saving(Deadline.after(30), validate=False),
        )
        meta = {"telnyx_public_key": demo.TELNYX_PUBLIC_KEY, "telnyx_account_sid": demo.TELNYX_ACCOUNT_SID}
        accounts.store(operator, ProviderType.TELNYX, {"api_key": telnyx_key}, unchecked, meta=meta)
        accounts.store(operator, ProviderType.ULTRAVOX, {"api_key": ultravox_key}, unchecked)

    # What there is

    def stored(self) -> dict[str, list[dict[str, Any]]]:
        """Every item of every table of the template, as DynamoDB stores it, by the table's name."""
        pages = self.backends.client("dynamodb").get_paginator("scan").paginate
        tables = (table.name for table in self.deployment.template.tables)
        return {name: [item for page in pages(TableName=name) for item in page["Items"]] for name in tables}

    def effects(self, carrier: str, kind: str | None = None) -> list[dict[str, Any]]:
        """What really changed at a carrier, oldest first, out of its own log."""
        happened = self.servers[carrier].simulator.effects
        return [each for each in happened if kind is None or each["kind"] == kind]

    def applications(self) -> list[dict[str, Any]]:
        return list(self.telnyx.simulator.account(demo.TELNYX_API_KEY)["applications"].values())

    def profiles(self) -> list[dict[str, Any]]:
        return list(self.telnyx.simulator.account(demo.TELNYX_API_KEY)["outbound_voice_profiles"].values())
