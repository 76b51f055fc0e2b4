"""The event that a function gets and the response that its answer becomes: payload format 2.0."""

import base64
import json

import pytest

from local.payload import Answer, MalformedAnswer, Request, answer_of, event_of
from local.routing import Match, Router
from local.template import Route


def match(path: str = "/things/{id}") -> Match:
    return Match(Route("ANY", path, "Echo"), {"id": "a b"} if "{" in path else {})


def request(**changes) -> Request:
    given = {
        "method": "POST",
        "raw_path": "/things/a%20b",
        "raw_query": "x=1&x=2&empty=&y=%2B",
        "headers": [("Host", "api.example:3000"), ("X-Twice", "1"), ("x-twice", "2"), ("Cookie", "a=1; b=2")],
        "body": b"",
        "source_ip": "127.0.0.1",
    }
    return Request(**given | changes)


def test_event():
    sent = request(headers=[*request().headers, ("User-Agent", "test")])

    event = event_of(sent, match())

    assert event["version"] == "2.0"
    assert event["routeKey"] == "ANY /things/{id}"
    assert event["rawPath"] == "/things/a%20b"
    assert event["rawQueryString"] == "x=1&x=2&empty=&y=%2B"
    assert event["queryStringParameters"] == {"x": "1,2", "empty": "", "y": "+"}
    assert event["pathParameters"] == {"id": "a b"}
    assert event["cookies"] == ["a=1", "b=2"]
    assert event["headers"] == {
        "host": "api.example:3000",
        "x-twice": "1,2",
        "user-agent": "test",
        "x-forwarded-for": "127.0.0.1",
        "x-forwarded-proto": "http",
    }
    context = event["requestContext"]
    assert (context["domainName"], context["stage"], context["requestId"]) == ("api.example:3000", "$default", sent.id)
    assert context["http"] == {
        "method": "POST",
        "path": "/things/a%20b",
        "protocol": "HTTP/1.1",
        "sourceIp": "127.0.0.1",
        "userAgent": "test",
    }
    assert context["timeEpoch"] > 1_700_000_000_000


def test_what_is_not_there_has_no_key():
    event = event_of(request(raw_query="", headers=[]), match("$default"))

    assert not {"body", "cookies", "queryStringParameters", "pathParameters"} & event.keys()
    assert event["isBase64Encoded"] is False


@pytest.mark.parametrize("kind", ["application/json", "text/plain; charset=utf-8", "Application/XML"])
def test_text_is_passed_as_it_is(kind):
    event = event_of(request(body="{ü}".encode(), headers=[("Content-Type", kind)]), match())

    assert (event["body"], event["isBase64Encoded"]) == ("{ü}", False)


@pytest.mark.parametrize(
    ("kind", "body"),
    [
        ("application/x-www-form-urlencoded", b"a=1"),
        ("application/octet-stream", b"{}"),
        ("", b"{}"),
        ("application/json", b"\xff\xfe"),
    ],
)
def test_anything_else_is_base64(kind, body):
    event = event_of(request(body=body, headers=[("Content-Type", kind)] if kind else []), match())

    assert (base64.b64decode(event["body"]), event["isBase64Encoded"]) == (body, True)


def answer(returned: object) -> Answer:
    return answer_of(json.dumps(returned).encode())


def test_an_answer_in_full():
    given = answer(
        {"statusCode": 201, "headers": {"X-Kind": "a", "Content-Type": "x/y"}, "cookies": ["a=1", "b=2"], "body": "ü"}
    )

    headers = [("x-kind", "a"), ("content-type", "x/y"), ("set-cookie", "a=1"), ("set-cookie", "b=2")]
    assert given == Answer(201, headers, "ü".encode())


def test_a_binary_answer():
    assert answer({"statusCode": 200, "body": "AAE=", "isBase64Encoded": True}).body == b"\x00\x01"


def test_an_answer_without_a_body():
    assert answer({"statusCode": 204}).body == b""


@pytest.mark.parametrize("returned", [{"a": 1}, ["a"], "text", None])
def test_anything_without_a_status_is_the_body_of_a_200(returned):
    assert answer(returned) == Answer(200, [("content-type", "application/json")], json.dumps(returned).encode())


@pytest.mark.parametrize(
    "returned",
    [
        {"statusCode": "none"},
        {"statusCode": None},
        {"statusCode": 99},
        {"statusCode": 200, "body": {"not": "text"}},
        {"statusCode": 200, "body": "?", "isBase64Encoded": True},
        {"statusCode": 200, "headers": ["not", "a", "map"]},
        {"statusCode": 200, "headers": {"x": "one\r\nset-cookie: two"}},
        {"statusCode": 200, "headers": {"x": "\u20ac"}},
    ],
)
def test_a_malformed_answer_is_refused(returned):
    with pytest.raises(MalformedAnswer):
        answer(returned)


def test_the_parameters_are_those_of_the_route():
    found = Router([Route("ANY", "/numbers/{e164}", "Numbers")]).match("GET", "/numbers/%2B14155550100")

    assert found is not None
    assert event_of(request(raw_path="/numbers/%2B14155550100"), found)["pathParameters"] == {"e164": "+14155550100"}
