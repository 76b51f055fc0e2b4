"""The main job over HTTP, as a client does it, and what it leaves behind."""

import time
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor, wait
from typing import Any

import requests
from rich.console import Console
from rich.table import Table

from local.errors import StackError
from local.simulators.server import Server

CARRIERS = ("telnyx", "twilio", "signalwire")

_TIMEOUT = 35  # seconds: a little more than the gateway's own limit
_PATIENCE = 150  # seconds that an order may take: two or three, but for a lost wake-up two rounds of the sweeper


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


def run(demo: dict[str, Any], carriers: Mapping[str, Server], console: Console) -> None:
    """Provisions the demo agency's telephony, unless that was done, buys a number at each carrier, and shows it all.

    Raises StackError when the API answers an error.
    """
    client = Client(demo)
    status = client.get("/get-integration-status")
    if status["telnyx"]["provisioned"]:
        console.print("Telephony was provisioned by an earlier run ([bold]make clean[/] forgets it).")
    else:
        console.print("\n[bold]POST /api/v1/provision-telephony[/]")
        _show(_watched(client, carriers, console), console)
        status = client.get("/get-integration-status")
    owned = {each["providerType"].lower() for each in _records(client)}
    for carrier in CARRIERS:
        if carrier in owned:
            console.print(f"A number at {carrier} was bought by an earlier run.")
        else:
            _buy(client, carrier, demo["assistant_id"], console)
    console.print(_overview(status))
    console.print(_numbers(client))
    console.print(_invitation(demo), soft_wrap=True, highlight=False, markup=False)


def _buy(client: Client, carrier: str, assistant_id: int, console: Console) -> None:
    """Searches, buys the first number found, and assigns it."""
    console.print(f"[bold]A number at {carrier}[/]")
    timed = _Timed(console)
    found = timed("search", client.post, "/phone-numbers/search", {"provider": carrier, "limit": 3})
    number = found["numbers"][0]["phone_number"]
    bought = timed("purchase", client.post, "/phone-numbers/purchase", {"phone_number": number, "provider": carrier})
    until = time.monotonic() + _PATIENCE
    while (state := _state(client, number))["status"] == "PENDING":
        if time.monotonic() > until:
            raise StackError(
                f"{number} is still PENDING after {_PATIENCE} s: see operation {bought['operation_id']}, and the logs."
            )
        time.sleep(0.5)  # the order is with the carrier; the queue looks after it
    timed.note(f"{number} is {state['status']} (operation {bought['operation_id']})")
    timed("assign", client.post, "/phone-numbers/assign", {"phone_number": number, "assistant_id": assistant_id})
    console.print()


def _state(client: Client, number: str) -> dict[str, Any]:
    found: dict[str, Any] = client.get(f"/phone-configurations/by-phone-number/{number}")["data"]
    return found


class _Timed:
    """Calls and tells how long each call took."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._started = time.monotonic()

    def __call__(self, name: str, call: Callable[..., dict[str, Any]], *arguments: Any) -> dict[str, Any]:
        answer = call(*arguments)
        self.note(f"[green]✔[/] {name:<9} {answer.get('message') or ''}")
        return answer

    def note(self, text: str) -> None:
        self._console.print(f"  {time.monotonic() - self._started:5.2f} s  {text}", soft_wrap=True, highlight=False)


def _watched(client: Client, carriers: Mapping[str, Server], console: Console) -> dict[str, Any]:
    """Provisions, and shows each call that reaches a simulated carrier as it happens."""
    seen = {name: len(server.simulator.log) for name, server in carriers.items()}
    started = time.monotonic()
    with ThreadPoolExecutor(1) as caller:
        answer = caller.submit(client.post, "/provision-telephony", {})
        done = False
        while not done:
            # Read before the logs, so that the last round sees the calls of the last moment.
            done = bool(wait([answer], timeout=0.02).done)
            for name, server in carriers.items():
                for entry in list(server.simulator.log)[seen[name] :]:
                    seen[name] += 1
                    call = f"{name:<9} {entry['method']:<5} {entry['path']}"
                    console.print(f"  {time.monotonic() - started:5.2f} s  {call}", soft_wrap=True, highlight=False)
        console.print(f"  {time.monotonic() - started:5.2f} s  answered", highlight=False)
        return answer.result()


def _show(answer: dict[str, Any], console: Console) -> None:
    for step in answer["completed_steps"]:
        detail = ", ".join(f"{name} {value}" for name, value in step["data"].items())
        console.print(f"  [green]✔[/] {step['step']:<26} {detail}", soft_wrap=True, highlight=False)
    console.print()


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


def _records(client: Client) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = client.get("/phone-configurations?pageSize=100")["data"]["data"]
    return found


def _numbers(client: Client) -> Table:
    table = Table(title="Phone numbers", title_justify="left")
    for column in ("number", "carrier", "status", "monthly", "assistant", "id at the carrier"):
        table.add_column(column, overflow="fold")
    for each in _records(client):
        price = "not told" if each["monthlyPrice"] is None else f"{each['monthlyPrice']:.2f}"
        assistant = each["voiceChannel"]["name"] if each["voiceChannel"] else "none"
        row = (each["phoneNumber"], each["providerType"], each["status"], price, assistant)
        table.add_row(*row, str(each["providerPhoneNumberId"]))
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
