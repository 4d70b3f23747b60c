"""One deadline for a whole call, whatever a server does."""

import threading
from collections.abc import Callable
from dataclasses import replace

import pytest

from cds_hooks import AllowedBases, Client, FhirAccess, PrefetchState, Query, Unread
from tests.cds_hooks.fhir import EHR, SEARCH, ids, page, reader, reader_of, search
from tests.cds_hooks.wire import ConditionView, encoded
from tests.local_servers import Exchange, LocalServer, Script

Serve = Callable[[Script], LocalServer]


DRIPS: dict[str, tuple[bytes, bytes]] = {
    "body": (b"HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n", b" "),
    "chunks": (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", b"1\r\n \r\n"),
    "header": (b"HTTP/1.1 200 OK\r\nX-Endless: ", b"x"),
    "headers": (b"HTTP/1.1 200 OK\r\n", b"X: 1\r\n"),
    "status line": (b"HTTP/1.1 200 ", b"x"),
}


@pytest.mark.parametrize("part", DRIPS)
def test_a_server_that_drips_is_left_at_the_deadline_and_the_worker_is_free_again(
    serve: Serve, part: str
) -> None:
    def script(exchange: Exchange) -> None:
        if "fast" in exchange.path:
            exchange.answer(encoded(page("c1")))
        else:
            exchange.drip(*DRIPS[part])

    server = serve(script)
    access = FhirAccess(deadline_seconds=0.5, workers=1)

    assert search(reader_of(access, server.base)).unread is Unread.TIMEOUT
    assert ids(search(reader_of(access, server.base), "Condition?fast=1")) == ["c1"]


def test_a_server_that_never_answers_is_left_at_the_deadline(serve: Serve) -> None:
    server = serve(lambda exchange: exchange.drip(b"", b""))

    assert search(reader(server.base, deadline_seconds=0.3)).unread is Unread.TIMEOUT


def test_what_was_read_before_the_deadline_is_kept(serve: Serve) -> None:
    def script(exchange: Exchange) -> None:
        if "page" in exchange.path:
            exchange.drip(*DRIPS["body"])
        else:
            exchange.answer(encoded(page("c1", then="?page=2")))

    reading = search(reader(serve(script).base, deadline_seconds=0.5))

    assert (reading.state, ids(reading), reading.unread) == (PrefetchState.INCOMPLETE, ["c1"], Unread.TIMEOUT)


def test_one_deadline_holds_for_all_queries_and_every_call_of_a_reader(serve: Serve) -> None:
    using = reader(serve(lambda exchange: exchange.drip(b"", b"")).base, deadline_seconds=0.3, workers=2)
    queries = {str(number): Query(SEARCH, ConditionView, "Condition") for number in range(6)}

    assert {each.unread for each in using.fetch(queries).values()} == {Unread.TIMEOUT}
    assert search(using).unread is Unread.TIMEOUT


def test_a_client_may_have_a_deadline_of_its_own(serve: Serve) -> None:
    server = serve(lambda exchange: exchange.drip(b"", b""))
    hasty = replace(EHR, deadline_seconds=0.2)

    assert search(reader(server.base, client=hasty, deadline_seconds=600)).unread is Unread.TIMEOUT


def test_a_slow_server_of_one_client_holds_up_no_other(serve: Serve) -> None:
    slow = serve(lambda exchange: exchange.drip(b"", b""))
    fast = serve(lambda exchange: exchange.answer(encoded(page("c1"))))
    access = FhirAccess(deadline_seconds=20.0, workers=2)
    other = Client("other", AllowedBases((fast.base,), allow_loopback=True))
    held = threading.Thread(
        target=reader_of(access, slow.base, client=replace(EHR, deadline_seconds=1.0)).fetch,
        args=({str(number): Query(SEARCH, ConditionView, "Condition") for number in range(6)},),
    )
    held.start()

    assert ids(search(reader_of(access, fast.base, client=other))) == ["c1"]
    held.join()
