"""Owned numbers: /phone_numbers, with their voice and messaging settings. A resource answers to its id and to its E.164
number.
"""

from typing import Any

from local.simulators import inventory
from local.simulators.base import Answer, Call, Filter, Refused, Routes
from local.simulators.store import Record, iso, public
from local.simulators.telnyx.errors import error, not_found
from local.simulators.telnyx.listing import listed, ordered, page

routes = Routes()

LEGACY_TYPES = {"local": "longcode", "toll_free": "tollfree"}
LEGACY_FOR = 60.0
"""For so many seconds after the purchase the number's type shows under an old name."""

_STATUSES = (
    "purchase-pending",
    "purchase-failed",
    "port-pending",
    "active",
    "deleted",
    "port-failed",
    "emergency-only",
    "ported-out",
    "port-out-pending",
)
_NOT_IN_DELETED = ("country_iso_alpha2", "emergency_status", "inbound_call_screening", "source_type")
_UPDATABLE = {
    "connection_id": str,
    "customer_reference": str,
    "billing_group_id": str,
    "external_pin": str,
    "address_id": str,
    "hd_voice_enabled": bool,
    "tags": list,
}
_VOICE = {
    "tech_prefix_enabled": False,
    "translated_number": "",
    "usage_payment_method": "pay-per-minute",
    "inbound_call_screening": "disabled",
    "caller_id_name_enabled": False,
    "call_forwarding": {"call_forwarding_enabled": True},
    "call_recording": {"inbound_call_recording_enabled": False},
    "cnam_listing": {"cnam_listing_enabled": False},
    "media_features": {"rtp_auto_adjust_enabled": True},
}


def _find(call: Call) -> Record:
    """By its id at once; by its number when lists show it."""
    asked = call.path["id"]
    by_id: Record | None = call.account["phone_numbers"].get(asked)
    by_number = (record for record in listed(call, "phone_numbers") if record["phone_number"] == asked)
    record = by_id or next(by_number, None)
    if record is None:
        raise Refused(not_found())
    return record


def _shown(call: Call, record: Record) -> Record:
    connections = call.account["applications"] | call.account["texml_applications"]
    connection = connections.get(record["connection_id"], {})
    shown = public(record) | {"connection_name": connection.get("application_name") or connection.get("friendly_name")}
    if call.now - record["_bought_at"] < LEGACY_FOR:
        shown["phone_number_type"] = LEGACY_TYPES.get(record["phone_number_type"], record["phone_number_type"])
    return shown


@routes("GET", "/v2/phone_numbers")
def list_phone_numbers(call: Call) -> Answer:
    if call.query.get("filter[status]", "active") not in _STATUSES:
        raise Refused(error(400, "10032", f"status must be one of {', '.join(_STATUSES)}.", "/filter/status"))
    wanted = call.query.get("filter[phone_number]")
    if wanted is not None and len(wanted) < 3:
        raise Refused(error(400, "10015", "filter[phone_number] must have at least 3 digits.", "/filter/phone_number"))
    filters: dict[str, Filter] = {
        # Compared with the digits alone: a value with a "+" finds nothing.
        "filter[phone_number]": lambda record, value: value in record["phone_number"].removeprefix("+"),
        "filter[status]": lambda record, value: record["status"] == value,
        "filter[connection_id]": lambda record, value: record["connection_id"] == value,
        "filter[customer_reference]": lambda record, value: record["customer_reference"] == value,
        "filter[billing_group_id]": lambda record, value: record["billing_group_id"] == value,
        "filter[tag]": lambda record, value: value in record["tags"],
        "filter[country_iso_alpha2]": lambda record, value: record["country_iso_alpha2"] == value,
        "filter[number_type][eq]": lambda record, value: record["phone_number_type"] == value,
    }
    asked = {name: accepts for name, accepts in filters.items() if name in call.query}
    found = [
        record
        for record in listed(call, "phone_numbers")
        if all(accepts(record, call.query[name]) for name, accepts in asked.items())
    ]
    fields = {"purchased_at": "purchased_at", "phone_number": "phone_number", "connection_name": "connection_id"}
    return page(call, (_shown(call, record) for record in ordered(call, found, fields, "-purchased_at")))


@routes("GET", "/v2/phone_numbers/<id>")
def show_phone_number(call: Call) -> Answer:
    return Answer(200, {"data": _shown(call, _find(call))})


