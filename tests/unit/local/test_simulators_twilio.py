"""The simulated Twilio has the real one's traps."""

from typing import Any

import pytest

from local.simulators.signing import form_signature
from local.simulators.twilio import Twilio
from tests.unit.local.simulated import Caller

SID, TOKEN = "AC" + "1" * 32, "token"
ACCOUNT = f"/2010-04-01/Accounts/{SID}"
OWNED = f"{ACCOUNT}/IncomingPhoneNumbers"


def caller(basic: tuple[str, str] = (SID, TOKEN), **account: Any) -> Caller:
    simulator = Twilio({SID: {"auth_token": TOKEN, "api_keys": {"SK1": "secret"}} | account})
    return Caller(simulator, basic=basic)


def search(call: Caller, kind: str = "US/Local", **query: str) -> list[str]:
    found = call.data("GET", f"{ACCOUNT}/AvailablePhoneNumbers/{kind}.json", query_string=query)
    return [offer["phone_number"] for offer in found["available_phone_numbers"]]


def buy(call: Caller, **form: str) -> Any:
    return call("POST", f"{OWNED}.json", data=form)


@pytest.mark.parametrize("basic", [(SID, "wrong"), (SID, ""), ("SK1", "wrong"), ("ACsomeoneelse", TOKEN)])
def test_wrong_credentials_are_refused(basic: tuple[str, str]) -> None:
    refused = caller(basic)("GET", f"{ACCOUNT}.json")

    assert (refused.status_code, refused.json["code"]) == (401, 20003)


def test_an_api_key_opens_the_account_it_belongs_to() -> None:
    call = caller(("SK1", "secret"))

    assert call("GET", f"{ACCOUNT}/Balance.json").status_code == 200
    assert call("GET", f"/2010-04-01/Accounts/AC{'2' * 32}/Balance.json").status_code == 401


def test_without_the_suffix_the_answer_is_xml() -> None:
    answer = caller()("GET", f"{ACCOUNT}/Balance")

    assert answer.content_type == "application/xml"
    assert "<balance>100.00</balance>" in answer.text


def test_the_account_answer_holds_the_auth_token() -> None:
    assert caller().data("GET", f"{ACCOUNT}.json")["auth_token"] == TOKEN


def test_a_number_is_bought_once() -> None:
    call = caller()
    number = search(call, AreaCode="415")[0]

    first, second = buy(call, PhoneNumber=number), buy(call, PhoneNumber=number)

    assert (first.status_code, first.json["status"]) == (201, "in-use")
    assert (second.status_code, second.json["code"]) == (400, 21422)
    assert [effect["kind"] for effect in call.simulator.effects] == ["number_bought"]
    assert number not in search(call, AreaCode="415")


def test_a_json_body_names_no_number() -> None:
    call = caller()

    refused = call("POST", f"{OWNED}.json", json={"PhoneNumber": search(call)[0]})

    assert refused.json["code"] == 21421


@pytest.mark.parametrize(
    ("account", "status", "code"),
    [
        ({"flags": ["suspended"]}, 401, 20003),
        ({"flags": ["closed"]}, 401, 20003),
        ({"flags": ["no_permission"]}, 403, 20403),
        ({"flags": ["inactive"]}, 403, 20005),
        ({"balance": "0.00"}, 403, 10001),
        ({"flags": ["trial_limit"]}, 400, 21404),
        ({"flags": ["address_required"]}, 400, 21631),
        ({"flags": ["local_address_required"]}, 400, 21615),
        ({"flags": ["bundle_required"]}, 400, 21649),
        ({"flags": ["certification_required"]}, 400, 21613),
    ],
)
def test_an_account_that_may_not_buy_is_told_why(account: dict[str, Any], status: int, code: int) -> None:
    call = caller(**account)

    refused = buy(call, AreaCode="415")

    assert (refused.status_code, refused.json["code"]) == (status, code)
    assert call.simulator.effects == []


def test_a_trial_account_gets_one_number() -> None:
    call = caller(flags=["trial"])

    assert buy(call, AreaCode="415").status_code == 201
    assert (buy(call, AreaCode="415").status_code, buy(call, AreaCode="415").json["code"]) == (403, 10002)


