"""Who is let in: Supabase's JSON Web Tokens and our API tokens, and every way to fake or outlive one."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import re
import threading
import time
import uuid
from collections import Counter
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import SimpleNamespace
from typing import Any

import jwt
import pytest
from botocore.exceptions import EndpointConnectionError
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from jwt.algorithms import ECAlgorithm, RSAAlgorithm
from telephony import platform_secrets
from telephony.errors import Unauthenticated
from telephony.providers import supabase

from tests.integration.conftest import Setting
from tests.world import HttpAnswer, World

ISSUER = "https://project.supabase.co/auth/v1"
ANOTHER_SECRET = "another secret that is long enough for HS256 and for HS512 as well, 64 bytes"


def claims_of(subject: str, **changes: Any) -> dict[str, Any]:
    """A Supabase user's claims; a change to None takes one away."""
    now = int(time.time())
    claims = {"sub": subject, "aud": "authenticated", "role": "authenticated", "iat": now, "exp": now + 3600} | changes
    return {name: value for name, value in claims.items() if value is not None}


def segment(value: Any) -> str:
    raw = value if isinstance(value, bytes) else json.dumps(value).encode()
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def by_hand(header: dict[str, Any], claims: dict[str, Any], key: bytes | None, digest: str = "sha256") -> str:
    """A token that no library would make."""
    signed = f"{segment(header)}.{segment(claims)}"
    return f"{signed}.{segment(hmac.digest(key, signed.encode(), digest)) if key is not None else ''}"


def refused(answer: HttpAnswer) -> bool:
    """401 in the words that tell an attacker nothing."""
    assert answer.status == 401, answer.body
    assert answer.headers["www-authenticate"] == 'Bearer realm="telephony"'
    assert (answer.body["success"], answer.body["code"]) == (False, "unauthenticated")
    return answer.body["error"] in ("Invalid token", "Missing or invalid authorization header")


