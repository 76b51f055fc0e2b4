"""The SQS message: `{"operation_id": …}` and nothing else. The journal holds what is to be done.

No message is precious: one that is lost is sent again by the sweeper, one that comes twice finds the lease taken or
the work done.
"""

from __future__ import annotations

import json
from dataclasses import dataclass

from botocore.exceptions import BotoCoreError, ClientError

from telephony import aws
from telephony.errors import InvalidRequest
from telephony.observability import report_aws_failure

MAX_DELAY = 900
"""Seconds: SQS delays no longer. What is due later is found by the sweeper."""


@dataclass(frozen=True, slots=True)
class Wakeups:
    region: str
    queue_url: str

    def send(self, operation_id: str, agency_id: str, delay: float = 0) -> bool:
        """Asks for the operation to be resumed after `delay` seconds.

        False if the queue could not be reached, which is logged and counted: the sweeper finds the operation by its
        `due_at`.
        """
        if delay > MAX_DELAY:
            return True
        try:
            aws.client("sqs", self.region).send_message(
                QueueUrl=self.queue_url,
                MessageBody=json.dumps({"operation_id": operation_id}),
                DelaySeconds=max(0, round(delay)),
                MessageGroupId=agency_id,
            )
        except (BotoCoreError, ClientError) as error:
            report_aws_failure("wake-up not sent", error, operation_id=operation_id)
            return False
        return True


def parse(body: str) -> str:
    """The operation id in a message's body. Raises `InvalidRequest` for anything else."""
    try:
        message = json.loads(body)
        operation_id = message["operation_id"]
    except (ValueError, TypeError, KeyError):
        raise InvalidRequest("not a wake-up message") from None
    if not isinstance(operation_id, str) or not operation_id:
        raise InvalidRequest("not a wake-up message")
    return operation_id
