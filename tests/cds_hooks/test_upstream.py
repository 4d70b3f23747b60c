"""Whatever goes wrong on the way to a server becomes a reason why data are missing."""

import gzip
import http.client
import json
import socket
import ssl
import zlib
from collections.abc import Callable
from types import ModuleType

import fhirclient.models.fhirabstractbase
import fhirclient.server
import msgspec
import pytest
import requests
import responses
import urllib3

from cds_hooks import PrefetchState, Query, Reading, Unread
from cds_hooks.upstream import unread_of_error, unread_of_status
from tests.cds_hooks.fhir import BASE, ids, page, reader, search
from tests.cds_hooks.wire import ConditionView, encoded
from tests.local_servers import Exchange, LocalServer, Script

Serve = Callable[[Script], LocalServer]


MODULES: tuple[ModuleType, ...] = (
    *(requests.exceptions, urllib3.exceptions, http.client, ssl, socket, json, msgspec, zlib, gzip),
    *(fhirclient.server, fhirclient.models.fhirabstractbase),
)


@pytest.mark.parametrize(
    ("problem", "unread"),
    [
        (requests.ConnectionError("canary"), Unread.UNREACHABLE),
        (requests.exceptions.SSLError("canary"), Unread.UNREACHABLE),
        (requests.Timeout("canary"), Unread.TIMEOUT),
        (requests.ConnectTimeout("canary"), Unread.TIMEOUT),
        (requests.exceptions.InvalidHeader("canary"), Unread.UNREACHABLE),
        (UnicodeError("canary"), Unread.UNREACHABLE),
        (ConnectionResetError("canary"), Unread.UNREACHABLE),
    ],
)
def test_no_exception_of_the_network_escapes(
    ehr: responses.RequestsMock, problem: Exception, unread: Unread
) -> None:
    ehr.get(f"{BASE}/Condition", body=problem)

    assert search(reader()).unread is unread


def test_a_failed_connection_is_tried_once_more(ehr: responses.RequestsMock) -> None:
    ehr.get(f"{BASE}/Condition", body=requests.ConnectionError("reset"))
    ehr.get(f"{BASE}/Condition", json=page("c1"))

    assert ids(search(reader())) == ["c1"]


def test_a_failed_connection_is_not_tried_a_third_time(ehr: responses.RequestsMock) -> None:
    ehr.get(f"{BASE}/Condition", body=requests.ConnectionError("reset"))

    search(reader())

    assert len(ehr.calls) == 2


def kinds_in(module: ModuleType) -> set[type[Exception]]:
    """The exceptions that a module names, and everything derived from them."""
    named = [kind for kind in vars(module).values() if isinstance(kind, type) and issubclass(kind, Exception)]
    found: set[type[Exception]] = set()
    while named:
        kind = named.pop()
        if kind not in found:
            found.add(kind)
            named += kind.__subclasses__()
    return found


KINDS = sorted(
    set[type[Exception]]().union(*map(kinds_in, MODULES)),
    key=lambda kind: f"{kind.__module__}.{kind.__qualname__}",
)


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: f"{kind.__module__}.{kind.__qualname__}")
def test_every_exception_of_the_libraries_underneath_is_a_reason(
    ehr: responses.RequestsMock, kind: type[Exception]
) -> None:
    # Their constructors ask for all sorts of arguments.
    error = kind.__new__(kind)
    ehr.get(f"{BASE}/Condition", body=error)

    reading = search(reader())

    assert reading == Reading(PrefetchState.ERROR, unread=unread_of_error(error))


def test_the_libraries_underneath_have_been_looked_through() -> None:
    assert len(KINDS) > 100
    assert {requests.Timeout, urllib3.exceptions.ProtocolError, ssl.SSLCertVerificationError} <= set(KINDS)


@pytest.mark.parametrize(
    ("kinds", "unread"),
    [
        ((requests.Timeout, urllib3.exceptions.TimeoutError, TimeoutError), Unread.TIMEOUT),
        ((requests.ConnectionError, ssl.SSLError, http.client.HTTPException, OSError), Unread.UNREACHABLE),
        ((requests.exceptions.InvalidURL, urllib3.exceptions.ProtocolError), Unread.UNREACHABLE),
        ((urllib3.exceptions.DecodeError, requests.exceptions.ContentDecodingError), Unread.UNUSABLE_ANSWER),
        ((json.JSONDecodeError, msgspec.DecodeError, zlib.error), Unread.UNUSABLE_ANSWER),
        ((fhirclient.models.fhirabstractbase.FHIRValidationError,), Unread.UNUSABLE_ANSWER),
        ((fhirclient.server.FHIRPermissionDeniedException,), Unread.NOT_PERMITTED),
        ((fhirclient.server.FHIRNotFoundException,), Unread.NOT_FOUND),
    ],
)
def test_an_exception_is_told_by_what_it_means(kinds: tuple[type[Exception], ...], unread: Unread) -> None:
    assert {unread_of_error(kind.__new__(kind)) for kind in kinds} == {unread}


def test_every_status_has_a_reason() -> None:
    reasons = {status: unread_of_status(status) for status in range(100, 1000) if status != 200}

    assert {reasons[s] for s in range(500, 1000) if s != 504} == {Unread.SERVER_ERROR}
    assert {reasons[s] for s in range(100, 400) if s != 200} == {Unread.UNUSABLE_ANSWER}
    assert {s for s in range(400, 500) if reasons[s] is not Unread.UNUSABLE_ANSWER} == {
        401,
        403,
        404,
        408,
        410,
        429,
    }


def test_no_status_but_200_is_read_for_data(serve: Serve) -> None:
    """Over a socket: as a server sends them, those below 100 and the informational ones included."""

    def script(exchange: Exchange) -> None:
        exchange.answer(encoded(page("c1")), f"{exchange.path.rpartition('=')[2]} Odd")

    using = reader(serve(script).base, workers=8)
    queries = {
        str(status): Query(f"Condition?status={status}", ConditionView, "Condition")
        for status in range(100, 600)
        if status not in (100, 200)
    }

    answers = using.fetch(queries)

    assert {status for status, reading in answers.items() if reading.unread is None} == set()
    assert not any(reading.resources for reading in answers.values())
