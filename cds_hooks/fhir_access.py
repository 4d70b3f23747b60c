"""Reading the EHR's FHIR server: fhirclient, hardened. The only module that uses fhirclient.

As shipped, fhirclient has no timeout, follows redirects and sends the token to any host that a `next` link
names. Here every URL must lie under the base of the call, redirects are answers like any other, bodies and
pages are capped, and one deadline holds for the whole call, however slowly a server drips. Whatever goes
wrong becomes an `Unread`; no exception of the network leaves this module.
"""

import http.client
import re
import time
from collections.abc import Collection, Mapping
from concurrent.futures import Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import urljoin

import msgspec
import requests
import urllib3
from fhirclient.server import FHIRServer

from cds_hooks.allowed_bases import AllowedBases, BaseUrl
from cds_hooks.outbound import AddressNotPermitted, Exchange, open_session
from cds_hooks.prefetch import PrefetchState, Reading, Unread, read_resource, read_searchset
from cds_hooks.request import FhirAuthorization, HookRequest

# urljoin would silently drop line breaks and tabs.
_PRINTABLE = re.compile(r"[!-~]+")
_CHUNK_BYTES = 64 * 1024
_UNREAD_OF_STATUS: Mapping[int, Unread] = {
    401: Unread.NOT_PERMITTED,
    403: Unread.NOT_PERMITTED,
    404: Unread.NOT_FOUND,
    410: Unread.NOT_FOUND,
    429: Unread.SERVER_BUSY,
}
_NETWORK_ERRORS = (
    requests.RequestException,
    urllib3.exceptions.HTTPError,
    http.client.HTTPException,
    OSError,
    UnicodeError,
)


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
class _Limits:
    pages: int
    resources: int
    bytes: int


class _Unreadable(Exception):  # noqa: N818 - says what is the case, and never leaves this module.
    def __init__(self, unread: Unread) -> None:
        super().__init__(unread)
        self.unread = unread


class _Exchange(Exchange):
    """The exchange of one query, and what it has read so far."""

    def __init__(self) -> None:
        super().__init__()
        self.so_far: Reading[Any] | None = None


class _BoundedServer(FHIRServer):  # type: ignore[misc]
    """fhirclient's server for one query: shared session, no redirects, a deadline and a cap on bytes."""

    def __init__(
        self, base: str, session: requests.Session, token: str | None, *, deadline: float, max_bytes: int
    ) -> None:
        # The constructor of FHIRServer would open a session of its own.
        self.client = None
        self.auth = None
        self.base_uri = base
        self.session = session
        self._headers = {"Accept": "application/fhir+json"}
        if token is not None:
            self._headers["Authorization"] = f"Bearer {token}"
        self._deadline = deadline
        self._bytes_left = max_bytes

    def request_data(self, path: str, headers: Any = None, nosign: bool = False) -> bytes:
        """The body of a 200. Raises _Unreadable for everything else."""
        try:
            with self._get(path) as response:
                self.raise_for_status(response)
                return self._body(response)
        except urllib3.exceptions.ReadTimeoutError as error:
            raise _Unreadable(Unread.TIMEOUT) from error
        except urllib3.exceptions.DecodeError as error:
            raise _Unreadable(Unread.UNUSABLE_ANSWER) from error
        except AddressNotPermitted as error:
            raise _Unreadable(Unread.BASE_NOT_REGISTERED) from error
        except _NETWORK_ERRORS as error:
            raise _Unreadable(Unread.UNREACHABLE) from error

    def raise_for_status(self, response: requests.Response) -> None:
        status = response.status_code
        if status == 200:
            return
        if status >= 500:
            raise _Unreadable(Unread.SERVER_ERROR)
        raise _Unreadable(_UNREAD_OF_STATUS.get(status, Unread.UNUSABLE_ANSWER))

    def _get(self, path: str, headers: Any = None, nosign: bool = False) -> requests.Response:
        """Tries once more when the connection fails, as one that was kept alive may have been closed."""
        try:
            return self._send(path)
        except requests.Timeout as error:
            raise _Unreadable(Unread.TIMEOUT) from error
        except requests.ConnectionError:
            pass
        try:
            return self._send(path)
        except requests.Timeout as error:
            raise _Unreadable(Unread.TIMEOUT) from error

    def _send(self, url: str) -> requests.Response:
        return self.session.get(
            url,
            headers=self._headers,
            timeout=self._seconds_left(),
            allow_redirects=False,
            stream=True,
        )

    def _seconds_left(self) -> float:
        seconds = self._deadline - time.monotonic()
        if seconds <= 0:
            raise _Unreadable(Unread.TIMEOUT)
        return seconds

    def _body(self, response: requests.Response) -> bytes:
        chunks: list[bytes] = []
        while chunk := response.raw.read1(_CHUNK_BYTES, decode_content=True):
            self._bytes_left -= len(chunk)
            if self._bytes_left < 0:
                raise _Unreadable(Unread.TOO_LARGE)
            self._seconds_left()
            chunks.append(chunk)
        return b"".join(chunks)


