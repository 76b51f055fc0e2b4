"""The stack put together: it starts, keeps its data, serves, and leaves nothing behind."""

import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import requests

from local import processes
from local.clients import client
from local.errors import StackError
from local.stack import Stack
from local.template import ROOT

TEMPLATE = ROOT / "tests" / "unit" / "local" / "bundle" / "template.yaml"

# What other programs read in demo.json.
DEMO_KEYS = {
    *("api_url", "agency_id", "org_handle", "product_id", "owner_jwt", "admin_jwt", "member_jwt", "api_token"),
    *("other_agency_owner_jwt", "other_agency_api_token", "other_agency_org_handle", "assistant_id"),
}


def test_a_stack_keeps_its_tables(tmp_path):
    item = {"pk": {"S": "agency#1"}}
    for run in ("writes", "reads"):
        with Stack(template=TEMPLATE, state_folder=tmp_path, environment={}) as stack:
            tables = client("dynamodb", stack.variables["AWS_ENDPOINT_URL_DYNAMODB"])
            name = f"{stack.admin_environment['TABLE_PREFIX']}agencies"
            if run == "writes":
                tables.put_item(TableName=name, Item=item)
            else:
                assert tables.get_item(TableName=name, Key=item)["Item"] == item


def test_requests_queues_and_schedules_reach_the_functions(tmp_path):
    with Stack(template=TEMPLATE, state_folder=tmp_path, environment={}, time_scale=600) as stack:
        answer = requests.post(f"{stack.api_url}/things", json={}, timeout=10)
        sqs = client("sqs", stack.variables["AWS_ENDPOINT_URL"])
        sqs.send_message(QueueUrl=stack.admin_environment["WAKEUPS_QUEUE_URL"], MessageBody="{}")
        assert answer.status_code == 201
        environment = answer.json()["environment"]

        # The worker has run twice at least: for the message and for its schedule.
        log = tmp_path / "logs" / "WorkerFunction.log"
        assert eventually(lambda: log.exists() and log.read_text().count("END RequestId") >= 2)
        assert eventually(lambda: messages_left(sqs, stack.admin_environment["WAKEUPS_QUEUE_URL"]) == 0)

    assert environment["PUBLIC_BASE_URL"] == stack.api_url
    assert environment["TELNYX_BASE_URL"].startswith("http://127.0.0.1:")


def messages_left(sqs, url: str) -> int:
    names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
    attributes = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=names)["Attributes"]
    return sum(map(int, attributes.values()))


def test_the_environment_points_the_stack_elsewhere(tmp_path, running):
    environment = {
        "TELNYX_BASE_URL": "http://telnyx.example/v2",
        "TWILIO_PRICING_BASE_URL": "http://pricing.example",
        "PUBLIC_BASE_URL": "https://public.example/api/v1",
        "AWS_ENDPOINT_URL": running.aws_url,
        "AWS_ENDPOINT_URL_DYNAMODB": running.dynamodb_url,
    }

    with Stack(template=TEMPLATE, state_folder=tmp_path, environment=environment) as stack:
        assert environment.items() <= stack.variables.items()
        assert "telnyx" not in stack.simulators
        assert stack.variables["TWILIO_BASE_URL"] == stack.simulators["twilio"].base_url
        assert processes.descendants(os.getpid()) != []
    assert not (tmp_path / "dynamodb").exists()


def test_a_folder_serves_one_stack_at_a_time(tmp_path, running):
    environment = {"AWS_ENDPOINT_URL": running.aws_url, "AWS_ENDPOINT_URL_DYNAMODB": running.dynamodb_url}

    with (
        Stack(template=TEMPLATE, state_folder=tmp_path, environment=environment),
        pytest.raises(StackError, match="Another stack is running"),
    ):
        Stack(template=TEMPLATE, state_folder=tmp_path, environment=environment)


@contextmanager
def command(*arguments: str, state: Path) -> Iterator[subprocess.Popen[str]]:
    """``python -m local`` with these arguments, on a port that is free; begun with Ctrl-C ignored, as a shell begins
    what it runs in the background.
    """
    ignoring = ["sh", "-c", """trap "" INT; exec "$@\"""", "sh"]
    started = subprocess.Popen(
        [*ignoring, sys.executable, "-m", "local", *arguments, "--port", "0", "--state", str(state)],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        text=True,
    )
    with started:
        yield started
        started.kill()


