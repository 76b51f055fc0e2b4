"""`python -m telephony.admin`: what an operator does, and what is said when it can't be done."""

from __future__ import annotations

import io
import json
import os
import re
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from telephony import bootstrap
from telephony.admin.__main__ import Output, main

from local.simulators import demo_accounts as demo
from tests.world import ROOT, World

SUB = "0b1f2c3d-0000-4000-8000-000000000001"
TELNYX = {
    "api_key": demo.TELNYX_API_KEY,
    "telnyx_public_key": demo.TELNYX_PUBLIC_KEY,
    "telnyx_account_sid": demo.TELNYX_ACCOUNT_SID,
}


@dataclass(frozen=True)
class Ended:
    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        """The one JSON object that was printed."""
        assert self.code == 0, self.err
        [line] = self.out.splitlines()
        return json.loads(line)

    @property
    def error(self) -> str:
        """The one sentence of a failure."""
        assert (self.code, self.out) == (1, "")
        [line] = self.err.splitlines()
        assert line.startswith("error: ")
        return line.removeprefix("error: ")


Admin = Callable[..., Ended]


@pytest.fixture
def admin(world: World, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Admin:
    """Runs a command in this process. `given`: standard input, JSON or text as it stands."""

    def run(*words: str, given: Any = None, as_json: bool = True) -> Ended:
        text = given if isinstance(given, str) else json.dumps(given)
        monkeypatch.setattr(sys, "argv", ["admin", *(["--json"] if as_json else []), *words])
        monkeypatch.setattr(sys, "stdin", io.StringIO("" if given is None else text))
        monkeypatch.setattr(Output, "as_json", False)
        capsys.readouterr()
        with pytest.raises(SystemExit) as ended:
            main()
        printed = capsys.readouterr()
        return Ended(int(ended.value.code or 0), printed.out, printed.err)

    return run


def create(admin: Admin, handle: str = "umbrella", *more: str) -> Any:
    return admin("agency", "create", "--name", "Umbrella", "--org-handle", handle, *more).json


# Agencies


def test_an_agency_is_created_once(admin: Admin) -> None:
    made = create(admin, "umbrella", "--product-id", "7", "--product-id", "8")
    assert made == {
        "agency_id": made["agency_id"],
        "org_handle": "umbrella",
        "product_ids": [7, 8],
        "created": True,
    }
    assert create(admin, "umbrella") == made | {"created": False}


def test_an_agency_is_shown_by_id_or_handle_without_any_secret(admin: Admin) -> None:
    made = create(admin)
    admin("user", "add", "--agency", "umbrella", "--sub", SUB, "--role", "admin")
    admin("credentials", "set", "--agency", "umbrella", "--provider", "telnyx", given=TELNYX)

    shown = admin("agency", "show", "umbrella").json

    assert shown == admin("agency", "show", made["agency_id"]).json
    assert (shown["name"], shown["org_handle"], shown["telephony_configured"]) == ("Umbrella", "umbrella", False)
    assert shown["callers"] == [{"id": f"user#{SUB}", "role": "admin", "name": None, "live": True}]
    [configuration] = shown["provider_configurations"]
    assert (configuration["id"], configuration["provider"], configuration["is_default"]) == (1, "telnyx", True)
    assert demo.TELNYX_API_KEY not in str(shown)


def test_text_is_printed_for_people(admin: Admin) -> None:
    made = create(admin)
    ended = admin("agency", "show", "umbrella", as_json=False)
    assert f"agency_id: {made['agency_id']}" in ended.out.splitlines()
    assert "product_ids: []" in ended.out.splitlines()


def test_a_new_name_and_secret_change_the_record(world: World, admin: Admin) -> None:
    url = world.status().body["webhook_url"]
    assert admin("agency", "rename", world.agency_id, "--name", " Wayne ").json["name"]
    assert admin("agency", "rotate-webhook-secret", world.agency_id).json["rotated"] is True
    status = world.status().body
    assert status["agency_name"] == "Wayne"
    assert status["webhook_url"] != url


def test_an_agency_needs_a_proper_name(world: World, admin: Admin) -> None:
    for name in ("", "   ", "x" * 101, "a\nb"):
        assert "name" in admin("agency", "create", "--name", name, "--org-handle", "wayne").error
        assert "name" in admin("agency", "rename", world.agency_id, "--name", name).error
    assert world.status().body["agency_name"] == "Acme"


def test_an_org_handle_can_be_sent_in_a_header(admin: Admin) -> None:
    for handle in ("", "with space", "slash/ed", "ünïcode", "x" * 101):
        assert "org handle" in admin("agency", "create", "--name", "Wayne", "--org-handle", handle).error


# People and tokens


def test_a_user_is_let_in_until_removed(world: World, admin: Admin) -> None:
    token = world.jwt(SUB)
    assert world.status(token=token).status == 403
    given = admin("user", "add", "--agency", world.agency_id, "--sub", SUB, "--role", "member").json
    assert given == {"agency_id": world.agency_id, "sub": SUB, "role": "member"}
    assert world.status(token=token).status == 200
    assert admin("user", "remove", "--sub", SUB).json == {"sub": SUB, "removed": True}
    assert world.status(token=token).status == 403


def test_a_user_belongs_to_one_agency(world: World, admin: Admin) -> None:
    create(admin)
    admin("user", "add", "--agency", world.agency_id, "--sub", SUB, "--role", "owner")
    error = admin("user", "add", "--agency", "umbrella", "--sub", SUB, "--role", "owner").error
    assert error == "This user belongs to another agency"
    assert world.status(token=world.jwt(SUB)).body["agency_id"] == world.agency_id


def test_a_token_is_shown_once(world: World, admin: Admin) -> None:
    issued = admin("token", "issue", "--agency", world.agency_id, "--role", "owner", "--name", "ci").json
    assert set(issued) == {"token", "id"}
    assert re.fullmatch(r"tpk_[\w-]{43}", issued["token"])
    assert world.status(token=issued["token"]).status == 200

    [listed] = admin("token", "list", "--agency", world.agency_id).json

    assert (listed["id"], listed["name"], listed["role"], listed["live"]) == (issued["id"], "ci", "owner", True)
    assert listed["expires_at"] is None
    assert issued["token"] not in str(listed)


def test_a_token_is_revoked(world: World, admin: Admin) -> None:
    issued = admin("token", "issue", "--agency", world.agency_id, "--role", "owner", "--name", "ci").json
    revoked = admin("token", "revoke", "--agency", world.agency_id, "--id", issued["id"]).json
    assert revoked == {"id": issued["id"], "revoked": True}
    assert world.status(token=issued["token"]).status == 401
    [listed] = admin("token", "list", "--agency", world.agency_id).json
    assert listed["live"] is False


def test_a_token_may_expire_and_be_bound_to_a_product(world: World, admin: Admin) -> None:
    words = ["token", "issue", "--agency", world.agency_id, "--role", "member", "--name", "ci"]
    issued = admin(*words, "--expires-in-days", "2", "--product-id", "7").json
    world.pass_time(2 * 86400 - 60)
    assert world.status(token=issued["token"]).status == 200
    world.pass_time(120)
    assert world.status(token=issued["token"]).status == 401


def test_another_agencys_token_is_not_revoked(world: World, admin: Admin) -> None:
    create(admin)
    issued = admin("token", "issue", "--agency", world.agency_id, "--role", "owner", "--name", "ci").json
    assert admin("token", "revoke", "--agency", "umbrella", "--id", issued["id"]).error == "There is no such token"
    assert world.status(token=issued["token"]).status == 200


# Credentials


@pytest.mark.parametrize(("provider", "given"), [("telnyx", TELNYX), ("ultravox", {"api_key": demo.ULTRAVOX_API_KEY})])
def test_credentials_are_checked_at_the_carrier_first(
    world: World, admin: Admin, provider: str, given: dict[str, str]
) -> None:
    create(admin)
    words = ["credentials", "set", "--agency", "umbrella", "--provider", provider]
    # given a wrong key, then it is refused and nothing is kept
    wrong = {"api_key": "KEY0123456789ABCDEF_wrong"}
    assert "refused the API key" in admin(*words, given=given | wrong).error
    assert admin("agency", "show", "umbrella").json["provider_configurations"] == []
    # given the right one
    assert admin(*words, given=given).json == {
        "provider_configuration_id": 1,
        "provider": provider,
        "validated": True,
    }
    assert [each["method"] for each in world.servers[provider].simulator.log] == ["GET", "GET"]


def test_a_carrier_that_is_down_keeps_them_out_unless_told_otherwise(world: World, admin: Admin) -> None:
    create(admin)
    world.telnyx.simulator.add_faults({"kind": "status", "status": 500, "times": 3})
    words = ["credentials", "set", "--agency", "umbrella", "--provider", "telnyx"]
    assert admin(*words, given=TELNYX).error
    assert admin("agency", "show", "umbrella").json["provider_configurations"] == []

    assert admin(*words, "--no-validate", given=TELNYX).json["validated"] is False
    assert len(admin("agency", "show", "umbrella").json["provider_configurations"]) == 1


def test_credentials_set_again_replace_the_keys_and_keep_the_rest(world: World, admin: Admin) -> None:
    create(admin)
    words = ["credentials", "set", "--agency", "umbrella", "--provider", "telnyx", "--no-validate"]
    first = admin(*words, given=TELNYX | {"api_key": "KEY0123456789ABCDEF_old"}).json
    assert admin(*words, given={"api_key": demo.TELNYX_API_KEY}).json == first
    admin("user", "add", "--agency", "umbrella", "--sub", SUB, "--role", "owner")
    telnyx = world.status(token=world.jwt(SUB)).body["telnyx"]
    assert (telnyx["configured"], telnyx["has_public_key"]) == (True, True)


@pytest.mark.parametrize("validate", ["--validate", "--no-validate"])
@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"auth_token": "0" * 32}, "auth_token is a secret"),
        ({"note": "KEY" + "0" * 32}, "note: looks like a secret"),
        ({"note": "n" * 1001}, "a value 1000 at most"),
        ({"api_key": "••••wxyz"}, "is a masked value"),
    ],
    ids=lambda value: next(iter(value)) if isinstance(value, dict) else "",
)
def test_what_the_api_does_not_take_the_command_line_does_not_either(
    admin: Admin, given: dict[str, str], said: str, validate: str
) -> None:
    create(admin)
    words = ["credentials", "set", "--agency", "umbrella", "--provider", "telnyx", validate]
    assert said in admin(*words, given=TELNYX | given).error
    assert admin("agency", "show", "umbrella").json["provider_configurations"] == []


