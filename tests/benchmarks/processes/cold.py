"""A function's first invocation, as Lambda runs it: import the handler, call it once.

The argument names a JSON file: `event`, `statuses` that are expected (none: any below 500), and `inspect`, whether to
print what was loaded.
"""

import gc
import json
import os
import sys
import time
from collections import Counter
from pathlib import Path

given = json.loads(Path(sys.argv[1]).read_text())
sys.path.insert(0, "")

import handler  # noqa: E402  the function's own, in the working directory


class Context:
    aws_request_id = "1"
    function_name = "function"
    memory_limit_in_mb = 1024
    invoked_function_arn = "arn:aws:lambda:us-east-1:000000000000:function:function"
    _ends = time.monotonic() + 28

    def get_remaining_time_in_millis(self) -> int:
        return int((self._ends - time.monotonic()) * 1000)


answer = handler.lambda_handler(given["event"], Context())
status = answer.get("statusCode", 200)
if status >= 500 or (given["statuses"] and status not in given["statuses"]):
    sys.exit(f"{status}: {answer}")
if given["inspect"]:
    clients = [type(each).__name__ for each in gc.get_objects() if hasattr(type(each), "_make_api_call")]
    modules = {name: getattr(module, "__file__", None) for name, module in sys.modules.items()}
    print(json.dumps({"modules": modules, "clients": Counter(clients)}), flush=True)
os._exit(0)  # no tidying up, which Lambda never does
