"""Who may call: every token that is not good gets the same 401, and good ones exactly one call."""

from __future__ import annotations

import hashlib
import hmac
import json
import logging
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from fhir.resources.R4B.operationoutcome import OperationOutcome
from flask.testing import FlaskClient
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from werkzeug.datastructures import Headers
from werkzeug.test import TestResponse

from cds_hooks import CallRecord, Client, Reason, Registration, ReplayStore, TokenAuthenticator
from tests.cds_hooks.tokens import (
    ISSUER,
    JWKS_URL,
    PUBLIC_URL,
    SERVICE_URL,
    BrokenReplayStore,
    Json,
    SpentTokens,
    bearer,
    claims,
    header,
    jwks,
    public_jwk,
    registration,
    segments,
    signed,
)
from tests.cds_hooks.wire import CANARY, CLIENT, app_with, encoded, hook_call, service
from tests.local_servers import LocalServer, Script
from tests.socket_guard import watched_sockets

PATH = "/cds-services/test-service"
NOW = int(time.time())
KEYS = (
    public_jwk("ES384", "k1"),
    public_jwk("RS384", "rsa"),
    public_jwk("ES256", "p256"),
    public_jwk("ES384", "twice", "former"),
    public_jwk("ES384", "twice"),
    public_jwk("ES384", "qLE+Xy/9=="),
    public_jwk("RS256", "for-rs256", alg="RS256"),
    public_jwk("ES384", "for-encryption", use="enc"),
    {
        "kty": "oct",
        "kid": "secret",
        "k": "c2VjcmV0LXNlY3JldC1zZWNyZXQtc2VjcmV0LXNlY3JldC1zZWNyZXQtc2VjcmV0LXM",
    },
)


@pytest.fixture(scope="module")
def keys_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("keys") / "jwks.json"
    path.write_bytes(jwks(*KEYS))
    return path


@pytest.fixture
def calls() -> list[CallRecord]:
    return []


Guarded = Callable[..., FlaskClient]


@pytest.fixture
def guarded(keys_file: Path, calls: list[CallRecord]) -> Guarded:
    """The service for one registered client."""

    def start(
        *others: Registration, replay: ReplayStore | None = None, public_url: str = PUBLIC_URL, **terms: Any
    ) -> FlaskClient:
        authenticator = TokenAuthenticator(
            [registration(**{"jwks": keys_file, **terms}), *others],
            public_url=public_url,
            replay=replay or SpentTokens(),
            warn=lambda client, why: None,
        )
        return app_with(authenticator=authenticator, observe=calls.append).test_client()

    return start


def post(client: FlaskClient, headers: Any, url: str = PATH) -> TestResponse:
    return client.post(url, data=encoded(hook_call()), content_type="application/json", headers=headers)


def hmac_signed(secret: bytes) -> str:
    """What an attacker sends who hopes that a public key is taken for a shared secret."""
    signing_input = segments(header(alg="HS384"), claims())
    return f"{signing_input}.{segments(hmac.digest(secret, signing_input.encode(), hashlib.sha384))}"


def forged(**headers: Any) -> str:
    return signed(claims(), name="attacker", **headers)


