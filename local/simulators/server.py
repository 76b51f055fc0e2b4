"""A threaded HTTP/1.1 server for one simulator.

Werkzeug's own server closes every connection after one answer, so it cannot show whether a client reuses its
connections. This one keeps them open and counts them.
"""

import contextlib
import io
import socket
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self
from urllib.parse import unquote_to_bytes

from werkzeug.test import run_wsgi_app

from local.simulators.base import Simulator


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server: "_HttpServer"

    def do_GET(self) -> None:
        body = _Body(self.rfile, int(self.headers.get("Content-Length") or 0))
        content, status, headers = run_wsgi_app(self.server.application, self._environ(body), buffered=True)
        body.drain()
        self.close_connection = self.close_connection or headers.get("Connection") == "close"
        lines = [f"HTTP/1.1 {status}", *(f"{name}: {value}" for name, value in headers.items())]
        # One write for the head and the body: two would meet Nagle's algorithm and the peer's delayed acknowledgement.
        self.wfile.write("\r\n".join([*lines, "", ""]).encode("latin-1") + b"".join(content))

    do_POST = do_PUT = do_PATCH = do_DELETE = do_GET

    def _environ(self, body: "_Body") -> dict[str, Any]:
        path, _, query = self.path.partition("?")
        environ: dict[str, Any] = {
            "REQUEST_METHOD": self.command,
            "SCRIPT_NAME": "",
            "PATH_INFO": unquote_to_bytes(path).decode("latin-1"),
            "QUERY_STRING": query,
            "SERVER_NAME": self.server.server_address[0],
            "SERVER_PORT": str(self.server.server_address[1]),
            "SERVER_PROTOCOL": "HTTP/1.1",
            "REMOTE_ADDR": self.client_address[0],
            "CONTENT_TYPE": self.headers.get("Content-Type", ""),
            "CONTENT_LENGTH": self.headers.get("Content-Length", ""),
            "wsgi.version": (1, 0),
            "wsgi.url_scheme": "http",
            "wsgi.input": body,
            "wsgi.errors": sys.stderr,
            "wsgi.multithread": True,
            "wsgi.multiprocess": False,
            "wsgi.run_once": False,
        }
        for name, value in self.headers.items():
            key = "HTTP_" + name.upper().replace("-", "_")
            if key not in ("HTTP_CONTENT_TYPE", "HTTP_CONTENT_LENGTH"):
                environ[key] = value
        return environ

    def log_message(self, format: str, *args: Any) -> None:
        """The simulator keeps its own log."""


class _Body(io.RawIOBase):
    """The request's body: ends after Content-Length bytes, so that the next request on the connection stays unread."""

    def __init__(self, stream: Any, length: int) -> None:
        self._stream, self._left = stream, length

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        data = self._stream.read(min(len(buffer), self._left))
        buffer[: len(data)] = data
        self._left = self._left - len(data) if data else 0
        return len(data)

    def drain(self) -> None:
        while self.read(65536):
            pass


class _HttpServer(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False
    request_queue_size = 128

    def __init__(self, application: Simulator, port: int, host: str) -> None:
        self.application = application
        self.accepted = 0
        self._open: set[socket.socket] = set()
        super().__init__((host, port), _Handler)

    def get_request(self) -> tuple[socket.socket, Any]:
        connection, address = super().get_request()
        self.accepted += 1
        self._open.add(connection)
        return connection, address

    def shutdown_request(self, request: Any) -> None:
        self._open.discard(request)
        super().shutdown_request(request)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A connection dropped by order or left by its client is no event. A bug in a simulator is printed with its
        traceback, and its client sees the connection close.
        """
        if not isinstance(sys.exception(), ConnectionError):
            super().handle_error(request, client_address)

    def server_close(self) -> None:
        super().server_close()
        for connection in list(self._open):
            with contextlib.suppress(OSError):  # already closed by its own thread
                connection.shutdown(socket.SHUT_RDWR)


class Server[S: Simulator = Any]:
    """A simulator being served: `url` (no trailing slash), `base_url` (with the API's base path, e.g. /v2: what a
    client is configured with), `connections` (TCP connections accepted so far), `close()`. Usable in a `with`
    statement.
    """

    def __init__(self, simulator: S, port: int, host: str = "127.0.0.1") -> None:
        self.simulator = simulator
        self._http = _HttpServer(simulator, port, host)
        self.url = f"http://{host}:{self._http.server_address[1]}"
        self.base_url = self.url + simulator.base_path
        self._thread = threading.Thread(target=self._http.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
        self._thread.start()

    @property
    def connections(self) -> int:
        return self._http.accepted

    def close(self) -> None:
        self._http.shutdown()
        self._http.server_close()
        self._thread.join()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def serve[S: Simulator](simulator: S, port: int = 0, host: str = "127.0.0.1") -> Server[S]:
    """Serves `simulator` on an address of this machine; port 0 takes a free one. Raises OSError when it is taken."""
    return Server(simulator, port, host)
