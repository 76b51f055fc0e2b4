"""The native API: /api/relay/rest/phone_numbers. Buying takes a number and nothing else; handlers are set by a second
call.
"""

import hashlib
import re
from typing import Any
from urllib.parse import urlencode

from local.simulators.base import Answer, Call, Refused, Routes
from local.simulators.inventory import Stock
from local.simulators.signalwire.errors import plain, unprocessable
from local.simulators.store import Record, iso, public

routes = Routes()

_LIST = "/api/relay/rest/phone_numbers"
_DAY = 86400.0
RELEASE_BAN = 14 * _DAY
TRIAL_RELEASE_BAN = 30 * _DAY
NUMBERS_PER_PROJECT = 1000

_METHODS = ("GET", "POST")
_CHOICES: dict[str, tuple[str, ...]] = {
    "call_handler": (
        "relay_context",
        "relay_topic",
        "relay_script",
        "relay_application",
        "relay_connector",
        "relay_sip_endpoint",
        "relay_verto_endpoint",
        "laml_webhooks",
        "laml_application",
        "dialogflow",
        "video_room",
    ),
    "message_handler": ("relay_context", "relay_topic", "relay_application", "laml_webhooks", "laml_application"),
    "call_receive_mode": ("voice", "fax"),
    "call_request_method": _METHODS,
    "call_fallback_method": _METHODS,
    "call_status_callback_method": _METHODS,
    "message_request_method": _METHODS,
    "message_fallback_method": _METHODS,
}
_TEXTS = (
    "name",
    "call_request_url",
    "call_fallback_url",
    "call_status_callback_url",
    "call_laml_application_id",
    "call_dialogflow_agent_id",
    "call_relay_topic",
    "call_relay_topic_status_callback_url",
    "call_relay_script_url",
    "call_relay_context",
    "call_relay_context_status_callback_url",
    "call_relay_application",
    "call_relay_connector_id",
    "call_sip_endpoint_id",
    "call_verto_resource",
    "call_video_room_id",
    "message_request_url",
    "message_fallback_url",
    "message_laml_application_id",
    "message_relay_topic",
    "message_relay_context",
)
_NEVER_SHOWN = {"message_relay_application"}
"""A request may set it; no answer has it."""
_NEEDS = {
    ("call_handler", "laml_webhooks"): "call_request_url",
    ("call_handler", "relay_script"): "call_relay_script_url",
    ("message_handler", "laml_webhooks"): "message_request_url",
}
"""A handler is refused without the address it would ask."""


@routes("GET", _LIST)
def list_numbers(call: Call) -> Answer:
    """Newest first. Any page but the first needs the token that `links.next` carries."""
    size, page = call.query.get("page_size", "50"), call.query.get("page_number", "0")
    if not size.isdecimal() or not 1 <= int(size) <= 1000 or not page.isdecimal():
        raise Refused(plain(400))
    if int(page) > 0 and call.query.get("page_token") != _token(call, int(page)):
        raise Refused(plain(400))
    name, number = call.query.get("filter_name", "").lower(), call.query.get("filter_number", "")
    found = [
        public(record)
        for record in reversed(call.account["phone_numbers"].values())
        if record["_listed_at"] <= call.now and name in (record["name"] or "").lower() and number in record["number"]
    ]
    start = int(page) * int(size)
    links = {"self": _address(call, int(page), int(size)), "first": _address(call, 0, int(size))}
    if start + int(size) < len(found):
        links["next"] = _address(call, int(page) + 1, int(size))
    if int(page) > 0:
        links["prev"] = _address(call, int(page) - 1, int(size))
    return Answer(200, {"links": links, "data": found[start : start + int(size)]})


def _token(call: Call, page: int) -> str:
    return "PA" + hashlib.sha256(f"{call.account['project_id']} {page}".encode()).hexdigest()[:32]


def _address(call: Call, page: int, size: int) -> str:
    """Relative to the space."""
    kept = {name: value for name, value in call.query.items() if name.startswith("filter_")}
    token = {"page_token": _token(call, page)} if page else {}
    return f"{_LIST}?{urlencode(kept | {'page_number': page, 'page_size': size} | token)}"


