"""What API Gateway adds to answers of an HTTP API with a CORS configuration."""

from fnmatch import fnmatchcase

from local.template import Cors

PREFIX = "access-control-"


def preflight_headers(cors: Cors, origin: str | None) -> list[tuple[str, str]]:
    """Headers of the gateway's own 204 to OPTIONS; none for an origin that isn't allowed."""
    headers = _origin_headers(cors, origin)
    if not headers:
        return []
    lists = {"methods": cors.allow_methods, "headers": cors.allow_headers}
    headers += [(f"{PREFIX}allow-{name}", ",".join(values)) for name, values in lists.items() if values]
    if cors.max_age is not None:
        headers.append((f"{PREFIX}max-age", str(cors.max_age)))
    return headers


def response_headers(cors: Cors, origin: str | None) -> list[tuple[str, str]]:
    """Headers of any other answer. They replace whatever CORS headers the function gave."""
    headers = _origin_headers(cors, origin)
    if headers and cors.expose_headers:
        headers.append((f"{PREFIX}expose-headers", ",".join(cors.expose_headers)))
    return headers


def _origin_headers(cors: Cors, origin: str | None) -> list[tuple[str, str]]:
    # AWS allows "*" and patterns such as "https://*".
    if origin is None or not any(fnmatchcase(origin, allowed) for allowed in cors.allow_origins):
        return []
    allowed = "*" if "*" in cors.allow_origins and not cors.allow_credentials else origin
    headers = [(f"{PREFIX}allow-origin", allowed)]
    if cors.allow_credentials:
        headers.append((f"{PREFIX}allow-credentials", "true"))
    return headers