REFUSED: dict[str, tuple[Callable[[], Any], Reason]] = {
    "no header": (dict, Reason.NO_TOKEN),
    "an empty header": (lambda: {"Authorization": ""}, Reason.NOT_BEARER),
    "the scheme alone": (lambda: {"Authorization": "Bearer"}, Reason.NOT_BEARER),
    "the scheme and a blank": (lambda: {"Authorization": "Bearer "}, Reason.NOT_BEARER),
    "Basic": (lambda: {"Authorization": "Basic dXNlcjpwYXNz"}, Reason.NOT_BEARER),
    "no scheme": (lambda: {"Authorization": signed()}, Reason.NOT_BEARER),
    "another scheme": (lambda: {"Authorization": f"Token {signed()}"}, Reason.NOT_BEARER),
    "two tokens": (lambda: {"Authorization": f"Bearer {signed()} {signed()}"}, Reason.NOT_BEARER),
    "a token and more": (lambda: {"Authorization": f"Bearer {signed()},x"}, Reason.NOT_BEARER),
    "a tab before the token": (lambda: {"Authorization": f"Bearer\t{signed()}"}, Reason.NOT_BEARER),
    "text that is no token": (lambda: bearer(CANARY), Reason.NOT_BEARER),
    "one segment": (lambda: bearer(segments(header())), Reason.NOT_BEARER),
    "two segments": (lambda: bearer(segments(header(), claims())), Reason.NOT_BEARER),
    "four segments": (lambda: bearer(f"{signed()}.x"), Reason.NOT_BEARER),
    "five segments, encrypted": (lambda: bearer(segments(*[b"x"] * 5)), Reason.NOT_BEARER),
    "padding": (lambda: bearer(f"{signed()}=="), Reason.NOT_BEARER),
    "the other base64": (lambda: bearer(f"{signed()}+/"), Reason.NOT_BEARER),
    "a letter beyond ASCII": (lambda: {"Authorization": f"Bearer {signed()}é"}, Reason.NOT_BEARER),
    "a megabyte": (lambda: bearer("x" * 1_000_000), Reason.TOO_LONG),
    "17 kB": (lambda: bearer(signed(claims(note="x" * 13_000))), Reason.TOO_LONG),
    "a header that is no JSON": (lambda: bearer(segments(b"{", claims(), b"x")), Reason.MALFORMED),
    "a header that is a list": (lambda: bearer(segments([], claims(), b"x")), Reason.MALFORMED),
    "a bottomless header": (lambda: bearer(segments(b"[" * 5000, claims(), b"x")), Reason.MALFORMED),
    "claims that are no JSON": (lambda: bearer(segments(header(alg="ES384"), b"x", b"x")), Reason.MALFORMED),
    "claims that are a list": (lambda: bearer(segments(header(alg="ES384"), [], b"x")), Reason.MALFORMED),
    "claims in another encoding": (
        lambda: bearer(segments(header(alg="ES384"), b"\xff\xfe", b"x")),
        Reason.MALFORMED,
    ),
    "a header without alg": (lambda: bearer(segments(header(), claims(), b"x")), Reason.MALFORMED),
    "alg that is a number": (lambda: bearer(segments(header(alg=1), claims(), b"x")), Reason.MALFORMED),
    "kid that is a number": (
        lambda: bearer(segments(header(alg="ES384", kid=1), claims(), b"x")),
        Reason.MALFORMED,
    ),
    "jku that is a list": (lambda: bearer(forged(jku=[JWKS_URL])), Reason.MALFORMED),
    "alg none": (lambda: bearer(segments(header(alg="none"), claims()) + "."), Reason.WRONG_ALGORITHM),
    "alg None": (lambda: bearer(segments(header(alg="None"), claims()) + "."), Reason.WRONG_ALGORITHM),
    "alg NONE with a signature": (
        lambda: bearer(segments(header(alg="NONE"), claims(), b"x")),
        Reason.WRONG_ALGORITHM,
    ),
    "alg empty": (lambda: bearer(segments(header(alg=""), claims(), b"x")), Reason.WRONG_ALGORITHM),
    "alg in lower case": (
        lambda: bearer(segments(header(alg="es384"), claims(), b"x")),
        Reason.WRONG_ALGORITHM,
    ),
    "HS256 by the key set's secret": (
        lambda: bearer(segments(header(alg="HS256", kid="secret"), claims(), b"x")),
        Reason.WRONG_ALGORITHM,
    ),
    "HS384 by the public key": (
        lambda: bearer(hmac_signed(json.dumps(KEYS[0]).encode())),
        Reason.WRONG_ALGORITHM,
    ),
    "HS512": (lambda: bearer(segments(header(alg="HS512"), claims(), b"x")), Reason.WRONG_ALGORITHM),
    "RS256, not listed": (lambda: bearer(signed(algorithm="RS256", kid="rsa")), Reason.WRONG_ALGORITHM),
    "RS512, not listed": (lambda: bearer(signed(algorithm="RS512", kid="rsa")), Reason.WRONG_ALGORITHM),
    "PS384, not listed": (lambda: bearer(signed(algorithm="PS384", kid="rsa")), Reason.WRONG_ALGORITHM),
    "ES256, not listed": (lambda: bearer(signed(algorithm="ES256", kid="p256")), Reason.WRONG_ALGORITHM),
    "ES512, not listed": (lambda: bearer(signed(algorithm="ES512")), Reason.WRONG_ALGORITHM),
    "EdDSA": (lambda: bearer(segments(header(alg="EdDSA"), claims(), b"x")), Reason.WRONG_ALGORITHM),
    "no kid": (lambda: bearer(signed(kid=None)), Reason.NO_KEY_ID),
    "kid empty": (lambda: bearer(signed(kid="")), Reason.MALFORMED),
    "kid unknown": (lambda: bearer(signed(kid="other")), Reason.UNKNOWN_KEY_ID),
    "kid with another's case": (lambda: bearer(signed(kid="K1")), Reason.UNKNOWN_KEY_ID),
    "kid as a path": (lambda: bearer(signed(kid="../../../../dev/null")), Reason.UNKNOWN_KEY_ID),
    "kid as SQL": (lambda: bearer(signed(kid="k1' OR '1'='1")), Reason.UNKNOWN_KEY_ID),
    "kid with a zero byte": (lambda: bearer(signed(kid="k1\0")), Reason.UNKNOWN_KEY_ID),
    "kid of an RSA key for ES384": (lambda: bearer(signed(kid="rsa")), Reason.UNKNOWN_KEY_ID),
    "kid of an EC key for RS384": (lambda: bearer(signed(algorithm="RS384")), Reason.UNKNOWN_KEY_ID),
    "kid of another curve": (lambda: bearer(signed(kid="p256")), Reason.UNKNOWN_KEY_ID),
    "kid of a secret": (lambda: bearer(signed(kid="secret")), Reason.UNKNOWN_KEY_ID),
    "kid of a key for another algorithm": (
        lambda: bearer(signed(algorithm="RS384", kid="for-rs256")),
        Reason.UNKNOWN_KEY_ID,
    ),
    "kid of a key for encryption": (lambda: bearer(signed(kid="for-encryption")), Reason.UNKNOWN_KEY_ID),
    "another's key": (lambda: bearer(forged()), Reason.WRONG_SIGNATURE),
    "another's key under an id given twice": (lambda: bearer(forged(kid="twice")), Reason.WRONG_SIGNATURE),
    "another's RSA key": (
        lambda: bearer(signed(algorithm="RS384", kid="rsa", name="attacker")),
        Reason.WRONG_SIGNATURE,
    ),
    "no signature": (lambda: bearer(signed().rpartition(".")[0] + "."), Reason.WRONG_SIGNATURE),
    "a signature of zeros": (
        lambda: bearer(f"{signed().rpartition('.')[0]}.{segments(bytes(96))}"),
        Reason.WRONG_SIGNATURE,
    ),
    "half a signature": (lambda: bearer(signed()[:-64]), Reason.WRONG_SIGNATURE),
    "other claims under the signature": (
        lambda: bearer(".".join((signed().split(".")[0], segments(claims()), signed().split(".")[2]))),
        Reason.WRONG_SIGNATURE,
    ),
    "a key brought along": (lambda: bearer(forged(jwk=public_jwk(name="attacker"))), Reason.WRONG_SIGNATURE),
    "a key brought along, kid unknown": (
        lambda: bearer(forged(kid="mine", jwk=public_jwk(name="attacker", kid="mine"))),
        Reason.UNKNOWN_KEY_ID,
    ),
    "a certificate's URL": (lambda: bearer(forged(x5u="https://evil.test/cert.pem")), Reason.WRONG_SIGNATURE),
    "a certificate brought along": (lambda: bearer(forged(x5c=["MIIB"])), Reason.WRONG_SIGNATURE),
    "jku of an attacker": (lambda: bearer(forged(jku="https://evil.test/jwks")), Reason.JKU_NOT_REGISTERED),
    "jku of an attacker, our key": (
        lambda: bearer(signed(jku="https://evil.test/jwks")),
        Reason.JKU_NOT_REGISTERED,
    ),
    "jku of another client": (
        lambda: bearer(signed(jku="https://other.example.org/jwks")),
        Reason.JKU_NOT_REGISTERED,
    ),
    "jku below ours": (lambda: bearer(signed(jku=f"{JWKS_URL}/x")), Reason.JKU_NOT_REGISTERED),
    "jku with a query": (lambda: bearer(signed(jku=f"{JWKS_URL}?x")), Reason.JKU_NOT_REGISTERED),
    "jku of this machine": (lambda: bearer(signed(jku="http://127.0.0.1/jwks")), Reason.JKU_NOT_REGISTERED),
    "jku of a file": (lambda: bearer(signed(jku="file:///etc/passwd")), Reason.JKU_NOT_REGISTERED),
    "an unknown critical header": (lambda: bearer(signed(crit=["exp"], exp=1)), Reason.MALFORMED),
    "a detached payload": (
        lambda: bearer(segments(header(alg="ES384", b64=False), claims(), b"x")),
        Reason.MALFORMED,
    ),
    "no typ": (lambda: bearer(signed(typ=None)), Reason.WRONG_TYPE),
    "typ of an access token": (lambda: bearer(signed(typ="at+jwt")), Reason.WRONG_TYPE),
    "typ of an encrypted token": (lambda: bearer(signed(typ="JWE")), Reason.WRONG_TYPE),
    "no iss": (lambda: bearer(signed(claims(iss=None))), Reason.CLAIM_MISSING),
    "no aud": (lambda: bearer(signed(claims(aud=None))), Reason.CLAIM_MISSING),
    "no exp": (lambda: bearer(signed(claims(exp=None))), Reason.CLAIM_MISSING),
    "no iat": (lambda: bearer(signed(claims(iat=None))), Reason.CLAIM_MISSING),
    "no jti": (lambda: bearer(signed(claims(jti=None))), Reason.CLAIM_MISSING),
    "no claims": (lambda: bearer(signed({})), Reason.CLAIM_MISSING),
    "iss empty": (lambda: bearer(signed(claims(iss=""))), Reason.MALFORMED),
    "iss a list": (
        lambda: bearer(segments(header(alg="ES384"), claims(iss=[ISSUER]), b"x")),
        Reason.MALFORMED,
    ),
    "iss unknown": (lambda: bearer(signed(claims(iss="https://evil.test"))), Reason.UNKNOWN_ISSUER),
    "iss with a slash more": (lambda: bearer(signed(claims(iss=f"{ISSUER}/"))), Reason.UNKNOWN_ISSUER),
    "iss in capitals": (lambda: bearer(signed(claims(iss=ISSUER.upper()))), Reason.UNKNOWN_ISSUER),
    "iss below ours": (lambda: bearer(signed(claims(iss=f"{ISSUER}/x"))), Reason.UNKNOWN_ISSUER),
    "iss with a blank": (lambda: bearer(signed(claims(iss=f"{ISSUER} "))), Reason.UNKNOWN_ISSUER),
    "aud another service": (
        lambda: bearer(signed(claims(aud=f"{PUBLIC_URL}/cds-services/other"))),
        Reason.WRONG_AUDIENCE,
    ),
    "aud discovery": (
        lambda: bearer(signed(claims(aud=f"{PUBLIC_URL}/cds-services"))),
        Reason.WRONG_AUDIENCE,
    ),
    "aud the base": (lambda: bearer(signed(claims(aud=PUBLIC_URL))), Reason.WRONG_AUDIENCE),
    "aud feedback": (lambda: bearer(signed(claims(aud=f"{SERVICE_URL}/feedback"))), Reason.WRONG_AUDIENCE),
    "aud another host": (
        lambda: bearer(signed(claims(aud="https://evil.test/cds-services/test-service"))),
        Reason.WRONG_AUDIENCE,
    ),
    "aud the Host header": (
        lambda: bearer(signed(claims(aud="http://localhost/cds-services/test-service"))),
        Reason.WRONG_AUDIENCE,
    ),
    "aud in http": (
        lambda: bearer(signed(claims(aud=SERVICE_URL.replace("https", "http")))),
        Reason.WRONG_AUDIENCE,
    ),
    "aud on another port": (
        lambda: bearer(signed(claims(aud=f"{PUBLIC_URL}:8443/cds-services/test-service"))),
        Reason.WRONG_AUDIENCE,
    ),
    "aud with two slashes": (lambda: bearer(signed(claims(aud=f"{SERVICE_URL}//"))), Reason.WRONG_AUDIENCE),
    "aud with a query": (lambda: bearer(signed(claims(aud=f"{SERVICE_URL}?x"))), Reason.WRONG_AUDIENCE),
    "aud an empty list": (lambda: bearer(signed(claims(aud=[]))), Reason.CLAIM_MISSING),
    "aud empty": (lambda: bearer(signed(claims(aud=""))), Reason.CLAIM_MISSING),
    "aud a list of others": (lambda: bearer(signed(claims(aud=["a", "b"]))), Reason.WRONG_AUDIENCE),
    "aud a list of numbers": (lambda: bearer(signed(claims(aud=[1, SERVICE_URL]))), Reason.MALFORMED),
    "aud an object": (lambda: bearer(signed(claims(aud={SERVICE_URL: 1}))), Reason.MALFORMED),
    "expired": (lambda: bearer(signed(claims(iat=NOW - 1000, exp=NOW - 61))), Reason.EXPIRED),
    "expired long ago": (lambda: bearer(signed(claims(iat=1, exp=2))), Reason.EXPIRED),
    "exp a text": (lambda: bearer(signed(claims(exp=str(NOW + 300)))), Reason.MALFORMED),
    "exp true": (lambda: bearer(signed(claims(exp=True))), Reason.MALFORMED),
    "exp infinite": (
        lambda: bearer(segments(header(alg="ES384"), claims(exp=float("inf")), b"x")),
        Reason.MALFORMED,
    ),
    "exp no number": (
        lambda: bearer(segments(header(alg="ES384"), claims(exp=float("nan")), b"x")),
        Reason.MALFORMED,
    ),
    "exp far beyond all calendars": (lambda: bearer(signed(claims(exp=10**300))), Reason.MALFORMED),
    "iat negative": (lambda: bearer(signed(claims(iat=-1))), Reason.MALFORMED),
    "iat in the future": (lambda: bearer(signed(claims(iat=NOW + 600, exp=NOW + 900))), Reason.NOT_YET_VALID),
    "nbf in the future": (lambda: bearer(signed(claims(nbf=NOW + 600))), Reason.NOT_YET_VALID),
    "nbf a text": (lambda: bearer(signed(claims(nbf="now"))), Reason.MALFORMED),
    "a life of a day": (lambda: bearer(signed(claims(exp=NOW + 86400))), Reason.LIVES_TOO_LONG),
    "a life of a second too much": (
        lambda: bearer(signed(claims(iat=NOW, exp=NOW + 1201))),
        Reason.LIVES_TOO_LONG,
    ),
    "jti empty": (lambda: bearer(signed(claims(jti=""))), Reason.MALFORMED),
    "jti a number": (lambda: bearer(signed(claims(jti=7))), Reason.MALFORMED),
    "jti with a zero byte": (lambda: bearer(signed(claims(jti="a\0b"))), Reason.MALFORMED),
    "jti with half a character": (lambda: bearer(signed(claims(jti="\ud800"))), Reason.MALFORMED),
    "jti of 501 characters": (lambda: bearer(signed(claims(jti="x" * 501))), Reason.MALFORMED),
    "sub a number": (lambda: bearer(signed(claims(sub=7))), Reason.MALFORMED),
    "tenant a list": (lambda: bearer(signed(claims(tenant=["t1"]))), Reason.MALFORMED),
}


