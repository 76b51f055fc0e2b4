"""Answers that drip: each byte comes in time, and the whole never does. Read from real sockets, plain and with TLS."""

from __future__ import annotations

import contextlib
import datetime
import ipaddress
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import requests
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from telephony.clock import Deadline
from telephony.errors import OutcomeUnknown, ProviderRejected, ProviderUnavailable, TelephonyError
from telephony.providers import connections
from telephony.providers.transport import MARGIN_SECONDS, Answer, Call, Repeat, Transport
from telephony.values import ProviderType

PAUSE = 0.05
"""Seconds between two bytes: far below every time limit."""

STATUS = b"HTTP/1.1 200 OK\r\n"
HEADERS = b"Content-Type: application/json\r\nX-Filler: " + b"a" * 300 + b"\r\nContent-Length: 302\r\n\r\n"
BODY = b'"' + b"b" * 300 + b'"'
WHOLE = STATUS + HEADERS + BODY


class Dripping:
    """A server that answers each connection's first request: all but the last `slow` bytes at once, then one by one."""

    def __init__(self, slow: int, context: ssl.SSLContext | None = None) -> None:
        self._slow, self._context = slow, context
        self._listening = socket.create_server(("127.0.0.1", 0))
        scheme = "https" if context else "http"
        self.url = f"{scheme}://127.0.0.1:{self._listening.getsockname()[1]}/"
        self.sent: list[int] = []
        """How many bytes of its answer each connection took before it ended."""
        self._thread = threading.Thread(target=self._serve)
        self._thread.start()

    def end(self) -> list[int]:
        """What was sent, once the connections under way have ended."""
        with contextlib.suppress(OSError):  # it has ended already
            self._listening.shutdown(socket.SHUT_RDWR)
        self._thread.join()
        self._listening.close()
        return self.sent

    def _serve(self) -> None:
        while True:
            try:
                accepted, _ = self._listening.accept()
            except OSError:
                return  # no longer listening
            with self._context.wrap_socket(accepted, server_side=True) if self._context else accepted as connection:
                connection.recv(65536)
                self.sent.append(self._drip(connection))

    def _drip(self, connection: socket.socket) -> int:
        at_once = len(WHOLE) - self._slow
        try:
            connection.sendall(WHOLE[:at_once])
            for position in range(at_once, len(WHOLE)):
                time.sleep(PAUSE)
                connection.sendall(WHOLE[position : position + 1])
        except OSError:
            return position
        return len(WHOLE)


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A key and a certificate for 127.0.0.1 in one file."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "127.0.0.1")])
    now = datetime.datetime.now(datetime.UTC)
    made = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), False)
        .sign(key, hashes.SHA256())
    )
    file = tmp_path_factory.mktemp("certificate") / "server.pem"
    plain = serialization.NoEncryption()
    pem = serialization.Encoding.PEM
    file.write_bytes(
        key.private_bytes(pem, serialization.PrivateFormat.PKCS8, plain) + made.public_bytes(serialization.Encoding.PEM)
    )
    return file


@pytest.fixture
def dripping(certificate: Path) -> Iterator[Callable[..., Dripping]]:
    made: list[Dripping] = []

    def start(slow: int, scheme: str = "http") -> Dripping:
        context = None
        if scheme == "https":
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(certificate)
        made.append(Dripping(slow, context))
        return made[-1]

    yield start
    for server in made:
        server.end()


DRIPS = {"body": len(BODY), "headers": len(HEADERS + BODY), "status line": len(WHOLE) - 1}


@pytest.mark.parametrize("slow", DRIPS.values(), ids=DRIPS)
@pytest.mark.parametrize("scheme", ["http", "https"])
def test_an_answer_is_read_for_no_longer_than_was_said(
    dripping: Callable[..., Dripping], certificate: Path, scheme: str, slow: int
) -> None:
    server = dripping(slow, scheme)
    with connections.session() as session, pytest.raises(requests.RequestException) as failed:
        session.get(server.url, timeout=(3, 0.5), verify=str(certificate))
    assert "took too long" in str(failed.value) or "timed out" in str(failed.value)
    [sent] = server.end()
    assert sent < len(WHOLE)


def refused(call: Call, answer: Answer) -> TelephonyError:
    return ProviderRejected("no", provider="telnyx", operation=call.operation, status=answer.status)


@pytest.mark.parametrize("slow", DRIPS.values(), ids=DRIPS)
@pytest.mark.parametrize(
    ("method", "repeat", "expected"),
    [("GET", Repeat.SAFE, ProviderUnavailable), ("POST", Repeat.NEVER, OutcomeUnknown)],
)
def test_a_carrier_that_drips_is_not_waited_for_past_the_functions_time(
    dripping: Callable[..., Dripping], method: str, repeat: Repeat, expected: type[TelephonyError], slow: int
) -> None:
    # given a carrier whose answer would take many times what there is
    server = dripping(slow)
    deadline = Deadline.after(MARGIN_SECONDS + 1.2)
    # when it is asked
    with pytest.raises(expected):
        Transport(ProviderType.TELNYX).send(
            Call("ask", method, server.url, repeat), deadline=deadline, read=dict, refused=refused
        )
    # then it is given up long before it is through
    [sent] = server.end()
    assert sent < len(WHOLE)
