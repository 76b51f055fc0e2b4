"""Who may call which route: every route × role × credential, and every id × another agency.

The routes are read from the doors themselves. One that is new fails here until it is entered: a public one in PUBLIC,
one with an id in its path or body in FOREIGN.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest
from telephony.api.access import ROUTES
from telephony.api.app import Door
from telephony.values import Role

from tests.world import ROOT, HttpAnswer, World, door

FUNCTIONS = sorted(each.parent.name for each in (ROOT / "functions").glob("*/handler.py"))
NOT_BEHIND_THE_API = {"retry_worker", "sweeper"}

PUBLIC = {
    "GET /health": 200,
    "GET /openapi.json": 200,
    "GET /docs": 200,
    "GET /docs/<asset>": 404,
    "GET /console": 200,
    "POST /telnyx-webhook/<agency_id>/<webhook_secret>": 401,
    "POST /twiml": 401,
}
"""What a public route answers to a request with nothing: what asks for a signature refuses by itself."""

# The contract's table ("Who may call"). What is neither in here nor a reading is for admins and owners.
FOR_OWNERS = {
    "POST /provision-telephony",
    "POST /deprovision-telephony",
    "POST /import-telnyx-to-ultravox",
    "POST /repair-telephony-config",
    "POST /store-telnyx-credentials",
    "POST /save-ultravox-integration",
    "POST /phone-numbers/release",
    "DELETE /phone-configurations/<configuration_id>",
    "DELETE /provider-configurations/<configuration_id>",
    "DELETE /providers-configurations/<configuration_id>",
    "POST /operations/<operation_id>/retry",
}
READING_POSTS = {"POST /phone-numbers/search"}


def doors() -> dict[str, Door]:
    return {name: door(name).door for name in FUNCTIONS if hasattr(door(name), "door")}


FUNCTION_OF = {route: name for name, each in doors().items() for route in each.routes}


def call(
    world: World, route: str, body: Any = None, *, headers: dict[str, str] | None = None, **ids: str
) -> HttpAnswer:
    """Calls a route; an id that isn't given is 1."""
    method, path = route.split(" ")
    path = re.sub(r"<(\w+)>", lambda found: ids.get(found[1], "1"), path)
    if body is None and method != "GET":
        body = {}
    return world.call(FUNCTION_OF[route], method, path, body, headers=headers)


def bearer(token: str) -> dict[str, str]:
    return {"authorization": f"Bearer {token}"}


# Routes × roles × credentials


def test_every_function_behind_the_api_has_a_door() -> None:
    assert set(FUNCTIONS) - set(doors()) == NOT_BEHIND_THE_API


def test_every_route_has_a_role_and_one_door() -> None:
    answered = sorted(route for each in doors().values() for route in each.routes)
    assert answered == sorted(ROUTES)


def test_roles_are_the_contracts() -> None:
    def by_contract(route: str) -> Role | None:
        if route in PUBLIC:
            return None
        if route in FOR_OWNERS:
            return Role.OWNER
        return Role.MEMBER if route.startswith("GET ") or route in READING_POSTS else Role.ADMIN

    assert {route: by_contract(route) for route in ROUTES} == ROUTES


@pytest.fixture(scope="module")
def credentials(calm_world: World) -> dict[tuple[Role, str], str]:
    made = {(role, "JWT"): calm_world.tokens[role.label] for role in Role}
    return made | {(role, "API token"): calm_world.api_token(calm_world.agency_id, role.label) for role in Role}


@pytest.mark.parametrize("route", sorted(FUNCTION_OF))
def test_a_route_lets_in_its_role_and_those_above(
    calm_world: World, credentials: dict[tuple[Role, str], str], route: str
) -> None:
    needed = ROUTES[route]
    if needed is None:
        assert call(calm_world, route).status == PUBLIC[route]
        return
    answer = call(calm_world, route)
    assert answer.status == 401, answer.body
    assert "www-authenticate" in answer.headers
    for (role, kind), token in credentials.items():
        answer = call(calm_world, route, headers=bearer(token))
        refused = (answer.status, "role_required" in str(answer.body)) == (403, True)
        assert refused is (role < needed), f"{role.label} by {kind}: {answer.status} {answer.body}"
        assert answer.status != 401


# Ids × another agency


@dataclass(frozen=True)
class Theirs:
    """What one agency has, and the headers of another agency's owner."""

    agency_id: str
    their_headers: dict[str, str]
    number: str
    assistant_id: int
    phone_configuration_id: str
    operation_id: str
    provider_configuration_id: int
    headers: dict[str, str]

    @property
    def traces(self) -> tuple[str, ...]:
        """What must not show to the other agency, but for what it sent itself."""
        return (self.agency_id, self.number, self.phone_configuration_id, self.operation_id)


Foreign = Callable[[Theirs], tuple[dict[str, str], Any]]


def of_assistant(body: Any = None) -> Foreign:
    return lambda theirs: ({"assistant_id": str(theirs.assistant_id)}, body)


def of_number(theirs: Theirs) -> tuple[dict[str, str], Any]:
    return {"phone_number": theirs.number.replace("+", "%2B")}, None


def of_operation(theirs: Theirs) -> tuple[dict[str, str], Any]:
    return {"operation_id": theirs.operation_id}, None


def of_phone_configuration(body: Any = None) -> Foreign:
    return lambda theirs: ({"configuration_id": theirs.phone_configuration_id}, body)


def of_provider_configuration(body: Any = None) -> Foreign:
    return lambda theirs: ({"configuration_id": str(theirs.provider_configuration_id)}, body)


