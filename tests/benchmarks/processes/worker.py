"""P13: empties a queue, by the retry worker's handler or by a bare loop of boto3 calls.

For each line on standard input it prints how many wake-ups it handled and the seconds that they took, as JSON.
"""

import json
import os
import sys
import time
from pathlib import Path
from typing import Any

sys.path.insert(0, "")

import boto3

given = json.loads(Path(sys.argv[1]).read_text())
queue: str = given["queue"]
answers = os.fdopen(os.dup(sys.stdout.fileno()), "w")
os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
sqs = boto3.client("sqs", region_name="us-east-1")
dynamodb = boto3.client("dynamodb", region_name="us-east-1")


class Context:
    aws_request_id = "1"

    def get_remaining_time_in_millis(self) -> int:
        return 300_000


def by_handler() -> Any:
    """The function as it is, with one more kind of operation: its one step does nothing, so that all is journal."""
    import handler  # the function's own, in the working directory
    from telephony.bootstrap import container
    from telephony.services.saga import Step, Workflow
    from telephony.services.worker import Worker

    workflow: Workflow[None] = Workflow(
        "benchmark", (Step("only", lambda _run: {}, local=True),), lambda _operation, _deadline: None
    )
    made = container()
    made.worker = Worker(made.saga, made.wakeups, {workflow.kind: workflow})

    def handle(messages: list[dict[str, Any]]) -> None:
        records = [
            {"messageId": each["MessageId"], "receiptHandle": each["ReceiptHandle"], "body": each["Body"]}
            | {"eventSource": "aws:sqs", "attributes": {}, "messageAttributes": {}}
            for each in messages
        ]
        if handler.lambda_handler({"Records": records}, Context())["batchItemFailures"]:
            sys.exit("a wake-up failed")

    handle([{"MessageId": "0", "ReceiptHandle": "0", "Body": '{"operation_id": "there is none"}'}])  # connects
    return handle


def by_hand() -> Any:
    def handle(messages: list[dict[str, Any]]) -> None:
        for each in messages:
            item = {**given["item"], "id": {"S": json.loads(each["Body"])["operation_id"]}}
            put = {"TableName": given["table"], "Item": item, "ConditionExpression": "attribute_exists(id)"}
            dynamodb.transact_write_items(TransactItems=[{"Put": put}])

    return handle


def receive() -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = sqs.receive_message(QueueUrl=queue, MaxNumberOfMessages=10).get("Messages", [])
    return found


handle = by_handler() if given["ours"] else by_hand()
dynamodb.describe_table(TableName=given["table"])
for _line in sys.stdin:
    count, began = 0, time.monotonic()
    while messages := receive():
        handle(messages)
        entries = [{"Id": str(n), "ReceiptHandle": each["ReceiptHandle"]} for n, each in enumerate(messages)]
        sqs.delete_message_batch(QueueUrl=queue, Entries=entries)
        count += len(messages)
    print(json.dumps({"count": count, "seconds": time.monotonic() - began}), file=answers, flush=True)
