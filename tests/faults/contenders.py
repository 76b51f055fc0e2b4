"""Real processes that call handlers at the same moment.

A resolver of Powertools keeps its event on the class, so that one process serves one request at a time, as Lambda does.
The processes are forked from a server that has imported the functions already: they cost milliseconds, not seconds.
"""

from __future__ import annotations

import importlib
import multiprocessing
import os
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from multiprocessing import forkserver
from typing import Any

import pytest
from telephony import aws

from tests.world import LambdaContext, door

for _function in ("provision_telephony", "retry_worker", "purchase_number", "phone_numbers"):
    door(_function)
for _module in ("services.worker", "services.provisioning", "services.provider_accounts", "providers.supabase"):
    importlib.import_module(f"telephony.{_module}")  # what bootstrap imports at first use
for _service in ("dynamodb", "kms", "sqs"):
    for _data in ("service-2", "endpoint-rule-set-1"):  # half of what a client costs
        aws.session().get_component("data_loader").load_service_model(_service, _data)


@dataclass(frozen=True)
class Attempt:
    """One process's one call of a function's handler."""

    function: str
    event: dict[str, Any]
    seconds: float = 28.0


@dataclass(frozen=True)
class Outcome:
    answer: Any
    began: float
    ended: float
    """On the machine's monotonic clock, which all processes share."""


def race(attempts: Sequence[Attempt]) -> list[Outcome]:
    """Makes all the attempts at once, each in a process of its own; their outcomes in the same order."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["tests.faults.contenders"])
    with pytest.MonkeyPatch.context() as monkeypatch:
        # The server does not take over this process's path, and a module it can't find it leaves out without a word.
        monkeypatch.setenv("PYTHONPATH", os.pathsep.join(sys.path))
        forkserver.ensure_running()
    barrier, answers = context.Barrier(len(attempts)), context.SimpleQueue()
    arguments = [(number, attempt, dict(os.environ), barrier, answers) for number, attempt in enumerate(attempts)]
    processes = [context.Process(target=_contend, args=each) for each in arguments]
    for process in processes:
        process.start()
    outcomes = dict(answers.get() for _ in processes)
    for process in processes:
        process.join()
    return [outcomes[number] for number in range(len(attempts))]


def _contend(number: int, attempt: Attempt, environment: dict[str, str], barrier: Any, answers: Any) -> None:
    os.environ.clear()
    os.environ.update(environment)
    from telephony.bootstrap import container

    settings = container().settings
    for service in ("dynamodb", "kms", "sqs"):
        aws.client(service, settings.region)
    _ = container().worker
    barrier.wait(60)
    began = time.monotonic()
    try:
        answer = door(attempt.function).lambda_handler(attempt.event, LambdaContext(attempt.seconds))
    except Exception as error:  # told, since the other side waits for an answer
        answer = error
    answers.put((number, Outcome(answer, began, time.monotonic())))
