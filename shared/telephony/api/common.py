"""What the schemas of all families share."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Strict

StrictBool = Annotated[bool, Strict()]
StrictInt = Annotated[int, Strict()]


class Request(BaseModel):
    """Base of request bodies: unknown fields are refused."""

    model_config = ConfigDict(extra="forbid")
