"""Field types that several schemas share."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import BeforeValidator, StringConstraints

_PRINTABLE = r"^[^\x00-\x1f\x7f]*$"

FriendlyName = Annotated[str, StringConstraints(min_length=1, max_length=64, pattern=_PRINTABLE)]
"""Of a number: as long as Twilio allows, which is less than the others do. No control characters."""

AssistantName = Annotated[str, StringConstraints(min_length=1, max_length=255, pattern=_PRINTABLE)]

Identifier = Annotated[str, StringConstraints(min_length=1, max_length=128, pattern=r"^[A-Za-z0-9._:-]*$")]
"""An id at a carrier or at Ultravox, as it stands in paths there."""

MAX_ID_DIGITS = 15


def _whole_number(value: Any) -> Any:
    """Stricter than Pydantic, which takes " 7", "7_0" and "+7" for whole numbers too."""
    if isinstance(value, str) and not (value.isascii() and value.isdigit() and len(value) <= MAX_ID_DIGITS):
        raise ValueError(f"must be a whole number of at most {MAX_ID_DIGITS} digits")
    return value


PlainDigits = BeforeValidator(_whole_number)
"""For whole numbers that come as text, in paths and queries."""
