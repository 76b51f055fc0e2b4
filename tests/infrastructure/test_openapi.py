"""docs/openapi.json tells all of the API, and the truth about it."""

from __future__ import annotations

import ast
import base64
import copy
import hashlib
import json
import re
import shutil
import subprocess
import tarfile
from collections.abc import Callable, Iterator
from inspect import signature
from pathlib import Path
from typing import Any

import jsonschema
import openapi_spec_validator
import pytest
from telephony import errors
from telephony.api.access import ROUTES
from telephony.api.families import CONFIGURATIONS, INTEGRATION, NUMBERS, PROVIDERS, Family, failure

from apidocs import changes, openapi
from apidocs.__main__ import BUNDLED, DOCUMENT, RELEASED
from apidocs.codes import CODES, ROUTE_CODES, split
from local.dynamodb import cache_folder
from tests.infrastructure import sam
from tests.infrastructure.deployed import Deployed

Document = dict[str, Any]

OPERATIONS = sorted(ROUTES)
KINDS = [each for each in vars(errors).values() if isinstance(each, type) and issubclass(each, errors.TelephonyError)]


@pytest.fixture(scope="module")
def document() -> Document:
    made: Document = json.loads(DOCUMENT.read_text())
    return made


def operation(document: Document, route: str) -> Document:
    method, path = route.split(" ")
    found: Document = document["paths"][re.sub(r"<(\w+)>", r"{\1}", path)][method.lower()]
    return found


def resolved(document: Document, response: Document) -> Document:
    if "$ref" not in response:
        return response
    named: Document = document["components"]["responses"][response["$ref"].rsplit("/", 1)[1]]
    return named


def fits(document: Document, schema: Document, value: Any) -> None:
    jsonschema.validate(value, schema | {"components": document["components"]}, cls=jsonschema.Draft202012Validator)


# It is made from the code.


def test_it_is_what_the_code_makes_of_it(document: Document) -> None:
    """Else: `make docs`."""
    assert document == openapi.build()


def test_the_bundle_serves_the_same_document(document: Document) -> None:
    assert json.loads(BUNDLED.read_text()) == document


def test_its_routes_are_those_of_the_gateway(document: Document, prod: Deployed) -> None:
    paths = prod.of_type("AWS::ApiGatewayV2::Api")["Api"]["Body"]["paths"]
    assert {f"/api/v1{path}" for path in document["paths"]} == set(paths) - {"$default"}


def test_it_is_openapi(document: Document) -> None:
    assert document["openapi"] == "3.1.0"
    openapi_spec_validator.validate(document)


def test_it_holds_wherever_it_is_served(document: Document) -> None:
    assert [server["url"] for server in document["servers"]] == ["/api/v1"]


def test_two_doors_may_not_answer_one_operation() -> None:
    one = {"/things": {"get": {"operationId": "a"}}}
    assert openapi.join_paths([one, {"/things": {"post": {}}}]) == {
        "/things": {"get": {"operationId": "a"}, "post": {}}
    }
    with pytest.raises(openapi.Clash, match="GET /things"):
        openapi.join_paths([one, {"/things": {"get": {"operationId": "b"}}}])


def test_one_name_may_not_stand_for_two_schemas() -> None:
    text = {"type": "string"}
    assert openapi.join_schemas([{"Name": text}, {"Name": text}]) == {"Name": text}
    with pytest.raises(openapi.Clash, match="Name"):
        openapi.join_schemas([{"Name": text}, {"Name": {"type": "integer"}}])


# Each operation is told in full.


@pytest.mark.parametrize("route", OPERATIONS)
def test_an_operation_is_told_in_full(document: Document, route: str) -> None:
    told = operation(document, route)
    assert told["summary"]
    assert told["tags"]
    # its credentials
    schemes = {name for each in told["security"] for name in each}
    assert schemes == (set(document["components"]["securitySchemes"]) if ROUTES[route] else set())
    # its errors: ours for a bad body, and none of the framework's
    assert "422" not in told["responses"]
    statuses = {"405", "500", "503"} | ({"400", "401", "403"} if ROUTES[route] else set())
    statuses |= {"413"} if "requestBody" in told else set()
    statuses |= {str(split(entry)[0]) for entry in ROUTE_CODES.get(route, ())}
    assert statuses <= set(told["responses"])
    # and a request id, an example and what fits it, in every answer
    for status, response in told["responses"].items():
        answer = resolved(document, response)
        for media in answer.get("content", {}).values():
            if "example" in media:
                fits(document, media["schema"], media["example"])
            else:
                assert media["schema"] == {"type": "string"}, status
        if answer.get("content", {}).get("application/json", {}).get("schema", {}).get("$ref", "").endswith("Message"):
            continue  # the gateway's own
        assert "X-Request-Id" in answer["headers"], status


