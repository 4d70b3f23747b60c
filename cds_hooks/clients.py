"""The EHRs that call: who each one is, what it may reach and how it is answered."""

import re
import tomllib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from ipaddress import ip_network
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    StrictBool,
    StrictFloat,
    StrictInt,
    ValidationError,
    model_validator,
)

from cds_hooks.allowed_bases import AllowedBases, BaseUrl
from cds_hooks.backend_services import BackendServices
from cds_hooks.jwks import KeysUnavailable, read_key_file
from cds_hooks.signing_keys import KeyUnusable, SigningKey, read_signing_key

DialectName = Literal["spec", "epic", "oracle", "sandbox"]
Algorithm = Literal["ES256", "ES384", "ES512", "RS256", "RS384", "RS512", "PS256", "PS384", "PS512"]
"""What may be allowed; never `none` and never a shared secret (HS…)."""

_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}", re.ASCII)
_PRINTABLE = re.compile(r"[!-~]+")
_WEB_URL = re.compile(r"https?://[A-Za-z0-9.\[\]:-]+(?:/[!$-;=?-~]*)?", re.ASCII)
_RESOURCE_TYPE = re.compile(r"[A-Z][A-Za-z]{1,63}", re.ASCII)
_ORIGIN = re.compile(r"https?://(?:\[[0-9a-f:]+\]|[a-z0-9.-]+)(?::[1-9][0-9]{0,4})?", re.ASCII)


@dataclass(frozen=True, slots=True)
class Client:
    """One registered EHR. `policy` is a name that the service gives a meaning; None is the service's own.

    `local_codes`: the file that says what the EHR's own codes stand for; None is the service's own.

    `dialect` is a key of `cds_hooks.DIALECTS`.
    `fhir_subjects`: whom its FHIR tokens are issued to, when only those may be used.
    `deadline_seconds`: for all FHIR reads of one call together; None is the service's own.
    `unsupported`: resource types that its FHIR server does not have; None are those of the dialect.
    `backend_services`: how to get a token for calls that bring none; None leaves them without one.
    """

    id: str
    fhir_bases: AllowedBases
    policy: str | None = None
    local_codes: Path | None = None
    dialect: DialectName = "spec"
    keep_user_comments: bool = False
    fhir_subjects: frozenset[str] = frozenset()
    deadline_seconds: float | None = None
    unsupported: frozenset[str] | None = None
    backend_services: BackendServices | None = None


@dataclass(frozen=True, slots=True)
class Registration:
    """How a client proves who it is, and where its browsers come from.

    `jwks` is a URL or a local file; `jkus`, what a token may name as that, are compared and never fetched.
    Empty `subjects` or `tenants` allow any. `audiences` come beside the URL of the endpoint.
    """

    client: Client
    issuer: str
    issuer_aliases: tuple[str, ...]
    jwks: str | Path
    jkus: frozenset[str]
    audiences: tuple[str, ...]
    subjects: frozenset[str]
    tenants: frozenset[str]
    algorithms: tuple[str, ...]
    max_token_seconds: int
    requires_typ: bool
    cors_origins: tuple[str, ...]

    @property
    def issuers(self) -> tuple[str, ...]:
        return (self.issuer, *self.issuer_aliases)


class ClientsFileError(ValueError):
    """`faults`: one line each, naming client and key, never a value."""

    def __init__(self, faults: Sequence[str]) -> None:
        super().__init__("; ".join(faults))
        self.faults = tuple(faults)


def read_clients(path: Path) -> tuple[Registration, ...]:
    """The clients that the TOML file registers. Raises ClientsFileError listing every fault."""
    tables = _tables(path)
    faults: list[str] = []
    registrations: list[Registration] = []
    for number, table in enumerate(tables, start=1):
        try:
            registrations.append(ClientEntry.model_validate(table).registration(path.parent))
        except ValidationError as error:
            faults += [f"{path.name}: {_named(table, number)}: {fault}" for fault in _faults(error)]
        except KeysUnavailable as error:
            faults.append(f"{path.name}: {_named(table, number)}: jwks_file: {error}")
        except KeyUnusable as error:
            faults.append(f"{path.name}: {_named(table, number)}: backend_services: {error}")
    faults += [f"{path.name}: {fault}" for fault in (*_repeated(tables), *_contradicting_keys(registrations))]
    if faults:
        raise ClientsFileError(faults)
    return tuple(registrations)


