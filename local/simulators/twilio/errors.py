"""Twilio's error answers: {"code", "message", "more_info", "status"}, the code an integer and sometimes missing."""

from local.simulators.base import Answer

MESSAGES = {
    10001: "Account is not active",
    10002: "Trial account does not support this feature",
    20003: "Authenticate",
    20004: "Method not allowed",
    20005: "Account not active",
    20008: "Resource not accessible with Test Account Credentials",
    20403: "You do not have permission to access this resource",
    20404: "The requested resource was not found",
    20429: "Too Many Requests",
    21404: "Trial accounts are allowed only one Twilio number",
    21421: "PhoneNumber is invalid",
    21422: "PhoneNumber is not available",
    21452: "No phone numbers found in the requested area code",
    21502: "VoiceUrl is not valid",
    21613: "PhoneNumber requires certification",
    21615: "PhoneNumber requires a local address",
    21631: "Phone Number Requires an Address but the 'AddressSid' parameter was empty.",
    21649: "Bundle required: 'BundleSid' was empty or its bundle is not approved.",
}


def error(status: int, code: int, message: str | None = None) -> Answer:
    body = {
        "code": code,
        "message": message or MESSAGES[code],
        "more_info": f"https://www.twilio.com/docs/errors/{code}",
        "status": status,
    }
    return Answer(status, body)


def uncoded(message: str) -> Answer:
    """A 400 without a code: Twilio's older parameter checks have none."""
    return Answer(400, {"message": message, "status": 400})
