"""Functions under the Lambda Runtime Interface Emulator: environment, errors, time limit, crashes, concurrency."""

import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from local import processes
from local.runtime import Functions
from local.template import ROOT, Template

BUNDLE = ROOT / "tests" / "unit" / "local" / "bundle"


def bundle(stack_name: str = "demo") -> Template:
    template = Template(BUNDLE / "template.yaml", stack_name)
    for name in ("WakeupsQueue", "DataKey", "PlatformSecret"):
        template.bind(name, name, Arn=f"arn:{name}")
    return template


@pytest.fixture(scope="module")
def functions(tmp_path_factory) -> Iterator[Functions]:
    running = Functions(
        bundle(), {"TELNYX_BASE_URL": "http://here"}, state_folder=tmp_path_factory.mktemp("state"), concurrency=2
    )
    yield running
    running.close()


def test_a_function_sees_what_lambda_and_the_template_give_it_and_nothing_of_ours(functions, monkeypatch):
    monkeypatch.setenv("OF_THE_DEVELOPER", "1")

    result = functions.invoke("EchoFunction", {"a": 1})

    seen = result.json()
    environment = seen["environment"]
    assert not result.failed
    assert (seen["event"], seen["greeting"]) == ({"a": 1}, "hello")
    assert (seen["function"], seen["memory"]) == ("demo-EchoFunction", "512")
    assert 0 < seen["remaining"] <= 2000
    assert (environment["STAGE"], environment["TABLE_PREFIX"]) == ("echo", "demo-")
    assert environment["TELNYX_BASE_URL"] == "http://here"
    assert environment["AWS_LAMBDA_FUNCTION_MEMORY_SIZE"] == "512"
    assert not {"OF_THE_DEVELOPER", "HOME", "VIRTUAL_ENV"} & environment.keys()


def test_the_process_serves_on(functions):
    first, second = (functions.invoke("EchoFunction", {}).json()["pid"] for _ in range(2))

    assert first == second


def test_an_exception_is_an_error_and_the_process_serves_on(functions):
    before = functions.invoke("EchoFunction", {}).json()["pid"]

    result = functions.invoke("EchoFunction", {"do": "raise"})

    assert result.failed
    assert (result.json()["errorType"], result.json()["errorMessage"]) == ("ValueError", "boo")
    assert functions.invoke("EchoFunction", {}).json()["pid"] == before


def test_the_time_limit_ends_the_process(functions):
    before = functions.invoke("EchoFunction", {}).json()["pid"]

    result = functions.invoke("EchoFunction", {"do": "sleep", "seconds": 60})

    assert result.failed
    assert result.json()["errorType"] == "Sandbox.Timedout"
    assert "Task timed out after 2.00 seconds" in result.json()["errorMessage"]
    assert functions.invoke("EchoFunction", {}).json()["pid"] != before


def test_a_crash_is_an_error_and_the_next_invocation_has_a_new_process(functions):
    result = functions.invoke("EchoFunction", {"do": "crash"})

    assert result.failed
    assert result.json()["errorType"] == "Runtime.ExitError"
    assert not functions.invoke("EchoFunction", {}).failed


def test_kill_ends_the_process_that_is_running(functions):
    with ThreadPoolExecutor() as caller:
        running = caller.submit(functions.invoke, "EchoFunction", {"do": "sleep", "seconds": 1.5})
        killed = 0
        while not killed and not running.done():
            killed = functions.kill("EchoFunction")
            time.sleep(0.2)

        assert killed == 1
        assert running.result().json()["errorType"] == "Runtime.ExitError"
    assert functions.kill("EchoFunction") == 0
    assert not functions.invoke("EchoFunction", {}).failed


def test_invocations_overlap_up_to_the_limit_and_wait_beyond_it(functions):
    with ThreadPoolExecutor(5) as callers:
        order = {"do": "sleep", "seconds": 0.2}
        results = list(callers.map(lambda _: functions.invoke("EchoFunction", order), range(5)))

    assert not any(result.failed for result in results)
    assert len({result.json()["pid"] for result in results}) == 2


def test_a_handler_that_cannot_be_imported_is_an_error(tmp_path):
    template = bundle()
    (tmp_path / "template.yaml").write_text(template.path.read_text().replace("CodeUri: code/", "CodeUri: ."))
    broken = Template(tmp_path / "template.yaml", "demo")
    for name in ("WakeupsQueue", "DataKey", "PlatformSecret"):
        broken.bind(name, name, Arn=f"arn:{name}")
    functions = Functions(broken, {}, state_folder=tmp_path)

    result = functions.invoke("EchoFunction", {})
    functions.close()

    assert result.failed
    assert result.json()["errorType"] == "Runtime.ImportModuleError"


def test_nothing_is_left_when_the_stack_is_killed(tmp_path):
    # given a process that runs a function
    program = (
        "import sys, threading\n"
        "from pathlib import Path\n"
        "from local.runtime import Functions\n"
        "from local.template import Template\n"
        "template = Template(Path(sys.argv[1]), 'demo')\n"
        "[template.bind(name, name, Arn=name) for name in ('WakeupsQueue', 'DataKey', 'PlatformSecret')]\n"
        "functions = Functions(template, {}, state_folder=Path(sys.argv[2]))\n"
        "print(functions.invoke('EchoFunction', {}).json()['pid'], flush=True)\n"
        "functions.invoke('WorkerFunction', {'do': 'sleep', 'seconds': 25})\n"
    )
    stack = subprocess.Popen(
        [sys.executable, "-c", program, str(BUNDLE / "template.yaml"), str(tmp_path)],
        stdout=subprocess.PIPE,
        cwd=ROOT,
        text=True,
    )
    assert stack.stdout is not None
    int(stack.stdout.readline())
    while len(children := processes.descendants(stack.pid)) < 4:
        time.sleep(0.05)

    # when it is killed without a chance to clean up
    stack.kill()
    stack.wait()
    stack.stdout.close()

    # then both emulators and both functions end, the sleeping one too
    deadline = threading.Event()
    for _ in range(100):
        if not any(_is_running(pid) for pid in children):
            break
        deadline.wait(0.1)
    assert [pid for pid in children if _is_running(pid)] == []


def _is_running(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except FileNotFoundError:
        return False
    os.kill(pid, 0)
    return state != "Z"
