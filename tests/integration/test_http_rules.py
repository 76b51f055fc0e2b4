"""Paths, methods and bodies: what any client may get wrong, and what it is told then."""

from __future__ import annotations

import base64
import io
import json
import re
from typing import Any

import pytest

from tests.world import HttpAnswer, LambdaContext, World, door, event

PATH = "/provision-telephony"
FUNCTION = "provision_telephony"

# Asks for nothing to be done, so that one world serves all tests: the agency is provisioned already.
HARMLESS: dict[str, Any] = {"dry_run": False, "force": False}


@pytest.fixture(scope="module")
def http(calm_world: World) -> World:
    assert calm_world.provision().status == 200
    return calm_world


def post(world: World, body: Any, **headers: str) -> HttpAnswer:
    return world.call(FUNCTION, "POST", PATH, body, token=world.owner_token, headers=headers)


def reached_the_service(answer: HttpAnswer) -> bool:
    return (answer.status, answer.body["code"]) == (400, "already_provisioned")


# Bodies


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (b"{", "invalid_json"),
        (b"force=true", "invalid_json"),
        (b"   ", "invalid_json"),
        (b"{'force': true}", "invalid_json"),
        (b'{"force": true}}', "invalid_json"),
        (b'\xef\xbb\xbf{"force": true}', "invalid_json"),
        (b'{"force": "\xff"}', "invalid_json"),
        ('{"force": true}'.encode("utf-16"), "invalid_json"),
        (b'{"force": ' + b"1" * 5000 + b"}", "invalid_json"),
        (b"[]", "invalid_json"),
        (b'[{"force": true}]', "invalid_json"),
        (b"null", "invalid_json"),
        (b"true", "invalid_json"),
        (b'"force"', "invalid_json"),
        (b'{"force": "yes"}', "validation_failed"),
        (b'{"force": "true"}', "validation_failed"),
        (b'{"force": 1}', "validation_failed"),
        (b'{"force": null}', "validation_failed"),
        (b'{"force": [true]}', "validation_failed"),
        (b'{"force": NaN}', "validation_failed"),
        (b'{"dry_run": "yes"}', "validation_failed"),
        (b'{"forced": true}', "validation_failed"),
        (b'{"force": false, "\\ud800": 1}', "validation_failed"),
    ],
)
def test_a_bad_body_is_400(http: World, body: bytes, code: str) -> None:
    answer = post(http, body)
    assert (answer.status, answer.body["code"]) == (400, code)
    assert answer.body["success"] is False
    assert answer.body["retryable"] is False


def test_every_bad_field_is_named(http: World) -> None:
    answer = post(http, {"force": "yes", "dry_run": 1, "extra": 1})
    assert [each["field"] for each in answer.body["errors"]] == ["force", "dry_run", "extra"]
    assert all(each["message"] for each in answer.body["errors"])
    assert "force: " in answer.body["error"]


def test_a_thousand_bad_fields_do_not_make_a_long_answer(http: World) -> None:
    answer = post(http, {f"field{number}": 0 for number in range(3000)})
    assert answer.status == 400
    assert len(answer.body["errors"]) == 20


def test_64_kb_are_read_and_a_byte_more_is_413(http: World) -> None:
    frame = b'{"force": false}'
    assert reached_the_service(post(http, frame + b" " * (64 * 1024 - len(frame))))
    answer = post(http, frame + b" " * (64 * 1024 - len(frame) + 1))
    assert (answer.status, answer.body["code"]) == (413, "payload_too_large")


def test_two_megabytes_are_413(http: World) -> None:
    answer = post(http, b'{"force": "' + b"a" * 2_000_000 + b'"}')
    assert (answer.status, answer.body["code"]) == (413, "payload_too_large")


def test_the_limit_is_of_bytes_whatever_they_were_wrapped_in(http: World) -> None:
    # given a body of 60 KB that the gateway sends as base64, 80 KB then
    sent = event("POST", PATH, HARMLESS, {"authorization": f"Bearer {http.owner_token}"})
    sent["body"] = base64.b64encode(b'{"force": false}' + b" " * 60_000).decode()
    sent["isBase64Encoded"] = True
    assert json.loads(invoke(FUNCTION, sent)["body"])["code"] == "already_provisioned"


@pytest.mark.parametrize("depth", [1, 31, 32, 33, 500, 5000, *range(9960, 9990), 30_000])
def test_nesting_of_any_depth_is_400(http: World, depth: int) -> None:
    answer = post(http, b'{"extra": ' + b"[" * depth + b"]" * depth + b"}")
    assert answer.status == 400
    assert answer.body["code"] == ("validation_failed" if depth < 32 else "invalid_json")


