"""Which route of an HTTP API takes a request."""

import re
from dataclasses import dataclass
from urllib.parse import unquote

from local.template import Route

DEFAULT = "$default"


@dataclass(frozen=True)
class Match:
    route: Route
    parameters: dict[str, str]  # percent-decoded

    @property
    def key(self) -> str:
        """The ``routeKey`` of the event."""
        return DEFAULT if self.route.path == DEFAULT else f"{self.route.method} {self.route.path}"


class Router:
    """API Gateway's precedence: the most specific path first, then the named method before ANY, ``$default`` last.

    Paths are matched as they were sent, percent-encoding and trailing slash included.
    """

    def __init__(self, routes: list[Route]) -> None:
        self._routes = [(route, _pattern(route.path)) for route in sorted(routes, key=_specificity)]

    def match(self, method: str, path: str) -> Match | None:
        for route, pattern in self._routes:
            if route.method in (method, "ANY") and (found := pattern.fullmatch(path)):
                return Match(route, {name: unquote(value) for name, value in found.groupdict().items()})
        return None


def _specificity(route: Route) -> tuple[bool, list[int], bool]:
    ranks = [2 if part.endswith("+}") else 1 if part.startswith("{") else 0 for part in route.path.split("/")]
    return route.path == DEFAULT, ranks, route.method == "ANY"


def _pattern(path: str) -> re.Pattern[str]:
    if path == DEFAULT:
        return re.compile(".*")
    # Even parts are literal, odd ones the names of {parameters}.
    parts = re.split(r"\{(\w+\+?)\}", path)
    for index in range(1, len(parts), 2):
        name = parts[index]
        parts[index] = f"(?P<{name[:-1]}>.+)" if name.endswith("+") else f"(?P<{name}>[^/]+)"
    parts[::2] = map(re.escape, parts[::2])
    return re.compile("".join(parts))
