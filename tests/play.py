"""Plays the documented calls in their order, whatever carries them: a handler in process, `sam local`, curl."""

from __future__ import annotations

import re
import time
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import jsonschema
import requests

from apidocs.calls import CALLS, Call, Var
from local.simulators import demo_accounts as demo
from local.simulators.signing import telnyx_headers

Values = dict[str, str | int]


@dataclass(frozen=True)
class Played:
    call: Call
    status: int
    body: Any
    """Parsed, where it is JSON."""
    headers: dict[str, str]
    """By lower-case name."""


def starting_values(
    *, api_token: str, agency_id: str, org_handle: str, product_id: int, telnyx_base_url: str
) -> Values:
    """What the first calls need, in a world with the demo accounts."""
    return {
        "api_token": api_token,
        "agency_id": agency_id,
        "org_handle": org_handle,
        "product_id": product_id,
        "idempotency_key": str(uuid.uuid4()),
        "telnyx_api_key": demo.TELNYX_API_KEY,
        "telnyx_public_key": demo.TELNYX_PUBLIC_KEY,
        "telnyx_account_sid": demo.TELNYX_ACCOUNT_SID,
        "twilio_account_sid": demo.TWILIO_ACCOUNT_SID,
        "twilio_auth_token": demo.TWILIO_AUTH_TOKEN,
        "ultravox_api_key": demo.ULTRAVOX_API_KEY,
        "ultravox_agent_id": demo.ULTRAVOX_AGENT_ID,
        "carrier_number": bought_by_hand(telnyx_base_url),
    }


def bought_by_hand(telnyx_base_url: str) -> str:
    """A number that somebody has just bought in Telnyx' own portal: what there is to import."""
    with requests.Session() as telnyx:
        telnyx.headers["Authorization"] = f"Bearer {demo.TELNYX_API_KEY}"
        found = telnyx.get(f"{telnyx_base_url}/available_phone_numbers?filter[country_code]=US", timeout=10).json()
        number: str = found["data"][-1]["phone_number"]
        ordered = telnyx.post(
            f"{telnyx_base_url}/number_orders", json={"phone_numbers": [{"phone_number": number}]}, timeout=10
        )
        ordered.raise_for_status()
    return number


def play(
    values: Values,
    carry: Callable[[Call, Values], tuple[int, Any, dict[str, str]]],
    *,
    settle: Callable[[Values], None],
    now: Callable[[], float] = time.time,
) -> Iterator[Played]:
    """Makes each call and yields what came back. `values` grows by what the answers give.

    `settle` waits until the queue has nothing left to do.
    """
    for call in CALLS:
        if call.signed_by == "telnyx":
            signed = telnyx_headers(demo.TELNYX_API_KEY, _body(call, values).encode(), int(now()))
            values["telnyx_signature"] = signed["telnyx-signature-ed25519"]
            values["telnyx_timestamp"] = signed["telnyx-timestamp"]
        played = Played(call, *carry(call, values))
        yield played
        if call.again_with:
            others = {name: values[other] for name, other in call.again_with.items()}
            assert carry(call, values | others)[0] == played.status
        if played.status < 300:
            values |= {name: pick(played.body) for name, pick in call.saves.items()}
        if call.settles:
            settle(values)


def _body(call: Call, values: Values) -> str:
    return call.text(lambda var: str(values[var.name])) or ""


def filled(call: Call, values: Values) -> tuple[str, str | None, dict[str, str]]:
    """Path, body and headers of a call with the values in it."""

    def fill(value: Var | str) -> str:
        return str(values[value.name]) if isinstance(value, Var) else value

    return call.target(fill), call.text(fill), {name: fill(value) for name, value in call.headers.items()}


def undocumented(played: Played, document: dict[str, Any]) -> str:
    """What the OpenAPI document does not say of an answer: its status, or where its body is of another shape; empty if
    all is as documented."""
    if played.status not in played.call.statuses:
        return f"the status is none of {played.call.statuses}"
    path = re.sub(r"<(\w+)>", r"{\1}", played.call.route.split(" ")[1])
    described = document["paths"][path][played.call.method.lower()]["responses"][str(played.status)]
    if "$ref" in described:
        described = document["components"]["responses"][described["$ref"].rsplit("/", 1)[1]]
    if "content" not in described:
        return "" if not played.body else "a body where there is none"
    [content] = described["content"].values()
    schema = content["schema"] | {"components": document["components"]}
    wrong = jsonschema.Draft202012Validator(schema).iter_errors(played.body)
    return "; ".join(f"{each.json_path}: {each.message}" for each in wrong)
