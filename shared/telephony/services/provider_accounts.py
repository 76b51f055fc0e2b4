"""Storing an agency's carrier credentials: checked at the carrier first, sealed, one record per provider and name."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydantic import SecretStr

from telephony import clock
from telephony.clock import Deadline
from telephony.errors import InvalidRequest, NotFound
from telephony.models import agencies, audit_events, provider_configurations
from telephony.models.base import commit
from telephony.models.provider_configurations import ProviderConfiguration
from telephony.models.sealing import Sealer
from telephony.providers.registry import Providers
from telephony.values import ProviderType

DEFAULT_NAME = "default"
SECRET_FIELDS = ("api_key", "api_secret", "signing_key")


class ProviderAccounts:
    def __init__(self, sealer: Sealer, providers: Providers) -> None:
        self._sealer = sealer
        self._providers = providers

    def store(
        self,
        agency_id: str,
        provider: ProviderType,
        secrets: Mapping[str, str],
        *,
        actor: str,
        deadline: Deadline,
        meta: Mapping[str, str] | None = None,
        base_url: str | None = None,
        name: str = DEFAULT_NAME,
        validate: bool = True,
    ) -> ProviderConfiguration:
        """Creates or updates the configuration of that provider and name, and makes it the provider's default.

        Raises `InvalidRequest` for an unknown secret, none, or one that no header can carry, `NotFound` without the
        agency, and what the carrier says of the credentials (nothing is saved then).
        """
        if not secrets.get("api_key") or set(secrets) - set(SECRET_FIELDS):
            raise InvalidRequest.field("api_key", f"is required; secrets are: {', '.join(SECRET_FIELDS)}")
        for field, secret in secrets.items():
            if not (secret.isascii() and secret.isprintable()) or " " in secret:
                raise InvalidRequest.field(field, "must be ASCII, without spaces or control characters")
        agency = agencies.find(agency_id)
        if agency is None:
            raise NotFound("Agency not found", code="agency_not_found")
        if validate:
            self._check(provider, secrets, deadline)
        existing = [each for each in provider_configurations.of_agency(agency_id) if each.provider == provider]
        now = clock.now_ms()
        same = next((each for each in existing if each.name == name), None)
        configuration = same or ProviderConfiguration(
            agency_id,
            int(agency.last_configuration_id) + 1,
            provider=provider.value,
            name=name,
            is_default=not any(each.is_default for each in existing),
            created_at=now,
            updated_at=now,
        )
        configuration.meta = {**configuration.meta, **(meta or {})}
        configuration.base_url = base_url or configuration.base_url
        configuration.hold(self._sealer, secrets)
        configuration.validated_at = now if validate else None
        writes = [provider_configurations.replace(same)] if same else provider_configurations.create(configuration)
        commit(
            *writes,
            audit_events.record(
                agency_id,
                "provider_configuration.stored",
                actor,
                configuration.record,
                provider=provider.value,
                secrets=sorted(secrets),
                validated=validate,
            ),
        )
        return configuration

    def _check(self, provider: ProviderType, secrets: Mapping[str, Any], deadline: Deadline) -> None:
        key = SecretStr(secrets["api_key"])
        if provider is ProviderType.TELNYX:
            self._providers.telnyx(key, deadline).check()
        elif provider is ProviderType.ULTRAVOX:
            self._providers.ultravox(key, deadline).check()
        else:
            raise InvalidRequest(f"{provider.title()} credentials can't be checked yet; store them unchecked")
