"""New keys for an agency whose telephony runs, and the copy of them that Ultravox holds.

The new key was verified before anything is written. The transaction that opens the operation puts the new sealed
blob in the place of the old one: there is never a second blob, and the journal holds no key. What is left to do, the
import into Ultravox and another look, opens the record afresh whenever it is taken up. An operation that works on the
telephony now refuses the rotation (409) and finishes with the key it has; a purchase does not know of it, since the
old key stays good at the carrier until its owner revokes it there. An unfinished one that nobody works on goes on with
the new key, which therefore has to be of the account that the old one has begun in (`begun_application`).
"""

from __future__ import annotations

from collections.abc import Sequence

from telephony.clock import Deadline
from telephony.errors import ConfigurationMissing, NotFound, OperationInProgress, PartialFailure, ProviderRejected
from telephony.models import agencies, operations, provider_configurations
from telephony.models.agencies import Agency
from telephony.models.base import Write, commit
from telephony.models.operations import Operation
from telephony.models.provider_configurations import ProviderConfiguration
from telephony.services import credentials, drift
from telephony.services.provisioning import (
    DEPROVISION,
    IMPORT_ANYWAY,
    IMPORT_STEP,
    PROVISION,
    Provisioning,
    import_to_ultravox,
)
from telephony.services.saga import Data, Run, Saga, Step, Workflow
from telephony.services.telephony import Telephonies, Telephony, audit, new_operation
from telephony.services.voice_setup import require_application
from telephony.values import Principal, ProviderType
from telephony.wakeups import Wakeups

ROTATE = "rotate_credentials"
IMPORT = "import_telnyx_to_ultravox"


def _verified(run: Run[Telephony]) -> Data:
    return {"verified": run.operation.input["verified"]}


def _switched(run: Run[Telephony]) -> Data:
    return {"provider_configuration_id": run.operation.input["provider_configuration_id"]}


def _import(run: Run[Telephony]) -> Data:
    return import_to_ultravox(run, str(run.context.agency.telnyx_application_id))


def _verify_again(run: Run[Telephony]) -> Data:
    """The application answers to the key in use, and Ultravox shows the copy."""
    t = run.context
    application = require_application(t.telnyx, str(t.agency.telnyx_application_id))
    imported = t.ultravox.telnyx_configuration() if t.ultravox else None
    wrong = drift.import_issues(imported, t.account, application.id) if imported else [drift.NOT_IN_ULTRAVOX]
    if wrong:
        raise ProviderRejected(
            "; ".join(wrong),
            provider="ultravox",
            operation="verify the import",
            code="telephony_not_in_sync",
            fix="Repair with repair-telephony-config.",
        )
    return {"verified_again": True}


def _finish_rotation(run: Run[Telephony]) -> Sequence[Write]:
    done = audit(run.operation, "telephony.credentials_rotated", **_switched(run))
    return [agencies.set_telephony(run.operation.agency_id, telephony_operation_id=None), done]


def _mark_configured(run: Run[Telephony], _data: Data) -> Sequence[Write]:
    agency_id = run.operation.agency_id
    return [
        agencies.set_telephony(agency_id, telephony_configured=True, telephony_operation_id=None),
        audit(run.operation, "telephony.imported_to_ultravox"),
    ]


# The first two are done by the transaction that opens the operation; they are there to be read.
ROTATE_STEPS: tuple[Step[Telephony], ...] = (
    Step("verify_new_key", _verified, local=True),
    Step("switch_key", _switched, local=True),
    Step(IMPORT_STEP, _import),
    Step("verify_again", _verify_again),
)

IMPORT_STEPS: tuple[Step[Telephony], ...] = (
    Step(IMPORT_STEP, _import),
    Step("mark_configured", lambda _run: {"telephony_configured": True}, writes=_mark_configured, local=True),
)


