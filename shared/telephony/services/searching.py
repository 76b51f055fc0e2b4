"""What numbers are for sale at an agency's carrier."""

from __future__ import annotations

from telephony.clock import Deadline
from telephony.models import provider_configurations
from telephony.services.accounts import Accounts
from telephony.values import AvailableNumber, Principal, ProviderType, SearchCriteria


class Searching:
    def __init__(self, accounts: Accounts) -> None:
        self._accounts = accounts

    def search(
        self, principal: Principal, provider: ProviderType, criteria: SearchCriteria, deadline: Deadline
    ) -> list[AvailableNumber]:
        """Never wider than asked for.

        Raises `InvalidRequest` (`provider_not_configured`, …, `not_supported`), and what the carrier says.
        """
        configurations = provider_configurations.of_agency(principal.agency_id)
        client = self._accounts.client(self._accounts.open(self._accounts.choose(configurations, provider)), deadline)
        return client.search(criteria)
