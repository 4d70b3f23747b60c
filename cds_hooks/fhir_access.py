"""Reading the EHR's FHIR server: fhirclient, hardened.

As shipped, fhirclient has no timeout, follows redirects and sends the token to any host that a `next` link
names. Here every URL must lie under the base of the call, redirects are answers like any other, bodies and
pages are capped, and one deadline holds for the whole call, however slowly a server drips. Whatever goes
wrong becomes an `Unread`; no exception of the network leaves this module.
"""

import re
import time
from collections.abc import Callable, Collection, Mapping
from concurrent.futures import Future, ThreadPoolExecutor, wait
from dataclasses import dataclass
from functools import partial
from typing import Any, Generic, TypeVar
from urllib.parse import parse_qs, urljoin

import msgspec
import requests
from fhirclient.server import FHIRServer
from msgspec.structs import replace

from cds_hooks.allowed_bases import AllowedBases, BaseUrl
from cds_hooks.backend_services import MAX_BYTES, BackendTokens, OwnToken
from cds_hooks.breakers import Breaker, Breakers
from cds_hooks.clients import Client
from cds_hooks.outbound import Exchange, open_session
from cds_hooks.prefetch import read_resource, read_searchset
from cds_hooks.readings import PrefetchState, Reading, Unread
from cds_hooks.references import bare_id
from cds_hooks.request import FhirAuthorization, HookRequest
from cds_hooks.upstream import Allowance, Unreadable, Upstream

# urljoin would silently drop line breaks and tabs.
_PRINTABLE = re.compile(r"[!-~]+")
_SILENT = frozenset({Unread.UNREACHABLE, Unread.TIMEOUT, Unread.SERVER_ERROR})
"""What says that the server as a whole may be down."""
_OF_PATIENT = frozenset({"patient", "subject"})

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Query:
    """A search, or with `single` the read of one resource.

    `path` is relative to the FHIR base (`Condition?patient=x`), or the absolute URL of a further page.
    """

    path: str
    view: type[msgspec.Struct]
    resource_type: str
    single: bool = False


@dataclass(frozen=True, slots=True)
class FhirRead:
    """One query with all its pages, as it may be counted. `unread` is None when all of it was read."""

    resource_type: str
    seconds: float
    unread: Unread | None


def ignore(*_: object) -> None:
    """For callers who do not want to be told."""


@dataclass(frozen=True, slots=True)
class _Limits:
    pages: int
    resources: int
    bytes: int


class _FhirServer(FHIRServer):  # type: ignore[misc]
    """fhirclient's server for one query, over a bounded session."""

    def __init__(self, base: str, upstream: Upstream, token: str | None) -> None:
        # The constructor of FHIRServer would open a session of its own.
        self.client = None
        self.auth = None
        self.base_uri = base
        self.session = upstream
        self._headers = {"Accept": "application/fhir+json"}
        if token is not None:
            self._headers["Authorization"] = f"Bearer {token}"

    def request_data(self, path: str, headers: Any = None, nosign: bool = False) -> bytes:
        """The body of a 200. Raises Unreadable for everything else."""
        return self.session.get(path, self._headers)


class _Task(Generic[T]):
    """Something asked of a server by another thread. At the deadline it is cut off."""

    def __init__(self, pool: ThreadPoolExecutor, ask: Callable[["_Task[T]"], T]) -> None:
        self.so_far: T | None = None
        self._exchange = Exchange()
        self.future: Future[T] = pool.submit(self._run, ask)

    def _run(self, ask: Callable[["_Task[T]"], T]) -> T:
        with self._exchange:
            return ask(self)

    def cut(self) -> None:
        self.future.cancel()
        self._exchange.cut()