# Each route that takes an id, with the ids and the body of a request that the other agency's owner could make.
FOREIGN: dict[str, Foreign] = {
    "GET /assistants/<assistant_id>": of_assistant(),
    "PATCH /assistants/<assistant_id>": of_assistant({"name": "Mine now"}),
    "DELETE /assistants/<assistant_id>": of_assistant(),
    "GET /operations/<operation_id>": of_operation,
    "POST /operations/<operation_id>/retry": of_operation,
    "GET /phone-configurations/<configuration_id>": of_phone_configuration(),
    "PATCH /phone-configurations/<configuration_id>": of_phone_configuration({"friendlyName": "Mine now"}),
    "DELETE /phone-configurations/<configuration_id>": of_phone_configuration(),
    "GET /phone-configurations/by-phone-number/<phone_number>": of_number,
    "GET /phone-configurations/by-request/<phone_request_id>": lambda theirs: (
        {"phone_request_id": theirs.operation_id},
        None,
    ),
    "GET /provider-configurations/<configuration_id>": of_provider_configuration(),
    "PATCH /provider-configurations/<configuration_id>": of_provider_configuration({"name": "Mine now"}),
    "DELETE /provider-configurations/<configuration_id>": of_provider_configuration(),
    "GET /providers-configurations/<configuration_id>": of_provider_configuration(),
    "PATCH /providers-configurations/<configuration_id>": of_provider_configuration({"name": "Mine now"}),
    "DELETE /providers-configurations/<configuration_id>": of_provider_configuration(),
    "GET /phone-numbers/<phone_number>/webhooks": of_number,
    "GET /phone-numbers/<phone_number>/diagnose": of_number,
    # ids in the body
    "PUT /phone-numbers/webhooks": lambda theirs: (
        {},
        {"phone_number": theirs.number, "voice_webhook_url": "https://example.com/voice"},
    ),
    "PATCH /phone-configurations": lambda theirs: (
        {},
        {"id": theirs.phone_configuration_id, "friendlyName": "Mine now"},
    ),
    "POST /phone-numbers/assign": lambda theirs: ({}, {"phone_number": theirs.number, "assistant_id": None}),
    "POST /phone-numbers/release": lambda theirs: ({}, {"phone_number": theirs.number}),
}


@pytest.fixture(scope="module")
def theirs(calm_world: World) -> Theirs:
    """An agency with one of everything, and another that has nothing but its credentials."""
    from telephony.bootstrap import container

    world, administration = calm_world, container().administration
    agency_id, tokens = world.new_agency("Theirs")
    owner = bearer(tokens["owner"])
    world.telnyx.simulator.change_settings({"order_delay": 0})
    assert call(world, "POST /provision-telephony", headers=owner).status == 200
    number = next(iter(world.telnyx.simulator.for_sale())).number
    bought = call(
        world, "POST /phone-numbers/purchase", {"phone_number": number, "provider": "telnyx"}, headers=owner
    ).body
    assistant = call(world, "POST /assistants", {"name": "Theirs"}, headers=owner).body
    configurations = administration.describe_agency(agency_id)["provider_configurations"]
    other_id, tokens = world.new_agency("Ours", credentials=False)
    return Theirs(
        agency_id,
        owner,
        number,
        assistant["assistant"]["id"],
        bought["phone_configuration_id"],
        bought["operation_id"],
        configurations[-1]["id"],
        {"org-handle": administration.agency(other_id).org_handle, "product-id": "7"} | bearer(tokens["owner"]),
    )


def test_every_route_with_an_id_is_tried() -> None:
    missing = {route for route in FUNCTION_OF if "<" in route} - set(FOREIGN) - set(PUBLIC)
    assert missing == set()
    assert set(FOREIGN) <= set(ROUTES)


@pytest.mark.parametrize("route", sorted(FOREIGN.keys() & FUNCTION_OF.keys()))
def test_another_agencys_id_does_not_exist(calm_world: World, theirs: Theirs, route: str) -> None:
    ids, body = FOREIGN[route](theirs)
    answer = call(calm_world, route, body, headers=theirs.headers, **ids)
    assert answer.status == 404, answer.body
    sent = f"{ids} {body}".replace("%2B", "+")
    assert [trace for trace in theirs.traces if trace in str(answer.body) and trace not in sent] == []


@pytest.mark.parametrize("route", sorted(route for route in FUNCTION_OF if re.fullmatch(r"GET [^<]+", route)))
def test_no_list_shows_another_agencys(calm_world: World, theirs: Theirs, route: str) -> None:
    if route in PUBLIC:
        return  # the same for everybody; the examples of the API's document name numbers that may be on sale
    answer = call(calm_world, route, headers=theirs.headers)
    assert [trace for trace in theirs.traces if trace in str(answer.body)] == []


def test_nothing_of_theirs_is_touched_by_all_that(calm_world: World, theirs: Theirs) -> None:
    # given what they see of their own
    own = [
        "GET /assistants/<assistant_id>",
        "GET /operations/<operation_id>",
        "GET /phone-configurations/<configuration_id>",
    ]

    def seen() -> list[Any]:
        answers = [call(calm_world, route, headers=theirs.their_headers, **FOREIGN[route](theirs)[0]) for route in own]
        assert [answer.status for answer in answers] == [200, 200, 200]
        for answer in answers:
            answer.body.pop("metadata", None)
        return [answer.body for answer in answers]

    before = seen()
    # when the other agency's owner tries everything
    for route in sorted(FOREIGN.keys() & FUNCTION_OF.keys()):
        ids, body = FOREIGN[route](theirs)
        call(calm_world, route, body, headers=theirs.headers, **ids)
    # then it is as it was, and the number still at Telnyx
    assert seen() == before
    assert calm_world.effects("telnyx", "number_released") == []
