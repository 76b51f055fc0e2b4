"""The admin routes of a simulator: faults, log, clock, and its state behind the API's back.

    POST   /__admin__/faults                      one fault or a list of them       DELETE /__admin__/faults
    GET    /__admin__/log                         {"requests", "effects", "deliveries"}
    GET    /__admin__/state                       everything the carrier stores
    POST   /__admin__/reset
    POST   /__admin__/advance                     {"seconds"}
    PATCH  /__admin__/settings                    latency, rate_limit and the carrier's own
    POST   /__admin__/accounts                    {"key", settings …} adds an account or changes it
    PATCH  /__admin__/accounts/{key}              settings, e.g. {"balance": "0.00"}
    PATCH  /__admin__/accounts/{key}/{collection}/{id}    fields of one resource     DELETE takes it away
    POST   /__admin__/inventory                   {"hide": [numbers], "show": [numbers]}
    POST   /__admin__/webhooks                    arguments of the carrier's send_webhook, e.g. {"api_key", "url", …}

{key} is percent-encoded where it holds a reserved character. Admin requests are not in the log, and faults don't meet
them.
"""

import json
from contextlib import nullcontext
from typing import Any

from werkzeug.exceptions import HTTPException
from werkzeug.routing import Map, Rule
from werkzeug.wrappers import Request, Response

from local.simulators.base import Simulator


def respond(simulator: Simulator, request: Request) -> Response:
    """The answer to an admin request: 200 with JSON, 400 with {"error"} for what the simulator doesn't understand."""
    try:
        action, path = _ROUTES.bind("simulator").match(request.path, request.method)
        body = request.get_json() if request.content_length else None
        # A webhook's receiver may call the simulator before it answers, so nothing may be locked meanwhile.
        with nullcontext() if action is _send_webhook else simulator.lock:
            result = action(simulator, body, **path)
            return _json(200, result if result is not None else {"ok": True})
    except (ValueError, TypeError) as error:
        return _json(400, {"error": str(error)})
    except KeyError as error:
        return _json(404, {"error": f"nothing called {error}"})
    except HTTPException as error:
        return _json(error.code or 500, {"error": error.description})


def _json(status: int, value: Any) -> Response:
    return Response(json.dumps(value), status, content_type="application/json")


def _add_faults(simulator: Simulator, body: Any) -> None:
    simulator.add_faults(body)


def _clear_faults(simulator: Simulator, _body: Any) -> None:
    simulator.clear_faults()


def _log(simulator: Simulator, _body: Any) -> Any:
    return {"requests": list(simulator.log), "effects": simulator.effects, "deliveries": simulator.deliveries}


def _state(simulator: Simulator, _body: Any) -> Any:
    return simulator.state


def _reset(simulator: Simulator, _body: Any) -> None:
    simulator.reset()


def _advance(simulator: Simulator, body: Any) -> None:
    simulator.advance(float(body["seconds"]))


def _settings(simulator: Simulator, body: Any) -> Any:
    simulator.change_settings(body)
    return simulator.settings


def _add_account(simulator: Simulator, body: Any) -> Any:
    settings = dict(body)
    return simulator.add_account(settings.pop("key"), settings)


def _edit_account(simulator: Simulator, body: Any, key: str) -> Any:
    simulator.account(key)
    return simulator.add_account(key, body)


def _edit_record(simulator: Simulator, body: Any, key: str, collection: str, record: str) -> Any:
    stored = simulator.account(key)[collection][record]
    stored.update(body)
    simulator.save()
    return stored


def _delete_record(simulator: Simulator, _body: Any, key: str, collection: str, record: str) -> Any:
    removed = simulator.account(key)[collection].pop(record)
    simulator.save()
    return removed


def _inventory(simulator: Simulator, body: Any) -> Any:
    return {"hidden": simulator.change_inventory(**{"hide": [], "show": []} | body)}


def _send_webhook(simulator: Any, body: Any) -> Any:
    return {"status": simulator.send_webhook(**body)}


_ROUTES = Map(
    [
        Rule("/__admin__/faults", methods=["POST"], endpoint=_add_faults),
        Rule("/__admin__/faults", methods=["DELETE"], endpoint=_clear_faults),
        Rule("/__admin__/log", methods=["GET"], endpoint=_log),
        Rule("/__admin__/state", methods=["GET"], endpoint=_state),
        Rule("/__admin__/reset", methods=["POST"], endpoint=_reset),
        Rule("/__admin__/advance", methods=["POST"], endpoint=_advance),
        Rule("/__admin__/settings", methods=["PATCH"], endpoint=_settings),
        Rule("/__admin__/accounts", methods=["POST"], endpoint=_add_account),
        Rule("/__admin__/accounts/<key>", methods=["PATCH"], endpoint=_edit_account),
        Rule("/__admin__/accounts/<key>/<collection>/<record>", methods=["PATCH"], endpoint=_edit_record),
        Rule("/__admin__/accounts/<key>/<collection>/<record>", methods=["DELETE"], endpoint=_delete_record),
        Rule("/__admin__/webhooks", methods=["POST"], endpoint=_send_webhook),
        Rule("/__admin__/inventory", methods=["POST"], endpoint=_inventory),
    ]
)
