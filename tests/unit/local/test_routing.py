"""Which route takes a request, in the precedence that AWS documents for HTTP APIs."""

import pytest

from local.routing import Router
from local.template import Route

ROUTES = [
    Route("ANY", "$default", "Default"),
    Route("ANY", "/things/{proxy+}", "Greedy"),
    Route("ANY", "/things/{id}", "AnyThing"),
    Route("GET", "/things/{id}", "GetThing"),
    Route("ANY", "/things/{id}/parts/{part}", "Part"),
    Route("ANY", "/things/new", "New"),
    Route("POST", "/only-post", "Post"),
    Route("ANY", "/a.b", "Dotted"),
]


@pytest.mark.parametrize(
    ("method", "path", "function", "parameters"),
    [
        ("GET", "/things/new", "New", {}),
        ("GET", "/things/1", "GetThing", {"id": "1"}),
        ("DELETE", "/things/1", "AnyThing", {"id": "1"}),
        ("GET", "/things/%2B1/parts/a%20b", "Part", {"id": "+1", "part": "a b"}),
        ("GET", "/things/1/else/2", "Greedy", {"proxy": "1/else/2"}),
        ("GET", "/things/1/", "Greedy", {"proxy": "1/"}),
        ("POST", "/only-post", "Post", {}),
        ("GET", "/only-post", "Default", {}),
        ("GET", "/things", "Default", {}),
        ("GET", "/things/", "Default", {}),
        ("GET", "/THINGS/new", "Default", {}),
        ("GET", "/aXb", "Default", {}),
        ("GET", "/", "Default", {}),
    ],
)
def test_the_most_specific_route_wins(method, path, function, parameters):
    match = Router(ROUTES).match(method, path)

    assert match is not None
    assert (match.route.function, match.parameters) == (function, parameters)


def test_the_order_of_the_routes_does_not_matter():
    match = Router(ROUTES[::-1]).match("GET", "/things/1")

    assert match is not None
    assert match.route.function == "GetThing"


def test_without_a_default_route_nothing_matches():
    assert Router(ROUTES[1:]).match("GET", "/nowhere") is None


@pytest.mark.parametrize(
    ("path", "key"), [("/things/1", "GET /things/{id}"), ("/things/new", "ANY /things/new"), ("/x", "$default")]
)
def test_route_key(path, key):
    match = Router(ROUTES).match("GET", path)

    assert match is not None
    assert match.key == key
