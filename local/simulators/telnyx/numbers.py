"""Search: /available_phone_numbers. Only what a search has returned can be ordered."""

from collections.abc import Callable

from local.simulators import inventory
from local.simulators.base import Answer, Call, Refused, Routes
from local.simulators.inventory import Stock
from local.simulators.store import Record
from local.simulators.telnyx.errors import error

routes = Routes()

_FILTERS: dict[str, Callable[[Stock, str], bool]] = {
    "filter[country_code]": lambda item, value: item.country == value.upper(),
    "filter[phone_number_type]": lambda item, value: item.type == value,
    "filter[locality]": lambda item, value: (item.locality or "").lower() == value.lower(),
    "filter[administrative_area]": lambda item, value: (item.region or "").lower() == value.lower(),
    "filter[rate_center]": lambda item, value: (item.locality or "").lower() == value.lower(),
}
_LOCAL_FILTERS: dict[str, Callable[[Stock, str], bool]] = {
    "filter[national_destination_code]": lambda item, value: item.area_code == value,
    "filter[phone_number][contains]": lambda item, value: value.lstrip("+") in item.number,
    "filter[phone_number][starts_with]": lambda item, value: (
        _subscriber(item).startswith(value) or item.number[1:].startswith(value)
    ),
    "filter[phone_number][ends_with]": lambda item, value: item.number.endswith(value),
}
"""The filters that best_effort may loosen."""

_TYPES = ("local", "toll_free", "mobile", "national", "shared_cost")
_FEATURES = ("sms", "mms", "voice", "fax", "emergency", "hd_voice", "international_sms", "local_calling")


def _subscriber(item: Stock) -> str:
    return item.number[2:] if item.number.startswith("+1") else item.number[1:]


@routes("GET", "/v2/available_phone_numbers")
def search(call: Call) -> Answer:
    limit = _checked_limit(call)
    features = call.query.getlist("filter[features][]") or call.query.getlist("filter[features]")
    matching = [
        item
        for item in call.simulator.for_sale()
        if set(features) <= set(_features(item))
        and all(accepts(item, call.query[name]) for name, accepts in _FILTERS.items() if name in call.query)
    ]
    exact = [
        item
        for item in matching
        if all(accepts(item, call.query[name]) for name, accepts in _LOCAL_FILTERS.items() if name in call.query)
    ]
    close = [item for item in matching if item not in exact] if call.query.get("filter[best_effort]") == "true" else []
    found = [(item, False) for item in exact][:limit]
    found += [(item, True) for item in close][: limit - len(found)]
    for item, _ in found:
        call.account["searched"][item.number] = call.now
    call.simulator.save()
    meta = {"total_results": len(found), "best_effort_results": sum(best_effort for _, best_effort in found)}
    return Answer(
        200, {"data": [_shown(item, best_effort) for item, best_effort in found], "meta": meta, "metadata": meta}
    )


def _checked_limit(call: Call) -> int:
    """The limit; refused for values Telnyx doesn't know and for a country it doesn't cover."""
    kind = call.query.get("filter[phone_number_type]", "local")
    if kind not in _TYPES:
        raise Refused(
            error(400, "10032", f"phone_number_type must be one of {', '.join(_TYPES)}.", "/filter/phone_number_type")
        )
    for feature in call.query.getlist("filter[features][]"):
        if feature not in _FEATURES:
            raise Refused(error(400, "10032", f"features must be among {', '.join(_FEATURES)}.", "/filter/features"))
    country = call.query.get("filter[country_code]", "US").upper()
    if country not in inventory.countries("telnyx"):
        raise Refused(error(400, "10015", f"There is no coverage in {country}.", "/filter/country_code"))
    limit = call.query.get("filter[limit]", "100")
    if not limit.isdecimal() or int(limit) < 1:
        raise Refused(error(400, "10033", "limit must be a positive integer.", "/filter/limit"))
    return int(limit)


def _features(item: Stock) -> list[str]:
    return (
        [*item.features, "emergency"] if item.country in ("US", "CA") and item.type == "local" else list(item.features)
    )


def _shown(item: Stock, best_effort: bool) -> Record:
    regions = [("country_code", item.country), ("state", item.region), ("rate_center", item.locality)]
    return {
        "record_type": "available_phone_number",
        "phone_number": item.number,
        "vanity_format": "",
        "best_effort": best_effort,
        "quickship": item.type == "toll_free" and item.number.startswith("+1"),
        "reservable": True,
        "region_information": [{"region_type": kind, "region_name": name} for kind, name in regions if name],
        "cost_information": {"upfront_cost": item.upfront_cost, "monthly_cost": item.monthly_cost, "currency": "USD"},
        "features": [{"name": name} for name in _features(item)],
    }
