"""Settings: every variable, its default, and what is said of a bad value."""

from __future__ import annotations

import dataclasses

import pytest
from telephony.settings import Settings

NEEDED = {"TABLE_PREFIX": "test-"}

# Variable, value, attribute and what it holds then.
GIVEN = [
    ("AWS_REGION", "eu-west-1", "region", "eu-west-1"),
    ("AWS_DEFAULT_REGION", "eu-west-2", "region", "eu-west-2"),
    ("TABLE_PREFIX", "other-", "table_prefix", "other-"),
    ("WAKEUPS_QUEUE_URL", "https://sqs/1", "wakeups_queue_url", "https://sqs/1"),
    ("KMS_KEY_ID", "arn:key", "kms_key_id", "arn:key"),
    ("PLATFORM_SECRET_ID", "platform", "platform_secret_id", "platform"),
    ("SUPABASE_JWT_ALGORITHMS", "ES256, HS256", "supabase_jwt_algorithms", ("ES256", "HS256")),
    ("SUPABASE_JWKS_URL", "https://a.supabase.co/jwks.json", "supabase_jwks_url", "https://a.supabase.co/jwks.json"),
    ("SUPABASE_ISSUER", "https://a.supabase.co/auth/v1", "supabase_issuer", "https://a.supabase.co/auth/v1"),
    ("PUBLIC_BASE_URL", "https://a.com/api/v1/", "public_base_url", "https://a.com/api/v1"),
    ("RESOURCE_PREFIX", "Acme", "resource_prefix", "Acme"),
    ("TELNYX_CHANNEL_LIMIT", "7", "telnyx_channel_limit", 7),
    ("TELNYX_CONCURRENT_CALL_LIMIT", "8", "telnyx_concurrent_call_limit", 8),
    ("TELNYX_WHITELISTED_DESTINATIONS", "DE, FR,", "telnyx_whitelisted_destinations", ("DE", "FR")),
    ("ULTRAVOX_TELEPHONY_API", "provider", "ultravox_telephony_api", "provider"),
    ("TELNYX_BASE_URL", "http://127.0.0.1:1/v2/", "telnyx_base_url", "http://127.0.0.1:1/v2"),
    ("TWILIO_BASE_URL", "http://127.0.0.1:2", "twilio_base_url", "http://127.0.0.1:2"),
    ("TWILIO_PRICING_BASE_URL", "http://127.0.0.1:3", "twilio_pricing_base_url", "http://127.0.0.1:3"),
    ("SIGNALWIRE_BASE_URL", "http://127.0.0.1:4", "signalwire_base_url", "http://127.0.0.1:4"),
    ("ULTRAVOX_BASE_URL", "http://127.0.0.1:5", "ultravox_base_url", "http://127.0.0.1:5"),
    ("CARRIER_REQUESTS_PER_SECOND", "3", "carrier_requests_per_second", 3),
]

BAD = [
    ("SUPABASE_JWT_ALGORITHMS", "none"),
    ("SUPABASE_JWT_ALGORITHMS", "HS256,none"),
    ("SUPABASE_JWT_ALGORITHMS", ","),
    ("SUPABASE_JWKS_URL", "file:///etc/passwd"),
    ("PUBLIC_BASE_URL", "telephony.example.com/api/v1"),
    ("TELNYX_CHANNEL_LIMIT", "0"),
    ("TELNYX_CHANNEL_LIMIT", "-1"),
    ("TELNYX_CHANNEL_LIMIT", "ten"),
    ("TELNYX_CONCURRENT_CALL_LIMIT", "1.5"),
    ("ULTRAVOX_TELEPHONY_API", "both"),
    ("ULTRAVOX_TELEPHONY_API", "account,provider"),
    ("TELNYX_BASE_URL", "api.telnyx.com/v2"),
    ("TWILIO_BASE_URL", "ftp://api.twilio.com"),
    ("TWILIO_PRICING_BASE_URL", "x"),
    ("SIGNALWIRE_BASE_URL", "x"),
    ("ULTRAVOX_BASE_URL", "x"),
]


@pytest.mark.parametrize(("name", "value", "attribute", "read"), GIVEN, ids=[each[0] for each in GIVEN])
def test_each_variable_is_read(name: str, value: str, attribute: str, read: object) -> None:
    assert getattr(Settings.from_environment(NEEDED | {name: value}), attribute) == read


def test_every_setting_has_its_variable() -> None:
    assert {attribute for _, _, attribute, _ in GIVEN} == {field.name for field in dataclasses.fields(Settings)}


def test_defaults_are_the_published_ones() -> None:
    settings = Settings.from_environment(NEEDED)
    assert settings.resource_prefix == "Virsyn"
    assert settings.telnyx_channel_limit == 100
    assert settings.telnyx_concurrent_call_limit == 100
    assert settings.telnyx_whitelisted_destinations == ("US", "CA", "GB", "AU", "NZ", "IE")
    assert settings.supabase_jwt_algorithms == ("HS256",)
    assert settings.ultravox_telephony_api == "account"
    assert settings.telnyx_base_url == "https://api.telnyx.com/v2"
    assert settings.ultravox_base_url == "https://api.ultravox.ai"


def test_an_empty_variable_is_an_absent_one() -> None:
    # given every variable, empty, as CloudFormation sets those that it can't leave out
    empty = {name: "" for name, *_ in GIVEN} | NEEDED
    assert Settings.from_environment(empty) == Settings.from_environment(NEEDED)


@pytest.mark.parametrize("environment", [{}, {"TABLE_PREFIX": ""}])
def test_without_a_table_prefix_nothing_begins(environment: dict[str, str]) -> None:
    with pytest.raises(ValueError, match="TABLE_PREFIX is missing"):
        Settings.from_environment(environment)


@pytest.mark.parametrize(("name", "value"), BAD)
def test_a_bad_value_names_its_variable(name: str, value: str) -> None:
    with pytest.raises(ValueError, match=f"environment variable {name} "):
        Settings.from_environment(NEEDED | {name: value})