class Forge:
    """Makes tokens of the owner of the world's agency."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.secret = world.deployment.platform_secret["supabase_jwt_secret"]
        self.sub = jwt.decode(world.owner_token, options={"verify_signature": False})["sub"]

    def hs256(self, **changes: Any) -> str:
        return jwt.encode(claims_of(self.sub, **changes), self.secret, "HS256")

    def tampered(self) -> str:
        header, _, signature = self.world.tokens["member"].split(".")
        return f"{header}.{segment(claims_of(self.sub))}.{signature}"


FAKES: dict[str, Callable[[Forge], str]] = {
    "garbage": lambda forge: "garbage",
    "three dots": lambda forge: "a.b.c",
    "not text": lambda forge: "ÿ.é.中",
    "only dots": lambda forge: "..",
    "array for header": lambda forge: f"{segment([])}.{segment({})}.x",
    "alg missing": lambda forge: by_hand({"typ": "JWT"}, claims_of(forge.sub), forge.secret.encode()),
    "alg a list": lambda forge: by_hand({"alg": ["HS256"]}, claims_of(forge.sub), forge.secret.encode()),
    "alg none": lambda forge: by_hand({"alg": "none"}, claims_of(forge.sub), None),
    "alg None": lambda forge: by_hand({"alg": "None"}, claims_of(forge.sub), None),
    "alg none, signed": lambda forge: by_hand({"alg": "none"}, claims_of(forge.sub), forge.secret.encode()),
    "HS256 without signature": lambda forge: by_hand({"alg": "HS256"}, claims_of(forge.sub), None),
    "HS512 with our secret": lambda forge: by_hand(
        {"alg": "HS512"}, claims_of(forge.sub), forge.secret.encode(), "sha512"
    ),
    "empty secret": lambda forge: by_hand({"alg": "HS256"}, claims_of(forge.sub), b""),
    "another secret": lambda forge: jwt.encode(claims_of(forge.sub), ANOTHER_SECRET, "HS256"),
    "tampered": Forge.tampered,
    "expired": lambda forge: forge.hs256(exp=int(time.time()) - 40),
    "not yet valid": lambda forge: forge.hs256(nbf=int(time.time()) + 40),
    "issued in the future": lambda forge: forge.hs256(iat=int(time.time()) + 40),
    "exp a text": lambda forge: forge.hs256(exp="tomorrow"),
    "never expires": lambda forge: forge.hs256(exp=None),
    "no audience": lambda forge: forge.hs256(aud=None),
    "wrong audience": lambda forge: forge.hs256(aud="anon"),
    "no subject": lambda forge: forge.hs256(sub=None),
    "empty subject": lambda forge: forge.hs256(sub=""),
    "number for subject": lambda forge: by_hand({"alg": "HS256"}, claims_of(forge.sub, sub=7), forge.secret.encode()),
    "project's anon key": lambda forge: jwt.encode(
        {"iss": "supabase", "ref": "project", "role": "anon", "iat": 1, "exp": int(time.time()) + 9999},
        forge.secret,
        "HS256",
    ),
    "oversized": lambda forge: forge.hs256(padding="x" * 9000),
    "ES256 without a key set": lambda forge: jwt.encode(claims_of(forge.sub), EC_KEY, "ES256", headers={"kid": "ec"}),
}

EC_KEY = ec.generate_private_key(ec.SECP256R1())
RSA_KEY = rsa.generate_private_key(public_exponent=65537, key_size=2048)


# JSON Web Tokens, signed with the project's secret


@pytest.mark.parametrize("name", FAKES)
def test_a_fake_is_401(calm_world: World, name: str) -> None:
    assert refused(calm_world.status(token=FAKES[name](Forge(calm_world))))


@pytest.mark.parametrize(
    "authorization", [None, "", " ", "Bearer", "Bearer ", "Basic dXNlcjpwYXNz", "bearer\t", "ApiKey abc"]
)
def test_no_credential_is_401(calm_world: World, authorization: str | None) -> None:
    headers = {} if authorization is None else {"authorization": authorization}
    answer = calm_world.status(token=None, headers=headers)
    assert refused(answer)
    assert answer.body["error"] == "Missing or invalid authorization header"


def test_supabases_public_key_header_is_no_credential(calm_world: World) -> None:
    assert refused(calm_world.status(token=None, headers={"apikey": calm_world.owner_token}))


def test_a_true_token_is_let_in(calm_world: World) -> None:
    forge = Forge(calm_world)
    for token in (
        forge.hs256(),
        forge.hs256(aud=["authenticated", "other"]),
        forge.hs256(exp=int(time.time()) - 20),  # clocks differ by up to 30 s
        forge.hs256(nbf=int(time.time()) + 20),
    ):
        assert calm_world.status(token=token).body["agency_id"] == calm_world.agency_id


@pytest.mark.parametrize("scheme", ["Bearer", "bearer", "BEARER", "Token"])
def test_the_scheme_may_be_written_in_any_case(calm_world: World, scheme: str) -> None:
    headers = {"authorization": f"{scheme} {calm_world.owner_token}"}
    assert calm_world.status(token=None, headers=headers).status == 200


def test_the_issuer_counts_once_it_is_configured(world: World, setting: Setting) -> None:
    forge = Forge(world)
    setting(SUPABASE_ISSUER=ISSUER)
    assert world.status(token=forge.hs256(iss=ISSUER)).status == 200
    assert refused(world.status(token=forge.hs256(iss="https://evil.example.com")))
    assert refused(world.status(token=forge.hs256()))


def rotate(world: World, **values: str) -> None:
    secrets = world.deployment.platform_secret | values
    world.backends.client("secretsmanager").put_secret_value(
        SecretId=world.deployment.environment["PLATFORM_SECRET_ID"],
        SecretString=json.dumps({name: value for name, value in secrets.items() if value}),
    )


def test_a_secret_is_rotated_without_locking_anyone_out(world: World) -> None:
    forge = Forge(world)
    old, new = forge.hs256(), jwt.encode(claims_of(forge.sub), ANOTHER_SECRET, "HS256")

    # given an instance that has read the old secret
    assert world.status(token=old).status == 200
    # when the new one comes beside it
    rotate(world, supabase_jwt_secret=ANOTHER_SECRET, supabase_jwt_secret_previous=forge.secret)
    # then both are good at once
    assert (world.status(token=old).status, world.status(token=new).status) == (200, 200)
    # but an expired token of the old secret stays expired
    assert refused(world.status(token=forge.hs256(exp=int(time.time()) - 40)))
    # and when the old one goes, it is forgotten with the cached entry
    rotate(world, supabase_jwt_secret=ANOTHER_SECRET)
    world.pass_time(301)
    assert (world.status(token=old).status, world.status(token=new).status) == (401, 200)


def test_tokens_that_fit_nothing_have_the_secret_read_once_a_minute(world: World, aws_calls: Counter[str]) -> None:
    # given
    forge = Forge(world)
    forged = jwt.encode(claims_of(forge.sub), ANOTHER_SECRET, "HS256")
    assert world.status(token=forge.hs256()).status == 200
    aws_calls.clear()
    # when
    answers = [world.status(token=forged) for _ in range(5)]
    # then
    assert all(map(refused, answers))
    assert aws_calls["secretsmanager GetSecretValue"] == 1
    world.pass_time(61)
    assert refused(world.status(token=forged))
    assert aws_calls["secretsmanager GetSecretValue"] == 2


def test_a_secret_that_can_not_be_read_again_locks_nobody_out(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    from telephony.bootstrap import container

    # given an instance that knows it, and a Secrets Manager that fails
    forge = Forge(world)
    assert world.status(token=forge.hs256()).status == 200

    def fail(*_: Any) -> Any:
        raise EndpointConnectionError(endpoint_url="secretsmanager")

    with monkeypatch.context() as patched:
        patched.setattr(platform_secrets.aws, "client", fail)
        # when somebody comes with a token that fits nothing
        verifier = container()._token_verifier
        with pytest.raises(Unauthenticated):
            verifier().subject(jwt.encode(claims_of(forge.sub), ANOTHER_SECRET, "HS256"))
        # then others are still believed
        assert verifier().subject(forge.hs256()) == forge.sub


def test_without_the_platforms_secret_no_jwt_is_believed(world: World, setting: Setting) -> None:
    token = world.api_token(world.agency_id)
    setting(PLATFORM_SECRET_ID="there-is-no-such-secret")
    platform_secrets.forget()
    answer = world.status()
    assert (answer.status, answer.body["code"]) == (500, "credentials_unavailable")
    assert "there-is-no-such-secret" not in str(answer.body)
    # while API tokens don't need it
    assert world.status(token=token).status == 200


# JSON Web Tokens, signed with a key of the project's key set


class KeyServer:
    """Serves `document` at `url`, and counts how often it was asked for."""

    def __init__(self) -> None:
        self.document: Any = {"keys": [public(EC_KEY, "ec"), public(RSA_KEY, "rsa")]}
        self.status = 200
        self.asked = 0
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                outer.asked += 1
                body = json.dumps(outer.document).encode()
                self.send_response(outer.status)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, format: str, *args: Any) -> None:
                """The tests say what matters."""

        self._http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._http.server_port}/auth/v1/.well-known/jwks.json"
        self._thread = threading.Thread(target=self._http.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
        self._thread.start()

    def close(self) -> None:
        self._http.shutdown()
        self._http.server_close()
        self._thread.join()


def public(key: ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey, key_id: str) -> dict[str, Any]:
    algorithm = ECAlgorithm if isinstance(key, ec.EllipticCurvePrivateKey) else RSAAlgorithm
    made: dict[str, Any] = algorithm.to_jwk(key.public_key(), as_dict=True)
    return made | {"kid": key_id, "use": "sig"}


@pytest.fixture
def keys() -> Iterator[KeyServer]:
    server = KeyServer()
    yield server
    server.close()


@pytest.fixture
def asymmetric(world: World, keys: KeyServer, setting: Setting) -> Forge:
    setting(SUPABASE_JWT_ALGORITHMS="ES256,RS256", SUPABASE_JWKS_URL=keys.url)
    return Forge(world)


@pytest.fixture
def minutes(monkeypatch: pytest.MonkeyPatch) -> Callable[[float], None]:
    """Moves the key set's clock."""
    passed = 0.0

    def move(number: float) -> None:
        nonlocal passed
        passed += number * 60

    monkeypatch.setattr(supabase, "time", SimpleNamespace(monotonic=lambda: time.monotonic() + passed))
    return move


