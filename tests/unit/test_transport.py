"""HTTP to a provider: what is repeated and when, what counts as an answer, and where credentials may not show."""

from __future__ import annotations

import traceback
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
import requests
import responses
from telephony.clock import Deadline
from telephony.errors import (
    OutcomeUnknown,
    OutOfTime,
    ProviderError,
    ProviderRateLimited,
    ProviderRejected,
    ProviderUnavailable,
    TelephonyError,
)
from telephony.providers import transport
from telephony.providers.transport import (
    MARGIN_SECONDS,
    MAX_ANSWER_BYTES,
    MAX_ATTEMPTS,
    Answer,
    Call,
    Repeat,
    Transport,
    backoff,
    never_sent,
    retry_after,
    seconds_before_repeat,
)
from telephony.values import ProviderType
from urllib3.connectionpool import HTTPConnectionPool
from urllib3.exceptions import MaxRetryError, NameResolutionError, NewConnectionError, ProtocolError, SSLError

HOST = "https://carrier.example.com"
URL = f"{HOST}/things"
SECRET = "KEY0123456789ABCDEF_verysecretverysecret"
READ = Call("list things", "GET", URL)
ORDER = Call("order a thing", "POST", URL, Repeat.NEVER, json={"name": "thing"})
POOL = HTTPConnectionPool("carrier.example.com")


def refused(call: Call, answer: Answer) -> TelephonyError:
    return ProviderRejected(
        f"no to {call.operation}", provider="telnyx", operation=call.operation, status=answer.status
    )


def send(call: Call = READ, read: Callable[[Any], Any] = dict, *, seconds: float = 28, **rest: Any) -> Any:
    headers = {"Authorization": f"Bearer {SECRET}"}
    deadline = Deadline.after(seconds)
    return Transport(ProviderType.TELNYX).send(
        call, deadline=deadline, read=read, refused=refused, headers=headers, **rest
    )


@pytest.fixture
def carrier() -> Iterator[responses.RequestsMock]:
    with responses.RequestsMock(assert_all_requests_are_fired=False) as mock:
        yield mock


