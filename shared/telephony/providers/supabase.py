"""Supabase: the keys that its JSON Web Tokens are signed with, and the check of a token."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import jwt

from telephony.errors import IdentityUnavailable, Unauthenticated
from telephony.observability import logger

AUDIENCE = "authenticated"
LEEWAY_SECONDS = 30
REFETCH_SECONDS = 60
"""An unknown key id makes us fetch the set again at most this often, or anyone could make us hammer Supabase."""
FIRST_FETCH_SECONDS = 5
"""The same while there is no set at all, since nobody gets in without one."""
KEYS_LIVE_SECONDS = 600
HMAC = "HS256"


class KeySet:
    """A JWKS endpoint's keys, cached per process."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._keys: dict[str, jwt.PyJWK] = {}
        self._fetched_at = float("-inf")

    def key(self, key_id: str) -> jwt.PyJWK:
        """The key of that id. Raises `Unauthenticated` when there is none, `IdentityUnavailable` without any set."""
        age = time.monotonic() - self._fetched_at
        patience = REFETCH_SECONDS if self._keys else FIRST_FETCH_SECONDS
        if age > KEYS_LIVE_SECONDS or (key_id not in self._keys and age > patience):
            self._fetch()
        if not self._keys:
            raise IdentityUnavailable("Tokens can't be checked at the moment")
        if key_id not in self._keys:
            raise Unauthenticated("Invalid token")
        return self._keys[key_id]

    def _fetch(self) -> None:
        import requests  # slow, and of no use where HS256 signs

        from telephony.providers import connections

        self._fetched_at = time.monotonic()
        try:
            with connections.session() as session:
                answer = session.get(self._url, timeout=(3, 5), allow_redirects=False)
            keys = jwt.PyJWKSet.from_dict(answer.json()).keys
        except (requests.RequestException, ValueError, AttributeError, jwt.PyJWTError) as error:
            # The keys we have stay good: a signing key set that can't be read must not lock everyone out.
            logger.warning("key set not readable", extra={"cause": type(error).__name__})
            return
        self._keys = {key.key_id: key for key in keys if key.key_id}


class TokenVerifier:
    """Checks Supabase tokens. The algorithms come from the settings, never from the token."""

    def __init__(
        self,
        algorithms: Sequence[str],
        secrets: Callable[[], Iterable[str]],
        key_set: KeySet | None,
        issuer: str | None,
    ) -> None:
        self._algorithms = algorithms
        self._secrets = secrets
        self._key_set = key_set
        self._issuer = issuer

    def subject(self, token: str) -> str:
        """The `sub` of a valid token.

        Raises `Unauthenticated`, with the same words for every cause, and `IdentityUnavailable`.
        """
        try:
            header = jwt.get_unverified_header(token)
            algorithm = header.get("alg")
            if algorithm not in self._algorithms:
                raise Unauthenticated("Invalid token")
            claims = self._hmac(token) if algorithm == HMAC else self._asymmetric(token, header)
        except (jwt.PyJWTError, ValueError, TypeError) as error:
            raise Unauthenticated("Invalid token") from error
        subject = claims["sub"]
        if not isinstance(subject, str) or not subject:
            raise Unauthenticated("Invalid token")
        return subject

    def _hmac(self, token: str) -> dict[str, Any]:
        """With the first secret that fits: the current one or, while it is being rotated, the previous one."""
        failure: jwt.PyJWTError = jwt.InvalidSignatureError()
        for secret in self._secrets():
            try:
                return self._decode(token, secret, HMAC)
            except jwt.InvalidSignatureError as error:
                failure = error
        raise failure

    def _asymmetric(self, token: str, header: dict[str, Any]) -> dict[str, Any]:
        key_id = header.get("kid")
        if self._key_set is None or not isinstance(key_id, str):
            raise Unauthenticated("Invalid token")
        key = self._key_set.key(key_id)
        # The key says which algorithm it is for: a token can't choose another one.
        if key.algorithm_name != header["alg"]:
            raise Unauthenticated("Invalid token")
        return self._decode(token, key, key.algorithm_name)

    def _decode(self, token: str, key: Any, algorithm: str) -> dict[str, Any]:
        claims: dict[str, Any] = jwt.decode(
            token,
            key,
            algorithms=[algorithm],
            audience=AUDIENCE,
            issuer=self._issuer,
            leeway=LEEWAY_SECONDS,
            options={"require": ["exp", "sub", "aud"]},
        )
        return claims
