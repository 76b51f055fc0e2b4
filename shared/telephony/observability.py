"""Logs, metrics and redaction. Two log lines per request at the most; none of them holds a secret."""

from __future__ import annotations

import json
import re
from typing import Any

from aws_lambda_powertools import Logger

from telephony import clock, settings

logger = Logger(service="telephony", utc=True, log_uncaught_exceptions=False)

METRICS_NAMESPACE = "Telephony"

_REFUSALS = frozenset(
    {
        "AccessDenied",
        "AccessDeniedException",
        "AWS.SimpleQueueService.NonExistentQueue",
        "DisabledException",
        "NotFoundException",
        "QueueDoesNotExist",
        "ResourceNotFoundException",
        "ValidationException",
    }
)
"""What AWS answers to a function that lacks a right, a table, a key or a queue, or asks wrongly."""

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


def report_unexpected() -> None:
    """For an `except`: logs what was raised, and counts it in the metric that an alarm and each release watch."""
    logger.exception("unexpected error")
    emit_metrics(UnexpectedErrors=1)


def report_aws_failure(message: str, error: Exception, **extra: Any) -> None:
    """Logs that AWS did not do what it was asked, and counts it: as unexpected if not AWS but this deployment is at
    fault, else as AWS's failure."""
    # botocore's exception of a time limit that ran out has a `response` that is None.
    cause = (getattr(error, "response", None) or {}).get("Error", {}).get("Code") or type(error).__name__
    logger.error(message, extra={"cause": cause} | extra)
    emit_metrics(**{"UnexpectedErrors" if cause in _REFUSALS else "AwsFailures": 1})


def emit_metrics(**values: float) -> None:
    """Writes CloudWatch metrics (Embedded Metric Format, no call to AWS) with two dimensions: service and stack.

    Works when the settings can't be read: that may be what is counted.
    """
    record: dict[str, Any] = {
        "_aws": {
            "Timestamp": clock.now_ms(),
            "CloudWatchMetrics": [
                {
                    "Namespace": METRICS_NAMESPACE,
                    "Dimensions": [["service", "stack"]],
                    "Metrics": [{"Name": name} for name in values],
                }
            ],
        },
        "service": "telephony",
        "stack": settings.stack_name(),
        **values,
    }
    print(json.dumps(record), flush=True)  # noqa: T201  the format is a line on standard output
