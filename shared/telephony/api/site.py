"""Schemas of the site: health."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel


class Dependencies(BaseModel):
    storage: Literal["ok", "unavailable"]


class HealthResponse(BaseModel):
    success: bool
    version: str
    dependencies: Dependencies
