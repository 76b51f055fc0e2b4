from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.browser import chrome
from tests.served import served


@pytest.fixture(scope="package")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Any]]:
    """demo.json of a stack that serves."""
    with served(tmp_path_factory.mktemp("stack")) as (_, content):
        yield content


@pytest.fixture
def page(tmp_path: Path) -> Iterator[chrome.Page]:
    browser = chrome.installed()
    if browser is None:
        pytest.skip("Chromium was not found on PATH (Debian: apt-get install chromium)")
    with chrome.Page(browser, tmp_path / "profile") as opened:
        yield opened
