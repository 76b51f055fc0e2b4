"""Owned numbers: IncomingPhoneNumbers. Buying is synchronous, and a number already owned counts as not available."""

import re
import uuid
from datetime import UTC, datetime
from decimal import Decimal
from email.utils import format_datetime
from urllib.parse import urlencode

from local.simulators.base import Answer, Call, Refused, Routes
from local.simulators.inventory import Stock
from local.simulators.store import Record, public
from local.simulators.twilio.errors import error, uncoded
from local.simulators.twilio.search import ADDRESS_REQUIREMENTS, capabilities, matches, page_size

routes = Routes()

_LIST = "/2010-04-01/Accounts/<account>/IncomingPhoneNumbers"

_FIELDS = {
    "FriendlyName": "friendly_name",
    "VoiceUrl": "voice_url",
    "VoiceMethod": "voice_method",
    "VoiceFallbackUrl": "voice_fallback_url",
    "VoiceFallbackMethod": "voice_fallback_method",
    "VoiceCallerIdLookup": "voice_caller_id_lookup",
    "VoiceApplicationSid": "voice_application_sid",
    "VoiceReceiveMode": "voice_receive_mode",
    "SmsUrl": "sms_url",
    "SmsMethod": "sms_method",
    "SmsFallbackUrl": "sms_fallback_url",
    "SmsFallbackMethod": "sms_fallback_method",
    "SmsApplicationSid": "sms_application_sid",
    "StatusCallback": "status_callback",
    "StatusCallbackMethod": "status_callback_method",
    "TrunkSid": "trunk_sid",
    "AddressSid": "address_sid",
    "BundleSid": "bundle_sid",
    "IdentitySid": "identity_sid",
    "EmergencyStatus": "emergency_status",
    "EmergencyAddressSid": "emergency_address_sid",
}
_CHOICES = {"VoiceReceiveMode": ("voice", "fax"), "EmergencyStatus": ("Active", "Inactive")}
_SIDS = {
    "VoiceApplicationSid": "AP",
    "SmsApplicationSid": "AP",
    "TrunkSid": "TK",
    "AddressSid": "AD",
    "BundleSid": "BU",
    "IdentitySid": "RI",
}

TEST_ANSWERS = {"+15005550000": 21422, "+15005550001": 21421}
"""What the magic numbers of the test credentials are refused with; +15005550006 is bought."""


def rfc2822(moment: float) -> str:
    return format_datetime(datetime.fromtimestamp(moment, UTC))


def _changes(call: Call) -> Record:
    """The form's fields under their record names. Refused for a value out of its field's rule."""
    for name, value in call.form.items():
        if name.endswith("Url") and value and not re.match(r"https?://[^/\s]+", value):
            raise Refused(error(400, 21502, f"{name} is not valid"))
        choices = ("GET", "POST") if name.endswith("Method") else _CHOICES.get(name)
        if choices and value not in choices:
            raise Refused(uncoded(f"{name} must be one of {', '.join(choices)}"))
        if value and name in _SIDS and not re.fullmatch(_SIDS[name] + "[0-9a-fA-F]{32}", value):
            raise Refused(uncoded(f"{name} is not valid"))
    if len(call.form.get("FriendlyName", "")) > 64:
        raise Refused(uncoded("FriendlyName must not be longer than 64 characters"))
    return {_FIELDS[name]: value for name, value in call.form.items() if name in _FIELDS}


def _find(call: Call) -> Record:
    record: Record | None = call.account["phone_numbers"].get(call.path["id"])
    if record is None:
        raise Refused(error(404, 20404, f"The requested resource {call.request.path} was not found"))
    return record


