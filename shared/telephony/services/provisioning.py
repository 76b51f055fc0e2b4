"""An agency's telephony, set up end to end: application and profile at Telnyx, import into Ultravox; and torn down.

The five steps, their names, order and data are those of the published provision-telephony function.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from telephony import clock
from telephony.clock import Deadline
from telephony.errors import AlreadyProvisioned, ConfigurationMissing, Conflict, InvalidRequest, ProviderRejected
from telephony.models import agencies
from telephony.models.agencies import Agency
from telephony.models.base import Write
from telephony.models.operations import Operation, StepState
from telephony.providers.telnyx import Application, OutboundProfile
from telephony.providers.ultravox import TelnyxImport
from telephony.services.integration import NEXT_STEPS
from telephony.services.saga import Data, Run, Saga, Step, Workflow, completed
from telephony.services.telephony import APPLICATION_STEP, Telephonies, Telephony, audit, new_operation, settle_after
from telephony.services.voice_setup import find_application, find_profile, require_application
from telephony.values import Principal, ProviderType

PROVISION = "provision_telephony"
DEPROVISION = "deprovision_telephony"

IMPORT_STEP = "import_to_ultravox"

IMPORT_ANYWAY = "import_anyway"
"""In an operation's input: keys were replaced, which what Ultravox shows need not tell."""

DELETE_APPLICATION_STEP = "delete_telnyx_application"

CAPABILITIES = {"can_manage_agents": True, "can_manage_phone_numbers": True, "can_run_campaigns": True}


# Provisioning, step by step


def _look_for_application(run: Run[Telephony]) -> Application | None:
    t = run.context
    return find_application(t.telnyx, t.agency.id, t.stored_application_id(run.data(APPLICATION_STEP)))


def _find_application(run: Run[Telephony]) -> Data | None:
    """The agency's application if there is one, made right."""
    t = run.context
    existing = run.see(_look_for_application)
    if existing is None:
        return None
    changes = t.setup.application_changes(existing)
    t.application = t.telnyx.update_application(existing.id, changes) if changes else existing
    return {
        "application_id": existing.id,
        "application_name": t.application.name,
        **_reused(run, existing.settings),
    }


def _create_application(run: Run[Telephony]) -> Data:
    t = run.context
    if found := _find_application(run):
        return found
    t.application = t.telnyx.create_application(t.setup.application())
    return {"application_id": t.application.id, "application_name": t.application.name}


def _look_for_profile(run: Run[Telephony]) -> OutboundProfile | None:
    t = run.context
    stored = run.data("create_outbound_profile").get("outbound_profile_id") or t.agency.telnyx_outbound_profile_id
    return find_profile(t.telnyx, t.setup, _application(run), stored)


def _find_profile(run: Run[Telephony]) -> Data | None:
    """The agency's profile if there is one, made right and associated with the application."""
    t = run.context
    existing = run.see(_look_for_profile)
    if existing is None:
        return None
    run.partial = {
        "outbound_profile_id": existing.id,
        "profile_name": existing.name,
        **_reused(run, existing.settings),
    }
    if changes := t.setup.profile_changes(existing):
        run.partial["profile_name"] = t.telnyx.update_outbound_profile(existing.id, changes).name
    _associate(run, _application(run), existing.id)
    return run.partial


def _create_profile(run: Run[Telephony]) -> Data:
    t = run.context
    if found := _find_profile(run):
        return found
    profile = t.telnyx.create_outbound_profile(t.setup.profile())
    run.partial = {"outbound_profile_id": profile.id, "profile_name": profile.name}
    _associate(run, _application(run), profile.id)
    return run.partial


def _reused(run: Run[Telephony], found: Mapping[str, Any]) -> Data:
    """Says so of what was there before this operation began: it may have made it itself, in an earlier run."""
    before = str(found.get("created_at") or "") < str(clock.iso(run.operation.created_at))
    return {"reused": True} if before else {}


def _application(run: Run[Telephony]) -> Application:
    t = run.context
    if t.application is None:
        t.application = require_application(t.telnyx, run.data(APPLICATION_STEP)["application_id"])
    return t.application


def _associate(run: Run[Telephony], application: Application, profile_id: str) -> None:
    t = run.context
    if changes := t.setup.association(application, profile_id):
        t.application = t.telnyx.update_application(application.id, changes)


def _store_resource_ids(run: Run[Telephony]) -> Data:
    return {
        "telnyx_application_id": run.data(APPLICATION_STEP)["application_id"],
        "telnyx_outbound_profile_id": run.data("create_outbound_profile")["outbound_profile_id"],
    }


