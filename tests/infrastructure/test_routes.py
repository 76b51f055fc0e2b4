"""The gateway's routes are those that the functions answer."""

import importlib.util
import re

from telephony.api.access import ROUTES
from telephony.api.app import BASE_PATH, Door

from tests.infrastructure import sam
from tests.infrastructure.deployed import Deployed

ANY = "ANY"


def routes_of_the_gateway(prod: Deployed) -> dict[str, set[str]]:
    """`METHOD /path` of each function, without the catch-all; `ANY` for every method that no other function takes."""
    found: dict[str, set[str]] = {}
    for path, methods in prod.of_type("AWS::ApiGatewayV2::Api")["Api"]["Body"]["paths"].items():
        for method, integration in methods.items():
            uri = integration["x-amazon-apigateway-integration"]["uri"]["Fn::Sub"]
            [function] = re.findall(r"\$\{(\w+)Aliaslive\}", uri)
            if path != "$default":
                name = ANY if method == "x-amazon-apigateway-any-method" else method.upper()
                found.setdefault(function, set()).add(f"{name} {path}")
    return found


def doors(prod: Deployed) -> dict[str, Door]:
    """The door of each function behind the API."""
    return {function: door_of(function) for function in routes_of_the_gateway(prod)}


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


def test_each_function_gets_the_requests_that_it_answers(prod: Deployed) -> None:
    gateway = routes_of_the_gateway(prod)
    for function, door in doors(prod).items():
        answered = {(route.split(" ")[0], as_gateway_path(route)) for route in door.routes}
        reached = {tuple(route.split(" ")) for route in gateway[function]}
        paths = {path for _, path in answered}
        assert {path for _, path in reached} == paths, function
        # A method named in the template is one that the function answers; the others reach it by ANY.
        assert {route for route in reached if route[0] != ANY} <= answered, function


def test_every_path_is_answered_whatever_the_method(prod: Deployed) -> None:
    """So that a wrong method is answered 405 by us, and not 404 by the gateway."""
    routes = [tuple(route.split(" ")) for functions in routes_of_the_gateway(prod).values() for route in functions]
    for path in {path for _, path in routes}:
        assert [route for route in routes if route == (ANY, path)] == [(ANY, path)], path


def test_every_route_with_a_role_is_answered_by_one_function(prod: Deployed) -> None:
    answered = [route for door in doors(prod).values() for route in door.routes]
    assert sorted(answered) == sorted(ROUTES)