def signed(forge: Forge, key: Any, algorithm: str, key_id: str | None) -> str:
    return jwt.encode(claims_of(forge.sub), key, algorithm, headers={"kid": key_id} if key_id else {})


def test_keys_of_the_key_set_are_believed(asymmetric: Forge, keys: KeyServer) -> None:
    for token in (signed(asymmetric, EC_KEY, "ES256", "ec"), signed(asymmetric, RSA_KEY, "RS256", "rsa")):
        assert asymmetric.world.status(token=token).status == 200
    assert keys.asked == 1


def test_but_only_for_what_they_are(asymmetric: Forge) -> None:
    stranger = ec.generate_private_key(ec.SECP256R1())
    pem = RSA_KEY.public_key().public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    fakes = {
        "a stranger's key": signed(asymmetric, stranger, "ES256", "ec"),
        "no key id": signed(asymmetric, EC_KEY, "ES256", None),
        "unknown key id": signed(asymmetric, EC_KEY, "ES256", "unknown"),
        "key id of another algorithm": signed(asymmetric, EC_KEY, "ES256", "rsa"),
        "an algorithm that isn't configured": signed(asymmetric, RSA_KEY, "RS512", "rsa"),
        "the shared secret": asymmetric.hs256(),
        "the public key as a shared secret": by_hand({"alg": "HS256", "kid": "rsa"}, claims_of(asymmetric.sub), pem),
        "key in the header": jwt.encode(
            claims_of(asymmetric.sub), stranger, "ES256", headers={"kid": "ec", "jwk": public(stranger, "ec")}
        ),
        "key id a path": signed(asymmetric, EC_KEY, "ES256", "../../etc/passwd"),
    }
    for name, token in fakes.items():
        assert refused(asymmetric.world.status(token=token)), name


