"""Phone numbers in tests: asked for through the doors, and looked at from both sides, ours and the carrier's.

::

    numbers = Numbers(world)                       # of the world's agency, with an owner's API token
    answer = numbers.purchase(number)
    numbers.record(number).status, numbers.orders(number)
    numbers.check()                                # sums, guards, counts and schedules fit the records
"""

from __future__ import annotations

import secrets
from collections import Counter
from collections.abc import Iterator
from functools import cached_property
from typing import Any

from local.simulators import demo_accounts as demo
from local.simulators import inventory
from local.simulators.store import Record
from tests.world import HttpAnswer, World

MONTHLY = 10_000
"""What a local number costs a month at the simulated Telnyx, in 1/10,000 of a dollar; as much once."""

FINAL = {"SUCCEEDED", "ABANDONED", "SUPERSEDED"}


def local_numbers(country: str = "US", kind: str = "local") -> Iterator[str]:
    """What the simulated Telnyx could sell, number by number."""
    return (item.number for item in inventory.stock("telnyx").values() if item.country == country and item.type == kind)


def offer(number: str, **cost: str) -> dict[str, Any]:
    """A fault that makes a search show one number, at that cost."""
    record = {
        "record_type": "available_phone_number",
        "phone_number": number,
        "region_information": [{"region_type": "country_code", "region_name": "US"}],
        "features": [{"name": "voice"}],
    } | ({"cost_information": cost} if cost else {})
    body = {"data": [record], "meta": {"total_results": 1, "best_effort_results": 0}}
    return {"kind": "status", "status": 200, "method": "GET", "path": "available_phone_numbers", "body": body}


