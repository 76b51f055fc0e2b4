"""Redaction of what carriers write, and metrics."""

from __future__ import annotations

import json

import pytest
from telephony.observability import emit_metrics, redact

SECRETS = {
    "our API token": "tpk_Zx-9_0aBcDeFgHiJkLmNoPqRsTuVwXyZ0123456789A",
    "Telnyx key": "KEY0192ABCDEF5D7C4F0E9A3B1C2D4E6F_AbCdEfGhIjKlMnOpQrStUv",
    "Ultravox key": "Ab12Cd34.0123456789abcdefghijklmnopqrstuv",
    "JWT": "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2lnbmF0dXJl",
    "Twilio auth token": "d3d3d3d3d3d3d3d3d3d3d3d3d3d3d3d3",
    "SignalWire token": "PT" + "0123456789abcdef" * 3,
    "SignalWire signing key": "PSK_0123456789abcdefXYZ",
    "webhook secret": "q-_1J9KkqGk3L4v9cYdZ0w1x2y3z4A5B6C7D8E9F0g1",
}


@pytest.mark.parametrize("kind", SECRETS)
def test_credentials_are_blotted_out_of_a_sentence(kind: str) -> None:
    secret = SECRETS[kind]
    shown = f"https://a.example.com/api/v1/telnyx-webhook/6f1c/{secret}" if kind == "webhook secret" else secret
    for sentence in (f"The key {shown} is bad.", f"({shown})", f'"{shown}": refused', shown):
        assert secret not in redact(sentence)
        assert "[redacted]" in redact(sentence)


@pytest.mark.parametrize(
    "sentence",
    [
        "Resource not found: The requested resource 1293384261075731499 could not be found.",
        "concurrent_call_limit must not be more than 10",
        "applicationSid: Ensure this field has no more than 40 characters.",
        "See https://developers.telnyx.com/docs/overview/errors/10009",
    ],
)
def test_plain_sentences_stay(sentence: str) -> None:
    assert redact(sentence) == sentence


def test_metrics_are_one_line_in_the_embedded_format(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TABLE_PREFIX", "telephony-eu-")
    emit_metrics(OldestDueSeconds=3.5, OperationsWoken=2)

    [line] = capsys.readouterr().out.splitlines()
    record = json.loads(line)
    [directive] = record["_aws"]["CloudWatchMetrics"]
    assert directive["Namespace"] == "Telephony"
    assert directive["Dimensions"] == [["service", "stack"]]
    assert {each["Name"] for each in directive["Metrics"]} == {"OldestDueSeconds", "OperationsWoken"}
    assert (record["OldestDueSeconds"], record["OperationsWoken"]) == (3.5, 2)
    assert (record["service"], record["stack"]) == ("telephony", "telephony-eu")
