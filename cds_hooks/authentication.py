"""Who is calling: the client whose JSON Web Token came with the call.

PyJWT reads and verifies tokens; what stands here is what CDS Hooks and the site's registration ask beyond.
"""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import partial
from typing import Annotated, Protocol

import jwt
import msgspec
from jwt import PyJWK
from jwt.types import Options

from cds_hooks.clients import Client, Registration
from cds_hooks.errors import TemporarilyUnavailable, Unauthenticated
from cds_hooks.jwks import KeySource, KeysUnavailable, LocalKeys, RemoteKeys

LEEWAY_SECONDS = 60
_MAX_HEADER_CHARACTERS = 16 * 1024
_BEARER = re.compile(r"bearer +([A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]*)", re.ASCII | re.IGNORECASE)
_FEEDBACK = "/feedback"


class Reason(StrEnum):
    """Why a token was refused. For the log: the caller is never told."""

    NO_TOKEN = "no-token"  # noqa: S105 - no secret.
    SEVERAL_HEADERS = "several-headers"
    TOO_LONG = "too-long"
    NOT_BEARER = "not-bearer"
    MALFORMED = "malformed"
    UNKNOWN_ISSUER = "unknown-issuer"
    WRONG_TYPE = "wrong-type"
    WRONG_ALGORITHM = "wrong-algorithm"
    NO_KEY_ID = "no-key-id"
    JKU_NOT_REGISTERED = "jku-not-registered"
    LIVES_TOO_LONG = "lives-too-long"
    WRONG_SUBJECT = "wrong-subject"
    WRONG_TENANT = "wrong-tenant"
    KEYS_UNAVAILABLE = "keys-unavailable"
    UNKNOWN_KEY_ID = "unknown-key-id"
    WRONG_SIGNATURE = "wrong-signature"
    CLAIM_MISSING = "claim-missing"
    WRONG_AUDIENCE = "wrong-audience"
    EXPIRED = "expired"
    NOT_YET_VALID = "not-yet-valid"
    REPLAYED = "replayed"


_REASON_OF_FAULT: tuple[tuple[type[jwt.PyJWTError], Reason], ...] = (
    (jwt.InvalidSignatureError, Reason.WRONG_SIGNATURE),
    (jwt.MissingRequiredClaimError, Reason.CLAIM_MISSING),
    (jwt.InvalidAudienceError, Reason.WRONG_AUDIENCE),
    (jwt.ExpiredSignatureError, Reason.EXPIRED),
    (jwt.ImmatureSignatureError, Reason.NOT_YET_VALID),
    (jwt.InvalidAlgorithmError, Reason.WRONG_ALGORITHM),
    (jwt.PyJWTError, Reason.MALFORMED),
)

_REQUIRED_CLAIMS = ["iss", "aud", "exp", "iat", "jti"]
VERIFY_ALL: Options = {"require": _REQUIRED_CLAIMS, "enforce_minimum_key_length": True}

_Moment = Annotated[float, msgspec.Meta(ge=0, le=253_402_300_799)]
_Text = Annotated[str, msgspec.Meta(min_length=1)]
# What any store can keep: no control characters, no half characters.
_TokenId = Annotated[str, msgspec.Meta(max_length=500, pattern=r"\A[^\x00-\x1f\x7f\ud800-\udfff]+\Z")]


class TokenHeader(msgspec.Struct, frozen=True):
    """Of the header only what is used; keys that a token brings along (`jwk`, `x5u`, `x5c`) are not."""

    alg: str
    kid: _Text | None = None
    typ: str | None = None
    jku: str | None = None


class TokenClaims(msgspec.Struct, frozen=True):
    """Typed, still to be verified. Moments are seconds since 1970."""

    iss: _Text
    aud: str | list[str]
    exp: _Moment
    iat: _Moment
    jti: _TokenId
    nbf: _Moment | None = None
    sub: str | None = None
    tenant: str | None = None


@dataclass(frozen=True, slots=True)
class Token:
    raw: str
    header: TokenHeader
    claims: TokenClaims


class Authenticator(Protocol):
    def client_of(self, authorization: Sequence[str], path: str) -> Client:
        """The client that sent the `Authorization` headers to `path` (`/cds-services/...`).

        Raises Unauthenticated, and TemporarilyUnavailable when it cannot be told.
        """


