"""What an operator does to agencies and callers: the command line's side of the system, audited like any other."""

from __future__ import annotations

import re
import secrets
from collections.abc import Sequence
from typing import Any

from telephony import clock
from telephony.errors import Conflict, InvalidRequest, NotFound
from telephony.models import agencies, audit_events, callers, provider_configurations
from telephony.models.agencies import Agency
from telephony.models.base import commit
from telephony.models.callers import Caller
from telephony.models.sealing import Sealer
from telephony.services import limits
from telephony.services.limits import WantedLimits
from telephony.values import TOKEN_PREFIX, Role

OPERATOR = "operator"
ORG_HANDLE = re.compile(r"[A-Za-z0-9._-]{1,100}")
MAX_NAME_LENGTH = 100


class Administration:
    def __init__(self, sealer: Sealer) -> None:
        self._sealer = sealer

    def create_agency(
        self, name: str, org_handle: str, product_ids: Sequence[int] = (), wanted: WantedLimits | None = None
    ) -> tuple[Agency, bool]:
        """The agency of that org handle, and whether it was made now; one that there was keeps its limits.

        Raises `InvalidRequest` for a bad handle, name or limit.
        """
        name = _checked_name(name)
        if not ORG_HANDLE.fullmatch(org_handle):
            raise InvalidRequest("An org handle has up to 100 letters, digits, dots, hyphens and underscores")
        if existing := agencies.find_by_org_handle(org_handle):
            return existing, False
        agency_id, secret, now = agencies.new_id(), agencies.new_webhook_secret(), clock.now_ms()
        agency = Agency(
            f"agency#{agency_id}",
            name=name,
            org_handle=org_handle,
            product_ids=list(product_ids),
            webhook_secret_digest=agencies.digest(secret),
            sealed_webhook_secret=self._seal_webhook_secret(agency_id, secret),
            created_at=now,
            updated_at=now,
        )
        commit(
            *agencies.create(agency),
            audit_events.record(agency_id, "agency.created", OPERATOR, agency_id, name=name, org_handle=org_handle),
            *(limits.setting(agency_id, wanted, OPERATOR) if wanted else ()),
        )
        return agency, True

    def rename_agency(self, agency_id: str, name: str) -> None:
        """The resources at Telnyx take the new name at the next `force`. Raises `InvalidRequest`, `NotFound`."""
        name = _checked_name(name)
        before = self.agency(agency_id)
        commit(
            agencies.rename(agency_id, name),
            audit_events.record(agency_id, "agency.renamed", OPERATOR, agency_id, before=before.name, after=name),
        )

    def rotate_webhook_secret(self, agency_id: str) -> None:
        """Webhooks with the old secret are refused from now on; Telnyx learns the new one at the next `force`."""
        secret = agencies.new_webhook_secret()
        commit(
            agencies.replace_webhook_secret(
                agency_id, agencies.digest(secret), self._seal_webhook_secret(agency_id, secret)
            ),
            audit_events.record(agency_id, "agency.webhook_secret_rotated", OPERATOR, agency_id),
        )

    def agency(self, reference: str) -> Agency:
        """By id or org handle. Raises `NotFound`."""
        agency = agencies.find(reference) or agencies.find_by_org_handle(reference)
        if agency is None:
            raise NotFound(f"There is no agency {reference}", code="agency_not_found")
        return agency

    def describe_agency(self, reference: str) -> dict[str, Any]:
        """An agency with its limits, provider configurations and callers; no secret."""
        agency = self.agency(reference)
        return {
            "agency_id": agency.id,
            "name": agency.name,
            "org_handle": agency.org_handle,
            "product_ids": [int(each) for each in agency.product_ids],
            "telnyx_application_id": agency.telnyx_application_id,
            "telnyx_outbound_profile_id": agency.telnyx_outbound_profile_id,
            "telephony_configured": agency.telephony_configured,
            "unfinished_operation_id": agency.telephony_operation_id,
            "limits": limits.describe(agency.id),
            "provider_configurations": [
                {
                    "id": int(each.id),
                    "provider": each.provider,
                    "name": each.name,
                    "active": each.active,
                    "is_default": each.is_default,
                }
                for each in provider_configurations.of_agency(agency.id)
            ],
            "callers": [
                {"id": each.id, "role": each.role, "name": each.name, "live": each.live}
                for each in callers.of_agency(agency.id)
            ],
        }

    def add_user(self, agency_id: str, sub: str, role: Role) -> None:
        """Gives a Supabase user a role; again: changes the role. Raises `Conflict` for another agency's user."""
        existing = callers.find(callers.user_key(sub))
        if existing is not None and existing.live and existing.agency_id != agency_id:
            raise Conflict("This user belongs to another agency", code="user_of_another_agency")
        caller = Caller(
            callers.user_key(sub),
            agency_id=agency_id,
            org_handle=self.agency(agency_id).org_handle,
            role=role.label,
            created_at=clock.now_ms(),
        )
        commit(
            callers.save(caller),
            audit_events.record(agency_id, "user.added", OPERATOR, caller.id, role=role.label),
        )

    def remove_user(self, sub: str) -> None:
        """The user is refused at the next request. Raises `NotFound`."""
        existing = callers.find(callers.user_key(sub))
        if existing is None:
            raise NotFound("There is no such user", code="user_not_found")
        commit(
            callers.remove(existing.id),
            audit_events.record(existing.agency_id, "user.removed", OPERATOR, existing.id),
        )

    def issue_token(
        self, agency_id: str, role: Role, name: str, *, product_id: int | None = None, days: int | None = None
    ) -> tuple[str, Caller]:
        """A new API token, to be shown once: only its digest is stored.

        Raises `InvalidRequest` for a product that isn't the agency's.
        """
        agency = self.agency(agency_id)
        if product_id is not None and product_id not in agency.product_ids:
            raise InvalidRequest(f"The agency has no product {product_id}")
        token = TOKEN_PREFIX + secrets.token_urlsafe(32)
        caller = Caller(
            callers.token_key(token),
            agency_id=agency_id,
            org_handle=agency.org_handle,
            role=role.label,
            name=name,
            product_id=product_id,
            created_at=clock.now_ms(),
            expires_at=int(clock.now()) + days * 86400 if days else None,
        )
        commit(
            callers.save(caller),
            audit_events.record(agency_id, "token.issued", OPERATOR, caller.id, name=name, role=role.label),
        )
        return token, caller

    def tokens(self, agency_id: str) -> list[Caller]:
        return [each for each in callers.of_agency(agency_id) if each.id.startswith("token#")]

    def revoke_token(self, agency_id: str, token_id: str) -> None:
        """The token is refused at the next request. Raises `NotFound`."""
        existing = callers.find(token_id)
        if existing is None or existing.agency_id != agency_id or not token_id.startswith("token#"):
            raise NotFound("There is no such token", code="token_not_found")
        commit(callers.revoke(token_id), audit_events.record(agency_id, "token.revoked", OPERATOR, token_id))

    def _seal_webhook_secret(self, agency_id: str, secret: str) -> bytes:
        return self._sealer.seal({"webhook_secret": secret}, agency_id=agency_id, record="agency")


def _checked_name(name: str) -> str:
    name = name.strip()
    if not name or len(name) > MAX_NAME_LENGTH or not name.isprintable():
        raise InvalidRequest(f"An agency needs a name of at most {MAX_NAME_LENGTH} printable characters")
    return name
