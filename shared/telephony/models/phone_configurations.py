"""Table `phone_configurations`: the record of each number, the guard of its uniqueness, and the counts for lists.

Three kinds of item, by `pk`: `phone#<id>` a record; `number#<E.164>` the guard, which exists while the number is live
(an index can't be a condition); `counts#<agency>#<status or ALL>` how many records there are.

A live record is listed by agency and by status. A released one stays readable for 90 days, by its own id and under the
status RELEASED, and leaves the agency's list. The counts sort before the records in the two indexes, so that the query
of a first page brings its total along.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from itertools import islice
from typing import Any

from pynamodb.attributes import BooleanAttribute, JSONAttribute, NumberAttribute, UnicodeAttribute
from pynamodb.expressions.condition import Condition
from pynamodb.indexes import AllProjection, GlobalSecondaryIndex

from telephony import clock
from telephony.errors import Conflict, OperationInProgress
from telephony.models import provider_configurations
from telephony.models.base import Table, Write, delete, get, put, storable, storage_errors, unchanged, update
from telephony.models.provider_configurations import ProviderConfiguration
from telephony.values import Money

RELEASED_KEPT_FOR = 90 * 86400
"""Seconds that a released number's record stays readable."""

COUNTS_SORT_KEY = "~"
"""After every digit: first in a list of newest first."""

ALL = "ALL"


class NumberStatus(StrEnum):
    PENDING = "PENDING"
    ACTIVE = "ACTIVE"
    INACTIVE = "INACTIVE"
    SUSPENDED = "SUSPENDED"
    RELEASED = "RELEASED"


class NumbersByAgency(GlobalSecondaryIndex["PhoneConfiguration"]):
    """Sparse: live records, and the agency's count."""

    class Meta:
        index_name = "by_agency"
        projection = AllProjection()

    listed_agency = UnicodeAttribute(hash_key=True)
    sort_key = UnicodeAttribute(range_key=True)


class NumbersByStatus(GlobalSecondaryIndex["PhoneConfiguration"]):
    class Meta:
        index_name = "by_status"
        projection = AllProjection()

    agency_status = UnicodeAttribute(hash_key=True)
    sort_key = UnicodeAttribute(range_key=True)


class NumbersByNumber(GlobalSecondaryIndex["PhoneConfiguration"]):
    class Meta:
        index_name = "by_number"
        projection = AllProjection()

    phone_number = UnicodeAttribute(hash_key=True)
    created_at = NumberAttribute(range_key=True)


class NumbersByRequest(GlobalSecondaryIndex["PhoneConfiguration"]):
    class Meta:
        index_name = "by_request"
        projection = AllProjection()

    phone_request_id = UnicodeAttribute(hash_key=True)


