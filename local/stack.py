"""The embedded stack put together: carriers, AWS, functions, gateway, queue pollers and schedules."""

import fcntl
import json
import os
import socket
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path
from typing import Any, Self

from local import aws, dynamodb, simulators
from local.clients import client
from local.errors import StackError
from local.gateway import Gateway
from local.poller import Poller
from local.runtime import Functions
from local.schedules import Clock
from local.simulators.server import Server
from local.template import ROOT, SOURCE_TEMPLATE, Template
from local.testing import aws_environment, platform_secret

STATE_FOLDER = ROOT / ".local"
STACK_NAME = "telephony-local"

# Which variables tell the functions where a carrier is. One that is set in the environment wins over a simulator.
CARRIER_URLS = {
    "telnyx": ("TELNYX_BASE_URL",),
    "ultravox": ("ULTRAVOX_BASE_URL",),
    "twilio": ("TWILIO_BASE_URL", "TWILIO_PRICING_BASE_URL"),
    "signalwire": ("SIGNALWIRE_BASE_URL",),
}


class Stack:
    """A running stack; it closes as a context manager and leaves nothing running.

    ``state_folder`` keeps tables, keys, the platform secret, the carriers' state and the functions' logs for the next
    run. ``environment`` may name carriers and AWS endpoints that are elsewhere. ``time_scale`` makes schedules faster:
    at 60 a minute takes a second. ``concurrency`` bounds the processes per function. ``bind`` is where DynamoDB, AWS
    and carriers listen: an address that functions in containers reach, too; sam-local.json has the variables for those.
    Stacks in one process share moto, and so need a ``stack_name`` each.
    Raises StackError when the port is taken, a tool is missing, or another stack uses the folder.
    """

    def __init__(
        self,
        *,
        port: int = 0,
        template: Path = SOURCE_TEMPLATE,
        state_folder: Path = STATE_FOLDER,
        environment: Mapping[str, str] = os.environ,
        time_scale: float = 1.0,
        concurrency: int = 4,
        bind: str = "127.0.0.1",
        stack_name: str = STACK_NAME,
    ) -> None:
        _check_address(bind)
        self._bind = bind
        self.template = Template(template, stack_name)
        self.state_folder = state_folder
        with ExitStack() as closing:
            _lock(state_folder, closing)
            # Listening from now on, so that a port in use is told at once and requests wait instead of failing.
            gateway = Gateway(self.template, lambda name, event: self.functions.invoke(name, event), port)
            closing.callback(gateway.close)
            self.api_url = f"{gateway.url}/api/v1"
            with ThreadPoolExecutor(1) as starting:
                engine = starting.submit(self._start_dynamodb, environment, closing)
                self.simulators = self._start_simulators(environment, closing)
                aws_url = self._start_aws(environment, closing)
            self.variables = (
                aws_environment(aws_url=aws_url, dynamodb_url=engine.result())
                | {"PUBLIC_BASE_URL": environment.get("PUBLIC_BASE_URL") or self.api_url}
                | self._carrier_urls(environment)
            )
            parameters = {"Parameters": self.admin_environment}
            aws.write_private(state_folder / "sam-local.json", json.dumps(parameters, indent=2) + "\n")
            self.functions = Functions(
                self.template, self.variables, state_folder=state_folder, concurrency=concurrency
            )
            self._start_triggers(aws_url, time_scale, closing)
            gateway.serve()
            closing.callback(gateway.close)  # before all others, too
            self._closing = closing.pop_all()

    def close(self) -> None:
        self._closing.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @property
    def admin_environment(self) -> dict[str, str]:
        """What the admin command line needs to work on this stack: the functions' variables, and where AWS is."""
        return self.template.environment(next(iter(self.template.functions))) | self.variables

    def platform_secret(self) -> dict[str, str]:
        """The platform's secret as the functions see it."""
        manager = client("secretsmanager", self.variables["AWS_ENDPOINT_URL"])
        value = manager.get_secret_value(SecretId=self.admin_environment["PLATFORM_SECRET_ID"])["SecretString"]
        secret: dict[str, str] = json.loads(value)
        return secret

    def _start_dynamodb(self, environment: Mapping[str, str], closing: ExitStack) -> str:
        url = environment.get("AWS_ENDPOINT_URL_DYNAMODB") or environment.get("AWS_ENDPOINT_URL")
        if not url:
            log, folder = self.state_folder / "logs" / "dynamodb.log", self.state_folder / "dynamodb"
            url = closing.enter_context(dynamodb.DynamoDBLocal(log=log, folder=folder, host=self._bind)).url
        dynamodb.create_tables(self.template.tables, url)
        return url

    def _start_aws(self, environment: Mapping[str, str], closing: ExitStack) -> str:
        secret = _stored_secret(self.state_folder / "platform-secret.json")
        if url := environment.get("AWS_ENDPOINT_URL"):
            aws.create_resources(self.template, url, secret)
            return url
        moto = closing.enter_context(aws.MotoServer(self.state_folder / "kms-keys.json", self._bind))
        aws.create_resources(self.template, moto.url, secret)
        moto.save_keys()
        return moto.url

    def _start_simulators(self, environment: Mapping[str, str], closing: ExitStack) -> dict[str, Server]:
        wanted = [name for name in simulators.NAMES if not all(map(environment.get, CARRIER_URLS[name]))]
        folder = self.state_folder / "simulators"
        folder.mkdir(exist_ok=True)
        started = simulators.start(wanted, folder, self._bind)
        for server in started.values():
            closing.callback(server.close)
        return started

    def _carrier_urls(self, environment: Mapping[str, str]) -> dict[str, str]:
        given = {name: environment[name] for names in CARRIER_URLS.values() for name in names if environment.get(name)}
        ours = {name: server.base_url for carrier, server in self.simulators.items() for name in CARRIER_URLS[carrier]}
        return ours | given

    def _start_triggers(self, aws_url: str, time_scale: float, closing: ExitStack) -> None:
        def queue(logical_id: str, attribute: str) -> Any:
            return self.template.resolve({"Fn::GetAtt": [logical_id, attribute]})

        invoke = self.functions.invoke
        triggers: list[Poller | Clock] = [
            Poller(source, queue(source.queue, "QueueUrl"), queue(source.queue, "Arn"), client("sqs", aws_url), invoke)
            for source in self.template.event_sources
        ]
        triggers += [Clock(schedule, invoke, scale=time_scale) for schedule in self.template.schedules]
        # Closed in the opposite order: no new work, then the functions, so that no trigger waits for a long one.
        for trigger in triggers:
            trigger.start()
            closing.callback(trigger.close)
        closing.callback(self.functions.close)
        for trigger in triggers:
            closing.callback(trigger.stop)


def _check_address(host: str) -> None:
    with socket.socket() as probe:
        try:
            probe.bind((host, 0))
        except OSError as error:
            raise StackError(f"{host} is not an address of this machine.") from error


def _lock(folder: Path, closing: ExitStack) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    lock = closing.enter_context((folder / "lock").open("w"))
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        raise StackError(f"Another stack is running on {folder}; stop it first.") from error


def _stored_secret(file: Path) -> str:
    if not file.exists():
        aws.write_private(file, json.dumps(platform_secret()))
    return file.read_text()
