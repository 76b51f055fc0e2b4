"""Table `agencies`: an agency with its telephony set-up, and the guard of its org handle."""

from __future__ import annotations

import hashlib
import secrets
import uuid
from typing import Any

from pynamodb.attributes import (
    BinaryAttribute,
    BooleanAttribute,
    ListAttribute,
    NumberAttribute,
    UnicodeAttribute,
)
from pynamodb.expressions.condition import Condition

from telephony import clock
from telephony.errors import Conflict, OperationInProgress
from telephony.models.base import Table, Write, get, put, storage_errors, unchanged, update


class Agency(Table):
    """`pk` is `agency#<id>`."""

    table = "agencies"

    class Meta:
        pass

    pk = UnicodeAttribute(hash_key=True)
    name = UnicodeAttribute()
    org_handle = UnicodeAttribute()
    product_ids: ListAttribute[Any] = ListAttribute(of=NumberAttribute, default=list)
    webhook_secret_digest = UnicodeAttribute()
    sealed_webhook_secret = BinaryAttribute(legacy_encoding=False)
    telnyx_application_id = UnicodeAttribute(null=True)
    telnyx_outbound_profile_id = UnicodeAttribute(null=True)
    telephony_configured = BooleanAttribute(default=False)
    telephony_operation_id = UnicodeAttribute(null=True)
    """The unfinished operation on the agency's telephony: there is one at the most."""
    last_configuration_id = NumberAttribute(default=0)
    configurations_revision = NumberAttribute(default=0)
    """Counts the changes to the agency's provider configurations, so that no two of them overlap."""
    last_assistant_id = NumberAttribute(default=0)
    messaging_profile_id = UnicodeAttribute(null=True)
    created_at = NumberAttribute()
    updated_at = NumberAttribute()

    @property
    def id(self) -> str:
        return self.pk.removeprefix("agency#")

    @property
    def has_telephony(self) -> bool:
        """Whether it is set up, in part or whole."""
        return bool(self.telnyx_application_id or self.telnyx_outbound_profile_id or self.telephony_configured)

    @property
    def needs_telephony_accounts(self) -> bool:
        """Whether there is telephony, or an operation that has not ended on it."""
        return self.has_telephony or self.telephony_operation_id is not None


class OrgHandle(Table):
    """`pk` is `org#<handle>`: holds the handle for one agency, since an index can't be a condition."""

    table = "agencies"

    class Meta:
        pass

    pk = UnicodeAttribute(hash_key=True)
    agency_id = UnicodeAttribute()


def new_id() -> str:
    return str(uuid.uuid4())


def new_webhook_secret() -> str:
    """256 random bits, safe in a URL path."""
    return secrets.token_urlsafe(32)


def digest(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()


def find(agency_id: str) -> Agency | None:
    return get(Agency, f"agency#{agency_id}")


def ids_after(agency_id: str | None, count: int) -> list[str]:
    """So many agencies' ids from the one after `agency_id` on, in the table's own order; fewer at its end. Scans the
    table, for the schedule alone."""
    start = None if agency_id is None else {"pk": {"S": f"agency#{agency_id}"}}
    with storage_errors():
        found = Agency.scan(
            Agency.pk.startswith("agency#"), limit=count, attributes_to_get=["pk"], last_evaluated_key=start
        )
        return [each.id for each in found]


def find_by_org_handle(org_handle: str) -> Agency | None:
    held = get(OrgHandle, f"org#{org_handle}")
    return find(held.agency_id) if held else None


def create(agency: Agency) -> list[Write]:
    taken = lambda: Conflict(f"The org handle {agency.org_handle} is taken", code="org_handle_taken")  # noqa: E731
    return [
        put(OrgHandle(f"org#{agency.org_handle}", agency_id=agency.id), OrgHandle.pk.does_not_exist(), taken),
        put(agency, Agency.pk.does_not_exist()),
    ]


def set_telephony(agency_id: str, **values: Any) -> Write:
    """Sets the named attributes of an agency's telephony; None removes one.

    Takes `telnyx_application_id`, `telnyx_outbound_profile_id`, `telephony_configured`, `telephony_operation_id`.
    """
    actions = [Agency.updated_at.set(clock.now_ms())]
    for name, value in values.items():
        attribute = getattr(Agency, name)
        actions.append(attribute.remove() if value is None else attribute.set(value))
    return update(Agency(f"agency#{agency_id}"), actions, Agency.pk.exists())


def open_telephony_operation(agency: Agency, operation_id: str) -> Write:
    """Claims the agency for an operation.

    Fails with `OperationInProgress` if another was opened, or opened and ended, or if credentials were replaced since
    `agency` was read.
    """
    return update(
        Agency(agency.pk),
        [Agency.telephony_operation_id.set(operation_id), Agency.updated_at.set(clock.now_ms())],
        _same_telephony(agency) & (Agency.configurations_revision == agency.configurations_revision),
        lambda: OperationInProgress("Another operation on this agency's telephony has just begun or ended"),
    )


def change_configurations(agency: Agency, *, telephony_too: bool = False) -> Write:
    """Goes with every change to the agency's provider configurations.

    Fails with `Conflict` if they were changed since `agency` was read; with `telephony_too` also if an operation on the
    agency's telephony, which may use the credentials, was opened or ended meanwhile.
    """
    same = Agency.configurations_revision == agency.configurations_revision
    return update(
        Agency(agency.pk),
        [
            Agency.configurations_revision.set(agency.configurations_revision + 1),
            Agency.updated_at.set(clock.now_ms()),
        ],
        same & _same_telephony(agency) if telephony_too else same,
        lambda: Conflict(
            "The agency's provider configurations or its telephony were changed meanwhile",
            fix="Read the provider configurations again and repeat the request.",
        ),
    )


def _same_telephony(agency: Agency) -> Condition:
    same: Condition = (
        unchanged(Agency.telephony_operation_id, agency.telephony_operation_id)
        & unchanged(Agency.telnyx_application_id, agency.telnyx_application_id)
        & unchanged(Agency.telnyx_outbound_profile_id, agency.telnyx_outbound_profile_id)
    )
    return same


def replace_webhook_secret(agency_id: str, secret_digest: str, sealed: bytes) -> Write:
    return update(
        Agency(f"agency#{agency_id}"),
        [
            Agency.webhook_secret_digest.set(secret_digest),
            Agency.sealed_webhook_secret.set(sealed),
            Agency.updated_at.set(clock.now_ms()),
        ],
        Agency.pk.exists(),
    )


def rename(agency_id: str, name: str) -> Write:
    return update(
        Agency(f"agency#{agency_id}"),
        [Agency.name.set(name), Agency.updated_at.set(clock.now_ms())],
        Agency.pk.exists(),
    )
