"""events/<function>/<call>.json: what a function gets for each call and from each trigger of the table.

`sam local invoke FUNCTION -e FILE` takes them once their variables (`${api_token}`) are filled in.
``python -m apidocs.events FUNCTION/CALL`` prints one so, with the values of .local/demo.json and the environment.
"""

from __future__ import annotations

import json
import os
import re
import sys
from typing import Any

from telephony.api.app import BASE_PATH

from apidocs.calls import CALLS, TRIGGERS, Call, Values, Var
from apidocs.door import ROOT
from local.payload import Request, event_of
from local.routing import Router
from local.template import SOURCE_TEMPLATE, Template

_DOMAIN = "telephony.example.com"
_TIME = {"time": "15/Jan/2026:09:00:00 +0000", "timeEpoch": 1768467600000}


def build() -> dict[str, str]:
    """The files' texts by path below events/. Raises `KeyError` for a call that the template routes nowhere."""
    template = Template(SOURCE_TEMPLATE, "telephony")
    router = Router(template.routes)
    made = [(*_of_call(call, router), call.id) for call in CALLS]
    made += [(trigger.function, trigger.event, trigger.id) for trigger in TRIGGERS]
    return {f"{function}/{name}.json": json.dumps(event, indent=2) + "\n" for function, event, name in made}


def _of_call(call: Call, router: Router) -> tuple[str, dict[str, Any]]:
    """The function that takes the call, and its event."""
    path, _, query = call.target(_reference).partition("?")
    body = call.text(_reference)
    headers = {"accept": "*/*", "host": _DOMAIN, "user-agent": "example"}
    if call.needs_token:
        headers["authorization"] = "Bearer ${api_token}"
    if body is not None:
        headers["content-type"] = call.content_type
    headers |= {
        name.lower(): _reference(value) if isinstance(value, Var) else value for name, value in call.headers.items()
    }
    match = router.match(call.method, BASE_PATH + path)
    if match is None or match.key == "$default":
        raise KeyError(f"The template has no route for {call.route}")
    raw_body = b"" if body is None else body.encode()
    request = Request(
        call.method, BASE_PATH + path, query, list(headers.items()), raw_body, "203.0.113.7", id="example="
    )
    event = event_of(request, match)
    event["requestContext"] |= _TIME
    if body is not None:  # as text, whatever its type, so that its variables can be filled in
        event |= {"body": body, "isBase64Encoded": False}
    return match.route.function, event


def _reference(var: Var) -> str:
    return f"${{{var.name}}}"


def fill(text: str, values: Values) -> str:
    """A file's text with its variables' values in it. Raises `KeyError` for one without."""
    return re.sub(r"\$\{(\w+)\}", lambda found: str(values[found[1]]), text)


def main() -> None:
    demo = ROOT / ".local" / "demo.json"
    values: Values = json.loads(demo.read_text()) if demo.exists() else {}
    given = {name.lower(): value for name, value in os.environ.items()}
    text = (ROOT / "events" / f"{sys.argv[1]}.json").read_text()
    try:
        print(fill(text, {**values, **given}), end="")
    except KeyError as missing:
        sys.exit(f"Set {missing.args[0].upper()} in the environment, or run `make serve` first.")


if __name__ == "__main__":
    main()
