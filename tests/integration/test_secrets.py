"""No secret shows: canaries are pushed through provisioning, well and badly, and looked for everywhere."""

from __future__ import annotations

import io
import json
import secrets
import string
import traceback
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from telephony.clock import Deadline
from telephony.errors import InvalidRequest, TelephonyError
from telephony.values import Principal, ProviderType, Role

from local.simulators.signing import telnyx_public_key
from tests.integration.conftest import store_key
from tests.world import PUBLIC_BASE_URL, HttpAnswer, World

LETTERS = string.ascii_letters + string.digits


def text(length: int) -> str:
    return "".join(secrets.choice(LETTERS) for _ in range(length))


class Canaries:
    """An agency whose every secret is known here, and nowhere else."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.telnyx = f"KEY{secrets.token_hex(16).upper()}_{text(22)}"
        self.ultravox = f"{text(8)}.{text(32)}"
        self.agency_id, tokens = world.new_agency(credentials=False)
        self.jwt = tokens["owner"]
        self.member_jwt = tokens["member"]
        self.token = world.api_token(self.agency_id)
        for carrier, key in (("telnyx", self.telnyx), ("ultravox", self.ultravox)):
            world.servers[carrier].simulator.add_account(key, {})
        self.store(ProviderType.TELNYX, self.telnyx, telnyx_public_key=telnyx_public_key(self.telnyx))
        self.store(ProviderType.ULTRAVOX, self.ultravox)
        self.webhook = world.status(token=self.token).body["webhook_url"].split("/")[-1]

    def store(self, provider: ProviderType, key: str, **meta: str) -> None:
        store_key(self.agency_id, provider, key, telnyx_account_sid="61bf923e-5e4d-4595-a110-56190ea18a1b", **meta)

    @property
    def all(self) -> dict[str, str]:
        platform = self.world.deployment.platform_secret
        return {
            "Telnyx key": self.telnyx,
            "Ultravox key": self.ultravox,
            "webhook secret": self.webhook,
            "API token": self.token,
            "JWT": self.jwt,
            "JWT secret": platform["supabase_jwt_secret"],
            "page token key": platform["page_token_key"],
        }

    def assert_absent(self, place: str, found: str) -> None:
        for name, secret in self.all.items():
            assert secret not in found, f"the {name} is in {place}"


@pytest.fixture
def canaries(world: World) -> Canaries:
    return Canaries(world)


@pytest.fixture
def sent_messages(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """The wake-ups that were sent."""
    from telephony import aws

    messages: list[Any] = []
    client = aws.client

    def watched(service: str, region: str) -> Any:
        made = client(service, region)
        if service != "sqs":
            return made

        class Watched:
            def send_message(self, **message: Any) -> Any:
                messages.append(message)
                return made.send_message(**message)

        return Watched()

    monkeypatch.setattr(aws, "client", watched)
    return messages


FAULTS: dict[str, list[tuple[str, dict[str, Any]]]] = {
    "none": [],
    "Telnyx 401": [("telnyx", {"kind": "status", "status": 401})],
    "Telnyx 403 with an echo": [("telnyx", {"kind": "status", "status": 403, "body": "echo"})],
    "Telnyx 422 with an echo": [("telnyx", {"kind": "status", "status": 422, "method": "POST", "body": "echo"})],
    "Telnyx 500": [("telnyx", {"kind": "status", "status": 500, "times": 3, "body": "echo"})],
    "Telnyx torn after the effect": [("telnyx", {"kind": "torn_body", "method": "POST"})],
    "Telnyx silent": [("telnyx", {"kind": "refuse", "times": 3})],
    "Telnyx 429": [("telnyx", {"kind": "status", "status": 429, "headers": {"Retry-After": "60"}, "body": "echo"})],
    "Telnyx wrong type": [("telnyx", {"kind": "wrong_type", "times": 3})],
    "Ultravox 401": [("ultravox", {"kind": "status", "status": 401, "body": "echo"})],
    "Ultravox 400 with an echo": [("ultravox", {"kind": "status", "status": 400, "body": "echo"})],
    "Ultravox 500": [("ultravox", {"kind": "html_502", "times": 3})],
    "Ultravox silent": [("ultravox", {"kind": "refuse", "times": 3})],
}


def echo(canaries: Canaries, carrier: str) -> Any:
    """An error body that repeats all that the carrier was sent, as careless ones do."""
    url = f"{PUBLIC_BASE_URL}/telnyx-webhook/{canaries.agency_id}/{canaries.webhook}"
    if carrier == "telnyx":
        detail = f"Key {canaries.telnyx} may not use {url} as webhook_event_url ({url})."
        return {"errors": [{"code": "10015", "title": f"Bad key {canaries.telnyx}", "detail": detail}]}
    return {"telnyx": {"apiKey": [f"{canaries.telnyx} is not valid, says {canaries.ultravox}"]}}


@pytest.fixture(params=list(FAULTS))
def faulty(request: pytest.FixtureRequest, world: World, canaries: Canaries) -> str:
    for carrier, fault in FAULTS[request.param]:
        body = echo(canaries, carrier) if fault.get("body") == "echo" else fault.get("body")
        world.servers[carrier].simulator.add_faults(fault | {"body": body})
    return str(request.param)


def test_nothing_leaks_out_of_provisioning(
    world: World,
    canaries: Canaries,
    faulty: str,
    logged: io.StringIO,
    sent_messages: list[Any],
    capfd: pytest.CaptureFixture[str],
    items: Callable[[str], list[dict[str, Any]]],
) -> None:
    # when an agency is provisioned, its run finished by the queue, read, and taken down again
    answers: list[HttpAnswer] = [world.provision(token=canaries.token)]
    world.settle(rounds=2)
    answers += [
        world.provision({"force": True, "dry_run": True}, token=canaries.token),
        world.provision({"force": True}, token=canaries.jwt),
        world.status(token=canaries.member_jwt),
        world.deprovision(token=canaries.token),
        world.provision(token="tpk_" + canaries.token[5:]),
    ]
    # then the answers hold no secret, but for the owner's own webhook URL
    for answer in answers:
        if isinstance(answer.body, dict):
            answer.body.get("provisioned", {}).pop("webhook_url", None)
        canaries.assert_absent("an answer", json.dumps(answer.body) + json.dumps(answer.headers))
    # and neither do the logs, the tables, the messages
    assert logged.getvalue()
    canaries.assert_absent("a log line", logged.getvalue())
    captured = capfd.readouterr()
    canaries.assert_absent("the output", captured.out + captured.err)
    for table, stored in world.stored().items():
        canaries.assert_absent(f"the table {table}", str(stored))
    canaries.assert_absent("a message", json.dumps(sent_messages))
    for message in sent_messages:
        assert set(json.loads(message["MessageBody"])) == {"operation_id"}


def test_nothing_leaks_out_of_the_errors_themselves(world: World, canaries: Canaries, faulty: str) -> None:
    """As an HTTP handler, a worker or a debugger sees them."""
    from telephony.bootstrap import container

    owner = Principal(canaries.agency_id, Role.OWNER, "user#1", "jwt")
    for method, arguments in (
        (container().provisioning.provision, {"force": False}),
        (container().provisioning.plan, {"force": True}),
        (container().provisioning.deprovision, {}),
    ):
        try:
            method(owner, PUBLIC_BASE_URL, Deadline.after(20), **arguments)
        except TelephonyError as error:
            canaries.assert_absent("a traceback", "".join(traceback.format_exception(error)))
            for each in chain(error):
                canaries.assert_absent("an exception", f"{each!r} {each!s} {vars(each)!r}")


def chain(error: BaseException) -> Iterator[BaseException]:
    """The error, and all that it came of."""
    following: BaseException | None = error
    while following is not None:
        yield following
        following = following.__cause__ or following.__context__


def test_nothing_leaks_when_kms_denies(
    world: World,
    canaries: Canaries,
    logged: io.StringIO,
    items: Callable[[str], list[dict[str, Any]]],
) -> None:
    # given a record whose blob was swapped with another's
    table = world.deployment.table_prefix + "provider_configurations"
    client = world.backends.client("dynamodb")
    mine = [each for each in items("provider_configurations") if each["agency_id"]["S"] == canaries.agency_id]
    for each, other in zip(mine, reversed(mine), strict=True):
        client.update_item(
            TableName=table,
            Key={"agency_id": each["agency_id"], "id": each["id"]},
            UpdateExpression="SET sealed = :blob",
            ExpressionAttributeValues={":blob": other["sealed"]},
        )
    # when it is opened, then it does not open
    answer = world.provision(token=canaries.token)
    assert (answer.status, answer.body["code"]) == (500, "credentials_unavailable")
    assert answer.body["error"] == "Failed to retrieve agency credentials"
    canaries.assert_absent("an answer", json.dumps(answer.body))
    canaries.assert_absent("a log line", logged.getvalue())
    key = world.deployment.environment["KMS_KEY_ID"]
    assert key not in json.dumps(answer.body) + logged.getvalue()


def test_a_blob_opens_for_its_own_agency_only(
    world: World, canaries: Canaries, items: Callable[[str], list[dict[str, Any]]]
) -> None:
    # given another agency's sealed keys in the place of ours
    table = world.deployment.table_prefix + "provider_configurations"
    found = items("provider_configurations")
    for each in found:
        if each["agency_id"]["S"] == canaries.agency_id:
            [other] = [
                theirs
                for theirs in found
                if theirs["agency_id"]["S"] == world.agency_id and theirs["provider"] == each["provider"]
            ]
            world.backends.client("dynamodb").update_item(
                TableName=table,
                Key={"agency_id": each["agency_id"], "id": each["id"]},
                UpdateExpression="SET sealed = :blob",
                ExpressionAttributeValues={":blob": other["sealed"]},
            )
    # then they do not open for us
    assert world.provision(token=canaries.token).body["code"] == "credentials_unavailable"
    assert world.applications() == []


def test_a_replaced_key_leaves_no_trace(
    world: World, canaries: Canaries, items: Callable[[str], list[dict[str, Any]]]
) -> None:
    # given the blob of a key
    before = {bytes(each["sealed"]["B"]) for each in items("provider_configurations")}
    # when the key is replaced
    canaries.store(ProviderType.TELNYX, canaries.telnyx[:-1] + "x", telnyx_public_key="p")
    # then its blob is nowhere
    after = {bytes(each["sealed"]["B"]) for each in items("provider_configurations")}
    [gone] = before - after
    assert str(gone) not in str(world.stored())


def test_a_key_that_no_header_can_carry_is_refused_before_it_is_stored(world: World, canaries: Canaries) -> None:
    for key in ("KEY\r\nX-Injected: 1", "KEY with spaces", "KÉY", "\u4e2d\u6587", "KEY\0", "KEY\n", "K" * 4097):
        with pytest.raises(InvalidRequest) as refused:
            canaries.store(ProviderType.TELNYX, key)
        assert key not in str(refused.value) + repr(vars(refused.value))
