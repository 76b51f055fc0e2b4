"""Unit tests may not open a socket."""

from __future__ import annotations

import socket
from pathlib import Path
from typing import Any, NoReturn

import pytest

LONG_MODULE = 250


@pytest.fixture(autouse=True)
def no_sockets(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(_socket: socket.socket, address: Any) -> NoReturn:
        raise AssertionError(f"a unit test connects to {address}")

    for name in ("connect", "connect_ex", "bind"):
        monkeypatch.setattr(socket.socket, name, refuse)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """A module that grows long is a smell, not an error: it is only named."""
    package = Path(__file__).parents[2] / "shared" / "telephony"
    for path in sorted(package.rglob("*.py")):
        if (lines := len(path.read_text().splitlines())) > LONG_MODULE:
            terminalreporter.write_line(f"long module: {path.relative_to(package)} has {lines} lines")
