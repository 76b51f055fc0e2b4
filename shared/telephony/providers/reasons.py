"""Why a carrier says no, in our words, and what the caller can do about it.

The sentences are those of the troubleshooting tables of the published purchase API.
"""

from __future__ import annotations

FIXES = {
    "number_unavailable": "Search for new numbers.",
    "insufficient_balance": "Add funds to provider account.",
    "invalid_provider_credentials": "Check provider credentials.",
    "assistant_not_found": "Verify assistant exists.",
    "trial_limit": "Ensure account is verified for international numbers.",
    "geographic_permission_missing": "Check geographic permissions for certain area codes.",
    "connection_invalid": "Verify connection ID is correct.",
    "account_restricted": "Ensure account has number purchasing enabled.",
    "regulatory_requirements_missing": "Check provider account status.",
    "provider_error": "Contact provider support for account-specific issues.",
}
