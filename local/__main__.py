"""``python -m local serve | run | demo | clean``: the commands behind ``make``."""

import shutil
import signal
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Annotated, Any

import requests
import typer
from rich.console import Console

from local import job
from local.errors import StackError
from local.seed import seed
from local.stack import STATE_FOLDER, Stack

app = typer.Typer(add_completion=False, no_args_is_help=True, pretty_exceptions_enable=False)
console = Console()

State = Annotated[Path, typer.Option(help="Folder that keeps everything for the next run.")]
Port = Annotated[int, typer.Option(help="Where the API listens on 127.0.0.1; 0 picks a free port.")]
TimeScale = Annotated[
    float, typer.Option(envvar="LOCAL_TIME_SCALE", help="Speed of the schedules: at 60 a minute takes a second.")
]
Bind = Annotated[str, typer.Option(help="Where DynamoDB, SQS and carriers listen; functions in containers need it.")]


@app.command()
def serve(
    port: Port = 3000, state: State = STATE_FOLDER, time_scale: TimeScale = 1.0, bind: Bind = "127.0.0.1"
) -> None:
    """Serve with a demo agency that is not provisioned yet; its credentials are in .local/demo.json."""
    with _serving(port, state, time_scale, bind) as (stack, _):
        console.print(f"The demo agency's credentials are in {stack.state_folder / 'demo.json'}.", soft_wrap=True)
        print("ready", flush=True)
        _wait_for_interrupt()


@app.command()
def run(port: Port = 3000, state: State = STATE_FOLDER, time_scale: TimeScale = 1.0) -> None:
    """Serve, provision the demo agency's telephony, show what exists, and keep serving."""
    with _serving(port, state, time_scale) as (stack, content):
        job.run(content, stack.simulators, console)
        console.print(f"\nServing {content['api_url']} until Ctrl-C.")
        _wait_for_interrupt()


@app.command()
def demo(port: Port = 3000, state: State = STATE_FOLDER, time_scale: TimeScale = 1.0) -> None:
    """The same as run, but stop when the job is done."""
    with _serving(port, state, time_scale) as (stack, content):
        job.run(content, stack.simulators, console)


@app.command()
def clean(state: State = STATE_FOLDER) -> None:
    """Forget everything that earlier runs have stored."""
    shutil.rmtree(state, ignore_errors=True)


@contextmanager
def _serving(
    port: int, state: Path, time_scale: float, bind: str = "127.0.0.1"
) -> Iterator[tuple[Stack, dict[str, Any]]]:
    """A stack that answers, and the content of its ``demo.json``. Ctrl-C and SIGTERM end it in order."""
    started = time.monotonic()
    # SIGINT, too: a shell starts what it runs in the background with Ctrl-C ignored.
    for ending in (signal.SIGINT, signal.SIGTERM):
        signal.signal(ending, signal.default_int_handler)
    with Stack(port=port, state_folder=state, time_scale=time_scale, bind=bind) as stack:
        try:
            health = requests.get(f"{stack.api_url}/health", timeout=30)
            if not health.ok:
                raise StackError(f"The API did not come up, see {stack.state_folder / 'logs'}: {health.text}")
            content = seed(stack)
            seconds = time.monotonic() - started
            console.print(f"The stack answers at {stack.api_url}, {seconds:.1f} s after its start.", soft_wrap=True)
            yield stack, content
        finally:
            # A second Ctrl-C must not cut the stopping short.
            for ending in (signal.SIGINT, signal.SIGTERM):
                signal.signal(ending, signal.SIG_IGN)


def _wait_for_interrupt() -> None:
    with suppress(KeyboardInterrupt):
        threading.Event().wait()


def main() -> None:
    try:
        app()
    except StackError as error:
        sys.exit(str(error))


if __name__ == "__main__":
    main()
