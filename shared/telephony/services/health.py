"""Whether this deployment can do its work: what it is, and which of its dependencies answer."""

from __future__ import annotations

from typing import Any

from telephony import __version__
from telephony.errors import StorageUnavailable
from telephony.models import agencies


def check() -> dict[str, Any]:
    """`{"version", "healthy", "dependencies": {"storage": "ok" | "unavailable"}}`."""
    try:
        agencies.find("health-check")
        storage = "ok"
    except StorageUnavailable:
        storage = "unavailable"
    return {"version": __version__, "healthy": storage == "ok", "dependencies": {"storage": storage}}