@pytest.mark.parametrize("route", OPERATIONS)
def test_a_request_has_an_example_that_fits(document: Document, route: str) -> None:
    told = operation(document, route)
    for content in told.get("requestBody", {}).get("content", {}).values():
        fits(document, content["schema"], content["example"])
    for parameter in told.get("parameters", []):
        assert "example" in parameter or not parameter["required"], parameter["name"]


def test_headers_stand_where_they_are_sent(document: Document) -> None:
    purchase = operation(document, "POST /phone-numbers/purchase")
    assert {"Idempotency-Key"} <= {each["name"] for each in purchase["parameters"]}
    assert "Idempotency-Replayed" in purchase["responses"]["200"]["headers"]
    update = operation(document, "PATCH /provider-configurations/<configuration_id>")
    assert {"Org-Handle", "Product-ID"} <= {each["name"] for each in update["parameters"]}


HEADERS_OF = {"401": "WWW-Authenticate", "405": "Allow"}
FILES = ("/docs", "/docs/{asset}", "/console", "/openapi.json")


def test_each_error_tells_its_headers(document: Document) -> None:
    found = []
    for path, item in document["paths"].items():
        for told in item.values():
            for status, response in told["responses"].items():
                answer = resolved(document, response)
                ours = "X-Request-Id" in answer.get("headers", {})  # else it is the gateway's alone
                if status in HEADERS_OF and ours:
                    assert HEADERS_OF[status] in answer["headers"], (path, status)
                    found.append(status)
    assert set(found) == set(HEADERS_OF)


def errors_told(document: Document) -> Iterator[tuple[str, str, Document]]:
    """Route, status and answer, of each answer that is an error of ours."""
    for route in OPERATIONS:
        for status, response in operation(document, route)["responses"].items():
            answer = resolved(document, response)
            if status >= "400" and "X-Request-Id" in answer.get("headers", {}):  # else it is the gateway's alone
                yield route, status, answer


def test_an_error_tells_when_to_try_again_only_where_it_knows(document: Document) -> None:
    # given the errors that carry how long to wait
    knowing = {
        each.code for each in KINDS if each.retry_after is not None or "retry_after" in signature(each).parameters
    }
    # then the header stands where one of them may be the answer, and nowhere else
    told = {"Retry-After" in answer["headers"]: (route, status) for route, status, answer in errors_told(document)}
    assert set(told) == {True, False}
    for route, status, answer in errors_told(document):
        assert ("Retry-After" in answer["headers"]) == bool(knowing & set(answer["x-codes"])), (route, status)


def test_an_example_is_retryable_as_its_code_is(document: Document) -> None:
    # given what the source says of each code, where it makes an error and in the classes themselves
    retryable = {code: kind.retryable for code, kind in raised_with_a_code()}
    retryable |= {each.code: each.retryable for each in KINDS if "code" in vars(each)}
    # then each example says the same
    seen = set()
    for route, status, answer in errors_told(document):
        example = answer["content"]["application/json"]["example"]
        shown = example["error"] if isinstance(example.get("error"), dict) else example
        assert shown["retryable"] == retryable[shown["code"]], (route, status)
        seen.add((shown["code"], shown["retryable"]))
    assert {("internal_error", False), ("operation_in_progress", True), ("storage_unavailable", True)} <= seen


def test_a_replayed_answer_tells_that_it_is_one(document: Document) -> None:
    responses = operation(document, "POST /phone-numbers/purchase")["responses"]
    told = {status for status, each in responses.items() if "Idempotency-Replayed" in each.get("headers", {})}
    assert {"200", "403", "404", "409", "500"} <= told


@pytest.mark.parametrize("path", FILES)
def test_a_file_tells_how_it_is_kept(document: Document, path: str) -> None:
    for status in ("200", "304"):
        told = document["paths"][path]["get"]["responses"][status]["headers"]
        assert {"ETag", "Cache-Control", "Vary"} <= set(told), status
        assert ("Content-Security-Policy" in told) == (path != "/docs/{asset}"), status


