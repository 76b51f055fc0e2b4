"""Child processes that cannot outlive this one, and the ports they listen on."""

import contextlib
import shutil
import socket
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from local.errors import StackError

# Linux sends the parent death signal when the *thread* that made the child ends: one thread that stays makes them all.
_spawner = ThreadPoolExecutor(1, thread_name_prefix="spawner")


def dying_with_parent(command: Sequence[str]) -> list[str]:
    """The command, killed by the kernel as soon as its parent is gone, however that one ended.

    Raises StackError where there is no setpriv, which is everywhere but on Linux.
    """
    setpriv = require("setpriv", "to end every part with the stack (package util-linux)")
    return [setpriv, "--pdeathsig", "KILL", "--", *command]


def spawn(
    command: Sequence[str], *, log: Path, cwd: Path | None = None, env: Mapping[str, str] | None = None
) -> subprocess.Popen[bytes]:
    """Starts a command that dies with this process; stdout and stderr are appended to ``log``.

    It is shielded from the terminal's Ctrl-C, so that the stack stops its parts in order.
    """
    log.parent.mkdir(parents=True, exist_ok=True)

    def start() -> subprocess.Popen[bytes]:
        with log.open("ab") as output:
            return subprocess.Popen(
                dying_with_parent(command),
                cwd=cwd,
                env=env,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    return _spawner.submit(start).result()


def stop(process: subprocess.Popen[bytes], grace: float = 5.0) -> None:
    """Ends a process and waits for it: SIGTERM, and SIGKILL when it hasn't gone after ``grace`` seconds."""
    process.terminate()
    try:
        process.wait(grace)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def descendants(pid: int) -> list[int]:
    """Process ids of a process's children and theirs; those that are gone are left out."""
    found: list[int] = []
    with contextlib.suppress(FileNotFoundError, ProcessLookupError):
        for task in Path(f"/proc/{pid}/task").iterdir():
            for child in map(int, (task / "children").read_text().split()):
                found += [child, *descendants(child)]
    return found


def free_port() -> int:
    """A TCP port on 127.0.0.1 that nothing listens on at the moment."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port: int = listener.getsockname()[1]
        return port


def start_server(
    command_for: Callable[[int], Sequence[str]],
    *,
    log: Path,
    cwd: Path | None = None,
    env: Mapping[str, str] | None = None,
    seconds: float = 30.0,
) -> tuple[subprocess.Popen[bytes], int]:
    """Starts a command that listens on the port it is given and waits until it does: the process and its port.

    Raises StackError when it ends at once, or doesn't listen in time.
    """
    # The port is picked before it is taken: another process may be faster, and then the command ends.
    for _ in range(3):
        port = free_port()
        command = command_for(port)
        process = spawn(command, log=log, cwd=cwd, env=env)
        deadline = time.monotonic() + seconds
        while process.poll() is None and time.monotonic() < deadline:
            if _listens(port):
                return process, port
            time.sleep(0.01)
        stop(process)
    raise StackError(f"{Path(command[0]).name} did not start; its last words are in {log}.")


def _listens(port: int) -> bool:
    with socket.socket() as connection:
        return connection.connect_ex(("127.0.0.1", port)) == 0


def require(tool: str, why: str) -> str:
    """The path of a command. Raises StackError when it isn't installed."""
    path = shutil.which(tool)
    if path is None:
        raise StackError(f"{tool} was not found on PATH; it is needed {why}.")
    return path
