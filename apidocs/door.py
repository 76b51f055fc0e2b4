"""``python -m apidocs.door FUNCTION``: what one function's door says of itself, as JSON on standard output.

A process of its own for each, as on Lambda: every function's module is called `handler`.
"""

from __future__ import annotations

import importlib
import json
import re
import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]


def describe(function: str) -> dict[str, Any] | None:
    """`{"routes", "paths", "schemas"}` of functions/<function>, each operation with its handler's docstring for its
    description. None for a function that is no door."""
    sys.path[:0] = [str(ROOT / "shared"), str(ROOT / "functions" / function)]
    handler = importlib.import_module("handler")
    door = getattr(handler, "door", None)
    if door is None:
        return None
    document = door.app.get_openapi_schema(title=function, version="1").model_dump(
        by_alias=True, exclude_none=True, mode="json"
    )
    paths = document.get("paths", {})
    for path, operations in paths.items():
        for method, operation in operations.items():
            suffix = re.sub(r"\W", "_", path) + f"_{method}"
            operation["description"] = getattr(handler, operation["operationId"].removesuffix(suffix)).__doc__
    schemas = document.get("components", {}).get("schemas", {})
    return {"routes": door.routes, "paths": paths, "schemas": schemas}


if __name__ == "__main__":
    print(json.dumps(describe(sys.argv[1])))