@pytest.mark.parametrize("end", [signal.SIGINT, signal.SIGKILL])
def test_serve_is_ready_with_a_demo_agency_and_leaves_nothing_running(tmp_path, end):
    with command("serve", state=tmp_path) as serving:
        # given a stack that says it is ready
        assert serving.stdout is not None
        told = list(iter(serving.stdout.readline, "ready\n"))
        assert any(str(tmp_path / "demo.json") in line for line in told)
        demo = json.loads((tmp_path / "demo.json").read_text())
        assert demo.keys() == DEMO_KEYS
        assert (tmp_path / "demo.json").stat().st_mode & 0o777 == 0o600

        # when each of its credentials is used, then it opens its own agency, which has carrier keys but no telephony
        for name in ("owner_jwt", "admin_jwt", "member_jwt", "api_token"):
            status = get_status(demo["api_url"], demo[name])
            assert status["agency_id"] == demo["agency_id"]
            assert (status["telnyx"]["configured"], status["telnyx"]["provisioned"]) == (True, False)
        for name in ("other_agency_owner_jwt", "other_agency_api_token"):
            assert get_status(demo["api_url"], demo[name])["agency_id"] != demo["agency_id"]

        # when it is ended, then none of its processes is left
        children = processes.descendants(serving.pid)
        serving.send_signal(end)
        returned = serving.wait(30)
        assert returned == (-signal.SIGKILL if end == signal.SIGKILL else 0)
        assert eventually(lambda: not any(map(is_running, children)))


def get_status(api_url: str, token: str):
    headers = {"Authorization": f"Bearer {token}"}
    answer = requests.get(f"{api_url}/get-integration-status", headers=headers, timeout=30)
    assert answer.status_code == 200
    return answer.json()


def get_numbers(api_url: str, token: str):
    headers = {"Authorization": f"Bearer {token}"}
    answer = requests.get(f"{api_url}/phone-configurations", headers=headers, timeout=30)
    assert answer.status_code == 200
    return answer.json()["data"]["data"]


def test_run_does_the_main_job_and_serves_on_until_it_is_stopped(tmp_path, monkeypatch):
    monkeypatch.setenv("COLUMNS", "200")  # so that no cell of a table is folded
    # when a stack does the main job
    with command("run", state=tmp_path) as running:
        assert running.stdout is not None
        output = []
        while not (output and output[-1].startswith("Serving")):
            output.append(running.stdout.readline())
        demo = json.loads((tmp_path / "demo.json").read_text())

        # then each step was shown, and the API still answers
        for step in (
            *("create_telnyx_application", "create_outbound_profile"),
            *("store_resource_ids", "import_to_ultravox", "mark_configured"),
        ):
            assert f"✔ {step}" in "".join(output)
        assert get_status(demo["api_url"], demo["api_token"])["telnyx"]["provisioned"]
        # and one number was bought at each carrier, assigned, and is in the table
        bought = get_numbers(demo["api_url"], demo["api_token"])
        assert sorted(each["providerType"] for each in bought) == ["SIGNALWIRE", "TELNYX", "TWILIO"]
        for step in ("search", "purchase", "assign"):
            assert "".join(output).count(f"✔ {step}") == 3
        table = "".join(output).partition("Phone numbers")[2].splitlines()
        for each in bought:
            assert (each["status"], each["voiceChannelId"]) == ("ACTIVE", str(demo["assistant_id"]))
            cells = (each["phoneNumber"], each["providerType"], "ACTIVE", each["providerPhoneNumberId"])
            [row] = [line for line in table if each["phoneNumber"] in line]
            assert all(cell in row for cell in cells)
        running.terminate()
        assert running.wait(30) == 0

    # and when it is started again, then what the first one made and issued is still good
    with command("demo", state=tmp_path) as second:
        assert second.stdout is not None
        output_of_second = second.stdout.read()
        assert second.wait(30) == 0
    assert "provisioned by an earlier run" in output_of_second
    assert "✔" not in output_of_second
    assert json.loads((tmp_path / "demo.json").read_text())["api_token"] == demo["api_token"]


def is_running(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False


def eventually(condition) -> bool:
    """Whether the condition comes true within 20 seconds."""
    pause = threading.Event()
    return any(condition() or pause.wait(0.1) for _ in range(200))
