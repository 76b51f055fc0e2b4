"""Simulated carriers called in process, without a socket."""

from base64 import b64encode
from typing import Any

from werkzeug.test import Client

from local.simulators.base import Simulator


class Caller[S: Simulator = Any]:
    """One account's client; `basic` is user and password."""

    def __init__(
        self, simulator: S, *, headers: dict[str, str] | None = None, basic: tuple[str, str] | None = None
    ) -> None:
        self.simulator = simulator
        self._client = Client(simulator)
        self._headers = dict(headers or {})
        if basic:
            self._headers["Authorization"] = "Basic " + b64encode(":".join(basic).encode()).decode()

    def __call__(self, method: str, path: str, **options: Any) -> Any:
        """The answer, a `werkzeug.test.TestResponse`; options as its client knows them: `json`, `data` (a form) and
        `query_string`.
        """
        return self._client.open(path, method=method, headers=self._headers, **options)

    def data(self, method: str, path: str, **options: Any) -> Any:
        """The parsed answer to a request that succeeds."""
        response = self(method, path, **options)
        assert response.status_code < 400, response.text
        return response.json
