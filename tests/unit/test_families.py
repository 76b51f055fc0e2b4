"""What success and failure look like on the wire of each of the four APIs."""

from __future__ import annotations

import pytest
from telephony.api.families import (
    CONFIGURATIONS,
    INTEGRATION,
    NUMBERS,
    PROVIDERS,
    PROVISIONING,
    Family,
    failure,
    family_of,
)
from telephony.errors import ConfigurationMissing, InvalidRequest, ProviderUnavailable, StorageUnavailable

PATHS = [
    ("/provision-telephony", PROVISIONING),
    ("/deprovision-telephony", PROVISIONING),
    ("/get-integration-status", INTEGRATION),
    ("/import-telnyx-to-ultravox", INTEGRATION),
    ("/verify-telephony-config", INTEGRATION),
    ("/repair-telephony-config", INTEGRATION),
    ("/store-telnyx-credentials", INTEGRATION),
    ("/save-ultravox-integration", INTEGRATION),
    ("/phone-numbers/purchase", NUMBERS),
    ("/assistants/7", NUMBERS),
    ("/operations", NUMBERS),
    ("/audit-events", NUMBERS),
    ("/health", NUMBERS),
    ("/phone-configurations", CONFIGURATIONS),
    ("/phone-configurations/by-phone-number/+1", CONFIGURATIONS),
    ("/providers", PROVIDERS),
    ("/provider-configurations/7", PROVIDERS),
    ("/providers-configurations", PROVIDERS),
    ("/unknown", NUMBERS),
    ("/", NUMBERS),
    ("", NUMBERS),
]


@pytest.mark.parametrize(("path", "family"), PATHS)
def test_the_first_segment_chooses_the_family(path: str, family: Family) -> None:
    assert family_of(path) is family


BAD = InvalidRequest("name: is required", errors=[{"field": "name", "message": "is required"}], fix="Send a name.")
OURS = {
    "code": "invalid_request",
    "request_id": "r1",
    "retryable": False,
    "fix": "Send a name.",
    "errors": [{"field": "name", "message": "is required"}],
}


def test_integration_failures() -> None:
    assert failure(INTEGRATION, BAD, "r1") == (400, {"success": False, "error": "name: is required", **OURS})


def test_numbers_failures() -> None:
    assert failure(NUMBERS, BAD, "r1") == (400, {"detail": "name: is required", **OURS})


def test_configurations_failures() -> None:
    status, body = failure(CONFIGURATIONS, BAD, "r1")
    assert status == 400
    assert body["success"] is False
    assert body["error"] == {"message": "name: is required", **OURS}
    assert isinstance(body["metadata"].pop("timestamp"), int)
    assert body["metadata"] == {"version": "v1"}


def test_providers_failures() -> None:
    assert failure(PROVIDERS, BAD, "r1") == (400, {"status_code": 400, "message": "name: is required", **OURS})


@pytest.mark.parametrize("family", [INTEGRATION, PROVISIONING, NUMBERS, CONFIGURATIONS, PROVIDERS])
def test_a_carriers_failure_is_502_where_it_is_asked_directly_and_500_elsewhere(family: Family) -> None:
    error = ProviderUnavailable("Telnyx did not answer", provider="telnyx", operation="list", provider_code="10007")
    status, body = failure(family, error, "r1")
    assert status == (502 if family in (INTEGRATION, PROVIDERS) else 500)
    told = body["error"] if family is CONFIGURATIONS else body
    assert (told["provider"], told["provider_code"], told["retryable"]) == ("telnyx", "10007", True)


def test_missing_keys_and_statuses_of_their_own_are_kept() -> None:
    status, body = failure(INTEGRATION, ConfigurationMissing("No keys", ["telnyx_api_key"]), "r1")
    assert (status, body["missing"]) == (400, ["telnyx_api_key"])
    assert failure(PROVIDERS, StorageUnavailable("No table"), "r1")[1]["status_code"] == 503