class PhoneConfiguration(Table):
    """The record of one number. Times in milliseconds; money in 1/10,000 of `currency`."""

    table = "phone_configurations"

    class Meta:
        pass

    pk = UnicodeAttribute(hash_key=True)
    agency_id = UnicodeAttribute(null=True)
    listed_agency = UnicodeAttribute(null=True)
    agency_status = UnicodeAttribute(null=True)
    sort_key = UnicodeAttribute(null=True)
    phone_number = UnicodeAttribute(null=True)
    provider = UnicodeAttribute(null=True)
    provider_configuration_id = NumberAttribute(null=True)
    """The carrier account that bought it."""
    carrier_account = UnicodeAttribute(null=True)
    """Its digest, by which it is known again when it was deleted and stored again; None on older records.

    A Telnyx account has no name but its key: with another one than the number was bought with, it is not known again.
    """
    provider_phone_number_id = UnicodeAttribute(null=True)
    phone_request_id = UnicodeAttribute(null=True)
    friendly_name = UnicodeAttribute(null=True)
    region_id = UnicodeAttribute(null=True)
    region_or_country_name = UnicodeAttribute(null=True)
    country_code = UnicodeAttribute(null=True)
    monthly_price = NumberAttribute(null=True)
    setup_price = NumberAttribute(null=True)
    currency = UnicodeAttribute(null=True)
    is_imported = BooleanAttribute(default=False)
    is_ported = BooleanAttribute(default=False)
    marked_for_release = BooleanAttribute(default=False)
    is_us_sms_permitted = BooleanAttribute(default=False)
    status = UnicodeAttribute(null=True)
    own_status = UnicodeAttribute(null=True)
    """While its carrier account is inactive: what `status` is apart from that. None while the account is active."""
    capabilities = JSONAttribute(default=dict)
    features = JSONAttribute(null=True)
    """What it was sold as able to do; None for one that was not bought here."""
    metadata = JSONAttribute(default=dict)
    assistant_id = NumberAttribute(null=True)
    assistant_name = UnicodeAttribute(null=True)
    connection_id = UnicodeAttribute(null=True)
    messaging_profile_id = UnicodeAttribute(null=True)
    voice_url = UnicodeAttribute(null=True)
    """Where the carrier was last seen to send calls, of a carrier whose numbers call a URL."""
    sms_url = UnicodeAttribute(null=True)
    overridden_by = UnicodeAttribute(null=True)
    """What takes the calls instead of `voice_url`, as last seen."""
    sms_overridden_by = UnicodeAttribute(null=True)
    operation_id = UnicodeAttribute(null=True)
    """The unfinished operation on this number: there is one at the most."""
    revision = NumberAttribute(default=1)
    created_at = NumberAttribute(null=True)
    updated_at = NumberAttribute(null=True)
    expires_at = NumberAttribute(null=True)
    records = NumberAttribute(null=True)
    """How many there are; of a counts item only."""

    by_agency = NumbersByAgency()
    by_status = NumbersByStatus()
    by_number = NumbersByNumber()
    by_request = NumbersByRequest()

    @property
    def id(self) -> str:
        return self.pk.removeprefix("phone#")

    @property
    def monthly(self) -> Money | None:
        """None where no price is known."""
        return None if self.monthly_price is None else Money(int(self.monthly_price), str(self.currency))

    @property
    def follows_inactive(self) -> bool:
        """Whether its carrier account is taken to be inactive."""
        return self.own_status is not None

    @property
    def status_apart(self) -> NumberStatus:
        """The status but for an inactive carrier account."""
        return NumberStatus(str(self.own_status or self.status))

    @property
    def live(self) -> bool:
        return self.status != NumberStatus.RELEASED

    @property
    def expired(self) -> bool:
        return self.expires_at is not None and self.expires_at <= clock.now()


class NumberGuard(Table):
    """`pk` is `number#<E.164>`: while it exists no other purchase or import of the number can begin."""

    table = "phone_configurations"

    class Meta:
        pass

    pk = UnicodeAttribute(hash_key=True)
    guarded_by = UnicodeAttribute()
    """The agency."""
    phone_configuration_id = UnicodeAttribute()
    guarding_operation_id = UnicodeAttribute()


def new(agency_id: str, phone_number: str, request_id: str, **attributes: Any) -> PhoneConfiguration:
    """A PENDING record, listed; not stored yet."""
    now = clock.now_ms()
    configuration_id = f"phone_{now:012x}{secrets.token_hex(8)}"
    return PhoneConfiguration(
        f"phone#{configuration_id}",
        agency_id=agency_id,
        listed_agency=agency_id,
        agency_status=f"{agency_id}#{NumberStatus.PENDING}",
        sort_key=f"{now:013d}#{configuration_id}",
        phone_number=phone_number,
        phone_request_id=request_id,
        status=NumberStatus.PENDING,
        operation_id=request_id,
        created_at=now,
        updated_at=now,
        **attributes,
    )


def guard_key(phone_number: str) -> str:
    return f"number#{phone_number}"


def find(agency_id: str, configuration_id: str) -> PhoneConfiguration | None:
    """The agency's record of that id; None for another agency's, too."""
    found = get(PhoneConfiguration, f"phone#{configuration_id}")
    return found if found and found.agency_id == agency_id and not found.expired else None


def find_live(agency_id: str, phone_number: str) -> PhoneConfiguration | None:
    """The agency's live record of a number, never an older released one."""
    with storage_errors():
        newest_first = PhoneConfiguration.by_number.query(phone_number, scan_index_forward=False, limit=20)
        return next((each for each in newest_first if each.agency_id == agency_id and each.live), None)


def find_guard(phone_number: str) -> NumberGuard | None:
    """Whose the number is, whichever agency's."""
    return get(NumberGuard, guard_key(phone_number))


def find_guarded(agency_id: str, phone_number: str) -> PhoneConfiguration | None:
    """As `find_live`, by the number's guard: two reads, but of what was just written, too."""
    guard = get(NumberGuard, guard_key(phone_number))
    found = find(agency_id, guard.phone_configuration_id) if guard else None
    return found if found and found.live else None


