"""A stack whose back ends containers reach, too."""

import json

import pytest

from local.errors import StackError
from local.stack import Stack
from tests.integration.local.test_stack import TEMPLATE


def test_back_ends_listen_where_they_are_told(tmp_path):
    # given an address that is not the usual one
    with Stack(template=TEMPLATE, state_folder=tmp_path, environment={}, bind="127.0.0.2") as stack:
        # then all that functions speak to is there, and for functions elsewhere it is written down
        urls = {name: stack.variables[name] for name in ("AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_DYNAMODB")}
        urls |= {name: server.url for name, server in stack.simulators.items()}
        assert [name for name, url in urls.items() if not url.startswith("http://127.0.0.2:")] == []
        written = json.loads((tmp_path / "sam-local.json").read_text())["Parameters"]
        assert stack.variables.items() <= written.items()
        # but what people call is where it always is
        assert stack.api_url.startswith("http://127.0.0.1:")


def test_an_address_of_another_machine_is_told(tmp_path):
    with pytest.raises(StackError, match=r"^192\.0\.2\.1 is not an address of this machine\.$"):
        Stack(template=TEMPLATE, state_folder=tmp_path, environment={}, bind="192.0.2.1")
