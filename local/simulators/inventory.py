"""The numbers the simulated carriers have for sale: ranges set aside for fiction where a country has them, split so
that no two carriers offer the same number.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from typing import Literal

NumberType = Literal["local", "toll_free", "mobile"]

RESTS_AFTER_RELEASE = 30 * 86400
"""Seconds a released number stays away from search and sale."""


@dataclass(frozen=True)
class Stock:
    number: str
    country: str
    type: NumberType
    area_code: str
    locality: str | None
    region: str | None
    features: tuple[str, ...]
    monthly_cost: str
    upfront_cost: str

    @property
    def national(self) -> str:
        """(808) 555-0171 in North America, the number itself elsewhere."""
        digits = self.number[2:]
        return f"({digits[:3]}) {digits[3:6]}-{digits[6:]}" if self.number.startswith("+1") else self.number


@dataclass(frozen=True)
class _Range:
    prefix: str
    digits: int
    country: str
    type: NumberType
    area_code: str
    locality: str | None = None
    region: str | None = None
    first: int = 0


_ALL = ("voice", "sms", "mms")
_FEATURES: dict[tuple[str, NumberType], tuple[str, ...]] = {
    ("US", "local"): (*_ALL, "fax"),
    ("CA", "local"): _ALL,
    ("US", "toll_free"): ("voice", "sms", "fax"),
    ("AU", "mobile"): ("voice", "sms"),
    ("IE", "mobile"): ("voice", "sms"),
}
_COSTS: dict[NumberType, tuple[str, str]] = {
    "local": ("1.00", "1.00"),
    "toll_free": ("2.00", "1.00"),
    "mobile": ("6.50", "3.00"),
}
"""Per month, once."""


def _north_american(area_code: str, locality: str | None, region: str | None, country: str = "US") -> _Range:
    kind: NumberType = "toll_free" if locality is None else "local"
    return _Range(f"+1{area_code}5550", 3, country, kind, area_code, locality, region, first=100)


_RANGES = (
    _north_american("212", "New York", "NY"),
    _north_american("312", "Chicago", "IL"),
    _north_american("415", "San Francisco", "CA"),
    _north_american("512", "Austin", "TX"),
    _north_american("305", "Miami", "FL"),
    _north_american("206", "Seattle", "WA"),
    _north_american("617", "Boston", "MA"),
    _north_american("303", "Denver", "CO"),
    _north_american("808", "Honolulu", "HI"),
    _north_american("970", "Fort Collins", "CO"),
    _north_american("416", "Toronto", "ON", "CA"),
    _north_american("604", "Vancouver", "BC", "CA"),
    _north_american("800", None, None),
    _north_american("888", None, None),
    _Range("+4420794601", 2, "GB", "local", "20", "London", "London"),
    _Range("+4411349601", 2, "GB", "local", "113", "Leeds", "West Yorkshire"),
    _Range("+4480815701", 2, "GB", "toll_free", "808"),
    _Range("+612555001", 2, "AU", "local", "2", "Sydney", "NSW"),
    _Range("+614915700", 2, "AU", "mobile", "4"),
    _Range("+353120201", 2, "IE", "local", "1", "Dublin", "Dublin"),
    _Range("+3538501234", 2, "IE", "mobile", "85"),
    _Range("+649555012", 2, "NZ", "local", "9", "Auckland", "Auckland"),
    _Range("+49302312510", 2, "DE", "local", "30", "Berlin", "Berlin"),
)

_SHARES = {"telnyx": 0, "twilio": 1, "signalwire": 2}
"""Of three neighbouring numbers, whose is which."""


def _generate(carrier: str) -> Iterator[Stock]:
    for block in _RANGES:
        monthly, upfront = _COSTS[block.type]
        features = _FEATURES.get((block.country, block.type), ("voice",))
        for line in range(_SHARES[carrier], 100, len(_SHARES)):
            number = f"{block.prefix}{line + block.first:0{block.digits}d}"
            yield Stock(
                number,
                block.country,
                block.type,
                block.area_code,
                block.locality,
                block.region,
                features,
                monthly,
                upfront,
            )


@cache
def stock(carrier: str) -> dict[str, Stock]:
    """Everything the carrier could ever sell, by number."""
    return {item.number: item for item in _generate(carrier)}


def countries(carrier: str) -> set[str]:
    return {item.country for item in stock(carrier).values()}