def _tables(path: Path) -> list[Any]:
    try:
        content = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ClientsFileError([f"{path.name}: cannot be read: {error.strerror}"]) from error
    except (ValueError, RecursionError) as error:
        raise ClientsFileError([f"{path.name}: not TOML: {error}"]) from error
    tables = content.get("clients")
    strange = sorted(content.keys() - {"clients"})
    if strange or not isinstance(tables, list) or not tables:
        raise ClientsFileError([f"{path.name}: must hold [[clients]] tables, at least one, and nothing else"])
    return tables


def _named(table: Any, number: int) -> str:
    identity = table.get("id") if isinstance(table, dict) else None
    is_usable = isinstance(identity, str) and _ID.fullmatch(identity)
    return f"client {identity}" if is_usable else f"client number {number}"


def _faults(error: ValidationError) -> list[str]:
    return [f"{_key(fault['loc'])}{fault['msg'].removeprefix('Value error, ')}" for fault in error.errors()]


def _key(location: tuple[int | str, ...]) -> str:
    """`fhir_bases[2]: `, or nothing for a fault of the whole entry."""
    key = "".join(f"[{part + 1}]" if isinstance(part, int) else f".{part}" for part in location)
    return f"{key.removeprefix('.')}: " if key else ""


def _contradicting_keys(registrations: list[Registration]) -> Iterator[str]:
    """Different keys under one `kid`, of which the service could publish only one."""
    firsts: dict[str, tuple[str, SigningKey]] = {}
    for client in (registration.client for registration in registrations):
        services = client.backend_services
        for key in () if services is None else (services.key, services.next_key):
            holder, first = firsts.setdefault(key.kid, (client.id, key))
            if first.public_jwk != key.public_jwk:
                yield f"client {holder} and client {client.id}: backend_services: two keys have the same kid"


def _repeated(tables: list[Any]) -> list[str]:
    """Ids and issuers that are given more than once."""
    holders: dict[tuple[str, str], list[str]] = {}
    for number, table in enumerate(tables, start=1):
        if not isinstance(table, dict):
            continue
        aliases = table.get("issuer_aliases")
        issuers = [table.get("issuer"), *(aliases if isinstance(aliases, list) else ())]
        for key, value in [("id", table.get("id")), *(("issuer", issuer) for issuer in issuers)]:
            if isinstance(value, str):
                holders.setdefault((key, value), []).append(_named(table, number))
    return [
        f"{' and '.join(named)}: {key}: must not be the same"
        for (key, _), named in holders.items()
        if len(named) > 1
    ]


def _require(is_met: object, expected: str) -> None:
    if not is_met:
        raise ValueError(f"must be {expected}")


def _id(value: str) -> str:
    _require(_ID.fullmatch(value), "up to 64 letters, digits, '.', '_' and '-'")
    return value


def _printable(value: str) -> str:
    _require(_PRINTABLE.fullmatch(value), "printable ASCII without blanks")
    return value


def _web_url(value: str) -> str:
    _require(_WEB_URL.fullmatch(value), "a URL like https://ehr.example.org/jwks, without user or fragment")
    return value


def _fhir_base(value: str) -> str:
    _require(BaseUrl.parse(value), "a URL like https://ehr.example.org/fhir/r4, without user or query")
    return value


def _not_empty(value: tuple[Algorithm, ...]) -> tuple[Algorithm, ...]:
    _require(value, "one at least")
    return value


def _network(value: str) -> str:
    try:
        ip_network(value)
    except ValueError:
        raise ValueError("must be a network like 10.1.0.0/16") from None
    return value


def _resource_type(value: str) -> str:
    _require(_RESOURCE_TYPE.fullmatch(value), "a resource type like ImagingStudy")
    return value


def _origin(value: str) -> str:
    _require(value != "*", "an origin like https://ehr.example.org; '*' would let every web page in")
    _require(_ORIGIN.fullmatch(value), "an origin like https://ehr.example.org, in lower case, without path")
    return value


_Text = Annotated[str, AfterValidator(_printable)]
_Url = Annotated[str, AfterValidator(_web_url)]