@routes("POST", _LIST)
def buy(call: Call) -> Answer:
    body = _object(call)
    if extra := sorted(set(body) - {"number"}):
        raise Refused(unprocessable("invalid_parameter", f"{extra[0]} is not a parameter of a purchase"))
    number = body.get("number")
    if number is None:
        raise Refused(unprocessable("missing_required_parameter", "Number can't be blank"))
    if not isinstance(number, str) or not number.startswith("+"):
        raise Refused(unprocessable("not_e164", "Number must be in E.164 format"))
    if not re.fullmatch(r"\+[1-9]\d{6,14}", number):
        raise Refused(unprocessable("invalid_number_format", "Number is not a valid phone number"))
    if not number.startswith("+1"):
        raise Refused(unprocessable("unsupported_region", "Number is in a region that is not supported"))
    _check_account(call)
    for_sale = {item.number: item for item in call.simulator.for_sale()}
    if number not in for_sale:
        raise Refused(unprocessable("could_not_purchase", f"Could not purchase {number}", "Purchase Failed"))
    record = _record(call, for_sale[number])
    call.account["phone_numbers"][record["id"]] = record
    call.effect("number_bought", id=record["id"], phone_number=number)
    return Answer(200, public(record))


def _check_account(call: Call) -> None:
    owned = len(call.account["phone_numbers"])
    if call.flagged("no_funds"):
        raise Refused(
            unprocessable("insufficient_balance", "This account has an insufficient balance", "Insufficient Balance")
        )
    if call.flagged("not_in_plan"):
        raise Refused(unprocessable("not_allowed_on_subscription_plan", "Your plan does not allow this", "Not Allowed"))
    if owned >= NUMBERS_PER_PROJECT or (call.flagged("trial") and owned):
        raise Refused(
            unprocessable("account_limit_exceeded", "This account has as many numbers as it may have", "Limit")
        )


def _record(call: Call, item: Stock) -> Record:
    empty = dict.fromkeys((*_TEXTS, *_CHOICES))
    return {
        "id": call.simulator.uuid(),
        "number": item.number,
        "capabilities": list(item.features),
        "number_type": "toll-free" if item.type == "toll_free" else "longcode",
        "country_code": item.country,
        "e911_address_id": None,
        "e911_status": None,
        "calling_handler_resource_id": None,
        "messaging_handler_resource_id": None,
        "created_at": iso(call.now),
        "updated_at": iso(call.now),
        "next_billed_at": iso(call.now + 30 * _DAY),
        "_e164": item.number,
        "_bought_at": call.now,
        "_listed_at": call.listed_at,
    } | (empty | {"call_receive_mode": "voice"})


def _find(call: Call) -> Record:
    record: Record | None = call.account["phone_numbers"].get(call.path["id"])
    if record is None:
        raise Refused(plain(404))
    return record


@routes("GET", f"{_LIST}/<id>")
def show_number(call: Call) -> Answer:
    return Answer(200, public(_find(call)))


@routes("PUT", f"{_LIST}/<id>")
def update_number(call: Call) -> Answer:
    """Partial despite the method: what the body doesn't name stays."""
    record = _find(call)
    changes = _changes(_object(call))
    for (name, value), needed in _NEEDS.items():
        if changes.get(name) == value and not (record | changes)[needed]:
            raise Refused(unprocessable("missing_required_parameter", f"{needed} can't be blank"))
    record |= changes | {"updated_at": iso(call.now)}
    call.effect("number_updated", id=record["id"], phone_number=record["number"], fields=sorted(changes))
    return Answer(200, public(record))


def _changes(body: Record) -> Record:
    if unknown := sorted(set(body) - set(_CHOICES) - set(_TEXTS) - _NEVER_SHOWN):
        raise Refused(unprocessable("invalid_parameter", f"{unknown[0]} is not a parameter of a phone number"))
    for name, value in body.items():
        if name in _CHOICES and value not in _CHOICES[name]:
            raise Refused(unprocessable("invalid_parameter", f"{name} must be one of {', '.join(_CHOICES[name])}"))
        if name in _TEXTS and not isinstance(value, str):
            raise Refused(unprocessable("invalid_parameter", f"{name} must be a string"))
        if name.endswith("_url") and value and not re.match(r"https?://[^/\s]+", value):
            raise Refused(unprocessable("invalid_parameter", f"{name} is not a valid URL"))
    return {name: value for name, value in body.items() if name not in _NEVER_SHOWN}


@routes("DELETE", f"{_LIST}/<id>")
def release(call: Call) -> Answer:
    record = _find(call)
    ban = TRIAL_RELEASE_BAN if call.flagged("trial") else RELEASE_BAN
    if call.now < record["_bought_at"] + ban:
        detail = f"This number was purchased too recently: it can be released {ban / _DAY:.0f} days after its purchase"
        raise Refused(unprocessable("purchased_too_recently", detail, "Release Refused"))
    del call.account["phone_numbers"][record["id"]]
    call.simulator.rest_number(record["number"])
    call.effect("number_released", id=record["id"], phone_number=record["number"])
    return Answer(204)


def _object(call: Call) -> Record:
    body: Any = call.json()
    if not isinstance(body, dict):
        raise Refused(plain(400))
    return body
