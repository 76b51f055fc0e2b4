"""Whether Virsyn, Telnyx and Ultravox agree about an agency's telephony, and the mending of what differs."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import replace

from telephony.clock import Deadline
from telephony.errors import NotFound
from telephony.models import agencies, provider_configurations
from telephony.models.agencies import Agency
from telephony.models.base import Write
from telephony.models.sealing import Sealer
from telephony.providers.registry import Providers
from telephony.providers.telnyx import Application, OutboundProfile, Telnyx
from telephony.services import credentials, drift
from telephony.services.drift import Facts
from telephony.services.provisioning import IMPORT_ANYWAY, IMPORT_STEP, PROVISION_STEPS, import_to_ultravox
from telephony.services.saga import Data, Run, Saga, Workflow
from telephony.services.telephony import APPLICATION_STEP, Telephonies, Telephony, audit, new_operation
from telephony.services.voice_setup import VoiceSetup, find_application, find_profile
from telephony.values import Principal, ProviderType

REPAIR = "repair_telephony"

Asked = tuple[Future[Application | None], Future[OutboundProfile | None] | None]
"""Telnyx's answers about application and profile, under way."""


def _import_if_it_differs(run: Run[Telephony]) -> Data:
    t = run.context
    application_id = run.data(APPLICATION_STEP)["application_id"]
    imported = t.ultravox.telnyx_configuration() if t.ultravox else None
    anyway = run.operation.input.get(IMPORT_ANYWAY)
    if imported is not None and not anyway and not drift.import_issues(imported, t.account, application_id):
        return {"telnyx_configured": True}
    return import_to_ultravox(run, application_id, existing=imported, first=imported is None)


def _end_repair(run: Run[Telephony], _data: Data) -> Sequence[Write]:
    agency_id, repaired = run.operation.agency_id, run.operation.input["issues"]
    return [
        agencies.set_telephony(agency_id, telephony_configured=True, telephony_operation_id=None),
        audit(run.operation, "telephony.repaired", issues=repaired),
    ]


# Provisioning adopts what exists, changes what differs and makes what is gone; Ultravox alone it always writes to.
REPAIR_STEPS = tuple(
    replace(step, run=_import_if_it_differs)
    if step.name == IMPORT_STEP
    else replace(step, writes=_end_repair)
    if step.name == "mark_configured"
    else step
    for step in PROVISION_STEPS
)


class Verification:
    def __init__(self, sealer: Sealer, providers: Providers, telephonies: Telephonies, saga: Saga) -> None:
        self._sealer = sealer
        self._providers = providers
        self._telephonies = telephonies
        self._saga = saga
        self.repair_workflow = Workflow(REPAIR, REPAIR_STEPS, telephonies.context_of, converges=True)

    def verify(self, principal: Principal, public_base_url: str, deadline: Deadline) -> Data:
        """The body of verify-telephony-config, each field out of a call made now.

        Raises `NotFound`, `CredentialsUnavailable`, and what a carrier answers.
        """
        return _body(self._read(principal.agency_id, public_base_url, deadline))

    def repair(self, principal: Principal, public_base_url: str, deadline: Deadline, *, dry_run: bool) -> Data:
        """Mends what `verify` finds and nothing else: its body afterwards, and `repaired`, the issues that are gone.

        With `dry_run` nothing is changed, and `repaired` are the issues that would be. Raises as `verify` does, and
        `OperationInProgress`, `ConfigurationMissing`, `PartialFailure`.
        """
        before = self._read(principal.agency_id, public_base_url, deadline)
        # An agency that was never provisioned lacks nothing, and what others have put into its Ultravox is theirs.
        found = drift.issues(before) if before.wanted else []
        if dry_run or not found:
            return {**_body(before), "repaired": found, "dry_run": dry_run}
        self._mend(principal, before.agency, found, public_base_url, deadline)
        after = self._read(principal.agency_id, public_base_url, deadline)
        left = drift.issues(after)
        return {**_body(after), "repaired": [each for each in found if each not in left], "dry_run": False}

    def _mend(
        self, principal: Principal, agency: Agency, found: list[str], public_base_url: str, deadline: Deadline
    ) -> None:
        context = self._telephonies.context(agency.id, public_base_url, deadline)
        unfinished = self._telephonies.unfinished(context.agency)
        given: Data = {"public_base_url": public_base_url, "issues": found}
        if unfinished is not None:
            given[IMPORT_ANYWAY] = True  # it may have been about to import a new key
        operation = new_operation(REPAIR, principal, given)
        writes = [
            *self._telephonies.claim(context.agency, operation, unfinished),
            audit(operation, "telephony.repair_begun", issues=found),
        ]
        self._saga.open(self.repair_workflow, operation, context, deadline, *writes)

    def _read(self, agency_id: str, public_base_url: str, deadline: Deadline) -> Facts:
        """Opens the secrets at the same time, then asks both carriers at the same time, and Telnyx for application and
        profile, too."""
        with ThreadPoolExecutor(max_workers=4) as pool:
            found = pool.submit(agencies.find, agency_id)
            configurations = provider_configurations.of_agency(agency_id)
            telnyx = credentials.in_use(configurations, ProviderType.TELNYX)
            ultravox = credentials.in_use(configurations, ProviderType.ULTRAVOX)
            without_telnyx = credentials.missing_telnyx_keys(telnyx)
            without_ultravox = credentials.missing_ultravox_key(ultravox)
            agency = found.result()
            if agency is None:
                raise NotFound("Agency not found", code="agency_not_found")
            self._sealer.prepare()
            opening = pool.submit(ultravox.open, self._sealer) if ultravox and not without_ultravox else None
            account = credentials.open_telnyx(telnyx, self._sealer) if telnyx and not without_telnyx else None
            client = self._providers.telnyx(account.api_key, deadline) if account else None
            asked = _ask_telnyx(pool, client, agency) if client else None
            key = opening.result()["api_key"] if opening else None
            imported = pool.submit(self._providers.ultravox(key, deadline).telnyx_configuration) if key else None
            setup = self._telephonies.setup(agency, public_base_url)  # while the carriers think
            application, profile = _at_telnyx(asked, client, agency, setup) if client and asked else (None, None)
            return Facts(
                agency=agency,
                setup=setup,
                account=account,
                application=application,
                profile=profile,
                imported=imported.result() if imported else None,
                missing=(*without_ultravox, *without_telnyx),
                undecided=tuple(credentials.ambiguous(configurations)),
            )


