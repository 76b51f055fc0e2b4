"""The embedded stack over HTTP, with its demo agency: for tests that act as a client from outside."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from local.seed import seed
from local.stack import Stack


@contextmanager
def served(folder: Path, **options: Any) -> Iterator[tuple[Stack, dict[str, Any]]]:
    """A stack on a free port, and the content of its demo.json."""
    name = f"test-{secrets.token_hex(4)}"
    with Stack(port=0, state_folder=folder, environment={}, stack_name=name, **options) as stack:
        yield stack, seed(stack)