def test_a_public_key_is_no_shared_secret_even_where_both_kinds_are_allowed(
    world: World, keys: KeyServer, setting: Setting
) -> None:
    setting(SUPABASE_JWT_ALGORITHMS="HS256,RS256", SUPABASE_JWKS_URL=keys.url)
    forge = Forge(world)
    formats = (serialization.PublicFormat.SubjectPublicKeyInfo, serialization.PublicFormat.PKCS1)
    for encoding in (serialization.Encoding.PEM, serialization.Encoding.DER):
        for form in formats:
            key = RSA_KEY.public_key().public_bytes(encoding, form)
            fake = by_hand({"alg": "HS256", "kid": "rsa"}, claims_of(forge.sub), key)
            assert refused(world.status(token=fake))
    # while a true one of either kind is let in
    assert world.status(token=forge.hs256()).status == 200
    assert world.status(token=signed(forge, RSA_KEY, "RS256", "rsa")).status == 200


def test_unknown_key_ids_fetch_the_set_once_a_minute_at_most(
    asymmetric: Forge, keys: KeyServer, minutes: Callable[[float], None]
) -> None:
    world = asymmetric.world
    assert world.status(token=signed(asymmetric, EC_KEY, "ES256", "ec")).status == 200
    # given a flood of key ids that nobody knows
    for number in range(10):
        assert refused(world.status(token=signed(asymmetric, EC_KEY, "ES256", f"unknown{number}")))
    assert keys.asked == 1
    # when a minute has passed, then the set is fetched once more
    minutes(1.1)
    for number in range(10):
        assert refused(world.status(token=signed(asymmetric, EC_KEY, "ES256", f"unknown{number}")))
    assert keys.asked == 2


