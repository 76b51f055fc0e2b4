"""docs/openapi.json, held up to the errors that tests meet: what a client can't read there is an error of the test."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

DOCUMENT = Path(__file__).parents[1] / "docs" / "openapi.json"

Document = dict[str, Any]


def check_error(method: str, path: str, status: int, body: Mapping[str, Any], headers: Mapping[str, str]) -> None:
    """Raises AssertionError naming what the document does not tell of an error: its status, its code, its Retry-After
    or a key of its body. A path and method that it doesn't have may be answered with any.
    """
    if (found := _operation(method, path)) is None:
        return
    route, responses = found
    error = body["error"] if isinstance(body.get("error"), dict) else body
    untold = f"docs/openapi.json does not tell that {route} answers {status} {error['code']}"
    assert str(status) in responses, untold
    told = _resolved(responses[str(status)])
    assert error["code"] in told.get("x-codes", ()), untold
    assert "retry-after" not in headers or "Retry-After" in told["headers"], f"{untold} with Retry-After"
    unknown = error.keys() - _keys(told)
    assert not unknown, f"{untold} with {', '.join(sorted(unknown))}"


@cache
def _document() -> Document:
    made: Document = json.loads(DOCUMENT.read_text())
    return made


@cache
def _paths() -> list[tuple[str, re.Pattern[str]]]:
    """Each as the document has it, with what it matches; those with fewer parameters go before others."""
    shown = sorted(_document()["paths"], key=lambda path: path.count("{"))
    return [(path, re.compile(re.sub(r"\{\w+\}", "[^/]+", path))) for path in shown]


def _operation(method: str, path: str) -> tuple[str, Document] | None:
    """The route and its responses."""
    for shown, pattern in _paths():
        item = _document()["paths"][shown]
        if pattern.fullmatch(path) and method.lower() in item:
            return f"{method} {shown}", item[method.lower()]["responses"]
    return None


def _keys(told: Document) -> set[str]:
    """Those that an error's body may have, or the object in it under `error`."""
    schema = told["content"]["application/json"]["schema"]
    properties = _resolved(schema.get("anyOf", [schema])[0])["properties"]
    return set(properties.get("error", {}).get("properties") or properties)


def _resolved(value: Document) -> Document:
    if "$ref" not in value:
        return value
    found = _document()
    for step in value["$ref"].removeprefix("#/").split("/"):
        found = found[step]
    return found
