"""DynamoDB Local and moto with the template's resources, and the queue poller on them."""

import json
import subprocess
import sys
from typing import Any

import pytest

from local import dynamodb
from local.errors import StackError
from local.poller import Poller
from local.runtime import Result
from local.template import ROOT, EventSource
from local.testing import Deployment

TEMPLATE = ROOT / "tests" / "unit" / "local" / "bundle" / "template.yaml"


@pytest.fixture
def deployment(running) -> Deployment:
    return running.deploy(template=TEMPLATE)


def test_tables_are_those_of_the_template(running, deployment):
    client = running.client("dynamodb")

    table = client.describe_table(TableName=f"{deployment.table_prefix}agencies")["Table"]
    ttl = client.describe_time_to_live(TableName=table["TableName"])["TimeToLiveDescription"]

    assert table["KeySchema"] == [{"AttributeName": "pk", "KeyType": "HASH"}]
    assert [index["IndexName"] for index in table["GlobalSecondaryIndexes"]] == ["by_owner"]
    assert ttl == {"AttributeName": "expires_at", "TimeToLiveStatus": "ENABLED"}


def test_deployments_share_nothing_but_the_key(running, deployment):
    other = running.deploy(template=TEMPLATE)

    assert other.environment["TABLE_PREFIX"] != deployment.environment["TABLE_PREFIX"]
    assert not set(other.queue_urls.values()) & set(deployment.queue_urls.values())
    assert other.environment["KMS_KEY_ID"] == deployment.environment["KMS_KEY_ID"]
    assert other.platform_secret != deployment.platform_secret


def test_making_the_same_resources_again_finds_them(running, deployment):
    again = running.deploy(deployment.template.stack_name, template=TEMPLATE)

    assert again.environment == deployment.environment


@pytest.mark.parametrize("items", [0, 30, 300])
def test_what_is_borrowed_is_empty_whatever_was_left_in_it(running, items):
    dynamodb_client, sqs = running.client("dynamodb"), running.client("sqs")
    # given a deployment in which somebody left items, a message, and a table less
    with running.borrow() as left:
        name, gone = (table.name for table in left.template.tables[:2])
        keys = [key["AttributeName"] for key in dynamodb_client.describe_table(TableName=name)["Table"]["KeySchema"]]
        for number in range(items):
            dynamodb_client.put_item(TableName=name, Item={key: {"S": str(number)} for key in keys})
        dynamodb_client.delete_table(TableName=gone)
        sqs.send_message(QueueUrl=left.queue_urls["WakeupsQueue"], MessageBody="{}")
    # when it is lent again
    with running.borrow() as lent:
        # then it is the same one, and nothing of that is there, nor is its secret known
        assert lent.table_prefix == left.table_prefix
        tables = [table.name for table in lent.template.tables]
        assert [dynamodb_client.scan(TableName=each)["Count"] for each in tables] == [0] * len(tables)
        assert "Messages" not in sqs.receive_message(QueueUrl=lent.queue_urls["WakeupsQueue"])
        assert lent.platform_secret != left.platform_secret
        secrets = running.client("secretsmanager")
        stored = secrets.get_secret_value(SecretId=lent.environment["PLATFORM_SECRET_ID"])["SecretString"]
        assert json.loads(stored) == lent.platform_secret


def test_a_table_of_another_version_is_told(running, deployment):
    [table] = deployment.template.tables
    del table.definition["GlobalSecondaryIndexes"]
    table.definition["AttributeDefinitions"] = [{"AttributeName": "pk", "AttributeType": "S"}]

    with pytest.raises(StackError, match="make clean"):
        dynamodb.create_tables([table], running.dynamodb_url)


def test_the_platform_secret_is_where_the_environment_says(running, deployment):
    value = running.client("secretsmanager").get_secret_value(SecretId=deployment.environment["PLATFORM_SECRET_ID"])

    assert json.loads(value["SecretString"]) == deployment.platform_secret


def test_a_standard_queue_takes_a_message_group(running, deployment):
    sqs, url = running.client("sqs"), deployment.queue_urls["WakeupsQueue"]

    sqs.send_message(QueueUrl=url, MessageBody="{}", MessageGroupId="agency-1")

    [message] = sqs.receive_message(QueueUrl=url, AttributeNames=["All"])["Messages"]
    assert message["Attributes"]["MessageGroupId"] == "agency-1"


