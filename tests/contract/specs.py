"""The vendors' OpenAPI documents, and the check of a request or an answer against them.

`PROVIDER_SPECS` names the directory that holds them. Both are checked strictly: a query parameter or a field the vendor
doesn't know is a violation. The vendor would silently ignore ours, and nobody may come to depend on one that a
simulator made up.
"""

import json
import os
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

import requests
from jsonschema import Draft202012Validator, FormatChecker

DIRECTORY = Path(os.environ.get("PROVIDER_SPECS") or Path(__file__).parents[3] / "shared" / "specs")
DOCUMENTS = {
    "telnyx": ("telnyx.json", "telnyx-texml.json"),
    "twilio": ("twilio.json",),
    "signalwire": ("signalwire.json",),
    "ultravox": ("ultravox.json",),
}
BASE_PATHS = {"telnyx": "/v2"}

OUTSIDE = {
    ("telnyx", "GET", "/public_key"): "works in the vendor's own examples, but is not in its document",
    ("telnyx", "GET", "/phone_numbers/{id}/messaging"): "not in the documents at hand",
    ("telnyx", "PATCH", "/phone_numbers/{id}/messaging"): "not in the documents at hand",
    ("telnyx", "PATCH", "/sub_number_orders/{id}/cancel"): "not in the documents at hand",
}
"""Operations in use that no document describes, and why; they cannot be checked."""

_FORMATS = FormatChecker(formats=["uuid", "date-time"])
_METHODS = ("get", "post", "put", "patch", "delete")


class Violation(AssertionError):
    """A request or an answer that does not fit the vendor's document; the text names operation, place and reason."""


@dataclass(frozen=True)
class Operation:
    """One operation of one document."""

    carrier: str
    method: str
    template: str
    document: str

    def __str__(self) -> str:
        return f"{self.carrier} {self.method} {self.template}"

    @property
    def path(self) -> re.Pattern[str]:
        literal = re.split(r"\{[^}]+\}", self.template)
        return re.compile("[^/]+".join(re.escape(part) for part in literal))


def available() -> bool:
    """Whether all the documents are there."""
    return all((DIRECTORY / name).is_file() for names in DOCUMENTS.values() for name in names)


@cache
def document(name: str) -> dict[str, Any]:
    """The parsed document, put right where it contradicts itself."""
    parsed: dict[str, Any] = json.loads((DIRECTORY / name).read_text())
    if name == "ultravox.json":
        for schema in parsed["components"]["schemas"].values():
            fields = schema.get("properties", {})
            if fields.get("agentId", {}).get("nullable") and "agent" in fields:
                fields["agent"]["nullable"] = True  # a call made without an agent shows none in either field
    return parsed


@cache
def operations(carrier: str) -> tuple[Operation, ...]:
    return tuple(
        Operation(carrier, method.upper(), template, name)
        for name in DOCUMENTS[carrier]
        for template, item in document(name)["paths"].items()
        for method in item
        if method in _METHODS
    )


def find(carrier: str, method: str, url: str) -> Operation | None:
    """The operation a request belongs to; None for those in OUTSIDE. Raises Violation for an unknown one."""
    path = urlsplit(url).path.removeprefix(BASE_PATHS.get(carrier, ""))
    matching = [known for known in operations(carrier) if known.method == method and known.path.fullmatch(path)]
    if matching:
        # A literal path goes before one with a parameter in the same place.
        return min(matching, key=lambda known: known.template.count("{"))
    for outside in OUTSIDE:
        if Operation(*outside, document="").path.fullmatch(path) and outside[:2] == (carrier, method):
            return None
    raise Violation(f"{carrier} {method} {path}: no such operation in the vendor's document")


