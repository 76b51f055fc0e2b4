"""Items as they come out of DynamoDB: ours are made faster than PynamoDB's own, and must be the same."""

from __future__ import annotations

import pytest
from pynamodb.attributes import AttributeContainer
from telephony.models.base import Table
from telephony.models.operations import Operation, StepRecord, StepState
from telephony.models.phone_configurations import NumberGuard, NumberStatus, PhoneConfiguration
from telephony.models.provider_configurations import ProviderConfiguration

ITEMS: list[Table] = [
    PhoneConfiguration(
        "phone#1",
        phone_number="+12025550123",
        status=NumberStatus.ACTIVE,
        monthly_price=11_500,
        capabilities={"voice": True},
        is_imported=True,
    ),
    PhoneConfiguration("counts#agency#ALL", records=0),
    NumberGuard(
        "number#+12025550123", guarded_by="agency", phone_configuration_id="phone_1", guarding_operation_id="op_1"
    ),
    Operation(
        "op_1",
        kind="purchase",
        agency_id="agency",
        actor="user",
        steps=[StepRecord(name="buy", state=StepState.DONE)],
        created_at=1,
        updated_at=2,
    ),
    ProviderConfiguration(
        "agency", 1, provider="telnyx", name="default", sealed=b"\x00\xff", created_at=1, updated_at=2
    ),
]


@pytest.mark.parametrize("item", ITEMS, ids=lambda item: type(item).__name__)
def test_an_item_is_made_as_pynamodb_makes_it(item: Table) -> None:
    stored = item.serialize()

    made = type(item).from_raw_data(stored)

    by_pynamodb = AttributeContainer._instantiate.__func__(type(item), stored)  # type: ignore[attr-defined]
    assert made.serialize() == by_pynamodb.serialize() == stored
    assert made.attribute_values.keys() == by_pynamodb.attribute_values.keys()


def test_what_is_stored_as_null_is_as_if_it_were_not_there() -> None:
    stored = {"pk": {"S": "phone#1"}, "friendly_name": {"NULL": True}, "is_ported": {"NULL": True}}

    made = PhoneConfiguration.from_raw_data(stored)

    assert (made.friendly_name, made.is_ported, made.metadata) == (None, False, {})
