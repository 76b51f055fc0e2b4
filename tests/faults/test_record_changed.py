"""A record that somebody else changes at the very moment a step wants to write it: nothing of the step is lost."""

from __future__ import annotations

from typing import Any

import pytest

from tests.world import World


@pytest.fixture
def number(world: World) -> str:
    world.telnyx.simulator.change_settings({"order_delay": 0})
    return next(iter(world.telnyx.simulator.for_sale())).number


def rename_before_commit(monkeypatch: pytest.MonkeyPatch, world: World, number: str, skip: int) -> None:
    """Lets another writer rename the number's record just before commit number `skip` + 1 of the saga."""
    from telephony.models import base, phone_configurations
    from telephony.services import saga

    calls = 0

    def commit(*writes: Any) -> None:
        nonlocal calls
        calls += 1
        if calls == skip + 1:
            with world.roles.at_work(None):
                record = phone_configurations.find_live(world.agency_id, number)
                assert record is not None
                record.friendly_name = "renamed meanwhile"
                base.commit(*phone_configurations.replace(record))
        base.commit(*writes)

    monkeypatch.setattr(saga, "commit", commit)


def test_a_purchase_ends_active_though_its_record_is_renamed_meanwhile(
    world: World, number: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    # given
    rename_before_commit(monkeypatch, world, number, skip=1)

    # when
    body = {"phone_number": number, "provider": "telnyx"}
    first = world.call("purchase_number", "POST", "/phone-numbers/purchase", body, token=world.owner_token)
    world.settle(rounds=2)

    # then
    assert first.status in (200, 409), first.body
    path = f"/phone-configurations/by-phone-number/{number}"
    record = world.call("phone_configurations", "GET", path, token=world.owner_token).body["data"]
    assert record["status"] in ("ACTIVE", "INACTIVE")
    assert record["providerPhoneNumberId"]
    assert record["friendlyName"] == "renamed meanwhile"
    assert len(world.effects("telnyx", "number_order_created")) == 1


def test_a_release_ends_released_though_its_record_is_renamed_meanwhile(
    world: World, number: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    # given
    body = {"phone_number": number, "provider": "telnyx"}
    bought = world.call("purchase_number", "POST", "/phone-numbers/purchase", body, token=world.owner_token)
    assert bought.status == 200, bought.body
    rename_before_commit(monkeypatch, world, number, skip=1)

    # when
    world.call("purchase_number", "POST", "/phone-numbers/release", {"phone_number": number}, token=world.owner_token)
    world.settle(rounds=2)

    # then
    path = f"/phone-configurations/{bought.body['phone_configuration_id']}"
    record = world.call("phone_configurations", "GET", path, token=world.owner_token).body["data"]
    assert record["status"] == "RELEASED"
    assert len(world.effects("telnyx", "number_released")) == 1
