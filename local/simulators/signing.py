"""How the carriers sign the webhooks they send."""

import base64
import hashlib
import hmac
from collections.abc import Mapping

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat


def telnyx_key_pair(api_key: str) -> Ed25519PrivateKey:
    """The account's key pair: always the same for the same API key, so that it needs no storing."""
    return Ed25519PrivateKey.from_private_bytes(hashlib.sha256(b"telnyx webhook " + api_key.encode()).digest())


def telnyx_public_key(api_key: str) -> str:
    """base64 of 32 bytes, as the portal and GET /public_key show it."""
    raw = telnyx_key_pair(api_key).public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)
    return base64.b64encode(raw).decode()


def telnyx_headers(api_key: str, body: bytes, timestamp: int) -> dict[str, str]:
    """Ed25519 over `timestamp|body`; the timestamp is in Unix seconds."""
    signature = telnyx_key_pair(api_key).sign(f"{timestamp}|".encode() + body)
    return {"telnyx-signature-ed25519": base64.b64encode(signature).decode(), "telnyx-timestamp": str(timestamp)}


def form_signature(key: str, url: str, params: Mapping[str, str]) -> str:
    """Twilio's scheme, SignalWire's too for form callbacks: base64 HMAC-SHA1 over the URL and the sorted parameters."""
    signed = url + "".join(name + params[name] for name in sorted(params))
    return base64.b64encode(hmac.new(key.encode(), signed.encode(), hashlib.sha1).digest()).decode()


def twilio_headers(auth_token: str, url: str, params: Mapping[str, str]) -> dict[str, str]:
    return {"X-Twilio-Signature": form_signature(auth_token, url, params)}


def signalwire_headers(signing_key: str, url: str, params: Mapping[str, str]) -> dict[str, str]:
    return {"X-SignalWire-Signature": form_signature(signing_key, url, params)}


def signalwire_json_headers(signing_key: str, url: str, body: bytes) -> dict[str, str]:
    """The scheme for JSON callbacks: hex HMAC-SHA1 over the URL and the raw body."""
    digest = hmac.new(signing_key.encode(), url.encode() + body, hashlib.sha1).hexdigest()
    return {"X-SignalWire-Signature": digest}


def ultravox_headers(secret: str, body: bytes, timestamp: str) -> dict[str, str]:
    """Hex HMAC-SHA256 over the raw body and the ISO 8601 timestamp."""
    digest = hmac.new(secret.encode(), body + timestamp.encode(), hashlib.sha256).hexdigest()
    return {"X-Ultravox-Webhook-Timestamp": timestamp, "X-Ultravox-Webhook-Signature": digest}
