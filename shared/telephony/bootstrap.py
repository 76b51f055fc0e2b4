"""Composition root: makes the services out of settings, models and providers. Nothing is built at import.

Each property is made at its first use and kept for the life of the process, so that a function pays only for what
its handlers touch.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache, cached_property
from typing import TYPE_CHECKING, Any

from telephony import platform_secrets
from telephony.models import base
from telephony.models.sealing import Sealer
from telephony.services.identity import Identity
from telephony.settings import Settings
from telephony.wakeups import Wakeups

if TYPE_CHECKING:
    from telephony.providers.registry import Providers
    from telephony.providers.supabase import KeySet, TokenVerifier
    from telephony.services.accounts import Accounts
    from telephony.services.administration import Administration
    from telephony.services.assigning import Assigning
    from telephony.services.assistants import Assistants
    from telephony.services.audit import AuditTrail
    from telephony.services.batches import Batches
    from telephony.services.carrier_events import CarrierEvents
    from telephony.services.configurations import Configurations
    from telephony.services.countries import Countries
    from telephony.services.cursors import Cursors
    from telephony.services.diagnosing import Diagnosing
    from telephony.services.importing import Importing
    from telephony.services.inbound import InboundCalls
    from telephony.services.integration import Integration
    from telephony.services.number_webhooks import NumberWebhooks
    from telephony.services.operations import Operations
    from telephony.services.provider_accounts import ProviderAccounts
    from telephony.services.provisioning import Provisioning
    from telephony.services.purchasing import Purchasing
    from telephony.services.reconciling import Reconciling
    from telephony.services.releasing import Releasing
    from telephony.services.rotation import Rotation
    from telephony.services.rounds import Rounds
    from telephony.services.saga import Saga, Workflow
    from telephony.services.searching import Searching
    from telephony.services.telephony import Telephonies
    from telephony.services.verification import Verification
    from telephony.services.worker import Worker


class Container:
    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        base.connect(settings.region, settings.table_prefix)

    def health(self) -> dict[str, Any]:
        from telephony.services.health import check

        return check()

    @cached_property
    def sealer(self) -> Sealer:
        return Sealer(self.settings.region, self.settings.kms_key_id)

    @cached_property
    def wakeups(self) -> Wakeups:
        return Wakeups(self.settings.region, self.settings.wakeups_queue_url)

    @cached_property
    def providers(self) -> Providers:
        from telephony.providers.registry import Providers

        return Providers(self.settings)

    @cached_property
    def identity(self) -> Identity:
        return Identity(self._token_verifier)

    def _token_verifier(self) -> TokenVerifier:
        from telephony.providers.supabase import TokenVerifier

        settings = self.settings
        return TokenVerifier(
            settings.supabase_jwt_algorithms,
            lambda: self._platform_secrets("supabase_jwt_secret"),
            self._key_set,
            settings.supabase_issuer or None,
        )

    def _platform_secrets(self, name: str) -> Iterator[str]:
        return platform_secrets.values(self.settings.region, self.settings.platform_secret_id, name)

    @cached_property
    def _key_set(self) -> KeySet | None:
        from telephony.providers.supabase import KeySet

        return KeySet(self.settings.supabase_jwks_url) if self.settings.supabase_jwks_url else None

    @cached_property
    def cursors(self) -> Cursors:
        from telephony.services.cursors import Cursors

        return Cursors(lambda: self._platform_secrets("page_token_key"))

    @cached_property
    def configurations(self) -> Configurations:
        from telephony.services.configurations import Configurations

        return Configurations(self.cursors)

    @cached_property
    def assistants(self) -> Assistants:
        from telephony.services.assistants import Assistants

        return Assistants(self.cursors)

    @cached_property
    def operations(self) -> Operations:
        from telephony.services.operations import Operations

        return Operations(self.cursors, self.wakeups)

    @cached_property
    def audit_trail(self) -> AuditTrail:
        from telephony.services.audit import AuditTrail

        return AuditTrail(self.cursors)

    @cached_property
    def saga(self) -> Saga:
        from telephony.services.saga import Saga

        return Saga(self.wakeups)

    @cached_property
    def telephonies(self) -> Telephonies:
        from telephony.services.telephony import Telephonies

        return Telephonies(self.settings, self.sealer, self.providers, self.saga, lambda: self.telephony_workflows)

    @cached_property
    def telephony_workflows(self) -> dict[str, Workflow[Any]]:
        """Of every kind of operation on an agency's telephony."""
        made = (
            self.provisioning.provision_workflow,
            self.provisioning.deprovision_workflow,
            self.rotation.rotate_workflow,
            self.rotation.import_workflow,
            self.verification.repair_workflow,
        )
        return {workflow.kind: workflow for workflow in made}

    @cached_property
    def provisioning(self) -> Provisioning:
        from telephony.services.provisioning import Provisioning

        return Provisioning(self.telephonies, self.saga)

    @cached_property
    def rotation(self) -> Rotation:
        from telephony.services.rotation import Rotation

        return Rotation(self.telephonies, self.saga, self.wakeups, self.provisioning)

    @cached_property
    def verification(self) -> Verification:
        from telephony.services.verification import Verification

        return Verification(self.sealer, self.providers, self.telephonies, self.saga)

    @cached_property
    def integration(self) -> Integration:
        from telephony.services.integration import Integration

        return Integration(self.sealer, lambda: self.provider_accounts)

    @cached_property
    def administration(self) -> Administration:
        from telephony.services.administration import Administration

        return Administration(self.sealer)

    @cached_property
    def provider_accounts(self) -> ProviderAccounts:
        from telephony.services.provider_accounts import ProviderAccounts
        from telephony.services.saving import Saver

        saver = Saver(self.sealer, self.providers, self.telephonies, self.rotation, self.wakeups)
        return ProviderAccounts(self.sealer, saver)

    @cached_property
    def accounts(self) -> Accounts:
        from telephony.services.accounts import Accounts

        return Accounts(self.sealer, self.providers, self.settings.carrier_requests_per_second)

    @cached_property
    def searching(self) -> Searching:
        from telephony.services.searching import Searching

        return Searching(self.accounts)

    @cached_property
    def purchasing(self) -> Purchasing:
        from telephony.services.purchasing import Purchasing

        return Purchasing(self.accounts, self.saga)

    @cached_property
    def batches(self) -> Batches:
        from telephony.services.batches import Batches

        return Batches(self.wakeups)

    @cached_property
    def importing(self) -> Importing:
        from telephony.services.importing import Importing

        return Importing(self.accounts, self.saga)

    @cached_property
    def reconciling(self) -> Reconciling:
        from telephony.services.reconciling import Reconciling

        return Reconciling(self.accounts, self.importing, self.settings.public_base_url)

    @cached_property
    def rounds(self) -> Rounds:
        from telephony.services.rounds import Rounds

        return Rounds(self.wakeups)

    @cached_property
    def number_webhooks(self) -> NumberWebhooks:
        from telephony.services.number_webhooks import NumberWebhooks

        return NumberWebhooks(self.accounts, self.saga)

    @cached_property
    def diagnosing(self) -> Diagnosing:
        from telephony.services.diagnosing import Diagnosing

        return Diagnosing(self.accounts)

    @cached_property
    def countries(self) -> Countries:
        from telephony.services.countries import Countries

        return Countries(self.accounts)

    @cached_property
    def inbound_calls(self) -> InboundCalls:
        from telephony.services.inbound import InboundCalls

        return InboundCalls(self.accounts, self.sealer, self.providers)

    @cached_property
    def releasing(self) -> Releasing:
        from telephony.services.releasing import Releasing

        return Releasing(self.accounts, self.saga)

    @cached_property
    def assigning(self) -> Assigning:
        from telephony.services.assigning import Assigning

        return Assigning(self.accounts, self.saga)

    @cached_property
    def carrier_events(self) -> CarrierEvents:
        from telephony.services.carrier_events import CarrierEvents

        return CarrierEvents(self.wakeups)

    @cached_property
    def worker(self) -> Worker:
        from telephony.services import account_states
        from telephony.services.worker import Worker

        numbers = (
            self.purchasing.workflow,
            self.batches.workflow,
            self.importing.workflow,
            self.releasing.workflow,
            self.assigning.workflow,
            self.number_webhooks.workflow,
            self.reconciling.workflow,
            self.rounds.workflow,
            account_states.WORKFLOW,
        )
        workflows = self.telephony_workflows | {workflow.kind: workflow for workflow in numbers}
        return Worker(self.saga, self.wakeups, workflows)


@cache
def container() -> Container:
    """The process's container, from the environment."""
    return Container(Settings.from_environment())
