from pathlib import Path

import pytest

from tests.infrastructure import sam
from tests.infrastructure.deployed import Deployed


@pytest.fixture(scope="session")
def prod() -> Deployed:
    """What a production deployment would ask of CloudFormation."""
    return Deployed(sam.translate({"Stage": "prod"}))


@pytest.fixture(scope="session")
def built() -> Path:
    """The folder of an up-to-date `sam build`: a folder per function and layer."""
    return sam.build().parent
