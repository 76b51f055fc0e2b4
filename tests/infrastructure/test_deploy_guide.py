"""docs/deploy.md speaks of what there is."""

import re

from tests.infrastructure import sam
from tests.infrastructure.deployed import Deployed

GUIDE = sam.ROOT / "docs" / "deploy.md"


def test_its_names_are_those_of_the_template(prod: Deployed) -> None:
    # given every name in it that is written as CloudFormation writes them
    named = set(re.findall(r"`([A-Z][a-z]+(?:[A-Z][a-z]+)+)`", GUIDE.read_text()))
    template = prod.document
    known = {name for section in ("Parameters", "Resources", "Outputs") for name in template[section]}
    assert {"ApiUrl", "DomainName", "DoorErrorsAlarm"} <= named
    assert named - known == set()


def test_every_output_is_explained(prod: Deployed) -> None:
    text = GUIDE.read_text()
    assert [name for name in prod.document["Outputs"] if f"`{name}`" not in text] == []
