"""Every `code` an error may carry: its HTTP status and what it means; and which of them each route answers with."""

from __future__ import annotations

CODES: dict[str, tuple[int, str]] = {
    # the request
    "invalid_request": (400, "The request makes no sense as it is."),
    "validation_failed": (400, "A field is missing, unknown or has a bad value; `errors` says which."),
    "invalid_json": (400, "The body is not a JSON object in UTF-8."),
    "invalid_content_type": (400, "The body was not sent as application/json."),
    "empty_update": (400, "The update names nothing to change."),
    "invalid_cursor": (400, "The cursor is not one of ours, or belongs to other parameters."),
    "invalid_phone_number": (400, "Not a phone number in E.164, such as +12125551234."),
    "invalid_url": (400, "Not an address that may be stored here."),
    "several_credentials": (400, "The request carries two different credentials."),
    "unknown_provider": (400, "There is no such provider."),
    "unauthenticated": (401, "No valid credential."),
    "forbidden": (403, "Not allowed."),
    "role_required": (403, "The caller's role may not do this."),
    "not_an_agency_user": (403, "The token is valid, but its user belongs to no agency."),
    "foreign_org_handle": (403, "The Org-Handle is not that of the caller's agency."),
    "not_found": (404, "There is no such thing, or it belongs to another agency."),
    "route_not_found": (404, "There is no such path."),
    "method_not_allowed": (405, "The path takes other methods; `Allow` lists them."),
    "conflict": (409, "Somebody else changed it at the same time."),
    "payload_too_large": (413, "The body has more than 64 KB."),
    # operations
    "operation_not_found": (404, "There is no such operation."),
    "operation_in_progress": (
        409,
        "Another run is at it, and finishes it; or what an earlier one did is not certain yet.",
    ),
    "operation_finished": (409, "The operation has ended; there is nothing to retry."),
    "idempotency_conflict": (409, "The Idempotency-Key was used with another body."),
    "too_many_operations": (429, "The agency has too many open operations."),
    # the agency's set-up
    "agency_not_found": (404, "The caller's agency is gone."),
    "configuration_missing": (400, "Keys are not configured; `missing` names them."),
    "already_provisioned": (400, "Telephony is provisioned; `force` goes through it again."),
    "telnyx_application_missing": (500, "Telnyx has no application of this agency; provision first."),
    "telephony_not_in_sync": (500, "The new keys are stored, but the provisioned telephony has the old ones yet."),
    "numbers_on_application": (409, "Numbers are still on the application; release them first."),
    "credentials_unavailable": (500, "A stored secret could not be opened."),
    # providers
    "provider_not_configured": (400, "The agency has no active account with this provider."),
    "ambiguous_provider": (400, "Several accounts with this provider, and none is the default."),
    "provider_configuration_not_found": (404, "There is no such provider configuration."),
    "product_not_found": (404, "The agency has no such product."),
    "name_taken": (409, "Another configuration of the provider has this name."),
    "provider_in_use": (409, "Live numbers or the provisioned telephony need it."),
    "too_many_configurations": (409, "The agency has as many provider configurations as it may have."),
    "foreign_product": (409, "The configuration in use belongs to another product than the caller's."),
    "numbers_in_another_account": (
        400,
        "Live numbers were bought with the keys that are replaced, in another account.",
    ),
    "invalid_provider_credentials": (500, "The provider refused the credentials."),
    "provider_rate_limited": (500, "The provider asks for fewer requests."),
    "provider_unavailable": (500, "The provider gives no usable answer."),
    "provider_error": (500, "The provider refused; `provider_code` is its own code."),
    "outcome_unknown": (500, "The provider may have done it; this is looked up, and the operation goes on."),
    # numbers and assistants
    "assistant_not_found": (404, "There is no such assistant."),
    "assistant_in_use": (409, "Numbers are assigned to the assistant."),
    "assistant_not_ready": (400, "The assistant lacks what the provider needs."),
    "provider_mismatch": (400, "The number or the assistant is of another provider."),
    "number_not_found": (404, "The number is not in the agency's inventory."),
    "phone_configuration_not_found": (404, "There is no such phone configuration."),
    "page_out_of_reach": (400, "A page this far back is read by `cursor` only."),
    "number_released": (409, "The number has been released."),
    "number_gone": (500, "The provider does not have the number any more."),
    "already_owned": (409, "The number is the agency's already."),
    "already_at_carrier": (409, "The number is in the provider's account already; import it."),
    "purchase_records_missing": (404, "The records of this purchase are gone."),
    "import_records_missing": (404, "The records of this import are gone."),
    "not_supported": (400, "This number cannot do that."),
    "spending_limit_exceeded": (403, "It costs more than the request or the agency allows."),
    "price_unknown": (403, "There is a limit, and the price is not known or in another currency."),
    "number_unavailable": (500, "The number is not for sale any more."),
    "insufficient_balance": (500, "The provider's account has too little money."),
    "account_restricted": (500, "The provider's account may not buy numbers."),
    "trial_limit": (500, "A trial account may not have this number."),
    "geographic_permission_missing": (500, "The provider's account lacks a permission for the country."),
    "regulatory_requirements_missing": (500, "The country asks for documents at the provider."),
    "connection_invalid": (500, "The connection does not exist at the provider."),
    "not_yet_releasable": (500, "The provider takes the number back only later."),
    # ourselves
    "internal_error": (500, "Our mistake; tell us the request_id."),
    "runs_die": (500, "Each run of the operation was cut off; it needs a person."),
    "out_of_time": (500, "Not enough time was left; the work goes on by itself."),
    "identity_unavailable": (503, "The keys that tokens are signed with could not be read; nothing was done."),
    "storage_unavailable": (503, "The database did not answer; nothing was done."),
}