@pytest.mark.parametrize("case", REFUSED)
def test_a_token_that_is_not_good_is_a_401_that_says_nothing(
    guarded: Guarded, calls: list[CallRecord], caplog: pytest.LogCaptureFixture, case: str
) -> None:
    make, reason = REFUSED[case]
    headers = make()
    client = guarded()

    with caplog.at_level(logging.DEBUG), watched_sockets() as traffic:
        response = post(client, headers)

    plain = post(client, {})
    assert response.status_code == 401
    assert response.data == plain.data
    assert list(response.headers) == list(plain.headers)
    assert response.headers["WWW-Authenticate"] == "Bearer"
    OperationOutcome.model_validate(response.get_json())
    assert calls[0].refusal == reason
    assert (traffic.names, traffic.addresses) == ([], [])
    written = repr(calls) + caplog.text
    for part in str(headers.get("Authorization", "")).replace(".", " ").split():
        assert len(part) < 12 or part not in written


def test_there_are_enough_bad_tokens() -> None:
    assert len(REFUSED) >= 80


GOOD: dict[str, tuple[Callable[[], str], Json]] = {
    "ES384": (signed, {}),
    "RS384": (lambda: signed(algorithm="RS384", kid="rsa"), {}),
    "RS256 where it is listed": (lambda: signed(algorithm="RS256", kid="rsa"), {"algorithms": ("RS256",)}),
    "ES256 where it is listed": (lambda: signed(algorithm="ES256", kid="p256"), {"algorithms": ("ES256",)}),
    "PS384 where it is listed": (lambda: signed(algorithm="PS384", kid="rsa"), {"algorithms": ("PS384",)}),
    "a key id given twice, the second key": (lambda: signed(kid="twice"), {}),
    "a key id given twice, the first key": (lambda: signed(kid="twice", name="former"), {}),
    "a key id as Epic makes them": (lambda: signed(kid="qLE+Xy/9=="), {}),
    "the registered jku": (lambda: signed(jku=JWKS_URL), {}),
    "typ in lower case": (lambda: signed(typ="jwt"), {}),
    "no typ where none is required": (lambda: signed(typ=None), {"requires_typ": False}),
    "other headers": (lambda: signed(x5t="abc", cty="x"), {}),
    "other claims": (lambda: signed(claims(fhirUser="x", extra={"a": [1]})), {}),
    "aud a list": (lambda: signed(claims(aud=["https://other.example.org", SERVICE_URL])), {}),
    "aud with a slash": (lambda: signed(claims(aud=f"{SERVICE_URL}/")), {}),
    "aud with the default port": (
        lambda: signed(claims(aud=f"{PUBLIC_URL}:443/cds-services/test-service")),
        {},
    ),
    "an audience of the client": (lambda: signed(claims(aud="urn:spinal")), {"audiences": ("urn:spinal",)}),
    "an alias of the issuer": (lambda: signed(claims(iss=f"{ISSUER}/")), {"issuer_aliases": (f"{ISSUER}/",)}),
    "the listed sub": (lambda: signed(claims(sub="app")), {"subjects": frozenset({"app", "app2"})}),
    "the listed tenant": (lambda: signed(claims(tenant="t1")), {"tenants": frozenset({"t1"})}),
    "a long jti": (lambda: signed(claims(jti="é" * 500)), {}),
    "fractions of seconds": (lambda: signed(claims(iat=time.time(), exp=time.time() + 299.5)), {}),
    "expired within the leeway": (lambda: signed(claims(exp=int(time.time()) - 50)), {}),
    "iat ahead within the leeway": (lambda: signed(claims(iat=int(time.time()) + 50)), {}),
    "the life of Epic's tokens": (
        lambda: signed(claims(nbf=NOW - 300, iat=NOW, exp=NOW + 900), "RS384", kid="rsa"),
        {},
    ),
    "the longest life": (lambda: signed(claims(iat=NOW, exp=NOW + 1200)), {}),
}


