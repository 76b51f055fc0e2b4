"""What the operations on an agency's telephony share: what they work with, and that there is one at a time."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from telephony import clock
from telephony.clock import Deadline
from telephony.errors import (
    ConfigurationMissing,
    InvalidProviderCredentials,
    NotFound,
    OperationInProgress,
    ProviderRejected,
)
from telephony.models import agencies, audit_events, operations, provider_configurations
from telephony.models.agencies import Agency
from telephony.models.base import Write
from telephony.models.operations import FINAL, Operation, StepRecord, StepState
from telephony.models.provider_configurations import ProviderConfiguration
from telephony.models.sealing import Sealer
from telephony.observability import logger
from telephony.providers.registry import Providers
from telephony.providers.telnyx import Application, Telnyx
from telephony.providers.ultravox import Ultravox
from telephony.services import credentials
from telephony.services.credentials import TelnyxAccount
from telephony.services.saga import Data, Saga, Workflow, understands
from telephony.services.voice_setup import VoiceSetup, find_application
from telephony.settings import Settings
from telephony.values import Principal, ProviderType

APPLICATION_STEP = "create_telnyx_application"
"""Of all operations that set telephony up."""

LISTING_LAG = 5
"""Seconds after which an application or profile that was certainly made may be expected in Telnyx's lists."""

LATE_EFFECT = 30
"""Seconds after an answer that was lost, or failed, in which its effect may still come and be listed."""


def settle_after(record: StepRecord) -> float:
    """Seconds from the step's start after which what isn't found isn't there."""
    was_done = record.started_at == record.done_at  # it is only looked at again
    return LISTING_LAG if was_done else LATE_EFFECT


@dataclass(slots=True)
class Telephony:
    """What the steps work with: the agency as read, its accounts opened, and the wanted set-up."""

    agency: Agency
    telnyx: Telnyx
    account: TelnyxAccount
    ultravox: Ultravox | None
    setup: VoiceSetup
    application: Application | None = None
    """As last seen at Telnyx in this run: spares reading it again."""

    def stored_application_id(self, run_data: Data) -> str | None:
        return run_data.get("application_id") or self.agency.telnyx_application_id