class BackendServicesEntry(BaseModel):
    """The table `[clients.backend_services]` of an entry."""

    model_config = ConfigDict(extra="forbid", frozen=True, defer_build=True)

    client_id: _Text
    private_key_file: Annotated[str, Field(min_length=1)]
    next_private_key_file: Annotated[str, Field(min_length=1)]
    scope: Annotated[str, Field(pattern=r"^[!#-\[\]-~]+( [!#-\[\]-~]+)*$")] = "system/*.rs"
    token_url: _Url | None = None

    def services(self, folder: Path) -> BackendServices:
        """Raises KeyUnusable, naming the key."""
        key, next_key = (
            self._signing_key(folder, name) for name in ("private_key_file", "next_private_key_file")
        )
        if key.kid == next_key.kid:
            raise KeyUnusable("next_private_key_file: must not be the same key as private_key_file")
        return BackendServices(self.client_id, key, next_key, self.scope, self.token_url)

    def _signing_key(self, folder: Path, name: str) -> SigningKey:
        try:
            return read_signing_key(folder / getattr(self, name))
        except KeyUnusable as error:
            raise KeyUnusable(f"{name}: {error}") from error


class ClientEntry(BaseModel):
    """One table of the clients file."""

    model_config = ConfigDict(extra="forbid", frozen=True, defer_build=True)

    id: Annotated[str, AfterValidator(_id)]
    issuer: _Text
    issuer_aliases: tuple[_Text, ...] = ()
    jwks_url: _Url | None = None
    jwks_file: Annotated[str, Field(min_length=1)] | None = None
    accepted_jku: tuple[_Url, ...] = ()
    audiences: tuple[_Text, ...] = ()
    sub: tuple[_Text, ...] = ()
    tenants: tuple[_Text, ...] = ()
    algorithms: Annotated[tuple[Algorithm, ...], AfterValidator(_not_empty)] = ("ES384", "RS384")
    max_token_seconds: Annotated[StrictInt, Field(ge=60, le=3600)] = 1200
    require_typ: StrictBool = True
    fhir_bases: tuple[Annotated[str, AfterValidator(_fhir_base)], ...] = ()
    fhir_subjects: tuple[_Text, ...] = ()
    deadline_seconds: Annotated[StrictFloat, Field(gt=0, le=30)] | None = None
    unsupported: tuple[Annotated[str, AfterValidator(_resource_type)], ...] | None = None
    allowed_cidrs: tuple[Annotated[str, AfterValidator(_network)], ...] = ()
    cors_origins: tuple[Annotated[str, AfterValidator(_origin)], ...] = ()
    dialect: DialectName = "spec"
    policy: Annotated[str, Field(min_length=1)] | None = None
    local_codes: Annotated[str, Field(min_length=1)] | None = None
    keep_user_comments: StrictBool = False
    backend_services: BackendServicesEntry | None = None

    @model_validator(mode="after")
    def _has_one_source_of_keys(self) -> Self:
        _require(
            (self.jwks_url is None) != (self.jwks_file is None), "given jwks_url or jwks_file, and one only"
        )
        return self

    def registration(self, folder: Path) -> Registration:
        """Files are relative to `folder`. Raises KeysUnavailable for a JWKS file without usable keys, and
        KeyUnusable for a private key.
        """
        backend = self.backend_services
        return Registration(
            client=Client(
                id=self.id,
                fhir_bases=AllowedBases(
                    self.fhir_bases,
                    allow_loopback=False,
                    private_networks=tuple(ip_network(cidr) for cidr in self.allowed_cidrs),
                ),
                policy=self.policy,
                local_codes=None if self.local_codes is None else folder / self.local_codes,
                dialect=self.dialect,
                keep_user_comments=self.keep_user_comments,
                fhir_subjects=frozenset(self.fhir_subjects),
                deadline_seconds=self.deadline_seconds,
                unsupported=None if self.unsupported is None else frozenset(self.unsupported),
                backend_services=None if backend is None else backend.services(folder),
            ),
            issuer=self.issuer,
            issuer_aliases=self.issuer_aliases,
            jwks=self._jwks(folder),
            jkus=frozenset(self.accepted_jku) | ({self.jwks_url} if self.jwks_url else frozenset()),
            audiences=self.audiences,
            subjects=frozenset(self.sub),
            tenants=frozenset(self.tenants),
            algorithms=self.algorithms,
            max_token_seconds=self.max_token_seconds,
            requires_typ=self.require_typ,
            cors_origins=self.cors_origins,
        )

    def _jwks(self, folder: Path) -> str | Path:
        if self.jwks_file is None:
            return self.jwks_url or ""
        path = folder / self.jwks_file
        read_key_file(path, self.algorithms)
        return path