def test_a_new_key_is_believed_within_a_minute_and_an_old_one_forgotten_in_ten(
    asymmetric: Forge, keys: KeyServer, minutes: Callable[[float], None]
) -> None:
    world, rotated = asymmetric.world, ec.generate_private_key(ec.SECP256R1())
    old, new = signed(asymmetric, EC_KEY, "ES256", "ec"), signed(asymmetric, rotated, "ES256", "new")
    assert world.status(token=old).status == 200
    keys.document = {"keys": [public(rotated, "new")]}
    assert refused(world.status(token=new))
    minutes(1.1)
    assert world.status(token=new).status == 200
    minutes(11)
    assert refused(world.status(token=old))


@pytest.mark.parametrize(
    ("status", "document"),
    [
        (500, {}),
        (200, []),
        (200, "text"),
        (200, None),
        (200, {}),
        (200, {"keys": []}),
        (200, {"keys": [1, {}]}),
        (302, {}),
    ],
)
def test_a_broken_key_set_locks_nobody_out(
    asymmetric: Forge, keys: KeyServer, minutes: Callable[[float], None], status: int, document: Any
) -> None:
    world, token = asymmetric.world, signed(asymmetric, EC_KEY, "ES256", "ec")
    assert world.status(token=token).status == 200
    keys.status, keys.document = status, document
    minutes(11)
    assert world.status(token=token).status == 200
    assert keys.asked == 2


def test_without_any_set_a_good_token_is_no_bad_one(
    asymmetric: Forge, keys: KeyServer, minutes: Callable[[float], None]
) -> None:
    world, token = asymmetric.world, signed(asymmetric, EC_KEY, "ES256", "ec")
    # given a process that could not read the set yet
    keys.status, known = 500, keys.document
    keys.document = {}
    for _ in range(3):
        answer = world.status(token=token)
        assert (answer.status, answer.body["code"]) == (503, "identity_unavailable")
        assert answer.headers["retry-after"] == "1"
        assert (answer.body["success"], answer.body["retryable"]) == (False, True)
        assert answer.body["request_id"] == answer.headers["x-request-id"]
    # then nobody gets in, and nobody can make it ask again and again
    assert keys.asked == 1
    # and soon after it can be read, good tokens are good, and bad ones bad
    keys.status, keys.document = 200, known
    minutes(0.1)
    assert world.status(token=token).status == 200
    assert refused(world.status(token=signed(asymmetric, EC_KEY, "ES256", "unknown")))


# API tokens


@pytest.fixture
def api_token(world: World) -> str:
    return world.api_token(world.agency_id)


@pytest.mark.parametrize(
    ("header", "value"),
    [
        ("authorization", "Bearer {}"),
        ("authorization", "Token {}"),
        ("authorization", "token  {} "),
        ("x-api-key", "{}"),
        ("x-wiil-api-key", "{}"),
        ("X-API-Key", " {} "),
    ],
)
def test_a_token_is_read_from_any_of_its_headers(world: World, api_token: str, header: str, value: str) -> None:
    answer = world.status(token=None, headers={header: value.format(api_token)})
    assert (answer.status, answer.body["agency_id"]) == (200, world.agency_id)


def test_two_different_credentials_are_400(world: World, api_token: str) -> None:
    another = world.api_token(world.agency_id, "member")
    for headers in (
        {"authorization": f"Bearer {world.owner_token}", "x-api-key": api_token},
        {"authorization": f"Token {another}", "x-wiil-api-key": api_token},
        {"x-api-key": another, "x-wiil-api-key": api_token},
    ):
        answer = world.status(token=None, headers=headers)
        assert (answer.status, answer.body["code"]) == (400, "several_credentials")


def test_the_same_credential_twice_is_one(world: World, api_token: str) -> None:
    headers = {"authorization": f"Bearer {api_token}", "x-api-key": api_token, "x-wiil-api-key": f" {api_token}"}
    assert world.status(token=None, headers=headers).status == 200


def test_a_revoked_token_is_refused_at_the_next_request(world: World, api_token: str) -> None:
    from telephony.bootstrap import container

    assert world.status(token=api_token).status == 200
    [caller] = container().administration.tokens(world.agency_id)
    container().administration.revoke_token(world.agency_id, caller.id)
    assert refused(world.status(token=api_token))