def test_what_no_operation_answers_is_told_at_the_top(document: Document) -> None:
    for said in ("308", "`Location`", "413", "431", "429", "503"):
        assert said in document["info"]["description"]


# Its errors are ours.


def samples() -> Iterator[errors.TelephonyError]:
    provider = {"provider": "telnyx", "operation": "buy", "status": 500, "provider_code": "10015"}
    yield errors.InvalidRequest.field("limit", "must be a number")
    yield errors.ConfigurationMissing("Telnyx keys are missing", ["telnyx_api_key"])
    yield errors.MethodNotAllowed(["GET"])
    yield errors.ProviderRateLimited("Slow down", retry_after=3, **provider)
    yield errors.PartialFailure(
        errors.ProviderUnavailable("No answer", **provider),
        completed_steps=[{"success": True, "step": "one", "data": {}}],
        failed_at="two",
        partial_data={},
        operation_id="op_1",
        retry_scheduled=True,
    )
    yield errors.StorageUnavailable("No answer")


@pytest.mark.parametrize("family", [INTEGRATION, NUMBERS, CONFIGURATIONS, PROVIDERS], ids=lambda family: family.name)
@pytest.mark.parametrize("error", list(samples()), ids=lambda error: type(error).__name__)
def test_errors_look_as_documented(document: Document, family: Family, error: errors.TelephonyError) -> None:
    _, body = failure(family, error, "request-1")
    fits(document, document["components"]["schemas"][f"{family.name.title()}Error"], body)


SOURCES = [
    path
    for path in (sam.ROOT / "shared" / "telephony").rglob("*.py")
    if path.parent.name != "admin" and path.name != "administration.py"
]
NEVER_ON_THE_WIRE = {"org_handle_taken"}
"""Codes of the admin command alone."""


def test_every_code_is_documented() -> None:
    # given the codes that the source gives to errors which can reach a client
    text = "\n".join(path.read_text() for path in SOURCES)
    given = set(re.findall(r'\bcode ?= ?"([a-z_]+)"', text))
    # then each is told of
    assert given - set(CODES) - NEVER_ON_THE_WIRE == set()
    # and none that is told of has gone
    assert [code for code in CODES if f'"{code}"' not in text] == []
    assert {split(entry)[1] for entries in ROUTE_CODES.values() for entry in entries} <= set(CODES)
    assert set(ROUTE_CODES) <= set(ROUTES)


def raised() -> Iterator[tuple[type[errors.TelephonyError], ast.Call]]:
    """Class and call wherever the source makes one of our errors."""
    for path in SOURCES:
        for node in ast.walk(ast.parse(path.read_text())):
            if not isinstance(node, ast.Call):
                continue
            function = node.func.value if isinstance(node.func, ast.Attribute) else node.func
            kind = getattr(errors, function.id, None) if isinstance(function, ast.Name) else None
            if isinstance(kind, type) and issubclass(kind, errors.TelephonyError):
                yield kind, node


def raised_with_a_code() -> Iterator[tuple[str, type[errors.TelephonyError]]]:
    """Code and class wherever the source makes one of our errors with a code of its own."""
    for kind, call in raised():
        for argument in call.keywords:
            if argument.arg == "code" and isinstance(argument.value, ast.Constant) and argument.value.value:
                yield argument.value.value, kind


def test_codes_are_documented_with_their_status() -> None:
    documented = {(code, status) for code, (status, _) in CODES.items()}
    documented |= {(code, status) for entries in ROUTE_CODES.values() for status, code in map(split, entries)}
    found = {(code, kind.http_status) for code, kind in raised_with_a_code() if code not in NEVER_ON_THE_WIRE}
    assert len(found) > 30
    assert found - documented == set()


NO_OPERATIONS = {
    "forbidden": "a kind; each error of it has a code of its own",
    "not_yet_releasable": "the release goes on by itself",
    "route_not_found": "there is no operation",
    "runs_die": "told by GET /operations/{id}",
}


def test_every_code_is_some_operations_answer(document: Document) -> None:
    answered = {code for _, _, answer in errors_told(document) for code in answer["x-codes"]}
    assert set(CODES) - answered == set(NO_OPERATIONS)


