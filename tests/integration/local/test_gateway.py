"""The gateway over HTTP: what a client of a real HTTP API would see."""

import http.client
import json
import socket
import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from local import gateway as gateway_module
from local.errors import StackError
from local.gateway import Gateway
from local.runtime import Result
from local.template import ROOT, Template

TEMPLATE = ROOT / "tests" / "unit" / "local" / "bundle" / "template.yaml"


class Functions:
    """Stands for the functions: remembers the events and answers what the test says."""

    def __init__(self) -> None:
        self.events: list[dict[str, Any]] = []
        self.answer: Callable[[], Result] = lambda: Result(b'{"statusCode": 200, "body": "ok"}')

    def invoke(self, name: str, event: dict[str, Any]) -> Result:
        self.events.append(event)
        return self.answer()


@pytest.fixture
def functions() -> Functions:
    return Functions()


@pytest.fixture
def client(functions) -> Iterator[http.client.HTTPConnection]:
    with Gateway(Template(TEMPLATE, "demo"), functions.invoke, integration_timeout=0.3) as gateway:
        connection = http.client.HTTPConnection(gateway.url.removeprefix("http://"), timeout=10)
        yield connection
        connection.close()


def call(client, method="GET", path="/things/1", body=None, **headers) -> tuple[http.client.HTTPResponse, bytes]:
    client.request(method, path, body, {name.replace("_", "-"): value for name, value in headers.items()})
    response = client.getresponse()
    return response, response.read()


def test_a_request_becomes_an_event(client, functions):
    response, body = call(client, "POST", "/things/%2B1/?a=1", b'{"b": 2}', content_type="application/json")

    [event] = functions.events
    assert (response.status, body) == (200, b"ok")
    assert event["routeKey"] == "$default"
    assert (event["rawPath"], event["rawQueryString"], event["body"]) == ("/things/%2B1/", "a=1", '{"b": 2}')
    assert event["requestContext"]["domainName"] == f"127.0.0.1:{client.port}"
    assert response.headers["apigw-requestid"] == event["requestContext"]["requestId"]


def test_connections_are_kept(client):
    call(client)
    first = client.sock
    call(client, "POST", body=b"x")

    assert client.sock is first is not None


def test_repeated_cookies_stay_apart(client, functions):
    functions.answer = lambda: Result(b'{"statusCode": 204, "cookies": ["a=1", "b=2"]}')

    response, body = call(client)

    assert (response.status, body) == (204, b"")
    assert response.headers.get_all("set-cookie") == ["a=1", "b=2"]


def test_head_has_the_length_but_no_body(client):
    response, body = call(client, "HEAD")

    assert (response.status, response.headers["content-length"], body) == (200, "2", b"")


@pytest.mark.parametrize(
    "result",
    [
        Result(b'{"errorType": "ValueError", "errorMessage": "secret"}', failed=True),
        Result(b'{"statusCode": "none"}'),
    ],
)
def test_a_functions_error_is_500(client, functions, result):
    functions.answer = lambda: result

    response, body = call(client)

    assert (response.status, json.loads(body)) == (500, {"message": "Internal Server Error"})


def test_a_function_that_takes_too_long_is_503(client, functions):
    released = threading.Event()
    functions.answer = lambda: released.wait(10) and Result(b"{}")

    response, body = call(client)
    released.set()

    assert (response.status, json.loads(body)) == (503, {"message": "Service Unavailable"})


def test_a_body_of_more_than_10_mb_is_413(client, functions):
    response, body = call(client, "POST", body=b"x" * (gateway_module.MAX_BODY + 1))

    assert (response.status, json.loads(body)) == (413, {"message": "Request Entity Too Large"})
    assert functions.events == []
    assert call(client)[0].status == 200


def test_a_body_of_10_mb_is_taken(client, functions):
    response, _ = call(client, "POST", body=b"x" * gateway_module.MAX_BODY)

    assert response.status == 200
    assert len(functions.events) == 1


def test_a_body_in_chunks_is_taken(client, functions):
    chunks = iter([b"one", b"two"])
    client.request("POST", "/things/1", chunks, {"Content-Type": "text/plain"}, encode_chunked=True)

    assert client.getresponse().read() == b"ok"
    assert functions.events[0]["body"] == "onetwo"
    assert call(client)[0].status == 200


@pytest.mark.parametrize("head", ["Content-Length: x", "Transfer-Encoding: chunked\r\n\r\nx"])
def test_a_body_of_unknown_length_is_400(client, functions, head):
    with socket.create_connection((client.host, client.port), timeout=10) as raw:
        raw.sendall(f"POST /things/1 HTTP/1.1\r\nHost: a\r\n{head}\r\n\r\n".encode())

        assert raw.makefile("rb").readline() == b"HTTP/1.1 400 Bad Request\r\n"
    assert functions.events == []


def test_without_a_route_it_is_404(functions, tmp_path):
    text = TEMPLATE.read_text().replace("Default: {Type: HttpApi, Properties: {ApiId: !Ref HttpApi}}", "")
    (tmp_path / "template.yaml").write_text(text)
    with Gateway(Template(tmp_path / "template.yaml", "demo"), functions.invoke) as gateway:
        client = http.client.HTTPConnection(gateway.url.removeprefix("http://"), timeout=10)
        response, body = call(client, path="/nowhere")
        client.close()

    assert (response.status, json.loads(body)) == (404, {"message": "Not Found"})
    assert functions.events == []


def test_preflight_is_the_gateways_own(client, functions):
    response, body = call(client, "OPTIONS", origin="https://a.example", access_control_request_method="POST")

    assert (response.status, body, functions.events) == (204, b"", [])
    assert response.headers["access-control-allow-origin"] == "https://a.example"
    assert response.headers["access-control-allow-methods"] == "GET,POST"


def test_cors_headers_of_the_function_are_replaced(client, functions):
    functions.answer = lambda: Result(
        b'{"statusCode": 200, "headers": {"Access-Control-Allow-Origin": "https://evil"}}'
    )

    with_origin, _ = call(client, origin="https://b.example")
    without, _ = call(client)

    assert with_origin.headers["access-control-allow-origin"] == "https://b.example"
    assert with_origin.headers["access-control-expose-headers"] == "x-request-id"
    assert "access-control-allow-origin" not in without.headers


def test_a_port_in_use_is_one_clear_sentence(functions):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(StackError, match=f"Port {port} is in use"):
            Gateway(Template(TEMPLATE, "demo"), functions.invoke, port)
