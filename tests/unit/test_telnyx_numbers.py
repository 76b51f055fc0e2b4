"""What Telnyx says about orders and numbers, in our words."""

from __future__ import annotations

from typing import Any

import pytest
from telephony.providers import telnyx_numbers
from telephony.providers.base import Order, OwnedNumber


def order(status: Any = "success", number: Any = "success", **fields: Any) -> Order:
    lines = [{"phone_number": "+19705555098", "status": number}]
    return telnyx_numbers._order({"id": "12ade33a", "status": status, "phone_numbers": lines, **fields})


@pytest.mark.parametrize(
    ("of_order", "of_number", "status"),
    [
        ("success", "success", "success"),
        ("pending", "pending", "pending"),
        ("pending", "success", "pending"),
        ("success", "pending", "pending"),
        ("success", "failure", "failure"),
        ("pending", "failure", "failure"),
        ("failure", "failure", "failure"),
        ("failure", "success", "failure"),
    ],
)
def test_both_the_order_and_the_number_in_it_must_have_succeeded(of_order: str, of_number: str, status: str) -> None:
    assert order(of_order, of_number).status == status


@pytest.mark.parametrize(
    ("status", "shown"), [("success", "completed"), ("pending", "pending"), ("failure", "failure")]
)
def test_success_shows_as_completed(status: str, shown: str) -> None:
    assert order(status, status).details["status"] == shown


@pytest.mark.parametrize(("of_order", "of_number"), [("completed", "success"), (None, None), ("success", "cancelled")])
def test_a_state_that_telnyx_does_not_document_is_not_understood(of_order: Any, of_number: Any) -> None:
    with pytest.raises(ValueError, match="not in tuple"):
        order(of_order, of_number)


@pytest.mark.parametrize("identity", [None, ""])
def test_an_order_without_an_id_is_not_understood(identity: Any) -> None:
    with pytest.raises(ValueError, match="without an id"):
        order(id=identity)


@pytest.mark.parametrize(
    ("status", "met", "failure"),
    [
        ("success", True, None),
        ("pending", True, None),
        ("failure", True, "number_unavailable"),
        ("failure", False, "regulatory_requirements_missing"),
        ("pending", False, "regulatory_requirements_missing"),
    ],
)
def test_why_an_order_failed_and_what_a_pending_one_lacks(status: str, met: bool, failure: str | None) -> None:
    assert order(status, status, requirements_met=met).failure == failure


def test_a_list_shows_numbers_without_their_states() -> None:
    listed = {"id": "1", "status": "success", "phone_numbers": [{"id": "2", "phone_number": "+19705555098"}]}
    assert telnyx_numbers._order(listed).status == "success"
    assert telnyx_numbers._order({"id": "1", "status": "pending"}).status == "pending"


def owned(**fields: Any) -> OwnedNumber:
    return telnyx_numbers._owned({"id": "1293384261075731499", "phone_number": "+19705555098", **fields})


@pytest.mark.parametrize(
    ("theirs", "ours"),
    [
        ("active", "active"),
        ("purchase-pending", "pending"),
        ("provision-pending", "pending"),
        ("requirement-info-pending", "pending"),
        ("requirement-info-under-review", "pending"),
        ("requirement-info-exception", "pending"),
        ("port-out-pending", "active"),
        ("emergency-only", "suspended"),
        ("something new", "suspended"),
        (None, "suspended"),
    ],
)
def test_what_telnyx_says_of_a_number_in_our_words(theirs: Any, ours: str) -> None:
    assert owned(status=theirs).status == ours


def test_an_id_larger_than_any_float_stays_what_it_was() -> None:
    assert owned(id=1293384261075731499).id == "1293384261075731499"


def test_what_is_empty_at_telnyx_is_none_here() -> None:
    number = owned(status="active", connection_id="", messaging_profile_id="")
    assert (number.connection_id, number.messaging_profile_id) == (None, None)
    assert (number.capabilities.voice, number.capabilities.sms) == (True, False)


@pytest.mark.parametrize("status", ["deleted", "ported-out", "purchase-failed", "port-failed"])
def test_a_number_that_is_gone_is_not_owned(status: str) -> None:
    assert telnyx_numbers._owned_list([{"id": "1", "phone_number": "+19705555098", "status": status}]) == []


def test_an_offer_has_its_place_its_price_and_what_it_can_do() -> None:
    offer = telnyx_numbers._available(
        {
            "phone_number": "+19705555098",
            "region_information": [
                {"region_type": "country_code", "region_name": "US"},
                {"region_type": "state", "region_name": "CO"},
                {"region_type": "rate_center", "region_name": "FORT COLLINS"},
            ],
            "cost_information": {"upfront_cost": "3.21", "monthly_cost": "6.54", "currency": "usd"},
            "features": [{"name": "sms"}, {"name": "voice"}, {"name": "hd_voice"}],
        }
    )
    assert (offer.country_code, offer.region, offer.locality) == ("US", "CO", "FORT COLLINS")
    assert offer.monthly is not None
    assert offer.setup is not None
    assert (offer.monthly.amount, offer.setup.amount, offer.setup.currency) == (65_400, 32_100, "USD")
    assert (offer.capabilities.voice, offer.capabilities.sms, offer.capabilities.mms) == (True, True, False)


@pytest.mark.parametrize(("number", "country"), [("+4930901820", "DE"), ("+14165550100", "CA"), ("+12125550100", "US")])
def test_where_telnyx_names_no_country_the_number_does(number: str, country: str) -> None:
    assert telnyx_numbers._available({"phone_number": number}).country_code == country


def ordered(identity: str, **fields: Any) -> dict[str, Any]:
    lines = [{"id": "line", "phone_number": "+19705555098"}]
    return {"id": identity, "status": "success", "customer_reference": "op_1", "phone_numbers": lines} | fields


@pytest.mark.parametrize(
    ("listed", "found"),
    [
        ([], None),
        ([ordered("1")], "1"),
        ([ordered("2", customer_reference="op_2"), ordered("1")], "1"),
        ([ordered("2", phone_numbers=[{"phone_number": "+19705555099"}]), ordered("1")], "1"),
        ([ordered("2", status="failure"), ordered("1", status="pending")], "1"),
        ([ordered("2", status="failure")], "2"),
    ],
)
def test_the_order_looked_for_is_the_one_of_number_and_reference(listed: list[Any], found: str | None) -> None:
    assert telnyx_numbers._order_id(listed, "+19705555098", "op_1") == found
