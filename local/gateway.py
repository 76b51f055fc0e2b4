"""API Gateway's HTTP API in front of the functions, with the template's routes and CORS.

On ``http.server`` rather than werkzeug's, which closes every connection.
"""

import http.client
import json
import sys
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self

from local import cors
from local.errors import StackError
from local.payload import Answer, MalformedAnswer, Request, answer_of, event_of
from local.routing import Router
from local.runtime import Result
from local.template import Template

# What AWS documents for HTTP APIs: neither can be raised.
MAX_BODY = 10 * 1024 * 1024
INTEGRATION_TIMEOUT = 30.0

_BODILESS = (HTTPStatus.NO_CONTENT, HTTPStatus.NOT_MODIFIED)

Invoke = Callable[[str, dict[str, Any]], Result]


def own_answer(status: HTTPStatus, text: str | None = None) -> Answer:
    """An answer of the gateway's own, such as ``404 {"message": "Not Found"}``."""
    body = json.dumps({"message": text or status.phrase})
    return Answer(status, [("content-type", "application/json")], body.encode())


class Gateway:
    """Takes connections on 127.0.0.1 from the start, answers them from ``serve()`` on; ``url`` has no trailing slash.

    Raises StackError when the port is taken. ``invoke`` runs a function by logical id.
    """

    def __init__(
        self, template: Template, invoke: Invoke, port: int = 0, *, integration_timeout: float = INTEGRATION_TIMEOUT
    ) -> None:
        self._router = Router(template.routes)
        self._cors = template.cors
        self._invoke = invoke
        self._integration_timeout = integration_timeout
        self._integrations = ThreadPoolExecutor(64, thread_name_prefix="integration")
        try:
            self._server = _Server(self, port)
        except OSError as error:
            raise StackError(f"Port {port} is in use: stop what listens there or choose another PORT.") from error
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,), name="gateway")

    def serve(self) -> None:
        self._thread.start()

    def close(self) -> None:
        """Stops answering; invocations under way are left to end on their own."""
        if self._thread.is_alive():
            self._server.shutdown()
            self._thread.join()
        self._server.server_close()
        self._integrations.shutdown(wait=False, cancel_futures=True)

    def __enter__(self) -> Self:
        self.serve()
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def answer(self, request: Request) -> Answer:
        """What the client gets, CORS headers included."""
        origin = request.header("origin")
        if self._cors is None:
            return self._route(request)
        if request.method == "OPTIONS":
            return Answer(HTTPStatus.NO_CONTENT, cors.preflight_headers(self._cors, origin), b"")
        answer = self._route(request)
        kept = [(name, value) for name, value in answer.headers if not name.startswith(cors.PREFIX)]
        return Answer(answer.status, kept + cors.response_headers(self._cors, origin), answer.body)

    def _route(self, request: Request) -> Answer:
        match = self._router.match(request.method, request.raw_path)
        if match is None:
            return own_answer(HTTPStatus.NOT_FOUND)
        invocation = self._integrations.submit(self._invoke, match.route.function, event_of(request, match))
        try:
            result = invocation.result(self._integration_timeout)
        except TimeoutError:
            # The function runs on, as it does behind the real gateway.
            return own_answer(HTTPStatus.SERVICE_UNAVAILABLE)
        if result.failed:
            return own_answer(HTTPStatus.INTERNAL_SERVER_ERROR)
        try:
            return answer_of(result.payload)
        except MalformedAnswer:
            return own_answer(HTTPStatus.INTERNAL_SERVER_ERROR)


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False
    request_queue_size = 128

    def __init__(self, gateway: Gateway, port: int) -> None:
        self.gateway = gateway
        super().__init__(("127.0.0.1", port), _Handler)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that goes away in the middle of an answer is no event; anything else is printed."""
        if not isinstance(sys.exception(), ConnectionError):
            super().handle_error(request, client_address)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server: _Server

    def handle_request(self) -> None:
        path, _, query = self.path.partition("?")
        body = self._body()
        if isinstance(body, Answer):
            request_id, answer = "-", body
        else:
            request = Request(self.command, path, query, self.headers.items(), body, self.client_address[0])
            request_id, answer = request.id, self.server.gateway.answer(request)
        bodiless = answer.status in _BODILESS
        head = [f"HTTP/1.1 {answer.status} {http.client.responses.get(answer.status, '')}"]
        head += [f"{name}: {value}" for name, value in answer.headers]
        head += [f"apigw-requestid: {request_id}"] + ([] if bodiless else [f"content-length: {len(answer.body)}"])
        content = b"" if bodiless or self.command == "HEAD" else answer.body
        # One write for head and body: two would meet Nagle's algorithm and the peer's delayed acknowledgement.
        self.wfile.write("\r\n".join([*head, "", ""]).encode("latin-1") + content)

    do_GET = do_HEAD = do_POST = do_PUT = do_PATCH = do_DELETE = do_OPTIONS = handle_request

    def _body(self) -> bytes | Answer:
        """The request's body, or the answer to one that cannot be taken."""
        try:
            parts = list(self._parts())
        except ValueError:
            self.close_connection = True
            return own_answer(HTTPStatus.BAD_REQUEST)
        if sum(map(len, parts)) > MAX_BODY:
            return own_answer(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "Request Entity Too Large")
        return b"".join(parts)

    def _parts(self) -> Iterator[bytes]:
        """The body as it arrives, to its end even when it is too large: else the client would see a broken pipe."""
        if "transfer-encoding" not in self.headers:
            yield self.rfile.read(int(self.headers.get("content-length", "0")))
            return
        while size := int(self.rfile.readline().partition(b";")[0], 16):
            yield self.rfile.read(size)
            self.rfile.readline()
        while self.rfile.readline().strip():
            pass  # a trailer

    def log_message(self, format: str, *args: Any) -> None:
        """Nothing: the functions keep the logs."""
