"""The gateway's routes are those that the functions answer."""

import importlib.util
import re

from telephony.api.access import ROUTES
from telephony.api.app import BASE_PATH, Door

from tests.infrastructure import sam
from tests.infrastructure.deployed import Deployed


def paths_of_the_gateway(prod: Deployed) -> dict[str, set[str]]:
    """The paths that each function gets, without the catch-all."""
    found: dict[str, set[str]] = {}
    for path, methods in prod.of_type("AWS::ApiGatewayV2::Api")["Api"]["Body"]["paths"].items():
        uri = methods["x-amazon-apigateway-any-method"]["x-amazon-apigateway-integration"]["uri"]["Fn::Sub"]
        [function] = re.findall(r"\$\{(\w+)Aliaslive\}", uri)
        if path != "$default":
            found.setdefault(function, set()).add(path)
    return found


def doors(prod: Deployed) -> dict[str, Door]:
    """The door of each function behind the API."""
    return {function: door_of(function) for function in paths_of_the_gateway(prod)}


def door_of(function: str) -> Door:
    folder = re.sub(r"(?<!^)(?=[A-Z])", "_", function.removesuffix("Function")).lower()
    path = sam.ROOT / "functions" / folder / "handler.py"
    specification = importlib.util.spec_from_file_location(f"handler_of_{folder}", path)
    assert specification is not None
    assert specification.loader is not None
    module = importlib.util.module_from_spec(specification)
    specification.loader.exec_module(module)
    door: Door = module.door
    return door


def as_gateway_path(route: str) -> str:
    """`GET /operations/<id>` as the template writes it: `/api/v1/operations/{id}`."""
    return BASE_PATH + re.sub(r"<(\w+)>", r"{\1}", route.split(" ")[1])


def test_each_function_gets_the_paths_that_it_answers(prod: Deployed) -> None:
    answered = {function: {as_gateway_path(route) for route in door.routes} for function, door in doors(prod).items()}
    assert paths_of_the_gateway(prod) == answered


def test_every_route_with_a_role_is_answered_by_one_function(prod: Deployed) -> None:
    answered = [route for door in doors(prod).values() for route in door.routes]
    assert sorted(answered) == sorted(ROUTES)
