"""Answers as the document shows them: our errors by family and status, their codes, headers and examples."""

from __future__ import annotations

from collections.abc import Iterable
from http import HTTPStatus
from typing import Any

from telephony.api.access import ROUTES
from telephony.api.families import Family, failure, family_of
from telephony.errors import TelephonyError
from telephony.values import Role

from apidocs.calls import Call
from apidocs.codes import CODES, ROUTE_CODES, placed, usual_spelling
from apidocs.samples import FIELDS, PREFIX, sample

Schema = dict[str, Any]

_TEXT = {"type": "string"}

_COMMON: Schema = {
    "code": {**_TEXT, "pattern": "^[a-z_]+$", "description": "Stable; what clients branch on."},
    "request_id": {**_TEXT, "description": "That of X-Request-Id."},
    "retryable": {"type": "boolean", "description": "Whether the same request may work later."},
    "fix": {**_TEXT, "description": "What the caller can do, in a sentence."},
    "provider": _TEXT,
    "provider_code": {**_TEXT, "description": "The provider's own code."},
    "missing": {"type": "array", "items": _TEXT},
    "errors": {
        "type": "array",
        "items": {
            "type": "object",
            "properties": {"field": _TEXT, "message": _TEXT},
            "required": ["field", "message"],
        },
    },
    "operation_id": _TEXT,
    "retry_scheduled": {"type": "boolean", "description": "Whether the queue goes on with the operation."},
}
_REQUIRED = ["code", "request_id", "retryable"]
_STEPS: Schema = {
    "completed_steps": {"type": "array", "items": {"type": "object"}},
    "failed_at": {**_TEXT, "description": "The step that an operation stopped at; what was done before stays done."},
    "partial_data": {"type": "object"},
}
_HINT: Schema = {"hint": {**_TEXT, "description": "How to have it done all the same."}}


def _object(properties: Schema, required: list[str], description: str) -> Schema:
    return {"type": "object", "properties": properties, "required": required, "description": description}


SCHEMAS: Schema = {
    "IntegrationError": _object(
        {
            "success": {"type": "boolean", "const": False},
            "error": {**_TEXT, "description": "For people."},
            **_COMMON,
            **_STEPS,
            **_HINT,
            "telnyx_application_id": {**_TEXT, "description": "Of telephony that is provisioned."},
            "telnyx_outbound_profile_id": {**_TEXT, "description": "Of telephony that is provisioned."},
            "phone_numbers": {"type": "array", "items": _TEXT, "description": "Those on the application."},
        },
        ["success", "error", *_REQUIRED],
        "An error of the integration family.",
    ),
    "NumbersError": _object(
        {"detail": {**_TEXT, "description": "For people."}, **_COMMON},
        ["detail", *_REQUIRED],
        "An error of the numbers family.",
    ),
    "ConfigurationsError": _object(
        {
            "success": {"type": "boolean", "const": False},
            "error": _object(
                {"message": {**_TEXT, "description": "For people."}, **_COMMON},
                ["message", *_REQUIRED],
                "What went wrong.",
            ),
            "metadata": _object(
                {"timestamp": {"type": "integer", "description": "Milliseconds."}, "version": _TEXT},
                ["timestamp", "version"],
                "As in every answer of the family.",
            ),
        },
        ["success", "error", "metadata"],
        "An error of the configurations family.",
    ),
    "ProvidersError": _object(
        {
            "status_code": {"type": "integer"},
            "message": {**_TEXT, "description": "For people."},
            **_COMMON,
            **_STEPS,
            **_HINT,
            "used_by": {"type": "array", "items": _TEXT, "description": "What needs the configuration."},
        },
        ["status_code", "message", *_REQUIRED],
        "An error of the providers family.",
    ),
    "GatewayMessage": _object(
        {"message": _TEXT}, ["message"], "The gateway's own answer, when no function of ours was asked."
    ),
}