class FhirReader:
    """Reads for one call, until the `deadline` in seconds of the monotonic clock.

    Without a `token`, one is had from `own_token` before anything is read.
    """

    def __init__(
        self,
        base: BaseUrl,
        token: str | None,
        *,
        own_token: OwnToken | None,
        connections: "_Connections",
        breaker: Breaker,
        limits: _Limits,
        deadline: float,
        is_refused: bool,
        observe: Callable[[FhirRead], None],
    ) -> None:
        self._base = base
        self._token = token
        self._own_token = own_token
        self._connections = connections
        self._breaker = breaker
        self._limits = limits
        self._allowance = Allowance(limits.bytes)
        self._deadline = deadline
        self._is_refused = is_refused
        self._observe = observe

    def fetch(self, queries: Mapping[str, Query]) -> Mapping[str, Reading[Any]]:
        """The answers under the keys of `queries`, read in parallel and never later than the deadline."""
        if self._is_refused:
            return dict.fromkeys(queries, _failed(Unread.NOT_PERMITTED))
        if not queries:
            return {}
        if self._token is None and self._own_token is not None:
            self._token = self._obtained(self._own_token)
            if self._token is None:
                return dict.fromkeys(queries, _failed(Unread.NO_ACCESS_TOKEN))
        if not self._breaker.admits():
            return dict.fromkeys(queries, _failed(Unread.BREAKER_OPEN))
        answers: dict[str, Reading[Any]] = {}
        try:
            answers = self._read_all(queries)
        finally:
            self._breaker.report(is_answering=any(map(_is_answered, answers.values())))
        is_refused = all(answer.unread is Unread.NOT_PERMITTED for answer in answers.values())
        if is_refused and self._own_token is not None and self._token is not None:
            self._own_token.forget(self._token)
        return answers

    def can_follow(self, link: str) -> bool:
        """May the absolute URL of a further page be read?"""
        return self._resolved(f"{self._base.url}/", link) is not None

    def _obtained(self, own_token: OwnToken) -> str | None:
        """None when there is none by the deadline."""
        upstream = Upstream(
            self._connections.session, deadline=self._deadline, allowance=Allowance(MAX_BYTES)
        )
        task = _Task(self._connections.pool, lambda _: own_token.obtain(upstream))
        self._wait(task)
        if not task.future.done():
            task.cut()
            return None
        try:
            return task.future.result()
        except Unreadable:
            return None

    def _read_all(self, queries: Mapping[str, Query]) -> dict[str, Reading[Any]]:
        # Searches first, as they may have further pages that wait for them.
        in_turn = sorted(queries.items(), key=lambda item: item[1].single)
        tasks = {key: self._start(query) for key, query in in_turn}
        self._wait(*tasks.values())
        return {key: _outcome(task) for key, task in tasks.items()}

    def _start(self, query: Query) -> _Task[Reading[Any]]:
        return _Task(self._connections.pool, lambda task: self._observed(query, task))

    def _observed(self, query: Query, task: _Task[Reading[Any]]) -> Reading[Any]:
        started = time.perf_counter()
        reading = self._read_pages(query, task)
        self._observe(FhirRead(query.resource_type, time.perf_counter() - started, reading.unread))
        return reading

    def _wait(self, *tasks: _Task[Any]) -> None:
        wait([task.future for task in tasks], timeout=max(0.0, self._deadline - time.monotonic()))

    def _read_pages(self, query: Query, task: _Task[Reading[Any]]) -> Reading[Any]:
        base = f"{self._base.url}/"
        url = self._resolved(base, query.path)
        if url is None:
            is_link = "://" in query.path or query.path.startswith("/")
            return _failed(Unread.MORE_PAGES if is_link else Unread.UNUSABLE_ANSWER)
        upstream = Upstream(self._connections.session, deadline=self._deadline, allowance=self._allowance)
        server = _FhirServer(base, upstream, self._token)
        visited = {url}
        reading = _checked(self._read_page(server, url, query), query)
        while reading.next_link is not None and not self._is_at_cap(reading, visited):
            task.so_far = reading
            url = self._resolved(url, reading.next_link)
            if url is None or url in visited:
                break
            visited.add(url)
            reading = reading.followed_by(self._read_page(server, url, query))
        return self._capped(reading)

    def _resolved(self, current: str, link: str) -> str | None:
        """The absolute URL of `link`, or None when it does not lie under the base of this call."""
        if not _PRINTABLE.fullmatch(link):
            return None
        try:
            url = urljoin(current, link)
        except ValueError:
            return None
        return url if self._base.holds(url) else None

    def _is_at_cap(self, reading: Reading[Any], visited: set[str]) -> bool:
        return len(visited) >= self._limits.pages or len(reading.resources) >= self._limits.resources

    def _capped(self, reading: Reading[Any]) -> Reading[Any]:
        if len(reading.resources) <= self._limits.resources:
            return reading
        return replace(
            reading,
            state=PrefetchState.INCOMPLETE,
            resources=reading.resources[: self._limits.resources],
            unread=reading.unread or Unread.MORE_PAGES,
        )

    def _read_page(self, server: _FhirServer, url: str, query: Query) -> Reading[Any]:
        try:
            body = server.request_data(url)
        except Unreadable as problem:
            return _failed(problem.unread)
        read = read_resource if query.single else read_searchset
        reading = read(body, query.view, query.resource_type)
        if reading.state in (PrefetchState.PRESENT, PrefetchState.EMPTY):
            return reading
        if reading.state is not PrefetchState.INCOMPLETE:
            return _failed(Unread.UNUSABLE_ANSWER)
        if reading.unread is Unread.ERROR_IN_PREFETCH:
            return replace(reading, unread=Unread.UNUSABLE_ANSWER)
        return reading


