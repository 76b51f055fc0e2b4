"""What a simulated carrier knows: its accounts and their resources, its clock, and what has happened so far."""

import copy
import json
import threading
import time
import uuid
from abc import ABC, abstractmethod
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, ClassVar

import requests

from local.simulators import inventory

Record = dict[str, Any]
"""A resource as the carrier shows it; keys that begin with "_" are the simulator's own and are never shown."""


def public(record: Record) -> Record:
    """The record as the carrier shows it."""
    return {name: value for name, value in record.items() if not name.startswith("_")}


def iso(moment: float) -> str:
    """2018-02-02T22:25:27.521Z"""
    return datetime.fromtimestamp(moment, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


class Store(ABC):
    """A carrier's state, in memory and, given a `state_file`, written there after each effect and read at the start.

    `accounts` maps each account's key (what its client authenticates with) to what differs from the carrier's
    `default_account`; all have `flags` (out of `known_flags`) and a `label` (the account's name in the effects).
    `settings`: `latency` (seconds added to each call), `rate_limit` (requests per second and account; None: no limit),
    `listing_lag` (seconds until lists show a new resource) and the carrier's own.
    """

    name: ClassVar[str]
    default_account: ClassVar[Record] = {}
    known_flags: ClassVar[frozenset[str]] = frozenset()
    default_settings: ClassVar[dict[str, float | None]] = {}

    def __init__(
        self,
        accounts: Mapping[str, Record] | None = None,
        *,
        state_file: Path | None = None,
        **settings: float | None,
    ) -> None:
        self.settings: dict[str, float | None] = {"latency": 0.0, "rate_limit": None, "listing_lag": 0.0}
        self.settings |= self.default_settings
        self.change_settings(settings)
        self._initial_settings = dict(self.settings)
        self._initial_accounts = copy.deepcopy(dict(accounts or {}))
        self._state_file = state_file
        self.lock = threading.RLock()
        self.state = _empty_state()
        if state_file and state_file.exists():
            self.state |= json.loads(state_file.read_text())
            for key, stored in self.state["accounts"].items():
                self.state["accounts"][key] = copy.deepcopy(self.default_account) | stored
        self.forget_run()
        for key, account in self._initial_accounts.items():
            if key not in self.state["accounts"]:
                self.add_account(key, account)

    def forget_run(self) -> None:
        """Empties the records of what happened; the state stays."""
        self.effects: list[Record] = []
        self.deliveries: list[Record] = []
        self._senders: list[threading.Thread] = []

    # What a carrier fills in

    @abstractmethod
    def new_account(self, key: str) -> Record:
        """What differs from account to account, such as its ids."""

    def tick(self) -> None:
        """Does what has become due. Called, locked, before each request and after each move of the clock."""
        return

    # Accounts and settings

    def add_account(self, key: str, account: Record | None = None) -> Record:
        """Adds an account (settings as in the constructor), or changes the one that is there; returns it.

        Raises ValueError on an unknown setting or flag.
        """
        account = account or {}
        with self.lock:
            known: Record | None = self.state["accounts"].get(key)
            if known is None:
                label = f"account-{len(self.state['accounts']) + 1}"
                known = {"label": label, "flags": []} | copy.deepcopy(self.default_account) | self.new_account(key)
            unknown: set[str] = set(account) - set(known) | set(account.get("flags", ())) - self.known_flags
            if unknown:
                raise ValueError(f"{self.name} has no account setting or flag {sorted(unknown)}")
            known |= copy.deepcopy(account)
            self.state["accounts"][key] = known
            self.save()
            return known

    def account(self, key: str) -> Record:
        """The live record of an account: change it in place to edit behind the API's back. Raises KeyError."""
        account: Record = self.state["accounts"][key]
        return account

    def change_settings(self, changes: Mapping[str, float | None]) -> None:
        """Raises ValueError on a setting this carrier doesn't have."""
        if unknown := set(changes) - set(self.settings):
            raise ValueError(f"{self.name} has no setting {sorted(unknown)}; known: {sorted(self.settings)}")
        self.settings |= changes

    # Numbers for sale

    def for_sale(self) -> list[inventory.Stock]:
        """What nobody owns, nobody hid and no release holds back."""
        owned = {
            record["_e164"]
            for account in self.state["accounts"].values()
            for record in account["phone_numbers"].values()
        }
        resting = {number for number, until in self.state["resting_numbers"].items() if until > self.now()}
        taken = owned | resting | set(self.state["hidden_numbers"])
        return [item for item in inventory.stock(self.name).values() if item.number not in taken]

    def rest_number(self, number: str) -> None:
        """A released number goes off the market for a while."""
        self.state["resting_numbers"][number] = self.now() + inventory.RESTS_AFTER_RELEASE

    def change_inventory(self, hide: list[str], show: list[str]) -> list[str]:
        """Takes numbers off the market by hand, and brings them back; what is hidden then."""
        with self.lock:
            hidden = (set(self.state["hidden_numbers"]) | set(hide)) - set(show)
            self.state["hidden_numbers"] = sorted(hidden)
            self.save()
            return sorted(hidden)

    # Effects and their storage

    def note_effect(self, kind: str, **details: Any) -> None:
        """Notes a change of state that really happened, and stores the state."""
        with self.lock:
            self.effects.append({"kind": kind, "at": self.now()} | details)
            self.save()

    def save(self) -> None:
        """Writes the state file, whole or not at all."""
        if self._state_file is None:
            return
        with self.lock:
            self._state_file.parent.mkdir(parents=True, exist_ok=True)
            scratch = self._state_file.with_suffix(".tmp")
            scratch.write_text(json.dumps(self.state))
            scratch.replace(self._state_file)

    def reset(self) -> None:
        """As newly made: accounts of the constructor, no resources, faults, log or effects, clock at the present."""
        with self.lock:
            self.forget_run()
            self.settings = dict(self._initial_settings)
            self.state |= _empty_state() | {"last_id": self.state["last_id"]}
            for key, account in self._initial_accounts.items():
                self.add_account(key, account)
            self.save()

    # Clock

    def now(self) -> float:
        """Seconds since the epoch on the simulator's clock."""
        return time.time() + float(self.state["clock_offset"])

    def advance(self, seconds: float) -> None:
        """Moves the simulator's clock forward and does what has become due."""
        with self.lock:
            self.state["clock_offset"] += seconds
            self.tick()
            self.save()

    def tick_later(self, seconds: float) -> None:
        """Has due work done after `seconds` of real time, though nobody may ask by then."""
        timer = threading.Timer(seconds, self.advance, args=(0,))
        timer.daemon = True
        timer.start()

    # Identifiers

    def numeric_id(self) -> str:
        """A 19-digit number past 2^53 as text, unique and rising."""
        self.state["last_id"] = max(int(self.state["last_id"]) + 1, int(self.now() * 1000) << 22)
        return str(self.state["last_id"])

    def uuid(self) -> str:
        return str(uuid.uuid4())

    # Webhooks

    def deliver(self, url: str, body: bytes, headers: Mapping[str, str]) -> int | None:
        """POSTs a webhook once; the status it met, None when the connection failed. Noted in `deliveries`."""
        try:
            status: int | None = requests.post(url, data=body, headers=dict(headers), timeout=10).status_code
        except requests.RequestException:
            status = None
        self.deliveries.append({"url": url, "status": status, "at": self.now()})
        return status

    def deliver_later(self, url: str, body: bytes, headers: Mapping[str, str]) -> None:
        """The same from a thread of its own: a receiver may call this simulator before it answers."""
        thread = threading.Thread(target=self.deliver, args=(url, body, headers), daemon=True)
        self._senders.append(thread)
        thread.start()

    def wait_for_deliveries(self) -> None:
        for thread in self._senders:
            thread.join()


def _empty_state() -> Record:
    return {"clock_offset": 0.0, "last_id": 0, "hidden_numbers": [], "resting_numbers": {}, "accounts": {}}