class FhirReader:
    """Reads for one call. The deadline runs from the moment the reader is made."""

    def __init__(
        self,
        base: str,
        token: str | None,
        *,
        session: requests.Session,
        pool: ThreadPoolExecutor,
        limits: _Limits,
        deadline_seconds: float,
        is_refused: bool,
    ) -> None:
        self._base = base.rstrip("/") + "/"
        self._scope = BaseUrl.parse(base)
        self._token = token
        self._session = session
        self._pool = pool
        self._limits = limits
        self._deadline = time.monotonic() + deadline_seconds
        self._is_refused = is_refused

    def fetch(self, queries: Mapping[str, Query]) -> Mapping[str, Reading[Any]]:
        """The answers under the keys of `queries`, read in parallel and never later than the deadline."""
        if self._is_refused:
            return dict.fromkeys(queries, _failed(Unread.NOT_PERMITTED))
        running: dict[str, tuple[Future[Reading[Any]], _Exchange]] = {}
        for key, query in queries.items():
            exchange = _Exchange()
            running[key] = (self._pool.submit(self._answer, query, exchange), exchange)
        wait([future for future, _ in running.values()], timeout=max(0.0, self._deadline - time.monotonic()))
        return {key: _outcome(future, exchange) for key, (future, exchange) in running.items()}

    def _answer(self, query: Query, exchange: _Exchange) -> Reading[Any]:
        with exchange:
            return self._read_pages(query, exchange)

    def _read_pages(self, query: Query, exchange: _Exchange) -> Reading[Any]:
        url = self._resolved(self._base, query.path)
        if url is None:
            is_link = "://" in query.path or query.path.startswith("/")
            return _failed(Unread.MORE_PAGES if is_link else Unread.UNUSABLE_ANSWER)
        server = _BoundedServer(
            self._base, self._session, self._token, deadline=self._deadline, max_bytes=self._limits.bytes
        )
        visited = {url}
        reading = self._read_page(server, url, query)
        while reading.next_link is not None and not self._is_at_cap(reading, visited):
            exchange.so_far = reading
            url = self._resolved(url, reading.next_link)
            if url is None or url in visited:
                break
            visited.add(url)
            reading = reading.followed_by(self._read_page(server, url, query))
        return self._capped(reading)

    def _resolved(self, current: str, link: str) -> str | None:
        """The absolute URL of `link`, or None when it does not lie under the base of this call."""
        if not _PRINTABLE.fullmatch(link) or self._scope is None:
            return None
        try:
            url = urljoin(current, link)
        except ValueError:
            return None
        return url if self._scope.holds(url) else None

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

    def _read_page(self, server: _BoundedServer, url: str, query: Query) -> Reading[Any]:
        try:
            body = server.request_data(url)
        except _Unreadable as problem:
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


def _outcome(future: Future[Reading[Any]], exchange: _Exchange) -> Reading[Any]:
    """The result, or at the deadline what had been read by then."""
    if future.done():
        return future.result()
    future.cancel()
    exchange.cut()
    timeout = _failed(Unread.TIMEOUT)
    return timeout if exchange.so_far is None else exchange.so_far.followed_by(timeout)


class FhirAccess:
    """One per process: the limits, and the pooled connections and threads."""

    def __init__(
        self,
        *,
        deadline_seconds: float = 1.5,
        max_pages: int = 20,
        max_resources: int = 2000,
        max_bytes: int = 10 * 1024 * 1024,
        workers: int = 16,
    ) -> None:
        """`max_pages`, `max_resources` and `max_bytes` (after decompression) hold for each query."""
        self._deadline_seconds = deadline_seconds
        self._limits = _Limits(max_pages, max_resources, max_bytes)
        self._workers = workers
        self._sessions: dict[AllowedBases, requests.Session] = {}
        self._pool = ThreadPoolExecutor(max_workers=workers, thread_name_prefix="fhir")

    def reader_for(
        self, request: HookRequest, bases: AllowedBases, subjects: Collection[str] = ()
    ) -> FhirReader | None:
        """None when the request names no FHIR server, or one outside `bases`.

        A token that was issued for another patient, or when there are `subjects`, for none of them, is never
        used: the reader answers `not-permitted`.
        """
        if request.fhir_server is None or not bases.permits(request.fhir_server):
            return None
        authorization = request.fhir_authorization
        return FhirReader(
            request.fhir_server,
            None if authorization is None else authorization.access_token,
            session=self._session_for(bases),
            pool=self._pool,
            limits=self._limits,
            deadline_seconds=self._deadline_seconds,
            is_refused=authorization is not None and not _is_meant(authorization, request, subjects),
        )

    def _session_for(self, bases: AllowedBases) -> requests.Session:
        """Connections are shared by calls that may reach the same addresses, never with others."""
        session = self._sessions.get(bases)
        if session is None:
            session = self._sessions.setdefault(bases, open_session(self._workers, bases.permits_address))
        return session


def _is_meant(authorization: FhirAuthorization, request: HookRequest, subjects: Collection[str]) -> bool:
    """Was the token issued for this patient and, as far as that is told, to this service?"""
    if authorization.patient not in (None, request.context.patient_id):
        return False
    return not subjects or authorization.subject in subjects
