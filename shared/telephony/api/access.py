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
    # numbers
    "POST /phone-numbers/search": Role.MEMBER,
    "POST /phone-numbers/purchase": Role.ADMIN,
    "POST /phone-numbers/assign": Role.ADMIN,
    "POST /phone-numbers/release": Role.OWNER,
    "DELETE /phone-configurations/<configuration_id>": Role.OWNER,
    # webhooks: a signature or nothing
    "POST /telnyx-webhook/<agency_id>/<webhook_secret>": PUBLIC,
    # site
    "GET /health": PUBLIC,
}
