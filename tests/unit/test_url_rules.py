"""base_url and sip_url: the provider's own hosts over TLS, and nothing that could point our calls elsewhere."""

from __future__ import annotations

import pytest
from telephony.errors import InvalidRequest
from telephony.services import catalogue
from telephony.values import ProviderType

SIGNALWIRE = catalogue.by_type(ProviderType.SIGNALWIRE)

ELSEWHERE = [
    "https://169.254.169.254",
    "https://169.254.169.254/latest/meta-data/",
    "https://localhost",
    "https://localhost.signalwire.com.localhost",
    "https://127.0.0.1",
    "https://2130706433",
    "https://0x7f000001",
    "https://[::1]",
    "https://[::ffff:169.254.169.254]",
    "https://10.0.0.1.nip.io",
    "https://169.254.169.254.nip.io",
    "https://metadata.google.internal",
    "http://demo.signalwire.com",
    "ftp://demo.signalwire.com",
    "//demo.signalwire.com",
    "demo.signalwire.com",
    "sips:demo.signalwire.com",
    "https://demo.signalwire.com:8443",
    "https://demo.signalwire.com:443",
    "https://user@demo.signalwire.com",
    "https://user:password@demo.signalwire.com",
    "https://demo.signalwire.com@evil.example.com",
    "https://demo.signalwire.com.evil.example.com",
    "https://evil.example.com/demo.signalwire.com",
    "https://evil.example.com#.signalwire.com",
    "https://evil.example.com?.signalwire.com",
    "https://evil.example.com\\.signalwire.com",
    "https://demosignalwire.com",
    "https://signalwire.com",
    "https://.signalwire.com",
    "https://-demo.signalwire.com",
    "https://a.b.signalwire.com",
    "https://demo.signalwire.co",
    "https://demo.signalwire.com.",
    "https://api.twilio.com",
    "https://api.telnyx.com",
    "https://demo.sígnalwire.com",
    "https://demo.signa\u217cwire.com",  # a Roman numeral fifty
    "https://demo.xn--sgnalwire-c5a.com",
    "https://dem\u043e.signalwire.com",  # a Cyrillic o
    "https://\uff44emo.signalwire.com",  # a full-width d
    "https://demo\u3002signalwire.com",  # an ideographic full stop
    "https://demo%2esignalwire.com",
    "https://demo.signalwire.com/api",
    "https://demo.signalwire.com/../",
    "https://demo.signalwire.com?x=1",
    "https://demo.signalwire.com#x",
    "https://demo.signalwire.com\n",
    "https://demo.signalwire.com\r\nHost: evil.example.com",
    " https://demo.signalwire.com",
    "https://demo.signalwire.com ",
    "https://de mo.signalwire.com",
    "https://demo\x00.signalwire.com",
    "javascript:alert(1)",
    "",
]


@pytest.mark.parametrize("url", ELSEWHERE)
def test_no_base_url_points_elsewhere(url: str) -> None:
    with pytest.raises(InvalidRequest) as refused:
        catalogue.base_url(SIGNALWIRE, url)
    assert refused.value.code == "invalid_url"
    assert refused.value.details["errors"][0]["field"] == "base_url"


@pytest.mark.parametrize(
    ("provider", "url", "kept"),
    [
        ("signalwire", "https://demo.signalwire.com", "https://demo.signalwire.com"),
        ("signalwire", "https://demo.signalwire.com/", "https://demo.signalwire.com"),
        ("signalwire", "HTTPS://Demo-2.SignalWire.COM", "https://demo-2.signalwire.com"),
        ("telnyx", "https://api.telnyx.com/v2", "https://api.telnyx.com/v2"),
        ("twilio", "https://api.twilio.com", "https://api.twilio.com"),
        ("ultravox", "https://api.ultravox.ai/", "https://api.ultravox.ai"),
    ],
)
def test_a_providers_own_base_url_is_kept(provider: str, url: str, kept: str) -> None:
    assert catalogue.base_url(catalogue.by_type(provider), url) == kept


@pytest.mark.parametrize("provider", [each.type for each in catalogue.PROVIDERS])
@pytest.mark.parametrize("url", [each.base_url_example.replace("{space}", "demo") for each in catalogue.PROVIDERS])
def test_each_provider_takes_its_own_and_no_others(provider: ProviderType, url: str) -> None:
    own = catalogue.by_type(provider)
    if url == own.base_url_example.replace("{space}", "demo"):
        assert catalogue.base_url(own, url) == url
    else:
        with pytest.raises(InvalidRequest):
            catalogue.base_url(own, url)


@pytest.mark.parametrize(
    ("provider", "url"),
    [
        ("telnyx", "sips:sip.telnyx.com"),
        ("signalwire", "sips:acme.sip.signalwire.com"),
        ("signalwire", "sips://acme-1234.dapp.signalwire.com"),
        ("twilio", "sips:acme.sip.twilio.com"),
        ("twilio", "sips:acme.pstn.twilio.com"),
        ("ultravox", "sips:0f0e.sip.ultravox.ai"),
    ],
)
def test_a_providers_own_sip_url_is_kept(provider: str, url: str) -> None:
    assert catalogue.sip_url(catalogue.by_type(provider), url) == url


@pytest.mark.parametrize("provider", [each.type for each in catalogue.PROVIDERS])
@pytest.mark.parametrize(
    "url",
    [
        "sip:sip.telnyx.com",
        "https://sip.telnyx.com",
        "sips:10.0.0.1",
        "sips:localhost",
        "sips:user@sip.telnyx.com",
        "sips:sip.telnyx.com:5061",
        "sips:sip.telnyx.com;transport=tls",
        "sips:sip.telnyx.com.evil.example.com",
        "sips:evilsip.telnyx.com",
        "sips:acme.sip.twilio.com.evil.example.com",
        "sips:acmesip.twilio.com",
        "sips:signalwire.com",
        "sips:0f0e.sip.ultravox.ai\n",
        "sips:",
        "",
    ],
)
def test_no_sip_url_points_elsewhere(provider: ProviderType, url: str) -> None:
    with pytest.raises(InvalidRequest) as refused:
        catalogue.sip_url(catalogue.by_type(provider), url)
    assert refused.value.details["errors"][0]["field"] == "sip_url"


@pytest.mark.parametrize("provider_id", [0, -1, 5, 2**63])
def test_an_unknown_provider_is_the_callers_mistake(provider_id: int) -> None:
    with pytest.raises(InvalidRequest) as refused:
        catalogue.by_id(provider_id)
    assert refused.value.code == "unknown_provider"
