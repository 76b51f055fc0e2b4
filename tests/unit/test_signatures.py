"""Twilio's signature of a form, as its documentation computes it."""

from __future__ import annotations

import pytest
from telephony.services.signatures import Parameters, signed

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


def test_what_the_account_signed_is_accepted() -> None:
    assert signed(KEY, [URL], GIVEN, sign(URL, GIVEN))


def test_the_order_of_the_parameters_does_not_matter() -> None:
    assert signed(KEY, [URL], GIVEN[::-1], sign(URL, GIVEN))


def test_a_port_may_be_named() -> None:
    with_port = URL.replace("example.com", "example.com:443")
    assert signed(KEY, [URL], GIVEN, sign(with_port, GIVEN))


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
