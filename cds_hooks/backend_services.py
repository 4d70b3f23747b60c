"""SMART Backend Services: a token of the service's own, for calls that bring none.

A site opts in for each client. The assertion goes only to the token endpoint that the clients file names, or
to one that the FHIR base names and that lies on a registered FHIR base's host. Neither it nor a token is
ever logged.
"""

import re
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from uuid import uuid4

import jwt
import msgspec

from cds_hooks.allowed_bases import AllowedBases, BaseUrl
from cds_hooks.breakers import Breaker
from cds_hooks.readings import Unread
from cds_hooks.signing_keys import SigningKey
from cds_hooks.upstream import Unreadable, Upstream

MAX_BYTES = 64 * 1024
_ASSERTION_SECONDS = 240
_ASSERTION_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
_MARGIN_SECONDS = 30.0
_LONGEST_SECONDS = 3600.0
_COOL_DOWN_SECONDS = 10.0
_TOKEN = re.compile(r"[!-~]+")


@dataclass(frozen=True, slots=True)
class BackendServices:
    """How one client's EHR knows this service. `token_url` None: the FHIR base says where tokens are had."""

    client_id: str
    key: SigningKey
    next_key: SigningKey
    """Published beside `key`, so that the EHR knows it before it is used."""
    scope: str
    token_url: str | None = None


class _SmartConfiguration(msgspec.Struct):
    token_endpoint: str


class _Grant(msgspec.Struct):
    access_token: str
    token_type: str
    expires_in: float


class _NotGranted(Exception):  # noqa: N818 - says what is the case.
    """The message is for the log, and holds nothing of the answer."""


@dataclass(slots=True)
class _Held:
    """The token for one client and base, and when to ask for the next."""

    lock: threading.Lock = field(default_factory=threading.Lock)
    breaker: Breaker = field(default_factory=lambda: Breaker(1, _COOL_DOWN_SECONDS))
    token: str = field(default="", repr=False)
    granted_at: float = 0.0
    fresh_until: float = 0.0


@dataclass(frozen=True, slots=True)
class OwnToken:
    """Where one call has its token from: `obtain` raises Unreadable, `forget` is for one that was refused."""

    obtain: Callable[[Upstream], str]
    forget: Callable[[str], None]


class BackendTokens:
    """The tokens of a process, kept until shortly before they expire.

    After a failure, of which `warn` is told with the client's id, nothing is asked for ten seconds.
    `clock` is in seconds.
    """

    def __init__(
        self,
        *,
        warn: Callable[[str, str], None] = lambda _client, _why: None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._warn = warn
        self._clock = clock
        self._held: dict[tuple[str, BaseUrl], _Held] = {}

    def token(
        self,
        client_id: str,
        services: BackendServices,
        bases: AllowedBases,
        base: BaseUrl,
        upstream: Upstream,
    ) -> str:
        """A token for the registered `base`, asked for through `upstream` if need be. Raises Unreadable."""
        held = self._held.setdefault((client_id, base), _Held())
        with held.lock:
            if self._clock() < held.fresh_until:
                return held.token
            if not held.breaker.admits():
                raise Unreadable(Unread.NO_ACCESS_TOKEN)
            is_granted = False
            try:
                grant = _granted(services, bases, base, upstream)
                lasts = min(grant.expires_in, _LONGEST_SECONDS)
                held.token, held.granted_at = grant.access_token, self._clock()
                held.fresh_until = held.granted_at + lasts - min(_MARGIN_SECONDS, lasts / 2)
                is_granted = True
            except (Unreadable, _NotGranted) as error:
                self._warn(client_id, str(error))
                raise Unreadable(Unread.NO_ACCESS_TOKEN) from error
            finally:
                held.breaker.report(is_answering=is_granted)
            return held.token

    def forget(self, client_id: str, base: BaseUrl, token: str) -> None:
        """The server does not take `token` any more, as after it was revoked: the next call asks for another.

        One that was refused from the start is kept: another would be refused, too.
        """
        held = self._held[client_id, base]
        # Who holds the lock is asking for another one already, and may do so past the deadline of this call.
        if not held.lock.acquire(blocking=False):
            return
        try:
            if held.token == token and self._clock() - held.granted_at > _COOL_DOWN_SECONDS:
                held.fresh_until = 0.0
        finally:
            held.lock.release()


def _granted(services: BackendServices, bases: AllowedBases, base: BaseUrl, upstream: Upstream) -> _Grant:
    """Raises Unreadable and _NotGranted."""
    url = services.token_url or _endpoint(bases, base, upstream)
    form = {
        "grant_type": "client_credentials",
        "scope": services.scope,
        "client_assertion_type": _ASSERTION_TYPE,
        "client_assertion": _assertion(services, url),
    }
    try:
        grant = msgspec.json.decode(upstream.post(url, form), type=_Grant, strict=False)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise _NotGranted("the token endpoint gives no token") from error
    if grant.token_type.lower() != "bearer" or not _TOKEN.fullmatch(grant.access_token):
        raise _NotGranted("the token endpoint gives no bearer token")
    if not grant.expires_in > 0:
        raise _NotGranted("the token endpoint gives a token that has expired")
    return grant


def _endpoint(bases: AllowedBases, base: BaseUrl, upstream: Upstream) -> str:
    """Where the base says that tokens are had. Raises Unreadable and _NotGranted."""
    document = upstream.get(f"{base.url}/.well-known/smart-configuration", {"Accept": "application/json"})
    try:
        url = msgspec.json.decode(document, type=_SmartConfiguration).token_endpoint
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise _NotGranted("the FHIR base names no token endpoint") from error
    endpoint = BaseUrl.parse(url)
    if endpoint is None or not bases.shares_origin(endpoint):
        raise _NotGranted("the FHIR base names a token endpoint on a host that is not registered")
    return url


def _assertion(services: BackendServices, url: str) -> str:
    now = int(time.time())
    claims = {
        "iss": services.client_id,
        "sub": services.client_id,
        "aud": url,
        "iat": now,
        "exp": now + _ASSERTION_SECONDS,
        "jti": str(uuid4()),
    }
    key = services.key
    return jwt.encode(claims, key.private, key.algorithm, {"kid": key.kid})
