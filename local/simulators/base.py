"""A simulated carrier as a WSGI application: routing, credentials, rate limit, faults and the log, the same for all."""

import json
import time
from abc import abstractmethod
from collections import deque
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar, override
from wsgiref.types import StartResponse, WSGIEnvironment

from werkzeug.datastructures import MultiDict
from werkzeug.exceptions import HTTPException, MethodNotAllowed, NotFound
from werkzeug.routing import Map, Rule
from werkzeug.wrappers import Request, Response

from local.simulators.faults import Fault
from local.simulators.store import Record, Store


@dataclass(frozen=True)
class Answer:
    """A status, a JSON body (None: no body at all) and extra headers."""

    status: int
    body: Any = None
    headers: Mapping[str, str] = field(default_factory=dict)


def as_json(answer: Answer) -> Response:
    text = None if answer.body is None else json.dumps(answer.body)
    return Response(text, answer.status, dict(answer.headers), content_type="application/json" if text else None)


class Refused(Exception):
    """Raised by a handler, before it changed anything, to send an error answer."""

    def __init__(self, answer: Answer) -> None:
        super().__init__(answer.status)
        self.answer = answer


@dataclass(frozen=True)
class Call:
    """One authenticated request, as a handler sees it."""

    simulator: "Simulator"
    request: Request
    account: Record
    path: Mapping[str, str]

    @property
    def query(self) -> MultiDict[str, str]:
        return self.request.args

    @property
    def form(self) -> MultiDict[str, str]:
        return self.request.form

    @property
    def now(self) -> float:
        """Seconds since the epoch on the simulator's clock."""
        return self.simulator.now()

    def json(self) -> Any:
        """The parsed JSON body. Refused, in the carrier's own way, when it isn't JSON or isn't sent as JSON."""
        try:
            return self.request.get_json()
        except HTTPException as error:
            raise Refused(self.simulator.unreadable_body()) from error

    @property
    def listed_at(self) -> float:
        """From when on lists show what this call makes."""
        return self.now + (self.simulator.settings["listing_lag"] or 0.0)

    def flagged(self, flag: str) -> bool:
        """Whether the account has one of the carrier's `known_flags`."""
        if flag not in self.simulator.known_flags:
            raise KeyError(flag)
        return flag in self.account["flags"]

    def effect(self, kind: str, **details: Any) -> None:
        """Notes a change of state that really happened."""
        self.simulator.note_effect(kind, account=self.account["label"], **details)


Handler = Callable[[Call], Answer]
Filter = Callable[[Record, str], bool]
"""Whether a record passes a query parameter of this value."""


class Routes:
    """A table of handlers; a carrier is the sum of its tables."""

    def __init__(self) -> None:
        self.table: list[tuple[str, str, Handler]] = []

    def __call__(self, method: str, path: str) -> Callable[[Handler], Handler]:
        def register(handler: Handler) -> Handler:
            self.table.append((method, path, handler))
            return handler

        return register


