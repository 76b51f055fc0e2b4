"""A simulator and a client must not share a mistake: nothing under local/ imports the product's package."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

LOCAL = Path(__file__).parents[3] / "local"


def imported(source: str) -> Iterator[str]:
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            yield node.module


@pytest.mark.parametrize("path", sorted(LOCAL.rglob("*.py")), ids=lambda path: str(path.relative_to(LOCAL)))
def test_local_imports_nothing_of_the_product(path: Path) -> None:
    assert not [name for name in imported(path.read_text()) if name.split(".")[0] == "telephony"]


@pytest.mark.parametrize("source", ["import telephony.models", "from telephony import clock", "import os, telephony"])
def test_such_an_import_would_be_found(source: str) -> None:
    assert any(name.split(".")[0] == "telephony" for name in imported(source))