@pytest.mark.parametrize("case", GOOD)
def test_a_good_token_is_answered(guarded: Guarded, calls: list[CallRecord], case: str) -> None:
    make, terms = GOOD[case]

    response = post(guarded(**terms), bearer(make()))

    assert response.status_code == 200
    assert [(call.client, call.refusal) for call in calls] == [("test-ehr", None)]


@pytest.mark.parametrize("scheme", ["Bearer", "bearer", "BEARER", "Bearer "])
def test_the_scheme_is_read_as_http_has_it(guarded: Guarded, scheme: str) -> None:
    assert post(guarded(), {"Authorization": f"{scheme} {signed()}"}).status_code == 200


@pytest.mark.parametrize(
    ("terms", "changes", "reason"),
    [
        ({"subjects": frozenset({"app"})}, {}, Reason.WRONG_SUBJECT),
        ({"subjects": frozenset({"app"})}, {"sub": "App"}, Reason.WRONG_SUBJECT),
        ({"tenants": frozenset({"t1"})}, {}, Reason.WRONG_TENANT),
        ({"tenants": frozenset({"t1"})}, {"tenant": "t2"}, Reason.WRONG_TENANT),
        ({"max_token_seconds": 60}, {}, Reason.LIVES_TOO_LONG),
        ({"audiences": ("urn:spinal",)}, {"aud": "urn:spinal/"}, Reason.WRONG_AUDIENCE),
        ({"algorithms": ("RS384",)}, {}, Reason.WRONG_ALGORITHM),
        ({"jkus": frozenset()}, {}, None),
    ],
)
def test_the_terms_of_the_client_hold(
    guarded: Guarded, calls: list[CallRecord], terms: Json, changes: Json, reason: Reason | None
) -> None:
    response = post(guarded(**terms), bearer(signed(claims(**changes))))

    assert response.status_code == (200 if reason is None else 401)
    assert calls[0].refusal == reason
    assert calls[0].client == "test-ehr"