@routes("GET", _LIST)
def list_numbers(call: Call) -> Answer:
    """Newest first."""
    name, pattern = call.query.get("FriendlyName"), call.query.get("PhoneNumber", "")
    found = [
        public(record)
        for record in reversed(call.account["phone_numbers"].values())
        if record["_listed_at"] <= call.now
        and matches(pattern, record["phone_number"])
        and name in (None, record["friendly_name"])
    ]
    size = page_size(call)
    number = call.query.get("Page", "0")
    if not number.isdecimal():
        raise Refused(uncoded("Page must be a number"))
    page, last = int(number), max(0, (len(found) - 1) // size)
    shown = found[page * size : (page + 1) * size]
    body = {
        "incoming_phone_numbers": shown,
        "page": page,
        "page_size": size,
        "start": page * size,
        "end": page * size + max(len(shown) - 1, 0),
        "uri": _page_uri(call, size, page),
        "first_page_uri": _page_uri(call, size, 0),
        "next_page_uri": _page_uri(call, size, page + 1) if page < last else None,
        "previous_page_uri": _page_uri(call, size, page - 1) if page else None,
    }
    return Answer(200, body)


def _page_uri(call: Call, size: int, page: int) -> str:
    """Relative to the API's host."""
    kept = {name: value for name, value in call.query.items() if name not in ("Page", "PageSize", "PageToken")}
    token = {"PageToken": f"PAPN{page:032x}"} if page else {}
    query = urlencode(kept | {"PageSize": size, "Page": page} | token)
    return f"/2010-04-01/Accounts/{call.path['account']}/IncomingPhoneNumbers.json?{query}"


@routes("POST", _LIST)
def buy(call: Call) -> Answer:
    changes = _changes(call)
    if call.flagged("test_credentials"):
        return _buy_in_test(call, changes)
    _check_account(call)
    item = _chosen(call)
    _check_papers(call, item)
    record = _record(call, item.number, item.national, capabilities(item)) | changes
    record["address_requirements"] = ADDRESS_REQUIREMENTS.get(item.country, "none")
    call.account["balance"] = str(Decimal(call.account["balance"]) - Decimal(item.monthly_cost))
    call.account["phone_numbers"][record["sid"]] = record
    call.effect("number_bought", id=record["sid"], phone_number=item.number)
    return Answer(201, public(record))


def _check_account(call: Call) -> None:
    """Refused when the account may not spend: inactive, out of money, or a trial that has its one number."""
    if call.flagged("inactive"):
        raise Refused(error(403, 20005))
    if Decimal(call.account["balance"]) <= 0:
        raise Refused(error(403, 10001))
    if call.flagged("trial") and call.account["phone_numbers"]:
        raise Refused(error(403, 10002))
    if call.flagged("trial_limit"):
        raise Refused(error(400, 21404))


def _chosen(call: Call) -> Stock:
    for_sale = call.simulator.for_sale()
    number, area_code = call.form.get("PhoneNumber"), call.form.get("AreaCode")
    if number is None and area_code is not None:
        for item in for_sale:
            if item.area_code == area_code:
                return item
        raise Refused(error(400, 21452, f"No phone numbers found in area code {area_code}"))
    if number is None or not re.fullmatch(r"\+[1-9]\d{6,14}", number):
        raise Refused(error(400, 21421, f"PhoneNumber {number} is invalid"))
    for item in for_sale:
        if item.number == number:
            return item
    raise Refused(error(400, 21422, f"{number} is not available"))


def _check_papers(call: Call, item: Stock) -> None:
    address, bundle = call.form.get("AddressSid"), call.form.get("BundleSid")
    if call.flagged("certification_required"):
        raise Refused(error(400, 21613))
    if not bundle and (call.flagged("bundle_required") or item.country == "DE"):
        raise Refused(error(400, 21649))
    if not address and call.flagged("local_address_required"):
        raise Refused(error(400, 21615))
    if not address and (call.flagged("address_required") or item.country in ADDRESS_REQUIREMENTS):
        raise Refused(error(400, 21631))


def _buy_in_test(call: Call, changes: Record) -> Answer:
    """The test credentials: nothing is bought, the magic numbers decide the answer."""
    number, area_code = call.form.get("PhoneNumber"), call.form.get("AreaCode")
    if area_code == "533":
        raise Refused(error(400, 21452))
    if area_code == "500" or number == "+15005550006":
        can_all = dict.fromkeys(("voice", "sms", "mms", "fax"), True)
        return Answer(201, public(_record(call, "+15005550006", "(500) 555-0006", can_all) | changes))
    raise Refused(error(400, TEST_ANSWERS.get(number or "", 21421)))


def _record(call: Call, number: str, friendly_name: str, can: Record) -> Record:
    sid, account = f"PN{uuid.uuid4().hex}", call.account["sid"]
    return {
        "sid": sid,
        "account_sid": account,
        "phone_number": number,
        "friendly_name": friendly_name,
        "capabilities": can,
        "voice_url": None,
        "voice_method": "POST",
        "voice_fallback_url": None,
        "voice_fallback_method": "POST",
        "voice_caller_id_lookup": False,
        "voice_application_sid": None,
        "voice_receive_mode": "voice",
        "sms_url": "",
        "sms_method": "POST",
        "sms_fallback_url": "",
        "sms_fallback_method": "POST",
        "sms_application_sid": None,
        "status_callback": "",
        "status_callback_method": "POST",
        "trunk_sid": None,
        "address_sid": None,
        "bundle_sid": None,
        "identity_sid": None,
        "address_requirements": "none",
        "emergency_status": "Inactive",
        "emergency_address_sid": None,
        "emergency_address_status": "unregistered",
        "api_version": "2010-04-01",
        "beta": False,
        "origin": "twilio",
        "status": "in-use",
        "type": None,
        "date_created": rfc2822(call.now),
        "date_updated": rfc2822(call.now),
        "uri": f"/2010-04-01/Accounts/{account}/IncomingPhoneNumbers/{sid}.json",
        "_e164": number,
        "_listed_at": call.listed_at,
    }


@routes("GET", f"{_LIST}/<id>")
def show_number(call: Call) -> Answer:
    return Answer(200, public(_find(call)))


@routes("POST", f"{_LIST}/<id>")
def update_number(call: Call) -> Answer:
    record = _find(call)
    changes = _changes(call)
    record |= changes | {"date_updated": rfc2822(call.now)}
    call.effect("number_updated", id=record["sid"], phone_number=record["phone_number"], fields=sorted(changes))
    return Answer(200, public(record))


@routes("DELETE", f"{_LIST}/<id>")
def release(call: Call) -> Answer:
    record = _find(call)
    del call.account["phone_numbers"][record["sid"]]
    call.simulator.rest_number(record["phone_number"])
    call.effect("number_released", id=record["sid"], phone_number=record["phone_number"])
    return Answer(204)
