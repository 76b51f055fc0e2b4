"""The four published APIs as four values: what success and failure look like on the wire of each.

A family is chosen by the first segment of the path after /api/v1; what belongs to none of the older three is `numbers`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from telephony import clock
from telephony.errors import ProviderError, TelephonyError

Body = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Family:
    """`failure` makes the body out of the sentence and the further keys; `status` may override an error's own."""

    name: str
    failure: Callable[[str, int, Body], Body]
    status: Callable[[TelephonyError], int] = lambda error: error.http_status


def _bad_gateway(error: TelephonyError) -> int:
    """A carrier's failure is 502, except where a multi-step operation reports it (500)."""
    return 502 if isinstance(error, ProviderError) else error.http_status


def metadata() -> Body:
    return {"timestamp": clock.now_ms(), "version": "v1"}


INTEGRATION = Family(
    "integration",
    lambda message, _status, keys: {"success": False, "error": message, **keys},
    _bad_gateway,
)
PROVISIONING = replace(INTEGRATION, status=lambda error: error.http_status)
"""The two of that API whose pages know 500 alone, also for what a carrier says before the first step."""
NUMBERS = Family("numbers", lambda message, _status, keys: {"detail": message, **keys})
CONFIGURATIONS = Family(
    "configurations",
    lambda message, _status, keys: {
        "success": False,
        "error": {"code": keys.pop("code"), "message": message, **keys},
        "metadata": metadata(),
    },
)
PROVIDERS = Family(
    "providers",
    lambda message, status, keys: {"status_code": status, "message": message, **keys},
    _bad_gateway,
)

_BY_SEGMENT: Mapping[str, Family] = {
    **dict.fromkeys(("provision-telephony", "deprovision-telephony"), PROVISIONING),
    **dict.fromkeys(
        (
            "import-telnyx-to-ultravox",
            "verify-telephony-config",
            "repair-telephony-config",
            "store-telnyx-credentials",
            "save-ultravox-integration",
            "get-integration-status",
        ),
        INTEGRATION,
    ),
    "phone-configurations": CONFIGURATIONS,
    **dict.fromkeys(("providers", "provider-configurations", "providers-configurations"), PROVIDERS),
}


def family_of(path: str) -> Family:
    """`path` is relative to /api/v1 and begins with a slash."""
    return _BY_SEGMENT.get(path.split("/", 2)[1] if "/" in path else "", NUMBERS)


def failure(family: Family, error: TelephonyError, request_id: str) -> tuple[int, Body]:
    """Status and body of an error. Beside the family's own keys each carries `code`, `request_id`, `retryable`."""
    status = family.status(error)
    keys: Body = {"code": error.code, "request_id": request_id, "retryable": error.retryable}
    if error.fix:
        keys["fix"] = error.fix
    return status, family.failure(error.message, status, keys | error.details)