@routes("PATCH", "/v2/phone_numbers/<id>")
def update_phone_number(call: Call) -> Answer:
    """An empty connection_id takes the number off its connection. messaging_profile_id is not a field of this request:
    it is ignored.
    """
    record = _find(call)
    body = _object(call)
    for name, kind in _UPDATABLE.items():
        if name in body and not isinstance(body[name], kind):
            raise Refused(error(422, "10001", f"{name} must be of type {kind.__name__}.", f"/{name}"))
    connection = body.get("connection_id")
    if connection and connection not in call.account["applications"] | call.account["texml_applications"]:
        raise Refused(error(422, "10027", f"Connection {connection} does not exist.", "/connection_id"))
    changes = {name: value for name, value in body.items() if name in _UPDATABLE and name != "address_id"}
    if connection == "":
        changes["connection_id"] = None
    record |= changes | {"updated_at": iso(call.now)}
    call.effect("number_updated", id=record["id"], phone_number=record["phone_number"], fields=sorted(changes))
    return Answer(200, {"data": _shown(call, record)})


@routes("DELETE", "/v2/phone_numbers/<id>")
def delete_phone_number(call: Call) -> Answer:
    """200 with the record; what is unset is absent from it, and its type has its present name."""
    record = _find(call)
    if record["deletion_lock_enabled"]:
        raise Refused(error(422, "10027", "The phone number is locked against deletion.", "/deletion_lock_enabled"))
    del call.account["phone_numbers"][record["id"]]
    call.simulator.rest_number(record["phone_number"])
    call.effect("number_released", id=record["id"], phone_number=record["phone_number"])
    shown = public(record).items()
    left = {name: value for name, value in shown if value is not None and name not in _NOT_IN_DELETED}
    return Answer(200, {"data": left | {"status": "deleted", "updated_at": iso(call.now)}})


@routes("GET", "/v2/phone_numbers/<id>/voice")
def show_voice(call: Call) -> Answer:
    return Answer(200, {"data": _voice(_find(call))})


@routes("PATCH", "/v2/phone_numbers/<id>/voice")
def update_voice(call: Call) -> Answer:
    """Call settings; connection_id is read-only here and ignored."""
    record = _find(call)
    changes = {name: value for name, value in _object(call).items() if name in _VOICE}
    for name, value in changes.items():
        if not isinstance(value, type(_VOICE[name])):
            raise Refused(error(422, "10001", f"{name} must be of type {type(_VOICE[name]).__name__}.", f"/{name}"))
    record["_voice"] |= changes
    record["updated_at"] = iso(call.now)
    call.effect("number_voice_updated", id=record["id"], phone_number=record["phone_number"], fields=sorted(changes))
    return Answer(200, {"data": _voice(record)})


def _voice(record: Record) -> Record:
    identity = {"id": record["id"], "record_type": "voice_settings", "phone_number": record["phone_number"]}
    emergency = {"emergency_enabled": record["emergency_enabled"], "emergency_status": record["emergency_status"]}
    held = {"connection_id": record["connection_id"] or "", "customer_reference": record["customer_reference"] or ""}
    settings: dict[str, Any] = _VOICE | record["_voice"]
    del settings["caller_id_name_enabled"]  # may be set, is not shown
    return identity | held | settings | {"emergency": emergency}


@routes("GET", "/v2/phone_numbers/<id>/messaging")
def show_messaging(call: Call) -> Answer:
    return Answer(200, {"data": _messaging(_find(call))})


@routes("PATCH", "/v2/phone_numbers/<id>/messaging")
def update_messaging(call: Call) -> Answer:
    """Assigns a messaging profile; an empty messaging_profile_id takes it away."""
    record = _find(call)
    profile = _object(call).get("messaging_profile_id")
    if not isinstance(profile, str):
        raise Refused(error(422, "10004", "messaging_profile_id must be a string.", "/messaging_profile_id"))
    record |= {"messaging_profile_id": profile or None, "updated_at": iso(call.now)}
    call.effect("number_messaging_updated", id=record["id"], phone_number=record["phone_number"])
    return Answer(200, {"data": _messaging(record)})


def _messaging(record: Record) -> Record:
    features = inventory.stock("telnyx")[record["phone_number"]].features
    return {
        "id": record["id"],
        "record_type": "messaging_settings",
        "phone_number": record["phone_number"],
        "messaging_profile_id": record["messaging_profile_id"],
        "country_code": record["country_iso_alpha2"],
        "type": record["phone_number_type"],
        "features": {"sms": {"domestic_two_way": True} if "sms" in features else None, "mms": None},
        "created_at": record["created_at"],
        "updated_at": record["updated_at"],
    }


def _object(call: Call) -> Record:
    body = call.json()
    if not isinstance(body, dict):
        raise Refused(error(400, "10015", "The request body must be a JSON object.", "/"))
    return body