_CARRIER = (
    "invalid_provider_credentials",
    "provider_rate_limited",
    "provider_unavailable",
    "provider_error",
    "insufficient_balance",
    "account_restricted",
)
"""What a carrier may say to any call."""
_OPENED = ("configuration_missing", "credentials_unavailable", *_CARRIER, "out_of_time")
"""An account is opened and its carrier asked."""
_ACCOUNT = ("provider_not_configured", "ambiguous_provider", *_OPENED)
"""That of the agency in use."""
_OF_NUMBER = (*_OPENED, "conflict")
"""That which the number is in, and which is written down anew if it was replaced."""
_KEYS = ("agency_not_found", "ambiguous_provider", *_OPENED)
_SAGA = ("operation_in_progress", "outcome_unknown")
_REFUSED_ORDER = (
    "number_unavailable",
    "trial_limit",
    "geographic_permission_missing",
    "regulatory_requirements_missing",
    "connection_invalid",
)
_ASSISTANT = ("assistant_not_found", "assistant_not_ready", "provider_mismatch")
_LIMITS = ("spending_limit_exceeded", "price_unknown")
_RENAMED = ("phone_configuration_not_found", "number_released", "operation_in_progress", "conflict")
_ORG = ("foreign_org_handle", "agency_not_found")
_STOPPED = tuple(f"500:{code}" for code in (*_CARRIER, "telnyx_application_missing", "outcome_unknown", "conflict"))
"""A failure in the middle of an operation is that of the operation, at every route."""
_CHECKED = (
    "invalid_request",
    *(f"400:{code}" for code in _CARRIER if code not in ("provider_rate_limited", "provider_unavailable")),
    "400:telnyx_application_missing",
    "numbers_in_another_account",
    "ambiguous_provider",
    "foreign_product",
    "too_many_configurations",
    "operation_in_progress",
    "conflict",
    "provider_rate_limited",
    "provider_unavailable",
    *_STOPPED,
    "500:telephony_not_in_sync",
    "credentials_unavailable",
    "out_of_time",
)
"""Credentials that are about to be stored: what the carrier refuses is the request's fault here. Once they are stored,
Ultravox gets them, and what fails then is 500."""
_SAVING = (
    *_ORG,
    "product_not_found",
    "invalid_url",
    "unknown_provider",
    "name_taken",
    "provider_in_use",
    *_CHECKED,
)