class Rotation:
    def __init__(self, telephonies: Telephonies, saga: Saga, wakeups: Wakeups, provisioning: Provisioning) -> None:
        self._telephonies = telephonies
        self._saga = saga
        self._wakeups = wakeups
        self._provisioning = provisioning
        self.rotate_workflow = Workflow(ROTATE, ROTATE_STEPS, telephonies.context_of, finish=_finish_rotation)
        self.import_workflow = Workflow(IMPORT, IMPORT_STEPS, telephonies.context_of)

    def replace(
        self,
        principal: Principal,
        agency: Agency,
        configurations: Sequence[ProviderConfiguration],
        changed: ProviderConfiguration,
        unfinished: Operation | None,
        writes: Sequence[Write],
        public_base_url: str,
        deadline: Deadline,
        *,
        verified: bool,
    ) -> None:
        """Commits `writes`, which change the account in use or its keys, and brings Ultravox's copy up to date if it
        has one.

        `agency` and its `unfinished` operation are as read, `configurations` are as they will be. Raises
        `OperationInProgress` with nothing written if somebody has taken that operation up since; `PartialFailure` when
        the keys are replaced and the rest is not done yet.
        """
        only = agencies.change_configurations(agency, telephony_too=True)
        nothing_to_copy = not agency.telnyx_application_id or _missing_for_import(agency, configurations)
        if nothing_to_copy or (unfinished and unfinished.kind == DEPROVISION):
            # A run that takes the unfinished one up may only read the keys that it imports when these are stored.
            commit(only, *writes, *([operations.leave(unfinished)] if unfinished else []))
        elif unfinished and unfinished.kind not in (ROTATE, IMPORT):
            # It imports with the keys that it finds when it is taken up, which is now.
            unfinished.input = {**unfinished.input, IMPORT_ANYWAY: True}
            commit(only, *writes, operations.redo(unfinished, IMPORT_STEP))
            self._wakeups.send(unfinished.id, unfinished.agency_id)
        else:
            given = {
                "public_base_url": public_base_url,
                "provider_configuration_id": int(changed.id),
                "verified": verified,
            }
            operation = new_operation(ROTATE, principal, given)
            context = self._telephonies.assemble(agency, configurations, public_base_url, deadline)
            claim = self._telephonies.claim(agency, operation, unfinished)
            self._saga.open(self.rotate_workflow, operation, context, deadline, only, *writes, *claim)

    def import_telnyx(self, principal: Principal, public_base_url: str, deadline: Deadline) -> str:
        """Has Ultravox take over the Telnyx credentials, and marks the telephony configured; the application's id.

        Raises `ConfigurationMissing`, `OperationInProgress`, and what Ultravox says; what a retry can mend is retried.
        """
        agency = agencies.find(principal.agency_id)
        if agency is None:
            raise NotFound("Agency not found", code="agency_not_found")
        configurations = provider_configurations.of_agency(agency.id)
        if missing := _missing_for_import(agency, configurations):
            raise ConfigurationMissing("Telnyx can't be imported into Ultravox yet", missing)
        unfinished = self._telephonies.unfinished(agency)
        if unfinished and unfinished.kind == DEPROVISION:
            raise OperationInProgress("The telephony is being deprovisioned", operation_id=unfinished.id)
        try:
            if unfinished and unfinished.kind == PROVISION:
                # It may find the application gone, and make another.
                done = self._provisioning.provision(principal, public_base_url, deadline, force=False)
                return str(done["provisioned"]["telnyx_application_id"])
            context = self._telephonies.assemble(agency, configurations, public_base_url, deadline)
            operation = new_operation(IMPORT, principal, {"public_base_url": public_base_url})
            claim = self._telephonies.claim(agency, operation, unfinished)
            self._saga.open(self.import_workflow, operation, context, deadline, *claim)
        except PartialFailure as failure:
            for name in ("operation_id", "retry_scheduled"):
                failure.cause.details[name] = failure.details[name]
            raise failure.cause from failure
        return str(agency.telnyx_application_id)


def _missing_for_import(agency: Agency, configurations: Sequence[ProviderConfiguration]) -> list[str]:
    ultravox = credentials.pick(configurations, ProviderType.ULTRAVOX)
    telnyx = credentials.pick(configurations, ProviderType.TELNYX)
    application = [] if agency.telnyx_application_id else ["telnyx_application_id"]
    return [*credentials.missing_ultravox_key(ultravox), *credentials.missing_telnyx_keys(telnyx), *application]
