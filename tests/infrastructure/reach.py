"""What the code of a function can ask of DynamoDB, read from the source: along every name, from its handler on.

More than it really asks, never less: what is named counts as called, a class with all its methods, and a call of the
models as one of each table that is named with it. Of the container counts what is asked of it alone, or every function
could do all.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from functools import cache
from pathlib import Path

from tests.infrastructure.deployed import Grant

ROOT = Path(__file__).parents[2]

Place = tuple[str, str]
"""Module and name of what stands at its top; methods of the container have a place of their own."""

_ACTIONS = {
    "put": "dynamodb:PutItem",
    "update": "dynamodb:UpdateItem",
    "update_one": "dynamodb:UpdateItem",
    "delete": "dynamodb:DeleteItem",
    "get": "dynamodb:GetItem",
    "get_together": "dynamodb:GetItem",
}
"""Of what models/base.py offers."""
_OF_A_TABLE = {"query": "dynamodb:Query", "count": "dynamodb:Query", "scan": "dynamodb:Scan"}


@cache
def modules() -> dict[str, ast.Module]:
    shared = ROOT / "shared"
    paths = {path.relative_to(shared): path for path in shared.rglob("*.py")}
    paths |= {path.relative_to(ROOT): path for path in (ROOT / "functions").rglob("*.py")}
    names = {short: ".".join(short.with_suffix("").parts).removesuffix(".__init__") for short in paths}
    return {names[short]: ast.parse(path.read_text()) for short, path in paths.items()}


@cache
def defined(module: str) -> dict[str, list[ast.AST]]:
    """What stands at the top of a module, by name."""
    found: dict[str, list[ast.AST]] = {}
    for node in modules()[module].body:
        if isinstance(node, ast.ClassDef) and node.name == "Container":
            found |= {f"container.{each.name}": [each] for each in node.body if isinstance(each, ast.FunctionDef)}
        elif isinstance(node, ast.ClassDef | ast.FunctionDef):
            found[node.name] = [node]
        elif isinstance(node, ast.Assign | ast.AnnAssign):
            names = (each.id for each in ast.walk(node) if isinstance(each, ast.Name) and type(each.ctx) is ast.Store)
            for name in names:
                found.setdefault(name, []).append(node)
    return found


@cache
def imported(module: str) -> dict[str, Place]:
    """Names that stand for something of another module; for the module itself, with an empty name."""
    found: dict[str, Place] = {}
    for node in ast.walk(modules()[module]):
        if isinstance(node, ast.ImportFrom):
            for alias in node.names:
                whole = f"{node.module}.{alias.name}"
                is_module = whole in modules()
                found[alias.asname or alias.name] = (whole, "") if is_module else (str(node.module), alias.name)
    return found


@cache
def tables() -> dict[str, str]:
    """The table of each model, as the template calls it, by the model's name."""
    found: dict[str, str] = {}
    for model in (each for tree in modules().values() for each in tree.body if isinstance(each, ast.ClassDef)):
        for each in model.body:
            match each:
                case ast.Assign(targets=[ast.Name(id="table")], value=ast.Constant(value=str(table))):
                    found[model.name] = table.title().replace("_", "") + "Table"
    return found


def named(place: Place) -> Iterator[Place]:
    """All that is named at a place."""
    module, name = place
    for each in (each for node in defined(module)[name] for each in ast.walk(node)):
        match each:
            case ast.Attribute(value=ast.Call(func=ast.Name(id="container")), attr=asked):
                yield "telephony.bootstrap", f"container.{asked}"
            case ast.Attribute(value=ast.Name(id="self"), attr=asked):
                yield module, f"container.{asked}"
            case ast.Attribute(value=ast.Name(id=other), attr=asked) if other in imported(module):
                yield imported(module)[other][0], asked
            case ast.Name(id=other):
                yield imported(module).get(other, (module, other))


def reached(function: str) -> set[Place]:
    """`function`: the name of its folder."""
    module = f"functions.{function}.handler"
    to_do = [(module, name) for name in defined(module)]
    seen: set[Place] = set()
    while to_do:
        place = to_do.pop()
        if place not in seen and place[0] in modules() and place[1] in defined(place[0]):
            seen.add(place)
            to_do += named(place)
    return seen


def asked_at(place: Place) -> Iterator[Grant]:
    """What is asked for there, with `/index/*` for some index of a table."""
    nodes = [each for node in defined(place[0])[place[1]] for each in ast.walk(node)]
    here = {tables()[each.id] for each in nodes if isinstance(each, ast.Name) and each.id in tables()}
    for each in nodes:
        match each:
            case ast.Call(func=ast.Name(id=called)) if called in _ACTIONS:
                yield from (Grant(_ACTIONS[called], table) for table in here)
            case ast.Call(func=ast.Attribute(value=ast.Name(id=model), attr=called)) if model in tables():
                if called in _OF_A_TABLE:
                    yield Grant(_OF_A_TABLE[called], tables()[model])
            case ast.Call(func=ast.Attribute(value=asked, attr=called)) if called in _OF_A_TABLE:
                index = asked.attr if isinstance(asked, ast.Attribute) else "*"
                yield from (Grant(_OF_A_TABLE[called], f"{table}/index/{index}") for table in here)