HEADERS: Schema = {
    "X-Request-Id": {"description": "Quote it when you report a problem.", "schema": _TEXT},
    "Allow": {"description": "The methods that the path takes.", "schema": _TEXT, "example": "GET, PATCH"},
    "Retry-After": {"description": "Seconds to wait before the next try.", "schema": {"type": "integer"}},
    "WWW-Authenticate": {"description": "How to authenticate.", "schema": _TEXT},
    "Idempotency-Replayed": {
        "description": "`true`: this is the answer of the first request with this Idempotency-Key.",
        "schema": {"type": "string", "enum": ["true"]},
    },
    "ETag": {"description": "For If-None-Match.", "schema": _TEXT},
    "Cache-Control": {"description": "How long it may be kept: `no-store`, but for files.", "schema": _TEXT},
    "Vary": {"description": "It may come compressed.", "schema": _TEXT},
    "Content-Security-Policy": {"description": "A page loads nothing from elsewhere.", "schema": _TEXT},
    "X-Content-Type-Options": {"description": "`nosniff`.", "schema": _TEXT},
    "Referrer-Policy": {"description": "`no-referrer`.", "schema": _TEXT},
}
_OURS = ("X-Request-Id", "Cache-Control")
"""Of every answer of a function."""
_OF_A_FILE = ("ETag", "Cache-Control", "Vary", "X-Content-Type-Options", "Referrer-Policy")

_SCHEMA_OF: Schema = {
    "GET /openapi.json": _object(
        {"openapi": {"type": "string", "const": "3.1.0"}, "paths": {"type": "object"}},
        ["openapi", "paths"],
        "This document.",
    )
}
"""Of what is read from a file, where no handler's type tells it."""

_WITH_RETRY_AFTER = {
    "too_many_operations",
    "provider_rate_limited",
    "outcome_unknown",
    "storage_unavailable",
    "identity_unavailable",
}
"""Codes of errors that know how long to wait; of the two of a carrier's, not each time."""
_ALIKE = {401, 405, 413, 429, 503}
_OF_THE_GATEWAY = {413, 429, 500, 503}


def of(name: str, described: Schema, call: Call | None, schemas: Schema, *, takes_input: bool) -> Schema:
    """The `responses` of an operation: its success, then every error it may be answered with."""
    found = _success(name, described, call, schemas)
    by_status: dict[int, list[str]] = {}
    for entry in _codes(name, described, call, takes_input=takes_input):
        status, code = (429, entry) if entry == "too_many_requests" else placed(name, entry)
        by_status.setdefault(status, []).append(code)
    if name == "GET /health":
        del by_status[503]
    family = family_of(name.split(" ")[1])
    for status in sorted(by_status):
        found[str(status)] = _error(family, status, by_status[status])
    if "Idempotency-Key" in (call.headers if call else ()):
        for replayed in found.keys() - {"400", "401", "405", "413", "429", "503"}:
            found[replayed]["headers"]["Idempotency-Replayed"] = _header("Idempotency-Replayed")
    return dict(sorted(found.items()))


def share(paths: Schema) -> Schema:
    """Components for the answers that are the same at every operation of a family, referred to from now on."""
    shared: Schema = {}
    for path, item in paths.items():
        family = family_of(path).name.title()
        for operation in item.values():
            for status, response in operation["responses"].items():
                name = f"{family}{HTTPStatus(int(status)).name.title().replace('_', '')}"
                if int(status) in _ALIKE and shared.setdefault(name, response) == response:
                    operation["responses"][status] = {"$ref": f"#/components/responses/{name}"}
    return shared


