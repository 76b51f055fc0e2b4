"""Phone numbers: E.164 in and out, by the `phonenumbers` library (without its geodata)."""

from __future__ import annotations

import re

import phonenumbers

from telephony.errors import InvalidRequest
from telephony.values import NumberType

_SHAPE = re.compile(r"\+[1-9][0-9]{6,14}", re.ASCII)


def parse(text: str) -> str:
    """`text` if it is a possible number in E.164. Raises `InvalidRequest` (`invalid_phone_number`)."""
    problem = "must be in E.164 format: + and 7 to 15 digits, such as +12125551234"
    if not _SHAPE.fullmatch(text):
        raise InvalidRequest.field("phone_number", problem, code="invalid_phone_number")
    try:
        number = phonenumbers.parse(text)
    except phonenumbers.NumberParseException:
        raise InvalidRequest.field("phone_number", problem, code="invalid_phone_number") from None
    if not phonenumbers.is_possible_number(number):
        raise InvalidRequest.field("phone_number", "is too short or too long", code="invalid_phone_number")
    return text


def _parsed(phone_number: str) -> phonenumbers.PhoneNumber:
    """Raises `ValueError` for what is no number: a carrier may say anything."""
    try:
        return phonenumbers.parse(phone_number)
    except phonenumbers.NumberParseException as error:
        raise ValueError("no phone number") from error


def national_digits(phone_number: str) -> str:
    """The national significant number: what a carrier's search looks for."""
    return phonenumbers.national_significant_number(_parsed(phone_number))


def country_of(phone_number: str) -> str:
    """ISO 3166-1 alpha-2; the calling code's main country where the number's own can't be told."""
    number = _parsed(phone_number)
    region = phonenumbers.region_code_for_number(number)
    return region or phonenumbers.region_code_for_country_code(number.country_code or 0)


def may_be_of(phone_number: str, country: str) -> bool:
    """Whether it can be a number of that country: of its calling code, and valid there if it is valid at all."""
    number = _parsed(phone_number)
    if number.country_code != phonenumbers.country_code_for_region(country):
        return False
    return phonenumbers.is_valid_number_for_region(number, country) or not phonenumbers.is_valid_number(number)


def is_country(code: str) -> bool:
    """Whether it is the ISO 3166-1 alpha-2 code of a country with telephone numbers."""
    return code in phonenumbers.SUPPORTED_REGIONS


def calling_code(country: str) -> int:
    """Of a country of `is_country`."""
    return phonenumbers.country_code_for_region(country)


NORTH_AMERICA = ("US", "CA")
"""The countries of the North American Numbering Plan in which carriers ask for area codes."""

_TYPES: dict[int, tuple[NumberType, ...]] = {
    phonenumbers.PhoneNumberType.TOLL_FREE: ("toll_free",),
    phonenumbers.PhoneNumberType.MOBILE: ("mobile", "local"),
}


def possible_types(phone_number: str) -> tuple[NumberType, ...]:
    """What it may be sold as, the likeliest first: outside of North America a number's type doesn't always show."""
    number = _parsed(phone_number)
    kind = phonenumbers.number_type(number)
    if number.country_code == 1:
        return ("toll_free",) if kind == phonenumbers.PhoneNumberType.TOLL_FREE else ("local",)
    return _TYPES.get(kind, ("local", "mobile"))


def contains(digits: str, pattern: str) -> bool:
    """Whether a pattern of digits, with `*` for any one of them, occurs."""
    return re.search(pattern.replace("*", "[0-9]"), digits) is not None
