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
