"""How long AWS may keep a function waiting."""

from __future__ import annotations

import pytest
from telephony import aws
from telephony.providers.transport import MARGIN_SECONDS


@pytest.mark.parametrize("service", ["dynamodb", "kms", "secretsmanager", "sqs"])
def test_a_service_that_falls_silent_leaves_the_time_to_say_so(service: str) -> None:
    # given what its client is made with
    config = aws.config(service)
    # when each of its attempts waits to the end, and each pause between two is the longest that botocore draws
    attempts = config.retries["total_max_attempts"]
    longest = attempts * max(config.connect_timeout, config.read_timeout) + sum(2**n for n in range(attempts - 1))
    # then that fits what every call to a carrier leaves
    assert longest <= MARGIN_SECONDS


def test_telling_the_queue_costs_less_than_writing_the_journal() -> None:
    assert aws.config("sqs").read_timeout < aws.config("dynamodb").read_timeout
