"""The words of the domain: small immutable values that every layer uses."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
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
    org_handle: str | None = None
    """The agency's."""


MONEY_SCALE = 10_000


@dataclass(frozen=True, slots=True)
class Money:
    """An amount in 1/10,000 of a currency (ISO 4217), so that sums are exact."""

    amount: int
    currency: str

    @classmethod
    def parse(cls, text: object, currency: str) -> Money | None:
        """From a carrier's decimal (text, or a number as JSON gives it); None if it isn't one, or is no price."""
        try:
            amount = int((Decimal(str(text)) * MONEY_SCALE).to_integral_value())
        except (ArithmeticError, ValueError):
            return None
        return None if amount < 0 else cls(amount, currency.upper())

    @property
    def number(self) -> float:
        """As a JSON number, at the edge only."""
        return self.amount / MONEY_SCALE


def units(amount: float | None) -> float | None:
    """An amount that a table holds, in units of its currency."""
    return None if amount is None else amount / MONEY_SCALE


def whole(value: float | None) -> int | None:
    """A number that a table holds: what comes out of it is a float."""
    return None if value is None else int(value)


@dataclass(frozen=True, slots=True)
class Capabilities:
    """What a number can do."""

    voice: bool = False
    sms: bool = False
    mms: bool = False
    fax: bool = False


NumberType = Literal["local", "toll_free", "mobile", "national"]


@dataclass(frozen=True, slots=True)
class SearchCriteria:
    country_code: str = "US"
    area_code: str | None = None
    contains: str | None = None
    locality: str | None = None
    region: str | None = None
    number_type: NumberType = "local"
    limit: int = 10


@dataclass(frozen=True, slots=True)
class AvailableNumber:
    """A number for sale. Prices are None where the carrier tells none."""

    phone_number: str
    friendly_name: str
    locality: str | None
    region: str | None
    country_code: str
    capabilities: Capabilities
    monthly: Money | None
    setup: Money | None
