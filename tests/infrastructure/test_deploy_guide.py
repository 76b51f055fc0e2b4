"""README, docs/deploy.md and docs/runbook.md speak of what there is, and of all of it."""

import re
from pathlib import Path

import pytest

from tests.infrastructure import sam
from tests.infrastructure.deployed import Deployed

README = sam.ROOT / "README.md"
GUIDE = sam.ROOT / "docs" / "deploy.md"
RUNBOOK = sam.ROOT / "docs" / "runbook.md"

NOT_OURS = {
    "AccessDenied",
    "DeleteItem",
    "GetItem",
    "PutItem",
    "RetainExceptOnCreate",
    "UpdateItem",
    "OperationsNeedAttention",
    "InventoryDifferences",
}
"""AWS's own words, and metrics."""


@pytest.mark.parametrize("page", [README, GUIDE, RUNBOOK], ids=lambda page: page.name)
def test_names_are_those_of_the_template(prod: Deployed, page: Path) -> None:
    # given every name in it that is written as CloudFormation writes them
    named = set(re.findall(r"`([A-Z][a-z]+(?:[A-Z][a-z]+)+)`", page.read_text())) - NOT_OURS
    template = prod.document
    known = {name for section in ("Parameters", "Resources", "Outputs") for name in template[section]}
    assert "DoorErrorsAlarm" in named
    assert named - known == set()


@pytest.mark.parametrize("page", [README, GUIDE], ids=lambda page: page.name)
def test_every_output_is_explained(prod: Deployed, page: Path) -> None:
    text = page.read_text()
    assert [name for name in prod.document["Outputs"] if f"`{name}`" not in text] == []


def test_the_readme_tells_of_everything_that_an_operator_does() -> None:
    deploying = README.read_text().split("\n## Deploy\n")[1].split("\n## Configuration\n")[0]
    for subject in ("Upgrade", "Roll back", "Secrets", "Custom domain", "The gateway answers by itself"):
        assert f"**{subject}" in deploying
    answers = deploying.split("**The gateway answers by itself**")[1].split("###")[0]
    assert set(re.findall(r"\b[45]\d\d\b", answers)) == {"413", "429", "431", "500", "503"}
    differences = deploying.split("### sam local")[1]
    assert all(word in differences for word in ("header names", "`ANY`", "preflight", "204", "exception", "queues"))


def test_every_parameter_is_explained(prod: Deployed) -> None:
    text = README.read_text()
    assert [name for name in prod.document["Parameters"] if f"`{name}`" not in text] == []


def test_every_alarm_has_its_line_in_the_runbook(prod: Deployed) -> None:
    text = RUNBOOK.read_text()
    assert [name for name in prod.of_type("AWS::CloudWatch::Alarm") if f"`{name}`" not in text] == []


def test_links_lead_somewhere() -> None:
    for page in (README, *GUIDE.parent.glob("*.md")):
        for target in re.findall(r"\]\((?!https?:)([^)#]+)[^)]*\)", page.read_text()):
            assert (page.parent / target).exists(), f"{page.name}: {target}"
