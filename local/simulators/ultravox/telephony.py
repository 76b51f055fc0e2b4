"""The carrier credentials an account has given to Ultravox: one configuration per carrier.

Two doors to the same data: /api/telephony_configs/{carrier}, and the deprecated /api/accounts/me/telephony_config,
whose PATCH demands a whole configuration for each carrier it names and clears a carrier given as null. Secrets are
stored and never shown again: answers carry their first characters instead.
"""

from typing import Any

from local.simulators.base import Answer, Call, Refused, Routes
from local.simulators.store import Record
from local.simulators.ultravox.errors import detail, invalid, not_found
from local.simulators.ultravox.fields import Rule, checked, flag, identifier, items, mapping, problems, text

routes = Routes()

_COMMON: dict[str, Rule] = {
    "callCreationAllowAllAgents": flag,
    "callCreationAllowedAgentIds": items(identifier, 100),
    "requestContextMapping": mapping,
}
_DEFAULTS: Record = {
    "callCreationAllowAllAgents": False,
    "callCreationAllowedAgentIds": [],
    "requestContextMapping": {},
}

_RULES: dict[str, dict[str, Rule]] = {
    "telnyx": _COMMON | {"accountSid": text(), "apiKey": text(), "publicKey": text(), "applicationSid": text(40)},
    "twilio": _COMMON | {"accountSid": text(), "authToken": text()},
    "plivo": _COMMON | {"authId": text(), "authToken": text()},
}
_REQUIRED = {carrier: tuple(name for name in rules if name not in _COMMON) for carrier, rules in _RULES.items()}
_SECRETS = ("apiKey", "publicKey", "authToken")


def _shown(config: Record | None) -> Record | None:
    if config is None:
        return None
    shown: Record = {name: value for name, value in config.items() if name not in _SECRETS}
    return shown | {f"{name}Prefix": {"prefix": config[name][:4]} for name in _SECRETS if name in config}


def _check_agents(config: Record, carrier: str | None = None) -> None:
    """Refused: a list of agents together with "all agents"."""
    if config["callCreationAllowAllAgents"] and config["callCreationAllowedAgentIds"]:
        found: Record = {"callCreationAllowedAgentIds": ["Not allowed together with callCreationAllowAllAgents."]}
        raise Refused(invalid({carrier: found} if carrier else found))


def _store(call: Call, carrier: str, config: Record | None) -> None:
    call.account["telephony_configs"][carrier] = config
    state = "cleared" if config is None else "set"
    call.effect(f"telephony_config_{state}", carrier=carrier, application=(config or {}).get("applicationSid"))


def _current(call: Call) -> Record | None:
    config: Record | None = call.account["telephony_configs"].get(call.path["carrier"])
    return config


@routes("GET", "/api/accounts/me/telephony_config")
def show_all(call: Call) -> Answer:
    configs = call.account["telephony_configs"]
    return Answer(200, {carrier: _shown(configs.get(carrier)) for carrier in _RULES})


@routes("PATCH", "/api/accounts/me/telephony_config")
def update_all(call: Call) -> Answer:
    body: Any = call.json()
    if not isinstance(body, dict):
        raise Refused(invalid({"non_field_errors": ["Invalid data. Expected a dictionary."]}))
    named = {carrier: body[carrier] for carrier in _RULES if carrier in body}
    found = {
        carrier: wrong
        for carrier, config in named.items()
        if config is not None and (wrong := problems(config, _RULES[carrier], _REQUIRED[carrier]))
    }
    if found:
        raise Refused(invalid(dict(found)))
    whole = {
        carrier: None if config is None else _DEFAULTS | _known(carrier, config) for carrier, config in named.items()
    }
    for carrier, config in whole.items():
        if config is not None:
            _check_agents(config, carrier)
    for carrier, config in whole.items():
        _store(call, carrier, config)
    return show_all(call)


def _known(carrier: str, config: Record) -> Record:
    return {name: value for name, value in config.items() if name in _RULES[carrier]}


@routes("GET", "/api/telephony_configs/<any(telnyx,twilio):carrier>")
def show_one(call: Call) -> Answer:
    config = _current(call)
    if config is None:
        raise Refused(not_found())
    return Answer(200, _shown(config))


@routes("POST", "/api/telephony_configs/<any(telnyx,twilio):carrier>")
def create_one(call: Call) -> Answer:
    carrier = call.path["carrier"]
    config = _DEFAULTS | checked(call, _RULES[carrier], _REQUIRED[carrier])
    if _current(call) is not None:
        raise Refused(detail(400, f"A {carrier} telephony config already exists for this account."))
    _check_agents(config)
    _store(call, carrier, config)
    return Answer(201, _shown(config))


@routes("PATCH", "/api/telephony_configs/<any(telnyx,twilio):carrier>")
def update_one(call: Call) -> Answer:
    carrier = call.path["carrier"]
    config = _current(call)
    if config is None:
        raise Refused(not_found())
    changed = config | checked(call, _RULES[carrier])
    _check_agents(changed)
    _store(call, carrier, changed)
    return Answer(200, _shown(changed))


@routes("DELETE", "/api/telephony_configs/<any(telnyx,twilio):carrier>")
def delete_one(call: Call) -> Answer:
    if _current(call) is None:
        raise Refused(not_found())
    _store(call, call.path["carrier"], None)
    return Answer(204)
