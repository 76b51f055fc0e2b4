"""Secrets at rest: sealed by KMS itself, one call per record, bound to the record they belong to.

The encryption context names the agency, the record and the fields, so that a blob moved elsewhere does not open.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError
from pydantic import SecretStr

from telephony import aws
from telephony.errors import CredentialsUnavailable, InvalidRequest
from telephony.observability import report_aws_failure

MAX_SEALED_BYTES = 4096
"""What KMS Encrypt takes at once (docs.aws.amazon.com/kms: Encrypt, Plaintext)."""


class Sealer:
    """Seals and opens dictionaries of secrets with one KMS key."""

    def __init__(self, region: str, key_id: str) -> None:
        self._region = region
        self._key_id = key_id

    def prepare(self) -> None:
        """Makes KMS's client: one thread has to, before several open secrets at the same time."""
        aws.client("kms", self._region)

    def seal(self, secrets: Mapping[str, str], *, agency_id: str, record: str) -> bytes:
        """The sealed blob. Raises `InvalidRequest` past KMS's size and `CredentialsUnavailable` when KMS refuses."""
        plaintext = json.dumps(dict(secrets), separators=(",", ":")).encode()
        if len(plaintext) > MAX_SEALED_BYTES:
            raise InvalidRequest("The secrets of one record may take 4,096 bytes together at most")
        answer = self._call(
            "encrypt",
            KeyId=self._key_id,
            Plaintext=plaintext,
            EncryptionContext=_context(agency_id, record, secrets),
        )
        return bytes(answer["CiphertextBlob"])

    def open(self, blob: bytes, fields: list[str], *, agency_id: str, record: str) -> dict[str, SecretStr]:
        """The secrets by field name. Raises `CredentialsUnavailable`."""
        answer = self._call(
            "decrypt",
            KeyId=self._key_id,
            CiphertextBlob=blob,
            EncryptionContext=_context(agency_id, record, dict.fromkeys(fields, "")),
        )
        opened: dict[str, str] = json.loads(answer["Plaintext"])
        return {field: SecretStr(value) for field, value in opened.items()}

    @contextmanager
    def opening(self) -> Iterator[ThreadPoolExecutor]:
        """To open several records at the same time in: what is submitted has been done when the block ends."""
        aws.client("kms", self._region)  # which one thread alone may make
        with ThreadPoolExecutor() as pool:
            yield pool

    def _call(self, operation: str, **arguments: Any) -> dict[str, Any]:
        try:
            answer: dict[str, Any] = getattr(aws.client("kms", self._region), operation)(**arguments)
            return answer
        except (BotoCoreError, ClientError) as error:
            report_aws_failure("kms refused", error, operation=operation)
            # The cause is left out of the chain: its text names the key.
            raise CredentialsUnavailable("Failed to retrieve agency credentials") from None


def _context(agency_id: str, record: str, fields: Mapping[str, str]) -> dict[str, str]:
    return {"agency_id": agency_id, "record": record, "fields": ",".join(sorted(fields))}
