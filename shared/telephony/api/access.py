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
    # site
    "GET /health": PUBLIC,
}
