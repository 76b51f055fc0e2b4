"""One table: every route and the role it needs. A route that isn't here can't be registered."""

from __future__ import annotations

from telephony.values import Role

PUBLIC = None
"""No credential: answered for anyone."""

ROUTES: dict[str, Role | None] = {
    # integration
    "POST /provision-telephony": Role.OWNER,
    "POST /deprovision-telephony": Role.OWNER,
    "GET /get-integration-status": Role.MEMBER,
    "GET /verify-telephony-config": Role.MEMBER,
    "POST /repair-telephony-config": Role.OWNER,
    "POST /import-telnyx-to-ultravox": Role.OWNER,
    "POST /store-telnyx-credentials": Role.OWNER,
    "POST /save-ultravox-integration": Role.OWNER,
    # providers; what only an owner may write in a POST or PATCH (secrets, URLs) is told by its body
    "GET /providers": Role.MEMBER,
    "GET /provider-configurations": Role.MEMBER,
    "POST /provider-configurations": Role.ADMIN,
    "GET /provider-configurations/<configuration_id>": Role.MEMBER,
    "PATCH /provider-configurations/<configuration_id>": Role.ADMIN,
    "DELETE /provider-configurations/<configuration_id>": Role.OWNER,
    "GET /providers-configurations": Role.MEMBER,
    "POST /providers-configurations": Role.ADMIN,
    "GET /providers-configurations/<configuration_id>": Role.MEMBER,
    "PATCH /providers-configurations/<configuration_id>": Role.ADMIN,
    "DELETE /providers-configurations/<configuration_id>": Role.OWNER,
    # numbers
    "POST /phone-numbers/search": Role.MEMBER,
    "POST /phone-numbers/purchase": Role.ADMIN,
    "POST /phone-numbers/purchase-batch": Role.ADMIN,
    "POST /phone-numbers/import": Role.ADMIN,
    "POST /phone-numbers/assign": Role.ADMIN,
    "GET /phone-numbers/countries": Role.MEMBER,
    "GET /phone-numbers/<phone_number>/webhooks": Role.MEMBER,
    "PUT /phone-numbers/webhooks": Role.ADMIN,
    "GET /phone-numbers/<phone_number>/diagnose": Role.MEMBER,
    "POST /phone-numbers/release": Role.OWNER,
    # assistants
    "GET /assistants": Role.MEMBER,
    "POST /assistants": Role.ADMIN,
    "GET /assistants/<assistant_id>": Role.MEMBER,
    "PATCH /assistants/<assistant_id>": Role.ADMIN,
    "DELETE /assistants/<assistant_id>": Role.ADMIN,
    # operations and the audit trail
    "GET /operations": Role.MEMBER,
    "GET /operations/<operation_id>": Role.MEMBER,
    "POST /operations/<operation_id>/retry": Role.OWNER,
    "GET /audit-events": Role.MEMBER,
    # configurations
    "GET /phone-configurations": Role.MEMBER,
    "GET /phone-configurations/by-phone-number/<phone_number>": Role.MEMBER,
    "GET /phone-configurations/by-request/<phone_request_id>": Role.MEMBER,
    "GET /phone-configurations/<configuration_id>": Role.MEMBER,
    "PATCH /phone-configurations": Role.ADMIN,
    "PATCH /phone-configurations/<configuration_id>": Role.ADMIN,
    "DELETE /phone-configurations/<configuration_id>": Role.OWNER,
    # webhooks: a signature or nothing
    "POST /telnyx-webhook/<agency_id>/<webhook_secret>": PUBLIC,
    "POST /twiml": PUBLIC,
    # site
    "GET /health": PUBLIC,
    "GET /openapi.json": PUBLIC,
    "GET /docs": PUBLIC,
    "GET /docs/<asset>": PUBLIC,
    "GET /console": PUBLIC,
}
