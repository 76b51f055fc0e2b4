"""POST /telnyx-webhook/{agency}/{secret}: a signed event makes us look; anything else is refused alike."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from typing import Any

import pytest

from local.simulators.signing import telnyx_headers
from tests.numbers import Numbers, local_numbers
from tests.world import HttpAnswer, LambdaContext, World, door, event

_unsold = local_numbers()


@pytest.fixture
def numbers(calm_world: World) -> Iterator[Numbers]:
    """An agency whose orders stay pending for ten minutes, unless told otherwise."""
    simulator = calm_world.telnyx.simulator
    made = Numbers.of_new_agency(calm_world)
    assert calm_world.provision(token=made.token).status == 200
    simulator.change_settings({"order_delay": 600.0})
    yield made
    simulator.clear_faults()


@pytest.fixture
def ordered(numbers: Numbers) -> str:
    """A number whose order is pending, and about to be done."""
    number = next(_unsold)
    assert numbers.purchase(number).body["purchase_details"]["status"] == "pending"
    return number


@dataclass(frozen=True)
class Delivery:
    """A webhook as it arrives at the gateway."""

    path: str
    body: bytes
    headers: dict[str, str] = field(default_factory=dict)
    base64: bool = False


def complete(numbers: Numbers, number: str) -> Delivery:
    body, headers = numbers.event(numbers.order_of(number))
    return Delivery(numbers.webhook_path, body, headers)


def deliver(world: World, delivery: Delivery) -> HttpAnswer:
    given = event("POST", delivery.path, delivery.body, delivery.headers)
    if delivery.base64:
        given |= {"body": base64.b64encode(delivery.body).decode(), "isBase64Encoded": True}
    answer = world.invoke("webhooks", given, 28)
    return HttpAnswer(answer["statusCode"], json.loads(answer["body"]), answer["headers"])


def finish_order(numbers: Numbers) -> None:
    """The carrier decides; our own next look is seconds away."""
    for order in numbers.account["number_orders"].values():
        order["_due_at"] = 0
    numbers.world.telnyx.simulator.advance(0)


def woken(numbers: Numbers) -> list[str]:
    """The operations of this agency that the queue is asked to look at now, taken out of it."""
    client, url = numbers.world.backends.client("sqs"), numbers.world.queue_url
    mine, found = {each.id for each in numbers.operations}, []
    with numbers.world.roles.at_work(None):  # it may be asked while a function is at work
        while messages := client.receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages", []):
            for message in messages:
                client.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
                found.append(json.loads(message["Body"])["operation_id"])
    return [each for each in found if each in mine]


def test_an_event_wakes_the_operation_that_it_concerns(numbers: Numbers, ordered: str) -> None:
    finish_order(numbers)
    answer = deliver(numbers.world, complete(numbers, ordered))
    assert (answer.status, answer.body) == (200, {"success": True})

    numbers.world.run_queue(sweep=False)

    assert numbers.record(ordered).status == "ACTIVE"
    assert numbers.orders(ordered) == 1
    numbers.check()


def test_base64_by_the_gateway_is_undone_before_the_signature_is_checked(numbers: Numbers, ordered: str) -> None:
    finish_order(numbers)
    assert deliver(numbers.world, replace(complete(numbers, ordered), base64=True)).status == 200
    assert woken(numbers) == [numbers.operations_on(ordered)[0].id]


def test_header_names_come_in_any_case(numbers: Numbers, ordered: str) -> None:
    delivery = complete(numbers, ordered)
    headers = {name.upper(): value for name, value in delivery.headers.items()}
    given = event("POST", delivery.path, delivery.body) | {"headers": headers}
    assert door("webhooks").lambda_handler(given, LambdaContext(28))["statusCode"] == 200


def test_an_event_is_a_reason_to_look_and_not_the_truth(numbers: Numbers, ordered: str) -> None:
    # given a well-signed event that says more than the carrier does when it is asked
    order = numbers.order_of(ordered) | {"status": "success"}
    body, headers = numbers.event(order)
    assert deliver(numbers.world, Delivery(numbers.webhook_path, body, headers)).status == 200
    numbers.world.run_queue(sweep=False)
    assert numbers.record(ordered).status == "PENDING"
    numbers.check()


def test_the_same_event_many_times_changes_nothing_more(numbers: Numbers, ordered: str) -> None:
    finish_order(numbers)
    delivery = complete(numbers, ordered)
    for _ in range(5):
        assert deliver(numbers.world, delivery).status == 200
        numbers.world.run_queue(sweep=False)
    assert numbers.audit(ordered) == ["number.purchase_begun", "number.purchased"]
    assert numbers.limits["open_operations"] == 0
    numbers.check()


def test_an_event_before_our_own_write_loses_nothing(numbers: Numbers, monkeypatch: pytest.MonkeyPatch) -> None:
    # given that Telnyx decides at once and tells us while the purchase still holds its lease, before it has written
    # down that there is an order
    from telephony.providers.telnyx_numbers import TelnyxNumbers

    number, world = next(_unsold), numbers.world
    order, early = TelnyxNumbers.order, []

    def told_early(client: TelnyxNumbers, *given: Any) -> Any:
        placed = order(client, *given)
        finish_order(numbers)
        early.append(deliver(world, complete(numbers, number)))
        world.run_queue(sweep=False)
        return placed

    monkeypatch.setattr(TelnyxNumbers, "order", told_early)
    answer = numbers.purchase(number)

    assert [each.status for each in early] == [200]
    assert answer.body["purchase_details"]["status"] == "pending"
    assert numbers.record(number).status == "PENDING"
    world.pass_time(10)
    world.run_queue()
    assert numbers.record(number).status == "ACTIVE"
    assert numbers.orders(number) == 1
    numbers.check()


def test_an_event_after_the_end_changes_nothing(numbers: Numbers, ordered: str) -> None:
    world = numbers.world
    world.pass_time(601)
    world.run_queue()
    assert numbers.release(ordered).status == 200
    assert deliver(world, complete(numbers, ordered)).status == 200
    world.run_queue(sweep=False)
    assert numbers.record(ordered).status == "RELEASED"
    numbers.check()


@pytest.mark.parametrize(
    "payload",
    [
        {"customer_reference": "somebody else's"},
        {"customer_reference": None},
        {"customer_reference": 7},
        {"customer_reference": "op_of_nobody"},
        {},
        None,
        [],
        "text",
    ],
    ids=str,
)
def test_an_event_that_concerns_nothing_of_ours_is_taken_and_changes_nothing(numbers: Numbers, payload: Any) -> None:
    body, headers = numbers.event(payload)
    assert deliver(numbers.world, Delivery(numbers.webhook_path, body, headers)).status == 200
    numbers.world.run_queue(sweep=False)
    assert woken(numbers) == []


@pytest.mark.parametrize("event_type", ["call.initiated", "message.received", "number_order.created", "x" * 500, ""])
def test_an_event_of_another_type_is_taken_and_changes_nothing(numbers: Numbers, ordered: str, event_type: str) -> None:
    body, headers = numbers.event(numbers.order_of(ordered), event_type)
    assert deliver(numbers.world, Delivery(numbers.webhook_path, body, headers)).status == 200
    assert woken(numbers) == []


@pytest.mark.parametrize(
    "body", [b"", b"{}", b"[]", b"null", b"{", b"\xff\xfe", b'{"data": 7}', b"[" * 60_000], ids=len
)
def test_a_signed_body_that_says_nothing_is_taken(numbers: Numbers, body: bytes) -> None:
    headers = telnyx_headers(numbers.key, body, int(numbers.world.now()))
    assert deliver(numbers.world, Delivery(numbers.webhook_path, body, headers)).status == 200
    assert woken(numbers) == []


@pytest.mark.parametrize("offset", [-299, 299])
def test_a_clock_that_is_a_little_off_is_forgiven(numbers: Numbers, ordered: str, offset: int) -> None:
    body, _ = numbers.event(numbers.order_of(ordered))
    headers = telnyx_headers(numbers.key, body, int(numbers.world.now()) + offset)
    assert deliver(numbers.world, Delivery(numbers.webhook_path, body, headers)).status == 200


# Refused, each alike


def _header(name: str, value: str | None) -> Callable[[Numbers, Delivery], Delivery]:
    def spoil(_numbers: Numbers, sound: Delivery) -> Delivery:
        kept = {key: each for key, each in sound.headers.items() if key != name}
        return replace(sound, headers=kept | ({name: value} if value is not None else {}))

    return spoil


def _at(offset: int) -> Callable[[Numbers, Delivery], Delivery]:
    def spoil(numbers: Numbers, sound: Delivery) -> Delivery:
        moment = int(numbers.world.now()) + offset
        return replace(sound, headers=telnyx_headers(numbers.key, sound.body, moment))

    return spoil


def _other_key(numbers: Numbers, sound: Delivery) -> Delivery:
    return replace(sound, headers=telnyx_headers("KEYforged", sound.body, int(numbers.world.now())))


def _other_agency(numbers: Numbers, sound: Delivery) -> Delivery:
    """Well signed, for another agency's door."""
    return replace(sound, path=Numbers(numbers.world).webhook_path)