def validate_request(
    carrier: str, method: str, url: str, headers: Mapping[str, str], body: bytes | str | None
) -> Operation | None:
    """Checks path, query, content type and body. Returns the operation; raises Violation."""
    operation = find(carrier, method, url)
    if operation is None:
        return None
    definition, place = _definition(operation)
    item = document(operation.document)["paths"][operation.template]
    declared = [
        _resolved(operation, given) for given in [*item.get("parameters", []), *definition.get("parameters", [])]
    ]
    _check_path(operation, url, declared)
    _check_query(operation, url, declared)
    content = _resolved(operation, definition.get("requestBody", {})).get("content", {})
    if not body:
        if definition.get("requestBody", {}).get("required"):
            raise Violation(f"{operation}: a body is required")
        return operation
    kind = _content_type(headers)
    if kind not in content:
        raise Violation(f"{operation}: content type {kind!r} is not among {list(content)}")
    schema = content[kind]["schema"]
    text = body.decode() if isinstance(body, bytes) else body
    value = json.loads(text) if kind == "application/json" else _typed(operation, schema, dict(parse_qsl(text, True)))
    _check(operation, "request", f"{place} body", schema, value)
    return operation


def validate_response(
    carrier: str, method: str, url: str, status: int, headers: Mapping[str, str], body: bytes
) -> Operation | None:
    """Checks an answer. An error status the document doesn't list passes; a success it doesn't list is a Violation."""
    operation = find(carrier, method, url)
    if operation is None:
        return None
    definition, _ = _definition(operation)
    answers = definition["responses"]
    answer = answers.get(str(status)) or (answers.get("default") if status >= 400 else None)
    if answer is None:
        if status < 400:
            raise Violation(f"{operation}: success status {status} is not among {list(answers)}")
        return operation
    content = _resolved(operation, answer).get("content", {})
    if status == 204 and body:
        raise Violation(f"{operation}: {status} carries a body")
    if content:
        kind = _content_type(headers)
        if kind not in content:
            raise Violation(f"{operation}: {status} has content type {kind!r}, not one of {list(content)}")
        _check(operation, "response", f"{status} body", content[kind]["schema"], json.loads(body))
    return operation


def validate_webhook(carrier: str, name: str, body: bytes) -> None:
    """Checks an event the carrier sends. Raises Violation."""
    file = DOCUMENTS[carrier][0]
    schema = document(file)["webhooks"][name]["post"]["requestBody"]["content"]["application/json"]["schema"]
    _check(Operation(carrier, "POST", f"webhook {name}", file), "response", "body", schema, json.loads(body))


def hook(
    carrier: str, seen: Callable[[Operation, int], None] = lambda _operation, _status: None
) -> Callable[..., None]:
    """For `requests.Session().hooks["response"]`: checks every exchange of the session and reports it to `seen`.

    The request is checked only when it succeeded: a refused one may be wrong on purpose.
    """

    def check(response: requests.Response, **_: Any) -> None:
        request = response.request
        method, url = str(request.method), str(request.url)
        if response.ok:
            validate_request(carrier, method, url, request.headers, request.body)
        operation = validate_response(carrier, method, url, response.status_code, response.headers, response.content)
        if operation is not None:
            seen(operation, response.status_code)

    return check


def _definition(operation: Operation) -> tuple[dict[str, Any], str]:
    definition = document(operation.document)["paths"][operation.template][operation.method.lower()]
    return definition, str(operation)


def _resolved(operation: Operation, node: Any) -> Any:
    while isinstance(node, dict) and "$ref" in node:
        target: Any = document(operation.document)
        for part in node["$ref"].removeprefix("#/").split("/"):
            target = target[part.replace("~1", "/").replace("~0", "~")]
        node = target
    return node


def _content_type(headers: Mapping[str, str]) -> str:
    found = next((value for name, value in headers.items() if name.lower() == "content-type"), "")
    return found.partition(";")[0].strip().lower()


def _check_path(operation: Operation, url: str, declared: list[Any]) -> None:
    names = re.findall(r"\{([^}]+)\}", operation.template)
    literal = re.split(r"\{[^}]+\}", operation.template)
    path = urlsplit(url).path.removeprefix(BASE_PATHS.get(operation.carrier, ""))
    found = re.fullmatch("([^/]+)".join(re.escape(part) for part in literal), path)
    values = dict(zip(names, map(unquote, found.groups()), strict=True)) if found else {}
    for parameter in declared:
        if parameter["in"] == "path":
            _check(operation, "request", f"path {parameter['name']}", parameter["schema"], values[parameter["name"]])


