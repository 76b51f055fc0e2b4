"""CORS headers as an HTTP API gives them."""

import dataclasses

import pytest

from local.cors import preflight_headers, response_headers
from local.template import Cors

CORS = Cors(
    allow_origins=("https://a.example", "https://*.b.example"),
    allow_methods=("GET", "POST"),
    allow_headers=("authorization",),
    expose_headers=("x-request-id",),
    max_age=600,
)


@pytest.mark.parametrize("origin", ["https://a.example", "https://x.b.example"])
def test_preflight(origin):
    assert preflight_headers(CORS, origin) == [
        ("access-control-allow-origin", origin),
        ("access-control-allow-methods", "GET,POST"),
        ("access-control-allow-headers", "authorization"),
        ("access-control-max-age", "600"),
    ]


def test_other_answers_expose_headers():
    assert response_headers(CORS, "https://a.example") == [
        ("access-control-allow-origin", "https://a.example"),
        ("access-control-expose-headers", "x-request-id"),
    ]


@pytest.mark.parametrize("origin", [None, "https://c.example", "http://a.example"])
def test_an_origin_that_is_not_allowed_gets_nothing(origin):
    assert preflight_headers(CORS, origin) == response_headers(CORS, origin) == []


def test_any_origin():
    anyone = Cors(allow_origins=("*",))

    assert response_headers(anyone, "https://c.example") == [("access-control-allow-origin", "*")]


def test_with_credentials_the_origin_is_named():
    anyone = dataclasses.replace(Cors(allow_origins=("*",)), allow_credentials=True)

    assert response_headers(anyone, "https://c.example") == [
        ("access-control-allow-origin", "https://c.example"),
        ("access-control-allow-credentials", "true"),
    ]