def find_by_request(agency_id: str, request_id: str) -> PhoneConfiguration | None:
    if not storable(request_id):
        return None
    with storage_errors():
        found = next(iter(PhoneConfiguration.by_request.query(request_id, limit=1)), None)
    return found if found and found.agency_id == agency_id and not found.expired else None


@dataclass(frozen=True, slots=True)
class Listed:
    """A stretch of a list. `counted`: how many records the whole list has, if the stretch begins with its count."""

    records: list[PhoneConfiguration]
    counted: int | None


def newest(agency_id: str, status: NumberStatus | None, limit: int, before: str | None = None) -> Listed:
    """Live records, or those of one status, newest first: `limit` items read, in one query.

    Without `before`, a sort key, the first item read is the list's count, where it has one: released records don't.
    """
    index, key = _list_of(agency_id, status)
    with storage_errors():
        found = list(
            index.query(
                key,
                None if before is None else PhoneConfiguration.sort_key < before,
                filter_condition=_readable(status),
                scan_index_forward=False,
                limit=limit,
            )
        )
    return _listed(found)


def skip(agency_id: str, status: NumberStatus | None, records: int) -> Listed:
    """The same for the first `records` of a list and its count, with nothing but their sort keys."""
    index, key = _list_of(agency_id, status)
    with storage_errors():
        found = index.query(
            key,
            filter_condition=_readable(status),
            scan_index_forward=False,
            limit=records + (status is not NumberStatus.RELEASED),
            attributes_to_get=["sort_key", "records"],
        )
        return _listed(list(found))


def _list_of(agency_id: str, status: NumberStatus | None) -> tuple[Any, str]:
    if status is None:
        return PhoneConfiguration.by_agency, agency_id
    return PhoneConfiguration.by_status, f"{agency_id}#{status}"


def _readable(status: NumberStatus | None) -> Condition | None:
    """Only released records expire; DynamoDB may be days late with deleting them."""
    return PhoneConfiguration.expires_at > int(clock.now()) if status is NumberStatus.RELEASED else None


def _listed(found: list[PhoneConfiguration]) -> Listed:
    if found and found[0].sort_key == COUNTS_SORT_KEY:
        return Listed(found[1:], int(found[0].records or 0))
    return Listed(found, None)


def create(configuration: PhoneConfiguration, operation_id: str, account: ProviderConfiguration) -> list[Write]:
    """A new record with its guard and counts, of a number of the carrier account `account`.

    Fails with `Conflict`: `already_owned` if the number is guarded, `conflict` if the account was changed or deleted
    since it was read.
    """
    assert configuration.phone_number is not None
    configuration.own_status = None if account.active else configuration.status
    guard = NumberGuard(
        guard_key(configuration.phone_number),
        guarded_by=configuration.agency_id,
        phone_configuration_id=configuration.id,
        guarding_operation_id=operation_id,
    )
    return [
        put(guard, NumberGuard.pk.does_not_exist(), _guarded),
        put(configuration, PhoneConfiguration.pk.does_not_exist()),
        *_count(str(configuration.agency_id), NumberStatus.PENDING, 1),
        _count_live(str(configuration.agency_id), 1),
        provider_configurations.count_number(account.agency_id, int(account.id), 1, revision=account.revision),
    ]


def replace(configuration: PhoneConfiguration, status: NumberStatus | None = None) -> list[Write]:
    """Writes back a record that was read, with a new status if given, and keeps guard and counts in step.

    What would be ACTIVE is SUSPENDED while the carrier account is inactive. Fails with `Conflict` if the record was
    changed meanwhile.
    """
    read, before = configuration.revision, NumberStatus(str(configuration.status))
    after = status or configuration.status_apart
    if configuration.follows_inactive:
        configuration.own_status = after
        after = NumberStatus.SUSPENDED if after is NumberStatus.ACTIVE else after
    agency_id = str(configuration.agency_id)
    configuration.revision = read + 1
    configuration.updated_at = clock.now_ms()
    configuration.status = after
    configuration.agency_status = f"{agency_id}#{after}"
    writes: list[Write] = []
    if after != before:
        writes += [*_count(agency_id, before, -1), *_count(agency_id, after, 1)]
        if after is NumberStatus.RELEASED:
            configuration.listed_agency = None
            configuration.expires_at = int(clock.now()) + RELEASED_KEPT_FOR
            guard = NumberGuard(guard_key(str(configuration.phone_number)))
            writes += [
                _count_live(agency_id, -1),
                provider_configurations.count_number(agency_id, int(configuration.provider_configuration_id), -1),
                delete(guard, NumberGuard.phone_configuration_id == configuration.id),
            ]
    return [put(configuration, PhoneConfiguration.revision == read, _changed), *writes]


