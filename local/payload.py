"""Payload format 2.0 of HTTP APIs: the event that a function gets, and what its answer becomes.

https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-develop-integrations-lambda.html
"""

import base64
import datetime
import json
import uuid
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl

from local.cloudformation import ACCOUNT
from local.routing import Match

_TEXT_TYPES = ("application/json", "application/javascript", "application/xml")


@dataclass(frozen=True)
class Request:
    method: str
    raw_path: str  # as sent, still percent-encoded
    raw_query: str
    headers: list[tuple[str, str]]
    body: bytes
    source_ip: str
    protocol: str = "HTTP/1.1"
    id: str = field(default_factory=lambda: uuid.uuid4().hex)

    def header(self, name: str) -> str | None:
        return _joined(self.headers).get(name)


@dataclass(frozen=True)
class Answer:
    status: int
    headers: list[tuple[str, str]]
    body: bytes


class MalformedAnswer(Exception):
    """The function answered something that API Gateway cannot make a response of."""


def event_of(request: Request, match: Match) -> dict[str, Any]:
    """The event for a function. Keys that have nothing to say are absent, as from the real gateway."""
    headers = _joined(request.headers)
    cookies = headers.pop("cookie", None)
    now = datetime.datetime.now(datetime.UTC)
    host = headers.get("host", "")
    event: dict[str, Any] = {
        "version": "2.0",
        "routeKey": match.key,
        "rawPath": request.raw_path,
        "rawQueryString": request.raw_query,
        "headers": headers | {"x-forwarded-for": request.source_ip, "x-forwarded-proto": "http"},
        "requestContext": {
            "accountId": ACCOUNT,
            "apiId": "local",
            "domainName": host,
            "domainPrefix": host.partition(".")[0],
            "http": {
                "method": request.method,
                "path": request.raw_path,
                "protocol": request.protocol,
                "sourceIp": request.source_ip,
                "userAgent": headers.get("user-agent", ""),
            },
            "requestId": request.id,
            "routeKey": match.key,
            "stage": "$default",
            "time": now.strftime("%d/%b/%Y:%H:%M:%S +0000"),
            "timeEpoch": int(now.timestamp() * 1000),
        },
        "isBase64Encoded": False,
    }
    if cookies is not None:
        event["cookies"] = cookies.split("; ")
    if request.raw_query:
        event["queryStringParameters"] = _joined(parse_qsl(request.raw_query, keep_blank_values=True), lower=False)
    if match.parameters:
        event["pathParameters"] = match.parameters
    if request.body:
        event |= _body(request.body, headers.get("content-type", ""))
    return event


def _joined(pairs: Iterable[tuple[str, str]], *, lower: bool = True) -> dict[str, str]:
    """Repeated names as one, their values joined by commas."""
    joined: dict[str, str] = {}
    for name, value in pairs:
        key = name.lower() if lower else name
        joined[key] = f"{joined[key]},{value}" if key in joined else value
    return joined


def _body(body: bytes, content_type: str) -> dict[str, Any]:
    kind = content_type.partition(";")[0].strip().lower()
    if kind.startswith("text/") or kind in _TEXT_TYPES:
        try:
            return {"body": body.decode()}
        except UnicodeDecodeError:
            pass  # declared as text, but it isn't: sent as binary, like any other type
    return {"body": base64.b64encode(body).decode(), "isBase64Encoded": True}


def answer_of(payload: bytes) -> Answer:
    """The response for what a function returned. Raises MalformedAnswer."""
    returned = json.loads(payload)
    if not isinstance(returned, dict) or "statusCode" not in returned:
        # AWS infers 200 and JSON.
        return Answer(200, [("content-type", "application/json")], payload)
    try:
        headers = [(name.lower(), str(value)) for name, value in (returned.get("headers") or {}).items()]
        headers += [("set-cookie", cookie) for cookie in returned.get("cookies") or ()]
        for name, value in headers:
            f"{name}: {value}".encode("latin-1")
            if "\r" in value or "\n" in value:
                raise ValueError(f"the header {name} has more than one line")
        status, body = int(returned["statusCode"]), returned.get("body") or ""
        content = base64.b64decode(body, validate=True) if returned.get("isBase64Encoded") else body.encode()
    except (TypeError, ValueError, AttributeError) as error:
        raise MalformedAnswer(str(error)) from error
    if not 200 <= status <= 599:
        raise MalformedAnswer(f"status {status}")
    if not any(name == "content-type" for name, _ in headers):
        headers.append(("content-type", "text/plain;charset=UTF-8"))
    return Answer(status, headers, content)