def test_two_headers_are_one_too_many(guarded: Guarded, calls: list[CallRecord]) -> None:
    headers = Headers([("Authorization", f"Bearer {signed()}"), ("Authorization", f"Bearer {signed()}")])

    assert post(guarded(), headers).status_code == 401
    assert calls[0].refusal in (Reason.SEVERAL_HEADERS, Reason.NOT_BEARER)


def test_a_key_of_one_client_signs_for_that_client_only(
    guarded: Guarded, calls: list[CallRecord], tmp_path: Path
) -> None:
    theirs = tmp_path / "theirs.json"
    theirs.write_bytes(jwks(public_jwk(name="theirs")))
    other = Client("other-ehr", CLIENT.fhir_bases)
    client = guarded(registration(theirs, client=other, issuer="https://other.example.org"))

    own = post(client, bearer(signed(claims(iss="https://other.example.org"), name="theirs")))
    crossed = post(client, bearer(signed(claims(iss="https://other.example.org"))))

    assert (own.status_code, crossed.status_code) == (200, 401)
    assert [(call.client, call.refusal) for call in calls] == [
        ("other-ehr", None),
        ("other-ehr", Reason.WRONG_SIGNATURE),
    ]


def test_a_token_is_good_for_one_call(guarded: Guarded, calls: list[CallRecord]) -> None:
    client, token = guarded(), signed()

    assert [post(client, bearer(token)).status_code for _ in range(3)] == [200, 401, 401]
    assert calls[1].refusal == Reason.REPLAYED