def _failed(unread: Unread) -> Reading[Any]:
    return Reading(PrefetchState.ERROR, unread=unread)


def _is_answered(reading: Reading[Any]) -> bool:
    return reading.state is not PrefetchState.ERROR or reading.unread not in _SILENT


def _outcome(task: _Task[Reading[Any]]) -> Reading[Any]:
    """The result, or at the deadline what had been read by then."""
    if task.future.done():
        return task.future.result()
    task.cut()
    timeout = _failed(Unread.TIMEOUT)
    return timeout if task.so_far is None else task.so_far.followed_by(timeout)


def _checked(reading: Reading[Any], query: Query) -> Reading[Any]:
    """Not usable when the server says, in the `self` link, that it searched without regard to the patient."""
    asked = _patients(query.path)
    if not asked or not reading.self_link or _patients(reading.self_link) == asked:
        return reading
    return _failed(Unread.WIDER_THAN_ASKED)


def _patients(url: str) -> set[str | None]:
    """Whom a search names as its patient, by bare id."""
    parameters = parse_qs(url.partition("?")[2]).items()
    named = [
        value for name, values in parameters for value in values if name.partition(":")[0] in _OF_PATIENT
    ]
    return {bare_id(value, "Patient") for value in named}


@dataclass(frozen=True, slots=True)
class _Connections:
    """What the calls of one client share: so that a server that is slow holds up nobody else."""

    session: requests.Session
    pool: ThreadPoolExecutor


class FhirAccess:
    """One per process: the limits, the pooled connections and threads, and the `breakers`."""

    def __init__(
        self,
        *,
        deadline_seconds: float = 1.5,
        max_pages: int = 20,
        max_resources: int = 2000,
        max_bytes: int = 10 * 1024 * 1024,
        workers: int = 32,
        breakers: Breakers | None = None,
        tokens: BackendTokens | None = None,
        observe: Callable[[FhirRead], None] = ignore,
    ) -> None:
        """`deadline_seconds` is for clients without one of their own, `workers` for each client.

        `max_pages` and `max_resources` hold for each query, `max_bytes` (after decompression) for each call.
        `observe` is told of each, from whichever thread read it.
        """
        self.breakers = breakers or Breakers()
        self._observe = observe
        self._deadline_seconds = deadline_seconds
        self._limits = _Limits(max_pages, max_resources, max_bytes)
        self._workers = workers
        self._tokens = tokens or BackendTokens()
        self._connections: dict[AllowedBases, _Connections] = {}

    def reader_for(self, request: HookRequest, client: Client) -> FhirReader | None:
        """None when the request names no FHIR server, or one that the client may not have read.

        A token that was issued for another patient, or when the client names whom tokens are issued to, for
        none of them, is never used: the reader answers `not-permitted`. The deadline runs from now.
        """
        base = None if request.fhir_server is None else BaseUrl.parse(request.fhir_server)
        if base is None or not client.fhir_bases.permits(base.url):
            return None
        lent = request.fhir_authorization
        return FhirReader(
            base,
            None if lent is None else lent.access_token,
            own_token=None if request.sends_authorization else self._own_token_of(client, base),
            connections=self._connections_of(client.fhir_bases),
            breaker=self.breakers.of(base),
            limits=self._limits,
            deadline=time.monotonic() + (client.deadline_seconds or self._deadline_seconds),
            is_refused=lent is not None and not _is_meant(lent, request, client.fhir_subjects),
            observe=self._observe,
        )

    def _own_token_of(self, client: Client, base: BaseUrl) -> OwnToken | None:
        services = client.backend_services
        if services is None:
            return None
        return OwnToken(
            partial(self._tokens.token, client.id, services, client.fhir_bases, base),
            partial(self._tokens.forget, client.id, base),
        )

    def _connections_of(self, bases: AllowedBases) -> _Connections:
        """Connections are shared by calls that may reach the same addresses, never with others."""
        connections = self._connections.get(bases)
        if connections is None:
            made = _Connections(
                open_session(self._workers, bases.permits_address),
                ThreadPoolExecutor(max_workers=self._workers, thread_name_prefix="fhir"),
            )
            connections = self._connections.setdefault(bases, made)
        return connections


def _is_meant(authorization: FhirAuthorization, request: HookRequest, subjects: Collection[str]) -> bool:
    """Was the token issued for this patient and, as far as that is told, to this service?"""
    if authorization.patient not in (None, request.context.patient_id):
        return False
    return not subjects or authorization.subject in subjects
