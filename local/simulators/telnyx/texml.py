"""TeXML applications: /texml_applications. Ultravox calls out through one of these."""

from local.simulators.base import Answer, Call, Refused, Routes
from local.simulators.store import Record, iso
from local.simulators.telnyx.applications import merged, refuse_if_in_use
from local.simulators.telnyx.errors import error
from local.simulators.telnyx.listing import find, listed, ordered, page, shown, stamps
from local.simulators.telnyx.schemas import TEXML_APPLICATION, TEXML_DEFAULTS

routes = Routes()


def _checked(call: Call) -> Record:
    """Refused with 422 and, unlike call control, a body that names the first problem."""
    value = call.json()
    body = TEXML_APPLICATION.accepted(value)
    if body is None:
        problem = TEXML_APPLICATION.problem(value)
        code = "10004" if problem.validator == "required" else "10032" if problem.validator == "enum" else "10027"
        pointer = "/" + "/".join(str(part) for part in problem.absolute_path)
        raise Refused(error(422, code, problem.message, pointer))
    profile = body.get("outbound", {}).get("outbound_voice_profile_id")
    if profile and profile not in call.account["outbound_voice_profiles"]:
        raise Refused(
            error(422, "10027", "The outbound voice profile does not exist.", "/outbound/outbound_voice_profile_id")
        )
    return body


@routes("GET", "/v2/texml_applications")
def list_texml_applications(call: Call) -> Answer:
    found = listed(call, "texml_applications")
    if name := call.query.get("filter[friendly_name]"):
        found = [record for record in found if name.lower() in record["friendly_name"].lower()]
    if profile := call.query.get("filter[outbound_voice_profile_id]"):
        found = [record for record in found if record["outbound"].get("outbound_voice_profile_id") == profile]
    fields = {name: name for name in ("created_at", "friendly_name", "active")}
    return page(call, ordered(call, found, fields, "created_at"), default_size=250)


@routes("POST", "/v2/texml_applications")
def create_texml_application(call: Call) -> Answer:
    body = _checked(call)
    identity = {"id": call.simulator.numeric_id(), "record_type": "texml_application"}
    record = merged(identity | TEXML_DEFAULTS | stamps(call), body)
    call.account["texml_applications"][record["id"]] = record
    call.effect("texml_application_created", id=record["id"], name=record["friendly_name"])
    return shown(record, 201)


@routes("GET", "/v2/texml_applications/<id>")
def show_texml_application(call: Call) -> Answer:
    return shown(find(call, "texml_applications"))


@routes("PATCH", "/v2/texml_applications/<id>")
def update_texml_application(call: Call) -> Answer:
    record = find(call, "texml_applications")
    body = _checked(call)
    record |= merged(record, body) | {"updated_at": iso(call.now)}
    call.effect("texml_application_updated", id=record["id"], fields=sorted(body))
    return shown(record)


@routes("DELETE", "/v2/texml_applications/<id>")
def delete_texml_application(call: Call) -> Answer:
    record = find(call, "texml_applications")
    refuse_if_in_use(call, record["id"])
    del call.account["texml_applications"][record["id"]]
    call.effect("texml_application_deleted", id=record["id"])
    return shown(record)
