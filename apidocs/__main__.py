"""``python -m apidocs``: writes everything that is made from the table of calls and the handlers' schemas.

With ``--release`` today's document also becomes the promise that later ones are held to.
"""

from __future__ import annotations

import json
import shutil
import sys
from pathlib import Path

from apidocs import changes, clients, events, openapi
from apidocs.door import ROOT

DOCUMENT = ROOT / "docs" / "openapi.json"
RELEASED = ROOT / "tests" / "infrastructure" / "released_openapi.json"
EXAMPLES = ROOT / "docs" / "examples"
EVENTS = ROOT / "events"
BUNDLED = ROOT / "functions" / "site" / "static" / "openapi.json"


def main() -> None:
    document = openapi.build()
    DOCUMENT.parent.mkdir(exist_ok=True)
    DOCUMENT.write_text(json.dumps(document, indent=2, ensure_ascii=False) + "\n")
    BUNDLED.write_text(json.dumps(document, separators=(",", ":"), ensure_ascii=False))
    write(EVENTS, events.build())
    write(EXAMPLES, clients.build())
    if "--release" in sys.argv[1:]:
        RELEASED.write_text(json.dumps(changes.contract(document), separators=(",", ":"), ensure_ascii=False) + "\n")


def write(folder: Path, files: dict[str, str]) -> None:
    """Makes the folder hold these files and no others."""
    shutil.rmtree(folder, ignore_errors=True)
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)


if __name__ == "__main__":
    main()
