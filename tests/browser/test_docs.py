"""The documentation page, in a browser: complete, from our own bundle alone, and one can try the API out on it."""

from __future__ import annotations

import gzip
import json
import os
import re
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
import requests

from tests.browser.chrome import Page

ASSETS = ["docs.js", "docs.css", "console.js", "console.css", "swagger-ui.js", "swagger-ui.css"]
PAGES = ["docs", "console", "openapi.json"]


def picture(page: Page, name: str) -> None:
    """Kept when SCREENSHOTS names a folder."""
    if folder := os.environ.get("SCREENSHOTS"):
        page.screenshot(Path(folder) / f"{name}.png")


def test_authorize_and_execute(page: Page, demo: dict[str, Any]) -> None:
    # given the page, with every operation on it
    page.open(f"{demo['api_url']}/docs")
    document = requests.get(f"{demo['api_url']}/openapi.json", timeout=30).json()
    count = sum(len(item) for item in document["paths"].values())
    page.wait(f"document.querySelectorAll('.opblock').length === {count}")
    picture(page, "docs")
    # when a person authorizes with a token
    page.click(".btn.authorize")
    page.type(".auth-container input", demo["owner_jwt"])
    picture(page, "docs-authorize")
    page.click(".auth-btn-wrapper .authorize")
    page.click(".btn-done")
    # and executes an operation
    page.click("#operations-integration-get_integration_status .opblock-summary-control")
    page.click("#operations-integration-get_integration_status .execute")
    # then its answer is shown
    status = page.wait("document.querySelector('.live-responses-table tbody .response-col_status')?.innerText")
    shown = page.run("document.querySelector('.live-responses-table tbody .response-col_description').innerText")
    picture(page, "docs-executed")
    assert status.strip().startswith("200")
    assert demo["agency_id"] in shown
    # and nothing came from elsewhere, broke the page's policy or failed on the way
    hosts = {urlsplit(url).netloc for url in page.requested if url.startswith("http")}
    assert hosts == {urlsplit(demo["api_url"]).netloc}
    assert page.messages == []


@pytest.mark.parametrize("path", [*PAGES, *(f"docs/{asset}" for asset in ASSETS)])
def test_what_is_there_already_is_not_sent_again(demo: dict[str, Any], path: str) -> None:
    url = f"{demo['api_url']}/{path}"
    # given an answer that may be kept
    first = requests.get(url, timeout=30)
    assert first.status_code == 200
    assert first.headers["cache-control"] in ("public, max-age=3600", "no-cache")
    # when it is asked for with its ETag, then it is known to be good still
    again = requests.get(url, headers={"If-None-Match": first.headers["etag"]}, timeout=30)
    assert (again.status_code, again.content) == (304, b"")
    # and with another, it is sent
    other = requests.get(url, headers={"If-None-Match": '"other"'}, timeout=30)
    assert (other.status_code, other.content) == (200, first.content)


def test_what_is_large_is_sent_compressed(demo: dict[str, Any]) -> None:
    url = f"{demo['api_url']}/docs/swagger-ui.js"
    with requests.get(url, headers={"Accept-Encoding": "gzip"}, stream=True, timeout=30) as compressed:
        sent = compressed.raw.read()
    plain = requests.get(url, headers={"Accept-Encoding": "identity"}, timeout=30)
    assert gzip.decompress(sent) == plain.content
    assert len(sent) < len(plain.content) / 2


@pytest.mark.parametrize("path", ["docs", "console"])
def test_a_page_may_load_nothing_from_elsewhere(demo: dict[str, Any], path: str) -> None:
    answer = requests.get(f"{demo['api_url']}/{path}", timeout=30)
    policy = answer.headers["content-security-policy"]
    assert "unsafe" not in policy
    assert not re.search(r"https?:", policy)
    assert "default-src 'none'" in policy
    # 10,240 bytes of headers is what the gateway lets through
    assert sum(len(name) + len(value) for name, value in answer.headers.items()) < 2000


def test_an_unknown_asset_is_not_found(demo: dict[str, Any]) -> None:
    for name in ("other.js", "..%2Fhandler.py", "%2e%2e%2fopenapi.json"):
        answer = requests.get(f"{demo['api_url']}/docs/{name}", timeout=30)
        assert answer.status_code == 404
        assert answer.json()["code"] in ("not_found", "route_not_found")


def test_the_document_is_the_one_in_the_repository(demo: dict[str, Any]) -> None:
    from apidocs.__main__ import DOCUMENT

    served = requests.get(f"{demo['api_url']}/openapi.json", timeout=30)
    assert served.headers["content-type"] == "application/json"
    assert served.json() == json.loads(DOCUMENT.read_text())
