"""The operator's page, in a browser: it shows an agency to who has a token, and why not to who has none."""

from __future__ import annotations

from typing import Any

import requests

from tests.browser.chrome import Page
from tests.browser.test_docs import picture


def show(page: Page, token: str) -> None:
    page.run("document.querySelector('#token').value = ''")
    page.type("#token", token)
    page.click("#sign-in button")
    page.wait("!document.querySelector('#message').innerText.startsWith('Loading')")


def test_an_agency_is_shown(page: Page, demo: dict[str, Any]) -> None:
    # given an agency that has telephony
    headers = {"Authorization": f"Bearer {demo['api_token']}"}
    provisioned = requests.post(
        f"{demo['api_url']}/provision-telephony", json={"force": True}, headers=headers, timeout=35
    ).json()
    # when somebody pastes a token
    page.open(f"{demo['api_url']}/console")
    show(page, demo["member_jwt"])
    # then there is its set-up, and what was done
    assert page.wait("!document.querySelector('main').hidden")
    picture(page, "console")
    shown = page.run("document.querySelector('main').innerText")
    assert demo["agency_id"] in shown
    assert provisioned["provisioned"]["telnyx_application_id"] in shown
    assert "SUCCEEDED" in page.run("document.querySelector('#operations').innerText")
    # and nothing broke the page's policy
    assert page.messages == []


def test_a_bad_token_is_told(page: Page, demo: dict[str, Any]) -> None:
    page.open(f"{demo['api_url']}/console")
    show(page, "tpk_wrong")
    assert "(401, request " in page.run("document.querySelector('#message').innerText")
    assert page.run("document.querySelector('main').hidden") is True