NO_CREDENTIALS = ["", "not JSON", "[]", '"text"', "null", {}, {"api_key": ""}, {"api_key": 7}, {"api_key": "a b"}]


def test_credentials_of_another_shape_are_refused(world: World, admin: Admin) -> None:
    words = ["credentials", "set", "--agency", world.agency_id, "--provider", "ultravox", "--no-validate"]
    for given in NO_CREDENTIALS:
        assert admin(*words, given=given).error
    assert world.provision().status == 200


# Many at once


def test_commands_are_applied_in_one_go(world: World, admin: Admin, tmp_path: Path) -> None:
    commands = [
        {"run": ["agency", "create", "--name", "Umbrella", "--org-handle", "umbrella"]},
        {"run": ["user", "add", "--agency", "umbrella", "--sub", SUB, "--role", "owner"]},
        {"run": ["token", "issue", "--agency", "umbrella", "--role", "admin", "--name", "ci"]},
        {"run": ["credentials", "set", "--agency", "umbrella", "--provider", "telnyx"], "input": TELNYX},
    ]
    results = admin("apply", given=commands).json
    assert [set(each) for each in results] == [
        {"agency_id", "org_handle", "product_ids", "created"},
        {"agency_id", "sub", "role"},
        {"token", "id"},
        {"provider_configuration_id", "provider", "validated"},
    ]
    # and from a file
    file = tmp_path / "commands.json"
    file.write_text(json.dumps(commands[:1]))
    assert admin("apply", str(file)).json[0]["created"] is False


