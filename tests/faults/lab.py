"""Where things go wrong on purpose: agencies with carrier accounts of their own, and what they end up with."""

from __future__ import annotations

import copy
import secrets
import uuid
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from local.simulators.store import Record
from tests.faults.effects import Effects
from tests.world import HttpAnswer, World, sqs_record

_AT_CARRIERS = {
    "telnyx": ("applications", "outbound_voice_profiles", "phone_numbers"),
    "ultravox": ("telephony_configs",),
}


class Lab:
    def __init__(self, world: World, effects: Effects) -> None:
        self.world = world
        self.effects = effects
        world.around = effects.watching

    def clear(self) -> None:
        """No interference, no faults, no lag, no wake-up on its way."""
        self.effects.forget()
        self.world.lose_messages()
        for server in self.world.servers.values():
            server.simulator.clear_faults()
            server.simulator.change_settings({"listing_lag": 0.0})

    def fault(self, carrier: str, **fault: Any) -> None:
        """Orders a fault of a carrier (local/simulators/faults.py)."""
        self.world.servers[carrier].simulator.add_faults(fault)

    def case(self, name: str = "Acme") -> Case:
        """A fresh agency with fresh accounts at Telnyx and Ultravox."""
        from telephony.bootstrap import container
        from telephony.values import Role

        telnyx_key = f"KEY{secrets.token_hex(16).upper()}_faults"
        ultravox_key = f"Faults{secrets.token_hex(1)}.{secrets.token_hex(16)}"
        self.world.telnyx.simulator.add_account(telnyx_key)
        self.world.ultravox.simulator.add_account(ultravox_key)
        administration, sub = container().administration, str(uuid.uuid4())
        agency, _ = administration.create_agency(name, f"org-{secrets.token_hex(4)}")
        administration.add_user(agency.id, sub, Role.OWNER)
        self.world.store_credentials(agency.id, telnyx_key=telnyx_key, ultravox_key=ultravox_key)
        return Case(self, agency.id, self.world.jwt(sub), telnyx_key, ultravox_key)


@dataclass(frozen=True)
class Snapshot:
    """An agency's record and what it has at the carriers."""

    agency: Any
    carriers: dict[str, Record]


