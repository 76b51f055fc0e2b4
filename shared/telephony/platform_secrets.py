"""The platform's own secrets, in one Secrets Manager entry: cached for five minutes, never in the environment.

Its JSON: `supabase_jwt_secret`, `page_token_key`, and for the time of a rotation `supabase_jwt_secret_previous`,
`page_token_key_previous`.
"""

from __future__ import annotations

import json
from typing import Any

from aws_lambda_powertools.utilities import parameters
from aws_lambda_powertools.utilities.parameters.exceptions import GetParameterError

from telephony.errors import CredentialsUnavailable
from telephony.observability import logger

CACHE_SECONDS = 300


def read(secret_id: str) -> dict[str, Any]:
    """The entry's JSON. Raises `CredentialsUnavailable`."""
    try:
        text = parameters.get_secret(secret_id, max_age=CACHE_SECONDS)
        values: dict[str, Any] = json.loads(text)
    except (GetParameterError, ValueError) as error:
        logger.error("platform secret not readable", extra={"cause": type(error).__name__})
        raise CredentialsUnavailable("The service cannot read its own secrets") from None
    return values
