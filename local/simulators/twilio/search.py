"""Search and prices: AvailablePhoneNumbers, and the Pricing API's countries. A search reserves nothing and shows no
price.
"""

import re

from local.simulators import inventory
from local.simulators.base import Answer, Call, Refused, Routes
from local.simulators.inventory import NumberType, Stock
from local.simulators.store import Record
from local.simulators.twilio.errors import error, uncoded

routes = Routes()

COUNTRY_NAMES = {
    "US": "United States",
    "CA": "Canada",
    "GB": "United Kingdom",
    "AU": "Australia",
    "IE": "Ireland",
    "NZ": "New Zealand",
    "DE": "Germany",
}
_TYPES: dict[str, NumberType] = {"Local": "local", "TollFree": "toll_free", "Mobile": "mobile"}
_PRICE_NAMES: dict[NumberType, str] = {"local": "local", "toll_free": "toll free", "mobile": "mobile"}
_CAPABILITIES = {"SmsEnabled": "sms", "MmsEnabled": "mms", "VoiceEnabled": "voice", "FaxEnabled": "fax"}

ADDRESS_REQUIREMENTS = {"AU": "any", "IE": "any", "NZ": "any", "DE": "local"}
"""Countries whose numbers want an address; the others want none."""


def capabilities(item: Stock) -> Record:
    return {name: name in item.features for name in ("voice", "sms", "mms", "fax")}


def matches(pattern: str, number: str) -> bool:
    """Twilio's number patterns: digits anywhere in the number, "*" for any one digit."""
    digits = re.sub(r"[^\d*]", "", pattern)
    return re.search(digits.replace("*", r"\d"), number) is not None


@routes("GET", "/2010-04-01/Accounts/<account>/AvailablePhoneNumbers/<country>/<any(Local,TollFree,Mobile):type>")
def search(call: Call) -> Answer:
    country, kind = call.path["country"].upper(), _TYPES[call.path["type"]]
    sold = [item for item in inventory.stock("twilio").values() if item.country == country and item.type == kind]
    if not sold:
        raise Refused(error(404, 20404, f"The requested resource {call.request.path} was not found"))
    area_code = call.query.get("AreaCode")
    if area_code is not None and not area_code.isdecimal():
        raise Refused(uncoded(f"AreaCode {area_code} is not a number"))
    wanted = {name for name in _CAPABILITIES if call.query.get(name, "").lower() == "true"}
    found = [
        item
        for item in call.simulator.for_sale()
        if item in sold
        and (area_code is None or item.area_code == area_code)
        and matches(call.query.get("Contains", ""), item.number)
        and all(_CAPABILITIES[name] in item.features for name in wanted)
        and _in_place(call, item)
        and not (call.query.get("ExcludeAllAddressRequired") == "true" and item.country in ADDRESS_REQUIREMENTS)
    ]
    uri = f"/2010-04-01/Accounts/{call.path['account']}/AvailablePhoneNumbers/{country}/{call.path['type']}.json"
    size = page_size(call)
    return Answer(200, {"available_phone_numbers": [_shown(item) for item in found[:size]], "uri": uri})


def page_size(call: Call) -> int:
    """1–1000, 50 by default; refused otherwise."""
    text = call.query.get("PageSize", "50")
    if not text.isdecimal() or not 1 <= int(text) <= 1000:
        raise Refused(uncoded("PageSize must be between 1 and 1000"))
    return int(text)


def _in_place(call: Call, item: Stock) -> bool:
    places = {
        "InRegion": item.region,
        "InLocality": item.locality,
        "InRateCenter": item.locality,
        "InPostalCode": None,
        "InLata": None,
    }
    return all(
        (place or "").lower() == call.query[name].lower() for name, place in places.items() if name in call.query
    )


def _shown(item: Stock) -> Record:
    return {
        "friendly_name": item.national,
        "phone_number": item.number,
        "lata": None,
        "locality": item.locality,
        "rate_center": item.locality and item.locality.upper(),
        "latitude": None,
        "longitude": None,
        "region": item.region,
        "postal_code": None,
        "iso_country": item.country,
        "address_requirements": ADDRESS_REQUIREMENTS.get(item.country, "none"),
        "beta": False,
        "capabilities": capabilities(item),
    }


@routes("GET", "/v1/PhoneNumbers/Countries")
def list_countries(call: Call) -> Answer:
    countries = [_country(call, iso) for iso in COUNTRY_NAMES]
    url = f"{call.request.base_url}?PageSize=50&Page=0"
    meta = {
        "page": 0,
        "page_size": 50,
        "first_page_url": url,
        "previous_page_url": None,
        "next_page_url": None,
        "url": url,
        "key": "countries",
    }
    return Answer(200, {"countries": countries, "meta": meta})


@routes("GET", "/v1/PhoneNumbers/Countries/<country>")
def show_prices(call: Call) -> Answer:
    """Monthly prices by number type, as strings (the schema says number; the vendor's own example and the live answer
    say string).
    """
    iso = call.path["country"].upper()
    if iso not in COUNTRY_NAMES:
        raise Refused(error(404, 20404))
    prices = {item.type: item.monthly_cost for item in inventory.stock("twilio").values() if item.country == iso}
    shown = [
        {"number_type": _PRICE_NAMES[kind], "base_price": cost, "current_price": cost} for kind, cost in prices.items()
    ]
    return Answer(200, _country(call, iso) | {"phone_number_prices": shown, "price_unit": "USD"})


def _country(call: Call, iso: str) -> Record:
    url = f"{call.request.host_url}v1/PhoneNumbers/Countries/{iso}"
    return {"country": COUNTRY_NAMES[iso], "iso_country": iso, "url": url}
