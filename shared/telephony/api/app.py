"""The frame of every HTTP function: paths and methods, who may call, what a body may be, and how errors are answered.

Powertools routes and validates; around it stand the rules that it doesn't know: authentication before validation, 405
with `Allow`, 400 for every kind of bad body, one shape of error per family, `X-Request-Id` on every answer.

What needs the database is imported where a request needs it: a function without such routes starts in half the time.
"""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import quote, unquote

from aws_lambda_powertools.event_handler import APIGatewayHttpResolver, Response
from aws_lambda_powertools.event_handler.openapi.exceptions import RequestValidationError

from telephony import clock, startup
from telephony.api.access import ROUTES
from telephony.api.families import failure, family_of
from telephony.clock import Deadline
from telephony.errors import (
    Forbidden,
    InvalidRequest,
    MethodNotAllowed,
    NotFound,
    PayloadTooLarge,
    TelephonyError,
    Unauthenticated,
)
from telephony.observability import logger, redact, report_unexpected
from telephony.settings import public_base_url
from telephony.values import Principal, Role

BASE_PATH = "/api/v1"
MAX_BODY_BYTES = 64 * 1024
MAX_BODY_DEPTH = 32
"""Of objects and lists in each other: nothing documented nests deeper than five."""
MAX_FIELD_ERRORS = 20

Event = dict[str, Any]
Handler = Callable[..., Any]


@dataclass(frozen=True, slots=True)
class Caller:
    """What a handler knows of its request beside the parsed body."""

    principal: Principal
    deadline: Deadline
    public_base_url: str
    headers: Mapping[str, str]
    raw_body: bytes = b""
    """Of a route that takes its body as it was sent."""


@dataclass(frozen=True, slots=True)
class _Route:
    method: str
    pattern: re.Pattern[str]
    role: Role | None
    name: str
    raw: bool

    @property
    def path(self) -> str:
        return self.name.split(" ")[1]


class Door:
    """One Lambda function's routes. Call it with the event and the context."""

    def __init__(self) -> None:
        self._app = APIGatewayHttpResolver(
            enable_validation=True,
            strip_prefixes=[BASE_PATH],
            serializer=_to_json,
        )
        self._app.exception_handler(RequestValidationError)(_invalid)
        self._app.not_found(_unroutable)
        self._routes: list[_Route] = []

    @property
    def routes(self) -> list[str]:
        """`METHOD /path` of each route, as in `access.ROUTES`."""
        return [route.name for route in self._routes]

    @property
    def app(self) -> APIGatewayHttpResolver:
        """Powertools' resolver: for the OpenAPI document."""
        return self._app

    @property
    def caller(self) -> Caller:
        """The request being answered; for handlers."""
        caller: Caller = self._app.context["caller"]
        return caller

    def route(self, name: str, *, raw: bool = False, **openapi: Any) -> Callable[[Handler], Handler]:
        """Registers a handler for `METHOD /path/<parameter>`. Raises `KeyError` for a route without a role.

        With `raw` the handler finds the body's own bytes in `caller.raw_body`: what a signature was made over.
        """
        method, path = name.split(" ")
        self._routes.append(_Route(method, _pattern(path), ROUTES[name], name, raw))
        return self._app.route(path, method=[method], **openapi)

    def __call__(self, event: Event, context: Any) -> dict[str, Any]:
        startup.end()
        began = clock.now()
        request_id = event["requestContext"]["requestId"]
        path = _path(event)
        agency_id = code = caller = None
        if path.endswith("/") and path != "/":
            return _redirect(event, request_id)
        try:
            route = self._match(event["requestContext"]["http"]["method"], path)
            caller = _call(event, context, route)
            agency_id = caller.principal.agency_id if route.role else None
            if route.role:
                from telephony.services.identity import authorise

                authorise(caller.principal, route.role)
            raw = _raw_body(event)
            text = "" if route.raw or not raw else _json_object(raw, caller.headers)
            checked = _with_body(event, caller.headers, text)
            self._app.context["caller"] = replace(caller, raw_body=raw) if route.raw else caller
            answer = self._app.resolve(checked, context)
        except Exception as error:  # noqa: BLE001  whatever it is, the caller gets our shape of answer
            if not isinstance(error, TelephonyError):
                report_unexpected()
                error = TelephonyError("Internal server error")
            code = error.code
            if isinstance(error, Forbidden) and caller:
                from telephony.services.identity import record_refusal

                record_refusal(caller.principal, route.name, code)
            answer = _answer(error, path, request_id)
        headers = answer.setdefault("headers", {})
        headers["X-Request-Id"] = request_id
        headers.setdefault("Cache-Control", "no-store")  # it may hold a secret, or a webhook's whole URL
        logger.info(
            "request",
            extra={
                "route": event.get("routeKey"),
                "method": event["requestContext"]["http"]["method"],
                "status": answer["statusCode"],
                "code": code,
                "agency_id": agency_id,
                "request_id": request_id,
                "milliseconds": round((clock.now() - began) * 1000),
            },
        )
        return answer

    def _match(self, method: str, path: str) -> _Route:
        here = [route for route in self._routes if route.pattern.fullmatch(path)]
        if not here:
            raise NotFound("Not found", code="route_not_found", fix="See /api/v1/openapi.json for the routes.")
        for route in here:
            if route.method == method:
                return route
        raise MethodNotAllowed(_methods({route.path for route in here}))


