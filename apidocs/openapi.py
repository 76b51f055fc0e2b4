"""docs/openapi.json out of the doors' own schemas: joined, with our errors, headers and examples instead of defaults.

A component or an operation that two doors describe differently stops the build, and so does a route without a door.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from telephony import __version__
from telephony.api.access import ROUTES
from telephony.api.app import BASE_PATH
from telephony.values import Role

from apidocs import responses
from apidocs.calls import CALLS, Call, Var, replaced
from apidocs.door import ROOT
from apidocs.samples import PREFIX, sample, takes, value_of

Schema = dict[str, Any]

DESCRIPTION = """\
Telephony provisioning for agencies: set up calls at Telnyx and Ultravox, search, buy, assign and release phone numbers
at Telnyx, Twilio and SignalWire.

**Credentials.** A Supabase JWT or an API token (`tpk_…`), one of them per request. What a role may do is said at each
operation; `owner` may all that `admin` may, and `admin` all that `member` may. Another agency's things are 404.

**Errors.** Each of the four published APIs keeps the shape of its errors; every one carries `code` to branch on,
`request_id` to quote and `retryable`. Text is for people and may change. Unknown fields of answers are to be ignored.

A path with a slash too many at its end is answered 308, with the right one in `Location`.

**The gateway** in front answers for itself with `{"message": "…"}` when a request or its headers are too large
(413, 431), when all callers together are too many (429), and when it gets no answer in 30 seconds (503, 500).
"""

TAGS = {
    "integration": "An agency's own set-up: credentials, provisioning, verification.",
    "numbers": "Search, buy, assign and release phone numbers.",
    "assistants": "Who answers the numbers.",
    "phone configurations": "The records of numbers.",
    "provider configurations": "Accounts at the carriers.",
    "operations": "What is under way, and who did what.",
    "webhooks": "What carriers send.",
    "site": "Health and documentation.",
}

_TAG_OF_SEGMENT = {
    "phone-numbers": "numbers",
    "assistants": "assistants",
    "phone-configurations": "phone configurations",
    "providers": "provider configurations",
    "provider-configurations": "provider configurations",
    "providers-configurations": "provider configurations",
    "operations": "operations",
    "audit-events": "operations",
    "telnyx-webhook": "webhooks",
    "twiml": "webhooks",
    "health": "site",
    "openapi.json": "site",
    "docs": "site",
    "console": "site",
}

SECURITY_SCHEMES: dict[str, Schema] = {
    "SupabaseJwt": {
        "type": "http",
        "scheme": "bearer",
        "bearerFormat": "JWT",
        "description": "A user's Supabase JWT, or an API token, after `Bearer`.",
    },
    "ApiToken": {
        "type": "apiKey",
        "in": "header",
        "name": "Authorization",
        "description": "`Token tpk_…`, the word `Token` included.",
    },
    "XApiKey": {"type": "apiKey", "in": "header", "name": "X-API-Key", "description": "An API token."},
    "XWiilApiKey": {"type": "apiKey", "in": "header", "name": "X-Wiil-Api-Key", "description": "An API token."},
}

_HEADERS = {"idempotency-key": "Idempotency-Key", "org-handle": "Org-Handle", "product-id": "Product-ID"}
"""Request headers as the contract spells them; Powertools knows lower case only."""

_KEYWORDS = {"ge": "minimum", "le": "maximum", "gt": "exclusiveMinimum", "lt": "exclusiveMaximum"}
"""Limits of parameters, which Powertools leaves as Pydantic calls them."""


class Clash(Exception):
    """Two doors describe one thing differently, or a route has no door."""


def build() -> Schema:
    """The whole document. Raises `Clash`."""
    folders = sorted(path.parent.name for path in (ROOT / "functions").glob("*/handler.py"))
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        doors = [door for door in pool.map(_describe, folders) if door]
    paths = join_paths(door["paths"] for door in doors)
    schemas = join_schemas([*(door["schemas"] for door in doors), responses.SCHEMAS])
    if missing := sorted(set(ROUTES) ^ {route for door in doors for route in door["routes"]}):
        raise Clash(f"No door, or more than access.ROUTES knows: {', '.join(missing)}")
    for name in ROUTES:
        method, path = name.split(" ")
        shown = re.sub(r"<(\w+)>", r"{\1}", path)
        paths[shown][method.lower()] = _operation(name, paths[shown][method.lower()], schemas)
    _drop_defaults(paths, schemas)
    shared = responses.share(paths)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Telephony provisioning",
            "version": __version__,
            "description": DESCRIPTION,
        },
        "servers": [{"url": BASE_PATH, "description": "Wherever this document was read."}],
        "tags": [{"name": name, "description": text} for name, text in TAGS.items()],
        "paths": dict(sorted(paths.items())),
        "components": {
            "securitySchemes": SECURITY_SCHEMES,
            "headers": responses.HEADERS,
            "responses": dict(sorted(shared.items())),
            "schemas": dict(sorted(_used([paths, shared], schemas).items())),
        },
    }


def _describe(folder: str) -> Schema | None:
    command = [sys.executable, "-m", "apidocs.door", folder]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise Clash(f"functions/{folder} cannot be described: {done.stderr.strip()}")
    described: Schema | None = json.loads(done.stdout)
    return described


def join_paths(parts: Iterable[Schema]) -> Schema:
    """All operations by path and method. Raises `Clash` for one that two doors answer."""
    joined: Schema = {}
    for part in parts:
        for path, operations in part.items():
            item = joined.setdefault(path, {})
            if twice := sorted(set(item) & set(operations)):
                raise Clash(f"{', '.join(twice).upper()} {path} is answered by two functions")
            item.update(operations)
    return joined


def join_schemas(parts: Iterable[Schema]) -> Schema:
    """All components by name. Raises `Clash` for a name that stands for two different schemas."""
    joined: Schema = {}
    for part in parts:
        for name, schema in part.items():
            tidy = _tidy(schema)
            if joined.setdefault(name, tidy) != tidy:
                raise Clash(f"Two different schemas are called {name}")
    return joined


def _tidy(schema: Any) -> Any:
    """Without the titles that Pydantic makes of field names: they say nothing and differ by where a type is used."""
    match schema:
        case dict():
            return {
                _KEYWORDS.get(key, key): {name: _tidy(each) for name, each in value.items()}
                if key == "properties"
                else _tidy(value)
                for key, value in schema.items()
                if key != "title" or not isinstance(value, str)
            }
        case list():
            return [_tidy(each) for each in schema]
        case _:
            return schema


def _operation(name: str, described: Schema, schemas: Schema) -> Schema:
    path = name.split(" ")[1]
    segment = path.split("/")[1]
    call = call_of(name)
    doc = re.sub(r"\s+", " ", described.get("description") or "").strip()
    summary, _, rest = doc.partition(". ")
    parameters = _parameters(described, call, schemas)
    body = _request_body(described, call)
    description = " ".join(part for part in (rest, _who(ROUTES[name])) if part)
    operation: Schema = {
        "operationId": operation_id(name),
        "summary": summary.rstrip("."),
        "description": description,
        "tags": [_TAG_OF_SEGMENT.get(segment, "integration")],
        "security": [{scheme: []} for scheme in SECURITY_SCHEMES] if ROUTES[name] else [],
    }
    if parameters:
        operation["parameters"] = parameters
    if body:
        operation["requestBody"] = body
    operation["responses"] = responses.of(name, described, call, schemas, takes_input=bool(parameters or body))
    return operation


def _who(role: Role | None) -> str:
    return f"For the role `{role.label}` and above." if role else "Needs no credential of ours."


def call_of(name: str) -> Call | None:
    """The table's call of a route."""
    return next((call for call in CALLS if call.route == name), None)