@pytest.fixture(autouse=True)
def waited(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The seconds that were waited, without waiting them."""
    waits: list[float] = []
    monkeypatch.setattr(transport.time, "sleep", waits.append)
    return waits


def unreachable(reason: Exception) -> requests.ConnectionError:
    return requests.ConnectionError(MaxRetryError(POOL, "/things", reason))


REFUSED = unreachable(NewConnectionError(POOL, "refused"))
NO_SUCH_HOST = unreachable(NameResolutionError("carrier.example.com", POOL, OSError("no such host")))
TORN = requests.ConnectionError(ProtocolError("Connection aborted", ConnectionResetError(104, "reset")))


# Decisions


@pytest.mark.parametrize(
    ("error", "never"),
    [
        (requests.ConnectTimeout("3 s"), True),
        (REFUSED, True),
        (NO_SUCH_HOST, True),
        (unreachable(SSLError("bad certificate")), False),
        (TORN, False),
        (requests.ReadTimeout("10 s"), False),
        (requests.exceptions.ChunkedEncodingError("cut"), False),
        (requests.ConnectionError(), False),
    ],
)
def test_only_a_connection_that_never_was_is_sure_to_have_sent_nothing(
    error: requests.RequestException, never: bool
) -> None:
    assert never_sent(error) is never


NAMED: dict[str, Any] = {"provider": "telnyx", "operation": "list"}


@pytest.mark.parametrize(
    ("asked", "left", "expected"),
    [
        (0, 20, 0),
        (1.5, 20, 1.5),
        (5, 20, 5),
        (5.1, 20, None),  # longer than is waited for in process
        (3, 4, None),  # the answer would come too late
        (3, 4.1, 3),
    ],
)
def test_a_rate_limit_is_waited_for_as_long_as_asked(asked: float, left: float, expected: float | None) -> None:
    assert seconds_before_repeat(ProviderRateLimited("slow down", retry_after=asked, **NAMED), 1, left) == expected


@pytest.mark.parametrize("failure", [ProviderRateLimited("slow down", **NAMED), ProviderUnavailable("silent", **NAMED)])
def test_without_a_wish_of_the_carriers_the_wait_is_drawn(failure: ProviderError) -> None:
    waits = [seconds_before_repeat(failure, attempt, 20) for attempt in (1, 2) for _ in range(50)]
    assert all(wait is not None and 0 <= wait <= 2 for wait in waits)
    assert len(set(waits)) > 50
    assert seconds_before_repeat(failure, MAX_ATTEMPTS, 20) is None
    assert seconds_before_repeat(failure, 1, 0.5) is None


@pytest.mark.parametrize(
    "failure", [OutcomeUnknown("?", **NAMED), ProviderRejected("no", **NAMED), OutOfTime("no time left")]
)
def test_anything_else_is_not_repeated(failure: TelephonyError) -> None:
    assert seconds_before_repeat(failure, 1, 20) is None


def test_the_bound_of_a_wait_doubles_up_to_its_cap() -> None:
    for attempt, bound in ((0, 0.3), (1, 0.6), (2, 1.2), (3, 2.0), (60, 2.0)):
        drawn = [backoff(attempt, base=0.3, cap=2.0) for _ in range(200)]
        assert 0 <= min(drawn) <= max(drawn) <= bound
        assert max(drawn) > bound / 2


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"retry-after": "7"}, 7),
        ({"retry-after": "0"}, 0),
        ({"retry-after": "1.5"}, 1.5),
        ({"x-ratelimit-reset": "2"}, 2),
        ({"retry-after": "7", "x-ratelimit-reset": "2"}, 7),
        ({"retry-after": "Wed, 21 Oct 2026 07:28:00 GMT", "x-ratelimit-reset": "2"}, 2),
        ({"retry-after": "Wed, 21 Oct 2026 07:28:00 GMT"}, None),
        ({"retry-after": "-1"}, None),
        ({"retry-after": "1.2.3"}, None),
        ({"retry-after": "."}, None),
        ({"retry-after": ""}, None),
        ({}, None),
    ],
)
def test_how_long_a_carrier_asks_to_wait(headers: Mapping[str, str], seconds: float | None) -> None:
    assert retry_after(headers) == seconds


# Answers


def test_a_success_is_what_read_finds_in_it(carrier: responses.RequestsMock) -> None:
    carrier.get(URL, json={"data": {"id": "1293384261075731499"}})
    assert send(read=lambda body: body["data"]["id"]) == "1293384261075731499"


def test_no_content_reads_as_an_empty_object(carrier: responses.RequestsMock) -> None:
    carrier.delete(URL, status=204)
    assert send(Call("delete", "DELETE", URL)) == {}


BAD_ANSWERS: dict[str, dict[str, Any]] = {
    "empty": {"body": ""},
    "HTML": {"body": "<html>hello</html>", "content_type": "text/html"},
    "cut JSON": {"body": '{"data": {"id": "12'},
    "an array": {"json": []},
    "a text": {"json": "ok"},
    "null": {"body": "null"},
    "another shape": {"json": {"items": []}},
    "wrong inside": {"json": {"data": "ok"}},
    "not UTF-8": {"body": b'{"data": "\xff"}'},
    "too large": {"body": b'{"data": {"id": "1"}, "rest": "' + b"a" * MAX_ANSWER_BYTES + b'"}'},
    "redirect": {"status": 302, "headers": {"Location": f"{HOST}/elsewhere"}},
    "500 HTML": {"status": 500, "body": "<html>", "content_type": "text/html"},
    "500 JSON": {"status": 500, "json": {"data": {"id": "1"}}},
    "503 empty": {"status": 503, "body": ""},
}


@pytest.mark.parametrize("name", BAD_ANSWERS)
def test_what_is_no_answer_is_asked_for_again_if_that_is_safe(name: str, carrier: responses.RequestsMock) -> None:
    carrier.get(URL, **BAD_ANSWERS[name])
    with pytest.raises(ProviderUnavailable) as failed:
        send(read=lambda body: body["data"]["id"])
    assert len(carrier.calls) == MAX_ATTEMPTS
    assert failed.value.retryable
    assert failed.value.operation == "list things"


@pytest.mark.parametrize("name", BAD_ANSWERS)
def test_and_leaves_the_outcome_unknown_if_it_is_not(name: str, carrier: responses.RequestsMock) -> None:
    carrier.post(URL, **BAD_ANSWERS[name])
    with pytest.raises(OutcomeUnknown):
        send(ORDER, read=lambda body: body["data"]["id"])
    assert len(carrier.calls) == 1


def test_a_redirect_is_not_followed(carrier: responses.RequestsMock) -> None:
    carrier.get(URL, status=307, headers={"Location": f"{HOST}/elsewhere"})
    elsewhere = carrier.get(f"{HOST}/elsewhere", json={})
    with pytest.raises(ProviderUnavailable):
        send()
    assert elsewhere.call_count == 0


def test_an_answer_of_just_a_mebibyte_is_read(carrier: responses.RequestsMock) -> None:
    frame = b'{"data": ""}'
    carrier.get(URL, body=frame[:-2] + b"a" * (MAX_ANSWER_BYTES - len(frame)) + frame[-2:])
    assert len(send()["data"]) == MAX_ANSWER_BYTES - len(frame)


@pytest.mark.parametrize("status", [400, 401, 402, 403, 404, 409, 422])
@pytest.mark.parametrize("call", [READ, ORDER], ids=["safe", "never"])
def test_a_refusal_is_told_once_and_not_repeated(status: int, call: Call, carrier: responses.RequestsMock) -> None:
    carrier.add(call.method, URL, status=status, body="<html>")
    with pytest.raises(ProviderRejected, match=f"no to {call.operation}") as refusal:
        send(call)
    assert refusal.value.status == status
    assert len(carrier.calls) == 1


# Repetition


def test_a_rate_limited_order_is_sent_again_since_it_was_not_processed(
    carrier: responses.RequestsMock, waited: list[float]
) -> None:
    carrier.post(URL, status=429, headers={"Retry-After": "1"})
    carrier.post(URL, json={"id": "1"})
    assert send(ORDER) == {"id": "1"}
    assert waited == [1.0]


def test_a_long_wait_is_left_to_the_queue(carrier: responses.RequestsMock, waited: list[float]) -> None:
    carrier.get(URL, status=429, headers={"Retry-After": "60"})
    with pytest.raises(ProviderRateLimited) as limited:
        send()
    assert limited.value.retry_after == 60
    assert waited == []


@pytest.mark.parametrize(
    "error", [REFUSED, NO_SUCH_HOST, requests.ConnectTimeout("3 s")], ids=["refused", "dns", "slow"]
)
def test_an_order_that_never_went_out_is_sent_again(error: Exception, carrier: responses.RequestsMock) -> None:
    carrier.post(URL, body=error)
    carrier.post(URL, json={"id": "1"})
    assert send(ORDER) == {"id": "1"}


@pytest.mark.parametrize("error", [TORN, requests.ReadTimeout("10 s")], ids=["torn", "silent"])
def test_an_order_that_may_have_acted_is_not(error: Exception, carrier: responses.RequestsMock) -> None:
    carrier.post(URL, body=error)
    with pytest.raises(OutcomeUnknown, match="being looked up"):
        send(ORDER)
    assert len(carrier.calls) == 1


def test_a_reading_is_repeated_until_it_works(carrier: responses.RequestsMock, waited: list[float]) -> None:
    carrier.get(URL, body=TORN)
    carrier.get(URL, status=502, body="<html>")
    carrier.get(URL, json={"ok": True})
    assert send() == {"ok": True}
    assert len(waited) == 2


def test_nothing_is_sent_without_the_time_to_journal_it(carrier: responses.RequestsMock) -> None:
    carrier.get(URL, json={})
    with pytest.raises(OutOfTime):
        send(seconds=MARGIN_SECONDS + 0.9)
    assert len(carrier.calls) == 0


def test_timeouts_end_before_the_function_does(carrier: responses.RequestsMock) -> None:
    carrier.get(URL, json={})
    send(seconds=28)
    send(seconds=MARGIN_SECONDS + 1.5)
    whole, short = (call.request.req_kwargs["timeout"] for call in carrier.calls)
    assert whole == (3, 10)
    assert max(short) <= 1.5


# Credentials


def test_credentials_go_out_as_given(carrier: responses.RequestsMock) -> None:
    carrier.post(URL, json={})
    send(Call("form", "POST", URL, form={"To": "+1"}, params={"page[size]": "1"}), auth=("AC1", "token"))
    request = carrier.calls[0].request
    assert request.headers["Authorization"].startswith("Basic ")
    assert request.body == "To=%2B1"
    assert request.url is not None
    assert request.url.endswith("?page%5Bsize%5D=1")
    assert request.headers["Accept"] == "application/json"


def test_cookies_are_neither_kept_nor_sent(carrier: responses.RequestsMock) -> None:
    carrier.get(URL, json={}, headers={"Set-Cookie": "session=1; Path=/"})
    one = Transport(ProviderType.TELNYX)
    for _ in range(2):
        one.send(READ, deadline=Deadline.after(28), read=dict, refused=refused)
    assert [call.request.headers.get("Cookie") for call in carrier.calls] == [None, None]


def test_credentials_of_the_machine_are_not_sent(
    carrier: responses.RequestsMock, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    # given a .netrc for the carrier's host, and a proxy
    netrc = tmp_path / "netrc"
    netrc.write_text("machine carrier.example.com login someone password else\n")
    monkeypatch.setenv("NETRC", str(netrc))
    monkeypatch.setenv("HTTPS_PROXY", "http://proxy.example.com:3128")
    carrier.get(URL, json={})
    # when a call without credentials of its own is sent, then it carries none, and goes there directly
    Transport(ProviderType.TELNYX).send(READ, deadline=Deadline.after(28), read=dict, refused=refused)
    request = carrier.calls[0].request
    assert "Authorization" not in request.headers
    assert not request.req_kwargs["proxies"]


FAILURES: dict[str, dict[str, Any]] = {
    "refused": {"body": REFUSED},
    "torn": {"body": TORN},
    "silent": {"body": requests.ReadTimeout("10 s")},
    "401": {"status": 401, "json": {}},
    "429": {"status": 429},
    "500": {"status": 500, "body": "<html>"},
    "echo": {"status": 200, "body": f"<html>{SECRET}</html>"},
}


@pytest.mark.parametrize("name", FAILURES)
@pytest.mark.parametrize("call", [READ, ORDER], ids=["safe", "never"])
def test_no_error_shows_a_credential(
    name: str, call: Call, carrier: responses.RequestsMock, capsys: pytest.CaptureFixture[str]
) -> None:
    carrier.add(call.method, URL, **FAILURES[name])
    with pytest.raises(ProviderError) as failed:
        send(call)
    trace = "".join(traceback.format_exception(failed.value))
    assert "carrier.example.com" not in trace
    told = trace + repr(failed.value) + repr(vars(failed.value))
    assert SECRET not in told
    assert SECRET not in capsys.readouterr().out
    assert SECRET not in repr(call)


# Credentials in what a carrier says

ODD_KEY, ODD_NAME, ODD_BODY_KEY = "legacy-key-of-no-shape", "odd-user", "odd:telnyx/key"


@pytest.mark.parametrize("status", [400, 401, 403, 404, 409, 422])
def test_what_a_refusal_repeats_of_the_credentials_is_blotted_out(carrier: responses.RequestsMock, status: int) -> None:
    # given a carrier that says back what it was sent
    said = {"detail": f"'{ODD_KEY}' is bad", ODD_NAME: [{"apiKey": [f"'{ODD_BODY_KEY}' is not valid"]}], "code": 7}
    carrier.post(URL, json=said, status=status)
    call = Call("import", "POST", URL, json={"telnyx": {"apiKey": ODD_BODY_KEY, "applicationSid": "1234567890"}})
    heard: list[Answer] = []

    def told(call: Call, answer: Answer) -> TelephonyError:
        heard.append(answer)
        return refused(call, answer)

    # when
    with pytest.raises(ProviderRejected):
        Transport(ProviderType.ULTRAVOX).send(
            call,
            deadline=Deadline.after(28),
            read=dict,
            refused=told,
            headers={"Authorization": f"Bearer {ODD_KEY}"},
            auth=(ODD_NAME, "odd-password"),
        )
    # then whoever makes a sentence of it sees the rest
    assert heard[0].body == {
        "detail": "'[redacted]' is bad",
        "[redacted]": [{"apiKey": ["'[redacted]' is not valid"]}],
        "code": 7,
    }


def test_a_refusal_nested_beyond_all_reason_is_one_without_a_body(carrier: responses.RequestsMock) -> None:
    carrier.get(URL, body="[" * 900 + "]" * 900, status=422)
    with pytest.raises(ProviderRejected):
        send()
