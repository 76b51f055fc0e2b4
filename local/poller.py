"""Lambda's SQS event source mapping: receive, invoke, delete what succeeded.

https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-errorhandling.html
"""

import json
import sys
import threading
from collections.abc import Callable
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from local.cloudformation import REGION
from local.runtime import Result
from local.template import EventSource

_MAX_RECEIVE = 10  # SQS's own limit
_WAIT_SECONDS = 1  # the longest that close() waits for a receive under way


class Poller:
    """Polls a queue on a thread of its own until it is closed."""

    def __init__(
        self, source: EventSource, queue_url: str, queue_arn: str, sqs: Any, invoke: Callable[[str, Any], Result]
    ) -> None:
        self._source = source
        self._queue_url = queue_url
        self._queue_arn = queue_arn
        self._sqs = sqs
        self._invoke = invoke
        self._closing = threading.Event()
        self._thread = threading.Thread(target=self._run, name=f"poller-{source.function}", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        """Takes no further batch."""
        self._closing.set()

    def close(self) -> None:
        """Waits for the batch under way; a receive takes at most a second."""
        self.stop()
        self._thread.join()

    def _run(self) -> None:
        while not self._closing.is_set():
            try:
                self.poll()
            except (BotoCoreError, ClientError) as error:
                # The queue may be unreachable for a while; Lambda's own poller tries on.
                print(f"{self._source.queue}: {error}", file=sys.stderr)
                self._closing.wait(_WAIT_SECONDS)

    def poll(self, wait_seconds: int = _WAIT_SECONDS) -> int:
        """Handles one batch: how many messages it had. What isn't deleted comes back after the visibility timeout."""
        received = self._sqs.receive_message(
            QueueUrl=self._queue_url,
            MaxNumberOfMessages=min(self._source.batch_size, _MAX_RECEIVE),
            WaitTimeSeconds=wait_seconds,
            AttributeNames=["All"],
            MessageAttributeNames=["All"],
        )
        messages = received.get("Messages", [])
        if not messages:
            return 0
        result = self._invoke(self._source.function, {"Records": [self._record(message) for message in messages]})
        if done := messages_done(messages, result, reports_failures=self._source.reports_failures):
            entries = [
                {"Id": str(index), "ReceiptHandle": message["ReceiptHandle"]} for index, message in enumerate(done)
            ]
            self._sqs.delete_message_batch(QueueUrl=self._queue_url, Entries=entries)
        return len(messages)

    def _record(self, message: dict[str, Any]) -> dict[str, Any]:
        return {
            "messageId": message["MessageId"],
            "receiptHandle": message["ReceiptHandle"],
            "body": message["Body"],
            "attributes": message["Attributes"],
            "messageAttributes": {
                name: {name[0].lower() + name[1:]: value for name, value in attribute.items()}
                for name, attribute in message.get("MessageAttributes", {}).items()
            },
            "md5OfBody": message["MD5OfBody"],
            "eventSource": "aws:sqs",
            "eventSourceARN": self._queue_arn,
            "awsRegion": REGION,
        }


def messages_done(messages: list[dict[str, Any]], result: Result, *, reports_failures: bool) -> list[dict[str, Any]]:
    """The messages that Lambda deletes: none after an error, else all but those that the function reports as failed.

    A report that names an unknown message, or isn't of the documented shape, counts as failure of the whole batch.
    """
    if result.failed:
        return []
    if not reports_failures:
        return messages
    answer = json.loads(result.payload) or {}
    try:
        failed = {failure["itemIdentifier"] for failure in answer.get("batchItemFailures") or []}
    except (AttributeError, KeyError, TypeError):
        return []
    if not failed <= {message["MessageId"] for message in messages}:
        return []
    return [message for message in messages if message["MessageId"] not in failed]
