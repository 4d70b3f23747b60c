"""The public keys of an issuer: from its JWKS URL, or from a file beside the clients file."""

import json
import threading
import time
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor, wait
from pathlib import Path
from typing import Any, Protocol

import requests
import urllib3
from jwt import PyJWK
from jwt.exceptions import PyJWTError

from cds_hooks.outbound import Exchange, open_session

FETCH_SECONDS = 2.0
COOL_DOWN_SECONDS = 30.0
FRESH_SECONDS = 300.0
STALE_SECONDS = 24 * 3600.0
_MAX_BYTES = 256 * 1024
_CHUNK_BYTES = 16 * 1024

KeySet = Mapping[tuple[str, str], tuple[PyJWK, ...]]
"""By key id and algorithm. An issuer may publish several keys under one id."""


class KeysUnavailable(Exception):  # noqa: N818 - says what is the case.
    """The issuer's keys cannot be had; the message says why."""


class KeySource(Protocol):
    def find(self, kid: str, algorithm: str) -> tuple[PyJWK, ...]:
        """The keys of this id that fit the algorithm. Raises KeysUnavailable when no key at all is known."""


def parse_jwks(body: bytes, algorithms: Iterable[str]) -> KeySet:
    """The keys fit for one of `algorithms`; others are left out. Raises KeysUnavailable when none is."""
    try:
        listed = json.loads(body)["keys"]
    except (ValueError, TypeError, KeyError, RecursionError) as error:
        raise KeysUnavailable('not a JWKS: must be a JSON object with "keys"') from error
    keys: dict[tuple[str, str], tuple[PyJWK, ...]] = {}
    for jwk in listed if isinstance(listed, list) else ():
        for algorithm in algorithms:
            key = _key(jwk, algorithm)
            if key is not None:
                name = (jwk["kid"], algorithm)
                keys[name] = (*keys.get(name, ()), key)
    if not keys:
        raise KeysUnavailable(f"no key with a kid for {', '.join(algorithms)}")
    return keys


def _key(jwk: Any, algorithm: str) -> PyJWK | None:
    """The key if it has an id, is meant for `algorithm`, and is of its type, curve and size."""
    if not isinstance(jwk, dict) or not isinstance(jwk.get("kid"), str):
        return None
    operations = jwk.get("key_ops", ["verify"])
    is_meant = jwk.get("alg", algorithm) == algorithm and jwk.get("use", "sig") == "sig"
    if not is_meant or not isinstance(operations, list) or "verify" not in operations:
        return None
    try:
        key = PyJWK(jwk, algorithm)
        prepared = key.Algorithm.prepare_key(key.key)
    except (PyJWTError, ValueError, TypeError):
        return None
    return None if key.Algorithm.check_key_length(prepared) else key


def read_key_file(path: Path, algorithms: Iterable[str]) -> KeySet:
    """Raises KeysUnavailable."""
    try:
        return parse_jwks(path.read_bytes(), algorithms)
    except OSError as error:
        raise KeysUnavailable(f"cannot be read: {error.strerror}") from error


class LocalKeys:
    """The keys in a file, read again when it changes. While the new content is unusable the old keys hold.

    `warn` is told so. Raises KeysUnavailable when there are none at the start.
    """

    def __init__(self, path: Path, algorithms: Iterable[str], *, warn: Callable[[str], None]) -> None:
        self._warn = warn
        self._path = path
        self._algorithms = tuple(algorithms)
        self._seen = self._state()
        self._keys = read_key_file(path, self._algorithms)

    def find(self, kid: str, algorithm: str) -> tuple[PyJWK, ...]:
        state = self._state()
        if state != self._seen:
            self._seen = state
            try:
                self._keys = read_key_file(self._path, self._algorithms)
            except KeysUnavailable as error:
                self._warn(str(error))
        return self._keys.get((kid, algorithm), ())

    def _state(self) -> tuple[int, int, int] | None:
        try:
            found = self._path.stat()
        except OSError:
            return None
        return found.st_mtime_ns, found.st_size, found.st_ino