def _check_query(operation: Operation, url: str, declared: list[Any]) -> None:
    known = {parameter["name"]: parameter for parameter in declared if parameter["in"] == "query"}
    values: dict[str, Any] = {}
    for key, text in parse_qsl(urlsplit(url).query, keep_blank_values=True):
        name, *inner = re.findall(r"[^\[\]]+", key)
        if name not in known:
            raise Violation(f"{operation}: unknown query parameter {key!r}")
        if bool(inner) != (known[name].get("style") == "deepObject"):
            raise Violation(f"{operation}: query parameter {key!r} has the wrong style")
        if not inner:
            values[name] = text
            continue
        target = values.setdefault(name, {})
        for part in inner[:-1]:
            target = target.setdefault(part, {})
        if key.endswith("[]"):
            target.setdefault(inner[-1], []).append(text)
        else:
            target[inner[-1]] = text
    for name, value in values.items():
        schema = known[name]["schema"]
        _check(operation, "request", f"query {name}", schema, _typed(operation, schema, value))
    missing = [name for name, parameter in known.items() if parameter.get("required") and name not in values]
    if missing:
        raise Violation(f"{operation}: missing query parameters {missing}")


def _typed(operation: Operation, schema: Any, value: Any) -> Any:
    """Text from a query or a form as the type its schema asks for, where it can be read as such."""
    schema = _resolved(operation, schema)
    if isinstance(value, dict):
        inner = schema.get("properties", {})
        return {name: _typed(operation, inner.get(name, {}), part) for name, part in value.items()}
    if isinstance(value, list):
        return [_typed(operation, schema.get("items", {}), part) for part in value]
    kind = schema.get("type")
    if kind == "integer" and re.fullmatch(r"-?\d+", value):
        return int(value)
    if kind == "boolean" and value in ("true", "false"):
        return value == "true"
    return value


def _check(operation: Operation, direction: str, place: str, schema: Any, value: Any) -> None:
    components = _components(operation.document, direction)
    root = {"components": components, "allOf": [_as_json_schema(operation.document, schema, direction)]}
    problems = list(Draft202012Validator(root, format_checker=_FORMATS).iter_errors(value))
    if problems:
        text = "; ".join(f"{problem.json_path} {problem.message[:300]}" for problem in problems[:5])
        raise Violation(f"{operation}: {place}: {text}")


@cache
def _components(name: str, direction: str) -> dict[str, Any]:
    schemas = document(name)["components"]["schemas"]
    return {"schemas": {key: _as_json_schema(name, schema, direction) for key, schema in schemas.items()}}


def _as_json_schema(name: str, schema: Any, direction: str) -> Any:
    """OpenAPI's own keywords in terms of JSON Schema: `nullable`, and `readOnly`/`writeOnly`, whose fields a request or
    an answer need not have. Objects are closed.
    """
    if isinstance(schema, list):
        return [_as_json_schema(name, part, direction) for part in schema]
    if not isinstance(schema, dict):
        return schema
    made = {
        key: _as_json_schema(name, part, direction) for key, part in schema.items() if key not in ("enum", "default")
    }
    if "enum" in schema:
        made["enum"] = [*schema["enum"], None] if schema.get("nullable") else schema["enum"]
    properties = schema.get("properties")
    if isinstance(properties, dict) and not isinstance(properties.get("type"), str):
        hidden = "readOnly" if direction == "request" else "writeOnly"
        if isinstance(schema.get("required"), list):
            made["required"] = [field for field in schema["required"] if not properties.get(field, {}).get(hidden)]
        if not {"additionalProperties", "unevaluatedProperties"} & set(schema):
            made["additionalProperties"] = False
    if direction == "response" and name == "twilio.json" and schema.get("type") == "number":
        # Twilio's schema says number where its own examples, and its live answers, show strings.
        made["type"] = ["number", "string"]
    if schema.get("nullable") is True:
        return {"anyOf": [made, {"type": "null"}]}
    return made