class Simulator(Store):
    """A carrier: the state of `Store` behind the handlers of `routes`.

    `log` holds every request in the order of arrival (time, method, path, query, fault, status; None while there is no
    answer or none was sent; no credentials), `effects` what the requests changed.
    """

    base_path: ClassVar[str] = ""
    routes: ClassVar[Iterable[Routes]]

    def __init__(self, accounts: Mapping[str, Record] | None = None, **options: Any) -> None:
        super().__init__(accounts, **options)
        rules = [rule for table in self.routes for rule in table.table]
        self._map = Map(
            [Rule(path, methods=[method], endpoint=handler) for method, path, handler in rules],
            strict_slashes=False,
            merge_slashes=False,
        )

    @override
    def forget_run(self) -> None:
        super().forget_run()
        self.log: deque[Record] = deque(maxlen=100_000)
        self._faults: list[Fault] = []
        self._late: list[tuple[float, _Performance]] = []
        self._recent: dict[str, list[float]] = {}

    # What a carrier fills in

    @abstractmethod
    def identify(self, request: Request, path: Mapping[str, str]) -> str:
        """The key of the account the credentials belong to. Raises Refused."""

    @abstractmethod
    def admit(self, account: Record, request: Request) -> None:
        """Raises Refused when the account may not make this request (suspended, missing permission, …)."""

    @abstractmethod
    def unknown_route(self, request: Request) -> Answer: ...

    def method_not_allowed(self, request: Request) -> Answer:
        """What a known path answers to another method."""
        return self.unknown_route(request)

    def unreadable_body(self) -> Answer:
        """What a carrier that takes JSON says of anything else."""
        return Answer(400)

    @abstractmethod
    def too_many_requests(self) -> Answer: ...

    def limit_headers(self, remaining: int) -> Mapping[str, str] | None:
        """Headers on every answer to an authenticated request, if any; `remaining`: how many more it may make."""

    def route_path(self, request: Request) -> str:
        """The path as the route tables write it."""
        return request.path

    def render(self, answer: Answer, request: Request) -> Response:
        """JSON; a carrier with more than one format looks at the request."""
        del request
        return as_json(answer)

    # The WSGI application

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        request = Request(environ)
        if request.path.startswith("/__admin__/"):
            from local.simulators import admin  # the admin module needs this one's types

            return admin.respond(self, request)(environ, start_response)
        return self._respond(request)(environ, start_response)

    def _respond(self, request: Request) -> Response:
        if latency := self.settings["latency"]:
            time.sleep(latency)
        with self.lock:
            self._land_late()
            fault = next((fault for fault in self._faults if fault.takes(request.method, request.path)), None)
            entry = {
                "at": self.now(),
                "method": request.method,
                "path": request.path,
                "query": request.query_string.decode(),
                "fault": fault and fault.kind,
                "status": None,
            }
            self.log.append(entry)
        perform = _Performance(self, request)
        response = fault.apply(perform) if fault else perform()
        entry["status"] = response.status_code
        return response

    @override
    def advance(self, seconds: float) -> None:
        with self.lock:
            super().advance(seconds)
            self._land_late()

    def put_off(self, seconds: float, performance: "_Performance") -> None:
        with self.lock:
            self._late.append((self.now() + seconds, performance))

    def _land_late(self) -> None:
        due = [(moment, perform) for moment, perform in self._late if moment <= self.now()]
        self._late = [late for late in self._late if late not in due]
        for _, perform in due:
            perform()

    def handle(self, request: Request) -> Response:
        """What the carrier makes of a request, faults apart."""
        headers: Mapping[str, str] | None = None
        with self.lock:
            self.tick()
            try:
                handler, path = self._map.bind("simulator").match(self.route_path(request), request.method)
                key = self.identify(request, path)
                account = self.state["accounts"][key]
                headers = self.limit_headers(self._count(key))
                self.admit(account, request)
                answer = handler(Call(self, request, account, path))
            except Refused as refused:
                answer = refused.answer
            except NotFound:
                answer = self.unknown_route(request)
            except MethodNotAllowed:
                answer = self.method_not_allowed(request)
        response = self.render(answer, request)
        response.headers.update(headers or {})
        return response

    def _count(self, key: str) -> int:
        """Counts a request of the account; how many more it may make now. Raises Refused past the limit."""
        limit = self.settings["rate_limit"]
        if limit is None:
            return 1000
        now = time.monotonic()
        recent = [moment for moment in self._recent.get(key, []) if moment > now - 1.0]
        if len(recent) >= limit:
            raise Refused(self.too_many_requests())
        self._recent[key] = [*recent, now]
        return int(limit) - len(recent) - 1

    # Faults

    def add_faults(self, faults: Record | Iterable[Record]) -> None:
        """Raises ValueError on an unknown kind or key."""
        values = [faults] if isinstance(faults, dict) else list(faults)
        parsed = [Fault.from_json(value) for value in values]
        with self.lock:
            self._faults += parsed

    def clear_faults(self) -> None:
        with self.lock:
            self._faults.clear()


class _Performance:
    """A request on its way to its handler."""

    def __init__(self, simulator: Simulator, request: Request) -> None:
        self._simulator = simulator
        self._request = request

    def __call__(self) -> Response:
        return self._simulator.handle(self._request)

    def later(self, seconds: float) -> None:
        self._request.get_data()  # the connection is gone by then
        self._simulator.put_off(seconds, self)
