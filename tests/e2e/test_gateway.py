"""What every request meets: credentials, paths, methods, bodies, CORS."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest
import requests

from local.seed import user_token
from local.stack import Stack
from tests.e2e.client import Agency

ORIGIN = "https://app.example.com"


def test_health_needs_no_credential(somebody: Agency) -> None:
    answer = somebody.get("/health", token=None)
    assert answer.status_code == 200
    assert answer.json()["dependencies"] == {"storage": "ok"}
    assert answer.headers["x-request-id"]


@pytest.mark.parametrize("kind", ["owner", "admin", "member", "api_token"])
def test_jwt_and_api_token_open_the_same_agency(somebody: Agency, kind: str) -> None:
    answer = somebody.get("/get-integration-status", token=somebody.tokens.get(kind, somebody.api_token))
    assert answer.status_code == 200
    assert answer.json()["agency_id"] == somebody.agency_id


def test_without_a_credential_nothing_is_told(somebody: Agency, stack: Stack) -> None:
    secret = stack.platform_secret()["supabase_jwt_secret"]
    forged = user_token("00000000-0000-4000-8000-000000000009", secret[::-1])
    for token in (None, "tpk_wrong", forged):
        answer = somebody.get("/get-integration-status", token=token)
        assert (answer.status_code, answer.json()["code"]) == (401, "unauthenticated")
        assert answer.headers["www-authenticate"].startswith("Bearer")


def test_roles_and_people_of_no_agency_are_told_apart(somebody: Agency, stack: Stack) -> None:
    for role in ("admin", "member"):
        answer = somebody.post("/provision-telephony", {}, token=somebody.tokens[role])
        assert (answer.status_code, answer.json()["code"]) == (403, "role_required")
    nobody = user_token("00000000-0000-4000-8000-000000000009", stack.platform_secret()["supabase_jwt_secret"])
    answer = somebody.post("/provision-telephony", {}, token=nobody)
    assert (answer.status_code, answer.json()["code"]) == (403, "not_an_agency_user")


def test_an_unknown_path_and_a_wrong_method(somebody: Agency) -> None:
    unknown = somebody.get("/there-is-no-such-path")
    assert (unknown.status_code, unknown.json()["code"]) == (404, "route_not_found")
    wrong = somebody.get("/provision-telephony")
    assert (wrong.status_code, wrong.json()["code"], wrong.headers["allow"]) == (405, "method_not_allowed", "POST")


def test_a_trailing_slash_is_led_to_the_path_without_it(somebody: Agency) -> None:
    answer = somebody.get("/get-integration-status/?a=1")
    assert (answer.status_code, answer.headers["location"]) == (308, "/api/v1/get-integration-status?a=1")
    url = f"{somebody.stack.api_url}/get-integration-status/"
    headers = {"Authorization": f"Bearer {somebody.api_token}"}
    assert requests.get(url, headers=headers, timeout=30).status_code == 200


@pytest.mark.parametrize(
    ("content", "content_type", "status", "code"),
    [
        (b'{"force": "yes"}', "application/json", 400, "validation_failed"),
        (b'{"unknown": 1}', "application/json", 400, "validation_failed"),
        (b"[]", "application/json", 400, "invalid_json"),
        (b"{", "application/json", 400, "invalid_json"),
        (b"{}", "text/plain", 400, "invalid_content_type"),
        (b'{"a": "' + b"a" * 2_000_000 + b'"}', "application/json", 413, "payload_too_large"),
    ],
    ids=["not a boolean", "unknown field", "an array", "not JSON", "wrong content type", "2 MB"],
)
def test_bad_bodies(somebody: Agency, content: bytes, content_type: str, status: int, code: str) -> None:
    headers = {"Content-Type": content_type}
    answer = somebody.call("POST", "/provision-telephony", data=content, headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (status, code)


def test_browsers_may_ask_from_anywhere(somebody: Agency) -> None:
    # when a browser asks first
    asked = {"Origin": ORIGIN, "Access-Control-Request-Method": "POST"}
    preflight = somebody.call("OPTIONS", "/provision-telephony", token=None, headers=asked)
    # then it is told what it may send
    assert preflight.status_code == 204
    assert preflight.headers["access-control-allow-origin"] == "*"
    assert "POST" in preflight.headers["access-control-allow-methods"].split(",")
    allowed = preflight.headers["access-control-allow-headers"].split(",")
    assert {"authorization", "apikey", "content-type", "idempotency-key", "x-client-info"} <= set(allowed)
    # and when it sends it, it may read the answer, errors included, and its headers
    for token in (somebody.api_token, None):
        answer = somebody.get("/get-integration-status", token=token, headers={"Origin": ORIGIN})
        assert answer.headers["access-control-allow-origin"] == "*"
        assert {"x-request-id", "retry-after"} <= set(answer.headers["access-control-expose-headers"].split(","))


def test_agencies_do_not_see_each_other(agency: Agency, somebody: Agency) -> None:
    agency.provision()
    [operation] = agency.get("/operations").json()["operations"]
    assert agency.get(f"/operations/{operation['id']}").status_code == 200
    answer = somebody.get(f"/operations/{operation['id']}")
    assert answer.status_code == 404
    assert agency.agency_id not in answer.text
    assert somebody.get("/operations").json()["operations"] == []


def test_more_requests_than_processes_wait_for_each_other(somebody: Agency) -> None:
    url, headers = f"{somebody.stack.api_url}/get-integration-status", {"Authorization": f"Bearer {somebody.api_token}"}
    with ThreadPoolExecutor(12) as callers:
        statuses = list(callers.map(lambda _: requests.get(url, headers=headers, timeout=60).status_code, range(24)))
    assert statuses == [200] * 24