def _other_secret(numbers: Numbers, sound: Delivery) -> Delivery:
    return replace(sound, path=f"/telnyx-webhook/{numbers.agency_id}/{'A' * 43}")


def _secret_of_another(numbers: Numbers, sound: Delivery) -> Delivery:
    secret = Numbers(numbers.world).webhook_path.rpartition("/")[2]
    return replace(sound, path=f"/telnyx-webhook/{numbers.agency_id}/{secret}")


def _unknown_agency(_numbers: Numbers, sound: Delivery) -> Delivery:
    return replace(sound, path=f"/telnyx-webhook/00000000-0000-4000-8000-000000000000/{sound.path.rpartition('/')[2]}")


def _long_agency(_numbers: Numbers, sound: Delivery) -> Delivery:
    return replace(sound, path=f"/telnyx-webhook/{'a' * 4000}/{sound.path.rpartition('/')[2]}")


def _odd_secret(numbers: Numbers, sound: Delivery) -> Delivery:
    return replace(sound, path=f"/telnyx-webhook/{numbers.agency_id}/%F0%9F%94%91%FF%00")


def _altered(_numbers: Numbers, sound: Delivery) -> Delivery:
    return replace(sound, body=sound.body.replace(b"success", b"failure", 1))


def _one_space_more(_numbers: Numbers, sound: Delivery) -> Delivery:
    return replace(sound, body=sound.body + b" ")


