"""Simulated carriers on 127.0.0.1: stateful, signed, with faults to order."""

from collections.abc import Iterable
from pathlib import Path

from local.simulators import demo_accounts as demo
from local.simulators.base import Simulator
from local.simulators.server import Server, serve
from local.simulators.signalwire import SignalWire
from local.simulators.store import Record
from local.simulators.telnyx import Telnyx
from local.simulators.twilio import Twilio
from local.simulators.ultravox import Ultravox

_MAKERS: dict[str, type[Simulator]] = {maker.name: maker for maker in (Telnyx, Twilio, SignalWire, Ultravox)}

NAMES = tuple(_MAKERS)

DEMO_ACCOUNTS: dict[str, dict[str, Record]] = {
    "telnyx": {demo.TELNYX_API_KEY: {"account_sid": demo.TELNYX_ACCOUNT_SID}},
    "twilio": {demo.TWILIO_ACCOUNT_SID: {"auth_token": demo.TWILIO_AUTH_TOKEN}},
    "signalwire": {
        demo.SIGNALWIRE_PROJECT_ID: {
            "api_token": demo.SIGNALWIRE_API_TOKEN,
            "signing_key": demo.SIGNALWIRE_SIGNING_KEY,
        }
    },
    "ultravox": {demo.ULTRAVOX_API_KEY: {"agents": {demo.ULTRAVOX_AGENT_ID: demo.ULTRAVOX_AGENT}}},
}


def start(names: Iterable[str] = NAMES, state_dir: Path | None = None, host: str = "127.0.0.1") -> dict[str, Server]:
    """Serves the named carriers with their demo accounts on free ports; `Server.base_url` is what a client is
    configured with.

    With a `state_dir` each carrier keeps its state in {state_dir}/{name}.json. Raises KeyError for a carrier there is
    none of.
    """
    simulators = {
        name: _MAKERS[name](DEMO_ACCOUNTS[name], state_file=state_dir / f"{name}.json" if state_dir else None)
        for name in names
    }
    return {name: serve(simulator, host=host) for name, simulator in simulators.items()}
