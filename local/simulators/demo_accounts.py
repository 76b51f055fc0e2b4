"""Credentials of the demo accounts: each simulator knows its own from the start. They open nothing anywhere else."""

from local.simulators.signing import telnyx_public_key

TELNYX_API_KEY = "KEY0192DEMO5D7C4F0E9A3B1C2D4E6F8091_DemoDemoDemoDemoDemo22"
TELNYX_PUBLIC_KEY = telnyx_public_key(TELNYX_API_KEY)
TELNYX_ACCOUNT_SID = "61bf923e-5e4d-4595-a110-56190ea18a1b"

ULTRAVOX_API_KEY = "DemoUvox.0123456789abcdefghijklmnopqrstuv"
ULTRAVOX_AGENT_ID = "8f1f0f43-7b7d-4b0e-9d2f-3f6d1c5a2b10"
ULTRAVOX_AGENT = {
    "agentId": ULTRAVOX_AGENT_ID,
    "publishedRevisionId": "0c2b6a0e-5c55-4a5e-8a75-27f0e2a9c511",
    "name": "Front desk",
    "created": "2026-01-05T09:00:00.000Z",
    "callTemplate": {"systemPrompt": "You answer the phone of a small company.", "voice": "Mark"},
    "statistics": {"calls": 0},
}
"""An agent that is there from the start, for assistants to point at."""

TWILIO_ACCOUNT_SID = "AC" + "de30" * 8
TWILIO_AUTH_TOKEN = "d3d3d3d3d3d3d3d3d3d3d3d3d3d3d3d3"

SIGNALWIRE_PROJECT_ID = "5f8f7e0a-2b7c-4d52-9d35-1f1f8b1f6a01"
SIGNALWIRE_API_TOKEN = "PT00000000000000000000000000000000000000000000demo"
SIGNALWIRE_SIGNING_KEY = "PSK_demoDemoDemoDemoDemo0123"
