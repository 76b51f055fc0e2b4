"""Agents and the calls they take: /api/agents, /api/agents/{id}/calls, /api/calls."""

import base64
import re
from typing import Any
from urllib.parse import urlencode

from local.simulators.base import Answer, Call, Refused, Routes
from local.simulators.store import Record, iso, public
from local.simulators.ultravox.errors import detail, invalid, not_found
from local.simulators.ultravox.fields import Rule, checked, flag, mapping, text

routes = Routes()

_MEDIA = ("webRtc", "twilio", "serverWebSocket", "telnyx", "plivo", "exotel", "sip")


def _medium(value: Any) -> list[str]:
    if not isinstance(value, dict) or len(value) != 1 or next(iter(value)) not in _MEDIA:
        return [f"Exactly one of {', '.join(_MEDIA)} must be set."]
    return []


def _duration(value: Any) -> list[str]:
    return (
        [] if isinstance(value, str) and re.fullmatch(r"\d+(\.\d{1,9})?s", value) else ["Must be a duration like 600s."]
    )


def _metadata(value: Any) -> list[str]:
    if wrong := mapping(value):
        return wrong
    bad = [key for key, entry in value.items() if not isinstance(entry, str) or key.startswith("ultravox.")]
    return [f"{key}: a string is needed, and no key may begin with ultravox." for key in bad]


_CALL: dict[str, Rule] = {
    "medium": _medium,
    "metadata": _metadata,
    "joinTimeout": _duration,
    "maxDuration": _duration,
    "recordingEnabled": flag,
    "firstSpeakerSettings": mapping,
    "callbacks": mapping,
    "initialState": mapping,
    "experimentalSettings": mapping,
}
_AGENT_CALL = _CALL | {"templateContext": mapping}
_PLAIN_CALL = _CALL | {"systemPrompt": text(), "model": text(), "voice": text()}


def paged(call: Call, records: list[Record], default_size: int = 20) -> Answer:
    """{"next", "previous", "results", "total"}; the cursor is opaque and stands in the `next` and `previous`
    addresses.
    """
    size = call.query.get("pageSize", str(default_size))
    cursor = call.query.get("cursor", "")
    if not size.isdecimal() or int(size) < 1:
        raise Refused(invalid({"pageSize": ["A valid integer is required."]}))
    try:
        start = int(base64.urlsafe_b64decode(cursor).decode() or 0)
    except ValueError as error:
        raise Refused(detail(404, "Invalid cursor")) from error

    def address(position: int) -> str:
        query = call.query.to_dict() | {"cursor": base64.urlsafe_b64encode(str(position).encode()).decode()}
        return f"{call.request.base_url}?{urlencode(query)}"

    end = start + int(size)
    body = {
        "next": address(end) if end < len(records) else None,
        "previous": address(max(start - int(size), 0)) if start else None,
        "results": [public(record) for record in records[start:end]],
        "total": len(records),
    }
    return Answer(200, body)


def _agent(call: Call) -> Record:
    agent: Record | None = call.account["agents"].get(call.path["id"])
    if agent is None:
        raise Refused(not_found())
    return agent


@routes("GET", "/api/agents")
def list_agents(call: Call) -> Answer:
    part = call.query.get("search", "").lower()
    found = [agent for agent in call.account["agents"].values() if part in agent["name"].lower()]
    return paged(call, sorted(found, key=lambda agent: str(agent["created"]), reverse=True))


@routes("POST", "/api/agents")
def create_agent(call: Call) -> Answer:
    body = checked(call, {"name": text(64), "callTemplate": mapping})
    agent = {
        "agentId": call.simulator.uuid(),
        "publishedRevisionId": call.simulator.uuid(),
        "name": body.get("name", "unnamed"),
        "created": iso(call.now),
        "callTemplate": body.get("callTemplate", {}),
        "statistics": {"calls": 0},
    }
    call.account["agents"][agent["agentId"]] = agent
    call.effect("agent_created", id=agent["agentId"], name=agent["name"])
    return Answer(201, agent)


@routes("GET", "/api/agents/<id>")
def show_agent(call: Call) -> Answer:
    return Answer(200, _agent(call))


@routes("POST", "/api/agents/<id>/calls")
def create_agent_call(call: Call) -> Answer:
    agent = _agent(call)
    body = checked(call, _AGENT_CALL)
    record = _start(call, body, agent["callTemplate"], agent)
    agent["statistics"]["calls"] += 1
    return Answer(201, record)


@routes("POST", "/api/calls")
def create_call(call: Call) -> Answer:
    return Answer(201, _start(call, checked(call, _PLAIN_CALL), {}, None))


def _start(call: Call, body: Record, template: Record, agent: Record | None) -> Record:
    """Refused with 402 without credit, and with 429 when as many calls run as the account may have."""
    if not call.account["has_credit"]:
        raise Refused(detail(402, "Your account is out of credit."))
    if call.account["active_calls"] >= call.account["allowed_concurrent_calls"]:
        raise Refused(detail(429, "Too many concurrent calls."))
    medium = body.get("medium") or template.get("medium") or {"webRtc": {}}
    carrier = next(iter(medium))
    if (
        "outgoing" in (medium[carrier] or {})
        and carrier != "sip"
        and not call.account["telephony_configs"].get(carrier)
    ):
        raise Refused(invalid({"medium": [f"Outgoing calls need a {carrier} telephony config."]}))
    identity = call.simulator.uuid()
    record: Record = {
        "callId": identity,
        "clientVersion": None,
        "created": iso(call.now),
        "joined": None,
        "ended": None,
        "endReason": None,
        "billedDuration": None,
        "billedSideInputTokens": None,
        "billedSideOutputTokens": None,
        "billingStatus": "BILLING_STATUS_PENDING",
        "firstSpeaker": "FIRST_SPEAKER_AGENT",
        "firstSpeakerSettings": body.get("firstSpeakerSettings", {"agent": {}}),
        "initialOutputMedium": "MESSAGE_MEDIUM_VOICE",
        "joinTimeout": body.get("joinTimeout", "30s"),
        "joinUrl": f"wss://prod-voice-pgaenaxiea-uc.a.run.app/calls/{identity}/{carrier.lower()}",
        "maxDuration": body.get("maxDuration", "3600s"),
        "medium": medium,
        "model": body.get("model", template.get("model", "ultravox-v0.7")),
        "recordingEnabled": body.get("recordingEnabled", False),
        "systemPrompt": body.get("systemPrompt", template.get("systemPrompt")),
        "temperature": 0.0,
        "voice": body.get("voice", template.get("voice")),
        "shortSummary": None,
        "summary": None,
        "agent": agent and {"agentId": agent["agentId"], "name": agent["name"]},
        "agentId": agent and agent["agentId"],
        "experimentalSettings": body.get("experimentalSettings", {}),
        "metadata": body.get("metadata", {}),
        "initialState": body.get("initialState", {}),
        "requestContext": {},
        "sipDetails": None,
    }
    call.account["calls"][identity] = record
    call.effect("call_created", id=identity, agent=record["agentId"], medium=carrier)
    return record
