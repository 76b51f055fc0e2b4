"""`python -m telephony.admin limits`: what an agency may spend."""

from __future__ import annotations

import json
import sys
from typing import Any

import pytest
from telephony.values import Money

from tests.world import World

NONE = {
    "currency": None,
    "max_numbers": None,
    "max_monthly_total": None,
    "max_setup_cost": None,
    "countries": None,
    "providers": None,
    "max_open_operations": None,
}
UNUSED = {"numbers": 0, "monthly_totals": {}, "open_operations": 0}

ALL = [
    *("--currency", "usd"),
    *("--max-numbers", "5"),
    *("--max-monthly-total", "12.50"),
    *("--max-setup-cost", "1.0001"),
    *("--country", "us", "--country", "CA"),
    *("--provider", "telnyx", "--provider", "twilio"),
    *("--max-open-operations", "3"),
]


class Admin:
    def __init__(self, world: World, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
        self._world, self._capsys, self._monkeypatch = world, capsys, monkeypatch

    def limits(self, command: str, *options: str) -> Any:
        return self.run("limits", command, "--agency", self._world.agency_id, *options)

    def run(self, *words: str) -> Any:
        """The printed object; a sentence if the command failed."""
        from telephony.admin.__main__ import main

        self._monkeypatch.setattr(sys, "argv", ["admin", "--json", *words])
        self._capsys.readouterr()
        with pytest.raises(SystemExit) as ended:
            main()
        printed = self._capsys.readouterr()
        return json.loads(printed.out) if ended.value.code == 0 else printed.err


@pytest.fixture
def admin(world: World, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Admin:
    return Admin(world, capsys, monkeypatch)


def test_an_agency_has_no_limits_at_first(world: World, admin: Admin) -> None:
    assert admin.limits("show") == {"agency_id": world.agency_id, **NONE, **UNUSED}


def test_limits_are_set_and_shown(world: World, admin: Admin, items: Any) -> None:
    done = admin.limits("set", *ALL)
    assert done == admin.limits("show")
    assert done == {
        "agency_id": world.agency_id,
        "currency": "USD",
        "max_numbers": 5,
        "max_monthly_total": 12.5,
        "max_setup_cost": 1.0001,
        "countries": ["CA", "US"],
        "providers": ["telnyx", "twilio"],
        "max_open_operations": 3,
        **UNUSED,
    }
    # and are kept in exact integers, and written down
    (row,) = [each for each in items("agencies") if each["pk"]["S"] == f"limits#{world.agency_id}"]
    assert (row["max_monthly_total"], row["max_setup_cost"]) == ({"N": "125000"}, {"N": "10001"})
    assert "limits.set" in [each["action"]["S"] for each in items("audit_events")]


def test_setting_replaces_all_limits_and_no_counter(world: World, admin: Admin) -> None:
    from telephony.models import limits
    from telephony.models.base import commit

    # given limits, and a number bought within them
    admin.limits("set", *ALL)
    commit(limits.reserve(world.agency_id, limits.find(world.agency_id), Money(11_500, "USD")))
    # when others are set
    done = admin.limits("set", "--max-numbers", "0")
    # then only those hold, and what was spent is still counted
    spent = {"numbers": 1, "monthly_totals": {"USD": 1.15}, "open_operations": 1}
    assert done == {"agency_id": world.agency_id, **NONE, "max_numbers": 0, **spent}


def test_limits_that_are_set_are_kept_to(world: World, admin: Admin) -> None:
    from telephony.errors import SpendingLimitExceeded
    from telephony.models import limits
    from telephony.models.base import commit

    admin.limits("set", "--max-numbers", "2", "--currency", "USD", "--max-monthly-total", "2.00")
    read = limits.find(world.agency_id)
    commit(limits.reserve(world.agency_id, read, Money(10_000, "USD")))
    with pytest.raises(SpendingLimitExceeded):
        commit(limits.reserve(world.agency_id, read, Money(10_001, "USD")))
    commit(limits.reserve(world.agency_id, read, Money(10_000, "USD")))
    with pytest.raises(SpendingLimitExceeded):
        commit(limits.reserve(world.agency_id, read, None))


@pytest.mark.parametrize(
    ("options", "word"),
    [
        (["--max-monthly-total", "5"], "currency"),
        (["--max-setup-cost", "5"], "currency"),
        (["--currency", "DOLLARS"], "currency"),
        (["--currency", "USD", "--max-setup-cost", "much"], "max_setup_cost"),
        (["--currency", "USD", "--max-setup-cost", "-1"], "max_setup_cost"),
        (["--currency", "USD", "--max-setup-cost", "NaN"], "max_setup_cost"),
        (["--currency", "USD", "--max-setup-cost", "Infinity"], "max_setup_cost"),
        (["--currency", "USD", "--max-monthly-total", "0.00001"], "max_monthly_total"),
        (["--currency", "USD", "--max-monthly-total", "1e99"], "max_monthly_total"),
        (["--max-numbers", "-1"], "max_numbers"),
        (["--max-open-operations", "0"], "max_open_operations"),
        (["--country", "UK"], "countries"),
        (["--country", "USA"], "countries"),
        (["--provider", "ultravox"], "providers"),
    ],
)
def test_a_limit_that_cannot_be_is_refused_and_changes_nothing(
    world: World, admin: Admin, options: list[str], word: str
) -> None:
    assert word in admin.limits("set", *options)
    assert admin.limits("show") == {"agency_id": world.agency_id, **NONE, **UNUSED}


def test_an_agency_is_created_with_its_limits_and_shows_them(admin: Admin) -> None:
    named = ("agency", "create", "--name", "Umbrella", "--org-handle", "umbrella.example")
    created = admin.run(*named, *ALL)
    assert created["created"] is True
    shown = admin.run("agency", "show", "umbrella.example")["limits"]
    assert (shown["currency"], shown["max_numbers"], shown["max_monthly_total"]) == ("USD", 5, 12.5)
    assert (shown["countries"], shown["providers"]) == (["CA", "US"], ["telnyx", "twilio"])
    # and the same again leaves them alone
    assert admin.run(*named, "--max-numbers", "9")["created"] is False
    assert admin.run("agency", "show", "umbrella.example")["limits"] == shown


def test_an_agency_is_not_created_with_a_bad_limit(admin: Admin) -> None:
    failed = admin.run("agency", "create", "--name", "U", "--org-handle", "u.example", "--max-setup-cost", "1")
    assert "currency" in failed
    assert "no agency" in admin.run("agency", "show", "u.example")
