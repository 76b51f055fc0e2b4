"""Schemas of the site: health."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel, Field


class Dependencies(BaseModel):
    storage: Literal["ok", "unavailable"]


def _of_an_error(description: str) -> Any:
    return Field(None, description=f"Of an error only: {description}", exclude_if=lambda value: value is None)


class HealthResponse(BaseModel):
    """With the keys that every error has while a dependency doesn't answer."""

    success: bool
    version: str
    dependencies: Dependencies
    detail: str | None = _of_an_error("what is wrong.")
    code: str | None = _of_an_error("stable, to branch on.")
    request_id: str | None = _of_an_error("to look it up in the logs.")
    retryable: bool | None = _of_an_error("whether the same request may succeed later.")
    fix: str | None = _of_an_error("what the caller can do.")
