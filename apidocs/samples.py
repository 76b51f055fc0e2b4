"""Example values: by the name of a field, checked against its schema, which is all that a generated example needs."""

from __future__ import annotations

from typing import Any

from jsonschema import Draft202012Validator
from telephony import __version__

PREFIX = "#/components/schemas/"

_OPERATION_ID = "op_019bc0eb6b80c3a1f09e8d7b6a5c4f3e"
_CONFIGURATION_ID = "phone_019bc0eb6b80c3a1f09e8d7b"
_AGENCY_ID = "7c1f6f0e-51f0-4b5e-9a55-0f0a1c9d2e3b"
_WEBHOOK = f"https://telephony.example.com/api/v1/telnyx-webhook/{_AGENCY_ID}/4f1d…"
_MOMENT = "2026-01-15T09:00:00Z"
_MILLISECONDS = 1768467600000

FIELDS: dict[str, tuple[Any, ...]] = {
    "account_sid": ("61bf923e-5e4d-4595-a110-56190ea18a1b",),
    "action": ("create",),
    "active": (True,),
    "actor": ("user 5b0a3c1e-7d52-4a64-9a0d-1f8a5b2c3d4e",),
    "added_at": (_MOMENT,),
    "agency_id": (_AGENCY_ID,),
    "agency_name": ("Acme",),
    "api_key": ("••••7f2a",),
    "api_key_prefix": ("KEY01…",),
    "api_secret": ("••••91c0",),
    "application_id": ("2789012345678901234",),
    "application_name": ("Virsyn - Acme",),
    "assistant_id": (42, "42"),
    "at": (_MOMENT,),
    "attempts": (1,),
    "base_url": ("https://acme.signalwire.com",),
    "code": ("provider_unavailable", "US"),
    "configuration_id": (_CONFIGURATION_ID, 3),
    "connection_id": ("2789012345678901234",),
    "country_code": ("US",),
    "countryCode": ("US",),
    "created_at": (_MOMENT, _MILLISECONDS),
    "createdAt": (_MILLISECONDS,),
    "currency": ("USD",),
    "cursor": (None, "c_2Zy1"),
    "default": ("string",),
    "description": ("Phone numbers and calls.",),
    "detail": ("New outbound voice profile",),
    "done_at": (_MOMENT,),
    "due_at": (_MOMENT,),
    "duration": (12,),
    "error": (None, "Ultravox API key not configured"),
    "error_code": (None,),
    "fax": (False,),
    "fix": ("Try again later; the carrier is not answering properly.",),
    "friendly_name": ("Front desk",),
    "friendlyName": ("Front desk",),
    "has_next_page": (False,),
    "hasNextPage": (False,),
    "hasPreviousPage": (False,),
    "icon": ("telnyx",),
    "id": (_CONFIGURATION_ID, 42),
    "idempotency_key": ("order-2026-01-15-0001",),
    "idempotency-key": ("order-2026-01-15-0001",),
    "isImported": (False,),
    "isPorted": (False,),
    "isUSSMSPermitted": (False,),
    "iso_country": ("US",),
    "issues": ([],),
    "kind": ("purchase",),
    "label": ("API key",),
    "locality": ("New York",),
    "markedForRelease": (False,),
    "message": ("Done.",),
    "messaging_profile_id": (None, "40017f3a-9f7b-4d5e-8a1b-2c3d4e5f6a7b"),
    "meta_key": ("telnyx_account_sid",),
    "meta_value": ("61bf923e-5e4d-4595-a110-56190ea18a1b",),
    "monthlyPrice": (1.0,),
    "monthly_cost": (1.0,),
    "name": ("Front desk",),
    "nextCursor": (None,),
    "next_cursor": (None,),
    "next_steps": (["Buy a phone number."],),
    "numbers": (1,),
    "operation_id": (_OPERATION_ID,),
    "org_handle": ("acme",),
    "org-handle": ("acme",),
    "outbound_profile_id": ("1293384261075731499",),
    "page": (1,),
    "pageSize": (20,),
    "phone_code": ("+1",),
    "phone_configuration_id": (_CONFIGURATION_ID,),
    "phone_number": ("+12125551234",),
    "phoneNumber": ("+12125551234",),
    "phone_request_id": (_OPERATION_ID,),
    "phoneRequestId": (_OPERATION_ID,),
    "product_id": (7, "7"),
    "product-id": (7,),
    "provider": ("telnyx", 1),
    "provider_code": ("10015",),
    "provider_configuration_id": (3, "3"),
    "providerPhoneNumberId": ("1293384261075731461",),
    "providerType": ("TELNYX",),
    "region": ("NY",),
    "regionId": ("NY",),
    "regionOrCountryName": ("New York",),
    "request_id": ("Xy1zBhdGvHcEPmA=",),
    "retry_scheduled": (True,),
    "second_phone_number": ("+12125551235",),
    "setup_cost": (1.0,),
    "signing_key": (None,),
    "sip_url": (None, "sips:acme.sip.signalwire.com"),
    "smsChannelId": (None,),
    "smsChannel": (None,),
    "sms_webhook_url": (None, "https://telephony.example.com/api/v1/twiml"),
    "started_at": (_MOMENT,),
    "status": ("ACTIVE", "SUCCEEDED", "DONE"),
    "step": ("create_outbound_profile",),
    "subject": (_CONFIGURATION_ID,),
    "sync_issues": ([],),
    "telephony_provider": (None,),
    "telnyx_api_key": ("KEY0192F3A9C5D7E1B2480_aBcDeFgHiJkLmNoPqRsTuV",),
    "telnyx_application_id": ("2789012345678901234",),
    "telnyx_outbound_profile_id": ("1293384261075731499",),
    "telnyx_account_sid": ("6a09cdc3-8948-47f0-aa62-74ac943d6c58",),
    "telnyx_public_key": ("Hv1mFAQoE0Vc8MuUzvB3hKnJ0nQm9mOx0hC0wM5sXxI=",),
    "telnyx_signature": ("p0q9…==",),
    "telnyx_timestamp": ("1768467600",),
    "timestamp": (_MILLISECONDS,),
    "totalCount": (1,),
    "totalPages": (1,),
    "total_found": (1,),
    "twilio_account_sid": ("AC" + "0" * 32,),
    "twilio_auth_token": ("f0e1d2c3b4a5968778695a4b3c2d1e0f",),
    "ultravox_agent_id": ("8f1f0f43-7b7d-4b0e-9d2f-3f6d1c5a2b10",),
    "ultravox_api_key": ("aBcDeFgH.0123456789abcdefghijklmnopqrstuv",),
    "updated_at": (_MOMENT, _MILLISECONDS),
    "updatedAt": (_MILLISECONDS,),
    "user_id": ("5b0a3c1e-7d52-4a64-9a0d-1f8a5b2c3d4e",),
    "validated_at": (_MOMENT,),
    "version": ("v1", __version__),
    "voiceChannelId": ("42",),
    "voice_webhook_url": (_WEBHOOK,),
    "webhook_secret": ("4f1d0c9b8a7e6d5c4b3a29181706f5e4",),
    "webhook_url": (_WEBHOOK,),
}