def test_the_same_id_from_another_issuer_is_another_token(guarded: Guarded, keys_file: Path) -> None:
    second = registration(keys_file, client=Client("second", CLIENT.fhir_bases), issuer="https://second")
    client = guarded(second)

    for issuer in (ISSUER, "https://second"):
        assert post(client, bearer(signed(claims(iss=issuer, jti="one")))).status_code == 200


def test_under_an_alias_a_token_is_still_spent_once(guarded: Guarded) -> None:
    client = guarded(issuer_aliases=(f"{ISSUER}/",))

    answers = [post(client, bearer(signed(claims(iss=iss, jti="one")))) for iss in (ISSUER, f"{ISSUER}/")]

    assert [answer.status_code for answer in answers] == [200, 401]


def test_a_bad_token_does_not_spend_the_id_of_a_good_one(guarded: Guarded) -> None:
    spent = SpentTokens()
    client = guarded(replay=spent)

    post(client, bearer(signed(claims(jti="one"), name="attacker")))
    post(client, bearer(signed(claims(jti="one", aud="other"))))
    post(client, bearer(signed(claims(jti="one", exp=1, iat=0))))

    assert spent.spent == set()
    assert post(client, bearer(signed(claims(jti="one")))).status_code == 200


def test_an_id_is_kept_until_no_leeway_could_revive_its_token(guarded: Guarded) -> None:
    spent = SpentTokens()
    post(guarded(replay=spent), bearer(signed(claims(iat=NOW, exp=NOW + 300))))

    assert spent.expiries == [NOW + 360]


