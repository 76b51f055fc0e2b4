"""Health, the API's documentation, and what no other function answers: a slash too many (308), an unknown path."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import aws_lambda_powertools
from aws_lambda_powertools.event_handler import Response
from telephony.api import assets
from telephony.api.app import Door
from telephony.api.site import HealthResponse
from telephony.errors import NotFound, StorageUnavailable

STATIC = Path(__file__).parent / "static"
SWAGGER_UI = Path(aws_lambda_powertools.__file__).parent / "event_handler" / "openapi" / "swagger_ui"

JAVASCRIPT, CSS, HTML = (f"text/{kind}; charset=utf-8" for kind in ("javascript", "css", "html"))

ASSETS = {
    "docs.js": (STATIC / "docs.js", JAVASCRIPT),
    "docs.css": (STATIC / "docs.css", CSS),
    "console.js": (STATIC / "console.js", JAVASCRIPT),
    "console.css": (STATIC / "console.css", CSS),
    "swagger-ui.js": (SWAGGER_UI / "swagger-ui-bundle.min.js", JAVASCRIPT),
    "swagger-ui.css": (SWAGGER_UI / "swagger-ui.min.css", CSS),
}

door = Door()


@door.route("GET /health")
def health() -> HealthResponse:
    """Version and reachable dependencies; needs no credential. 503 while one doesn't answer."""
    from telephony.bootstrap import container  # all else that this function answers needs no database

    found = container().health()
    if not found.pop("healthy"):
        raise StorageUnavailable("A dependency does not answer", success=False, **found)
    return HealthResponse(success=True, **found)


@door.route("GET /openapi.json")
def openapi() -> Response[str]:
    """This API as an OpenAPI 3.1 document."""
    return assets.answer(STATIC / "openapi.json", "application/json", door.caller.headers, page=True)


@door.route("GET /docs")
def docs() -> Response[str]:
    """This API's documentation as a page, on which each operation can be tried out."""
    return assets.answer(STATIC / "docs.html", HTML, door.caller.headers, page=True)


@door.route("GET /docs/<asset>")
def docs_asset(asset: str) -> Response[str]:
    """What the pages load."""
    if asset not in ASSETS:
        raise NotFound("Not found")
    return assets.answer(*ASSETS[asset], door.caller.headers)


@door.route("GET /console")
def console() -> Response[str]:
    """A page that shows an agency's status, numbers and operations, with a token that is pasted into it."""
    return assets.answer(STATIC / "console.html", HTML, door.caller.headers, page=True)


def lambda_handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    return door(event, context)