def _methods(paths: Collection[str]) -> list[str]:
    """The methods of these paths, those that another function answers included."""
    return sorted({method for method, path in (name.split(" ") for name in ROUTES) if path in paths})


def _pattern(path: str) -> re.Pattern[str]:
    return re.compile("[^/]+".join(re.escape(part) for part in re.split(r"<\w+>", path)))


def _call(event: Event, context: Any, route: _Route) -> Caller:
    # The gateway sends names in lower case; `sam local start-api` leaves them as the client wrote them.
    headers = {name.lower(): value for name, value in event.get("headers", {}).items()}
    if route.role is None:
        principal = Principal("", Role.MEMBER, "anonymous", "token")
    else:
        from telephony.bootstrap import container

        principal = container().identity.authenticate(headers)
    return Caller(
        principal,
        Deadline.after(context.get_remaining_time_in_millis() / 1000),
        public_base_url() or _base_url(event),
        headers,
    )


def _path(event: Event) -> str:
    """The path below /api/v1, still percent-encoded; empty for one that is not below it."""
    raw: str = event["rawPath"]
    stage = event["requestContext"].get("stage", "$default")
    if stage != "$default":
        raw = raw.removeprefix(f"/{stage}")
    return raw.removeprefix(BASE_PATH) if raw.startswith(f"{BASE_PATH}/") else ""


def _base_url(event: Event) -> str:
    """Where this API is reached from outside: the gateway's own domain and stage, which a caller can't choose."""
    request = event["requestContext"]
    stage = "" if request.get("stage", "$default") == "$default" else f"/{request['stage']}"
    return f"https://{request['domainName']}{stage}{BASE_PATH}"


def _raw_body(event: Event) -> bytes:
    body = event.get("body") or ""
    raw = base64.b64decode(body) if event.get("isBase64Encoded") else body.encode()
    if len(raw) > MAX_BODY_BYTES:
        raise PayloadTooLarge(f"The body may have {MAX_BODY_BYTES // 1024} KB at most")
    return raw


def _with_body(event: Event, headers: Mapping[str, str], text: str) -> Event:
    """The event with `text` for its body.

    Powertools compares the content type literally and answers 415 by itself, even to a request without a body: it gets
    the one it knows.
    """
    return {**event, "headers": {**headers, "content-type": "application/json"}, "body": text, "isBase64Encoded": False}


def _json_object(raw: bytes, headers: Mapping[str, str]) -> str:
    """The body's text, known to be a JSON object in UTF-8."""
    content_type = headers.get("content-type", "")
    if content_type.split(";")[0].strip().lower() != "application/json":
        raise InvalidRequest("The body must be JSON, with Content-Type: application/json", code="invalid_content_type")
    try:
        text = raw.decode()
        parsed = json.loads(text)
    except (ValueError, RecursionError):
        raise InvalidRequest("The body is not valid JSON", code="invalid_json") from None
    if not isinstance(parsed, dict):
        raise InvalidRequest("The body must be a JSON object", code="invalid_json")
    if _deeper(parsed, MAX_BODY_DEPTH):
        raise InvalidRequest("The body is nested too deeply", code="invalid_json")
    return text


def _deeper(value: Any, levels: int) -> bool:
    """Whether objects and lists nest deeper than that. Not recursive: the value is anybody's."""
    level = [value]
    for _ in range(levels):
        nested = [each for each in level if isinstance(each, dict | list)]
        level = [inner for each in nested for inner in (each.values() if isinstance(each, dict) else each)]
    return any(isinstance(each, dict | list) for each in level)


def _unroutable(_error: Exception) -> Response[Any]:
    """Powertools takes fewer characters in a path than a path may have: what it can't route doesn't exist."""
    raise NotFound("Not found")


def _invalid(error: RequestValidationError) -> Response[Any]:
    errors = [
        {
            # The name of an unknown field is anybody's text: a value pasted into the wrong place, perhaps a key.
            "field": redact(".".join(str(part) for part in each["loc"][1:]) or str(each["loc"][0]))[:100],
            "message": each["msg"].removeprefix("Value error, "),
        }
        for each in error.errors()[:MAX_FIELD_ERRORS]
    ]
    text = "; ".join(f"{each['field']}: {each['message']}" for each in errors)
    raise InvalidRequest(text, code="validation_failed", errors=errors)


def _answer(error: TelephonyError, path: str, request_id: str) -> dict[str, Any]:
    status, body = failure(family_of(unquote(path)), error, request_id)
    headers = {"Content-Type": "application/json"}
    if isinstance(error, Unauthenticated):
        headers["WWW-Authenticate"] = 'Bearer realm="telephony"'
    if isinstance(error, MethodNotAllowed):
        headers["Allow"] = ", ".join(error.allowed)
    if error.retry_after is not None:
        headers["Retry-After"] = str(max(1, round(error.retry_after)))
    if error.replayed:
        headers["Idempotency-Replayed"] = "true"
    return {"statusCode": status, "headers": headers, "body": _to_json(body), "isBase64Encoded": False}


def _redirect(event: Event, request_id: str) -> dict[str, Any]:
    """308 keeps method and body: a path with a trailing slash works as the one without."""
    query = f"?{event['rawQueryString']}" if event.get("rawQueryString") else ""
    path = quote(event["rawPath"].rstrip("/"), safe="/%+:@!$&'()*,;=~")
    headers = {"Location": path + query, "X-Request-Id": request_id}
    return {"statusCode": 308, "headers": headers, "body": "", "isBase64Encoded": False}


def _to_json(value: Any) -> str:
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False)
