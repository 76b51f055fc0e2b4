"""Search in the native API: /api/relay/rest/phone_numbers/search. There is no price and no country to ask for."""

import re
from collections.abc import Callable
from urllib.parse import urlencode

from local.simulators.base import Answer, Call, Refused, Routes
from local.simulators.inventory import Stock
from local.simulators.signalwire.errors import general
from local.simulators.store import Record

routes = Routes()

_PATH = "/api/relay/rest/phone_numbers/search"
COUNTRIES = ("US", "CA")


@routes("GET", _PATH)
def search(call: Call) -> Answer:
    """Local numbers unless number_type says toll-free."""
    kind = call.query.get("number_type", "local")
    if kind not in ("local", "toll-free"):
        raise Refused(_invalid("number_type", "must be local or toll-free"))
    limit = call.query.get("max_results", "50")
    if not limit.isdecimal() or not 1 <= int(limit) <= 100:
        raise Refused(_invalid("max_results", "must be between 1 and 100"))
    if "city" in call.query and "region" not in call.query:
        raise Refused(_invalid("city", "needs a region"))
    patterns = [name for name in ("starts_with", "contains", "ends_with") if name in call.query]
    if len(patterns) > 1:
        raise Refused(_invalid(patterns[1], "can not be combined with another pattern"))
    for name in patterns:
        if not re.fullmatch(r"\d{3,7}", call.query[name]):
            raise Refused(_invalid(name, "must have 3 to 7 digits"))
    found = [
        item
        for item in call.simulator.for_sale()
        if item.country in COUNTRIES and item.type == kind.replace("-", "_") and _wanted(call, item)
    ]
    address = f"{_PATH}?{urlencode(call.query)}"
    return Answer(
        200, {"links": {"self": address, "first": address}, "data": [_offer(item) for item in found[: int(limit)]]}
    )


def _wanted(call: Call, item: Stock) -> bool:
    # A pattern speaks of the seven digits after the area code.
    subscriber = item.number[5:]
    tests: dict[str, Callable[[str], bool]] = {
        "areacode": lambda value: item.area_code == value,
        "region": lambda value: item.region == value.upper(),
        "city": lambda value: (item.locality or "").lower() == value.lower(),
        "starts_with": subscriber.startswith,
        "contains": lambda value: value in subscriber,
        "ends_with": subscriber.endswith,
    }
    return all(accepts(call.query[name]) for name, accepts in tests.items() if name in call.query)


def _offer(item: Stock) -> Record:
    offer: Record = {
        "number": item.number,
        "capabilities": {name: name in item.features for name in ("voice", "sms", "mms", "fax")},
    }
    if item.locality and item.region:
        offer |= {"region": item.region, "city": item.locality, "rate_center": item.locality.upper(), "lata": "730"}
    return offer


def _invalid(attribute: str, problem: str) -> Answer:
    return general(422, "validation_error", "invalid_parameter", f"{attribute} {problem}", attribute)