ANSWERED = {
    # a carrier's refusal of what is to be stored, its silence, and what stops the copying of what was stored
    (route, status, code)
    for route in (
        "POST /store-telnyx-credentials",
        "POST /save-ultravox-integration",
        "POST /provider-configurations",
        "POST /providers-configurations",
        "PATCH /provider-configurations/<configuration_id>",
        "PATCH /providers-configurations/<configuration_id>",
    )
    for status, code in (
        ("400", "invalid_provider_credentials"),
        ("409", "operation_in_progress"),
        ("409", "conflict"),
        ("502", "provider_unavailable"),
        ("502", "provider_rate_limited"),
        ("500", "provider_unavailable"),
        ("500", "telephony_not_in_sync"),
        ("500", "telnyx_application_missing"),
        ("500", "outcome_unknown"),
    )
} | {
    # what others do at the same time
    ("PATCH /phone-configurations", "409", "operation_in_progress"),
    ("PATCH /phone-configurations", "409", "conflict"),
    ("PATCH /phone-configurations/<configuration_id>", "409", "operation_in_progress"),
    ("PATCH /phone-configurations/<configuration_id>", "409", "conflict"),
    ("DELETE /provider-configurations/<configuration_id>", "409", "conflict"),
    ("POST /assistants", "409", "conflict"),
    ("PATCH /assistants/<assistant_id>", "409", "conflict"),
    ("POST /phone-numbers/purchase", "409", "conflict"),
    ("POST /phone-numbers/assign", "409", "conflict"),
    ("POST /import-telnyx-to-ultravox", "409", "operation_in_progress"),
    ("POST /repair-telephony-config", "409", "operation_in_progress"),
    ("POST /repair-telephony-config", "500", "provider_unavailable"),
    ("POST /repair-telephony-config", "502", "provider_unavailable"),
    # what others have done meanwhile
    ("GET /phone-numbers/<phone_number>/webhooks", "409", "operation_in_progress"),
    ("POST /phone-numbers/assign", "404", "number_gone"),
    ("POST /phone-numbers/import", "404", "number_gone"),
    # what only an owner may have revealed, and a path that nothing can be at
    ("GET /provider-configurations/<configuration_id>", "403", "role_required"),
    ("GET /phone-configurations/<configuration_id>", "404", "not_found"),
    ("POST /provision-telephony", "500", "conflict"),
    # what an agency may not have
    ("POST /phone-numbers/import", "403", "spending_limit_exceeded"),
    ("POST /phone-numbers/purchase-batch", "429", "too_many_operations"),
    # a record whose writing the database may have done without saying so
    ("POST /phone-numbers/purchase-batch", "500", "outcome_unknown"),
}


def test_what_a_route_answers_is_told_there(document: Document) -> None:
    told = {(route, status, code) for route, status, answer in errors_told(document) for code in answer["x-codes"]}
    assert ANSWERED - told == set()


NOT_ANSWERED = {
    # it takes no Idempotency-Key, and leaves all but its own record to the queue
    "POST /phone-numbers/purchase-batch": {
        "idempotency_conflict",
        "operation_in_progress",
        "out_of_time",
    },
    # its body is read by its schema: validation_failed
    "POST /phone-numbers/purchase": {"invalid_phone_number"},
    # only purchases are counted
    "POST /provision-telephony": {"too_many_operations"},
    "POST /phone-numbers/release": {"too_many_operations"},
    # they take the body as it was sent
    "POST /twiml": {"validation_failed", "invalid_json", "invalid_content_type"},
    "POST /telnyx-webhook/<agency_id>/<webhook_secret>": {"validation_failed", "invalid_json", "invalid_content_type"},
}


@pytest.mark.parametrize("route", NOT_ANSWERED)
def test_what_a_route_never_answers_is_not_told_there(document: Document, route: str) -> None:
    told = {code for each, _, answer in errors_told(document) if each == route for code in answer["x-codes"]}
    assert told
    assert told & NOT_ANSWERED[route] == set()


def test_the_signature_of_either_carrier_is_told(document: Document) -> None:
    headers = {each["name"]: each["required"] for each in operation(document, "POST /twiml")["parameters"]}
    assert headers == {"X-Twilio-Signature": False, "X-SignalWire-Signature": False}


FAMILY_OF_DETAIL = {
    "hint": ("Integration", "Providers"),
    "telnyx_application_id": ("Integration",),
    "telnyx_outbound_profile_id": ("Integration",),
    "phone_numbers": ("Integration",),
    "used_by": ("Providers",),
    "completed_steps": ("Integration", "Providers"),
    "failed_at": ("Integration", "Providers"),
    "partial_data": ("Integration", "Providers"),
}
"""Further keys of an error that not every family's may have."""


