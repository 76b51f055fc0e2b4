"""`sam deploy --config-env dev` and `prod` work as they stand."""

import json
import re
import tomllib
from typing import Any

import pytest

from tests.infrastructure import sam
from tests.infrastructure.deployed import Deployed


@pytest.fixture(scope="module")
def config() -> dict[str, Any]:
    return tomllib.loads((sam.ROOT / "samconfig.toml").read_text())


def overrides(config: dict[str, Any], environment: str) -> dict[str, str]:
    text = config[environment]["global"]["parameters"]["parameter_overrides"]
    return dict(pair.split("=", 1) for pair in text.split())


@pytest.mark.parametrize("environment", ["dev", "prod"])
def test_parameters_are_ones_that_the_template_takes(config: dict[str, Any], prod: Deployed, environment: str) -> None:
    declared = prod.document["Parameters"]
    given = overrides(config, environment)
    assert given["Stage"] == environment
    for name, value in given.items():
        if declared[name]["Type"] == "String":
            assert re.fullmatch(declared[name]["AllowedPattern"], value), name
        else:
            assert int(value) in declared[name]["AllowedValues"], name


@pytest.mark.parametrize("environment", ["dev", "prod"])
def test_build_and_deploy_see_the_same_parameters(config: dict[str, Any], environment: str) -> None:
    # Layers are built for the Architecture that `sam build` is told, and functions run on the one that `sam deploy` is.
    commands = {name: table["parameters"] for name, table in config[environment].items() if name != "global"}
    assert set(commands) == {"build", "deploy"}
    assert not [name for name, parameters in commands.items() if "parameter_overrides" in parameters]


def test_enter_answers_every_question_of_a_guided_deployment(prod: Deployed) -> None:
    # given SAM's own dialogue, in which a route without a word on authorization is a question that Enter answers no
    said = sam.guided()
    # then it comes to its end with the defaults of every parameter
    [parameters] = [json.loads(line) for line in said.splitlines() if line.startswith("{")]
    assert parameters == {name: str(each["Default"]) for name, each in prod.document["Parameters"].items()}
    assert "has no authentication" not in said


def test_production_asks_before_it_changes_anything(config: dict[str, Any]) -> None:
    assert config["prod"]["deploy"]["parameters"]["confirm_changeset"] is True


def test_deploying_needs_no_right_to_named_roles(config: dict[str, Any], prod: Deployed) -> None:
    assert {config[name]["deploy"]["parameters"]["capabilities"] for name in ("dev", "prod")} == {"CAPABILITY_IAM"}
    named = [role for role in prod.of_type("AWS::IAM::Role").values() if "RoleName" in role]
    assert named == []
