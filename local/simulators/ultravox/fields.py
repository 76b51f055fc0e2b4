"""Field rules of Ultravox's request bodies; each rule gives the messages for a value, none when it is good."""

import uuid
from collections.abc import Callable
from typing import Any

from local.simulators.base import Call, Refused
from local.simulators.store import Record
from local.simulators.ultravox.errors import invalid

Rule = Callable[[Any], list[str]]


def text(longest: int | None = None) -> Rule:
    def check(value: Any) -> list[str]:
        if not isinstance(value, str):
            return ["Not a valid string."]
        if not value.strip():
            return ["This field may not be blank."]
        if longest and len(value) > longest:
            return [f"Ensure this field has no more than {longest} characters."]
        return []

    return check


def flag(value: Any) -> list[str]:
    return [] if isinstance(value, bool) else ["Must be a valid boolean."]


def mapping(value: Any) -> list[str]:
    return [] if isinstance(value, dict) else [f'Expected a dictionary of items but got type "{type(value).__name__}".']


def url(longest: int) -> Rule:
    def check(value: Any) -> list[str]:
        return text(longest)(value) or ([] if value.startswith(("http://", "https://")) else ["Enter a valid URL."])

    return check


def items(rule: Rule, longest: int | None = None) -> Rule:
    def check(value: Any) -> list[str]:
        if not isinstance(value, list):
            return [f'Expected a list of items but got type "{type(value).__name__}".']
        if longest and len(value) > longest:
            return [f"Ensure this field has no more than {longest} elements."]
        return [message for item in value for message in rule(item)]

    return check


def identifier(value: Any) -> list[str]:
    try:
        uuid.UUID(value)
    except (ValueError, AttributeError, TypeError):
        return ["Must be a valid UUID."]
    return []


def choice(*values: str) -> Rule:
    return lambda value: [] if value in values else [f'"{value}" is not a valid choice.']


def problems(body: Any, rules: dict[str, Rule], required: tuple[str, ...]) -> Record:
    """{"field": ["message"]} for everything wrong in `body`; fields without a rule are ignored, as Django REST
    framework does.
    """
    if not isinstance(body, dict):
        return {"non_field_errors": [f"Invalid data. Expected a dictionary, but got {type(body).__name__}."]}
    found = {name: ["This field is required."] for name in required if name not in body}
    for name, rule in rules.items():
        if name in body and (messages := rule(body[name])):
            found[name] = messages
    return found


def checked(call: Call, rules: dict[str, Rule], required: tuple[str, ...] = ()) -> Record:
    """The request's known fields. Refused with 400 and the problems."""
    body = call.json() if call.request.content_length else {}
    if found := problems(body, rules, required):
        raise Refused(invalid(found))
    return {name: value for name, value in body.items() if name in rules}