def details() -> set[str]:
    """The further keys of an answer's body that the source gives to errors."""
    found: set[str] = set()
    for kind, call in raised():
        makers = [each for each in kind.__mro__ if issubclass(each, errors.TelephonyError)]
        named = {name for each in makers for name in signature(each).parameters}
        if isinstance(call.func, ast.Name):
            found |= {argument.arg for argument in call.keywords if argument.arg} - named
    return found


def test_every_detail_of_an_error_is_documented(document: Document) -> None:
    schemas = {
        name: each.get("properties", {}).get("error", {}).get("properties") or each["properties"]
        for name, each in document["components"]["schemas"].items()
        if name in {f"{family}Error" for family in ("Integration", "Numbers", "Configurations", "Providers")}
    }
    # given what errors carry, those of the classes' own making included
    found = details() | {"completed_steps", "failed_at", "partial_data", "missing", "errors", "provider_code"}
    assert {"hint", "used_by", "phone_numbers", "operation_id"} <= found
    # then it is told where it may stand
    for detail in found:
        for family in FAMILY_OF_DETAIL.get(detail, ("Integration", "Numbers", "Configurations", "Providers")):
            assert detail in schemas[f"{family}Error"], (detail, family)


# It keeps its promises.


def test_this_release_breaks_no_client(document: Document) -> None:
    """Else: keep the old behaviour beside the new one. `make release-docs` takes today's document as the promise."""
    assert list(changes.breaking(json.loads(RELEASED.read_text()), document)) == []


def _without(document: Document, *path: str) -> None:
    *way, last = path
    for step in way:
        document = document[step]
    del document[last]


SCHEMAS = ("components", "schemas")
BREAKS: dict[str, Callable[[Document], Any]] = {
    "POST /phone-numbers/search is gone": lambda new: _without(new, "paths", "/phone-numbers/search", "post"),
    "numbers is gone": lambda new: _without(new, *SCHEMAS, "SearchResponse", "properties", "numbers"),
    "numbers may be absent now": lambda new: new["components"]["schemas"]["SearchResponse"]["required"].remove(
        "numbers"
    ),
    "limit is gone": lambda new: _without(new, *SCHEMAS, "SearchRequest", "properties", "limit"),
    "region is required now": lambda new: new["components"]["schemas"]["SearchRequest"].update(required=["region"]),
    "limit: maximum is 5 now": lambda new: new["components"]["schemas"]["SearchRequest"]["properties"]["limit"].update(
        maximum=5
    ),
    "total_found may be string now": lambda new: new["components"]["schemas"]["SearchResponse"]["properties"].update(
        total_found={"type": "string"}
    ),
    "does not take": lambda new: new["paths"]["/phone-numbers/search"]["post"]["security"].pop(),
    "needs a credential now": lambda new: new["paths"]["/health"]["get"]["security"].append({"XApiKey": []}),
    "header x-new is required now": lambda new: (
        new["paths"]["/health"]["get"]
        .setdefault("parameters", [])
        .append({"in": "header", "name": "X-New", "required": True, "schema": {"type": "string"}})
    ),
    "never answered 202": lambda new: _without(
        new, "paths", "/operations/{operation_id}/retry", "post", "responses", "202"
    ),
    "never answered 403": lambda new: _without(new, "paths", "/operations", "get", "responses", "403"),
    "200 has no header ETag": lambda new: _without(
        new, "paths", "/docs/{asset}", "get", "responses", "200", "headers", "ETag"
    ),
    "401 has no header WWW-Authenticate": lambda new: _without(
        new, "components", "responses", "NumbersUnauthorized", "headers", "WWW-Authenticate"
    ),
    "409 never has the code conflict any more": lambda new: new["paths"]["/assistants"]["post"]["responses"]["409"][
        "x-codes"
    ].remove("conflict"),
    "503 never has the code storage_unavailable any more": lambda new: new["components"]["responses"][
        "NumbersServiceUnavailable"
    ]["x-codes"].remove("storage_unavailable"),
    "400.code is gone": lambda new: _without(new, *SCHEMAS, "NumbersError", "properties", "code"),
    "400.retryable may be absent now": lambda new: new["components"]["schemas"]["NumbersError"]["required"].remove(
        "retryable"
    ),
    "400 may be string now": lambda new: new["components"]["schemas"].update(ConfigurationsError={"type": "string"}),
    "the credential XApiKey is sent otherwise": lambda new: new["components"]["securitySchemes"]["XApiKey"].update(
        name="X-Key"
    ),
    "the credential ApiToken is sent otherwise": lambda new: _without(new, "components", "securitySchemes", "ApiToken"),
    "not served at /api/v1": lambda new: new["servers"][0].update(url="/api/v2"),
    "is called find_numbers": lambda new: new["paths"]["/phone-numbers/search"]["post"].update(
        operationId="find_numbers"
    ),
    "data.status may be PORTING": lambda new: _property(new, "PhoneConfigurationSchema", "status")["enum"].append(
        "PORTING"
    ),
    "data.status may be other values": lambda new: _property(new, "PhoneConfigurationSchema", "status").pop("enum"),
    "number_type may not be mobile": lambda new: _property(new, "SearchRequest", "number_type")["enum"].remove(
        "mobile"
    ),
    "country_code may not be other values": lambda new: _property(new, "SearchRequest", "country_code").update(
        enum=["NY"]
    ),
    "200.success may be False": lambda new: _property(new, "SearchResponse", "success").update(const=False),
    "query from is of format date now": lambda new: new["paths"]["/audit-events"]["get"]["parameters"][0][
        "schema"
    ].update(format="date"),
}