def test_a_suspended_account_still_shows_itself() -> None:
    assert caller(flags=["suspended"]).data("GET", f"{ACCOUNT}.json")["status"] == "suspended"


@pytest.mark.parametrize(
    ("kind", "form", "code"),
    [
        ("IE/Local", {}, 21631),
        ("DE/Local", {}, 21649),
        ("DE/Local", {"BundleSid": "BU" + "1" * 32}, 21631),
        ("IE/Local", {"AddressSid": "AD" + "1" * 32}, None),
    ],
)
def test_some_countries_want_papers(kind: str, form: dict[str, str], code: int | None) -> None:
    call = caller()

    answer = buy(call, PhoneNumber=search(call, kind)[0], **form)

    assert answer.json.get("code") == code


@pytest.mark.parametrize(
    ("form", "code"),
    [
        ({"PhoneNumber": "4155550101"}, 21421),
        ({"PhoneNumber": "+14155550102"}, 21422),
        ({"AreaCode": "907"}, 21452),
        ({}, 21421),
        ({"AreaCode": "415", "VoiceUrl": "example.com"}, 21502),
        ({"AreaCode": "415", "FriendlyName": "x" * 65}, None),
        ({"AreaCode": "415", "VoiceMethod": "PUT"}, None),
    ],
)
def test_a_bad_order_is_refused(form: dict[str, str], code: int | None) -> None:
    """Twilio's older parameter checks have no code."""
    refused = buy(caller(), **form)

    assert (refused.status_code, refused.json.get("code")) == (400, code)


@pytest.mark.parametrize(
    ("number", "status", "code"),
    [("+15005550006", 201, None), ("+15005550000", 400, 21422), ("+15005550001", 400, 21421)],
)
def test_the_test_credentials_know_magic_numbers_and_nothing_else(number: str, status: int, code: int | None) -> None:
    call = caller(flags=["test_credentials"])

    answer = buy(call, PhoneNumber=number)

    assert (answer.status_code, answer.json.get("code")) == (status, code)
    assert call("GET", f"{ACCOUNT}.json").status_code == 403
    assert call.simulator.effects == []


def test_the_list_is_followed_by_its_next_page() -> None:
    call = caller()
    bought = {buy(call, AreaCode="415").json["sid"] for _ in range(3)}

    seen, uri = [], f"{OWNED}.json?PageSize=2"
    while uri:
        page = call.data("GET", uri)
        seen += [record["sid"] for record in page["incoming_phone_numbers"]]
        uri = page["next_page_uri"]

    assert len(seen) == 3
    assert set(seen) == bought


def test_the_list_matches_a_number_by_pattern() -> None:
    call = caller()
    number = buy(call, AreaCode="415").json["phone_number"]
    buy(call, AreaCode="212")

    def found(pattern: str) -> list[str]:
        page = call.data("GET", f"{OWNED}.json", query_string={"PhoneNumber": pattern})
        return [record["phone_number"] for record in page["incoming_phone_numbers"]]

    assert found(number) == found("415555") == [number]


def test_releasing_twice_finds_nothing_the_second_time() -> None:
    call = caller()
    path = f"{OWNED}/{buy(call, AreaCode='415').json['sid']}.json"

    assert [call("DELETE", path).status_code for _ in range(2)] == [204, 404]


def test_prices_are_text_and_toll_free_has_a_space() -> None:
    prices = caller().data("GET", "/v1/PhoneNumbers/Countries/US")["phone_number_prices"]

    assert {price["number_type"]: price["current_price"] for price in prices} == {"local": "1.00", "toll free": "2.00"}


def test_the_signature_is_the_one_of_twilios_own_example() -> None:
    params = {
        "CallSid": "CA1234567890ABCDE",
        "Caller": "+14158675309",
        "Digits": "1234",
        "From": "+14158675309",
        "To": "+18005551212",
    }

    signature = form_signature("12345", "https://mycompany.com/myapp.php?foo=1&bar=2", params)

    assert signature == "RSOYDt4T1cUTdK1PDd93/VVr8B8="
