"""Every environment variable the functions read, typed; the same set for all of them. Read nowhere else."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, cast


@dataclass(frozen=True, slots=True)
class Settings:
    """The configuration of a process. `from_environment` raises `ValueError` naming the variable that is wrong."""

    region: str
    table_prefix: str
    wakeups_queue_url: str
    kms_key_id: str
    platform_secret_id: str

    supabase_jwt_algorithms: tuple[str, ...]
    supabase_jwks_url: str
    supabase_issuer: str
    public_base_url: str
    """Includes /api/v1, without a trailing slash; empty: taken from the request."""

    resource_prefix: str
    telnyx_channel_limit: int
    telnyx_concurrent_call_limit: int
    telnyx_whitelisted_destinations: tuple[str, ...]
    ultravox_telephony_api: Literal["account", "provider"]
    """`account`: PATCH /api/accounts/me/telephony_config; `provider`: /api/telephony_configs/telnyx."""

    telnyx_base_url: str
    twilio_base_url: str
    twilio_pricing_base_url: str
    signalwire_base_url: str
    """Empty: each provider configuration's own space host."""
    ultravox_base_url: str
    carrier_requests_per_second: int
    """What the queue's workers together send to one carrier account at the most."""

    @classmethod
    def from_environment(cls, environ: Mapping[str, str] = os.environ) -> Settings:
        read = _Reader(environ)
        return cls(
            region=read.text("AWS_REGION", read.text("AWS_DEFAULT_REGION", "us-east-1")),
            table_prefix=read.text("TABLE_PREFIX"),
            wakeups_queue_url=read.text("WAKEUPS_QUEUE_URL", ""),
            kms_key_id=read.text("KMS_KEY_ID", ""),
            platform_secret_id=read.text("PLATFORM_SECRET_ID", ""),
            supabase_jwt_algorithms=read.one_of_each("SUPABASE_JWT_ALGORITHMS", "HS256", ("HS256", "ES256", "RS256")),
            supabase_jwks_url=read.url("SUPABASE_JWKS_URL", ""),
            supabase_issuer=read.text("SUPABASE_ISSUER", ""),
            public_base_url=public_base_url(environ),
            resource_prefix=read.text("RESOURCE_PREFIX", "Virsyn"),
            telnyx_channel_limit=read.positive("TELNYX_CHANNEL_LIMIT", 100),
            telnyx_concurrent_call_limit=read.positive("TELNYX_CONCURRENT_CALL_LIMIT", 100),
            telnyx_whitelisted_destinations=read.items("TELNYX_WHITELISTED_DESTINATIONS", "US,CA,GB,AU,NZ,IE"),
            ultravox_telephony_api=cast(
                Literal["account", "provider"],
                read.one_of("ULTRAVOX_TELEPHONY_API", "account", ("account", "provider")),
            ),
            telnyx_base_url=read.url("TELNYX_BASE_URL", "https://api.telnyx.com/v2"),
            twilio_base_url=read.url("TWILIO_BASE_URL", "https://api.twilio.com"),
            twilio_pricing_base_url=read.url("TWILIO_PRICING_BASE_URL", "https://pricing.twilio.com"),
            signalwire_base_url=read.url("SIGNALWIRE_BASE_URL", ""),
            ultravox_base_url=read.url("ULTRAVOX_BASE_URL", "https://api.ultravox.ai"),
            carrier_requests_per_second=read.positive("CARRIER_REQUESTS_PER_SECOND", 10),
        )


def stack_name(environ: Mapping[str, str] = os.environ) -> str:
    """The CloudFormation stack that this process belongs to or works on; never fails."""
    return _Reader(environ).text("TABLE_PREFIX", "none").removesuffix("-")


def in_lambda(environ: Mapping[str, str] = os.environ) -> bool:
    """Whether this process is a function, and not a command or a test."""
    return "AWS_LAMBDA_FUNCTION_NAME" in environ


def public_base_url(environ: Mapping[str, str] = os.environ) -> str:
    """That one setting, for requests that need no other."""
    return _Reader(environ).url("PUBLIC_BASE_URL", "")


class _Reader:
    """An empty variable counts as absent: CloudFormation can't leave one out."""

    def __init__(self, environ: Mapping[str, str]) -> None:
        self._environ = environ

    def text(self, name: str, default: str | None = None) -> str:
        value = self._environ.get(name) or default
        if value is None:
            raise ValueError(f"environment variable {name} is missing")
        return value

    def url(self, name: str, default: str) -> str:
        value = self.text(name, default).rstrip("/")
        if value and not value.startswith(("https://", "http://")):
            raise ValueError(f"environment variable {name} must be a URL")
        return value

    def positive(self, name: str, default: int) -> int:
        value = self.text(name, str(default))
        if not value.isdecimal() or int(value) < 1:
            raise ValueError(f"environment variable {name} must be a positive whole number")
        return int(value)

    def items(self, name: str, default: str) -> tuple[str, ...]:
        return tuple(item.strip() for item in self.text(name, default).split(",") if item.strip())

    def one_of(self, name: str, default: str, allowed: tuple[str, ...]) -> str:
        value = self.text(name, default)
        if value not in allowed:
            raise ValueError(f"environment variable {name} takes: {', '.join(allowed)}")
        return value

    def one_of_each(self, name: str, default: str, allowed: tuple[str, ...]) -> tuple[str, ...]:
        values = self.items(name, default)
        if not values or not set(values) <= set(allowed):
            raise ValueError(f"environment variable {name} takes: {', '.join(allowed)}")
        return values
