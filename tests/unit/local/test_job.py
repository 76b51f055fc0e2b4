"""The main job's patience."""

import io

import pytest
from rich.console import Console

from local import job
from local.errors import StackError


class Client:
    """An API whose order stays with the carrier for ever."""

    def get(self, _path: str) -> object:
        return {"data": {"status": "PENDING"}}

    def post(self, path: str, _body: object) -> object:
        return {"numbers": [{"phone_number": "+12125550100"}]} if path.endswith("search") else {"operation_id": "op_1"}


def test_an_order_that_stays_pending_ends_the_job_with_one_sentence(monkeypatch):
    monkeypatch.setattr(job, "_PATIENCE", -1)

    with pytest.raises(StackError, match=r"\+12125550100 is still PENDING .* operation op_1"):
        job._buy(Client(), "telnyx", 1, Console(file=io.StringIO()))
