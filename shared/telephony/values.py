"""The words of the domain: small immutable values that every layer uses."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum, StrEnum
from typing import Literal

TOKEN_PREFIX = "tpk_"  # noqa: S105  how an API token begins, so that it is told from a JWT at a glance


class ProviderType(StrEnum):
    """Whom a provider configuration is for. Carriers sell numbers; Ultravox answers the calls."""

    TELNYX = "telnyx"
    SIGNALWIRE = "signalwire"
    TWILIO = "twilio"
    ULTRAVOX = "ultravox"


class Role(IntEnum):
    """What a caller may do in its agency; a higher one includes the lower."""

    MEMBER = 1
    ADMIN = 2
    OWNER = 3

    @property
    def label(self) -> str:
        return self.name.lower()

    @classmethod
    def parse(cls, label: str) -> Role:
        """`owner`, `admin` or `member`; anything else raises `ValueError`."""
        try:
            return cls[label.upper()]
        except KeyError:
            raise ValueError(f"role must be one of: {', '.join(role.label for role in cls)}") from None


@dataclass(frozen=True, slots=True)
class Principal:
    """Who calls: proved by a credential, and bound to one agency."""

    agency_id: str
    role: Role
    caller_id: str
    """`user#<sub>` or `token#<sha256>`: what the audit trail names."""
    how: Literal["jwt", "token", "operator"]
    product_id: int | None = None