def _property(document: Document, schema: str, name: str) -> Document:
    found: Document = document["components"]["schemas"][schema]["properties"][name]
    return found


@pytest.mark.parametrize("words", BREAKS)
def test_a_breaking_change_is_found(document: Document, words: str) -> None:
    changed = copy.deepcopy(document)
    BREAKS[words](changed)
    found = list(changes.breaking(document, changed))
    assert found
    assert words in "\n".join(found)


def test_an_addition_breaks_nothing(document: Document) -> None:
    grown = copy.deepcopy(document)
    grown["paths"]["/new"] = {"get": copy.deepcopy(grown["paths"]["/health"]["get"])}
    schemas = grown["components"]["schemas"]
    schemas["SearchResponse"]["properties"]["page"] = {"type": "integer"}
    schemas["SearchRequest"]["properties"]["page"] = {"type": "integer"}
    assert list(changes.breaking(document, grown)) == []


# It pleases a linter.

_REDOCLY = "2.77.0"
_SHA512 = "XUa4hURDWLPG9WukIXo+UBqa9VpeTndmLI5PHu9QDkwtwH990Jsgz9nl2m1pZjsWrKFPP7avn6etRxxDbuD2Bg=="


@pytest.fixture(scope="session")
def redocly() -> list[str]:
    """The command of Redocly's linter: one npm package without dependencies, fetched once."""
    npm, node = shutil.which("npm"), shutil.which("node")
    if npm is None or node is None:
        pytest.skip("npm was not found on PATH; it is needed to fetch the OpenAPI linter")
    folder = cache_folder() / f"redocly-{_REDOCLY}"
    if not folder.exists():
        _fetch(npm, folder)
    return [node, str(folder / "package" / "bin" / "cli.js")]


def _fetch(npm: str, folder: Path) -> None:
    scratch = folder.with_suffix(".new")
    shutil.rmtree(scratch, ignore_errors=True)
    scratch.mkdir(parents=True)
    packed = [npm, "pack", f"@redocly/cli@{_REDOCLY}", "--silent", "--pack-destination", str(scratch)]
    subprocess.run(packed, cwd=scratch, check=True, capture_output=True)
    [archive] = scratch.glob("*.tgz")
    assert hashlib.sha512(archive.read_bytes()).digest() == base64.b64decode(_SHA512), "not the package that was pinned"
    with tarfile.open(archive) as files:
        files.extractall(scratch, filter="data")
    scratch.rename(folder)


def test_redocly_finds_nothing_wrong(redocly: list[str], tmp_path: Path) -> None:
    settings = tmp_path / "redocly.yaml"
    settings.write_text("extends: [recommended-strict]\nrules: {info-license: off}\ntelemetry: off\n")
    command = [*redocly, "lint", str(DOCUMENT), "--config", str(settings), "--format", "stylish"]
    found = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert found.returncode == 0, found.stdout + found.stderr