class Numbers:
    """The numbers of one agency. `key`: its API key at Telnyx."""

    def __init__(
        self,
        world: World,
        agency_id: str | None = None,
        token: str | None = None,
        key: str = demo.TELNYX_API_KEY,
    ) -> None:
        self.world = world
        self.agency_id = agency_id or world.agency_id
        self._token = token
        self.key = key

    @classmethod
    def of_new_agency(cls, world: World, name: str = "Acme") -> Numbers:
        """Of an agency with an account of its own at Telnyx."""
        from telephony.models import provider_configurations

        key = f"KEY{secrets.token_hex(16).upper()}_numbers"
        account = world.telnyx.simulator.add_account(key)
        agency_id, tokens = world.new_agency(name, credentials=False)
        world.store_credentials(agency_id, telnyx_key=key)
        for each in provider_configurations.of_agency(agency_id):
            if each.provider == "telnyx":
                each.meta = {**each.meta, "telnyx_public_key": account["public_key"]}
                each.save()
        return cls(world, agency_id, tokens["owner"], key)

    @cached_property
    def token(self) -> str:
        return self._token or self.world.api_token(self.agency_id)

    # What is asked for

    def purchase(self, number: str, *, key: str | None = None, seconds: float = 28.0, **body: Any) -> HttpAnswer:
        """`key`: the Idempotency-Key."""
        headers = {"idempotency-key": key} if key else {}
        given = {"phone_number": number, "provider": "telnyx"} | body
        return self._call("purchase_number", "/phone-numbers/purchase", given, headers=headers, seconds=seconds)

    def release(self, number: str, **body: Any) -> HttpAnswer:
        return self._call("purchase_number", "/phone-numbers/release", {"phone_number": number} | body)

    def assign(self, number: str, assistant_id: int | None) -> HttpAnswer:
        given = {"phone_number": number, "assistant_id": assistant_id}
        return self._call("phone_numbers", "/phone-numbers/assign", given)

    def search(self, **body: Any) -> HttpAnswer:
        return self._call("phone_numbers", "/phone-numbers/search", body)

    def new_assistant(self, name: str = "Front desk", **fields: Any) -> int:
        answer = self._call("phone_numbers", "/assistants", {"name": name} | fields)
        assert answer.status in (200, 201), answer.body
        return int(answer.body["assistant"]["id"])

    def _call(self, function: str, path: str, body: Any, **rest: Any) -> HttpAnswer:
        return self.world.call(function, "POST", path, body, token=self.token, **rest)

    def limit(self, **limits: Any) -> None:
        """Replaces the agency's limits; money as decimal text."""
        from telephony.services.limits import WantedLimits, set_limits

        set_limits(self.agency_id, WantedLimits(**limits), "test")

    def forget(self) -> None:
        """Takes all numbers out of our tables, and out of its account at Telnyx all that the agency ordered."""
        from telephony.models.assistants import Assistant
        from telephony.models.audit_events import AuditEvent
        from telephony.models.limits import Limits, key
        from telephony.models.operations import Operation
        from telephony.models.phone_configurations import PhoneConfiguration
        from telephony.models.provider_configurations import ProviderConfiguration

        for operation in self.operations:
            Operation(operation.id).delete()
        for item in PhoneConfiguration.scan(attributes_to_get=["pk"]):
            item.delete()
        with AuditEvent.batch_write() as batch:
            for event in AuditEvent.query(self.agency_id):
                batch.delete(event)
        Limits(key(self.agency_id)).delete()
        for account in ProviderConfiguration.query(self.agency_id):
            account.update([ProviderConfiguration.numbers.set(0)])
        for assistant in Assistant.query(self.agency_id):
            assistant.numbers = 0
            assistant.save()
        self.account["phone_numbers"].clear()
        self.account["number_orders"].clear()

    # What the carrier tells us

    @property
    def webhook_path(self) -> str:
        """Where Telnyx sends this agency's events, below /api/v1."""
        from telephony.bootstrap import container
        from telephony.models import agencies

        agency = agencies.find(self.agency_id)
        assert agency is not None
        sealed, names = agency.sealed_webhook_secret, ["webhook_secret"]
        opened = container().sealer.open(sealed, names, agency_id=self.agency_id, record="agency")
        return f"/telnyx-webhook/{self.agency_id}/{opened['webhook_secret'].get_secret_value()}"

    def event(self, payload: Any, event_type: str = "number_order.complete") -> tuple[bytes, dict[str, str]]:
        """Raw body and headers of an event, signed with the account's key."""
        url = f"https://telephony.example.com/api/v1{self.webhook_path}"
        signed: tuple[bytes, dict[str, str]] = self.world.telnyx.simulator.signed_webhook(
            self.key, url, event_type, payload
        )
        return signed

    def order_of(self, number: str) -> Record:
        """The newest order of a number, as Telnyx shows it."""
        orders = self.account["number_orders"].values()
        mine = [each for each in orders if each["phone_numbers"][0]["phone_number"] == number]
        return {name: value for name, value in mine[-1].items() if not name.startswith("_")}

    # What there is, ours

    @property
    def records(self) -> list[Any]:
        """All of the agency's, released ones too, oldest first."""
        return sorted(self._items()["phone"], key=lambda each: each.sort_key)

    def record(self, number: str) -> Any:
        """The newest of a number."""
        return [each for each in self.records if each.phone_number == number][-1]

    @property
    def operations(self) -> list[Any]:
        """Oldest first."""
        from telephony.models.operations import Operation

        return list(Operation.by_agency.query(self.agency_id))

    def operations_on(self, number: str) -> list[Any]:
        ids = {each.id for each in self.records if each.phone_number == number}
        return [each for each in self.operations if each.input.get("phone_configuration_id") in ids]

    def audit(self, number: str) -> list[str]:
        """What the audit trail tells of a number, oldest first."""
        from telephony.models.audit_events import AuditEvent

        events = AuditEvent.query(self.agency_id)
        return [each.action for each in events if (each.details or {}).get("phone_number") == number]

    @property
    def limits(self) -> dict[str, Any]:
        """The counters; money by currency, without those that have come down to nothing."""
        from telephony.models import limits

        found = limits.find(self.agency_id) or limits.Limits(limits.key(self.agency_id))
        return {
            "numbers": int(found.numbers),
            "monthly_totals": {currency: total for currency, total in found.monthly_totals.items() if total},
            "open_operations": int(found.open_operations),
        }

    # What there is at Telnyx

    @property
    def account(self) -> Record:
        """The account as Telnyx has it: change it in place to act behind our back."""
        return self.world.telnyx.simulator.account(self.key)

    def effects(self, kind: str, number: str) -> list[Record]:
        """What really happened to a number, out of the carrier's own log."""
        happened = self.world.effects("telnyx", kind)
        return [each for each in happened if number in (each.get("phone_number"), *each.get("phone_numbers", ()))]

    def orders(self, number: str) -> int:
        return len(self.effects("number_order_created", number))

    def bought(self, number: str) -> int:
        return len(self.effects("number_bought", number))

    def released(self, number: str) -> int:
        return len(self.effects("number_released", number))

    def at_carrier(self, number: str) -> Record | None:
        return next((each for each in self.account["phone_numbers"].values() if each["_e164"] == number), None)

    def take(self, number: str) -> None:
        """Somebody else buys the number."""
        self.world.telnyx.simulator.change_inventory([number], [])

    def requests(self, method: str, path: str) -> int:
        """How often Telnyx was asked for something."""
        return sum((each["method"], each["path"]) == (method, f"/v2{path}") for each in self.world.telnyx.simulator.log)

    # What is right

    def check(self) -> None:
        """Counters equal the records, guards equal the live ones, and whatever is open will be woken."""
        items, operations = self._items(), self.operations
        live = [each for each in items["phone"] if each.status != "RELEASED"]
        prices: Counter[str] = Counter()
        for price in filter(None, (each.monthly for each in live)):
            prices[price.currency] += price.amount
        unfinished = [each for each in operations if each.status not in FINAL]
        assert self.limits == {
            "numbers": len(live),
            "monthly_totals": {currency: total for currency, total in prices.items() if total},
            "open_operations": self._places(operations),
        }
        assert {each.pk: each.phone_configuration_id for each in items["number"]} == {
            f"number#{each.phone_number}": each.id for each in live
        }
        counted = {each.pk.rpartition("#")[2]: int(each.records) for each in items["counts"] if each.records}
        assert counted == {**Counter(each.status for each in live), **({"ALL": len(live)} if live else {})}
        accounts = self._counted_by_accounts()
        assert accounts == {id: sum(each.provider_configuration_id == id for each in live) for id in accounts}
        assert self._assigned(live, unfinished) == self._counted_by_assistants()
        assert [each.status for each in unfinished if each.due_at is None] == []
        assert {each.operation_id for each in items["phone"] if each.operation_id} <= {each.id for each in unfinished}

    def _places(self, operations: list[Any]) -> int:
        """Unfinished purchases, those of a batch that the worker has not opened yet included."""
        from telephony.services.batch_results import item_id

        unfinished = [each for each in operations if each.status not in FINAL]
        batches = [each for each in unfinished if each.kind == "purchase_batch"]
        items = {item_id(each, index) for each in batches for index in range(len(each.input["requests"]))}
        unopened = items - {each.id for each in operations}
        return sum(each.kind == "purchase_number" for each in unfinished) + len(unopened)

    def _items(self) -> dict[str, list[Any]]:
        """The agency's items of table `phone_configurations`, by kind."""
        from telephony.models.phone_configurations import NumberGuard, PhoneConfiguration

        found: dict[str, list[Any]] = {"phone": [], "number": [], "counts": []}
        table = PhoneConfiguration._get_connection()
        for item in table.scan(consistent_read=True)["Items"]:
            kind, _, rest = item["pk"]["S"].partition("#")
            if kind == "number" and item["guarded_by"]["S"] == self.agency_id:
                found[kind].append(NumberGuard.from_raw_data(item))
            elif rest.startswith(f"{self.agency_id}#") or item.get("agency_id") == {"S": self.agency_id}:
                found[kind].append(PhoneConfiguration.from_raw_data(item))
        return found

    def _assigned(self, live: list[Any], unfinished: list[Any]) -> Counter[int]:
        """Live numbers of each assistant; one in the hands of an operation counts for where it goes, too."""
        found = Counter(int(each.assistant_id) for each in live if each.assistant_id is not None)
        goals = (each.input.get("assistant_id") for each in unfinished)
        return found + Counter(int(goal) for goal in goals if goal is not None)

    def _counted_by_accounts(self) -> dict[int, int]:
        """By the id of the provider configuration."""
        from telephony.models import provider_configurations

        return {int(each.id): int(each.numbers) for each in provider_configurations.of_agency(self.agency_id)}

    def _counted_by_assistants(self) -> Counter[int]:
        from telephony.models.assistants import Assistant

        return Counter({int(each.id): int(each.numbers) for each in Assistant.query(self.agency_id) if each.numbers})
