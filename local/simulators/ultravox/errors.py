"""Ultravox's error answers, in Django REST framework's style (its schema documents none)."""

from local.simulators.base import Answer


def detail(status: int, text: str) -> Answer:
    return Answer(status, {"detail": text})


def not_found() -> Answer:
    return detail(404, "Not found.")


def invalid(problems: dict[str, object]) -> Answer:
    """{"field": ["message"]}, nested as the body is."""
    return Answer(400, problems)
