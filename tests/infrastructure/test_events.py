"""events/ holds an event of every endpoint and trigger, and the functions answer them as the documentation says."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from telephony.api.access import ROUTES

from apidocs import events
from apidocs.__main__ import DOCUMENT, EVENTS
from apidocs.calls import CALLS, TRIGGERS, Call, Trigger
from local.simulators.server import Server
from local.template import SOURCE_TEMPLATE, Template
from local.testing import Backends
from tests.conftest import new_world
from tests.play import Played, Values, play, starting_values, undocumented
from tests.roles import Roles
from tests.world import SECONDS_PER_BATCH, SECONDS_PER_REQUEST, World

FILES = {path.stem: path for path in EVENTS.rglob("*.json")}


def folder_of(function: str) -> str:
    """`PurchaseNumberFunction` lies in purchase_number."""
    return re.sub(r"(?<!^)(?=[A-Z])", "_", function.removesuffix("Function")).lower()


def test_every_endpoint_has_one_call() -> None:
    assert sorted(call.route for call in CALLS) == sorted(ROUTES)


def test_every_function_has_an_event() -> None:
    functions = Template(SOURCE_TEMPLATE, "telephony").functions
    assert {path.parent.name for path in FILES.values()} == set(functions)


def test_every_trigger_has_an_event() -> None:
    template = Template(SOURCE_TEMPLATE, "telephony")
    triggered = [source.function for source in (*template.event_sources, *template.schedules)]
    assert sorted(trigger.function for trigger in TRIGGERS) == sorted(triggered)


def test_the_files_are_those_that_the_table_makes() -> None:
    """Else: `make docs`."""
    assert {str(path.relative_to(EVENTS)): path.read_text() for path in FILES.values()} == events.build()


@pytest.fixture(scope="module")
def world(running: Backends, carriers: dict[str, Server]) -> Iterator[World]:
    with pytest.MonkeyPatch.context() as monkeypatch:
        yield from new_world(running, carriers, monkeypatch)


@pytest.fixture(scope="module")
def values(world: World) -> Values:
    from telephony.models import agencies

    agency = agencies.find(world.agency_id)
    assert agency is not None
    token = world.api_token(world.agency_id)
    return starting_values(
        api_token=token,
        agency_id=agency.id,
        org_handle=agency.org_handle,
        product_id=7,
        telnyx_base_url=world.telnyx.base_url,
    )


@pytest.fixture(scope="module")
def played(world: World, values: Values) -> dict[str, Played]:
    """What came of each file, the functions called with them in process."""

    def carry(call: Call, values: Values) -> tuple[int, Any, dict[str, str]]:
        function = folder_of(FILES[call.id].parent.name)
        answer = world.invoke(
            function, json.loads(events.fill(FILES[call.id].read_text(), values)), SECONDS_PER_REQUEST
        )
        text = answer["body"] or ""
        if answer.get("isBase64Encoded"):
            text = base64.b64decode(text).decode()
        headers = {name.lower(): value for name, value in answer["headers"].items()}
        return answer["statusCode"], json.loads(text) if "json" in headers.get("content-type", "") else text, headers

    return {each.call.id: each for each in play(values, carry, settle=lambda _: world.settle(4), now=world.now)}


@pytest.fixture(scope="module")
def document() -> dict[str, Any]:
    made: dict[str, Any] = json.loads(DOCUMENT.read_text())
    return made


@pytest.mark.parametrize("call", CALLS, ids=lambda call: call.id)
def test_each_event_is_answered_as_documented(played: dict[str, Played], document: dict[str, Any], call: Call) -> None:
    answer = played[call.id]
    # then its status is the usual one
    assert answer.status == call.statuses[0], answer.body
    # and its body is what the document promises, field by field
    path = re.sub(r"<(\w+)>", r"{\1}", call.route.split(" ")[1])
    described = document["paths"][path][call.method.lower()]["responses"][str(answer.status)]
    # and it has no header that the document keeps silent about
    told = {name.lower() for name in described["headers"]} | {"content-type", "content-encoding"}
    assert set(answer.headers) <= told
    if answer.status == 204:
        assert "content" not in described
        assert answer.body == ""
        return
    [content_type] = described["content"]
    assert answer.headers["content-type"].split(";")[0] == content_type
    assert undocumented(answer, document) == ""


def test_an_answer_of_another_shape_is_found(played: dict[str, Played], document: dict[str, Any]) -> None:
    answer = played["get_health"]
    assert "'version'" in undocumented(replace(answer, body={"success": True}), document)
    assert "status" in undocumented(replace(answer, status=418), document)


@pytest.mark.parametrize("trigger", TRIGGERS, ids=lambda trigger: trigger.id)
def test_each_trigger_is_served(world: World, values: Values, played: dict[str, Played], trigger: Trigger) -> None:
    event = json.loads(events.fill(FILES[trigger.id].read_text(), values))
    answer = world.invoke(folder_of(trigger.function), event, SECONDS_PER_BATCH)
    assert answer == trigger.answer


def test_every_call_of_aws_that_they_make_is_granted(world: World, values: Values, played: dict[str, Played]) -> None:
    # given all the events and triggers
    for trigger in TRIGGERS:
        event = json.loads(events.fill(FILES[trigger.id].read_text(), values))
        world.invoke(folder_of(trigger.function), event, SECONDS_PER_BATCH)
    # then each function has asked AWS for something, and for nothing that its role lacks
    assert set(world.roles.used) == {path.parent.name for path in FILES.values()}
    world.roles.check()


def test_a_call_that_is_not_granted_is_found(world: World) -> None:
    roles = Roles(world.deployment)
    table = {"TableName": f"{world.deployment.table_prefix}agencies"}
    roles.used = {"SiteFunction": set(roles.needed("dynamodb", "PutItem", table))}
    with pytest.raises(AssertionError, match="SiteFunction dynamodb:PutItem AgenciesTable"):
        roles.check()