@dataclass
class Case:
    """One agency. What is told of it began with the last `restore`, or with the case."""

    lab: Lab
    agency_id: str
    token: str
    telnyx_key: str
    ultravox_key: str
    _since: dict[str, Any] = field(default_factory=dict)

    # What is done

    def provision(self, body: Any = None, **rest: Any) -> HttpAnswer:
        return self.lab.world.provision(body, token=self.token, **rest)

    def deprovision(self, **rest: Any) -> HttpAnswer:
        return self.lab.world.deprovision(token=self.token, **rest)

    def settle(self, rounds: int = 40) -> None:
        """Time passes and the queue runs until nothing of this agency's is due any more.

        No more time than the journal asks for: whoever resumes too early for the carrier is seen doing so.
        """
        for _ in range(rounds):
            due = [operation.due_at for operation in self.due]
            if not due:
                return
            asked = max(0.0, min(due) - self.lab.world.now())
            self.lab.world.pass_time(asked + 0.1 if asked else 300.0)
            self.lab.world.run_queue()
        raise AssertionError(f"still due: {self.due}")

    def wait_for_lease(self) -> None:
        """Time passes until nobody can hold a lease any more; the sweeper alone is left to wake anything."""
        self.lab.world.lose_messages()
        held = [operation.lease_until - self.lab.world.now() for operation in self.operations]
        self.lab.world.pass_time(max([0.0, *held]) + 0.1)

    def wake(self, operation_id: str) -> Any:
        """A wake-up arrives at the worker; what the worker answers."""
        record = sqs_record(f'{{"operation_id": "{operation_id}"}}')
        return self.lab.world.invoke("retry_worker", {"Records": [record]}, 300)

    # The same again

    def snapshot(self) -> Snapshot:
        accounts = {"telnyx": self.telnyx, "ultravox": self.ultravox}
        kept = {carrier: {name: accounts[carrier][name] for name in names} for carrier, names in _AT_CARRIERS.items()}
        return Snapshot(self.agency, copy.deepcopy(kept))

    def restore(self, before: Snapshot) -> None:
        """Takes agency and carriers back to what they were."""
        before.agency.save()
        self.telnyx.update(copy.deepcopy(before.carriers["telnyx"]))
        self.ultravox.update(copy.deepcopy(before.carriers["ultravox"]))
        self._since = {
            "time": self.lab.world.now(),
            **{carrier: len(self.lab.world.effects(carrier)) for carrier in _AT_CARRIERS},
        }

    # What there is

    @property
    def agency(self) -> Any:
        from telephony.models import agencies

        return agencies.find(self.agency_id)

    @property
    def operations(self) -> list[Any]:
        """Oldest first."""
        from telephony.models.operations import Operation

        begun = int(self._since.get("time", 0) * 1000)
        return list(Operation.by_agency.query(self.agency_id, Operation.id >= f"op_{begun:012x}"))

    @property
    def due(self) -> list[Any]:
        return [operation for operation in self.operations if operation.due_at is not None]

    @property
    def audit(self) -> list[str]:
        """What the audit trail says was done to the telephony."""
        from telephony.models.audit_events import AuditEvent

        begun = int(self._since.get("time", 0) * 1000)
        found = AuditEvent.query(self.agency_id, AuditEvent.id >= f"{begun:013d}")
        return [event.action for event in found if event.action.startswith("telephony.")]

    @property
    def telnyx(self) -> Record:
        """The account as the carrier has it: change it in place to act behind our back."""
        return self.lab.world.telnyx.simulator.account(self.telnyx_key)

    @property
    def ultravox(self) -> Record:
        return self.lab.world.ultravox.simulator.account(self.ultravox_key)

    @property
    def webhook_secret(self) -> str:
        from telephony.bootstrap import container

        sealed = self.agency.sealed_webhook_secret
        opened = container().sealer.open(sealed, ["webhook_secret"], agency_id=self.agency_id, record="agency")
        return opened["webhook_secret"].get_secret_value()

    @property
    def applications(self) -> list[Record]:
        return list(self.telnyx["applications"].values())

    @property
    def profiles(self) -> list[Record]:
        return list(self.telnyx["outbound_voice_profiles"].values())

    @property
    def log(self) -> Counter[str]:
        """How often what happened at the two carriers, out of their own logs."""
        mine = {"telnyx": self.telnyx["label"], "ultravox": self.ultravox["label"]}
        return Counter(
            each["kind"]
            for carrier, label in mine.items()
            for each in self.lab.world.effects(carrier)[self._since.get(carrier, 0) :]
            if each["account"] == label
        )

    # What is right

    def assert_provisioned(self) -> None:
        """One application and one profile, as wanted, known and imported; nothing left to do."""
        (application,), (profile,) = self.applications, self.profiles
        agency = self.agency
        config = self.ultravox["telephony_configs"]["telnyx"]
        assert f"/telnyx-webhook/{self.agency_id}/" in application["webhook_event_url"]
        assert application["outbound"]["outbound_voice_profile_id"] == profile["id"]
        assert application["outbound"]["channel_limit"] == 100
        assert application["first_command_timeout"] is True
        assert profile["tags"] == [self.agency_id]
        assert profile["whitelisted_destinations"] == ["US", "CA", "GB", "AU", "NZ", "IE"]
        assert (agency.telnyx_application_id, agency.telnyx_outbound_profile_id) == (application["id"], profile["id"])
        assert agency.telephony_configured is True
        assert config["applicationSid"] == application["id"]
        assert config["apiKey"] == self.telnyx_key
        assert config["callCreationAllowAllAgents"] is True
        self.assert_at_rest()

    def assert_deprovisioned(self) -> None:
        """Nothing left at the carriers, nor on the agency; nothing left to do."""
        agency = self.agency
        assert (self.applications, self.profiles) == ([], [])
        assert self.ultravox["telephony_configs"].get("telnyx") is None
        assert (agency.telnyx_application_id, agency.telnyx_outbound_profile_id) == (None, None)
        assert agency.telephony_configured is False
        self.assert_at_rest()

    def assert_at_rest(self) -> None:
        """No unfinished operation, and nobody will be woken."""
        assert self.agency.telephony_operation_id is None
        assert {(each.status, each.due_at) for each in self.operations} <= {("SUCCEEDED", None), ("SUPERSEDED", None)}