def _base64_signed_as_text(numbers: Numbers, sound: Delivery) -> Delivery:
    """Signed over the base64 text, which is not what was sent."""
    encoded = base64.b64encode(sound.body)
    return replace(sound, base64=True, headers=telnyx_headers(numbers.key, encoded, int(numbers.world.now())))


def _stale_replay(_numbers: Numbers, sound: Delivery) -> Delivery:
    """An old signature under a fresh timestamp."""
    fresh = str(int(sound.headers["telnyx-timestamp"]) + 1)
    return replace(sound, headers=sound.headers | {"telnyx-timestamp": fresh})


SIGNATURE, TIMESTAMP = "telnyx-signature-ed25519", "telnyx-timestamp"
SPOILED: dict[str, Callable[[Numbers, Delivery], Delivery]] = {
    "no signature": _header(SIGNATURE, None),
    "empty signature": _header(SIGNATURE, ""),
    "signature of zeros": _header(SIGNATURE, base64.b64encode(bytes(64)).decode()),
    "short signature": _header(SIGNATURE, base64.b64encode(bytes(63)).decode()),
    "signature that is no base64": _header(SIGNATURE, "!" * 88),
    "signature in other letters": _header(SIGNATURE, "ü" * 88),
    "no timestamp": _header(TIMESTAMP, None),
    "timestamp in words": _header(TIMESTAMP, "now"),
    "timestamp in full-width digits": _header(TIMESTAMP, "１７００００００００"),
    "endless timestamp": _header(TIMESTAMP, "9" * 5000),
    "negative timestamp": _header(TIMESTAMP, "-1700000000"),
    "fractional timestamp": _header(TIMESTAMP, "1700000000.5"),
    "stale": _at(-310),
    "from the future": _at(310),
    "old signature, fresh timestamp": _stale_replay,
    "forged": _other_key,
    "another agency's door": _other_agency,
    "wrong secret": _other_secret,
    "another agency's secret": _secret_of_another,
    "odd secret": _odd_secret,
    "unknown agency": _unknown_agency,
    "endless agency": _long_agency,
    "altered body": _altered,
    "one space more": _one_space_more,
    "signed over the base64": _base64_signed_as_text,
}