@pytest.mark.parametrize("kind", ["text/plain", "application/xml", "application/x-www-form-urlencoded", "", "json"])
def test_another_content_type_is_400_never_415(http: World, kind: str) -> None:
    answer = post(http, b'{"force": true}', **{"content-type": kind})
    assert (answer.status, answer.body["code"]) == (400, "invalid_content_type")


@pytest.mark.parametrize(
    "kind",
    ["application/json", "application/json; charset=utf-8", "Application/JSON;charset=UTF-8", " application/json "],
)
def test_json_may_be_called_so_in_any_spelling(http: World, kind: str) -> None:
    assert reached_the_service(post(http, b'{"force": false}', **{"content-type": kind}))


@pytest.mark.parametrize("kind", [None, "application/json", "text/plain", "application/xml", ""])
def test_without_a_body_its_type_is_nobodys_business(http: World, kind: str | None) -> None:
    assert reached_the_service(post(http, None, **({} if kind is None else {"content-type": kind})))


def test_a_base64_body_is_the_same_as_a_plain_one(http: World) -> None:
    sent = event("POST", PATH, HARMLESS, {"authorization": f"Bearer {http.owner_token}"})
    sent |= {"body": base64.b64encode(b'{"force": "yes"}').decode(), "isBase64Encoded": True}
    assert json.loads(invoke(FUNCTION, sent)["body"])["code"] == "validation_failed"


def test_of_a_key_given_twice_the_last_counts(http: World) -> None:
    assert reached_the_service(post(http, b'{"force": "yes", "force": false}'))
    assert post(http, b'{"force": false, "force": "yes"}').body["code"] == "validation_failed"


# Methods


@pytest.mark.parametrize("method", ["GET", "PUT", "PATCH", "DELETE", "HEAD"])
def test_another_method_is_405_with_the_right_one(http: World, method: str) -> None:
    answer = http.call(FUNCTION, method, PATH, token=http.owner_token)
    assert (answer.status, answer.body["code"]) == (405, "method_not_allowed")
    assert answer.headers["allow"] == "POST"
    assert answer.body["fix"] == "Use POST."


def test_a_reading_route_allows_get(http: World) -> None:
    answer = http.call("telephony_integration", "POST", "/get-integration-status", {}, token=http.owner_token)
    assert (answer.status, answer.headers["allow"]) == (405, "GET")


# Paths


def invoke(function: str, sent: dict[str, Any]) -> dict[str, Any]:
    answer: dict[str, Any] = door(function).lambda_handler(sent, LambdaContext(28))
    return answer


def site(raw_path: str, method: str = "GET", query: str = "") -> dict[str, Any]:
    sent = event(method, "/x", query=query)
    sent["rawPath"] = sent["requestContext"]["http"]["path"] = raw_path
    return invoke("site", sent)


@pytest.mark.parametrize(
    ("path", "keys"),
    [
        ("/api/v1/unknown", {"detail"}),
        ("/api/v1/phone-numbers/unknown", {"detail"}),
        ("/api/v1/provision-telephony/extra", {"success", "error"}),
        ("/api/v1/verify-telephony-config/extra", {"success", "error"}),
        ("/api/v1/provider-configurations/a/b/c", {"status_code", "message"}),
        ("/api/v1/providers-configurations/a/b/c", {"status_code", "message"}),
        ("/api/v1/%70rovision-telephony/extra", {"success", "error"}),
        ("/api/v1", {"detail"}),
        ("/api/v1/", {"detail"}),
        ("/", {"detail"}),
        ("/health", {"detail"}),
        ("/api/v2/health", {"detail"}),
        ("/api/v1health", {"detail"}),
        ("/api/v1/api/v1/health", {"detail"}),
        ("/api/v1//health", {"detail"}),
    ],
)
def test_an_unknown_path_is_404_in_its_familys_words(http: World, path: str, keys: set[str]) -> None:
    answer = site(path)
    body = json.loads(answer["body"])
    assert answer["statusCode"] == 404
    assert set(body) == keys | {"code", "request_id", "retryable", "fix"}
    assert body["code"] == "route_not_found"


def test_an_unknown_path_of_configurations_is_wrapped(http: World) -> None:
    body = json.loads(site("/api/v1/phone-configurations/a/b/c")["body"])
    assert set(body) == {"success", "error", "metadata"}
    assert set(body["error"]) == {"code", "message", "request_id", "retryable", "fix"}


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_a_trailing_slash_leads_to_the_path_without_it(http: World, method: str) -> None:
    answer = site("/api/v1/provision-telephony/", method, "a=1&b=%2B")
    assert answer["statusCode"] == 308
    assert answer["headers"]["Location"] == "/api/v1/provision-telephony?a=1&b=%2B"


