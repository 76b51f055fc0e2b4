"""Schemas of assistants."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from aws_lambda_powertools.event_handler.openapi.params import Path
from pydantic import BaseModel, Field, model_validator

from telephony.api.common import Request
from telephony.api.fields import AssistantName, Identifier, PlainDigits

AssistantId = Annotated[int, PlainDigits, Path(ge=1)]

Carrier = Literal["twilio", "telnyx", "signalwire"]


class CreateAssistantRequest(Request):
    name: AssistantName
    telephony_provider: Carrier | None = Field(None, description="Null: any.")
    ultravox_agent_id: Identifier | None = Field(None, description="The agent that takes its calls.")
    connection_id: Identifier | None = Field(None, description="Telnyx; null: the agency's own application.")
    messaging_profile_id: Identifier | None = Field(None, description="Telnyx; without one its numbers can't SMS.")


class UpdateAssistantRequest(Request):
    """Only the fields that are sent are changed; null clears one."""

    name: AssistantName | None = None
    telephony_provider: Carrier | None = None
    ultravox_agent_id: Identifier | None = None
    connection_id: Identifier | None = None
    messaging_profile_id: Identifier | None = None

    @model_validator(mode="after")
    def _changes_something(self) -> Self:
        if not self.model_fields_set:
            raise ValueError("send at least one field to change")
        if "name" in self.model_fields_set and self.name is None:
            raise ValueError("name can't be null")
        return self


class AssistantSchema(BaseModel):
    id: int
    name: str
    telephony_provider: Carrier | None
    ultravox_agent_id: str | None
    connection_id: str | None
    messaging_profile_id: str | None
    numbers: int = Field(description="How many live phone numbers are assigned to it.")
    created_at: str
    updated_at: str


class AssistantResponse(BaseModel):
    success: Literal[True] = True
    assistant: AssistantSchema


class AssistantsResponse(BaseModel):
    success: Literal[True] = True
    assistants: list[AssistantSchema]
    next_cursor: str | None


class DeletedResponse(BaseModel):
    success: Literal[True] = True
    id: int
