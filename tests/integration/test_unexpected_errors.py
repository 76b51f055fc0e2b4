"""What no function foresees is answered in our shape, and counted where an alarm and a release under way look."""

from __future__ import annotations

import io
import json
from typing import Any

import pytest

from tests.integration.conftest import Setting
from tests.world import World, sqs_record


def broken(*_: Any, **__: Any) -> Any:
    raise RuntimeError("a bug")


def counted(capsys: pytest.CaptureFixture[str]) -> dict[str, float]:
    """The metrics written since the last call, added up by name."""
    found: dict[str, float] = {}
    for line in capsys.readouterr().out.splitlines():
        record = json.loads(line)
        for definition in record.get("_aws", {}).get("CloudWatchMetrics", []):
            for name in (each["Name"] for each in definition["Metrics"]):
                found[name] = found.get(name, 0) + record[name]
    return found


def test_a_handler_that_raises_is_counted(
    world: World, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], logged: io.StringIO
) -> None:
    # given a bug behind one route
    monkeypatch.setattr("telephony.services.integration.Integration.status", broken)
    # when it is called
    answer = world.status()
    # then the caller gets the documented 500, and it is counted and logged once
    assert (answer.status, answer.body["code"]) == (500, "internal_error")
    assert counted(capsys) == {"UnexpectedErrors": 1}
    assert logged.getvalue().count("unexpected error") == 1


@pytest.mark.parametrize(
    "variable", [{"SUPABASE_JWT_ALGORITHMS": "none"}, {"TABLE_PREFIX": ""}], ids=lambda each: next(iter(each))
)
def test_settings_that_cannot_be_read_are_counted(
    world: World, setting: Setting, variable: dict[str, str], capsys: pytest.CaptureFixture[str]
) -> None:
    setting(**variable)
    assert world.status().status == 500
    assert counted(capsys) == {"UnexpectedErrors": 1}


def test_what_is_foreseen_is_not(world: World, capsys: pytest.CaptureFixture[str]) -> None:
    # given a carrier that fails, a caller without a credential, and one who asks for what does not exist
    world.telnyx.simulator.add_faults({"kind": "status", "status": 500, "times": 20})
    statuses = [
        world.provision().status,
        world.status(token=None).status,
        world.call("operations", "GET", "/operations/none", token=world.owner_token).status,
    ]
    assert statuses == [500, 401, 404]
    assert counted(capsys) == {}


@pytest.mark.parametrize("body", ["not a wake-up", '{"operation_id": "one"}'], ids=["unreadable", "bug"])
def test_a_wake_up_that_fails_is_counted(
    world: World, body: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], logged: io.StringIO
) -> None:
    monkeypatch.setattr("telephony.services.worker.Worker.resume", broken)

    answer = world.invoke("retry_worker", {"Records": [sqs_record(body)]}, 300)

    assert answer == {"batchItemFailures": [{"itemIdentifier": "message"}]}
    assert counted(capsys) == {"UnexpectedErrors": 1}
    assert logged.getvalue().count("unexpected error") == 1