def _ask_telnyx(pool: ThreadPoolExecutor, telnyx: Telnyx, agency: Agency) -> Asked:
    stored_id = agency.telnyx_outbound_profile_id
    profile = pool.submit(telnyx.outbound_profile, stored_id) if stored_id else None
    return pool.submit(find_application, telnyx, agency.id, agency.telnyx_application_id), profile


def _at_telnyx(
    asked: Asked, telnyx: Telnyx, agency: Agency, setup: VoiceSetup
) -> tuple[Application | None, OutboundProfile | None]:
    application = asked[0].result()
    profile = asked[1].result() if asked[1] else None
    own_id = application.outbound_profile_id if application else None
    if profile is None or own_id not in (None, profile.id):
        profile = find_profile(telnyx, setup, application, agency.telnyx_outbound_profile_id)
    return application, profile


def _body(facts: Facts) -> Data:
    agency, found = facts.agency, drift.issues(facts)
    body: Data = {
        "virsyn_db": {
            "has_ultravox_key": facts.asked_ultravox,
            "has_telnyx_key": "telnyx_api_key" not in facts.missing,
            "has_telnyx_public_key": "telnyx_public_key" not in facts.missing,
            "telnyx_application_id": agency.telnyx_application_id,
            "telnyx_outbound_profile_id": agency.telnyx_outbound_profile_id,
            "telephony_configured": agency.telephony_configured,
        },
        "ultravox": _ultravox(facts) if facts.asked_ultravox else None,
        "telnyx": _telnyx(facts) if facts.account else None,
        "in_sync": facts.asked_ultravox and not found,
        "sync_issues": found or None,
        "ready_for_calls": _ready(facts, found),
    }
    return body if facts.asked_ultravox else {**body, "error": facts.why_not_asked}


def _ultravox(facts: Facts) -> Data:
    imported = facts.imported or {}
    api_key, public_key = drift.prefix(imported, "apiKeyPrefix"), drift.prefix(imported, "publicKeyPrefix")
    return {
        "telnyx_configured": facts.imported is not None,
        "has_api_key": bool(api_key),
        "has_public_key": bool(public_key),
        "application_id": imported.get("applicationSid"),
        "call_creation_allow_all_agents": bool(imported.get("callCreationAllowAllAgents")),
        "api_key_prefix": api_key,
        "public_key_prefix": public_key,
    }


def _telnyx(facts: Facts) -> Data:
    application = facts.application
    return {
        "application_exists": application is not None,
        "application_name": application.name if application else None,
        "webhook_url_matches": application is not None and application.webhook_url == facts.setup.webhook_url,
        "outbound_profile_exists": facts.profile is not None,
        "outbound_profile_associated": facts.associated,
    }


def _ready(facts: Facts, found: list[str]) -> bool:
    """Calls come and go: everything is there, on all three sides, and as it ought to be."""
    return bool(facts.agency.telephony_configured and facts.imported and facts.associated and not found)
