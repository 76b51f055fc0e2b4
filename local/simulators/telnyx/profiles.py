"""Outbound voice profiles: /outbound_voice_profiles."""

from local.simulators.base import Answer, Call, Refused, Routes
from local.simulators.store import Record, iso
from local.simulators.telnyx.errors import UNPROCESSABLE, error
from local.simulators.telnyx.listing import containing, find, listed, ordered, page, shown, stamps
from local.simulators.telnyx.schemas import PROFILE, PROFILE_DEFAULTS

routes = Routes()

_SORTS = ("enabled", "created_at", "name", "service_plan", "traffic_type", "usage_payment_method")


def _connections(call: Call, profile_id: str) -> int:
    connections = [*call.account["applications"].values(), *call.account["texml_applications"].values()]
    return sum(record["outbound"].get("outbound_voice_profile_id") == profile_id for record in connections)


def _counted(call: Call, record: Record) -> Record:
    return record | {"connections_count": _connections(call, record["id"])}


def _checked(call: Call) -> Record:
    """Refused with an empty 422 for a bad body, and for more concurrent calls than the account may have."""
    body = PROFILE.accepted(call.json())
    if body is None or (body.get("concurrent_call_limit") or 0) > call.account["concurrent_call_limit"]:
        raise Refused(UNPROCESSABLE)
    return body


@routes("GET", "/v2/outbound_voice_profiles")
def list_profiles(call: Call) -> Answer:
    found = containing(call, listed(call, "outbound_voice_profiles"), "name", "filter[name][contains]")
    sorted_records = ordered(call, found, {name: name for name in _SORTS}, "-created_at")
    return page(call, (_counted(call, record) for record in sorted_records))


@routes("POST", "/v2/outbound_voice_profiles")
def create_profile(call: Call) -> Answer:
    body = _checked(call)
    identity = {"id": call.simulator.numeric_id(), "record_type": "outbound_voice_profile"}
    record = identity | PROFILE_DEFAULTS | stamps(call) | body
    call.account["outbound_voice_profiles"][record["id"]] = record
    call.effect("profile_created", id=record["id"], name=record["name"])
    return shown(_counted(call, record))


@routes("GET", "/v2/outbound_voice_profiles/<id>")
def show_profile(call: Call) -> Answer:
    return shown(_counted(call, find(call, "outbound_voice_profiles")))


@routes("PATCH", "/v2/outbound_voice_profiles/<id>")
def update_profile(call: Call) -> Answer:
    record = find(call, "outbound_voice_profiles")
    body = _checked(call)
    record |= body | {"updated_at": iso(call.now)}
    call.effect("profile_updated", id=record["id"], fields=sorted(body))
    return shown(_counted(call, record))


@routes("DELETE", "/v2/outbound_voice_profiles/<id>")
def delete_profile(call: Call) -> Answer:
    record = find(call, "outbound_voice_profiles")
    if _connections(call, record["id"]):
        raise Refused(error(422, "10021", "The outbound voice profile can not be removed as it is still in use."))
    del call.account["outbound_voice_profiles"][record["id"]]
    call.effect("profile_deleted", id=record["id"])
    return shown(record | {"connections_count": 0})
