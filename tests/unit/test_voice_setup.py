"""The wanted application and profile, what a PATCH must hold to reach them, and which existing ones are ours."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, cast

import pytest
from telephony.errors import ProviderRejected
from telephony.providers.telnyx import Application, OutboundProfile, Telnyx
from telephony.services.voice_setup import VoiceSetup, find_application, find_profile, require_application
from telephony.settings import Settings

AGENCY = "6f1c2d3e-0000-4000-8000-000000000001"
URL = f"https://telephony.example.com/api/v1/telnyx-webhook/{AGENCY}/secret"
SETUP = VoiceSetup(Settings.from_environment({"TABLE_PREFIX": "test-"}), AGENCY, "Acme", URL)


def application(id: str = "1", *, profile: str | None = None, **differing: Any) -> Application:
    """As Telnyx shows it: the wanted settings, defaults beside them, and `differing`."""
    outbound = {"channel_limit": 100, "outbound_voice_profile_id": profile, "instant_ringback_enabled": None}
    settings = SETUP.application() | {
        "id": id,
        "webhook_timeout_secs": None,
        "anchorsite_override": "Latency",
        "inbound": {"channel_limit": 100, "shaken_stir_enabled": True, "sip_subdomain": None},
        "outbound": outbound,
        "created_at": "2026-01-01T00:00:00Z",
    }
    settings |= differing
    return Application(id, settings["application_name"], settings["webhook_event_url"], profile, settings)


def profile(id: str = "9", **differing: Any) -> OutboundProfile:
    settings = SETUP.profile() | {"id": id, "daily_spend_limit": None, "created_at": "2026-01-01T00:00:00Z"} | differing
    return OutboundProfile(id, settings["name"], tuple(settings["tags"] or ()), settings)


class Account:
    """What the look-ups ask of Telnyx, answered from lists; `asked` are the ids that were read."""

    def __init__(self, *found: Application | OutboundProfile) -> None:
        self._applications = [each for each in found if isinstance(each, Application)]
        self._profiles = [each for each in found if isinstance(each, OutboundProfile)]
        self.asked: list[str] = []

    def application(self, id: str) -> Application | None:
        self.asked.append(id)
        return next((each for each in self._applications if each.id == id), None)

    def applications(self) -> Iterator[Application]:
        return iter(self._applications)

    def outbound_profile(self, id: str) -> OutboundProfile | None:
        self.asked.append(id)
        return next((each for each in self._profiles if each.id == id), None)

    def outbound_profiles(self, beginning: str) -> Iterator[OutboundProfile]:
        return (each for each in self._profiles if each.name.startswith(beginning))


def account(*found: Application | OutboundProfile) -> Telnyx:
    return cast(Telnyx, Account(*found))


# What is wanted


def test_the_application_has_the_settings_of_the_published_function() -> None:
    assert SETUP.application() == {
        "application_name": "Virsyn - Acme",
        "webhook_event_url": URL,
        "webhook_api_version": "2",
        "active": True,
        "dtmf_type": "RFC 2833",
        "first_command_timeout": True,
        "first_command_timeout_secs": 30,
        "inbound": {"channel_limit": 100, "shaken_stir_enabled": True},
        "outbound": {"channel_limit": 100},
    }


def test_the_profile_has_the_settings_of_the_published_function() -> None:
    assert SETUP.profile() == {
        "name": "Virsyn Outbound - Acme",
        "traffic_type": "conversational",
        "service_plan": "global",
        "concurrent_call_limit": 100,
        "enabled": True,
        "whitelisted_destinations": ["US", "CA", "GB", "AU", "NZ", "IE"],
        "tags": [AGENCY],
    }


# What a PATCH holds


def test_what_is_right_is_left_alone() -> None:
    assert SETUP.application_changes(application()) == {}
    assert SETUP.application_changes(application(profile="9")) == {}
    assert SETUP.profile_changes(profile()) == {}


@pytest.mark.parametrize(
    ("name", "there"),
    [
        ("application_name", "Virsyn - Old name"),
        ("webhook_event_url", "https://old.example.com/"),
        ("webhook_api_version", "1"),
        ("active", False),
        ("dtmf_type", "Inband"),
        ("first_command_timeout", False),
        ("first_command_timeout_secs", 10),
    ],
)
def test_a_differing_setting_is_patched_with_name_and_url(name: str, there: Any) -> None:
    changes = SETUP.application_changes(application(**{name: there}))
    wanted = SETUP.application()
    assert changes == {key: wanted[key] for key in {name, "application_name", "webhook_event_url"}}


@pytest.mark.parametrize("there", [None, {}, {"channel_limit": 10, "shaken_stir_enabled": True}])
def test_inbound_is_sent_whole(there: Any) -> None:
    changes = SETUP.application_changes(application(inbound=there))
    assert changes["inbound"] == {"channel_limit": 100, "shaken_stir_enabled": True}


def test_a_sip_subdomain_of_theirs_survives() -> None:
    there = {"channel_limit": 10, "shaken_stir_enabled": True, "sip_subdomain": "acme", "simultaneous_ringing": None}
    changes = SETUP.application_changes(application(inbound=there))
    assert changes["inbound"] == {"channel_limit": 100, "shaken_stir_enabled": True, "sip_subdomain": "acme"}


def test_the_association_survives_a_change_of_the_outbound_limit() -> None:
    # given an application with its profile, and a wrong limit
    there = {"channel_limit": 10, "outbound_voice_profile_id": "9"}
    # when it is patched, then the profile stays, whether Telnyx merges nested objects or replaces them
    changes = SETUP.application_changes(application(profile="9", outbound=there))
    assert changes["outbound"] == {"channel_limit": 100, "outbound_voice_profile_id": "9"}


def test_the_association_is_a_patch_of_the_whole_outbound_object() -> None:
    assert SETUP.association(application(), "9") == {
        "application_name": "Virsyn - Acme",
        "webhook_event_url": URL,
        "outbound": {"channel_limit": 100, "outbound_voice_profile_id": "9"},
    }
    assert SETUP.association(application(profile="9"), "9") == {}
    assert SETUP.association(application(profile="8"), "9")["outbound"]["outbound_voice_profile_id"] == "9"


def test_a_differing_profile_setting_is_patched_with_the_name() -> None:
    assert SETUP.profile_changes(profile(concurrent_call_limit=5)) == {
        "name": "Virsyn Outbound - Acme",
        "concurrent_call_limit": 100,
    }
    assert SETUP.profile_changes(profile(enabled=False)) == {"name": "Virsyn Outbound - Acme", "enabled": True}


def test_tags_of_others_are_kept_in_any_order() -> None:
    assert SETUP.profile_changes(profile(tags=[AGENCY, "a tag"])) == {}
    assert SETUP.profile_changes(profile(tags=["a tag", AGENCY])) == {}
    assert set(SETUP.profile_changes(profile(tags=["a tag"]))["tags"]) == {"a tag", AGENCY}


# Which are ours


def test_the_stored_application_comes_first() -> None:
    telnyx = account(application("1"), application("2", application_name="Renamed", webhook_event_url="https://x.com"))
    found = find_application(telnyx, AGENCY, "2")
    assert found is not None
    assert found.id == "2"


@pytest.mark.parametrize("stored", [None, "gone"])
@pytest.mark.parametrize(
    "url",
    [
        URL,
        f"https://old.example.com/api/v1/telnyx-webhook/{AGENCY}/another-secret",
        f"https://abc.supabase.co/functions/v1/telnyx-webhook/{AGENCY}/s",
    ],
)
def test_a_webhook_with_the_agencys_id_tells_its_application(stored: str | None, url: str) -> None:
    mine = application("2", application_name="Whatever", webhook_event_url=url)
    other = application("1", webhook_event_url=URL.replace(AGENCY, "another-agency"))
    assert find_application(account(other, mine), AGENCY, stored) is mine


@pytest.mark.parametrize(
    "url", ["", f"https://x.com/telnyx-webhook/{AGENCY}", f"https://x.com/{AGENCY}/", f"{URL[:-8]}0/secret"]
)
def test_other_webhooks_do_not(url: str) -> None:
    assert find_application(account(application("1", webhook_event_url=url)), AGENCY, None) is None


def test_of_several_applications_the_oldest_is_ours() -> None:
    newer = application("1", created_at="2026-02-02T00:00:00Z")
    older = application("2", created_at="2026-01-01T00:00:00Z")
    assert find_application(account(newer, older), AGENCY, None) is older


def test_the_applications_own_profile_comes_before_the_stored_one() -> None:
    telnyx = account(profile("8"), profile("9"), profile("7"))
    found = find_profile(telnyx, SETUP, application(profile="9"), "8")
    assert found is not None
    assert found.id == "9"


def test_a_stored_profile_is_found_under_any_name() -> None:
    renamed = profile("8", name="Renamed", tags=[])
    assert find_profile(account(renamed), SETUP, application(profile="gone"), "8") is renamed


def test_a_profile_that_is_both_is_read_once() -> None:
    telnyx = Account()
    assert find_profile(cast(Telnyx, telnyx), SETUP, application(profile="9"), "9") is None
    assert telnyx.asked == ["9"]


def test_by_name_a_profile_is_ours_only_with_our_tag() -> None:
    # given two of the same name, one of which is another agency's
    theirs, ours = profile("7", tags=["another-agency"]), profile("8")
    assert find_profile(account(theirs, ours), SETUP, None, None) is ours
    assert find_profile(account(theirs), SETUP, None, None) is None


def test_a_profile_of_ours_under_an_earlier_name_is_still_ours() -> None:
    earlier = profile("7", name="Virsyn Outbound - Earlier name")
    theirs = profile("6", name="Virsyn Outbound - Acme", tags=["another-agency"])
    assert find_profile(account(theirs, earlier), SETUP, None, None) is earlier


def test_of_several_profiles_the_one_of_the_wanted_name_is_ours_then_the_oldest() -> None:
    oldest = profile("6", name="Virsyn Outbound - A", created_at="2025-01-01T00:00:00Z")
    newer = profile("7", name="Virsyn Outbound - B", created_at="2025-06-01T00:00:00Z")
    exact = profile("8")
    assert find_profile(account(newer, oldest, exact), SETUP, None, None) is exact
    assert find_profile(account(newer, oldest), SETUP, None, None) is oldest


def test_a_tagged_profile_under_a_name_of_its_owners_is_left_alone() -> None:
    assert find_profile(account(profile("7", name="Backup")), SETUP, None, None) is None


def test_an_application_deleted_in_the_middle_is_said_so() -> None:
    with pytest.raises(ProviderRejected) as refused:
        require_application(account(), "1")
    assert refused.value.code == "telnyx_application_missing"
    assert "force" in (refused.value.fix or "")
