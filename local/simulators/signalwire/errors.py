"""SignalWire's error answers, of which there are three shapes.

native    401, 404, 400, 500: {"error": "Unauthorized"};  422: {"errors": [{"detail", "status", "title", "code"}]}
general   {"errors": [{"type", "code", "message", "attribute", "url"}]}: here for rate limits and for search parameters
LaML      {"code": 20003, "message", "more_info", "status"}
"""

from local.simulators.base import Answer

_PHRASES = {400: "Bad Request", 401: "Unauthorized", 403: "Forbidden", 404: "Not Found"}


def plain(status: int) -> Answer:
    return Answer(status, {"error": _PHRASES[status]})


def unprocessable(code: str, detail: str, title: str = "Invalid Attribute") -> Answer:
    return Answer(422, {"errors": [{"detail": detail, "status": "422", "title": title, "code": code}]})


def general(status: int, kind: str, code: str, message: str, attribute: str | None = None) -> Answer:
    body = {
        "type": kind,
        "code": code,
        "message": message,
        "attribute": attribute,
        "url": f"https://developer.signalwire.com/rest/overview/error-codes/#{code}",
    }
    return Answer(status, {"errors": [body]})


def laml(status: int, code: int, message: str) -> Answer:
    more_info = f"https://signalwire.com/docs/compatibility-api/reference/error-codes#{code}"
    return Answer(status, {"code": code, "message": message, "more_info": more_info, "status": status})
