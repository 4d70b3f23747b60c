"""The service's own key pairs, with which it asks an EHR for access, and what it publishes of them."""

import base64
import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import msgspec
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ec import SECP384R1, EllipticCurvePrivateKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from jwt import PyJWK
from jwt.algorithms import ECAlgorithm, RSAAlgorithm
from jwt.exceptions import PyJWTError

PrivateKey = EllipticCurvePrivateKey | RSAPrivateKey
JWKS_PATH = "/.well-known/jwks.json"
_MIN_RSA_BITS = 2048
_THUMBPRINT_MEMBERS = ("crv", "e", "kty", "n", "x", "y")


class KeyUnusable(Exception):  # noqa: N818 - says what is the case.
    """The message says why, and holds nothing of the key."""


@dataclass(frozen=True, slots=True)
class SigningKey:
    """`kid` is the key's own, or its RFC 7638 thumbprint. `algorithm` is one of those that SMART asks for."""

    kid: str
    algorithm: Literal["ES384", "RS384"]
    public_jwk: Mapping[str, Any] = field(repr=False)
    private: PrivateKey = field(repr=False, compare=False)


def read_signing_key(path: Path) -> SigningKey:
    """The private key in a PEM file without a password, or in a JSON Web Key. Raises KeyUnusable."""
    try:
        content = path.read_bytes()
    except OSError as error:
        raise KeyUnusable(f"cannot be read: {error.strerror}") from error
    jwk = _json_object(content)
    try:
        private = _fit(PyJWK(jwk).key if jwk else load_pem_private_key(content, password=None))
    except (PyJWTError, UnsupportedAlgorithm, ValueError, TypeError) as error:
        raise KeyUnusable("holds no private key as PEM without a password, or as JSON Web Key") from error
    public = _public_members(private)
    kid = jwk.get("kid")
    kid = kid if isinstance(kid, str) and kid else _thumbprint(public)
    algorithm: Literal["ES384", "RS384"] = "ES384" if public["kty"] == "EC" else "RS384"
    return SigningKey(kid, algorithm, {**public, "kid": kid, "alg": algorithm, "use": "sig"}, private)


def published_keys(keys: Iterable[SigningKey]) -> bytes:
    """The JWKS with the public halves of `keys`, each once."""
    return msgspec.json.encode({"keys": list({key.kid: key.public_jwk for key in keys}.values())})


def _json_object(content: bytes) -> dict[str, Any]:
    try:
        read = json.loads(content)
    except (ValueError, RecursionError):
        return {}
    return read if isinstance(read, dict) else {}


def _fit(private: object) -> PrivateKey:
    if isinstance(private, RSAPrivateKey) and private.key_size >= _MIN_RSA_BITS:
        return private
    if isinstance(private, EllipticCurvePrivateKey) and isinstance(private.curve, SECP384R1):
        return private
    raise KeyUnusable("must be a private key on the curve P-384, or of RSA with 2048 bits or more")


def _public_members(private: PrivateKey) -> dict[str, Any]:
    if isinstance(private, RSAPrivateKey):
        public = RSAAlgorithm.to_jwk(private.public_key(), as_dict=True)
    else:
        public = ECAlgorithm.to_jwk(private.public_key(), as_dict=True)
    return {name: public[name] for name in _THUMBPRINT_MEMBERS if name in public}


def _thumbprint(public: Mapping[str, Any]) -> str:
    text = json.dumps(public, separators=(",", ":"), sort_keys=True)
    return base64.urlsafe_b64encode(hashlib.sha256(text.encode()).digest()).rstrip(b"=").decode()