def import_to_ultravox(
    run: Run[Telephony], application_id: str, existing: Mapping[str, Any] | None = None, *, first: bool = False
) -> Data:
    """Gives Ultravox the keys in use, and leaves alone what isn't ours there: `existing`, if that was just read."""
    t = run.context
    if t.ultravox is None:
        raise ConfigurationMissing("Ultravox API key not configured", ["ultravox_api_key"])
    t.ultravox.import_telnyx(
        TelnyxImport(
            api_key=t.account.api_key,
            public_key=t.account.public_key,
            application_id=application_id,
            account_sid=t.account.account_sid,
            existing=existing,
        ),
        first=first,
    )
    return {"telnyx_configured": True}


def _import_to_ultravox(run: Run[Telephony]) -> Data:
    application_id = run.data(APPLICATION_STEP)["application_id"]
    return import_to_ultravox(run, application_id, first=not run.context.agency.telephony_configured)


def _keep_application_id(run: Run[Telephony], data: Data) -> Sequence[Write]:
    return [agencies.set_telephony(run.operation.agency_id, telnyx_application_id=data["application_id"])]


def _keep_profile_id(run: Run[Telephony], data: Data) -> Sequence[Write]:
    return [agencies.set_telephony(run.operation.agency_id, telnyx_outbound_profile_id=data["outbound_profile_id"])]


def _keep_ids(run: Run[Telephony], data: Data) -> Sequence[Write]:
    return [agencies.set_telephony(run.operation.agency_id, **data)]


def _mark_configured(run: Run[Telephony], _data: Data) -> Sequence[Write]:
    return [
        agencies.set_telephony(run.operation.agency_id, telephony_configured=True, telephony_operation_id=None),
        audit(run.operation, "telephony.provisioned"),
    ]


PROVISION_STEPS: tuple[Step[Telephony], ...] = (
    Step(
        APPLICATION_STEP,
        _create_application,
        _find_application,
        _keep_application_id,
        look=_look_for_application,
        settle_after=lambda run: settle_after(run.operation.step(APPLICATION_STEP)),
    ),
    Step(
        "create_outbound_profile",
        _create_profile,
        _find_profile,
        _keep_profile_id,
        keep=_keep_profile_id,
        look=_look_for_profile,
        settle_after=lambda run: settle_after(run.operation.step("create_outbound_profile")),
    ),
    Step("store_resource_ids", _store_resource_ids, writes=_keep_ids, local=True),
    Step(IMPORT_STEP, _import_to_ultravox),
    Step("mark_configured", lambda _run: {"telephony_configured": True}, writes=_mark_configured, local=True),
)


# Deprovisioning: deletions, which may be repeated, so that nothing needs to be looked for


def _check_numbers(run: Run[Telephony]) -> None:
    """Once more when it is taken up: numbers may have come meanwhile."""
    _refuse_numbers(run.context, run.operation.input["application_id"])


def _clear_ultravox(run: Run[Telephony]) -> Data:
    """Only what points at this agency's application: somebody else's configuration is left alone."""
    ultravox = run.context.ultravox
    there = ultravox.telnyx_configuration() if ultravox else None
    if ultravox is None or there is None or there.get("applicationSid") != run.operation.input["application_id"]:
        return {"telnyx_cleared": False}
    ultravox.clear_telnyx()
    return {"telnyx_cleared": True}


def _delete_application(run: Run[Telephony]) -> Data:
    application_id = run.operation.input["application_id"]
    deleted = bool(application_id) and run.context.telnyx.delete_application(application_id)
    return {"telnyx_application_id": application_id, "application_deleted": deleted}


def _delete_profile(run: Run[Telephony]) -> Data:
    """One that other connections use is theirs, too, and stays."""
    profile_id = run.operation.input["outbound_profile_id"]
    try:
        deleted = bool(profile_id) and run.context.telnyx.delete_outbound_profile(profile_id)
    except ProviderRejected:
        # A 422 may come without a body: what uses it tells the profile itself.
        profile = run.context.telnyx.outbound_profile(profile_id)
        if profile is None or not profile.settings.get("connections_count"):
            raise
        return {"telnyx_outbound_profile_id": profile_id, "outbound_profile_deleted": False, "kept": "still in use"}
    return {"telnyx_outbound_profile_id": profile_id, "outbound_profile_deleted": deleted}


def _unmark_configured(run: Run[Telephony], _data: Data) -> Sequence[Write]:
    return [agencies.set_telephony(run.operation.agency_id, telephony_configured=False)]


def _forget_application(run: Run[Telephony], _data: Data) -> Sequence[Write]:
    return [agencies.set_telephony(run.operation.agency_id, telnyx_application_id=None)]