class Telephonies:
    """Opens an agency's telephony, and lets one operation at a time work on it.

    `workflows` are those of all the kinds of operation there are, by kind.
    """

    def __init__(
        self,
        settings: Settings,
        sealer: Sealer,
        providers: Providers,
        saga: Saga,
        workflows: Callable[[], Mapping[str, Workflow[Any]]],
    ) -> None:
        self._settings = settings
        self._sealer = sealer
        self._providers = providers
        self._saga = saga
        self._workflows = workflows

    def context_of(self, operation: Operation, deadline: Deadline, *, needs_ultravox: bool = True) -> Telephony:
        """The context of an operation that is taken up, with the credentials and the address of today."""
        given = self._settings.public_base_url or operation.input["public_base_url"]
        return self.context(operation.agency_id, given, deadline, needs_ultravox=needs_ultravox)

    def context(
        self, agency_id: str, public_base_url: str, deadline: Deadline, *, needs_ultravox: bool = True
    ) -> Telephony:
        """Raises `NotFound`, `CredentialsUnavailable`, `ConfigurationMissing`."""
        agency = agencies.find(agency_id)
        if agency is None:
            raise NotFound("Agency not found", code="agency_not_found")
        # Later than the agency, not beside it: a change in between shows in the revision that a claim compares.
        configurations = provider_configurations.of_agency(agency_id)
        return self.assemble(agency, configurations, public_base_url, deadline, needs_ultravox=needs_ultravox)

    def assemble(
        self,
        agency: Agency,
        configurations: Sequence[ProviderConfiguration],
        public_base_url: str,
        deadline: Deadline,
        *,
        needs_ultravox: bool = True,
    ) -> Telephony:
        """The context out of records at hand, stored or about to be."""
        telnyx = credentials.pick(configurations, ProviderType.TELNYX)
        ultravox = credentials.pick(configurations, ProviderType.ULTRAVOX)
        missing = credentials.missing_telnyx_keys(telnyx)
        with self._sealer.opening() as pool:
            opening_ultravox = pool.submit(ultravox.open, self._sealer) if ultravox else None
            # Opened though a key is missing, too: that it can't be is told before that something is.
            opening_telnyx = pool.submit(telnyx.open, self._sealer) if telnyx else None
            setup = self.setup(agency, public_base_url)
        ultravox_key = opening_ultravox.result().get("api_key") if opening_ultravox else None
        telnyx_secrets = opening_telnyx.result() if opening_telnyx else {}
        account = credentials.telnyx_account(telnyx, telnyx_secrets) if telnyx and not missing else None
        if ultravox_key is None and needs_ultravox:
            raise ConfigurationMissing(
                "Ultravox API key not configured",
                ["ultravox_api_key"],
                fix="Store the Ultravox API key with save-ultravox-integration.",
            )
        if account is None:
            raise ConfigurationMissing(
                "Telnyx credentials not configured",
                missing,
                fix="Store the Telnyx credentials with store-telnyx-credentials.",
            )
        return Telephony(
            agency=agency,
            telnyx=self._providers.telnyx(account.api_key, deadline),
            account=account,
            ultravox=self._providers.ultravox(ultravox_key, deadline) if ultravox_key else None,
            setup=setup,
        )

    def setup(self, agency: Agency, public_base_url: str) -> VoiceSetup:
        """What the agency's telephony is to look like: one KMS call, for the webhook's secret."""
        secret = self._sealer.open(
            agency.sealed_webhook_secret, ["webhook_secret"], agency_id=agency.id, record="agency"
        )["webhook_secret"]
        url = f"{public_base_url}/telnyx-webhook/{agency.id}/{secret.get_secret_value()}"
        return VoiceSetup(self._settings, agency.id, agency.name, url)

    def unfinished(self, agency: Agency) -> Operation | None:
        """The agency's unfinished operation. Raises `OperationInProgress` while somebody works on it.

        One that a later release began is that release's to go on with: in progress, too.
        """
        if agency.telephony_operation_id is None:
            return None
        operation = operations.find(agency.telephony_operation_id)
        if operation is None or operation.status in FINAL:
            return None
        workflow = self._workflows().get(operation.kind)
        if operation.leased or workflow is None or not understands(workflow, operation):
            raise OperationInProgress("An operation on this agency's telephony is running", operation_id=operation.id)
        return operation

    def begun_application(
        self, agency: Agency, unfinished: Operation, former: ProviderConfiguration | None, deadline: Deadline
    ) -> str | None:
        """The id of the application that there is already, recorded or not, for which `unfinished` would make another
        one in another account; None: there is none. The account of `former`, the Telnyx configuration in use, is asked.

        Raises `OperationInProgress` until it is certain, and what Telnyx's silence raises.
        """
        known_id = agency.telnyx_application_id
        making = [each for each in unfinished.steps if each.name == APPLICATION_STEP]
        begun = [each for each in making if known_id or each.state == StepState.STARTED]
        if not begun:
            return None
        looked_at, found = clock.now(), None
        if former is not None and former.has("api_key"):
            telnyx = self._providers.telnyx(former.open(self._sealer)["api_key"], deadline)
            try:
                found = find_application(telnyx, agency.id, known_id)
            except (InvalidProviderCredentials, ProviderRejected) as refusal:
                # Revoked: that is why keys are replaced. What it made shows to another key of its account alone, and to
                # insist on one would lock out whoever has lost the account.
                logger.info("former account not asked", extra={"operation_id": unfinished.id, "code": refusal.code})
        if found is None:
            _require_settled(unfinished, begun, looked_at)
            return None
        return found.id

    def take_over(self, operation: Operation, deadline: Deadline) -> None:
        if not self._saga.take_over(operation, deadline):
            raise OperationInProgress(
                "An operation on this agency's telephony has just been taken up", operation_id=operation.id
            )
        operation.attempts, operation.failing_since = 0, None  # a person tries again: a new row of failures

    def claim(
        self, agency: Agency, operation: Operation, unfinished: Operation | None, looked_at: float | None = None
    ) -> list[Write]:
        """Makes `operation` the agency's one, in place of an unfinished one whose effects are known.

        `looked_at`: since when the carriers were asked for what there is; None: the operation will ask them.
        """
        if unfinished is None:
            return [agencies.open_telephony_operation(agency, operation.id)]
        begun = [record for record in unfinished.steps if record.state == StepState.STARTED]
        _require_settled(unfinished, begun, clock.now() if looked_at is None else looked_at)
        return [operations.supersede(unfinished), agencies.open_telephony_operation(agency, operation.id)]


def _require_settled(operation: Operation, begun: Sequence[StepRecord], looked_at: float) -> None:
    """Raises `OperationInProgress` if an effect of the steps `begun` may have come since `looked_at`, or come yet."""
    unsettled = max(((each.started_at or 0) + settle_after(each) - looked_at for each in begun), default=0.0)
    if unsettled > 0:
        raise OperationInProgress(
            "The outcome of an earlier operation on this agency's telephony is not certain yet",
            fix=f"Ask again in {math.ceil(unsettled)} seconds.",
            operation_id=operation.id,
        )


def new_operation(kind: str, principal: Principal, given: Data) -> Operation:
    now = clock.now()
    return Operation(
        operations.new_id(),
        kind=kind,
        agency_id=principal.agency_id,
        actor=principal.caller_id,
        input=given,
        created_at=now,
        updated_at=now,
    )


def audit(operation: Operation, action: str, **details: Any) -> Write:
    return audit_events.record(operation.agency_id, action, operation.actor, operation.id, **details)
