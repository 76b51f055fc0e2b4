"""The yardstick `pt`: a Powertools HTTP resolver with one route, and its first request."""

import json
import os
import sys
from pathlib import Path

from aws_lambda_powertools.event_handler import APIGatewayHttpResolver

app = APIGatewayHttpResolver()


@app.get("/hello")
def hello() -> dict[str, str]:
    return {"hello": "world"}


given = json.loads(Path(sys.argv[1]).read_text())
if app.resolve(given["event"], None)["statusCode"] != 200:
    sys.exit("not answered")
os._exit(0)  # no tidying up, which Lambda never does
