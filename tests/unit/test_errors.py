"""The error tree: as drawn in its docstring, and what every class promises."""

from __future__ import annotations

import inspect
import re

import pytest
from telephony import errors
from telephony.errors import PartialFailure, ProviderRejected, TelephonyError

CLASSES = [each for each in vars(errors).values() if inspect.isclass(each) and issubclass(each, TelephonyError)]

DRAWN = re.compile(r"^((?:│   |    )*)[├└]─ (\w+)(?: +(\d{3}))?", re.MULTILINE)


def drawn() -> dict[str, tuple[str, str | None]]:
    """Class → (its parent, the status written beside it), as the docstring draws them."""
    assert errors.__doc__ is not None
    above = ["TelephonyError"]
    found: dict[str, tuple[str, str | None]] = {}
    for indent, name, status in DRAWN.findall(errors.__doc__):
        depth = len(indent) // 4 + 1
        found[name] = (above[depth - 1], status or None)
        above[depth:] = [name]
    return found


def test_the_docstring_draws_the_classes() -> None:
    parents = {each.__name__: each.__base__.__name__ for each in CLASSES if each is not TelephonyError}
    assert {name: parent for name, (parent, _) in drawn().items()} == parents


def test_the_docstring_tells_the_statuses() -> None:
    # given the status beside each class, else the one beside its parent
    tree = drawn()
    told = {name: status or tree.get(parent, ("", None))[1] for name, (parent, status) in tree.items()}
    statuses = {name: int(status) for name, status in told.items() if status is not None}
    assert len(statuses) > 15
    assert statuses == {name: getattr(errors, name).http_status for name in statuses}


@pytest.mark.parametrize("error", CLASSES, ids=lambda error: error.__name__)
def test_codes_are_snake_case_and_fixes_are_sentences(error: type[TelephonyError]) -> None:
    assert re.fullmatch(r"[a-z]+(_[a-z]+)*", error.code)
    assert error.fix is None or re.fullmatch(r"[A-Z].*\.", error.fix)


def test_what_the_caller_must_mend_is_not_retried_by_itself() -> None:
    assert [each.__name__ for each in CLASSES if issubclass(each, errors.RequestError) and each.retryable] == []


def test_a_partial_failure_is_its_causes_with_the_progress_added() -> None:
    # given a refusal of a carrier
    cause = ProviderRejected(
        "Telnyx refused", provider="telnyx", operation="create", status=422, provider_code="10015", fix="Do that."
    )
    cause.retry_after = 60
    # when a workflow stops at it
    failure = PartialFailure(
        cause,
        completed_steps=[],
        failed_at="a_step",
        partial_data={"id": "1"},
        operation_id="op_1",
        retry_scheduled=True,
    )
    # then it says the same, and how far the workflow got
    assert (failure.message, failure.code, failure.fix) == (cause.message, cause.code, cause.fix)
    assert failure.http_status == 500
    assert (failure.retryable, failure.retry_after) == (True, 60)
    assert failure.details == {
        "provider": "telnyx",
        "provider_code": "10015",
        "completed_steps": [],
        "failed_at": "a_step",
        "partial_data": {"id": "1"},
        "operation_id": "op_1",
        "retry_scheduled": True,
    }
