"""The service's own keys: read from PEM or JWK, and published without their private halves."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    PublicFormat,
)
from jwt.algorithms import ECAlgorithm, RSAAlgorithm

from cds_hooks import published_keys
from cds_hooks.signing_keys import KeyUnusable, read_signing_key
from tests.cds_hooks.tokens import PrivateKey, pem, private_key

PRIVATE_MEMBERS = {"d", "p", "q", "dp", "dq", "qi"}


def jwk(key: PrivateKey, **more: Any) -> bytes:
    algorithm = RSAAlgorithm if isinstance(key, rsa.RSAPrivateKey) else ECAlgorithm
    return json.dumps({**algorithm.to_jwk(key, as_dict=True), **more}).encode()  # type: ignore[arg-type]


def written(folder: Path, content: bytes) -> Path:
    path = folder / "key"
    path.write_bytes(content)
    return path


@pytest.mark.parametrize("algorithm", ["ES384", "RS384"])
@pytest.mark.parametrize("form", [pem, jwk])
def test_a_key_signs_what_its_published_half_verifies(tmp_path: Path, algorithm: str, form: Any) -> None:
    key = read_signing_key(written(tmp_path, form(private_key(algorithm))))
    [published] = json.loads(published_keys([key]))["keys"]

    signed = jwt.encode({"iss": "us"}, key.private, key.algorithm)

    assert key.algorithm == algorithm
    assert jwt.decode(signed, jwt.PyJWK(published, algorithm), [algorithm]) == {"iss": "us"}
    assert {"kid": key.kid, "alg": algorithm, "use": "sig"}.items() <= published.items()


@pytest.mark.parametrize("algorithm", ["ES384", "RS384"])
@pytest.mark.parametrize("form", [pem, jwk])
def test_nothing_private_is_published_or_shown(tmp_path: Path, algorithm: str, form: Any) -> None:
    key = read_signing_key(written(tmp_path, form(private_key(algorithm))))
    [published] = json.loads(published_keys([key]))["keys"]

    assert PRIVATE_MEMBERS.isdisjoint(published)
    assert repr(key) == f"SigningKey(kid={key.kid!r}, algorithm={algorithm!r})"


def test_a_key_without_an_id_has_the_same_id_in_both_forms(tmp_path: Path) -> None:
    key = private_key("ES384")

    assert (
        read_signing_key(written(tmp_path, pem(key))).kid == read_signing_key(written(tmp_path, jwk(key))).kid
    )


def test_the_id_is_the_thumbprint_of_rfc_7638(tmp_path: Path) -> None:
    from hashlib import sha256

    from jwt.utils import base64url_encode

    key = read_signing_key(written(tmp_path, pem(private_key("RS384"))))
    members = f'{{"e":"{key.public_jwk["e"]}","kty":"RSA","n":"{key.public_jwk["n"]}"}}'

    assert key.kid == base64url_encode(sha256(members.encode()).digest()).decode()


def test_a_key_keeps_its_own_id(tmp_path: Path) -> None:
    assert read_signing_key(written(tmp_path, jwk(private_key("ES384"), kid="2026-11"))).kid == "2026-11"


def test_a_key_is_published_once(tmp_path: Path) -> None:
    key = read_signing_key(written(tmp_path, pem(private_key("ES384"))))

    assert len(json.loads(published_keys([key, key]))["keys"]) == 1


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"hunter2",
        b"{}",
        b'{"keys": []}',
        b'["hunter2"]',
        b"[" * 100_000,
        b"-----BEGIN PRIVATE KEY-----\nhunter2\n-----END PRIVATE KEY-----\n",
        pem(ec.generate_private_key(ec.SECP256R1())),
        pem(rsa.generate_private_key(public_exponent=65537, key_size=1024)),  # noqa: S505
        pem(private_key("ES384"), BestAvailableEncryption(b"hunter2")),
        private_key("ES384").public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo),
        json.dumps({"kty": "oct", "k": "aHVudGVyMg"}).encode(),
        json.dumps(ECAlgorithm.to_jwk(private_key("ES384").public_key(), as_dict=True)).encode(),  # type: ignore[arg-type]
        json.dumps({"kty": "EC", "crv": "P-384", "x": "hunter2", "y": "hunter2", "d": "hunter2"}).encode(),
    ],
)
def test_what_is_no_fit_private_key_is_refused_without_repeating_it(tmp_path: Path, content: bytes) -> None:
    with pytest.raises(KeyUnusable) as raised:
        read_signing_key(written(tmp_path, content))

    assert "hunter2" not in str(raised.value)


def test_a_file_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(KeyUnusable, match="cannot be read"):
        read_signing_key(tmp_path / "missing")
