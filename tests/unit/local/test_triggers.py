"""What the queue poller deletes, and how schedules are read."""

import json

import pytest

from local.errors import StackError
from local.poller import messages_done
from local.runtime import Result
from local.schedules import seconds_of

MESSAGES = [{"MessageId": id_} for id_ in "abc"]


def done(answer: object, *, failed: bool = False, reports_failures: bool = True) -> str:
    result = Result(json.dumps(answer).encode(), failed)
    return "".join(
        message["MessageId"] for message in messages_done(MESSAGES, result, reports_failures=reports_failures)
    )


@pytest.mark.parametrize("answer", [None, {}, {"batchItemFailures": []}, {"batchItemFailures": None}])
def test_an_empty_answer_means_all_are_done(answer):
    assert done(answer) == "abc"


def test_reported_failures_stay():
    assert done({"batchItemFailures": [{"itemIdentifier": "b"}]}) == "ac"


@pytest.mark.parametrize(
    "answer",
    [
        {"batchItemFailures": [{"itemIdentifier": "x"}]},
        {"batchItemFailures": [{"itemIdentifier": ""}]},
        {"batchItemFailures": [{"itemIdentifier": None}]},
        {"batchItemFailures": [{"itemId": "a"}]},
        {"batchItemFailures": ["a"]},
        ["a"],
        "a",
    ],
)
def test_a_report_that_makes_no_sense_keeps_them_all(answer):
    assert done(answer) == ""


def test_after_an_error_all_stay():
    assert done({"errorType": "ValueError", "errorMessage": ""}, failed=True) == ""
    assert done({"errorType": "ValueError", "errorMessage": ""}, failed=True, reports_failures=False) == ""


def test_a_report_is_not_read_where_the_template_does_not_ask_for_it():
    assert done({"batchItemFailures": [{"itemIdentifier": "b"}]}, reports_failures=False) == "abc"


@pytest.mark.parametrize(
    ("expression", "seconds"), [("rate(1 minute)", 60), ("rate(2 hours)", 7200), ("rate(7 days)", 604800)]
)
def test_rates(expression, seconds):
    assert seconds_of(expression) == seconds


@pytest.mark.parametrize("expression", ["cron(0 12 * * ? *)", "rate(1 second)", "at(2026-01-01T00:00:00)", ""])
def test_other_schedules_are_refused(expression):
    with pytest.raises(StackError, match="not"):
        seconds_of(expression)
