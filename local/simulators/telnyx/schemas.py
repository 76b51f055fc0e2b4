"""The request bodies of applications and profiles, as JSON Schema. Unknown fields are accepted and ignored: none of
Telnyx's request schemas forbids them.
"""

from typing import Any

from jsonschema import Draft202012Validator, ValidationError

Schema = dict[str, Any]

TEXT: Schema = {"type": "string", "minLength": 1}
OPTIONAL_TEXT: Schema = {"type": "string"}
FLAG: Schema = {"type": "boolean"}
COUNT: Schema = {"type": "integer", "minimum": 0}
URL: Schema = {"type": "string", "pattern": r"^https?://[^/\s]+"}
TAGS: Schema = {"type": "array", "items": {"type": "string"}}


class Body:
    """What a request body must and may hold."""

    def __init__(self, required: list[str], properties: dict[str, Schema]) -> None:
        self._properties = properties
        self._validator = Draft202012Validator({"type": "object", "required": required, "properties": properties})

    def accepted(self, value: Any) -> dict[str, Any] | None:
        """The fields that Telnyx knows, or None when it would refuse the body."""
        if not self._validator.is_valid(value):
            return None
        return {name: part for name, part in value.items() if name in self._properties}

    def problem(self, value: Any) -> ValidationError:
        """The first thing wrong with a body that isn't accepted."""
        first: ValidationError = next(self._validator.iter_errors(value))
        return first


def one_of(*values: str) -> Schema:
    return {"enum": list(values)}


def group(**properties: Schema) -> Schema:
    return {"type": "object", "properties": properties}


_SITES = (
    "Latency",
    "Chicago, IL",
    "Ashburn, VA",
    "San Jose, CA",
    "London, UK",
    "Amsterdam, Netherlands",
    "Toronto, Canada",
    "Sydney, Australia",
)

_CONNECTION: dict[str, Schema] = {
    "active": FLAG,
    "dtmf_type": one_of("RFC 2833", "Inband", "SIP INFO"),
    "first_command_timeout": FLAG,
    "first_command_timeout_secs": COUNT,
    "call_cost_in_webhooks": FLAG,
    "inbound": group(
        channel_limit=COUNT,
        shaken_stir_enabled=FLAG,
        sip_subdomain=OPTIONAL_TEXT,
        sip_subdomain_receive_settings=one_of("only_my_connections", "from_anyone"),
    ),
    "outbound": group(channel_limit=COUNT, outbound_voice_profile_id=OPTIONAL_TEXT),
    "tags": TAGS,
}

APPLICATION = Body(
    required=["application_name", "webhook_event_url"],
    properties={
        **_CONNECTION,
        "application_name": TEXT,
        "anchorsite_override": one_of(*_SITES, "Chennai, IN"),
        "webhook_event_url": URL,
        "webhook_api_version": one_of("1", "2"),
        "webhook_event_failover_url": {"anyOf": [URL, {"const": ""}, {"type": "null"}]},
        "webhook_timeout_secs": {"type": ["integer", "null"], "minimum": 0, "maximum": 30},
        "redact_dtmf_debug_logging": FLAG,
    },
)

APPLICATION_DEFAULTS: dict[str, Any] = {
    "active": True,
    "anchorsite_override": "Latency",
    "dtmf_type": "RFC 2833",
    "first_command_timeout": False,
    "first_command_timeout_secs": 30,
    "call_cost_in_webhooks": False,
    "redact_dtmf_debug_logging": False,
    "webhook_api_version": "1",
    "webhook_event_failover_url": "",
    "webhook_timeout_secs": None,
    "tags": [],
}

INBOUND_DEFAULTS: dict[str, Any] = {"shaken_stir_enabled": False, "sip_subdomain_receive_settings": "from_anyone"}

TEXML_APPLICATION = Body(
    required=["friendly_name", "voice_url"],
    properties={
        **_CONNECTION,
        "friendly_name": TEXT,
        "anchorsite_override": one_of(*_SITES, "Vancouver, Canada", "Frankfurt, Germany"),
        "voice_url": URL,
        "voice_fallback_url": URL,
        "voice_method": one_of("get", "post"),
        "status_callback": URL,
        "status_callback_method": one_of("get", "post"),
    },
)

TEXML_DEFAULTS: dict[str, Any] = {
    "active": True,
    "anchorsite_override": "Latency",
    "dtmf_type": "RFC 2833",
    "first_command_timeout": False,
    "first_command_timeout_secs": 30,
    "call_cost_in_webhooks": False,
    "voice_method": "post",
    "status_callback_method": "post",
    "tags": [],
}

PROFILE = Body(
    required=["name"],
    properties={
        "name": {"type": "string", "minLength": 3},
        "traffic_type": one_of("conversational"),
        "service_plan": one_of("global"),
        "usage_payment_method": one_of("rate-deck"),
        "concurrent_call_limit": {"type": ["integer", "null"], "minimum": 0},
        "enabled": FLAG,
        "whitelisted_destinations": {"type": "array", "items": {"type": "string", "pattern": "^[A-Z]{2}$"}},
        "daily_spend_limit": {"type": "string", "pattern": r"^\d+(\.\d+)?$"},
        "daily_spend_limit_enabled": FLAG,
        "max_destination_rate": {"type": "number"},
        "tags": TAGS,
        "billing_group_id": {"type": ["string", "null"]},
        "call_recording": group(
            call_recording_type=one_of("all", "none", "by_caller_phone_number"),
            call_recording_caller_phone_numbers=TAGS,
            call_recording_channels=one_of("single", "dual"),
            call_recording_format=one_of("wav", "mp3"),
        ),
        "calling_window": group(start_time=TEXT, end_time=TEXT, calls_per_cld=COUNT),
    },
)

PROFILE_DEFAULTS: dict[str, Any] = {
    "traffic_type": "conversational",
    "service_plan": "global",
    "concurrent_call_limit": None,
    "enabled": True,
    "usage_payment_method": "rate-deck",
    "whitelisted_destinations": ["US", "CA"],
    "daily_spend_limit_enabled": False,
    "tags": [],
    "billing_group_id": None,
}
