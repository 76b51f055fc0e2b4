"""What carriers tell us: authenticated by their signature, and taken as a reason to look, never as the truth."""

from __future__ import annotations

import base64
import binascii
import hmac
import json
import re

from telephony import clock
from telephony.errors import Unauthenticated
from telephony.models import agencies, provider_configurations
from telephony.observability import logger
from telephony.values import ProviderType
from telephony.wakeups import Wakeups

TOLERANCE_SECONDS = 300
"""How far a Telnyx timestamp may be off (telnyx-python, lib/webhook_verification.py)."""

ORDER_COMPLETE = "number_order.complete"
OPERATION_PREFIX = "op_"


class CarrierEvents:
    def __init__(self, wakeups: Wakeups) -> None:
        self._wakeups = wakeups

    def telnyx(self, agency_id: str, webhook_secret: str, signature: str, timestamp: str, body: bytes) -> None:
        """Wakes the operation that an event concerns; waking it twice is harmless. Unknown events are logged.

        Raises `Unauthenticated` for each cause alike: unknown agency, wrong secret, bad or missing signature, a
        timestamp more than 300 s off.
        """
        self._authenticate(agency_id, webhook_secret, signature, timestamp, body)
        try:
            data = json.loads(body)["data"]
            event_type, payload = str(data["event_type"]), data.get("payload") or {}
            reference = payload.get("customer_reference") if event_type == ORDER_COMPLETE else None
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
            logger.warning("unreadable event", extra={"agency_id": agency_id})
            return
        if isinstance(reference, str) and reference.startswith(OPERATION_PREFIX):
            self._wakeups.send(reference, agency_id)
        else:
            logger.info("event ignored", extra={"agency_id": agency_id, "event_type": event_type[:64]})

    def _authenticate(self, agency_id: str, webhook_secret: str, signature: str, timestamp: str, body: bytes) -> None:
        agency = agencies.find(agency_id)
        # Compared in constant time, and also when there is no such agency.
        expected = agency.webhook_secret_digest if agency else agencies.digest("")
        known = hmac.compare_digest(agencies.digest(webhook_secret), expected)
        if agency is None or not known or not _fresh(timestamp):
            raise _refused()
        # A number may have been bought with any of the agency's accounts, each of which has a key pair of its own.
        accounts = [each for each in provider_configurations.of_agency(agency_id) if each.active]
        keys = [each.meta.get("telnyx_public_key") for each in accounts if each.provider == ProviderType.TELNYX]
        if not any(_signed(key, signature, timestamp.encode() + b"|" + body) for key in keys if key):
            raise _refused()


def _fresh(timestamp: str) -> bool:
    plain = re.fullmatch("[0-9]{1,12}", timestamp)
    return plain is not None and abs(clock.now() - int(timestamp)) <= TOLERANCE_SECONDS


def _signed(public_key: str, signature: str, message: bytes) -> bool:
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

    try:
        key = Ed25519PublicKey.from_public_bytes(base64.b64decode(public_key, validate=True))
        key.verify(base64.b64decode(signature, validate=True), message)
    except (InvalidSignature, ValueError, binascii.Error):
        return False
    return True


def _refused() -> Unauthenticated:
    return Unauthenticated("Invalid webhook signature", fix="Send events signed by Telnyx to the registered URL.")