ROUTE_CODES: dict[str, tuple[str, ...]] = {
    "POST /provision-telephony": (*_KEYS, "already_provisioned", "telnyx_application_missing", "500:conflict", *_SAGA),
    "POST /deprovision-telephony": (*_KEYS, "numbers_on_application", "500:conflict", *_SAGA),
    "GET /get-integration-status": ("agency_not_found", "credentials_unavailable"),
    "GET /verify-telephony-config": ("agency_not_found", "credentials_unavailable", *_CARRIER, "out_of_time"),
    "POST /repair-telephony-config": (*_KEYS, "operation_in_progress", *_STOPPED),
    "POST /import-telnyx-to-ultravox": (*_KEYS, "telnyx_application_missing", *_SAGA, "500:outcome_unknown"),
    "POST /store-telnyx-credentials": ("agency_not_found", *_CHECKED),
    "POST /save-ultravox-integration": ("agency_not_found", *_CHECKED),
    "POST /phone-numbers/search": (*_ACCOUNT, "not_supported"),
    "POST /phone-numbers/purchase": (
        *_ACCOUNT,
        *_ASSISTANT,
        "agency_not_found",
        "purchase_records_missing",
        *_LIMITS,
        "already_owned",
        "already_at_carrier",
        "number_gone",
        "idempotency_conflict",
        "conflict",
        "too_many_operations",
        *_SAGA,
        *_REFUSED_ORDER,
    ),
    "POST /phone-numbers/purchase-batch": ("too_many_operations", "outcome_unknown"),
    "POST /phone-numbers/import": (
        *_ACCOUNT,
        *_ASSISTANT,
        *_LIMITS,
        "agency_not_found",
        "number_not_found",
        "404:number_gone",
        "import_records_missing",
        "already_owned",
        "conflict",
        *_SAGA,
    ),
    "POST /phone-numbers/assign": (
        *_OF_NUMBER,
        *_ASSISTANT,
        "agency_not_found",
        "number_not_found",
        "phone_configuration_not_found",
        "404:number_gone",
        *_SAGA,
    ),
    "POST /phone-numbers/release": (*_OF_NUMBER, "number_not_found", "provider_mismatch", *_SAGA),
    "GET /phone-numbers/countries": _ACCOUNT,
    "GET /phone-numbers/<phone_number>/webhooks": (
        "invalid_phone_number",
        "number_not_found",
        "404:number_gone",
        "operation_in_progress",
        *_OF_NUMBER,
    ),
    "PUT /phone-numbers/webhooks": (
        "invalid_url",
        "not_supported",
        "provider_mismatch",
        "assistant_not_ready",
        "number_not_found",
        "404:number_gone",
        *_OF_NUMBER,
        *_SAGA,
    ),
    "GET /phone-numbers/<phone_number>/diagnose": ("invalid_phone_number", "number_not_found", *_OF_NUMBER),
    "POST /assistants": ("agency_not_found", "conflict"),
    "GET /assistants": ("invalid_cursor",),
    "GET /assistants/<assistant_id>": ("assistant_not_found",),
    "PATCH /assistants/<assistant_id>": ("assistant_not_found", "assistant_in_use", "conflict"),
    "DELETE /assistants/<assistant_id>": ("assistant_not_found", "assistant_in_use"),
    "GET /operations": ("invalid_cursor",),
    "GET /operations/<operation_id>": ("operation_not_found",),
    "POST /operations/<operation_id>/retry": ("operation_not_found", "operation_finished", "operation_in_progress"),
    "GET /audit-events": ("invalid_cursor", "invalid_request"),
    "GET /phone-configurations": ("invalid_cursor", "page_out_of_reach"),
    "GET /phone-configurations/by-phone-number/<phone_number>": (
        "invalid_phone_number",
        "phone_configuration_not_found",
    ),
    "GET /phone-configurations/by-request/<phone_request_id>": ("phone_configuration_not_found",),
    "GET /phone-configurations/<configuration_id>": ("phone_configuration_not_found",),
    "PATCH /phone-configurations": _RENAMED,
    "PATCH /phone-configurations/<configuration_id>": _RENAMED,
    "DELETE /phone-configurations/<configuration_id>": ("phone_configuration_not_found", *_OF_NUMBER, *_SAGA),
    "GET /provider-configurations": _ORG,
    "POST /provider-configurations": _SAVING,
    "GET /provider-configurations/<configuration_id>": (
        *_ORG,
        "role_required",
        "product_not_found",
        "provider_configuration_not_found",
        "credentials_unavailable",
    ),
    "PATCH /provider-configurations/<configuration_id>": (
        *_SAVING,
        "provider_configuration_not_found",
        "empty_update",
    ),
    "DELETE /provider-configurations/<configuration_id>": (
        *_ORG,
        "product_not_found",
        "provider_configuration_not_found",
        "provider_in_use",
        "conflict",
    ),
    "POST /telnyx-webhook/<agency_id>/<webhook_secret>": ("unauthenticated",),
    "POST /twiml": ("unauthenticated",),
}
"""Beside those that every route of its kind answers with. `404:number_gone`: a status that is not the code's usual
one."""


def split(name: str) -> tuple[int, str]:
    """Status and code of an entry."""
    status, _, code = name.rpartition(":")
    return (int(status), code) if status else (CODES[code][0], code)


def usual_spelling(route: str) -> str:
    """The route as these tables have it, which know one of its two spellings."""
    return route.replace("/providers-conf", "/provider-conf")


def placed(route: str, name: str) -> tuple[int, str]:
    """Status and code of an entry at this route."""
    is_carriers = name in CARRIER_CODES and usual_spelling(route) in CARRIER_IS_A_GATEWAY
    return (502, name) if is_carriers else split(name)


CARRIER_IS_A_GATEWAY = {
    "GET /verify-telephony-config",
    "POST /repair-telephony-config",
    "POST /import-telnyx-to-ultravox",
    "POST /store-telnyx-credentials",
    "POST /save-ultravox-integration",
    "POST /provider-configurations",
    "PATCH /provider-configurations/<configuration_id>",
}
"""Routes that answer 502 for what a carrier refuses; the others report it as the failure of an operation, 500. An entry
with a status of its own keeps it."""

CARRIER_CODES = {*_CARRIER, "outcome_unknown", "telnyx_application_missing"}
