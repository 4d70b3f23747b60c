"""The keys of an issuer: fetched sparingly, kept while fetching fails, never anything unfit."""

from __future__ import annotations

import gzip
import json
import os
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from jwt.algorithms import RSAAlgorithm

from cds_hooks.jwks import (
    COOL_DOWN_SECONDS,
    FRESH_SECONDS,
    STALE_SECONDS,
    KeysUnavailable,
    LocalKeys,
    RemoteKeys,
    parse_jwks,
)
from tests.cds_hooks.tokens import Json, jwks, public_jwk
from tests.local_servers import Exchange, LocalServer, Script

Serve = Callable[[Script], LocalServer]
ALGORITHMS = ("ES384", "RS384")


class Clock:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


PATIENCE_SECONDS = 20.0
"""For fetches whose speed is not what is tested."""


class Issuer:
    """A JWKS server whose answer can be changed; None is an answer of 503."""

    def __init__(self, serve: Serve, body: bytes | None) -> None:
        self.body = body
        self.clock = Clock()
        self.warnings: list[str] = []
        self.local = serve(self._answer)
        self.reads = 0
        self.keys = RemoteKeys(
            self.local.base,
            ALGORITHMS,
            warn=self.warnings.append,
            on_read=self._count,
            fetch_seconds=PATIENCE_SECONDS,
            clock=self.clock,
        )

    def _count(self) -> None:
        self.reads += 1

    def _answer(self, exchange: Exchange) -> None:
        if self.body is None:
            exchange.answer(b"", "503 Service Unavailable")
        else:
            exchange.answer(self.body)

    @property
    def fetches(self) -> int:
        return len(self.local.seen)

    def has(self, kid: str) -> bool:
        return bool(self.keys.find(kid, "ES384"))

    def settles_with(self, kid: str) -> bool:
        """Does a fetch in the background bring the key?"""
        until = time.monotonic() + 20
        while time.monotonic() < until:
            if self.has(kid):
                return True
            time.sleep(0.01)
        return False


def test_keys_are_fetched_once_and_kept(serve: Serve) -> None:
    issuer = Issuer(serve, jwks())

    assert all(issuer.has("k1") for _ in range(50))
    assert issuer.fetches == 1


def test_callers_at_the_same_time_share_one_fetch(serve: Serve) -> None:
    issuer = Issuer(serve, jwks())

    with ThreadPoolExecutor(16) as pool:
        found = list(pool.map(issuer.has, ["k1"] * 64))

    assert all(found)
    assert issuer.fetches == 1


def test_a_flood_of_unknown_ids_is_one_fetch_per_cool_down(serve: Serve) -> None:
    issuer = Issuer(serve, jwks())
    assert issuer.has("k1")

    for number in range(10_000):
        issuer.clock.now += 0.01
        assert not issuer.has(f"unknown-{number}")

    assert issuer.fetches <= 1 + 100 / COOL_DOWN_SECONDS
    assert issuer.has("k1")


def test_a_flood_from_many_threads_is_one_fetch(serve: Serve) -> None:
    issuer = Issuer(serve, jwks())
    assert issuer.has("k1")
    issuer.clock.now += COOL_DOWN_SECONDS

    with ThreadPoolExecutor(16) as pool:
        assert not any(pool.map(issuer.has, [f"unknown-{number}" for number in range(1000)]))

    assert issuer.fetches == 2


def test_after_a_rotation_the_new_key_is_found_at_once(serve: Serve) -> None:
    issuer = Issuer(serve, jwks())
    assert issuer.has("k1")
    issuer.clock.now += COOL_DOWN_SECONDS
    issuer.body = jwks(public_jwk(), public_jwk(kid="k2", name="next"))

    assert issuer.has("k2")
    assert issuer.has("k1")
    assert issuer.fetches == 2


def test_a_rotation_during_the_cool_down_is_seen_when_it_ends(serve: Serve) -> None:
    issuer = Issuer(serve, jwks())
    assert issuer.has("k1")
    issuer.body = jwks(public_jwk(kid="k2", name="next"))

    issuer.clock.now += COOL_DOWN_SECONDS - 1
    assert not issuer.has("k2")
    issuer.clock.now += 1
    assert issuer.has("k2")