def value_of(name: str) -> Any:
    """The example of a variable in a call."""
    return next((value for value in FIELDS.get(name, ()) if value is not None), name)


def sample(schema: dict[str, Any], schemas: dict[str, Any], name: str = "") -> Any:
    """A value that the schema takes. `schemas`: the document's components, for its references."""
    if found := schema.get("examples") or ([schema["example"]] if "example" in schema else []):
        return found[0]
    if "const" in schema:
        return schema["const"]
    for value in FIELDS.get(name, ()):
        if takes(schema, schemas, value):
            return value
    if "$ref" in schema:
        return sample(schemas[schema["$ref"].removeprefix(PREFIX)], schemas, name)
    for key in ("anyOf", "oneOf", "allOf"):
        if key in schema:
            return sample(schema[key][0], schemas, name)
    if "enum" in schema:
        return schema["enum"][0]
    match schema.get("type"):
        case "object":
            return {each: sample(inner, schemas, each) for each, inner in schema.get("properties", {}).items()}
        case "array":
            return [sample(schema["items"], schemas, name)]
        case "boolean":
            return True
        case "integer" | "number":
            return schema.get("minimum", 1)
        case "null":
            return None
        case _:
            return name or "string"


def takes(schema: dict[str, Any], schemas: dict[str, Any], value: Any) -> bool:
    """Whether a value fits a schema."""
    return Draft202012Validator({**schema, "components": {"schemas": schemas}}).is_valid(value)
