"""Table `provider_configurations`: the one place where carrier secrets live, sealed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydantic import SecretStr
from pynamodb.attributes import (
    BinaryAttribute,
    BooleanAttribute,
    JSONAttribute,
    ListAttribute,
    NumberAttribute,
    UnicodeAttribute,
)

from telephony import clock
from telephony.errors import Conflict
from telephony.models.agencies import Agency
from telephony.models.base import Table, Write, delete, get, put, storage_errors, update
from telephony.models.sealing import Sealer
from telephony.values import ProviderType

MASK = "••••"
"""Stands in an answer for a secret, or for all of it but its ending."""

SHOWN_FROM = 12
"""Characters: the ending of a shorter secret would tell too much of it."""


class ProviderConfiguration(Table):
    """One carrier account of an agency. `id` counts up per agency and is never given twice."""

    table = "provider_configurations"

    class Meta:
        pass

    agency_id = UnicodeAttribute(hash_key=True)
    id = NumberAttribute(range_key=True)
    provider = UnicodeAttribute()
    name = UnicodeAttribute()
    active = BooleanAttribute(default=True)
    is_default = BooleanAttribute(default=False)
    base_url = UnicodeAttribute(null=True)
    sip_url = UnicodeAttribute(null=True)
    meta = JSONAttribute(default=dict)
    """Not secret: `telnyx_public_key`, `telnyx_account_sid`, `account_sid`, and whatever the caller keeps there."""
    product_id = NumberAttribute(null=True)
    sealed = BinaryAttribute(legacy_encoding=False, null=True)
    sealed_fields: ListAttribute[Any] = ListAttribute(of=UnicodeAttribute, default=list)
    endings = JSONAttribute(default=dict)
    """The last four characters of each secret, to show without opening it."""
    numbers = NumberAttribute(default=0)
    """Live phone numbers that were bought or imported with it. Only `count_number` writes it, outside of `revision`."""
    revision = NumberAttribute(default=1)
    created_at = NumberAttribute()
    updated_at = NumberAttribute()
    secrets_at = NumberAttribute(null=True)
    validated_at = NumberAttribute(null=True)

    @property
    def provider_type(self) -> ProviderType:
        return ProviderType(self.provider)

    @property
    def record(self) -> str:
        """What the encryption context names."""
        return f"provider_configuration/{self.id}"

    def has(self, field: str) -> bool:
        return field in self.sealed_fields

    def hold(self, sealer: Sealer, secrets: Mapping[str, str]) -> None:
        """Seals `secrets` into this record, in place of all it held. One KMS call, or none for no secrets."""
        self.sealed = sealer.seal(secrets, agency_id=self.agency_id, record=self.record) if secrets else None
        self.sealed_fields = sorted(secrets)
        self.endings = {field: value[-4:] if len(value) >= SHOWN_FROM else "" for field, value in secrets.items()}
        self.secrets_at = clock.now_ms()

    def masked(self, field: str) -> str | None:
        """`••••` and the ending of a secret; None if there is none."""
        return MASK + self.endings.get(field, "") if self.has(field) else None

    def facts(self) -> dict[str, Any]:
        """All that is not secret and can be changed: what the audit trail keeps of a record before a change."""
        return {
            "provider": self.provider,
            "name": self.name,
            "active": self.active,
            "is_default": self.is_default,
            "base_url": self.base_url,
            "sip_url": self.sip_url,
            "meta": self.meta,
            "product_id": None if self.product_id is None else int(self.product_id),
            "secrets": sorted(self.sealed_fields),
        }

    def open(self, sealer: Sealer) -> dict[str, SecretStr]:
        """The secrets by field name: one KMS call, or none for a record without secrets."""
        if self.sealed is None:
            return {}
        return sealer.open(self.sealed, list(self.sealed_fields), agency_id=self.agency_id, record=self.record)


def of_agency(agency_id: str) -> list[ProviderConfiguration]:
    """All of an agency's, by id; strongly consistent, so that a key just stored is used. One page for hundreds."""
    with storage_errors():
        return list(ProviderConfiguration.query(agency_id, consistent_read=True))


def find(agency_id: str, configuration_id: int) -> ProviderConfiguration | None:
    return get(ProviderConfiguration, agency_id, configuration_id)


def create(configuration: ProviderConfiguration) -> list[Write]:
    """Takes the id after the agency's last one; fails with `Conflict` when another took it meanwhile."""
    taken = _changed
    return [
        update(
            Agency(f"agency#{configuration.agency_id}"),
            [Agency.last_configuration_id.set(configuration.id)],
            Agency.last_configuration_id == configuration.id - 1,
            taken,
        ),
        put(configuration, ProviderConfiguration.id.does_not_exist(), taken),
    ]


def replace(configuration: ProviderConfiguration, *, without_numbers: bool = False) -> Write:
    """Writes back a record that was read, but for its count of numbers.

    Fails with `Conflict` if it was changed or deleted meanwhile, or `without_numbers` if it has got one.
    """
    unchanged_since = ProviderConfiguration.revision == configuration.revision
    if without_numbers:
        unchanged_since &= ProviderConfiguration.numbers == 0
    configuration.revision += 1
    configuration.updated_at = clock.now_ms()
    written = {
        name: attribute
        for name, attribute in configuration.get_attributes().items()
        if not (attribute.is_hash_key or attribute.is_range_key or name == "numbers")
    }
    values = {name: getattr(configuration, name) for name in written}
    return update(
        ProviderConfiguration(configuration.agency_id, configuration.id),
        [
            attribute.remove() if values[name] is None else attribute.set(values[name])
            for name, attribute in written.items()
        ],
        unchanged_since,
        _changed,
    )


def remove(configuration: ProviderConfiguration, *, in_use_too: bool) -> Write:
    """Fails with `Conflict` if it was changed since it was read, and unless `in_use_too` while it has numbers."""
    same = ProviderConfiguration.revision == configuration.revision
    return delete(configuration, same if in_use_too else same & (ProviderConfiguration.numbers == 0), _changed)


def count_number(agency_id: str, configuration_id: int, change: int, *, revision: float | None = None) -> Write:
    """A number more (1) or less (-1) that was bought or imported with a configuration.

    Fails with `Conflict` if there is no such configuration, or if its `revision` is not the given one any more: what is
    about to be bought with keys that were read may else be recorded under those of another account.
    """
    same = ProviderConfiguration.id.exists() if revision is None else ProviderConfiguration.revision == revision
    item = ProviderConfiguration(agency_id, configuration_id)
    return update(item, [ProviderConfiguration.numbers.add(change)], same, _changed)


def _changed() -> Conflict:
    """Retryable: whoever reads the record again can go on."""
    conflict = Conflict(
        "The provider configuration was changed or deleted meanwhile", fix="Read it again and repeat the request."
    )
    conflict.retryable = True
    return conflict