def test_keys_are_looked_at_again_after_a_while_without_anybody_waiting(serve: Serve) -> None:
    issuer = Issuer(serve, jwks())
    assert issuer.has("k1")
    issuer.body = jwks(public_jwk(kid="k2", name="next"))
    issuer.clock.now += FRESH_SECONDS

    assert issuer.has("k1")
    assert issuer.settles_with("k2")
    assert not issuer.has("k1")


@pytest.mark.parametrize("minutes", [6, 30, 23 * 60])
def test_while_the_server_is_down_known_keys_go_on_serving(serve: Serve, minutes: int) -> None:
    issuer = Issuer(serve, jwks())
    assert issuer.has("k1")
    issuer.body = None

    for _ in range(minutes):
        issuer.clock.now += 60
        assert issuer.has("k1")


def test_only_fetches_that_give_keys_are_told_of(serve: Serve) -> None:
    issuer = Issuer(serve, None)
    with pytest.raises(KeysUnavailable):
        issuer.keys.find("a", "ES384")
    assert (issuer.fetches, issuer.reads) == (1, 0)

    issuer.body = jwks(public_jwk(kid="a"))
    issuer.clock.now += 31

    assert issuer.settles_with("a")
    assert issuer.reads == 1


def test_keys_of_yesterday_serve_nobody(serve: Serve) -> None:
    issuer = Issuer(serve, jwks())
    assert issuer.has("k1")
    issuer.body = None
    issuer.clock.now += STALE_SECONDS

    with pytest.raises(KeysUnavailable):
        issuer.has("k1")


def test_a_server_that_is_down_at_first_is_asked_again_after_the_cool_down(serve: Serve) -> None:
    issuer = Issuer(serve, None)

    for _ in range(100):
        with pytest.raises(KeysUnavailable):
            issuer.has("k1")
    assert issuer.fetches == 1
    assert issuer.warnings == ["the server answers 503"]

    issuer.body = jwks()
    issuer.clock.now += COOL_DOWN_SECONDS
    assert issuer.has("k1")


@pytest.mark.parametrize(
    "body", [b"", b"{", b"[]", b"null", b'{"keys": {}}', b'{"keys": []}', b"<html>", b"[" * 100_000, b"\xff"]
)
def test_an_answer_that_is_no_key_set_leaves_the_old_keys(serve: Serve, body: bytes) -> None:
    issuer = Issuer(serve, jwks())
    assert issuer.has("k1")
    issuer.body = body
    issuer.clock.now += COOL_DOWN_SECONDS

    assert not issuer.has("other")
    assert issuer.fetches == 2
    assert issuer.has("k1")


def hostile(serve: Serve, script: Script) -> RemoteKeys:
    return RemoteKeys(serve(script).base, ALGORITHMS, warn=print)


def test_a_redirect_is_not_followed(serve: Serve) -> None:
    elsewhere = serve(lambda exchange: exchange.answer(jwks()))
    keys = hostile(serve, lambda exchange: exchange.answer(b"", "302 Found", f"Location: {elsewhere.base}"))

    with pytest.raises(KeysUnavailable):
        keys.find("k1", "ES384")
    assert elsewhere.seen == []


def test_a_body_over_the_cap_is_refused_even_when_it_is_small_on_the_wire(serve: Serve) -> None:
    body = gzip.compress(jwks(public_jwk(note="x" * 1_000_000)))
    keys = hostile(serve, lambda exchange: exchange.answer(body, "200 OK", "Content-Encoding: gzip"))

    with pytest.raises(KeysUnavailable):
        keys.find("k1", "ES384")


@pytest.mark.parametrize("start", [b"HTTP/1.1 200 OK\r\nX: ", b"HTTP/1.1 200 OK\r\n\r\n"])
def test_a_server_that_drips_is_cut_off(serve: Serve, start: bytes) -> None:
    ended = threading.Event()

    def drip(exchange: Exchange) -> None:
        try:
            exchange.drip(start, b"a")
        finally:
            ended.set()

    with pytest.raises(KeysUnavailable):
        hostile(serve, drip).find("k1", "ES384")

    assert ended.wait(20)


def test_nothing_listens_there() -> None:
    with pytest.raises(KeysUnavailable):
        RemoteKeys("http://127.0.0.1:9/jwks", ALGORITHMS, warn=print).find("k1", "ES384")