def _success(name: str, described: Schema, call: Call | None, schemas: Schema) -> Schema:
    status = next((each for each in call.statuses if each < 300), 200) if call else 200
    [(_, response)] = [each for each in described["responses"].items() if each[0].startswith("2")]
    answer: Schema = {"description": HTTPStatus(status).phrase, "headers": {each: _header(each) for each in _OURS}}
    if status == HTTPStatus.NO_CONTENT:
        return {"204": answer}
    if call and call.produces != "application/json":
        answer["content"] = {call.produces: {"schema": _TEXT}}
    else:
        schema = _SCHEMA_OF.get(name) or response["content"]["application/json"]["schema"]
        schema.pop("title", None)
        answer["content"] = {"application/json": {"schema": schema, "example": sample(schema, schemas)}}
    found = {str(status): answer}
    if name == "GET /health":
        content = answer["content"]["application/json"]
        well = {key: content["example"][key] for key in ("success", "version", "dependencies")}
        content["example"] = well  # the further keys are those of an error
        sick = {
            **well,
            "success": False,
            "dependencies": {"storage": "unavailable"},
            "detail": "A dependency does not answer",
            "code": "storage_unavailable",
            "request_id": FIELDS["request_id"][0],
            "retryable": True,
        }
        found["503"] = {
            "description": "A dependency does not answer.",
            "x-codes": ["storage_unavailable"],
            "headers": {**answer["headers"], "Retry-After": _header("Retry-After")},
            "content": {"application/json": {"schema": content["schema"], "example": sick}},
        }
    if name.startswith(("GET /docs", "GET /openapi.json", "GET /console")):
        page = () if name == "GET /docs/<asset>" else ("Content-Security-Policy",)
        answer["headers"] |= {each: _header(each) for each in (*_OF_A_FILE, *page)}
        found["304"] = {"description": HTTPStatus(304).phrase, "headers": answer["headers"]}
    return found


def _codes(name: str, described: Schema, call: Call | None, *, takes_input: bool) -> Iterable[str]:
    """The route's own first, then those that every route of its kind answers with."""
    yield from dict.fromkeys(ROUTE_CODES.get(usual_spelling(name), ()))
    role = ROUTES[name]
    is_raw = call is not None and call.body is not None and "requestBody" not in described
    if takes_input and not is_raw:
        yield "validation_failed"
    if role:
        yield from ("unauthenticated", "several_credentials", "not_an_agency_user", "identity_unavailable")
        if role > Role.MEMBER:
            yield "role_required"
    if "<" in name:
        yield "not_found"  # a character that no path may have
    if call is not None and call.body is not None:
        yield "payload_too_large"
        if not is_raw:
            yield from ("invalid_json", "invalid_content_type")
    yield from ("method_not_allowed", "too_many_requests", "internal_error", "storage_unavailable")


def _error(family: Family, status: int, codes: list[str]) -> Schema:
    ours = [code for code in codes if code in CODES]
    lines = [f"- `{code}`: {CODES[code][1]}" for code in ours]
    schemas = [{"$ref": PREFIX + f"{family.name.title()}Error"}] if ours else []
    if status in _OF_THE_GATEWAY:
        schemas.append({"$ref": PREFIX + "GatewayMessage"})
    if not ours:
        lines.append("- The gateway's own: all callers together send too much.")
    headers = list(_OURS) if ours else []
    headers += ["Allow"] if status == 405 else ["WWW-Authenticate"] if status == 401 else []
    headers += ["Retry-After"] if _WITH_RETRY_AFTER & set(ours) else []
    answer: Schema = {"description": f"{HTTPStatus(status).phrase}\n\n" + "\n".join(lines)}
    if ours:
        answer["x-codes"] = sorted(ours)
    answer["headers"] = {header: _header(header) for header in headers}
    schema = schemas[0] if len(schemas) == 1 else {"anyOf": schemas}
    example = _example(family, status, ours[0]) if ours else {"message": "Too Many Requests"}
    answer["content"] = {"application/json": {"schema": schema, "example": example}}
    return answer


def _classes(kind: type[TelephonyError]) -> Iterable[type[TelephonyError]]:
    yield kind
    for each in kind.__subclasses__():
        yield from _classes(each)


_RETRYABLE = {kind.code for kind in _classes(TelephonyError) if kind.retryable}


def _example(family: Family, status: int, code: str) -> Schema:
    error = TelephonyError(CODES[code][1].rstrip("."), code=code)
    error.http_status = status
    error.retryable = code in _RETRYABLE
    _, body = failure(family, error, FIELDS["request_id"][0])
    if "metadata" in body:
        body["metadata"]["timestamp"] = FIELDS["timestamp"][0]
    return body


def _header(name: str) -> Schema:
    return {"$ref": f"#/components/headers/{name}"}
