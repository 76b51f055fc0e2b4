"""Call control applications: /call_control_applications."""

from local.simulators.base import Answer, Call, Refused, Routes
from local.simulators.store import Record, iso
from local.simulators.telnyx.errors import UNPROCESSABLE, error
from local.simulators.telnyx.listing import containing, find, listed, ordered, page, shown, stamps
from local.simulators.telnyx.schemas import APPLICATION, APPLICATION_DEFAULTS, INBOUND_DEFAULTS

routes = Routes()


def checked(call: Call, body: Record | None) -> Record:
    """A connection's body whose outbound voice profile exists. Refused with an empty 422 otherwise."""
    if body is None:
        raise Refused(UNPROCESSABLE)
    profile = body.get("outbound", {}).get("outbound_voice_profile_id")
    if profile and profile not in call.account["outbound_voice_profiles"]:
        raise Refused(UNPROCESSABLE)
    return body


def merged(record: Record, body: Record) -> Record:
    """The record after an update: top-level fields merge, a nested object is replaced whole. (Telnyx doesn't say which
    it does; replacing is what a client has to be prepared for.)
    """
    inbound: Record = body["inbound"] if "inbound" in body else record.get("inbound", {})
    return (
        record
        | body
        | {"inbound": INBOUND_DEFAULTS | inbound, "outbound": body.get("outbound", record.get("outbound", {}))}
    )


def refuse_if_in_use(call: Call, connection_id: str) -> None:
    """Refuses to delete a connection that phone numbers are assigned to."""
    if any(number["connection_id"] == connection_id for number in call.account["phone_numbers"].values()):
        raise Refused(error(422, "10021", "The connection can not be removed as it is still in use by phone numbers."))


@routes("GET", "/v2/call_control_applications")
def list_applications(call: Call) -> Answer:
    found = containing(call, listed(call, "applications"), "application_name", "filter[application_name][contains]")
    if profile := call.query.get("filter[outbound.outbound_voice_profile_id]"):
        found = [record for record in found if record["outbound"].get("outbound_voice_profile_id") == profile]
    fields = {"created_at": "created_at", "connection_name": "application_name", "active": "active"}
    return page(call, ordered(call, found, fields, "created_at"))


@routes("POST", "/v2/call_control_applications")
def create_application(call: Call) -> Answer:
    body = checked(call, APPLICATION.accepted(call.json()))
    record = merged(
        {"id": call.simulator.numeric_id(), "record_type": "call_control_application"}
        | APPLICATION_DEFAULTS
        | stamps(call),
        body,
    )
    call.account["applications"][record["id"]] = record
    call.effect("application_created", id=record["id"], name=record["application_name"])
    return shown(record, 201)


@routes("GET", "/v2/call_control_applications/<id>")
def show_application(call: Call) -> Answer:
    return shown(find(call, "applications"))


@routes("PATCH", "/v2/call_control_applications/<id>")
def update_application(call: Call) -> Answer:
    record = find(call, "applications")
    body = checked(call, APPLICATION.accepted(call.json()))
    record |= merged(record, body) | {"updated_at": iso(call.now)}
    call.effect("application_updated", id=record["id"], fields=sorted(body))
    return shown(record)


@routes("DELETE", "/v2/call_control_applications/<id>")
def delete_application(call: Call) -> Answer:
    record = find(call, "applications")
    refuse_if_in_use(call, record["id"])
    del call.account["applications"][record["id"]]
    call.effect("application_deleted", id=record["id"])
    return shown(record)