def _forget_profile(run: Run[Telephony], _data: Data) -> Sequence[Write]:
    return [agencies.set_telephony(run.operation.agency_id, telnyx_outbound_profile_id=None)]


def _clear_ids(run: Run[Telephony], _data: Data) -> Sequence[Write]:
    cleared = agencies.set_telephony(
        run.operation.agency_id,
        telnyx_application_id=None,
        telnyx_outbound_profile_id=None,
        telephony_configured=False,
        telephony_operation_id=None,
    )
    return [cleared, audit(run.operation, "telephony.deprovisioned")]


# The application before its profile: a profile in use is not deleted by Telnyx (10021). The agency's record follows
# each step, so that one that stops half-way doesn't show what is gone; the operation's input keeps the ids.
DEPROVISION_STEPS: tuple[Step[Telephony], ...] = (
    Step("clear_ultravox_config", _clear_ultravox, writes=_unmark_configured, check=_check_numbers),
    Step(DELETE_APPLICATION_STEP, _delete_application, writes=_forget_application),
    Step("delete_outbound_profile", _delete_profile, writes=_forget_profile),
    Step("clear_resource_ids", lambda _run: {"telephony_configured": False}, writes=_clear_ids, local=True),
)


class Provisioning:
    """Provision and deprovision, for the HTTP door; the queue worker uses the two workflows."""

    def __init__(self, telephonies: Telephonies, saga: Saga) -> None:
        self._telephonies = telephonies
        self._saga = saga
        self.provision_workflow = Workflow(PROVISION, PROVISION_STEPS, telephonies.context_of, converges=True)
        self.deprovision_workflow = Workflow(DEPROVISION, DEPROVISION_STEPS, self._context_to_deprovision)

    def provision(self, principal: Principal, public_base_url: str, deadline: Deadline, *, force: bool) -> Data:
        """Sets the agency's telephony up, or goes on with what an earlier run left.

        Returns `completed_steps`, `provisioned`, `capabilities`, `next_steps`. Raises, in this order: `NotFound`,
        `CredentialsUnavailable`, `ConfigurationMissing`, `OperationInProgress`, `AlreadyProvisioned`; then
        `PartialFailure`, with the rest done by the queue if its `retry_scheduled` says so.
        """
        context = self._telephonies.context(principal.agency_id, public_base_url, deadline)
        unfinished = self._telephonies.unfinished(context.agency)
        operation = new_operation(PROVISION, principal, {"force": force, "public_base_url": public_base_url})
        if unfinished is not None and unfinished.kind == PROVISION:
            self._telephonies.take_over(unfinished, deadline)
            # Keys may have been replaced until the lease was ours.
            context = self._telephonies.context(principal.agency_id, public_base_url, deadline)
            unfinished.input = operation.input
            operation = unfinished
            self._saga.proceed(self.provision_workflow, Run(operation, context, deadline))
        else:
            _refuse_if_provisioned(context.agency, force)
            writes = [
                *self._telephonies.claim(context.agency, operation, unfinished),
                audit(operation, "telephony.provision_begun"),
            ]
            self._saga.open(self.provision_workflow, operation, context, deadline, *writes)
        return {
            "completed_steps": completed(operation),
            "provisioned": {**_ids(operation), "webhook_url": context.setup.webhook_url},
            "capabilities": CAPABILITIES,
            "next_steps": NEXT_STEPS,
        }

    def plan(self, principal: Principal, public_base_url: str, deadline: Deadline, *, force: bool) -> list[Data]:
        """What `provision` would do now: `[{"step", "action", "detail"}]`, action `create`, `update` or `none`.

        Only reads, at the carriers too. Raises what `provision` raises before its first step.
        """
        context = self._telephonies.context(principal.agency_id, public_base_url, deadline)
        unfinished = self._telephonies.unfinished(context.agency)
        if unfinished is None or unfinished.kind != PROVISION:
            _refuse_if_provisioned(context.agency, force)
        return _plan(context)

    def deprovision(self, principal: Principal, public_base_url: str, deadline: Deadline) -> Data:
        """Tears the agency's telephony down, or goes on doing so; what is gone already counts as done.

        Raises as `provision` does, and `Conflict` (`numbers_on_application`, with `phone_numbers`).
        """
        context = self._telephonies.context(principal.agency_id, public_base_url, deadline, needs_ultravox=False)
        unfinished = self._telephonies.unfinished(context.agency)
        if unfinished is not None and unfinished.kind == DEPROVISION:
            if unfinished.step(DELETE_APPLICATION_STEP).state != StepState.DONE:
                _refuse_numbers(context, unfinished.input["application_id"])
            self._telephonies.take_over(unfinished, deadline)
            operation = unfinished
            self._saga.proceed(self.deprovision_workflow, Run(operation, context, deadline))
        else:
            looked_at = clock.now()
            operation = new_operation(
                DEPROVISION, principal, {"public_base_url": public_base_url, **_what_to_delete(context)}
            )
            writes = [
                *self._telephonies.claim(context.agency, operation, unfinished, looked_at),
                audit(operation, "telephony.deprovision_begun", **operation.input),
            ]
            self._saga.open(self.deprovision_workflow, operation, context, deadline, *writes)
        return {"completed_steps": completed(operation)}

    def _context_to_deprovision(self, operation: Operation, deadline: Deadline) -> Telephony:
        return self._telephonies.context_of(operation, deadline, needs_ultravox=False)