class RemoteKeys:
    """The keys at a URL, fetched when first asked for and again after `FRESH_SECONDS` or for an unknown id.

    At most one fetch per `COOL_DOWN_SECONDS`, whatever is asked. A caller waits for a fetch only when no
    known key serves. While fetching fails, which `warn` is told, the old keys hold for `STALE_SECONDS`.
    `on_read` is told of each fetch that gave keys. A fetch, and who waits for it, ends after `fetch_seconds`.
    `clock` is in seconds.
    """

    def __init__(
        self,
        url: str,
        algorithms: Iterable[str],
        *,
        warn: Callable[[str], None],
        on_read: Callable[[], None] = lambda: None,
        fetch_seconds: float = FETCH_SECONDS,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._fetch_seconds = fetch_seconds
        self._warn = warn
        self._on_read = on_read
        self._url = url
        self._algorithms = tuple(algorithms)
        self._clock = clock
        self._session = open_session(1, _may_connect_anywhere)
        self._pool = ThreadPoolExecutor(max_workers=1, thread_name_prefix="jwks")
        self._lock = threading.Lock()
        self._keys: KeySet = {}
        self._fetched_at: float | None = None
        self._attempted_at: float | None = None
        self._fetching: Future[None] | None = None

    def find(self, kid: str, algorithm: str) -> tuple[PyJWK, ...]:
        found = self._known(kid, algorithm)
        if found and self._age() < FRESH_SECONDS:
            return found
        fetching = self._refresh()
        if found:
            return found
        if fetching is not None:
            wait([fetching], timeout=self._fetch_seconds)
        # A fetch may also have ended between the first look and the second.
        return self._known(kid, algorithm) or self._none_known()

    def _known(self, kid: str, algorithm: str) -> tuple[PyJWK, ...]:
        return self._keys.get((kid, algorithm), ()) if self._age() < STALE_SECONDS else ()

    def _none_known(self) -> tuple[PyJWK, ...]:
        if self._age() >= STALE_SECONDS:
            raise KeysUnavailable("the JWKS URL gives no usable keys")
        return ()

    def _age(self) -> float:
        return STALE_SECONDS if self._fetched_at is None else self._clock() - self._fetched_at

    def _refresh(self) -> Future[None] | None:
        """The fetch that is under way, or a new one; None while cooling down from the last."""
        with self._lock:
            if self._fetching is not None and not self._fetching.done():
                return self._fetching
            now = self._clock()
            if self._attempted_at is not None and now - self._attempted_at < COOL_DOWN_SECONDS:
                return None
            self._attempted_at = now
            self._fetching = self._pool.submit(self._fetch)
            return self._fetching

    def _fetch(self) -> None:
        try:
            keys = parse_jwks(fetch_jwks(self._url, self._session, self._fetch_seconds), self._algorithms)
        except KeysUnavailable as error:
            self._warn(str(error))
            return
        self._keys, self._fetched_at = keys, self._clock()
        self._on_read()


def fetch_jwks(url: str, session: requests.Session, seconds: float = FETCH_SECONDS) -> bytes:
    """The body at `url`, within `seconds`. Raises KeysUnavailable, without the URL in the message."""
    with Exchange() as exchange:
        deadline = threading.Timer(seconds, exchange.cut)
        deadline.start()
        try:
            with session.get(url, timeout=seconds, allow_redirects=False, stream=True) as response:
                if response.status_code != 200:
                    raise KeysUnavailable(f"the server answers {response.status_code}")
                return _body(response)
        except (requests.RequestException, urllib3.exceptions.HTTPError, OSError) as error:
            raise KeysUnavailable(f"the server cannot be read: {type(error).__name__}") from error
        finally:
            deadline.cancel()


def _body(response: requests.Response) -> bytes:
    body = b""
    while chunk := response.raw.read1(_CHUNK_BYTES, decode_content=True):
        body += chunk
        if len(body) > _MAX_BYTES:
            raise KeysUnavailable(f"the answer has more than {_MAX_BYTES} bytes")
    return body


def _may_connect_anywhere(host: str, address: str) -> bool:
    """The site wrote the URL itself, and no token goes there."""
    return True
