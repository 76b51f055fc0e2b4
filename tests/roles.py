"""The roles of template.yaml, held up to what the functions do: a call of AWS that a function's role does not grant is
an error of every test that brings it about.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import pytest
from botocore.client import BaseClient

from local.testing import Deployment
from tests.infrastructure.deployed import Deployed, Grant

_IN_A_TRANSACTION = {
    "Put": "PutItem",
    "Update": "UpdateItem",
    "Delete": "DeleteItem",
    "Get": "GetItem",
    "ConditionCheck": "ConditionCheckItem",
}


class Roles:
    """Watches the calls that are made while a function is at work."""

    def __init__(self, deployment: Deployment) -> None:
        template = deployment.template
        kinds = ("AWS::Serverless::Function", "AWS::IAM::Role", "AWS::IAM::ManagedPolicy")
        self._template = Deployed(
            {
                "Resources": {
                    name: {"Type": kind, "Properties": properties}
                    for kind in kinds
                    for name, properties in template.resources(kind).items()
                }
            }
        )
        self._names = {table.name: table.logical_id for table in template.tables}
        self._names |= {url: logical_id for logical_id, url in deployment.queue_urls.items()}
        self._names |= {
            deployment.environment["KMS_KEY_ID"]: "SecretsKey",
            deployment.environment["PLATFORM_SECRET_ID"]: "PlatformSecret",
        }
        self._at_work: dict[int, str | None] = {}
        """By thread: what is at work in it."""
        self.used: dict[str, set[Grant]] = {}

    def install(self, monkeypatch: pytest.MonkeyPatch) -> None:
        call = BaseClient._make_api_call

        def watched(client: Any, operation: str, arguments: Mapping[str, Any]) -> Any:
            if (function := self._function()) is not None:
                needed = self.needed(client.meta.service_model.service_name, operation, arguments)
                self.used.setdefault(function, set()).update(needed)
            return call(client, operation, arguments)

        monkeypatch.setattr(BaseClient, "_make_api_call", watched)

    @contextmanager
    def at_work(self, function: str | None) -> Iterator[None]:
        """`function`: the name of its folder; None: the test itself, in between."""
        thread = threading.get_ident()
        before = self._at_work.get(thread)
        self._at_work[thread] = function and logical_id_of(function)
        try:
            yield
        finally:
            self._at_work[thread] = before

    def _function(self) -> str | None:
        """Whose call it is; a thread that a function has begun works for the only one there is."""
        if (thread := threading.get_ident()) in self._at_work:
            return self._at_work[thread]
        [function, *others] = set(filter(None, self._at_work.copy().values())) or {None}
        return None if others else function

    def check(self) -> None:
        """Raises AssertionError naming what a role lacks."""
        lacking = [
            f"{name} {' '.join(grant)}"
            for name, used in sorted(self.used.items())
            for grant in sorted(used - self._template.grants(name))
        ]
        assert not lacking, f"template.yaml does not grant: {', '.join(lacking)}"

    def needed(self, service: str, operation: str, arguments: Mapping[str, Any]) -> Iterator[Grant]:
        """What a call of AWS asks of the role, item by item of a transaction. What the stack doesn't have isn't asked
        for: a test has put it there.
        """
        match service, operation:
            case "dynamodb", "TransactWriteItems" | "TransactGetItems":
                for item in arguments["TransactItems"]:
                    [(kind, each)] = item.items()
                    yield Grant(f"dynamodb:{_IN_A_TRANSACTION[kind]}", self._names[each["TableName"]])
            case "dynamodb", _:
                index = f"/index/{arguments['IndexName']}" if "IndexName" in arguments else ""
                yield Grant(f"dynamodb:{operation}", self._names[arguments["TableName"]] + index)
            case _:
                [named] = [arguments[name] for name in ("KeyId", "QueueUrl", "SecretId") if name in arguments]
                if named in self._names:
                    yield Grant(f"{service}:{operation}", self._names[named])


def logical_id_of(function: str) -> str:
    """`PurchaseNumberFunction` lies in purchase_number."""
    return "".join(word.capitalize() for word in function.split("_")) + "Function"
