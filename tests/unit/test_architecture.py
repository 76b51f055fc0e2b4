"""Which way imports may point, read from the source itself."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PACKAGE = ROOT / "shared" / "telephony"
LAYERS = {"api", "services", "providers", "models", "admin", "bootstrap"}

# Beside itself and what lies below all layers (errors, settings, clock, …).
MAY_IMPORT = {
    "functions": {"api", "services", "bootstrap"},
    "admin": {"services", "bootstrap"},
    "api": {"services"},
    "services": {"providers", "models"},
    "providers": set(),
    "models": set(),
    "bootstrap": {"services", "providers", "models"},
    "below": set(),
}

# The request's own container reaches the handlers through the door.
EXCEPTIONS = {("api/app.py", "bootstrap")}

ONLY_IN = {
    "requests": {"providers"},
    "urllib3": {"providers"},
    "jwt": {"providers"},
    "pynamodb": {"models"},
    "aws_lambda_powertools.event_handler": {"api", "functions"},
    "typer": {"admin"},
    "os": {"settings.py"},
}

NOWHERE = ("twilio", "telnyx", "httpx", "phonenumbers.geocoder", "phonenumbers.geodata", "boto3", "local", "tests")

MODULES = sorted([*PACKAGE.rglob("*.py"), *(ROOT / "functions").rglob("*.py")])


def named(path: Path) -> str:
    return str(path.relative_to(PACKAGE if path.is_relative_to(PACKAGE) else ROOT))


def layer(name: str) -> str:
    first = name.split("/")[0].removesuffix(".py")
    return first if first in LAYERS | {"functions"} else "below"


def imported(path: Path) -> Iterator[str]:
    """Dotted names, one for each name that is imported, wherever in the module the import stands."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path} imports relatively"
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


@pytest.mark.parametrize("path", MODULES, ids=named)
def test_imports_point_downwards(path: Path) -> None:
    name = named(path)
    for other in imported(path):
        if not other.startswith("telephony."):
            continue
        target = layer(other.split(".")[1])
        allowed = MAY_IMPORT[layer(name)] | {layer(name), "below"}
        assert target in allowed or (name, target) in EXCEPTIONS, f"{name} imports {other}"


@pytest.mark.parametrize("path", MODULES, ids=named)
def test_libraries_stay_in_their_layer(path: Path) -> None:
    name = named(path)
    for other in imported(path):
        for library, places in ONLY_IN.items():
            if other == library or other.startswith(f"{library}."):
                assert {layer(name), name} & places, f"{name} imports {other}"
        assert not any(other == banned or other.startswith(f"{banned}.") for banned in NOWHERE), f"{name}: {other}"


@pytest.mark.parametrize("path", sorted((PACKAGE / "services").glob("*.py")), ids=named)
def test_services_leave_the_tables_to_the_models(path: Path) -> None:
    # given the modules of models that a service imports: their functions are how it reads and writes
    tree = ast.parse(path.read_text())
    modules = {name.rsplit(".", 1)[1] for name in imported(path) if name.startswith("telephony.models.")}
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            of_module = isinstance(node.func.value, ast.Name) and node.func.value.id in modules
            speaks_to_a_table = node.func.attr in {"save", "query", "scan", "refresh", "batch_get", "batch_write"}
            updates_an_item = node.func.attr == "update" and any(each.arg == "actions" for each in node.keywords)
            assert of_module or not (speaks_to_a_table or updates_an_item), f"{named(path)}:{node.lineno}"


def test_the_table_names_every_layer() -> None:
    folders = {each.name for each in PACKAGE.iterdir() if each.is_dir() and each.name != "__pycache__"}
    assert folders | {"bootstrap"} == LAYERS
    assert set(MAY_IMPORT) == LAYERS | {"functions", "below"}


@pytest.mark.parametrize("path", MODULES, ids=named)
def test_nothing_is_built_at_import(path: Path) -> None:
    """`container()` is called in functions only, so that importing a handler reads no environment."""
    for node in ast.parse(path.read_text()).body:
        if isinstance(node, ast.Assign | ast.AnnAssign | ast.Expr):
            called = {
                each.func.id
                for each in ast.walk(node)
                if isinstance(each, ast.Call) and isinstance(each.func, ast.Name)
            }
            assert not called & {"container", "Container", "client", "session", "connect"}, f"{path}:{node.lineno}"