def test_applying_stops_at_a_failure_and_names_it(world: World, admin: Admin) -> None:
    commands = [
        {"run": ["agency", "create", "--name", "Umbrella", "--org-handle", "umbrella"]},
        {"run": ["agency", "show", "nobody"]},
        {"run": ["agency", "create", "--name", "Wayne", "--org-handle", "wayne"]},
    ]
    assert admin("apply", given=commands).error == "command 1 (agency show nobody): There is no agency nobody"
    assert admin("agency", "show", "umbrella").json["name"] == "Umbrella"
    assert admin("agency", "show", "wayne").error == "There is no agency wayne"


def test_what_is_no_list_of_commands_is_refused(admin: Admin) -> None:
    for given in ("", "not JSON", {}, [1], [{}], [{"run": "agency show x"}], [{"run": [1]}], [{"run": ["unknown"]}]):
        assert admin("apply", given=given).error


def test_a_file_that_is_not_there_is_named(admin: Admin) -> None:
    assert admin("apply", "/nowhere/commands.json").error == (
        "/nowhere/commands.json can't be read: No such file or directory"
    )


# When it can't be done


FAILURES = {
    "agency show nobody": "There is no agency nobody",
    "agency rename nobody --name x": "There is no agency nobody",
    "user remove --sub nobody": "There is no such user",
    "user add --agency {} --sub x --role boss": "role must be one of: member, admin, owner",
    "token revoke --agency {} --id token#x": "There is no such token",
    "token revoke --agency {} --id user#x": "There is no such token",
    "token issue --agency {} --role owner --name n --product-id 99": "The agency has no product 99",
}


def test_a_failure_is_one_sentence(world: World, admin: Admin) -> None:
    for words, sentence in FAILURES.items():
        assert admin(*words.format(world.agency_id).split()).error == sentence


def test_without_its_environment_it_says_what_is_missing(admin: Admin, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("TABLE_PREFIX")
    bootstrap.container.cache_clear()
    assert admin("agency", "show", "x").error == "environment variable TABLE_PREFIX is missing"


def test_it_runs_as_a_command_of_its_own(world: World) -> None:
    def run(*words: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "telephony.admin", "--json", *words],
            env=os.environ | {"PYTHONPATH": str(ROOT / "shared")},
            capture_output=True,
            text=True,
            check=False,
        )

    shown = run("agency", "show", world.agency_id)
    assert (shown.returncode, shown.stderr) == (0, "")
    assert json.loads(shown.stdout)["agency_id"] == world.agency_id
    failed = run("agency", "show", "nobody")
    assert (failed.returncode, failed.stdout, failed.stderr) == (1, "", "error: There is no agency nobody\n")
