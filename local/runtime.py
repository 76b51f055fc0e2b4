"""The functions under the Lambda Runtime Interface Emulator: own process, own environment, own time limit."""

import contextlib
import http.client
import importlib.metadata
import json
import os
import platform
import shutil
import signal
import sys
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from local import processes
from local.cloudformation import REGION
from local.errors import StackError
from local.template import ROOT, Function, Template

# What Lambda's Python runtime holds beside the standard library; built functions see this much of our environment.
_RUNTIME_PACKAGES = (
    *("awslambdaric", "simplejson", "snapshot-restore-py"),
    *("boto3", "botocore", "s3transfer", "jmespath", "python-dateutil", "six", "urllib3"),
)


@dataclass(frozen=True)
class Result:
    """What an invocation gave: JSON of the handler's answer, or of the error as Lambda words it."""

    payload: bytes
    failed: bool = False

    def json(self) -> Any:
        return json.loads(self.payload)


class Emulator:
    """One execution environment. It serves one invocation at a time and would die under two."""

    def __init__(self, function: Function, environment: Mapping[str, str], python: list[str], log: Path) -> None:
        self._timeout = function.timeout
        handler = processes.dying_with_parent([*python, "-m", "awslambdaric", function.handler])

        def command(port: int) -> list[str]:
            addresses = ["--runtime-interface-emulator-address", f"127.0.0.1:{port}"]
            addresses += ["--runtime-api-address", f"127.0.0.1:{processes.free_port()}"]
            return [str(emulator_binary()), "--log-level", "error", *addresses, *handler]

        self._process, self._port = processes.start_server(command, log=log, cwd=function.code, env=environment)

    def invoke(self, event: bytes) -> Result:
        """Runs the handler. Raises OSError or HTTPException when the emulator has gone, ValueError for no JSON."""
        # The emulator enforces the time limit itself; the margin is for the start of the function's process.
        connection = http.client.HTTPConnection("127.0.0.1", self._port, timeout=self._timeout + 15)
        try:
            connection.request("POST", "/2015-03-31/functions/function/invocations", event)
            response = connection.getresponse()
            return _result(response.status, response.read())
        finally:
            connection.close()

    def kill_function(self) -> None:
        """SIGKILL to the function's process, as a crash of the machine would."""
        for pid in processes.descendants(self._process.pid):
            with contextlib.suppress(ProcessLookupError):  # it ended on its own in between
                os.kill(pid, signal.SIGKILL)

    def close(self) -> None:
        self._process.kill()
        self._process.wait()


def _result(status: int, payload: bytes) -> Result:
    if status != http.HTTPStatus.OK:
        return Result(payload, failed=True)
    if payload.startswith(b"Task timed out"):
        error = {"errorType": "Sandbox.Timedout", "errorMessage": f"Error: {payload.decode()}"}
        return Result(json.dumps(error).encode(), failed=True)
    answer = json.loads(payload)
    return Result(payload, failed=isinstance(answer, dict) and {"errorType", "errorMessage"} <= answer.keys())


def _gone(text: str) -> Result:
    return Result(json.dumps({"errorType": "Runtime.ExitError", "errorMessage": text}).encode(), failed=True)


def _failed(text: str) -> Result:
    print(text, file=sys.stderr)
    return _gone(text)


class Pool:
    """The execution environments of one function: made as they are needed, up to ``limit``, then callers wait."""

    def __init__(
        self, function: Function, environment: Mapping[str, str], *, python: list[str], log: Path, limit: int
    ) -> None:
        self._arguments = (function, environment, python, log)
        self._permits = threading.BoundedSemaphore(limit)
        self._lock = threading.Lock()
        self._idle: list[Emulator] = []
        self._busy: set[Emulator] = set()
        self._closed = False

    def invoke(self, event: bytes) -> Result:
        """Never raises: whatever keeps the function from running is a failed result, which is told on stderr."""
        with self._permits:
            with self._lock:
                if self._closed:
                    return _gone("The stack is stopping.")
                emulator = self._idle.pop() if self._idle else None
            try:
                emulator = emulator or Emulator(*self._arguments)
            except (OSError, StackError) as error:
                return _failed(f"The emulator did not start: {error}")
            with self._lock:
                if self._closed:
                    emulator.close()
                    return _gone("The stack is stopping.")
                self._busy.add(emulator)
            try:
                result = emulator.invoke(event)
            except (OSError, http.client.HTTPException, ValueError) as error:
                emulator.close()
                return _failed(f"The emulator has gone, or gave no answer that can be read: {error}")
            else:
                with self._lock:
                    self._idle.append(emulator)
                return result
            finally:
                with self._lock:
                    self._busy.discard(emulator)

    def kill(self) -> int:
        """SIGKILL to each process that is in the middle of an invocation: how many there were."""
        with self._lock:
            for emulator in self._busy:
                emulator.kill_function()
            return len(self._busy)

    def close(self) -> None:
        with self._lock:
            self._closed = True
            for emulator in [*self._idle, *self._busy]:
                emulator.close()