@pytest.mark.parametrize(
    "path",
    [
        "//evil.example.com/",
        "///evil.example.com/",
        "/\\evil.example.com/",
        "https://evil.example.com/",
        "/evil/",
        "//",
    ],
)
def test_a_trailing_slash_leads_nowhere_else(http: World, path: str) -> None:
    answer = site(path)
    assert answer["statusCode"] == 404
    assert "Location" not in answer["headers"]


def test_a_redirect_cannot_carry_a_header_of_the_callers(http: World) -> None:
    answer = site("/api/v1/a\r\nSet-Cookie: a=b/")
    assert answer["statusCode"] == 308
    assert "\r" not in answer["headers"]["Location"]
    assert "\n" not in answer["headers"]["Location"]


def test_a_named_stage_is_no_part_of_the_path(http: World) -> None:
    sent = event("GET", "/health")
    sent["rawPath"] = "/prod/api/v1/health"
    sent["requestContext"]["stage"] = "prod"
    assert invoke("site", sent)["statusCode"] == 200


# What every answer carries


def test_every_answer_carries_the_requests_id(http: World) -> None:
    token = {"authorization": f"Bearer {http.owner_token}"}
    requests = {
        "200": (FUNCTION, event("POST", PATH, {"force": True, "dry_run": True}, token)),
        "400": (FUNCTION, event("POST", PATH, [], token)),
        "401": (FUNCTION, event("POST", PATH)),
        "405": (FUNCTION, event("GET", PATH)),
        "413": (FUNCTION, event("POST", PATH, b"{" + b" " * 70_000, token)),
        "404": ("site", event("GET", "/unknown")),
        "308": ("site", event("GET", "/unknown/")),
    }
    for status, (function, sent) in requests.items():
        answer = invoke(function, sent)
        assert answer["statusCode"] == int(status)
        assert answer["headers"]["X-Request-Id"] == sent["requestContext"]["requestId"]
        if answer["body"] and status != "200":
            assert json.loads(answer["body"])["request_id"] == sent["requestContext"]["requestId"]


def test_no_answer_is_kept_on_its_way(http: World) -> None:
    """It may hold an owner's webhook URL, or secrets that were revealed."""
    answers = [http.status(), http.status(token=None), http.provision([]), http.call("site", "GET", "/health")]
    assert [each.headers["cache-control"] for each in answers] == ["no-store"] * 4
    # but for the files, which say themselves how long they may be
    assert http.call("site", "GET", "/docs").headers["cache-control"] != "no-store"


INTERNAL = re.compile(
    r"Traceback|File \"|arn:aws|botocore|pynamodb|pydantic|\.py\b|errors\.pydantic\.dev", re.IGNORECASE
)


def test_nothing_internal_shows(http: World) -> None:
    """The words of an answer are the contract's, whatever was sent."""
    prefix = http.deployment.table_prefix
    bodies: list[Any] = [
        None,
        [],
        {"force": "yes"},
        {"x" * 500: {}},
        b"\xff",
        b"{" * 100,
        {"force": True, "dry_run": True},
    ]
    for body in bodies:
        for token in (None, "x", "tpk_x", http.owner_token, http.tokens["member"]):
            answer = http.call(FUNCTION, "POST", PATH, body, token=token)
            text = json.dumps(answer.body)
            assert not INTERNAL.search(text), text
            assert prefix not in text
            assert http.owner_token not in text


def test_a_mistake_of_ours_is_500_and_says_nothing(http: World, monkeypatch: pytest.MonkeyPatch) -> None:
    from telephony.models import agencies

    def fail(_agency_id: str) -> None:
        raise RuntimeError(f"secret of {http.deployment.table_prefix}")

    monkeypatch.setattr(agencies, "find", fail)
    answer = http.status()
    request_id = answer.headers["x-request-id"]
    assert (answer.status, answer.body) == (
        500,
        {
            "success": False,
            "error": "Internal server error",
            "code": "internal_error",
            "request_id": request_id,
            "retryable": False,
        },
    )


def test_one_log_line_a_request_without_its_path(http: World, logged: io.StringIO) -> None:
    http.status()
    [line] = [json.loads(each) for each in logged.getvalue().splitlines()]
    assert line["message"] == "request"
    assert line["route"] == "ANY /api/v1/get-integration-status"
    assert (line["method"], line["status"], line["agency_id"]) == ("GET", 200, http.agency_id)
    assert "path" not in line