def weak_jwk() -> Json:
    key = rsa.generate_private_key(public_exponent=65537, key_size=1024)  # noqa: S505
    return {**RSAAlgorithm.to_jwk(key.public_key(), as_dict=True), "kid": "weak"}


UNFIT: dict[str, Any] = {
    "no object": "k",
    "null": None,
    "a list": [],
    "no kid": {name: value for name, value in public_jwk().items() if name != "kid"},
    "a kid that is a number": public_jwk(kid=7),
    "no kty": {**public_jwk(), "kty": None},
    "an unknown kty": {**public_jwk(), "kty": "XX"},
    "a kty that is a list": {**public_jwk(), "kty": ["EC"]},
    "a secret": {"kty": "oct", "kid": "k1", "k": "c2VjcmV0"},
    "Ed25519": {"kty": "OKP", "crv": "Ed25519", "kid": "k1", "x": "AAAA"},
    "another curve": public_jwk("ES256"),
    "no curve": {**public_jwk(), "crv": None},
    "a point off the curve": {**public_jwk(), "x": public_jwk(name="other")["x"]},
    "half a point": {**public_jwk(), "x": "AAAA"},
    "no point": {**public_jwk(), "x": None, "y": None},
    "a point of numbers": {**public_jwk(), "x": 1, "y": 2},
    "an RSA key without exponent": {**public_jwk("RS384"), "e": None},
    "an RSA key without modulus": {**public_jwk("RS384"), "n": ""},
    "an RSA key of numbers": {**public_jwk("RS384"), "n": 5, "e": 3},
    "an RSA key that is too short": weak_jwk(),
    "for encryption": public_jwk(use="enc"),
    "for another algorithm": public_jwk(alg="ES256K"),
    "for signing only": public_jwk(key_ops=["sign"]),
    "operations of no type": public_jwk(key_ops=7),
}


@pytest.mark.parametrize("case", UNFIT)
def test_an_unfit_key_is_left_out_and_the_fit_ones_stay(case: str) -> None:
    keys = parse_jwks(json.dumps({"keys": [UNFIT[case], public_jwk(kid="good")]}).encode(), ALGORITHMS)

    assert keys.keys() == {("good", "ES384")}


def test_a_key_is_bound_to_the_algorithms_of_its_type() -> None:
    keys = parse_jwks(jwks(public_jwk("ES384", "e"), public_jwk("RS384", "r")), ("ES384", "RS384", "PS384"))

    assert keys.keys() == {("e", "ES384"), ("r", "RS384"), ("r", "PS384")}


@pytest.mark.parametrize("kid", ["qLE+Xy/9==", "a b", "é", "x" * 300, "../k"])
def test_a_key_id_is_any_text(kid: str) -> None:
    assert (kid, "ES384") in parse_jwks(jwks(public_jwk(kid=kid)), ALGORITHMS)


def test_a_local_file_is_read_again_when_it_changes(tmp_path: Path) -> None:
    path = tmp_path / "jwks.json"
    path.write_bytes(jwks())
    keys = LocalKeys(path, ALGORITHMS, warn=print)
    assert keys.find("k1", "ES384")

    following = tmp_path / "next.json"
    following.write_bytes(jwks(public_jwk(kid="k2", name="next")))
    os.replace(following, path)

    assert keys.find("k2", "ES384")
    assert not keys.find("k1", "ES384")


@pytest.mark.parametrize("change", ["broken", "emptied", "gone"])
def test_while_a_local_file_is_unusable_the_old_keys_hold(tmp_path: Path, change: str) -> None:
    path, warnings = tmp_path / "jwks.json", list[str]()
    path.write_bytes(jwks())
    keys = LocalKeys(path, ALGORITHMS, warn=warnings.append)
    if change == "gone":
        path.unlink()
    else:
        path.write_bytes({"broken": b"{", "emptied": b'{"keys": []}'}[change])

    assert keys.find("k1", "ES384")
    assert keys.find("k1", "ES384")
    assert len(warnings) == 1


@pytest.mark.parametrize("content", [None, b"{", b'{"keys": []}'])
def test_a_local_file_that_is_unusable_at_the_start_is_a_fault(tmp_path: Path, content: bytes | None) -> None:
    path = tmp_path / "jwks.json"
    if content is not None:
        path.write_bytes(content)

    with pytest.raises(KeysUnavailable):
        LocalKeys(path, ALGORITHMS, warn=print)
