"""The phone configuration's shape: fields, defaults and enums as published."""

from __future__ import annotations

import json
from typing import Any, get_args

import pytest
from pydantic import ValidationError
from telephony.api import operations as operation_schemas
from telephony.api.configurations import (
    NumberStatus,
    PhoneConfigurationSchema,
    UpdatePhoneConfigurationRequest,
    UpdatePhoneConfigurationSchema,
)
from telephony.models import operations, phone_configurations
from telephony.services.configurations import describe

REQUIRED = {
    "phoneNumber": "+12125551234",
    "providerPhoneNumberId": "PN123abc",
    "phoneRequestId": "REQ456",
    "friendlyName": None,
}

DEFAULTS = {
    "regionId": None,
    "monthlyPrice": None,
    "regionOrCountryName": None,
    "providerType": "SIGNALWIRE",
    "isImported": False,
    "status": "INACTIVE",
    "isPorted": False,
    "markedForRelease": False,
    "metadata": {},
    "voiceChannelId": None,
    "smsChannelId": None,
    "voiceChannel": None,
    "smsChannel": None,
    "isUSSMSPermitted": False,
}

EXAMPLE = {
    "id": "phone_abc123",
    "phoneNumber": "+12125551234",
    "providerPhoneNumberId": "PN123abc",
    "phoneRequestId": "REQ456",
    "friendlyName": "Customer Support Line",
    "regionId": "us-ny",
    "monthlyPrice": 1.00,
    "regionOrCountryName": "New York, United States",
    "countryCode": "US",
    "providerType": "SIGNALWIRE",
    "status": "ACTIVE",
    "isImported": False,
    "isPorted": False,
    "isUSSMSPermitted": True,
    "createdAt": 1709856000000,
    "updatedAt": 1709856000000,
}


def dumped(given: dict[str, Any]) -> dict[str, Any]:
    shown: dict[str, Any] = json.loads(PhoneConfigurationSchema.model_validate(given).model_dump_json(by_alias=True))
    return shown


def test_the_documented_example_is_valid_and_comes_back() -> None:
    assert dumped(EXAMPLE).items() >= EXAMPLE.items()


def test_what_is_not_required_has_its_documented_default() -> None:
    server_made = {"id": None, "createdAt": None, "updatedAt": None}
    assert dumped(REQUIRED) == REQUIRED | DEFAULTS | server_made


@pytest.mark.parametrize("name", REQUIRED)
def test_what_is_required_is(name: str) -> None:
    with pytest.raises(ValidationError, match=name):
        dumped({key: value for key, value in REQUIRED.items() if key != name})


@pytest.mark.parametrize(
    ("name", "given", "kept"),
    [
        ("status", "active", "ACTIVE"),
        ("status", "Released", "RELEASED"),
        ("providerType", "telnyx", "TELNYX"),
        ("providerType", "Twilio", "TWILIO"),
    ],
)
def test_enums_come_in_any_case(name: str, given: str, kept: str) -> None:
    assert dumped(REQUIRED | {name: given})[name] == kept


@pytest.mark.parametrize(
    ("name", "given"),
    [
        ("status", "DELETED"),
        ("providerType", "ULTRAVOX"),
        ("isImported", "yes"),
        ("isUSSMSPermitted", 1),
        ("surprise", True),
    ],
)
def test_anything_else_is_refused(name: str, given: Any) -> None:
    with pytest.raises(ValidationError, match=name):
        dumped(REQUIRED | {name: given})


@pytest.mark.parametrize("name", ["Desk", "ü" * 64, None])
def test_a_name_may_be_changed_or_cleared(name: str | None) -> None:
    assert UpdatePhoneConfigurationSchema.model_validate({"friendlyName": name}).friendly_name == name


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"friendlyName": ""},
        {"friendlyName": "x" * 65},
        {"friendlyName": "a\nb"},
        {"friendlyName": "\ud800"},
        {"friendlyName": 7},
        {"friendlyName": "Desk", "status": "ACTIVE"},
        {"friendlyName": "Desk", "id": "phone_1"},
    ],
)
def test_nothing_else_may_be_changed(body: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        UpdatePhoneConfigurationSchema.model_validate(body)


def test_the_id_may_stand_in_the_body_where_it_is_not_in_the_path() -> None:
    given = UpdatePhoneConfigurationRequest.model_validate({"id": "phone_1", "friendlyName": "Desk"})
    assert (given.id, given.friendly_name) == ("phone_1", "Desk")


def test_the_enums_of_the_schemas_are_those_of_the_records() -> None:
    statuses, _ = get_args(NumberStatus)
    assert set(get_args(statuses)) == set(phone_configurations.NumberStatus)
    statuses, _ = get_args(operation_schemas.OperationStatus)
    assert set(get_args(statuses)) == set(operations.Status)


@pytest.mark.parametrize(
    ("status", "deployed"),
    [("ACTIVE", "ACTIVE"), ("PENDING", "PENDING"), ("INACTIVE", "INACTIVE"), ("SUSPENDED", "INACTIVE")],
)
@pytest.mark.parametrize("sms", [True, False])
def test_an_assistant_is_shown_as_the_channels_that_the_number_can_have(status: str, deployed: str, sms: bool) -> None:
    # given a number with an assistant
    record = phone_configurations.new(
        "agency",
        "+12125551234",
        "op_1",
        provider="telnyx",
        assistant_id=7,
        assistant_name="Ada",
        capabilities={"sms": sms},
    )
    record.status = status
    # when it is shown
    shown = PhoneConfigurationSchema.model_validate(describe(record)).model_dump(by_alias=True)
    # then its voice channel is the assistant, and its SMS channel too if it can SMS
    channel = {"id": "7", "name": "Ada", "deploymentStatus": deployed}
    assert (shown["voiceChannelId"], shown["voiceChannel"]) == ("7", channel | {"type": "VOICE"})
    expected = ("7", channel | {"type": "SMS"}) if sms else (None, None)
    assert (shown["smsChannelId"], shown["smsChannel"]) == expected


@pytest.mark.parametrize(("stored", "shown"), [(None, None), (10_000, 1.0), (11_500, 1.15), (0, 0.0), (1, 0.0001)])
def test_a_price_is_a_number_in_units_of_its_currency(stored: int | None, shown: float | None) -> None:
    record = phone_configurations.new("agency", "+12125551234", "op_1", provider="telnyx", monthly_price=stored)
    assert PhoneConfigurationSchema.model_validate(describe(record)).monthly_price == shown
