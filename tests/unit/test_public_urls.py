"""URLs that a carrier may be told to call: public ones, in whatever way an inner one is written."""

from __future__ import annotations

import socket
from typing import Any

import pytest
from telephony.errors import InvalidRequest
from telephony.services import public_urls


@pytest.fixture(autouse=True)
def names(monkeypatch: pytest.MonkeyPatch) -> dict[str, list[str]]:
    """What names resolve to; any other doesn't."""
    known = {"hooks.example.com": ["93.184.216.34", "2606:2800:220:1:248:1893:25c8:1946", "64:ff9b::5db8:d822"]}

    def resolve(host: str, *_: Any, **__: Any) -> list[Any]:
        if host not in known:
            raise socket.gaierror(socket.EAI_NONAME, "unknown")
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, 443)) for address in known[host]]

    monkeypatch.setattr(socket, "getaddrinfo", resolve)
    return known


@pytest.mark.parametrize(
    "url",
    [
        "https://hooks.example.com/voice?a=b",
        "https://hooks.example.com:443/voice",
        "https://unknown.example.com",
        "https://xn--bcher-kva.example.com/",
    ],
)
def test_a_public_url_is_kept_as_it_is(url: str) -> None:
    assert public_urls.check("voice_webhook_url", url) == url


@pytest.mark.parametrize(
    "url",
    [
        "http://hooks.example.com/voice",
        "https://127.0.0.1/voice",
        "https://10.1.2.3/voice",
        "https://93.184.216.34/voice",
        "https://169.254.169.254/latest/meta-data",
        "https://[::1]/voice",
        "https://[fd00:ec2::254]/",
        "https://[::1/voice",
        "https://2130706433/",
        "https://0x7f.1/",
        "https://127.1/",
        "https://0177.0.0.1/",
        "https://localhost/voice",
        "https://localhost./voice",
        "https://api.localhost/voice",
        "https://metadata.google.internal/",
        "https://printer.local/",
        "https://user:secret@hooks.example.com/voice",
        "https://@hooks.example.com/voice",
        "https://hooks.example.com@10.0.0.1/",
        "https://hooks.example.com:8443/voice",
        "https://hooks.example.com:x/voice",
        "https://h\u043e\u043eks.example.com/voice",
        "https://\u2460\u2461\u2466.0.0.1/",
        "https://hooks.example.com/a b",
        "https://hooks.example.com/\n",
        "https://hooks.example.com\\@10.0.0.1/",
        "https://hooks.example.com/#fragment",
        "https://hooks.example.com/" + "a" * 1000,
        "ftp://hooks.example.com/",
        "https:///voice",
        "javascript:alert(1)",
        "https://hooks/",
        "",
    ],
)
def test_anything_else_is_refused(url: str) -> None:
    with pytest.raises(InvalidRequest) as refused:
        public_urls.check("voice_webhook_url", url)

    assert refused.value.code == "invalid_url"
    assert refused.value.details["errors"][0]["field"] == "voice_webhook_url"


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1",
        "10.0.0.7",
        "172.16.0.1",
        "192.168.1.1",
        "169.254.169.254",
        "100.64.0.1",
        "0.0.0.0",
        "::1",
        "fd00:ec2::254",
        "fe80::1%eth0",
        "::ffff:10.0.0.7",
        "64:ff9b::a9fe:a9fe",
        "64:ff9b::10.0.0.7",
        "2002:a9fe:a9fe::1",
        "2001:0:a9fe:a9fe::1",
        "224.0.0.1",
        "239.255.255.250",
        "ff02::1",
        "ff0e::1",
        "fec0::1",
    ],
)
def test_a_name_with_an_inner_address_among_others_is_refused(names: dict[str, list[str]], address: str) -> None:
    names["hooks.example.com"].append(address)

    with pytest.raises(InvalidRequest):
        public_urls.check("voice_webhook_url", "https://hooks.example.com/voice")
