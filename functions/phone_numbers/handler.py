"""Around phone numbers: search, assign, countries, webhooks, diagnose; /assistants and /assistants/<id>."""

from __future__ import annotations

from typing import Annotated, Any
from urllib.parse import unquote

from aws_lambda_powertools.event_handler.openapi.params import Query
from telephony import e164
from telephony.api.app import Door
from telephony.api.assistants import (
    AssistantId,
    AssistantResponse,
    AssistantsResponse,
    CreateAssistantRequest,
    DeletedResponse,
    UpdateAssistantRequest,
)
from telephony.api.numbers import (
    AssignBody,
    AssignResponse,
    Carrier,
    CountriesResponse,
    DiagnosisResponse,
    FoundNumber,
    SearchRequest,
    SearchResponse,
    UpdatedWebhooksResponse,
    WebhooksBody,
    WebhooksResponse,
)
from telephony.bootstrap import container
from telephony.services.number_webhooks import Changes
from telephony.values import ProviderType

door = Door()


@door.route("POST /phone-numbers/search")
def search(body: SearchRequest) -> SearchResponse:
    """What is for sale at a carrier now."""
    caller = door.caller
    found = container().searching.search(caller.principal, body.provider, body.criteria(), caller.deadline)
    numbers = [FoundNumber.of(number, body.provider) for number in found]
    return SearchResponse(numbers=numbers, total_found=len(numbers), provider=body.provider)


@door.route("POST /phone-numbers/assign")
def assign(body: AssignBody) -> AssignResponse:
    """Assign a number to an assistant, or to none."""
    caller = door.caller
    done = container().assigning.assign(
        caller.principal, body.phone_number, body.assistant_id, caller.public_base_url, caller.deadline
    )
    return AssignResponse.model_validate(done)


@door.route("GET /phone-numbers/countries")
def countries(provider: Annotated[Carrier, Query()] = ProviderType.TELNYX) -> CountriesResponse:
    """Countries whose numbers a carrier sells."""
    found = container().countries.of(door.caller.principal, provider, door.caller.deadline)
    return CountriesResponse.model_validate({"country_codes": found, "provider": provider})


@door.route("GET /phone-numbers/<phone_number>/webhooks")
def webhooks(phone_number: str) -> WebhooksResponse:
    """Where the carrier sends a number's calls and messages now."""
    number = e164.parse(unquote(phone_number))
    found = container().number_webhooks.get(door.caller.principal, number, door.caller.deadline)
    return WebhooksResponse.model_validate(found)


@door.route("PUT /phone-numbers/webhooks")
def set_webhooks(body: WebhooksBody) -> UpdatedWebhooksResponse:
    """Change where calls go, and whether messages are taken."""
    caller = door.caller
    wanted = Changes(body.voice_webhook_url, body.enable_sms, body.disable_sms)
    done = container().number_webhooks.update(
        caller.principal, body.phone_number, body.provider, wanted, caller.public_base_url, caller.deadline
    )
    return UpdatedWebhooksResponse.model_validate(done)


@door.route("GET /phone-numbers/<phone_number>/diagnose")
def diagnose(phone_number: str) -> DiagnosisResponse:
    """What is the matter with a number, looked up at its carrier."""
    caller, number = door.caller, e164.parse(unquote(phone_number))
    found = container().diagnosing.diagnose(caller.principal, number, caller.public_base_url, caller.deadline)
    return DiagnosisResponse.model_validate(found)


@door.route("GET /assistants")
def list_assistants(cursor: Annotated[str | None, Query()] = None) -> AssistantsResponse:
    """The agency's assistants, by id."""
    found = container().assistants.page(door.caller.principal, cursor)
    return AssistantsResponse.model_validate({"assistants": found.assistants, "next_cursor": found.next_cursor})


@door.route("POST /assistants")
def create_assistant(body: CreateAssistantRequest) -> AssistantResponse:
    """Creates an assistant; its id is the next whole number of the agency."""
    return _answer(container().assistants.create(door.caller.principal, body.model_dump()))


@door.route("GET /assistants/<assistant_id>")
def get_assistant(assistant_id: AssistantId) -> AssistantResponse:
    """One assistant."""
    return _answer(container().assistants.get(door.caller.principal, assistant_id))


@door.route("PATCH /assistants/<assistant_id>")
def update_assistant(assistant_id: AssistantId, body: UpdateAssistantRequest) -> AssistantResponse:
    """Changes the fields that are sent."""
    changes = body.model_dump(exclude_unset=True)
    return _answer(container().assistants.update(door.caller.principal, assistant_id, changes))


@door.route("DELETE /assistants/<assistant_id>")
def delete_assistant(assistant_id: AssistantId) -> DeletedResponse:
    """Deletes an assistant that no number is assigned to."""
    container().assistants.delete(door.caller.principal, assistant_id)
    return DeletedResponse(id=assistant_id)


def _answer(assistant: dict[str, Any]) -> AssistantResponse:
    return AssistantResponse.model_validate({"assistant": assistant})


def lambda_handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    return door(event, context)
