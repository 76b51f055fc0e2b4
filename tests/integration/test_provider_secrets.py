"""Canary secrets, pushed through every route that takes or uses one, well and badly: found nowhere but sealed."""

from __future__ import annotations

import io
import json
import secrets
import string
import traceback
from typing import Any

import pytest
from telephony.clock import Deadline
from telephony.errors import TelephonyError
from telephony.values import Principal, ProviderType, Role

from local.simulators import demo_accounts as demo
from local.simulators.store import Record
from tests.integration.own_accounts import Own, own_accounts, telnyx_key, ultravox_key
from tests.integration.provider_api import Api
from tests.world import World


def text(length: int) -> str:
    return "".join(secrets.choice(string.ascii_letters + string.digits) for _ in range(length))


class Canaries:
    """Secrets of every provider, which nobody else has; and what was answered."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.own: Own = own_accounts(world, stored=False)
        self.api = Api(world, self.own.agency_id, self.own.tokens)
        self.account_sid, self.project_id = "AC" + secrets.token_hex(16), text(36)
        self.telnyx, self.ultravox = telnyx_key(), ultravox_key()
        self.twilio, self.signalwire, self.signing = (
            secrets.token_hex(16),
            "PT" + secrets.token_hex(22),
            "PSK" + text(30),
        )
        world.telnyx.simulator.state["accounts"][self.telnyx] = self.own.telnyx
        world.ultravox.simulator.state["accounts"][self.ultravox] = self.own.ultravox
        world.servers["twilio"].simulator.add_account(self.account_sid, {"auth_token": self.twilio})
        world.servers["signalwire"].simulator.add_account(self.project_id, {"api_token": self.signalwire})

    @property
    def all(self) -> list[str]:
        mine = [self.telnyx, self.ultravox, self.twilio, self.signalwire, self.signing, self.project_id]
        return [*mine, self.own.telnyx_key, self.own.ultravox_key]

    def bodies(self) -> dict[str, dict[str, Any]]:
        return {
            "telnyx": {
                "name": "c",
                "provider": 1,
                "api_key": self.telnyx,
                "meta_json": [{"meta_key": "telnyx_public_key", "meta_value": demo.TELNYX_PUBLIC_KEY}],
            },
            "signalwire": {
                "name": "c",
                "provider": 2,
                "api_key": self.project_id,
                "api_secret": self.signalwire,
                "signing_key": self.signing,
                "base_url": "https://demo.signalwire.com",
            },
            "twilio": {"name": "c", "provider": 3, "api_key": self.account_sid, "api_secret": self.twilio},
            "ultravox": {"name": "c", "provider": 4, "api_key": self.ultravox},
        }

    def echo(self, carrier: str) -> dict[str, Any]:
        """A carrier's error that repeats what it was sent."""
        telnyx = [self.telnyx, self.own.telnyx_key]
        sent = {
            "telnyx": telnyx,
            "ultravox": [*telnyx, self.ultravox, self.own.ultravox_key],
            "twilio": [self.twilio],
            "signalwire": [self.project_id, self.signalwire],
        }
        said = " ".join(sent[carrier])
        errors = [{"code": "1", "title": said, "detail": said}]
        return {"errors": errors, "detail": said, "message": said, "error": said}

    def push(self) -> list[str]:
        """Every request that takes or uses a secret, but `reveal`; the answers as text."""
        own, api, answers = self.own, self.api, []
        for body in self.bodies().values():
            answers.append(api.create(body))
            answers.append(api.create({**body, "validate": False}))
        answers += [own.store_telnyx(), own.store_telnyx(skip_validation=True), own.save_ultravox()]
        answers += [own.provision(), own.import_telnyx(), own.verify(), own.repair()]
        answers += [own.store_telnyx(self.telnyx), own.save_ultravox(self.ultravox)]
        listed = api.listed()
        answers.append(listed)
        for each in listed.body["data"]:
            body = self.bodies()[each["provider_details"]["icon"]]
            secret = body["api_key"]
            answers += [api.get(each["id"]), api.update(each["id"], {"api_key": secret})]
            answers.append(api.update(each["id"], {"api_key": secret}, role="admin"))
            answers.append(api.update(each["id"], {"api_key": f"{secret} {secret}"}))
            answers.append(api.update(each["id"], {"api_key": secret * 100}))
            answers.append(api.update(each["id"], {body.get("api_secret", secret): "as a field's name"}))
        own.world.run_queue()
        answers += [api.delete(each["id"], query="force=true") for each in listed.body["data"]]
        return [json.dumps([each.status, each.body, each.headers]) for each in answers]

    def assert_absent(self, place: str, found: str) -> None:
        for secret in self.all:
            assert secret not in found, f"{secret} is in {place}: {found[max(0, found.index(secret) - 300) :][:600]}"


@pytest.fixture
def canaries(calm_world: World) -> Canaries:
    return Canaries(calm_world)


