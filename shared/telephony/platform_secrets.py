"""The platform's own secrets, in one Secrets Manager entry: cached for five minutes, never in the environment.

Its JSON: `supabase_jwt_secret`, `page_token_key`, and for the time of a rotation `supabase_jwt_secret_previous`,
`page_token_key_previous`. Read by our own client: Powertools' parameters import boto3, a fifth of a cold start.
"""

from __future__ import annotations

import json
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from telephony import aws, clock
from telephony.errors import CredentialsUnavailable
from telephony.observability import report_aws_failure

CACHE_SECONDS = 300

_cached: dict[str, tuple[float, dict[str, Any]]] = {}
"""By entry: when it was read, and what was."""


def read(region: str, secret_id: str) -> dict[str, Any]:
    """The entry's JSON. Raises `CredentialsUnavailable`."""
    known = _cached.get(secret_id)
    if known is not None and clock.now() - known[0] < CACHE_SECONDS:
        return known[1]
    try:
        answer = aws.client("secretsmanager", region).get_secret_value(SecretId=secret_id)
        values: dict[str, Any] = json.loads(answer["SecretString"])
    except (BotoCoreError, ClientError, KeyError, ValueError) as error:
        report_aws_failure("platform secret not readable", error)
        raise CredentialsUnavailable("The service cannot read its own secrets") from None
    _cached[secret_id] = (clock.now(), values)
    return values


def forget() -> None:
    """Has the next `read` ask again."""
    _cached.clear()