class Functions:
    """All functions of a template, invoked by logical id.

    ``variables`` are laid over the template's own: where AWS and the carriers are. Of a built template
    (``sam build``) each function sees its layers and Lambda's own packages, and nothing else of this environment.
    """

    def __init__(
        self, template: Template, variables: Mapping[str, str], *, state_folder: Path, concurrency: int = 4
    ) -> None:
        python, packages = [sys.executable], []
        if template.is_built:
            python, packages = [sys.executable, "-S", "-B"], [_runtime_packages(state_folder / "runtime")]
        self._pools = {
            logical_id: Pool(
                function,
                lambda_environment(function, packages) | template.environment(logical_id) | dict(variables),
                python=python,
                log=state_folder / "logs" / f"{logical_id}.log",
                limit=concurrency,
            )
            for logical_id, function in template.functions.items()
        }

    def invoke(self, logical_id: str, event: Any) -> Result:
        return self._pools[logical_id].invoke(json.dumps(event).encode())

    def kill(self, logical_id: str) -> int:
        """SIGKILL to the function's processes that are in the middle of an invocation: how many there were."""
        return self._pools[logical_id].kill()

    def close(self) -> None:
        for pool in self._pools.values():
            pool.close()


def lambda_environment(function: Function, packages: list[Path]) -> dict[str, str]:
    """The variables that Lambda itself gives a Python function; ``packages`` are folders to import from."""
    layers = [layer / "python" if (layer / "python").is_dir() else layer for layer in function.layers]
    return {
        "PATH": "/usr/local/bin:/usr/bin:/bin",
        "LANG": "en_US.UTF-8",
        "TZ": ":UTC",
        "PYTHONPATH": os.pathsep.join(map(str, [*layers, *packages])),
        "LAMBDA_TASK_ROOT": str(function.code),
        "AWS_EXECUTION_ENV": "AWS_Lambda_python3.13",
        "AWS_REGION": REGION,
        "AWS_DEFAULT_REGION": REGION,
        "AWS_ACCESS_KEY_ID": "local",
        "AWS_SECRET_ACCESS_KEY": "local",
        "AWS_SESSION_TOKEN": "local",
        "AWS_LAMBDA_FUNCTION_NAME": function.name,
        "AWS_LAMBDA_FUNCTION_VERSION": "$LATEST",
        "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": str(function.memory),
        "AWS_LAMBDA_FUNCTION_TIMEOUT": str(function.timeout),
        "AWS_LAMBDA_INITIALIZATION_TYPE": "on-demand",
        "AWS_LAMBDA_LOG_GROUP_NAME": f"/aws/lambda/{function.name}",
        "AWS_LAMBDA_LOG_STREAM_NAME": "local",
        # Lambda has no such files; a developer's own must not reach the functions.
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
    }


def emulator_binary() -> Path:
    """The Runtime Interface Emulator for this machine, which aws-sam-cli brings along. Raises StackError without it."""
    architecture = {"x86_64": "x86_64", "aarch64": "arm64"}.get(platform.machine(), platform.machine())
    pattern = f"lib/python3*/site-packages/samcli/local/rapid/aws-lambda-rie-{architecture}"
    for found in (ROOT / ".venv-tools").glob(pattern):
        return found
    raise StackError(f"The Lambda emulator for {architecture} is missing from .venv-tools; run `make setup`.")


def _runtime_packages(folder: Path) -> Path:
    """A folder that holds links to the packages of Lambda's Python runtime and nothing else."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    for name in _RUNTIME_PACKAGES:
        distribution = importlib.metadata.distribution(name)
        tops = {file.parts[0] for file in distribution.files or () if file.parts[0] not in ("..", "__pycache__")}
        for top in tops:
            (folder / top).symlink_to(Path(str(distribution.locate_file(top))))
    return folder