KEY_PROGRAM = """
import base64, json, sys
from pathlib import Path
from local.aws import MotoServer, create_resources
from local.clients import client
from local.template import Template

file, sealed = Path(sys.argv[1]), sys.argv[2]
with MotoServer(file) as server:
    template = Template(Path(sys.argv[3]), "demo")
    create_resources(template, server.url, "{}")
    server.save_keys()
    kms, context = client("kms", server.url), {"agency": "1"}
    key = template.resolve({"Fn::GetAtt": ["DataKey", "Arn"]})
    if sealed:
        opened = kms.decrypt(CiphertextBlob=base64.b64decode(sealed), EncryptionContext=context)
        print(opened["Plaintext"].decode(), key)
    else:
        blob = kms.encrypt(KeyId=key, Plaintext=b"carrier key", EncryptionContext=context)["CiphertextBlob"]
        print(base64.b64encode(blob).decode(), key)
"""


def run_with_keys(file, sealed: str) -> list[str]:
    command = [sys.executable, "-c", KEY_PROGRAM, str(file), sealed, str(TEMPLATE)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    return done.stdout.rsplit(maxsplit=1)


def test_what_one_run_encrypted_the_next_one_decrypts(tmp_path):
    file = tmp_path / "kms-keys.json"
    sealed, key = run_with_keys(file, "")

    opened, same_key = run_with_keys(file, sealed)

    assert (opened, same_key.strip()) == ("carrier key", key.strip())
    assert file.stat().st_mode & 0o777 == 0o600


class Worker:
    """Stands for the function: remembers the records and answers what the test says."""

    def __init__(self, result: Result | None = None) -> None:
        self.records: list[dict[str, Any]] = []
        self.result = result

    def invoke(self, name: str, event: dict[str, Any]) -> Result:
        self.records = event["Records"]
        failed = [{"itemIdentifier": record["messageId"]} for record in self.records if record["body"] == "fail"]
        return self.result or Result(json.dumps({"batchItemFailures": failed}).encode())


def poll(running, deployment, worker, *bodies: str) -> list[str]:
    """Sends messages, polls once, and gives the bodies of what is still in the queue."""
    sqs, url = running.client("sqs"), deployment.queue_urls["WakeupsQueue"]
    sqs.set_queue_attributes(QueueUrl=url, Attributes={"VisibilityTimeout": "0"})
    for body in bodies:
        attribute = {"DataType": "String", "StringValue": "v"}
        sqs.send_message(QueueUrl=url, MessageBody=body, MessageAttributes={"name": attribute})
    source = EventSource("WorkerFunction", "WakeupsQueue", 5, reports_failures=True)

    Poller(source, url, "arn:queue", sqs, worker.invoke).poll()

    left = sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages", [])
    return sorted(message["Body"] for message in left)


def test_a_record_has_lambdas_shape(running, deployment):
    worker = Worker(Result(b"{}", failed=True))

    poll(running, deployment, worker, '{"operation_id": "1"}')

    [record] = worker.records
    assert record["body"] == '{"operation_id": "1"}'
    assert record["attributes"]["ApproximateReceiveCount"] == "1"
    assert record["messageAttributes"] == {"name": {"stringValue": "v", "dataType": "String"}}
    assert (record["eventSource"], record["eventSourceARN"], record["awsRegion"]) == (
        "aws:sqs",
        "arn:queue",
        "us-east-1",
    )
    assert {"messageId", "receiptHandle", "md5OfBody"} <= record.keys()


def test_what_the_function_handled_is_deleted(running, deployment):
    assert poll(running, deployment, Worker(), "a", "fail", "b") == ["fail"]


def test_after_an_error_everything_stays(running, deployment):
    assert poll(running, deployment, Worker(Result(b"{}", failed=True)), "a", "b") == ["a", "b"]


def test_a_batch_has_at_most_the_batch_size(running, deployment):
    worker = Worker()

    left = poll(running, deployment, worker, *"1234567")

    assert (len(worker.records), len(left)) == (5, 2)


def test_an_empty_queue_invokes_nothing(running, deployment):
    worker = Worker()

    poll(running, deployment, worker)

    assert worker.records == []


def test_a_message_that_keeps_failing_ends_in_the_dead_letter_queue(running, deployment):
    sqs, worker = running.client("sqs"), Worker(Result(b"{}", failed=True))

    for bodies in (("a",), (), ()):
        poll(running, deployment, worker, *bodies)

    dead = sqs.receive_message(QueueUrl=deployment.queue_urls["WakeupsDeadLetterQueue"]).get("Messages", [])
    assert [message["Body"] for message in dead] == ["a"]
