"""Composition root: makes the services out of settings, models and providers. Nothing is built at import.

Each property is made at its first use and kept for the life of the process, so that a function pays only for what
its handlers touch.
"""

from __future__ import annotations

from functools import cache, cached_property
from typing import TYPE_CHECKING

from telephony import platform_secrets
from telephony.models import base
from telephony.models.sealing import Sealer
from telephony.services.identity import Identity
from telephony.settings import Settings
from telephony.wakeups import Wakeups

if TYPE_CHECKING:
    from telephony.providers.registry import Providers
    from telephony.providers.supabase import KeySet, TokenVerifier
    from telephony.services.administration import Administration
    from telephony.services.integration import Integration
    from telephony.services.provider_accounts import ProviderAccounts
    from telephony.services.provisioning import Provisioning
    from telephony.services.saga import Saga
    from telephony.services.worker import Worker


class Container:
    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        base.connect(settings.region, settings.table_prefix)

    @cached_property
    def sealer(self) -> Sealer:
        return Sealer(self.settings.region, self.settings.kms_key_id)

    @cached_property
    def wakeups(self) -> Wakeups:
        return Wakeups(self.settings.region, self.settings.wakeups_queue_url, self.settings.stage)

    @cached_property
    def providers(self) -> Providers:
        from telephony.providers.registry import Providers

        return Providers(self.settings)

    @cached_property
    def identity(self) -> Identity:
        return Identity(self._token_verifier)

    def _token_verifier(self) -> TokenVerifier:
        """Made anew for each token, so that a rotated secret counts once the cached one has run out."""
        from telephony.providers.supabase import HMAC, TokenVerifier

        settings = self.settings
        secrets = platform_secrets.read(settings.platform_secret_id) if HMAC in settings.supabase_jwt_algorithms else {}
        return TokenVerifier(
            settings.supabase_jwt_algorithms,
            [secrets.get("supabase_jwt_secret", ""), secrets.get("supabase_jwt_secret_previous", "")],
            self._key_set,
            settings.supabase_issuer or None,
        )

    @cached_property
    def _key_set(self) -> KeySet | None:
        from telephony.providers.supabase import KeySet

        return KeySet(self.settings.supabase_jwks_url) if self.settings.supabase_jwks_url else None

    @cached_property
    def saga(self) -> Saga:
        from telephony.services.saga import Saga

        return Saga(self.wakeups)

    @cached_property
    def provisioning(self) -> Provisioning:
        from telephony.services.provisioning import Provisioning

        return Provisioning(self.settings, self.sealer, self.providers, self.saga)

    @cached_property
    def integration(self) -> Integration:
        from telephony.services.integration import Integration

        return Integration(self.sealer)

    @cached_property
    def administration(self) -> Administration:
        from telephony.services.administration import Administration

        return Administration(self.sealer)

    @cached_property
    def provider_accounts(self) -> ProviderAccounts:
        from telephony.services.provider_accounts import ProviderAccounts

        return ProviderAccounts(self.sealer, self.providers)

    @cached_property
    def worker(self) -> Worker:
        from telephony.services.worker import Worker

        workflows = (self.provisioning.provision_workflow, self.provisioning.deprovision_workflow)
        return Worker(self.saga, self.wakeups, self.settings.stage, {workflow.kind: workflow for workflow in workflows})


@cache
def container() -> Container:
    """The process's container, from the environment."""
    return Container(Settings.from_environment())
