"""What an invocation gives when the emulator itself fails: a failed result, for whoever asked, thread or gateway."""

from pathlib import Path

import pytest

from local import runtime
from local.errors import StackError
from local.poller import Poller
from local.runtime import Functions, Result
from local.template import Template

BUNDLE = Path(__file__).parent / "bundle" / "template.yaml"


class Emulators:
    """Stands for the class: what each next start and each next invocation does."""

    def __init__(self, *starts: Exception | None, payloads: tuple[bytes, ...] = ()) -> None:
        self.starts, self.payloads, self.closed = list(starts), list(payloads), 0

    def __call__(self, *_: object) -> "Emulators":
        if failure := self.starts.pop(0):
            raise failure
        return self

    def invoke(self, _event: bytes) -> Result:
        return runtime._result(200, self.payloads.pop(0))

    def close(self) -> None:
        self.closed += 1


@pytest.fixture
def functions(monkeypatch, tmp_path):
    def make(emulators: Emulators) -> Functions:
        monkeypatch.setattr(runtime, "Emulator", emulators)
        template = Template(BUNDLE, "demo")
        for name in ("WakeupsQueue", "DataKey", "PlatformSecret"):
            template.bind(name, name, Arn=f"arn:{name}")
        return Functions(template, {}, state_folder=tmp_path)

    return make


@pytest.mark.parametrize("failure", [StackError("aws-lambda-rie did not start"), OSError("Cannot allocate memory")])
def test_an_emulator_that_does_not_start_is_a_failed_result_and_the_next_one_serves(functions, failure, capsys):
    running = functions(Emulators(failure, None, payloads=(b'{"ok": true}',)))

    first, second = running.invoke("EchoFunction", {}), running.invoke("EchoFunction", {})

    assert (first.failed, first.json()["errorType"]) == (True, "Runtime.ExitError")
    assert str(failure) in capsys.readouterr().err
    assert (second.failed, second.json()) == (False, {"ok": True})


def test_an_answer_that_cannot_be_read_is_a_failed_result_and_ends_its_emulator(functions, capsys):
    emulators = Emulators(None, None, payloads=(b"<html>", b"{}"))
    running = functions(emulators)

    first, second = running.invoke("EchoFunction", {}), running.invoke("EchoFunction", {})

    assert (first.failed, emulators.closed) == (True, 1)
    assert "no answer that can be read" in capsys.readouterr().err
    assert not second.failed


def test_a_poller_keeps_the_message_and_goes_on(functions):
    class Queue:
        def __init__(self) -> None:
            self.deleted: list[object] = []

        def receive_message(self, **_: object) -> object:
            message = {"MessageId": "a", "ReceiptHandle": "r", "Body": "{}", "Attributes": {}, "MD5OfBody": ""}
            return {"Messages": [message]}

        def delete_message_batch(self, **given: object) -> None:
            self.deleted.append(given["Entries"])

    running, queue = functions(Emulators(StackError("no"), None, payloads=(b"{}",))), Queue()
    [source] = Template(BUNDLE, "demo").event_sources
    poller = Poller(source, "url", "arn", queue, running.invoke)

    assert poller.poll() == 1
    assert queue.deleted == []
    assert poller.poll() == 1
    assert queue.deleted == [[{"Id": "0", "ReceiptHandle": "r"}]]
