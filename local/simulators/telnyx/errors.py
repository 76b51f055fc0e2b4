"""Telnyx's error answers: {"errors": [{"code", "title", "detail", "source"?, "meta"}]}, the code always a string."""

from local.simulators.base import Answer

TITLES = {
    "10001": "Invalid parameter",
    "10002": "Invalid phone number",
    "10004": "Missing required parameter",
    "10005": "Resource not found",
    "10007": "Unexpected error",
    "10009": "Authentication failed",
    "10010": "Not authorized",
    "10011": "Too many requests",
    "10012": "Resource is a duplicate",
    "10015": "Bad Request",
    "10016": "Phone number must be in +E.164 format",
    "10021": "Resource is still in use",
    "10027": "Unprocessable entity",
    "10032": "Invalid enumerated value",
    "10033": "Value outside of range",
    "20100": "Insufficient funds",
}


def error(status: int, code: str, detail: str, pointer: str | None = None) -> Answer:
    """`pointer` is the JSON pointer of the field at fault."""
    body = {
        "code": code,
        "title": TITLES[code],
        "detail": detail,
        "meta": {"url": f"https://developers.telnyx.com/docs/overview/errors/{code}"},
    }
    if pointer is not None:
        body["source"] = {"pointer": pointer}
    return Answer(status, {"errors": [body]})


def not_found() -> Answer:
    return error(404, "10005", "The requested resource or URL could not be found.")


UNPROCESSABLE = Answer(422)
"""Call control and outbound voice profiles refuse a body without saying why: their 422 is empty."""
