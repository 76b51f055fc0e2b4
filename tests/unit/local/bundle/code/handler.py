"""Does what the event's body tells it, so that a test can see how the stack takes it."""

import json
import os
import signal
import time

from shared_words import GREETING


def lambda_handler(event, context):
    order = json.loads(event.get("body") or "{}") if "routeKey" in event else event
    match order.get("do"):
        case "raise":
            raise ValueError("boo")
        case "sleep":
            time.sleep(order["seconds"])
        case "crash":
            os.kill(os.getpid(), signal.SIGKILL)
        case "malform":
            return {"statusCode": "none"}
        case "fail":
            return {"batchItemFailures": [{"itemIdentifier": id_} for id_ in order["ids"]]}
    seen = {
        "event": event,
        "pid": os.getpid(),
        "greeting": GREETING,
        "environment": dict(os.environ),
        "remaining": context.get_remaining_time_in_millis(),
        "function": context.function_name,
        "memory": context.memory_limit_in_mb,
    }
    if "routeKey" in event:
        return {"statusCode": 201, "headers": {"X-Kind": "echo"}, "cookies": ["a=1", "b=2"], "body": json.dumps(seen)}
    return seen