def test_without_the_replay_store_nobody_is_let_in(guarded: Guarded) -> None:
    response = post(guarded(replay=BrokenReplayStore()), bearer(signed()))

    assert response.status_code == 503
    assert response.headers["Retry-After"]
    assert response.get_json()["issue"][0]["code"] == "transient"


def test_without_a_token_nothing_is_told_about_the_call(guarded: Guarded) -> None:
    client = guarded()
    calls = [
        post(client, {}),
        post(client, {}, "/cds-services/no-such-service"),
        client.post(PATH, data=b"<x/>", content_type="application/xml"),
        client.post(PATH, data=b"{", content_type="application/json"),
        client.post(PATH, data=b"x" * 3_000_000, content_type="application/json"),
    ]

    assert {(call.status_code, call.data, tuple(call.headers)) for call in calls} == {
        (401, calls[0].data, tuple(calls[0].headers))
    }


def test_a_token_for_a_service_that_does_not_exist_learns_so(guarded: Guarded) -> None:
    token = signed(claims(aud=f"{PUBLIC_URL}/cds-services/none"))

    assert post(guarded(), bearer(token), "/cds-services/none").status_code == 404


def test_discovery_is_public(guarded: Guarded) -> None:
    client = guarded()

    assert client.get("/cds-services").status_code == 200
    assert client.get("/cds-services", headers=bearer(CANARY)).status_code == 200


@pytest.mark.parametrize(
    ("public_url", "audience", "status"),
    [
        ("https://cds.example.org/", SERVICE_URL, 200),
        ("https://cds.example.org:443", SERVICE_URL, 200),
        ("https://cds.example.org:8443", SERVICE_URL, 401),
        ("https://cds.example.org:8443", "https://cds.example.org:8443/cds-services/test-service", 200),
        ("https://cds.example.org/site", "https://cds.example.org/site/cds-services/test-service", 200),
        ("https://cds.example.org/site", SERVICE_URL, 401),
        ("http://127.0.0.1:80", "http://127.0.0.1/cds-services/test-service", 200),
        ("https://[::1]", "https://[::1]:443/cds-services/test-service/", 200),
    ],
)
def test_the_audience_is_below_the_public_url(
    guarded: Guarded, public_url: str, audience: str, status: int
) -> None:
    client = guarded(public_url=public_url)
    headers = {**bearer(signed(claims(aud=audience))), "Host": "evil.test", "X-Forwarded-Host": "evil.test"}

    assert post(client, headers).status_code == status