class ReplayStore(Protocol):
    def claim(self, issuer: str, jti: str, expires_at: float) -> bool:
        """Is this the first time, across all processes? `expires_at` (seconds since 1970): when to forget.

        `jti` has 1 to 500 characters and no control characters. Raises ReplayStoreUnavailable.
        """


class ReplayStoreUnavailable(Exception):  # noqa: N818 - says what is the case.
    """The store cannot say whether a token was seen before."""


@dataclass(frozen=True, slots=True)
class OpenTo:
    """Takes every caller for one client, without asking for a token."""

    client: Client

    def client_of(self, authorization: Sequence[str], path: str) -> Client:
        return self.client


class TokenAuthenticator:
    """Takes a caller for the registered client that signed the token, once per token."""

    def __init__(
        self,
        registrations: Iterable[Registration],
        *,
        public_url: str,
        replay: ReplayStore,
        warn: Callable[[str, str], None],
        on_keys_read: Callable[[str], None] = lambda _: None,
    ) -> None:
        """`warn` is told a client's id and why its keys could not be read anew.

        `on_keys_read` is told the id when they were read from their URL.

        Raises KeysUnavailable when a local JWKS file is unusable.
        """
        self._public_url = public_url.rstrip("/")
        self._replay = replay
        self._registrations: dict[str, Registration] = {}
        self._keys: dict[str, KeySource] = {}
        for registration in registrations:
            self._registrations |= dict.fromkeys(registration.issuers, registration)
            self._keys[registration.client.id] = open_keys(registration, warn, on_keys_read)

    def client_of(self, authorization: Sequence[str], path: str) -> Client:
        token = read_token(bearer_token(authorization))
        registration = self._registrations.get(token.claims.iss)
        if registration is None:
            raise Unauthenticated(Reason.UNKNOWN_ISSUER)
        client = registration.client
        reason = refusal(token, registration) or self._not_genuine(token, registration, path)
        if reason is not None:
            raise Unauthenticated(reason, client.id)
        self._spend(token, registration)
        return client

    def _not_genuine(self, token: Token, registration: Registration, path: str) -> Reason | None:
        try:
            keys = self._keys[registration.client.id].find(token.header.kid or "", token.header.alg)
        except KeysUnavailable:
            return Reason.KEYS_UNAVAILABLE
        return fault_under(keys, token, endpoint_audiences(self._public_url, path, registration))

    def _spend(self, token: Token, registration: Registration) -> None:
        claims = token.claims
        try:
            is_first = self._replay.claim(registration.issuer, claims.jti, claims.exp + LEEWAY_SECONDS)
        except ReplayStoreUnavailable as error:
            raise TemporarilyUnavailable from error
        if not is_first:
            raise Unauthenticated(Reason.REPLAYED, registration.client.id)


def open_keys(
    registration: Registration,
    warn: Callable[[str, str], None],
    on_read: Callable[[str], None] = lambda _: None,
) -> KeySource:
    """Where the client's keys are read. Raises KeysUnavailable for an unusable file."""

    def warn_of_client(why: str) -> None:
        warn(registration.client.id, why)

    if isinstance(registration.jwks, str):
        return RemoteKeys(
            registration.jwks,
            registration.algorithms,
            warn=warn_of_client,
            on_read=partial(on_read, registration.client.id),
        )
    return LocalKeys(registration.jwks, registration.algorithms, warn=warn_of_client)


def bearer_token(authorization: Sequence[str]) -> str:
    """The token of exactly one `Authorization: Bearer` header. Raises Unauthenticated."""
    if not authorization:
        raise Unauthenticated(Reason.NO_TOKEN)
    if len(authorization) > 1:
        raise Unauthenticated(Reason.SEVERAL_HEADERS)
    if len(authorization[0]) > _MAX_HEADER_CHARACTERS:
        raise Unauthenticated(Reason.TOO_LONG)
    match = _BEARER.fullmatch(authorization[0])
    if match is None:
        raise Unauthenticated(Reason.NOT_BEARER)
    return match[1]


