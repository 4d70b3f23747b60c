"""Keys made for this test run, the tokens they sign, and the registration of the client that owns them."""

from __future__ import annotations

import base64
import json
import time
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any
from uuid import uuid4

import jwt
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    KeySerializationEncryption,
    NoEncryption,
    PrivateFormat,
)
from jwt.algorithms import ECAlgorithm, RSAAlgorithm

from cds_hooks import AllowedBases, Client, Registration, ReplayStoreUnavailable

PUBLIC_URL = "https://cds.example.org"
ISSUER = "https://ehr.example.org/issuer"
JWKS_URL = "https://ehr.example.org/jwks"
SERVICE_URL = f"{PUBLIC_URL}/cds-services/test-service"
_CURVES = {"ES256": ec.SECP256R1, "ES384": ec.SECP384R1, "ES512": ec.SECP521R1}

PrivateKey = ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey
Json = dict[str, Any]


@cache
def private_key(algorithm: str, name: str = "own") -> PrivateKey:
    """One key per name and kind of algorithm, made when first asked for."""
    if algorithm in _CURVES:
        return ec.generate_private_key(_CURVES[algorithm]())
    return rsa_key(name)


@cache
def rsa_key(name: str) -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


def pem(key: PrivateKey, encryption: KeySerializationEncryption | None = None) -> bytes:
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, encryption or NoEncryption())


def public_jwk(algorithm: str = "ES384", kid: str = "k1", name: str = "own", **more: Any) -> Json:
    key = private_key(algorithm, name).public_key()
    if isinstance(key, rsa.RSAPublicKey):
        return {**RSAAlgorithm.to_jwk(key, as_dict=True), "kid": kid, **more}
    return {**ECAlgorithm.to_jwk(key, as_dict=True), "kid": kid, **more}


def jwks(*keys: Json) -> bytes:
    return json.dumps({"keys": keys or [public_jwk()]}).encode()


def claims(**changes: Any) -> Json:
    """Good claims of a token with five minutes to live; a change to None leaves the claim out."""
    now = int(time.time())
    good: Json = {"iss": ISSUER, "aud": SERVICE_URL, "iat": now, "exp": now + 300, "jti": str(uuid4())}
    return {name: value for name, value in {**good, **changes}.items() if value is not None}


def header(**changes: Any) -> Json:
    return {
        name: value for name, value in {"kid": "k1", "typ": "JWT", **changes}.items() if value is not None
    }


def signed(
    payload: Json | None = None, algorithm: str = "ES384", *, name: str = "own", **headers: Any
) -> str:
    """A token. `headers` changes the header; PyJWT would leave `typ` in when it is None."""
    fields = header(**headers)
    return jwt.encode(
        claims() if payload is None else payload,
        private_key(algorithm, name),
        algorithm,
        {"typ": None, **fields},
    )


def segments(*parts: Any) -> str:
    """A compact serialisation of whatever is given; bytes as they are, all else as JSON."""
    return ".".join(
        base64.urlsafe_b64encode(part if isinstance(part, bytes) else json.dumps(part).encode())
        .rstrip(b"=")
        .decode()
        for part in parts
    )


def bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


@dataclass
class SpentTokens:
    """A replay store of this process only."""

    spent: set[tuple[str, str]] = field(default_factory=set)
    expiries: list[float] = field(default_factory=list)

    def claim(self, issuer: str, jti: str, expires_at: float) -> bool:
        self.expiries.append(expires_at)
        is_first = (issuer, jti) not in self.spent
        self.spent.add((issuer, jti))
        return is_first


class BrokenReplayStore:
    def claim(self, issuer: str, jti: str, expires_at: float) -> bool:
        raise ReplayStoreUnavailable


def registration(jwks: Path | str, **changes: Any) -> Registration:
    fields: Json = {
        "client": Client("test-ehr", AllowedBases(("https://ehr.example.org/fhir",), allow_loopback=False)),
        "issuer": ISSUER,
        "issuer_aliases": (),
        "jwks": jwks,
        "jkus": frozenset({JWKS_URL}),
        "audiences": (),
        "subjects": frozenset(),
        "tenants": frozenset(),
        "algorithms": ("ES384", "RS384"),
        "max_token_seconds": 1200,
        "requires_typ": True,
        "cors_origins": (),
    }
    return Registration(**{**fields, **changes})
