"""Logs, metrics and redaction. Two log lines per request at the most; none of them holds a secret."""

from __future__ import annotations

import json
import re
from typing import Any

from aws_lambda_powertools import Logger

from telephony import clock

logger = Logger(service="telephony", utc=True, log_uncaught_exceptions=False)

METRICS_NAMESPACE = "Telephony"

_SECRET_SHAPES = re.compile(
    r"""tpk_[A-Za-z0-9_-]+                        # our API tokens
      | KEY[0-9A-Za-z]{8,}[_A-Za-z0-9]*           # Telnyx API keys
      | [A-Za-z0-9]{8}\.[A-Za-z0-9]{32}           # Ultravox API keys
      | eyJ[\w-]+\.[\w-]+\.[\w-]*                 # JSON Web Tokens
      | \b[0-9a-f]{32}\b                          # Twilio auth tokens
      | \bPT[0-9a-f]{40,}\b | \bPSK_?\w{16,}      # SignalWire tokens and signing keys
      | (?<=/telnyx-webhook/)[\w.%/-]+            # the end of a webhook URL: agency and secret
    """,
    re.VERBOSE,
)


def redact(text: str) -> str:
    """`text` with everything that is shaped like a credential blotted out: for sentences that a carrier wrote."""
    return _SECRET_SHAPES.sub("[redacted]", text)


def emit_metrics(stage: str, **values: float) -> None:
    """Writes CloudWatch metrics (Embedded Metric Format, no call to AWS) with two dimensions: service and stage."""
    record: dict[str, Any] = {
        "_aws": {
            "Timestamp": clock.now_ms(),
            "CloudWatchMetrics": [
                {
                    "Namespace": METRICS_NAMESPACE,
                    "Dimensions": [["service", "stage"]],
                    "Metrics": [{"Name": name} for name in values],
                }
            ],
        },
        "service": "telephony",
        "stage": stage,
        **values,
    }
    print(json.dumps(record), flush=True)  # noqa: T201  the format is a line on standard output
