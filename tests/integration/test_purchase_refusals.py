"""POST /phone-numbers/purchase refused: the documented status and code, nothing spent, nothing half-written."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from telephony.providers.reasons import FIXES

from tests.numbers import Numbers, local_numbers, offer
from tests.world import HttpAnswer, World


@pytest.fixture
def numbers(calm_world: World) -> Iterator[Numbers]:
    """A fresh agency with a carrier account of its own, whose orders are decided at once."""
    simulator = calm_world.telnyx.simulator
    simulator.change_settings({"order_delay": 0.0})
    yield Numbers.of_new_agency(calm_world)
    simulator.clear_faults()


@pytest.fixture
def provisioned(numbers: Numbers) -> Numbers:
    assert numbers.world.provision(token=numbers.token).status == 200
    return numbers


@pytest.fixture(scope="module")
def idle(calm_world: World) -> Numbers:
    """For requests that leave everything as it was."""
    return Numbers(calm_world)


_unsold = local_numbers()


@pytest.fixture
def number() -> str:
    """One that no other test has touched."""
    return next(_unsold)


def refused(numbers: Numbers, number: Any, status: int, code: str, **body: Any) -> dict[str, Any]:
    """Asserts the answer, and that nothing was spent, begun or written down; returns the body."""
    before = numbers.limits, len(numbers.records), len(numbers.operations)
    orders = len(numbers.world.effects("telnyx", "number_order_created"))
    answer = numbers.purchase(number, **body)
    assert (answer.status, answer.body["code"]) == (status, code), answer.body
    assert answer.body["detail"]
    assert (numbers.limits, len(numbers.records), len(numbers.operations)) == before
    assert len(numbers.world.effects("telnyx", "number_order_created")) == orders
    numbers.check()
    found: dict[str, Any] = answer.body
    return found


# What can't be meant


@pytest.mark.parametrize(
    "text",
    [
        "+1",
        "",
        "+",
        "12125550100",
        "+1 212 555 0100",
        " +12125550100",
        "+12125550100\n",
        "+1212555010O",
        "+1212555ABCD",
        "+" + "1" * 30,
        "+１２１２５５５０１００",
        "+١٢١٢٥٥٥٠١٠٠",
        "+02125550100",
        "tel:+12125550100",
        "(212) 555-0100",
        12125550100,
        None,
        ["+12125550100"],
        {"number": "+12125550100"},
        "+1" * 5000,
    ],
    ids=lambda text: repr(text)[:20],
)
def test_what_is_no_number_in_e164_is_400(idle: Numbers, text: Any) -> None:
    body = refused(idle, text, 400, "validation_failed")
    assert [each["field"] for each in body["errors"]] == ["phone_number"]


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("provider", "acme"),
        ("provider", "ultravox"),
        ("provider", "TELNYX"),
        ("provider", None),
        ("provider", 1),
        ("assistant_id", 0),
        ("assistant_id", -1),
        ("assistant_id", "x"),
        ("assistant_id", "1"),
        ("assistant_id", 1.5),
        ("assistant_id", True),
        ("assistant_id", 10**50 + 1),
        ("friendly_name", ""),
        ("friendly_name", "n" * 65),
        ("friendly_name", "bell\u0007"),
        ("country_code", "USA"),
        ("max_monthly_cost", -1),
        ("max_monthly_cost", "1"),
        ("max_monthly_cost", True),
        ("max_setup_cost", 1e9),
        ("voice_url", "https://evil.example.com"),
    ],
    ids=str,
)
def test_a_field_that_is_not_what_it_should_be_is_400_and_named(idle: Numbers, field: str, value: Any) -> None:
    body = refused(idle, "+12125550100", 400, "validation_failed", **{field: value})
    assert [each["field"].split(".")[0] for each in body["errors"]] == [field]


@pytest.mark.parametrize("cost", ["NaN", "Infinity", "-Infinity", "1e400"])
def test_a_cap_that_is_no_number_is_400(idle: Numbers, cost: str) -> None:
    raw = f'{{"phone_number": "+12125550100", "provider": "telnyx", "max_monthly_cost": {cost}}}'.encode()
    answer = idle.world.call("purchase_number", "POST", "/phone-numbers/purchase", raw, token=idle.token)
    assert answer.status == 400
    assert answer.body["code"] in ("validation_failed", "invalid_json")


@pytest.mark.parametrize("country", ["CA", "GB", "ZZ"])
def test_another_country_than_the_numbers_is_400(idle: Numbers, country: str) -> None:
    body = refused(idle, "+12125550100", 400, "validation_failed", country_code=country)
    assert body["errors"] == [{"field": "country_code", "message": "is not the country of phone_number"}]


@pytest.mark.parametrize("key", ["short", "k" * 256], ids=len)
def test_an_idempotency_key_of_another_length_is_400(idle: Numbers, key: str) -> None:
    refused(idle, "+12125550100", 400, "validation_failed", key=key)


# The provider


def configurations(numbers: Numbers) -> list[Any]:
    from telephony.models import provider_configurations

    return [each for each in provider_configurations.of_agency(numbers.agency_id) if each.provider == "telnyx"]


def test_a_provider_that_is_not_configured_is_400(idle: Numbers) -> None:
    body = refused(idle, "+12125550100", 400, "provider_not_configured", provider="twilio")
    assert "Twilio" in body["fix"]


def test_an_inactive_provider_is_400(numbers: Numbers, number: str) -> None:
    [configuration] = configurations(numbers)
    configuration.active = False
    configuration.save()
    refused(numbers, number, 400, "provider_not_configured")


def test_an_ambiguous_provider_is_400_until_one_is_the_default(numbers: Numbers, number: str) -> None:
    [configuration] = configurations(numbers)
    for identity, name in ((configuration.id, "One"), (99, "Another")):
        configuration.id, configuration.name, configuration.is_default = identity, name, False
        configuration.save()
    body = refused(numbers, number, 400, "ambiguous_provider")
    assert "default" in body["fix"]


def test_a_refused_key_is_500_with_the_published_solution(numbers: Numbers, number: str) -> None:
    error = {"errors": [{"code": "10009", "title": "Authentication failed"}]}
    numbers.world.telnyx.simulator.add_faults({"kind": "status", "status": 401, "body": error})
    body = refused(numbers, number, 500, "invalid_provider_credentials")
    assert (body["fix"], body["provider"], body["provider_code"]) == ("Check provider credentials.", "telnyx", "10009")


# The assistant


def test_an_unknown_assistant_is_404_with_the_published_solution(idle: Numbers, number: str) -> None:
    body = refused(idle, number, 404, "assistant_not_found", assistant_id=4711)
    assert body["fix"] == "Verify assistant exists."


def test_another_agencys_assistant_is_404(numbers: Numbers, number: str) -> None:
    theirs = Numbers(numbers.world).new_assistant()
    refused(numbers, number, 404, "assistant_not_found", assistant_id=theirs)


def test_another_providers_assistant_is_400(provisioned: Numbers, number: str) -> None:
    assistant = provisioned.new_assistant(telephony_provider="twilio")
    refused(provisioned, number, 400, "provider_mismatch", assistant_id=assistant)


def test_an_assistant_that_nothing_could_ring_at_is_400(numbers: Numbers, number: str) -> None:
    # given an agency without telephony, so that there is no application to ring at
    assistant = numbers.new_assistant()
    refused(numbers, number, 400, "assistant_not_ready", assistant_id=assistant)


# Owned


def test_a_number_that_is_already_ours_is_409(numbers: Numbers, number: str) -> None:
    assert numbers.purchase(number).status == 200
    refused(numbers, number, 409, "already_owned")


def test_a_number_that_is_another_agencys_is_409_and_tells_nothing_of_it(numbers: Numbers, number: str) -> None:
    assert numbers.purchase(number).status == 200
    body = refused(Numbers(numbers.world), number, 409, "already_owned")
    assert set(body) == {"detail", "code", "request_id", "retryable"}


def test_a_number_in_the_carrier_account_that_is_not_ours_is_409(numbers: Numbers, number: str) -> None:
    # given that somebody bought the number at Telnyx by hand
    from telephony.models.phone_configurations import NumberGuard, guard_key

    assert numbers.purchase(number).status == 200
    NumberGuard.get(guard_key(number)).delete()
    agency_id, tokens = numbers.world.new_agency("Same account", credentials=False)
    numbers.world.store_credentials(agency_id, telnyx_key=numbers.key)

    body = refused(Numbers(numbers.world, agency_id, tokens["owner"]), number, 409, "already_at_carrier")

    assert "Import" in body["fix"]
    assert numbers.orders(number) == 1


def test_a_number_that_nobody_sells_is_500_with_the_published_solution(numbers: Numbers, number: str) -> None:
    numbers.take(number)
    body = refused(numbers, number, 500, "number_unavailable")
    assert body["fix"] == "Search for new numbers."


# The price


@pytest.mark.parametrize(
    "caps",
    [{"max_monthly_cost": 0.99}, {"max_setup_cost": 0.9999}, {"max_monthly_cost": 0, "max_setup_cost": 5}],
    ids=str,
)
def test_a_price_above_the_callers_cap_is_403(idle: Numbers, number: str, caps: dict[str, float]) -> None:
    body = refused(idle, number, 403, "spending_limit_exceeded", **caps)
    assert "cheaper" in body["fix"]


def test_a_price_at_the_callers_cap_is_bought(numbers: Numbers, number: str) -> None:
    assert numbers.purchase(number, max_monthly_cost=1, max_setup_cost=1.0).status == 200


@pytest.mark.parametrize("cap", ["max_monthly_cost", "max_setup_cost"])
@pytest.mark.parametrize("cost", [{}, {"currency": "USD", "monthly_cost": "free", "upfront_cost": "ask us"}], ids=str)
def test_a_cap_with_an_unknown_price_is_403(numbers: Numbers, number: str, cap: str, cost: dict[str, str]) -> None:
    numbers.world.telnyx.simulator.add_faults(offer(number, **cost))
    body = refused(numbers, number, 403, "price_unknown", **{cap: 100})
    assert "cap" in body["fix"]


def test_a_number_without_a_price_is_bought_where_nobody_minds(numbers: Numbers, number: str) -> None:
    numbers.search(limit=50, area_code=number[2:5])  # so that Telnyx takes the order
    numbers.world.telnyx.simulator.add_faults(offer(number))
    assert numbers.purchase(number).status == 200
    record = numbers.record(number)
    assert (record.monthly_price, record.setup_price, record.currency) == (None, None, None)
    numbers.check()


# Refused by the carrier at the order


def error(code: str, detail: str = "", pointer: str | None = None) -> dict[str, Any]:
    return {"code": code, "title": "Refused", "detail": detail} | ({"source": {"pointer": pointer}} if pointer else {})


@pytest.mark.parametrize(
    ("status", "reason", "code"),
    [
        (402, error("20100", "Insufficient funds"), "insufficient_balance"),
        (402, None, "insufficient_balance"),
        (422, error("10027", "Not enough credit on this account"), "insufficient_balance"),
        (400, error("10015", "Your balance does not cover it"), "insufficient_balance"),
        (401, error("10009"), "invalid_provider_credentials"),
        (403, error("10010"), "account_restricted"),
        (403, error("10010", "Insufficient permissions"), "account_restricted"),
        (402, error("10027", "No longer available"), "insufficient_balance"),
        (404, error("10005", "Balance not found"), "number_unavailable"),
        (409, error("10012", "The number is held by a credit card check"), "number_unavailable"),
        (422, error("10012", "Resource is a duplicate"), "number_unavailable"),
        (422, error("insufficient_funds"), "insufficient_balance"),
        (422, error("10016", "phone_number has not enough digits"), "provider_error"),
        (422, error("10027", "A credit card is on file"), "provider_error"),
        (404, error("10005"), "number_unavailable"),
        (409, error("10012"), "number_unavailable"),
        (409, None, "number_unavailable"),
        (422, error("10027", "The number is no longer available"), "number_unavailable"),
        (422, error("10027", "No such thing", "/connection_id"), "connection_invalid"),
        (422, error("10027", "Regulatory requirements are not met"), "regulatory_requirements_missing"),
        (422, error("10027"), "provider_error"),
        (422, None, "provider_error"),
        (400, error("10015"), "provider_error"),
    ],
    ids=lambda value: str(value)[:60],
)
def test_each_refusal_of_the_carrier_has_its_code_and_solution(
    provisioned: Numbers, number: str, status: int, reason: dict[str, Any] | None, code: str
) -> None:
    body = None if reason is None else {"errors": [reason]}
    fault = {"kind": "status", "status": status, "method": "POST", "path": "number_orders", "body": body}
    provisioned.world.telnyx.simulator.add_faults(fault)
    assistant = provisioned.new_assistant()

    answer = provisioned.purchase(number, assistant_id=assistant)

    assert_given_back(provisioned, number, answer, code)
    assert provisioned.purchase(number, assistant_id=assistant).status == 200


def assert_given_back(numbers: Numbers, number: str, answer: HttpAnswer, code: str) -> None:
    """The answer of a purchase that was begun and failed for good, and what is left of it: a record to read."""
    assert (answer.status, answer.body["code"]) == (500, code), answer.body
    assert answer.body["fix"] == FIXES[code]
    assert (answer.body["provider"], answer.body["retry_scheduled"]) == ("telnyx", False)
    record, [operation] = numbers.record(number), numbers.operations_on(number)
    assert (record.status, record.metadata) == ("RELEASED", {"failure": code})
    assert (operation.status, operation.id) == ("ABANDONED", answer.body["operation_id"])
    assert numbers.audit(number) == ["number.purchase_begun", "number.purchase_failed"]
    assert numbers.bought(number) == 0
    numbers.check()


def no_money(numbers: Numbers, _number: str) -> None:
    numbers.account["balance"] = "1.00"


def not_verified(numbers: Numbers, _number: str) -> None:
    numbers.account["flags"] = ["unverified"]


def no_application(numbers: Numbers, _number: str) -> None:
    numbers.account["applications"].clear()


def taken_meanwhile(numbers: Numbers, number: str) -> None:
    """Between our look and our order."""
    numbers.search(limit=50, area_code=number[2:5])
    price = {"currency": "USD", "monthly_cost": "1.00", "upfront_cost": "1.00"}
    numbers.world.telnyx.simulator.add_faults(offer(number, **price))
    numbers.take(number)


def failing_order(numbers: Numbers, number: str) -> None:
    """Answered with 200, but with a failed number inside."""
    numbers.account["failing_numbers"] = [number]


@pytest.mark.parametrize(
    ("prepare", "kind", "code"),
    [
        (no_money, "local", "insufficient_balance"),
        (not_verified, "toll_free", "account_restricted"),
        (no_application, "local", "connection_invalid"),
        (taken_meanwhile, "local", "number_unavailable"),
        (failing_order, "local", "number_unavailable"),
    ],
    ids=lambda value: getattr(value, "__name__", str(value)),
)
def test_what_the_carrier_itself_refuses(
    provisioned: Numbers, prepare: Callable[[Numbers, str], None], kind: str, code: str, number: str
) -> None:
    wanted = number if kind == "local" else next(local_numbers("US", kind))
    prepare(provisioned, wanted)
    assert_given_back(provisioned, wanted, provisioned.purchase(wanted), code)


# The fixes are those of the published troubleshooting tables

PUBLISHED = Path(__file__).parent / "published" / "purchase-troubleshooting.txt"
"""As the purchase API's page has it, word for word."""

ISSUES = {
    "number_unavailable": "Number not available",
    "insufficient_balance": "Insufficient balance",
    "invalid_provider_credentials": "Invalid credentials",
    "assistant_not_found": "Assistant not found",
}
"""What our codes are called in its table."""

ADVICE = {
    "trial_limit": "verified",
    "geographic_permission_missing": "geographic",
    "connection_invalid": "connection",
    "account_restricted": "enabled",
    "regulatory_requirements_missing": "provider account status",
    "provider_error": "provider support",
}
"""For those that are not in the table: what tells the line of its lists that is meant."""


def test_every_fix_is_the_published_solution() -> None:
    lines = PUBLISHED.read_text().splitlines()
    rows = [[cell.strip(" ”") for cell in line.split("|")] for line in lines if line.startswith("”")]
    solutions = {issue: solution for issue, _cause, solution, *_ in rows}
    advice = [line.rpartition("- ")[2] for line in lines if "- " in line]

    assert set(solutions) == set(ISSUES.values())
    fixes = {code: solutions[issue] for code, issue in ISSUES.items()}
    for code, telling in ADVICE.items():
        [fixes[code]] = [line for line in advice if telling in line]
    assert {code: f"{fix}." for code, fix in fixes.items()} == FIXES