FAULTS: dict[str, list[Record]] = {
    "none": [],
    "401 with an echo": [{"kind": "status", "status": 401, "times": 2}],
    "403 with an echo": [{"kind": "status", "status": 403, "times": 2}],
    "422 with an echo": [{"kind": "status", "status": 422, "times": 2}],
    "500 with an echo": [{"kind": "status", "status": 500, "times": 6}],
    "torn": [{"kind": "torn_body", "times": 4}],
    "empty": [{"kind": "empty_body", "times": 4}],
    "of the wrong type": [{"kind": "wrong_type", "times": 4}],
    "silent": [{"kind": "refuse", "times": 4}],
}


@pytest.mark.parametrize("fault", FAULTS)
def test_no_secret_shows(
    canaries: Canaries,
    logged: io.StringIO,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    fault: str,
) -> None:
    # given carriers that fail so, now and then, and say back what they were sent
    from telephony import wakeups
    from telephony.providers import transport

    monkeypatch.setattr(transport, "backoff", lambda *_args, **_rest: 0.0)
    sent: list[str] = []
    monkeypatch.setattr(wakeups.Wakeups, "send", lambda _self, *message: sent.append(str(message)) or True)
    for carrier, server in canaries.world.servers.items():
        for each in FAULTS[fault]:
            for skip in (0, 5, 12):
                echoed = {"body": canaries.echo(carrier)} if each["kind"] == "status" else {}
                server.simulator.add_faults({**each, **echoed, "skip": skip})
    # when
    answers = canaries.push()
    for server in canaries.world.servers.values():
        server.simulator.clear_faults()
    # then
    statuses = {json.loads(each)[0] for each in answers}
    assert {200, 400, 403} <= statuses
    for answer in answers:
        canaries.assert_absent("an answer", answer)
    canaries.assert_absent("a table", repr(canaries.world.stored()))
    canaries.assert_absent("a message", "".join(sent))
    canaries.assert_absent("the log", logged.getvalue() + capsys.readouterr().out)


@pytest.mark.parametrize("fault", ["status", "refuse", "wrong_type"])
@pytest.mark.parametrize("provider", [ProviderType.TELNYX, ProviderType.ULTRAVOX])
def test_no_secret_is_in_an_exception(canaries: Canaries, fault: str, provider: ProviderType) -> None:
    # given
    from telephony.bootstrap import container
    from telephony.services.saving import Saving

    simulator = canaries.world.servers[provider.value].simulator
    simulator.add_faults({"kind": fault, "status": 401, "times": 3, "body": canaries.echo(provider.value)})
    owner = Principal(canaries.own.agency_id, Role.OWNER, "test", "operator")
    key = canaries.telnyx if provider is ProviderType.TELNYX else canaries.ultravox
    # when
    with pytest.raises(TelephonyError) as caught:
        container().provider_accounts.store(owner, provider, {"api_key": key}, Saving(Deadline.after(20)))
    simulator.clear_faults()
    # then neither in what it says, nor in what led to it
    error = caught.value
    canaries.assert_absent("the exception", "".join(traceback.format_exception(error)))
    canaries.assert_absent("its details", f"{error!r} {error.details} {error.fix}")


def test_a_key_of_no_known_shape_does_not_come_back_from_a_carrier(canaries: Canaries, logged: io.StringIO) -> None:
    # given an account with an old key, and an Ultravox that says which one it doesn't like
    own, key = canaries.own, f"legacy/{text(12)}-{text(12)}"
    own.world.telnyx.simulator.state["accounts"][key] = own.telnyx
    assert own.store_telnyx(key).status == own.save_ultravox().status == 200
    said = {"telnyx": {"apiKey": [f"'{key}' is not valid"]}}
    own.world.ultravox.simulator.add_faults({"kind": "status", "status": 400, "method": "PATCH", "body": said})
    # when
    failed = own.provision()
    own.world.ultravox.simulator.clear_faults()
    # then neither who asked nor whoever reads the operation sees it
    assert (failed.status, failed.body["failed_at"]) == (500, "import_to_ultravox")
    assert "'[redacted]' is not valid" in failed.body["error"]
    path = f"/operations/{failed.body['operation_id']}"
    told = own.world.call("operations", "GET", path, token=own.tokens["member"])
    assert "is not valid" in json.dumps(told.body)
    for place in (json.dumps(failed.body), json.dumps(told.body), repr(canaries.world.stored()), logged.getvalue()):
        assert key not in place


def test_what_is_written_in_the_log_of_a_revelation_is_that_it_happened(
    canaries: Canaries, logged: io.StringIO
) -> None:
    # given
    configuration_id = canaries.api.created(canaries.bodies()["twilio"])
    # when
    revealed = canaries.api.get(configuration_id, query="reveal=true")
    # then the answer alone has it
    assert revealed.body["data"]["api_secret"] == canaries.twilio
    canaries.assert_absent("a table", repr(canaries.world.stored()))
    canaries.assert_absent("the log", logged.getvalue())
