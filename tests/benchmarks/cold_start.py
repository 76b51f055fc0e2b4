"""P1–P4: what a first invocation costs, and what it loads."""

from __future__ import annotations

import compileall
import os
import shutil
from collections.abc import Iterator
from typing import Any

from tests.benchmarks.report import Row, count, ratio, told
from tests.benchmarks.sampling import cpu_of_process, in_turn, median_ratio
from tests.benchmarks.stage import Stage
from tests.world import event, sqs_record

BANNED = ("twilio", "telnyx", "httpx", "phonenumbers.geodata", "boto3")
MAX_MODULES = 500

PROVISION_CALLS = {"gets": 7, "kms_calls": 3, "carrier_calls": 8}
"""What a first provision costs in round trips: the floor makes as many."""


def cold_starts(stage: Stage) -> Iterator[Row]:
    """P1: a first invocation in units of `pt`, a Powertools resolver's with one route."""
    world = stage.world
    number = world.api_token(world.agency_id)
    by_token, by_jwt = {"authorization": f"Bearer {number}"}, {"authorization": f"Bearer {world.owner_token}"}
    page = event("GET", "/docs")
    reading = event("GET", "/phone-configurations/phone_1", headers=by_token)
    provision = event("POST", "/provision-telephony", {"force": True}, by_token)
    with_jwt = event("POST", "/provision-telephony", {"force": True}, by_jwt)
    environment = stage.environment("SiteFunction")
    table, key = environment["TABLE_PREFIX"] + "agencies", environment["KMS_KEY_ID"]
    carrier = f"{world.telnyx.url}/__admin__/state"

    def parts(**given: Any) -> float:
        what = {"event": event("GET", "/hello"), "parts": {"table": table, "key": key, "carrier": carrier} | given}
        what["event"]["rawPath"] = what["event"]["requestContext"]["http"]["path"] = "/hello"
        return cpu_of_process(stage.command("parts", what), environment, stage.scratch)

    def pt() -> float:
        what = {"event": event("GET", "/hello")}
        what["event"]["rawPath"] = what["event"]["requestContext"]["http"]["path"] = "/hello"
        return cpu_of_process(stage.command("hello", what), environment, stage.scratch)

    found = in_turn(
        {
            "pt": pt,
            "site": lambda: stage.cold_cpu("SiteFunction", page, (200,)),
            "site floor": lambda: parts(),
            "reading": lambda: stage.cold_cpu("PhoneConfigurationsFunction", reading, (404,)),
            "reading floor": lambda: parts(gets=2),
            "provision": lambda: stage.cold_cpu("ProvisionTelephonyFunction", provision, (200,)),
            "provision floor": lambda: parts(**PROVISION_CALLS),
            "with JWT": lambda: stage.cold_cpu("ProvisionTelephonyFunction", with_jwt, (200,)),
        }
    )

    def units(name: str) -> float:
        return median_ratio(found[name], found["pt"])

    pt_text = f"pt = {sorted(found['pt'])[len(found['pt']) // 2] * 1000:.0f} ms CPU"
    yield ratio("P1", "cold start / pt: no-database door", units("site"), 2.0, f"{units('site floor'):.2f}; {pt_text}")
    yield ratio(
        "P1", "cold start / pt: reading door, API token", units("reading"), 3.6, f"{units('reading floor'):.2f}"
    )
    yield ratio(
        "P1", "cold start / pt: provision, API token", units("provision"), 4.3, f"{units('provision floor'):.2f}"
    )
    yield told("P1", "cold start / pt: provision, JWT", f"{units('with JWT'):.2f}")


def _requests(stage: Stage) -> dict[str, dict[str, Any]]:
    """A first request for each function: one that loads what the function has, as far as one request can."""
    world = stage.world
    headers = {"authorization": f"Bearer {world.owner_token}"}
    number = next(iter(world.telnyx.simulator.for_sale())).number
    secret = "x" * 43
    given = {
        "ProvisionTelephonyFunction": event("POST", "/provision-telephony", {"force": True}, headers),
        "TelephonyIntegrationFunction": event("GET", "/get-integration-status", headers=headers),
        "PurchaseNumberFunction": event(
            "POST", "/phone-numbers/purchase", {"phone_number": number, "provider": "telnyx"}, headers
        ),
        "PhoneNumbersFunction": event("POST", "/phone-numbers/search", {"provider": "telnyx"}, headers),
        "PhoneConfigurationsFunction": event("GET", f"/phone-configurations/by-phone-number/{number}", headers=headers),
        "OperationsFunction": event("GET", "/operations", headers=headers),
        "WebhooksFunction": event("POST", f"/telnyx-webhook/{world.agency_id}/{secret}", {}),
        "SiteFunction": event("GET", "/health"),
        "RetryWorkerFunction": {"Records": [sqs_record('{"operation_id": "op_1"}')]},
        "SweeperFunction": {},
    }
    paths = {route.function: route.path.removeprefix("/api/v1") for route in stage.bundle.routes}
    for name in stage.bundle.functions.keys() - given.keys():
        given[name] = event("GET", paths[name].replace("{", "").replace("}", ""), headers=headers)
    return given


def modules_and_clients(stage: Stage) -> Iterator[Row]:
    """P2 and P4, of every function in the template."""
    dependencies = stage.bundle.functions["SiteFunction"].layers
    folders = [f"{layer}/" for layer in (*dependencies, stage.runtime)]
    most, banned, clients = (0, ""), set(), {}
    for name, request in _requests(stage).items():
        found = stage.inspect(name, request)
        third_party = {
            module: file
            for module, file in found["modules"].items()
            if file and file.startswith(tuple(folders)) and not module.startswith("telephony")
        }
        # By file: requests enters the modules of its dependencies under names of its own, too.
        most = max(most, (len(set(third_party.values())), name))
        banned |= {module for module in third_party for ban in BANNED if module == ban or module.startswith(f"{ban}.")}
        clients[name] = found["clients"].get("DynamoDB", 0)
    yield count("P2", "third-party modules of a function, at most", most[0], MAX_MODULES, most[1])
    yield count("P2", f"of them {', '.join(BANNED)}", len(banned), 0, ", ".join(sorted(banned)))
    yield count("P4", "botocore clients for DynamoDB in a process, at most", max(clients.values()), 1)


def compiled(stage: Stage) -> Iterator[Row]:
    """P3: the built bundle against the same files, freshly compiled in place as Python does by itself."""
    name = "ProvisionTelephonyFunction"
    function = stage.bundle.functions[name]
    layers = []
    for position, layer in enumerate(function.layers):
        copy = stage.scratch / "fresh" / str(position)
        shutil.copytree(layer / "python", copy, ignore=shutil.ignore_patterns("__pycache__"))
        compileall.compile_dir(copy, quiet=2, workers=os.cpu_count() or 1)
        layers.append(copy)
    headers = {"authorization": f"Bearer {stage.world.api_token(stage.world.agency_id)}"}
    request = event("POST", "/provision-telephony", {"force": True}, headers)
    found = in_turn(
        {
            "built": lambda: stage.cold_cpu(name, request, (200,)),
            "fresh": lambda: stage.cold_cpu(name, request, (200,), layers=layers),
        }
    )
    yield ratio("P3", "built bundle / freshly compiled, cold", median_ratio(found["built"], found["fresh"]), 1.05)
