"""Twilio's signature of a form, as its documentation computes it."""

from __future__ import annotations

import hashlib
from urllib.parse import urlencode

import pytest
from telephony.services import signatures
from telephony.services.signatures import Parameters

KEY = "12345"
URL = "https://example.com/myapp.php?foo=1&bar=2"
GIVEN = [
    ("CallSid", "CA1234567890ABCDE"),
    ("Caller", "+12349013030"),
    ("Digits", "1234"),
    ("From", "+12349013030"),
    ("To", "+18005551212"),
]
"""The example of twilio.com/docs/usage/security."""


def sign(url: str, parameters: Parameters, key: str = KEY) -> str:
    import base64
    import hashlib
    import hmac

    text = url + "".join(name + value for name, value in sorted(parameters))
    return base64.b64encode(hmac.new(key.encode(), text.encode(), hashlib.sha1).digest()).decode()


def signed(key: str, urls: list[str], parameters: Parameters, signature: str) -> bool:
    return signatures.signed(key, urls, urlencode(parameters).encode(), signature)


def test_what_the_account_signed_is_accepted() -> None:
    assert signed(KEY, [URL], GIVEN, sign(URL, GIVEN))


def test_the_order_of_the_parameters_does_not_matter() -> None:
    assert signed(KEY, [URL], GIVEN[::-1], sign(URL, GIVEN))


@pytest.mark.parametrize(
    ("ours", "theirs"),
    [
        ("https://example.com/twiml?a=b", "https://example.com:443/twiml?a=b"),
        ("https://example.com:443/twiml", "https://example.com/twiml"),
        ("https://example.com:8443/twiml", "https://example.com/twiml"),
        ("http://example.com/twiml", "http://example.com:80/twiml"),
        ("http://example.com:80/twiml", "http://example.com/twiml"),
        ("https://user:word@example.com/twiml", "https://user:word@example.com:443/twiml"),
        ("https://[2001:db8::1]/twiml", "https://[2001:db8::1]:443/twiml"),
    ],
)
def test_a_port_may_be_named_or_not(ours: str, theirs: str) -> None:
    assert signed(KEY, [ours], GIVEN, sign(theirs, GIVEN))


def test_no_other_port_is_made_up() -> None:
    assert not signed(KEY, ["http://example.com/twiml"], GIVEN, sign("http://example.com:443/twiml", GIVEN))
    assert not signed(KEY, ["https://example.com/twiml"], GIVEN, sign("https://example.com:8443/twiml", GIVEN))


def test_a_name_with_several_values_counts_with_each_of_them_once() -> None:
    repeated = [("MediaUrl", "b"), ("MediaUrl", "a"), ("MediaUrl", "b"), ("To", "+18005551212")]
    counted = [("MediaUrl", "a"), ("MediaUrl", "b"), ("To", "+18005551212")]
    assert signed(KEY, [URL], repeated, sign(URL, counted))
    assert not signed(KEY, [URL], repeated, sign(URL, repeated))


def test_a_hash_of_the_body_stands_for_the_parameters() -> None:
    body = urlencode(GIVEN).encode()
    url = f"https://example.com/twiml?bodySHA256={hashlib.sha256(body).hexdigest()}"

    assert signatures.signed(KEY, [url], body, sign(url, []))
    assert signatures.signed(KEY, [url], body, sign(url, GIVEN))
    assert not signatures.signed(KEY, [url], body + b"&Extra=1", sign(url, []))
    assert not signatures.signed(KEY, [URL], body, sign(URL, []))


def test_one_of_several_urls_is_enough() -> None:
    assert signed(KEY, ["https://other.example.com/twiml", URL], GIVEN, sign(URL, GIVEN))


@pytest.mark.parametrize(
    ("url", "parameters", "signature"),
    [
        (URL, GIVEN, ""),
        (URL, GIVEN, "\u00fc"),
        (URL, GIVEN, sign(URL, GIVEN, "another key")),
        (URL + "3", GIVEN, sign(URL, GIVEN)),
        (URL, [*GIVEN[:-1], ("To", "+18005551213")], sign(URL, GIVEN)),
        (URL, GIVEN[:-1], sign(URL, GIVEN)),
        (URL, [*GIVEN, ("Extra", "1")], sign(URL, GIVEN)),
    ],
)
def test_anything_else_is_not(url: str, parameters: Parameters, signature: str) -> None:
    assert not signed(KEY, [url], parameters, signature)