@pytest.mark.parametrize(
    ("audience", "is_taken"),
    [
        (f"{SERVICE_URL}/feedback", True),
        (f"{SERVICE_URL}/feedback/", True),
        (SERVICE_URL, True),
        (f"{PUBLIC_URL}/cds-services", False),
        (f"{PUBLIC_URL}/cds-services/other/feedback", False),
    ],
)
def test_feedback_may_be_addressed_to_itself_or_to_the_service(
    keys_file: Path, audience: str, is_taken: bool
) -> None:
    authenticator = TokenAuthenticator(
        [registration(keys_file)], public_url=PUBLIC_URL, replay=SpentTokens(), warn=lambda *_: None
    )
    headers = [f"Bearer {signed(claims(aud=audience))}"]

    if is_taken:
        assert authenticator.client_of(headers, f"{PATH}/feedback").id == "test-ehr"
    else:
        with pytest.raises(Exception, match="not authenticated"):
            authenticator.client_of(headers, f"{PATH}/feedback")


def test_the_service_is_told_which_client_calls(keys_file: Path) -> None:
    told: list[Client] = []

    def answer(call: Any) -> Any:
        told.append(call.client)
        raise RuntimeError

    authenticator = TokenAuthenticator(
        [registration(keys_file)], public_url=PUBLIC_URL, replay=SpentTokens(), warn=lambda *_: None
    )
    post(app_with([service(answer=answer)], authenticator=authenticator).test_client(), bearer(signed()))

    assert [client.id for client in told] == ["test-ehr"]


Serve = Callable[[Script], LocalServer]


@pytest.mark.parametrize(
    "header_of",
    [
        lambda theirs: {"jku": theirs},
        lambda theirs: {"jku": theirs, "kid": "theirs"},
        lambda theirs: {"x5u": theirs},
        lambda theirs: {"x5u": theirs, "kid": "theirs"},
        lambda theirs: {"jwk": public_jwk(kid="theirs", name="attacker"), "kid": "theirs"},
        lambda theirs: {"kid": theirs},
    ],
)
@pytest.mark.parametrize("is_of_another_client", [True, False])
def test_no_token_makes_the_service_fetch_from_where_it_says(
    guarded: Guarded, serve: Serve, header_of: Callable[[str], Json], is_of_another_client: bool
) -> None:
    ours = serve(lambda exchange: exchange.answer(jwks()))
    theirs = serve(lambda exchange: exchange.answer(jwks(public_jwk(kid="theirs", name="attacker"))))
    other = registration(
        theirs.base,
        client=Client("other", CLIENT.fhir_bases),
        issuer="https://other.example.org",
        jkus=frozenset({theirs.base}),
    )
    others = (other,) if is_of_another_client else ()
    client = guarded(*others, jwks=ours.base, jkus=frozenset({ours.base}))

    response = post(client, bearer(forged(**header_of(theirs.base))))

    assert response.status_code == 401
    assert theirs.seen == []
    assert len(ours.seen) <= 1


def test_the_keys_of_the_registered_url_are_fetched_and_their_tokens_taken(
    guarded: Guarded, serve: Serve
) -> None:
    ours = serve(lambda exchange: exchange.answer(jwks()))
    client = guarded(jwks=ours.base, jkus=frozenset({ours.base}))

    statuses = [post(client, bearer(signed(jku=ours.base))).status_code for _ in range(3)]

    assert statuses == [200, 200, 200]
    assert len(ours.seen) == 1


def test_while_the_keys_cannot_be_had_nobody_is_let_in(
    guarded: Guarded, serve: Serve, calls: list[CallRecord]
) -> None:
    down = serve(lambda exchange: exchange.answer(b"", "503 Service Unavailable"))
    client = guarded(jwks=down.base)

    response = post(client, bearer(signed()))

    assert (response.status_code, response.data) == (401, post(client, {}).data)
    assert calls[0].refusal == Reason.KEYS_UNAVAILABLE


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20) | st.just(ISSUER),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=5,
)
FIELDS = st.sampled_from(["alg", "kid", "typ", "jku", "crit", "b64", "zip"])
CLAIMS = st.sampled_from(["iss", "aud", "exp", "iat", "nbf", "jti", "sub", "tenant"])


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.dictionaries(FIELDS, JSON, max_size=3),
    st.dictionaries(CLAIMS, JSON, max_size=3),
    st.binary(max_size=100),
)
def test_whatever_a_token_holds_is_refused_and_breaks_nothing(
    guarded: Guarded, fields: Json, payload: Json, signature: bytes
) -> None:
    parts = ({**header(alg="ES384"), **fields}, {**claims(), **payload}, signature)

    assert post(guarded(), bearer(segments(*parts))).status_code == 401
