"""The platform's own secrets, in one Secrets Manager entry: cached for five minutes, never in the environment.

What none of them fits has the entry read again, at most once a minute: a secret just rotated locks nobody out.

Its JSON: `supabase_jwt_secret`, `page_token_key`, and for the time of a rotation `supabase_jwt_secret_previous`,
`page_token_key_previous`. Read by our own client: Powertools' parameters import boto3, a fifth of a cold start.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from telephony import aws, clock
from telephony.errors import CredentialsUnavailable
from telephony.observability import report_aws_failure

CACHE_SECONDS = 300
REREAD_SECONDS = 60
"""Or anyone could make us hammer Secrets Manager with tokens that fit nothing."""

_cached: dict[str, tuple[float, dict[str, Any]]] = {}
"""By entry: when it was read, and what was."""

_reread: dict[str, float] = {}
"""By entry: when it was last read again before its time."""


def values(region: str, secret_id: str, name: str) -> Iterator[str]:
    """The secret of that name, and the one before it while it is being rotated; then, for whoever none of them fits,
    both as they are stored by now. Raises `CredentialsUnavailable`."""
    known = read(region, secret_id)
    yield from _two(known, name)
    if clock.now() - _reread.get(secret_id, float("-inf")) < REREAD_SECONDS:
        return
    _reread[secret_id] = clock.now()
    _cached.pop(secret_id, None)
    try:
        newer = read(region, secret_id)
    except CredentialsUnavailable:
        _cached[secret_id] = (clock.now(), known)  # what was known stays good
        return
    if newer != known:
        yield from _two(newer, name)


def _two(secrets: dict[str, Any], name: str) -> list[str]:
    return [secret for key in (name, f"{name}_previous") if (secret := secrets.get(key))]


def read(region: str, secret_id: str) -> dict[str, Any]:
    """The entry's JSON. Raises `CredentialsUnavailable`."""
    known = _cached.get(secret_id)
    if known is not None and clock.now() - known[0] < CACHE_SECONDS:
        return known[1]
    try:
        answer = aws.client("secretsmanager", region).get_secret_value(SecretId=secret_id)
        found: dict[str, Any] = json.loads(answer["SecretString"])
    except (BotoCoreError, ClientError, KeyError, ValueError) as error:
        report_aws_failure("platform secret not readable", error)
        raise CredentialsUnavailable("The service cannot read its own secrets") from None
    _cached[secret_id] = (clock.now(), found)
    return found


def forget() -> None:
    """Has the next `read` ask again."""
    _cached.clear()
    _reread.clear()
