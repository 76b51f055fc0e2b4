"""P5: processor time of a warm call of our frame, and of the same work written by hand with json and Pydantic.

Beside it a bare Powertools resolver, which our frame is built on. No I/O; what is logged goes nowhere. Prints the
seconds of each round as JSON on standard error.
"""

import json
import logging
import os
import sys
import time
from pathlib import Path
from typing import Any

from aws_lambda_powertools.event_handler import APIGatewayHttpResolver
from pydantic import BaseModel
from telephony.api.access import ROUTES
from telephony.api.app import Door
from telephony.api.common import Request
from telephony.observability import logger

given = json.loads(Path(sys.argv[1]).read_text())
event: dict[str, Any] = given["event"]
os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


class Asked(Request):
    name: str
    limit: int = 10


class Found(BaseModel):
    number: str
    price: float | None


class Answered(BaseModel):
    success: bool = True
    numbers: list[Found]


def work(asked: Asked) -> Answered:
    return Answered(numbers=[Found(number=asked.name, price=1.5) for _ in range(3)])


ROUTES["POST /benchmark"] = None
door = Door()


@door.route("POST /benchmark")
def benchmark(body: Asked) -> Answered:
    return work(body)


bare = APIGatewayHttpResolver(enable_validation=True, strip_prefixes=["/api/v1"])


@bare.post("/benchmark")
def bare_benchmark(body: Asked) -> Answered:
    return work(body)


def by_hand(event: dict[str, Any], _context: Any) -> dict[str, Any]:
    answered = work(Asked.model_validate(json.loads(event["body"])))
    headers = {"Content-Type": "application/json"}
    return {"statusCode": 200, "headers": headers, "body": json.dumps(answered.model_dump()), "isBase64Encoded": False}


class Context:
    aws_request_id = "1"

    def get_remaining_time_in_millis(self) -> int:
        return 28000


def cpu(handler: Any, level: int, times: int) -> float:
    logger.setLevel(level)
    context = Context()
    before = time.process_time()
    for _ in range(times):
        handler(event, context)
    return (time.process_time() - before) / times


assert bare.resolve(event, Context())["statusCode"] == 200
assert json.loads(door(event, Context())["body"]) == json.loads(by_hand(event, Context())["body"])
rounds = [
    {
        "hand": cpu(by_hand, logging.INFO, 3000),
        "bare": cpu(bare.resolve, logging.WARNING, 300),
        "quiet": cpu(door, logging.WARNING, 300),
        "logging": cpu(door, logging.INFO, 300),
    }
    for _ in range(given["rounds"])
]
print(json.dumps(rounds), file=sys.stderr)
