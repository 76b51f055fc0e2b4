"""The main job over HTTP, as a client does it, and what it leaves behind."""

import time
from typing import Any

import requests
from rich.console import Console
from rich.table import Table

from local.errors import StackError

_TIMEOUT = 35  # seconds: a little more than the gateway's own limit


class Client:
    """An agency's back end: calls the API with an API token."""

    def __init__(self, demo: dict[str, Any]) -> None:
        self._url = demo["api_url"]
        self._session = requests.Session()
        self._session.headers["Authorization"] = f"Bearer {demo['api_token']}"

    def get(self, path: str) -> dict[str, Any]:
        return self._call("GET", path, None)

    def post(self, path: str, body: dict[str, Any]) -> dict[str, Any]:
        return self._call("POST", path, body)

    def _call(self, method: str, path: str, body: dict[str, Any] | None) -> dict[str, Any]:
        response = self._session.request(method, f"{self._url}{path}", json=body, timeout=_TIMEOUT)
        answer: dict[str, Any] = response.json()
        if not response.ok:
            raise StackError(f"{method} {path} was answered {response.status_code}: {answer}")
        return answer


def run(demo: dict[str, Any], console: Console) -> None:
    """Provisions the demo agency's telephony, unless that was done, and shows what exists now.

    Raises StackError when the API answers an error.
    """
    client = Client(demo)
    status = client.get("/get-integration-status")
    if status["telnyx"]["provisioned"]:
        console.print("Telephony was provisioned by an earlier run ([bold]make clean[/] forgets it).")
    else:
        _provision(client, console)
        status = client.get("/get-integration-status")
    console.print(_overview(status))
    console.print(_invitation(demo), soft_wrap=True, highlight=False, markup=False)


def _provision(client: Client, console: Console) -> None:
    console.print("[bold]POST /api/v1/provision-telephony[/]")
    started = time.monotonic()
    answer = client.post("/provision-telephony", {})
    seconds = time.monotonic() - started
    for step in answer["completed_steps"]:
        detail = ", ".join(f"{name} {value}" for name, value in step["data"].items())
        console.print(f"  [green]✔[/] {step['step']:<26} {detail}", highlight=False)
    console.print(f"  {len(answer['completed_steps'])} steps in one request, {seconds:.2f} s\n", highlight=False)


def _overview(status: dict[str, Any]) -> Table:
    table = Table(title="What exists now", title_justify="left")
    table.add_column("what")
    table.add_column("value", overflow="fold")
    telnyx = status["telnyx"]
    rows = {
        "agency": f"{status['agency_name']} ({status['agency_id']})",
        "Telnyx application": telnyx["application_id"],
        "Telnyx outbound voice profile": telnyx["outbound_profile_id"],
        "Telnyx in Ultravox": "configured" if status["telephony_configured"] else "not configured",
        "webhook": status["webhook_url"],
    }
    for name, value in rows.items():
        table.add_row(name, str(value))
    return table


def _invitation(demo: dict[str, Any]) -> str:
    url, token = demo["api_url"], demo["api_token"]
    return "\n".join(
        (
            "\nTry it:",
            f"  curl -s {url}/health",
            f"  curl -s -H 'Authorization: Bearer {token}' {url}/get-integration-status",
            f"  curl -s -X POST -H 'Authorization: Bearer {token}' -H 'Content-Type: application/json' \\\n"
            f'    -d \'{{"dry_run": true, "force": true}}\' {url}/provision-telephony',
        )
    )