def read_token(raw: str) -> Token:
    """Raises Unauthenticated for what is no JWT, lacks a claim, or has one of the wrong type."""
    try:
        parts = jwt.decode_complete(raw, options={"verify_signature": False, "require": _REQUIRED_CLAIMS})
        header = msgspec.convert(parts["header"], TokenHeader)
        return Token(raw, header, msgspec.convert(parts["payload"], TokenClaims))
    except msgspec.ValidationError as error:
        raise Unauthenticated(Reason.MALFORMED) from error
    except jwt.PyJWTError as error:
        raise Unauthenticated(_reason_of(error)) from error


def endpoint_audiences(public_url: str, path: str, registration: Registration) -> tuple[str, ...]:
    """What `aud` may name in a call of `path`: its public URL however it is written, and the client's own."""
    paths = [path]
    if path.endswith(_FEEDBACK):
        paths.append(path.removesuffix(_FEEDBACK))
    urls = [
        f"{base}{each}{slash}" for base in _spellings(public_url) for each in paths for slash in ("", "/")
    ]
    return (*urls, *registration.audiences)


def _spellings(public_url: str) -> tuple[str, ...]:
    """The base URL as configured, and with the scheme's default port written out or left out."""
    match = re.fullmatch(r"(https?)://([^/:\[\]]+|\[[^\]]+\])(:[0-9]+)?(.*)", public_url)
    if match is None:
        return (public_url,)
    scheme, host, port, rest = match.groups(default="")
    default = {"http": ":80", "https": ":443"}[scheme]
    if port not in ("", default):
        return (public_url,)
    return (f"{scheme}://{host}{rest}", f"{scheme}://{host}{default}{rest}")


def refusal(token: Token, registration: Registration) -> Reason | None:
    """The first of the client's terms that the token does not meet."""
    return next((reason for reason, is_met in TERMS.items() if not is_met(token, registration)), None)


def _has_type(token: Token, registration: Registration) -> bool:
    if token.header.typ is None:
        return not registration.requires_typ
    return token.header.typ.upper() == "JWT"


def _has_algorithm(token: Token, registration: Registration) -> bool:
    return token.header.alg in registration.algorithms


def _has_key_id(token: Token, registration: Registration) -> bool:
    return token.header.kid is not None


def _has_registered_jku(token: Token, registration: Registration) -> bool:
    return token.header.jku is None or token.header.jku in registration.jkus


def _lives_short_enough(token: Token, registration: Registration) -> bool:
    return token.claims.exp - token.claims.iat <= registration.max_token_seconds


def _has_subject(token: Token, registration: Registration) -> bool:
    return not registration.subjects or token.claims.sub in registration.subjects


def _has_tenant(token: Token, registration: Registration) -> bool:
    return not registration.tenants or token.claims.tenant in registration.tenants


TERMS: Mapping[Reason, Callable[[Token, Registration], bool]] = {
    Reason.WRONG_TYPE: _has_type,
    Reason.WRONG_ALGORITHM: _has_algorithm,
    Reason.NO_KEY_ID: _has_key_id,
    Reason.JKU_NOT_REGISTERED: _has_registered_jku,
    Reason.LIVES_TOO_LONG: _lives_short_enough,
    Reason.WRONG_SUBJECT: _has_subject,
    Reason.WRONG_TENANT: _has_tenant,
}


def fault_under(
    keys: Sequence[PyJWK], token: Token, audiences: Sequence[str], options: Options = VERIFY_ALL
) -> Reason | None:
    """What is wrong with the token's signature or, as far as `options` ask, claims. None when a key fits."""
    reason: Reason | None = Reason.UNKNOWN_KEY_ID
    for key in keys:
        reason = fault_of(token, audiences, options, key)
        if reason is not Reason.WRONG_SIGNATURE:
            break
    return reason


def fault_of(
    token: Token, audiences: Sequence[str], options: Options, key: PyJWK | None = None
) -> Reason | None:
    """What PyJWT finds wrong. Without a key, `options` must turn the signature's verification off."""
    try:
        jwt.decode(
            token.raw,
            key or "",
            algorithms=None if key is None else [key.algorithm_name],
            audience=audiences,
            leeway=LEEWAY_SECONDS,
            options=options,
        )
    except jwt.PyJWTError as error:
        return _reason_of(error)
    return None


def _reason_of(fault: jwt.PyJWTError) -> Reason:
    return next(reason for kind, reason in _REASON_OF_FAULT if isinstance(fault, kind))