def _refuse_if_provisioned(agency: Agency, force: bool) -> None:
    if agency.telnyx_application_id and agency.telnyx_outbound_profile_id and not force:
        raise AlreadyProvisioned(
            "Telephony is already provisioned",
            telnyx_application_id=agency.telnyx_application_id,
            telnyx_outbound_profile_id=agency.telnyx_outbound_profile_id,
            hint="Use force: true to re-provision",
        )


def _ids(operation: Operation) -> Data:
    return dict(operation.step("store_resource_ids").data or {})


def _what_to_delete(t: Telephony) -> Data:
    """The ids of what exists, else those that are stored, which Ultravox may still have.

    Raises as `_refuse_numbers`.
    """
    application = find_application(t.telnyx, t.agency.id, t.agency.telnyx_application_id)
    _refuse_numbers(t, application.id if application else None)
    profile = find_profile(t.telnyx, t.setup, application, t.agency.telnyx_outbound_profile_id)
    return {
        "application_id": application.id if application else t.agency.telnyx_application_id,
        "outbound_profile_id": profile.id if profile else t.agency.telnyx_outbound_profile_id,
    }


def _refuse_numbers(t: Telephony, application_id: str | None) -> None:
    """Raises `Conflict` while numbers are connected to the application, or on order at Telnyx."""
    if application_id is None:
        return
    if numbers := {*t.telnyx.numbers_on(application_id), *_on_order(t.agency.id)}:
        raise Conflict(
            "Phone numbers are still connected to the Telnyx application",
            code="numbers_on_application",
            fix="Release these numbers or connect them elsewhere first.",
            phone_numbers=sorted(numbers),
        )


def _on_order(agency_id: str) -> Iterator[str]:
    """The agency's numbers that Telnyx may be about to connect."""
    from telephony.models import phone_configurations  # not loaded by what is asked more often

    for record in phone_configurations.all_live(agency_id):
        if record.provider == ProviderType.TELNYX and record.status == phone_configurations.NumberStatus.PENDING:
            yield str(record.phone_number)


def _plan(t: Telephony) -> list[Data]:
    application = find_application(t.telnyx, t.agency.id, t.agency.telnyx_application_id)
    profile = find_profile(t.telnyx, t.setup, application, t.agency.telnyx_outbound_profile_id)
    application_changes = t.setup.application_changes(application) if application else {}
    profile_changes = t.setup.profile_changes(profile) if profile else {}
    associated = bool(application and profile and application.outbound_profile_id == profile.id)
    known = (application and application.id, profile and profile.id)
    stored = (t.agency.telnyx_application_id, t.agency.telnyx_outbound_profile_id)
    if t.ultravox is None:
        raise InvalidRequest("Ultravox API key not configured")
    imported = t.ultravox.telnyx_configuration() is not None
    return [
        _action(APPLICATION_STEP, application is not None, application_changes, t.setup.application_name),
        _action(
            "create_outbound_profile",
            profile is not None,
            {**profile_changes, **({} if associated or not profile else {"association": True})},
            t.setup.profile_name,
        ),
        _action("store_resource_ids", True, {} if all(known) and known == stored else {"ids": True}, "agency record"),
        # Always sent: Ultravox does not show the key it holds, so that it can't be compared.
        _action("import_to_ultravox", imported, {"telnyx": True}, "Ultravox account"),
        _action("mark_configured", True, {} if t.agency.telephony_configured else {"flag": True}, "agency record"),
    ]


def _action(step: str, exists: bool, changes: Data, name: str) -> Data:
    if not exists:
        return {"step": step, "action": "create", "detail": name}
    differing = ", ".join(sorted(changes))
    return {
        "step": step,
        "action": "update" if changes else "none",
        "detail": f"{name}: {differing}" if differing else name,
    }
