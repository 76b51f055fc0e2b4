"""Who calls: a credential from the request's headers, proved, and bound to one agency and role.

No role, revocation or expiry is cached: each request reads the caller's record.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Literal

from telephony.errors import Forbidden, InvalidRequest, StorageUnavailable, Unauthenticated
from telephony.models import audit_events, callers
from telephony.models.base import commit
from telephony.models.callers import Caller
from telephony.observability import logger
from telephony.values import TOKEN_PREFIX, Principal, Role

if TYPE_CHECKING:
    from telephony.providers.supabase import TokenVerifier

MAX_CREDENTIAL_LENGTH = 8192


class Identity:
    """`verifier` is made at the first JWT only: checking one needs `cryptography`, which is slow to import."""

    def __init__(self, verifier: Callable[[], TokenVerifier]) -> None:
        self._verifier = verifier

    def authenticate(self, headers: Mapping[str, str]) -> Principal:
        """The caller. `headers` has lower-case names.

        Raises `Unauthenticated`; `InvalidRequest` for two different credentials; `Forbidden` for a person who belongs
        to no agency.
        """
        credential = _credential(headers)
        if credential.startswith(TOKEN_PREFIX):
            caller = callers.find(callers.token_key(credential))
            if caller is None or not caller.live:
                raise Unauthenticated("Invalid token")
            return _principal(caller, "token")
        subject = self._verifier().subject(credential)
        caller = callers.find(callers.user_key(subject))
        if caller is None or not caller.live:
            raise Forbidden("User is not an agency user", code="not_an_agency_user")
        return _principal(caller, "jwt")


def authorise(principal: Principal, required: Role) -> None:
    """Raises `Forbidden` unless the caller's role is the required one or a higher one."""
    if principal.role < required:
        raise Forbidden(
            f"This needs the role agency_{required.label}",
            code="role_required",
            fix=f"Ask an agency {required.label} to do it.",
        )


def record_refusal(principal: Principal, route: str, code: str) -> None:
    """Writes down that a caller was refused (403). One that can't be written is logged: the answer stays what it is."""
    try:
        commit(audit_events.record(principal.agency_id, "access.refused", principal.caller_id, route, code=code))
    except StorageUnavailable:
        logger.error("refusal not recorded", extra={"route": route, "code": code, "agency_id": principal.agency_id})


def _principal(caller: Caller, how: Literal["jwt", "token"]) -> Principal:
    product_id = int(caller.product_id) if caller.product_id is not None else None
    return Principal(caller.agency_id, Role.parse(caller.role), caller.id, how, product_id, caller.org_handle)


def _credential(headers: Mapping[str, str]) -> str:
    """The one credential of a request: `Authorization: Bearer|Token …`, `X-API-Key` or `X-Wiil-Api-Key`."""
    found = {headers[name].strip() for name in ("x-api-key", "x-wiil-api-key") if headers.get(name, "").strip()}
    if authorization := headers.get("authorization", "").strip():
        scheme, _, value = authorization.partition(" ")
        if scheme.lower() not in ("bearer", "token") or not value.strip():
            raise Unauthenticated("Missing or invalid authorization header")
        found.add(value.strip())
    if not found:
        raise Unauthenticated("Missing or invalid authorization header")
    if len(found) > 1:
        raise InvalidRequest("Send one credential, not two different ones", code="several_credentials")
    credential = found.pop()
    if len(credential) > MAX_CREDENTIAL_LENGTH:
        raise Unauthenticated("Invalid token")
    return credential