def test_an_expired_token_is_refused_though_it_is_still_stored(world: World, items: Any) -> None:
    from telephony.bootstrap import container
    from telephony.values import Role

    token, caller = container().administration.issue_token(world.agency_id, Role.OWNER, "a day", days=1)
    world.pass_time(86_390)
    assert world.status(token=token).status == 200
    world.pass_time(20)
    assert refused(world.status(token=token))
    assert caller.id in {each["id"]["S"] for each in items("callers")}


@pytest.mark.parametrize(
    "change", [lambda token: token[:-1], lambda token: token + "x", lambda token: token.upper(), lambda _: "tpk_"]
)
def test_a_token_like_ours_is_refused(world: World, api_token: str, change: Callable[[str], str]) -> None:
    assert refused(world.status(token=change(api_token)))


def test_the_digest_of_a_token_opens_nothing(world: World, api_token: str) -> None:
    """Whoever reads the table can't call with what is in it."""
    digest = hashlib.sha256(api_token.encode()).hexdigest()
    for token in (digest, f"tpk_{digest}", f"token#{digest}"):
        assert refused(world.status(token=token))


def test_of_a_token_only_the_digest_is_stored(world: World, items: Any) -> None:
    token = world.api_token(world.agency_id)
    assert re.fullmatch(r"tpk_[\w-]{43}", token)
    tables = [items(name) for name in ("callers", "audit_events", "agencies", "operations")]
    assert token not in str(tables)
    assert token.removeprefix("tpk_") not in str(tables)
    assert f"token#{hashlib.sha256(token.encode()).hexdigest()}" in {each["id"]["S"] for each in items("callers")}


# Roles and agencies


def test_a_user_of_no_agency_is_403(world: World) -> None:
    answer = world.status(token=world.jwt(str(uuid.uuid4())))
    assert (answer.status, answer.body["code"]) == (403, "not_an_agency_user")


def test_a_removed_user_is_refused_at_the_next_request(world: World) -> None:
    from telephony.bootstrap import container

    assert world.status().status == 200
    container().administration.remove_user(Forge(world).sub)
    answer = world.status()
    assert (answer.status, answer.body["code"]) == (403, "not_an_agency_user")


def test_a_new_role_counts_at_the_next_request(world: World) -> None:
    from telephony.bootstrap import container
    from telephony.values import Role

    container().administration.add_user(world.agency_id, Forge(world).sub, Role.MEMBER)
    answer = world.provision()
    assert (answer.status, answer.body["code"]) == (403, "role_required")
    assert answer.body["error"] == "This needs the role agency_owner"


def test_only_an_owner_provisions(world: World) -> None:
    for role in ("member", "admin"):
        for token in (world.tokens[role], world.api_token(world.agency_id, role)):
            answer = world.provision(token=token)
            assert (answer.status, answer.body["code"]) == (403, "role_required")
    assert world.effects("telnyx") == []


def test_a_credential_reaches_its_own_agency_only(world: World) -> None:
    other_id, tokens = world.new_agency("Umbrella")
    world.provision()
    for token in (tokens["owner"], world.api_token(other_id)):
        body = world.status(token=token).body
        assert (body["agency_id"], body["agency_name"]) == (other_id, "Umbrella")
        assert body["telephony_configured"] is False
        assert world.agency_id not in str(body)


def test_a_claim_in_the_token_gives_no_role(world: World) -> None:
    """Agency and role come from our own table: what a token says of them is nothing."""
    sub = jwt.decode(world.tokens["member"], options={"verify_signature": False})["sub"]
    boast = world.jwt(sub, role="agency_owner", app_metadata={"role": "owner", "agency_id": world.agency_id})
    assert world.provision(token=boast).status == 403


def test_a_stored_credential_is_read_once_a_request(world: World, aws_calls: Any) -> None:
    world.status(token=world.tokens["member"])
    assert {name: count for name, count in aws_calls.items() if name.startswith(("dynamodb", "kms"))} == {
        "dynamodb GetItem": 2,
        "dynamodb Query": 1,
    }