def follow(configuration: PhoneConfiguration, account: ProviderConfiguration) -> list[Write]:
    """Has a record that was read follow its carrier account: suspended while that is inactive, else as it was.

    Fails with `Conflict` if the record or the account was changed meanwhile.
    """
    return _follow(configuration, account, 0)


def claim(configuration: PhoneConfiguration, operation_id: str, *, marked_for_release: bool = False) -> Write:
    """Takes the number for an operation, in memory and in the table.

    Fails with `OperationInProgress` if another has taken it, or changed it, since it was read.
    """
    read, before = configuration.revision, configuration.operation_id
    configuration.revision, configuration.operation_id = read + 1, operation_id
    configuration.marked_for_release = marked_for_release
    return update(
        PhoneConfiguration(configuration.pk),
        [
            PhoneConfiguration.operation_id.set(operation_id),
            PhoneConfiguration.marked_for_release.set(marked_for_release),
            PhoneConfiguration.revision.set(read + 1),
        ],
        (PhoneConfiguration.revision == read) & unchanged(PhoneConfiguration.operation_id, before),
        lambda: OperationInProgress("Another operation on this number is running"),
    )


def move(
    configuration: PhoneConfiguration, account: ProviderConfiguration, carrier_account: str, number_id: str | None
) -> list[Write]:
    """The number is known to be another configuration's of the agency, as `number_id`: the record follows that one.

    Fails with `Conflict` if the record or the account was changed since it was read.
    """
    configuration.provider_configuration_id = int(account.id)
    configuration.carrier_account = carrier_account
    configuration.provider_phone_number_id = number_id
    return _follow(configuration, account, 1)


def all_live(agency_id: str) -> Iterator[PhoneConfiguration]:
    """Every live record of an agency, page by page."""
    with storage_errors():
        for each in PhoneConfiguration.by_agency.query(agency_id):
            if each.sort_key != COUNTS_SORT_KEY:
                yield each


def of_account(agency_id: str, provider_configuration_id: int, limit: int | None = None) -> list[PhoneConfiguration]:
    """The live numbers of a carrier account, newest first, `limit` at the most.

    Out of an index, which knows only a moment later what was just written.
    """
    theirs = PhoneConfiguration.provider_configuration_id == provider_configuration_id
    with storage_errors():
        found = PhoneConfiguration.by_agency.query(agency_id, filter_condition=theirs, scan_index_forward=False)
        return list(islice(found, limit))


def reload(configuration_id: str) -> PhoneConfiguration | None:
    return get(PhoneConfiguration, f"phone#{configuration_id}")


def _follow(configuration: PhoneConfiguration, account: ProviderConfiguration, change: int) -> list[Write]:
    """`change`: how many numbers more the account has by it."""
    status = configuration.status_apart
    configuration.own_status = None if account.active else status
    count = provider_configurations.count_number(account.agency_id, int(account.id), change, revision=account.revision)
    return [*replace(configuration, status), count]


def _count(agency_id: str, status: NumberStatus, change: int) -> list[Write]:
    """Released records end by expiry, outside of any transaction: they are not counted."""
    if status is NumberStatus.RELEASED:
        return []
    item = PhoneConfiguration(f"counts#{agency_id}#{status}")
    return [
        update(
            item,
            [
                PhoneConfiguration.records.add(change),
                PhoneConfiguration.agency_status.set(f"{agency_id}#{status}"),
                PhoneConfiguration.sort_key.set(COUNTS_SORT_KEY),
            ],
        )
    ]


def _count_live(agency_id: str, change: int) -> Write:
    return update(
        PhoneConfiguration(f"counts#{agency_id}#{ALL}"),
        [
            PhoneConfiguration.records.add(change),
            PhoneConfiguration.listed_agency.set(agency_id),
            PhoneConfiguration.sort_key.set(COUNTS_SORT_KEY),
        ],
    )


def _guarded() -> Conflict:
    return Conflict("This number is already owned", code="already_owned")


def _changed() -> Conflict:
    """Retryable: whoever reads the record again can go on."""
    conflict = Conflict("The phone configuration was changed meanwhile", fix="Read it again and repeat the request.")
    conflict.retryable = True
    return conflict
