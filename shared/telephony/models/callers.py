"""Table `callers`: who may call. One GetItem authenticates; a second never happens."""

from __future__ import annotations

import hashlib

from pynamodb.attributes import NumberAttribute, UnicodeAttribute
from pynamodb.indexes import AllProjection, GlobalSecondaryIndex

from telephony import clock
from telephony.models.base import Table, Write, delete, get, put, storage_errors, update


class CallersByAgency(GlobalSecondaryIndex["Caller"]):
    class Meta:
        index_name = "by_agency"
        projection = AllProjection()

    agency_id = UnicodeAttribute(hash_key=True)
    id = UnicodeAttribute(range_key=True)


class Caller(Table):
    """A person (`user#<sub>`) or an API token (`token#<sha256 of it>`)."""

    table = "callers"

    class Meta:
        pass

    id = UnicodeAttribute(hash_key=True)
    agency_id = UnicodeAttribute()
    org_handle = UnicodeAttribute(null=True)
    """The agency's, which never changes: an Org-Handle header is compared with it without reading the agency."""
    role = UnicodeAttribute()
    name = UnicodeAttribute(null=True)
    product_id = NumberAttribute(null=True)
    created_at = NumberAttribute()
    expires_at = NumberAttribute(null=True)
    """Epoch seconds; DynamoDB deletes the item some time after, so it is checked on read too."""
    revoked_at = NumberAttribute(null=True)

    by_agency = CallersByAgency()

    @property
    def live(self) -> bool:
        return self.revoked_at is None and (self.expires_at is None or self.expires_at > clock.now())


def user_key(sub: str) -> str:
    return f"user#{sub}"


def token_key(token: str) -> str:
    return f"token#{hashlib.sha256(token.encode()).hexdigest()}"


def find(caller_id: str) -> Caller | None:
    """The caller as stored now, revoked or not; no cache, so that a revocation counts at the next request."""
    return get(Caller, caller_id)


def of_agency(agency_id: str) -> list[Caller]:
    with storage_errors():
        return list(Caller.by_agency.query(agency_id))


def save(caller: Caller) -> Write:
    return put(caller)


def revoke(caller_id: str) -> Write:
    """Kept for 90 days as a record, then expired."""
    now = clock.now()
    return update(
        Caller(caller_id),
        [Caller.revoked_at.set(now), Caller.expires_at.set(int(now) + 90 * 86400)],
        Caller.id.exists(),
    )


def remove(caller_id: str) -> Write:
    return delete(Caller(caller_id))
