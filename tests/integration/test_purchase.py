"""POST /phone-numbers/purchase and /release, at Telnyx."""

from __future__ import annotations

from tests.world import World


def test_smoke(world: World) -> None:
    world.telnyx.simulator.change_settings({"order_delay": 0})
    world.provision()
    token = world.owner_token
    number = next(iter(world.telnyx.simulator.for_sale())).number
    answer = world.call(
        "purchase_number",
        "POST",
        "/phone-numbers/purchase",
        {"phone_number": number, "provider": "telnyx"},
        token=token,
        headers={"idempotency-key": "k" * 10},
    )
    print(answer)
    assert answer.status == 200
    again = world.call(
        "purchase_number",
        "POST",
        "/phone-numbers/purchase",
        {"phone_number": number, "provider": "telnyx"},
        token=token,
        headers={"idempotency-key": "k" * 10},
    )
    print(again)
    third = world.call(
        "purchase_number",
        "POST",
        "/phone-numbers/purchase",
        {"phone_number": number, "provider": "telnyx"},
        token=token,
    )
    print(third)
    gone = world.call("purchase_number", "POST", "/phone-numbers/release", {"phone_number": number}, token=token)
    print(gone)
    assert gone.status == 200
