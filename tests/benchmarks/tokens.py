"""A registered EHR for the benchmark: its clients file, and tokens signed beforehand."""

from __future__ import annotations

from pathlib import Path
from uuid import uuid4

from tests.benchmarks.load import PATH
from tests.cds_hooks.tokens import ISSUER, claims, jwks, public_jwk, signed

PUBLIC_URL = "http://127.0.0.1:8000"
ALGORITHMS = ("ES384", "RS384")
_CLIENT = f"""
[[clients]]
id = "bench"
issuer = "{ISSUER}"
jwks_file = "jwks.json"
max_token_seconds = 3600
"""


def write_client(folder: Path) -> Path:
    """The clients file; the keys stand beside it."""
    keys = [public_jwk(algorithm, kid=algorithm) for algorithm in ALGORITHMS]
    (folder / "jwks.json").write_bytes(jwks(*keys))
    path = folder / "clients.toml"
    path.write_text(_CLIENT, encoding="utf-8")
    return path


def write_tokens(path: Path, algorithm: str, count: int) -> Path:
    """So many tokens, one a line and all of one length, each to be used once."""
    one = claims(aud=f"{PUBLIC_URL}{PATH}")
    until = one["iat"] + 3000
    payloads = ({**one, "exp": until, "jti": str(uuid4())} for _ in range(count))
    lines = [signed(payload, algorithm, kid=algorithm) for payload in payloads]
    path.write_text("\n".join(lines), encoding="ascii")
    return path
