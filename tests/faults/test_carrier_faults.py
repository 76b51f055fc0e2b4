"""Telnyx and Ultravox failing at each call of a provision: the documented answer, and then one try more.

What is slow or silent for ten seconds in the world is so for a fraction of one here: the transport's limits are scaled
down with it.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

import pytest

from local.simulators.faults import HTML_502
from tests.faults.lab import Case, Lab, Snapshot
from tests.world import HttpAnswer

STEPS = {
    "telnyx GET /call_control_applications": "create_telnyx_application",
    "telnyx POST /call_control_applications": "create_telnyx_application",
    "telnyx GET /outbound_voice_profiles": "create_outbound_profile",
    "telnyx POST /outbound_voice_profiles": "create_outbound_profile",
    "telnyx PATCH /call_control_applications/{id}": "create_outbound_profile",
    "ultravox PATCH /api/accounts/me/telephony_config": "import_to_ultravox",
}
"""The carrier calls of a first provision, and the step that each belongs to."""

ORDER = [
    "create_telnyx_application",
    "create_outbound_profile",
    "store_resource_ids",
    "import_to_ultravox",
    "mark_configured",
]


@dataclass(frozen=True)
class Trouble:
    """A fault as the simulator has it, and the codes of the answer: for a call that may be repeated, and for one that
    creates something."""

    name: str
    fault: dict[str, Any]
    code: str
    code_of_creation: str
    retry: bool
    delay: tuple[int, int] = (0, 5)
    """Seconds until the wake-up: at least, at most."""
    silent: bool = False
    """The client runs into its own time limit."""


def _status(status: int, body: Any = None, **headers: str) -> dict[str, Any]:
    return {"kind": "status", "status": status, "body": body, "headers": headers}


def _unanswered(name: str, **fault: Any) -> Trouble:
    """What leaves the outcome open."""
    silent = name.startswith("timeout")
    return Trouble(name, fault, "provider_unavailable", "outcome_unknown", retry=True, silent=silent)


REFUSED_KEY = ("invalid_provider_credentials", "invalid_provider_credentials")
LIMITED = ("provider_rate_limited", "provider_rate_limited")
TROUBLES = (
    Trouble(
        "401", _status(401, {"errors": [{"code": "10009", "title": "Authentication failed"}]}), *REFUSED_KEY, False
    ),
    Trouble("403", _status(403, {"detail": "You do not have permission."}), *REFUSED_KEY, False),
    Trouble("402", _status(402), "insufficient_balance", "insufficient_balance", False),
    Trouble("409", _status(409, {"errors": []}), "provider_error", "provider_error", False),
    Trouble("422-empty", _status(422), "provider_error", "provider_error", False),
    Trouble("429", _status(429), *LIMITED, True),
    Trouble("429-retry-after-2", _status(429, **{"Retry-After": "2"}), *LIMITED, True, delay=(2, 5)),
    Trouble("429-retry-after-120", _status(429, **{"Retry-After": "120"}), *LIMITED, True, delay=(120, 120)),
    _unanswered("500-html", kind="status", status=500, body=HTML_502, content_type="text/html"),
    _unanswered("502-html", kind="html_502"),
    _unanswered("502-html-after-the-effect", kind="html_502", after=True),
    _unanswered("408", kind="status", status=408),
    _unanswered("closed-unanswered", kind="refuse"),
    _unanswered("timeout-before-the-effect", kind="timeout_before", seconds=0.6),
    _unanswered("timeout-after-the-effect", kind="timeout_after", seconds=0.6),
    _unanswered("empty-body", kind="empty_body"),
    _unanswered("truncated-json", kind="truncated_json"),
    _unanswered("wrong-type", kind="wrong_type"),
    _unanswered("torn-body", kind="torn_body"),
)

PASSING = [each for each in TROUBLES if each.retry and not each.silent and each.delay[0] <= 5]
"""What is waited for in process."""


@pytest.fixture(scope="module")
def fresh(laboratory: Lab) -> tuple[Case, Snapshot]:
    case = laboratory.case()
    return case, case.snapshot()


@pytest.fixture
def case(lab: Lab, fresh: tuple[Case, Snapshot]) -> Case:
    """An agency with nothing at its carriers; Telnyx lists three seconds late."""
    made, snapshot = fresh
    made.restore(snapshot)
    lab.world.telnyx.simulator.change_settings({"listing_lag": 3.0})
    return made


def _again(case: Case, fresh: tuple[Case, Snapshot]) -> None:
    case.lab.clear()
    case.restore(fresh[1])
    case.lab.world.telnyx.simulator.change_settings({"listing_lag": 3.0})


def _order(case: Case, call: str, fault: dict[str, Any], times: int = 99) -> None:
    carrier, method, path = call.split(" ")
    case.lab.fault(carrier, method=method, path=f"{path.replace('{id}', '[0-9]+')}$", times=times, **fault)


def test_the_calls_of_a_clean_provision_are_these(case: Case) -> None:
    assert case.provision().status == 200

    called = [point.rsplit(" #", 1)[0] for point in case.lab.effects.seen if point.startswith(("telnyx", "ultravox"))]
    assert called == list(STEPS)


@pytest.mark.parametrize("trouble", TROUBLES, ids=lambda trouble: trouble.name)
def test_a_failing_carrier_is_told_of_and_got_over(
    trouble: Trouble,
    case: Case,
    fresh: tuple[Case, Snapshot],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    if trouble.silent:
        _shorten(monkeypatch)
    for call in STEPS:
        creates = " POST " in call
        # Whoever creates twice does so here: both ways out are tried. Elsewhere the one that the answer promises.
        for by_queue in (True, False) if creates and trouble.retry else (trouble.retry,):
            _again(case, fresh)
            _order(case, call, trouble.fault)

            answer = case.provision()

            _check_answer(case, answer, call, trouble.code_of_creation if creates else trouble.code, trouble.retry)
            _check_wakeup(case, trouble)
            case.lab.world.telnyx.simulator.clear_faults()
            case.lab.world.ultravox.simulator.clear_faults()
            if by_queue:
                case.settle()
            else:
                case.lab.world.pass_time(30)  # until what was left open can be believed not to have happened
                assert case.provision().status == 200
            _check_end(case, f"{trouble.name} at {call}")
    _check_no_secret(case, capsys.readouterr().out)


def test_a_refused_connection_is_told_of_and_got_over(case: Case, fresh: tuple[Case, Snapshot]) -> None:
    for call in STEPS:
        _again(case, fresh)
        case.lab.effects.refused.add(call)

        answer = case.provision()

        # Certainly not processed, so that even a creation is repeated, three times in all.
        assert len([point for point in case.lab.effects.seen if point.startswith(f"{call} ")]) == 3
        _check_answer(case, answer, call, "provider_unavailable", retry=True)
        case.lab.effects.refused.clear()
        case.settle()
        _check_end(case, f"refused at {call}")


def test_a_slow_carrier_is_waited_for(
    case: Case, fresh: tuple[Case, Snapshot], monkeypatch: pytest.MonkeyPatch
) -> None:
    from telephony.providers import transport

    monkeypatch.setattr(transport, "READ_SECONDS", 2.0)
    for call in STEPS:
        _again(case, fresh)
        _order(case, call, {"kind": "slow", "seconds": 0.2})

        assert case.provision().status == 200
        _check_end(case, f"slow at {call}")


@pytest.mark.parametrize("trouble", PASSING, ids=lambda trouble: trouble.name)
def test_a_passing_trouble_is_got_over_in_process(trouble: Trouble, case: Case, fresh: tuple[Case, Snapshot]) -> None:
    """Once, at a call that may be repeated."""
    for call in (call for call in STEPS if " POST " not in call):
        _again(case, fresh)
        _order(case, call, trouble.fault, times=1)

        assert case.provision().status == 200, call
        _check_end(case, f"{trouble.name} once at {call}")


def _shorten(monkeypatch: pytest.MonkeyPatch) -> None:
    from telephony.providers import transport

    monkeypatch.setattr(transport, "READ_SECONDS", 0.4)
    monkeypatch.setattr(transport, "MAX_ATTEMPTS", 1)


def _check_answer(case: Case, answer: HttpAnswer, call: str, code: str, retry: bool) -> None:
    """500 with all that the documentation promises, and the ids on the agency's record."""
    body, agency = answer.body, case.agency
    (operation,) = case.operations
    step = STEPS[call]
    assert answer.status == 500, body
    assert body["success"] is False
    assert (body["code"], body["failed_at"], body["retry_scheduled"]) == (code, step, retry), (call, body)
    assert body["retryable"] is retry
    assert body["operation_id"] == operation.id
    assert body["provider"] == call.split(" ")[0]
    assert len(body["error"]) > 10
    assert "<" not in body["error"]
    assert [each["step"] for each in body["completed_steps"]] == ORDER[: ORDER.index(step)]
    known = {"application_id": agency.telnyx_application_id, "outbound_profile_id": agency.telnyx_outbound_profile_id}
    for name, value in body["partial_data"].items():
        assert known.get(name, value) == value
    for name, value in known.items():
        assert value == body["partial_data"].get(name), "an id is on the record that isn't told of"
    _check_no_secret(case, json.dumps(body))


def _check_wakeup(case: Case, trouble: Trouble) -> None:
    if not trouble.retry:
        assert case.lab.effects.wakeups == []
        return
    ((_, delay),) = case.lab.effects.wakeups
    assert trouble.delay[0] <= delay <= trouble.delay[1]


def _check_end(case: Case, what: str) -> None:
    case.assert_provisioned()
    log = case.log
    assert (log["application_created"], log["profile_created"]) == (1, 1), what
    assert case.audit == ["telephony.provision_begun", "telephony.provisioned"], what


def _check_no_secret(case: Case, text: str) -> None:
    for secret in (case.telnyx_key, case.ultravox_key, case.token, case.webhook_secret):
        assert secret not in text