def operation_id(name: str) -> str:
    """The call's own; one made of the route while the table has no call."""
    call = call_of(name)
    return call.id if call else re.sub(r"\W+", "_", name).strip("_").lower()


def _parameters(described: Schema, call: Call | None, schemas: Schema) -> list[Schema]:
    found = []
    for parameter in described.get("parameters", []):
        schema = _without_null(_tidy(parameter["schema"]))
        name = _HEADERS.get(parameter["name"], parameter["name"])
        kept: Schema = {"name": name, "in": parameter["in"], "required": parameter["required"], "schema": schema}
        said = schema.pop("description", None)
        if text := parameter.get("description") or said:
            kept["description"] = text
        if parameter["required"]:
            kept["example"] = _example_of(parameter["name"], call, schema, schemas)
        found.append(kept)
    known = {parameter["name"].lower() for parameter in found}
    headers = {**call.headers, **call.instead} if call else {}
    for name, value in headers.items():
        if name.lower() not in known:
            kept = {"name": name, "in": "header", "required": True, "schema": {"type": "string"}}
            if call and call.instead:
                kept |= {"required": False, "description": f"One of {' and '.join(headers)} is needed."}
            found.append({**kept, "example": value_of(value.name) if isinstance(value, Var) else value})
    return found


def _without_null(schema: Schema) -> Schema:
    """A parameter may be absent, but text cannot be null."""
    if "anyOf" not in schema:
        return schema
    kinds = [kind for kind in schema["anyOf"] if kind != {"type": "null"}]
    rest = {key: value for key, value in schema.items() if key != "anyOf"}
    return {**rest, **kinds[0]} if len(kinds) == 1 else {**rest, "anyOf": kinds}


def _example_of(name: str, call: Call | None, schema: Schema, schemas: Schema) -> Any:
    given = call.path.get(name) if call else None
    wanted = given if isinstance(given, str) else given.name if given else name
    return given if isinstance(given, str) else sample(schema, schemas, wanted)


def _request_body(described: Schema, call: Call | None) -> Schema | None:
    body: Schema = _tidy(described.get("requestBody") or {})
    if not body and call and call.body is not None:  # its handler takes the bytes as they were sent
        body = {"required": True, "content": {call.content_type: {"schema": {"type": "object"}}}}
    for content in body.get("content", {}).values():
        if call and call.body is not None:
            content["example"] = replaced(call.body, lambda var: value_of(var.name))
    return body or None


def _drop_defaults(paths: Schema, schemas: Schema) -> None:
    """Takes away the defaults of bodies that change things, where what is absent stays as it is, and those that their
    own schemas don't take: marks of what was not sent."""
    bodies = [item["patch"]["requestBody"] for item in paths.values() if "requestBody" in item.get("patch", {})]
    changing = {body["content"]["application/json"]["schema"].get("$ref", "").removeprefix(PREFIX) for body in bodies}
    for name, schema in schemas.items():
        for each in schema.get("properties", {}).values():
            if "default" in each and (name in changing or not takes(each, schemas, each["default"])):
                del each["default"]


def _used(document: list[Schema], schemas: Schema) -> Schema:
    """The components that something refers to: Powertools' own error schemas are not among them."""
    found: Schema = {}
    texts = [json.dumps(document)]
    while texts:
        for name in re.findall(r'"#/components/schemas/([^"]+)"', texts.pop()):
            if name not in found:
                found[name] = schemas[name]
                texts.append(json.dumps(schemas[name]))
    return found
