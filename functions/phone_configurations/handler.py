"""GET and PATCH of /phone-configurations. No carrier, no carrier secret."""

from __future__ import annotations

from typing import Annotated, Any
from urllib.parse import unquote

from aws_lambda_powertools.event_handler.openapi.params import Query
from telephony.api.app import Door
from telephony.api.configurations import (
    DEFAULT_PAGE_SIZE,
    MAX_PAGE_SIZE,
    Answer,
    NumberStatus,
    PhoneConfigurationPage,
    PhoneConfigurationSchema,
    UpdatePhoneConfigurationRequest,
    UpdatePhoneConfigurationSchema,
    page_of,
)
from telephony.api.fields import PlainDigits
from telephony.bootstrap import container

door = Door()


@door.route("GET /phone-configurations")
def list_all(
    status: Annotated[NumberStatus | None, Query()] = None,
    page: Annotated[int, PlainDigits, Query(ge=1)] = 1,
    page_size: Annotated[int, PlainDigits, Query(alias="pageSize", ge=1, le=MAX_PAGE_SIZE)] = DEFAULT_PAGE_SIZE,
    cursor: Annotated[str | None, Query()] = None,
) -> Answer[PhoneConfigurationPage]:
    """The agency's numbers, newest first; released ones with `status=RELEASED` only."""
    found = container().configurations.page(
        door.caller.principal, status=status, number=page, size=page_size, cursor=cursor
    )
    return page_of(found.records, found.number, found.size, found.total, found.next_cursor)


@door.route("GET /phone-configurations/by-phone-number/<phone_number>")
def by_phone_number(phone_number: str) -> Answer[PhoneConfigurationSchema]:
    """The live record of a number in E.164, `+1…` or `%2B1…`."""
    return _answer(container().configurations.by_number(door.caller.principal, unquote(phone_number)))


@door.route("GET /phone-configurations/by-request/<phone_request_id>")
def by_request(phone_request_id: str) -> Answer[PhoneConfigurationSchema]:
    """The record that a purchase or import made, by its operation's id."""
    return _answer(container().configurations.by_request(door.caller.principal, unquote(phone_request_id)))


@door.route("GET /phone-configurations/<configuration_id>")
def get(configuration_id: str) -> Answer[PhoneConfigurationSchema]:
    """One record; a released one for 90 days."""
    return _answer(container().configurations.get(door.caller.principal, unquote(configuration_id)))


@door.route("PATCH /phone-configurations")
def update(body: UpdatePhoneConfigurationRequest) -> Answer[PhoneConfigurationSchema]:
    """Renames a record, its id in the body."""
    return _answer(container().configurations.rename(door.caller.principal, body.id, body.friendly_name))


@door.route("PATCH /phone-configurations/<configuration_id>")
def update_by_id(configuration_id: str, body: UpdatePhoneConfigurationSchema) -> Answer[PhoneConfigurationSchema]:
    """Renames a record."""
    principal, wanted_id = door.caller.principal, unquote(configuration_id)
    return _answer(container().configurations.rename(principal, wanted_id, body.friendly_name))


def _answer(record: dict[str, Any]) -> Answer[PhoneConfigurationSchema]:
    return Answer[PhoneConfigurationSchema](data=PhoneConfigurationSchema.model_validate(record))


def lambda_handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    return door(event, context)