@pytest.mark.parametrize("spoil", SPOILED.values(), ids=SPOILED)
def test_every_other_one_is_401_in_the_same_words_and_nothing_is_changed(
    numbers: Numbers, ordered: str, spoil: Callable[[Numbers, Delivery], Delivery]
) -> None:
    finish_order(numbers)
    sound = complete(numbers, ordered)
    spoiled = spoil(numbers, sound)
    assert spoiled != sound

    answer = deliver(numbers.world, spoiled)

    assert answer.status == 401
    assert {name: value for name, value in answer.body.items() if name != "request_id"} == {
        "detail": "Invalid webhook signature",
        "code": "unauthenticated",
        "retryable": False,
        "fix": "Send events signed by Telnyx to the registered URL.",
    }
    assert woken(numbers) == []
    assert numbers.record(ordered).status == "PENDING"


def configurations(numbers: Numbers) -> list[Any]:
    from telephony.models import provider_configurations

    return [each for each in provider_configurations.of_agency(numbers.agency_id) if each.provider == "telnyx"]


@pytest.mark.parametrize("meta", [{}, {"telnyx_public_key": ""}, {"telnyx_public_key": "no key"}], ids=str)
def test_without_a_public_key_nothing_is_believed(numbers: Numbers, ordered: str, meta: dict[str, str]) -> None:
    [configuration] = configurations(numbers)
    configuration.meta = meta
    configuration.save()
    assert deliver(numbers.world, complete(numbers, ordered)).status == 401


def test_an_account_that_is_inactive_is_not_believed(numbers: Numbers, ordered: str) -> None:
    [configuration] = configurations(numbers)
    configuration.active = False
    configuration.save()
    assert deliver(numbers.world, complete(numbers, ordered)).status == 401


def test_any_account_of_the_agency_may_sign(numbers: Numbers, ordered: str) -> None:
    # given a second account, the default one by now
    [configuration] = configurations(numbers)
    configuration.is_default = False
    configuration.save()
    configuration.id, configuration.name, configuration.is_default = 99, "Another", True
    configuration.meta = {"telnyx_public_key": base64.b64encode(bytes(32)).decode()}
    configuration.save()
    assert deliver(numbers.world, complete(numbers, ordered)).status == 200


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE"])
def test_another_method_is_405(numbers: Numbers, method: str) -> None:
    answer = numbers.world.call("webhooks", method, numbers.webhook_path)
    assert (answer.status, answer.headers["allow"]) == (405, "POST")


def test_a_database_that_is_away_is_503_so_that_telnyx_sends_it_again(
    numbers: Numbers, ordered: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    from telephony.errors import StorageUnavailable
    from telephony.models import agencies

    def away(_agency_id: str) -> None:
        raise StorageUnavailable("The database is not available")

    delivery = complete(numbers, ordered)
    monkeypatch.setattr(agencies, "find", away)
    assert deliver(numbers.world, delivery).status == 503
