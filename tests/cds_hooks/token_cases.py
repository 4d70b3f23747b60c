"""Tokens, bad and good, with what the service must make of each."""

from __future__ import annotations

import hashlib
import hmac
import json
import time
from collections.abc import Callable
from typing import Any

from cds_hooks import Reason
from tests.cds_hooks.tokens import (
    ISSUER,
    JWKS_URL,
    PUBLIC_URL,
    SERVICE_URL,
    Json,
    bearer,
    claims,
    header,
    public_jwk,
    segments,
    signed,
)
from tests.cds_hooks.wire import CANARY

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
"""What makes the headers of a call, and the reason that is logged."""

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
"""What makes the token, and the terms of the client that make it good."""
