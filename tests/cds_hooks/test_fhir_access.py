"""Reading a FHIR server that may be slow, broken or hostile."""

import gzip
import json
import logging
import socket
import threading
import zlib
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import requests
import responses

from cds_hooks import (
    AllowedBases,
    FhirAccess,
    FhirReader,
    HookRequest,
    PrefetchState,
    Query,
    Reading,
    Unread,
    read_hook_request,
)
from tests.cds_hooks.conftest import Exchange, LocalServer, Script
from tests.cds_hooks.wire import ConditionView, PatientView, encoded, hook_call, searchset

BASE = "https://ehr.example.org/fhir/r4"
SEARCH = "Condition?patient=p1"
TOKEN = "secret-token"
ALLOWED = AllowedBases((BASE,), allow_loopback=True)
Serve = Callable[[Script], LocalServer]


def condition(identity: str) -> dict[str, Any]:
    return {"resourceType": "Condition", "id": identity}


def page(*identities: str, then: str | None = None) -> dict[str, Any]:
    links = {} if then is None else {"link": [{"relation": "next", "url": then}]}
    return searchset(*(condition(identity) for identity in identities), **links)


def call(server: str | None = BASE, token: str | None = TOKEN, **authorization: Any) -> HookRequest:
    fields: dict[str, Any] = {} if server is None else {"fhirServer": server}
    if server is not None and token is not None:
        fields["fhirAuthorization"] = {"access_token": token, "token_type": "Bearer", **authorization}
    return read_hook_request(encoded(hook_call(**fields)), ("order-sign",))


def reader(base: str = BASE, token: str | None = TOKEN, **limits: Any) -> FhirReader:
    made = FhirAccess(**{"deadline_seconds": 20.0, **limits}).reader_for(call(base, token), ALLOWED)
    assert made is not None
    return made


def search(using: FhirReader, path: str = SEARCH) -> Reading[Any]:
    return using.fetch({"conditions": Query(path, ConditionView, "Condition")})["conditions"]


def ids(reading: Reading[Any]) -> list[str]:
    return [resource.id for resource in reading.resources]


@pytest.fixture
def ehr() -> Iterator[responses.RequestsMock]:
    with responses.RequestsMock(assert_all_requests_are_fired=False) as mock:
        yield mock


def test_without_a_fhir_server_there_is_no_reader() -> None:
    assert FhirAccess().reader_for(call(None), ALLOWED) is None


def test_a_server_that_is_not_registered_is_refused() -> None:
    assert FhirAccess().reader_for(call("https://evil.test/fhir"), ALLOWED) is None


def test_several_queries_are_answered_under_their_keys(ehr: responses.RequestsMock) -> None:
    ehr.get(f"{BASE}/Condition", json=page("c1", "c2"))
    ehr.get(f"{BASE}/Patient/p1", json={"resourceType": "Patient", "id": "p1"})

    answers = reader().fetch(
        {
            "conditions": Query(SEARCH, ConditionView, "Condition"),
            "patient": Query("Patient/p1", PatientView, "Patient", single=True),
        }
    )

    assert (answers["conditions"].state, ids(answers["conditions"])) == (PrefetchState.PRESENT, ["c1", "c2"])
    assert (answers["patient"].state, ids(answers["patient"])) == (PrefetchState.PRESENT, ["p1"])


def test_a_read_sends_the_token_and_asks_for_fhir_json(ehr: responses.RequestsMock) -> None:
    ehr.get(f"{BASE}/Condition", json=page())

    assert search(reader()) == Reading(PrefetchState.EMPTY)
    [sent] = [made.request for made in ehr.calls]
    assert sent.url == f"{BASE}/Condition?patient=p1"
    assert sent.headers["Authorization"] == "Bearer secret-token"
    assert sent.headers["Accept"] == "application/fhir+json"


def test_an_open_server_is_read_without_a_token(ehr: responses.RequestsMock) -> None:
    ehr.get(f"{BASE}/Condition", json=page("c1"))

    assert ids(search(reader(token=None))) == ["c1"]
    assert "Authorization" not in ehr.calls[0].request.headers


def test_a_token_for_another_patient_is_not_used(ehr: responses.RequestsMock) -> None:
    using = FhirAccess().reader_for(call(patient="p2"), ALLOWED)

    assert using is not None
    assert search(using).unread is Unread.NOT_PERMITTED
    assert len(ehr.calls) == 0


def test_cookies_are_neither_kept_nor_sent(ehr: responses.RequestsMock) -> None:
    ehr.get(f"{BASE}/Condition", json=page(), headers={"Set-Cookie": "session=1; Path=/"})
    using = reader()

    search(using)
    search(using)

    assert "Cookie" not in ehr.calls[1].request.headers


@pytest.mark.parametrize(
    ("status", "unread"),
    [
        (204, Unread.UNUSABLE_ANSWER),
        (301, Unread.UNUSABLE_ANSWER),
        (304, Unread.UNUSABLE_ANSWER),
        (400, Unread.UNUSABLE_ANSWER),
        (401, Unread.NOT_PERMITTED),
        (403, Unread.NOT_PERMITTED),
        (404, Unread.NOT_FOUND),
        (410, Unread.NOT_FOUND),
        (422, Unread.UNUSABLE_ANSWER),
        (429, Unread.SERVER_BUSY),
        (500, Unread.SERVER_ERROR),
        (502, Unread.SERVER_ERROR),
        (503, Unread.SERVER_ERROR),
        (504, Unread.SERVER_ERROR),
    ],
)
def test_every_status_but_200_is_a_reason(ehr: responses.RequestsMock, status: int, unread: Unread) -> None:
    ehr.get(f"{BASE}/Condition", json=page("c1"), status=status)

    assert search(reader()) == Reading(PrefetchState.ERROR, unread=unread)
    assert len(ehr.calls) == 1


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"null",
        b"<html>Please log in</html>",
        b'{"resourceType": "Bundle"',
        b'{"resourceType": "Patient"}',
        b'{"resourceType": "OperationOutcome", "issue": [{"severity": "error"}]}',
        encoded(searchset({"resourceType": "OperationOutcome", "issue": [{"severity": "fatal"}]})),
        encoded(searchset({"resourceType": "Observation"})),
        b"[" * 100_000,
        b"\xff\xfe",
    ],
)
def test_an_answer_that_is_no_searchset_is_unusable(ehr: responses.RequestsMock, body: bytes) -> None:
    ehr.get(f"{BASE}/Condition", body=body)

    assert search(reader()).unread is Unread.UNUSABLE_ANSWER


def test_a_bad_entry_is_counted_and_an_error_beside_data_told(ehr: responses.RequestsMock) -> None:
    failed = {"resourceType": "OperationOutcome", "issue": [{"severity": "error"}]}
    ehr.get(f"{BASE}/Condition", json=searchset(condition("c1"), {"resourceType": "Condition", "id": 7}))
    ehr.get(f"{BASE}/Condition", json=searchset(condition("c1"), failed))

    assert search(reader()).unread is Unread.MALFORMED_ENTRIES
    assert search(reader()).unread is Unread.UNUSABLE_ANSWER


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


def test_pages_are_followed_to_the_last(ehr: responses.RequestsMock) -> None:
    ehr.get(f"{BASE}/Condition?patient=p1", json=page("c1", then=f"{BASE}?page=2&_id=a|b"))
    ehr.get(f"{BASE}?page=2&_id=a|b", json=page("c2", then="?page=3"))
    ehr.get(f"{BASE}?page=3", json=page("c1", "c3"))

    reading = search(reader())

    assert (reading.state, ids(reading), reading.unread) == (PrefetchState.PRESENT, ["c1", "c2", "c3"], None)


def test_the_further_pages_of_a_prefetch_are_read_by_their_absolute_url(ehr: responses.RequestsMock) -> None:
    ehr.get(f"{BASE}/Condition?page=2", json=page("c2"))

    assert ids(search(reader(), f"{BASE}/Condition?page=2")) == ["c2"]


@pytest.mark.parametrize("status", [401, 500])
def test_a_page_that_fails_leaves_what_was_read_incomplete(ehr: responses.RequestsMock, status: int) -> None:
    ehr.get(f"{BASE}/Condition?patient=p1", json=page("c1", then=f"{BASE}?page=2"))
    ehr.get(f"{BASE}?page=2", status=status)

    reading = search(reader())

    assert (reading.state, ids(reading)) == (PrefetchState.INCOMPLETE, ["c1"])
    assert reading.unread is {401: Unread.NOT_PERMITTED, 500: Unread.SERVER_ERROR}[status]


def test_a_page_that_names_itself_ends_the_reading(ehr: responses.RequestsMock) -> None:
    ehr.get(f"{BASE}/Condition", json=page("c1", then=f"{BASE}/Condition?patient=p1"))

    assert (search(reader()).unread, len(ehr.calls)) == (Unread.MORE_PAGES, 1)


def test_two_pages_that_name_each_other_end_the_reading(ehr: responses.RequestsMock) -> None:
    ehr.get(f"{BASE}/Condition", json=page("c1", then=f"{BASE}?page=2"))
    ehr.get(f"{BASE}?page=2", json=page("c2", then=f"{BASE}/Condition?patient=p1"))

    reading = search(reader())

    assert (ids(reading), reading.unread, len(ehr.calls)) == (["c1", "c2"], Unread.MORE_PAGES, 2)


def endless(request: requests.PreparedRequest) -> tuple[int, dict[str, str], str]:
    number = int(str(request.url).rpartition("=")[2].replace("p1", "0"))
    return 200, {}, json.dumps(page(f"c{number}", then=f"{BASE}/Condition?page={number + 1}"))


def test_endless_pages_end_at_the_cap(ehr: responses.RequestsMock) -> None:
    ehr.add_callback("GET", f"{BASE}/Condition", endless)

    reading = search(reader(max_pages=20))

    assert (len(ehr.calls), len(reading.resources), reading.unread) == (20, 20, Unread.MORE_PAGES)


def test_endless_resources_end_at_the_cap(ehr: responses.RequestsMock) -> None:
    ehr.add_callback("GET", f"{BASE}/Condition", endless)

    reading = search(reader(max_resources=5))

    assert (len(ehr.calls), len(reading.resources), reading.unread) == (5, 5, Unread.MORE_PAGES)


def test_a_page_over_the_cap_is_cut_and_incomplete(ehr: responses.RequestsMock) -> None:
    ehr.get(f"{BASE}/Condition", json=page(*(f"c{number}" for number in range(12))))

    reading = search(reader(max_resources=10))

    assert (len(reading.resources), reading.state) == (10, PrefetchState.INCOMPLETE)
    assert reading.unread is Unread.MORE_PAGES


@pytest.mark.parametrize(
    "link",
    [
        "https://evil.test/fhir/r4?page=2",
        "https://evil.test",
        "//evil.test/fhir/r4?page=2",
        "///evil.test/fhir",
        "http://ehr.example.org/fhir/r4?page=2",
        "https://ehr.example.org:8443/fhir/r4?page=2",
        "https://ehr.example.org/other?page=2",
        "https://ehr.example.org/?page=2",
        "https://ehr.example.org/fhir?page=2",
        "https://ehr.example.org/fhir/r4b?page=2",
        "https://ehr.example.org/fhir/r4/../../admin?page=2",
        "https://ehr.example.org/fhir/r4/%2e%2e/admin?page=2",
        "https://ehr.example.org./fhir/r4?page=2",
        "https://ehr.example.org@evil.test/fhir/r4?page=2",
        "https://user:pass@ehr.example.org/fhir/r4?page=2",
        "https://evil.test#@ehr.example.org/fhir/r4",
        "https://evil.test\\@ehr.example.org/fhir/r4",
        "https://ehr.example.org.evil.test/fhir/r4?page=2",
        "https://ehr.example.org\\.evil.test/fhir/r4",
        "https:\\\\evil.test\\fhir",
        "\\\\evil.test\\fhir",
        "/\\evil.test/fhir",
        "/admin?page=2",
        "../../admin?page=2",
        "../../../../",
        "ftp://ehr.example.org/fhir/r4?page=2",
        "file:///etc/passwd",
        "gopher://127.0.0.1/",
        "data:application/json,{}",
        "javascript:alert(1)",
        "http://169.254.169.254/latest/meta-data",
        "http://localhost:9200/_search",
        "https://еhr.example.org/fhir/r4?page=2",
        "https://ehr.example.org/fhir/r4?page=2#fragment",
        "https://ehr.example.org/fhir/r4?page=2\r\nHost: evil.test",
        "https://ehr.example.org/fhir/r4?page= 2",
        "https://[::1]/fhir/r4",
        "https://ehr.example.org/fhir/r4?pa\tge=2",
        "https://ehr.example.org/fhir/r4\n?page=2",
        "https://[bad/fhir/r4",
    ],
)
def test_a_next_link_that_leaves_the_base_is_not_followed(ehr: responses.RequestsMock, link: str) -> None:
    ehr.get(f"{BASE}/Condition", json=page("c1", then=link))

    reading = search(reader())

    assert (ids(reading), reading.unread) == (["c1"], Unread.MORE_PAGES)
    assert [made.request.url for made in ehr.calls] == [f"{BASE}/Condition?patient=p1"]


@pytest.mark.parametrize(
    ("path", "unread"),
    [
        ("https://evil.test/fhir", Unread.MORE_PAGES),
        ("//evil.test/fhir", Unread.MORE_PAGES),
        ("https://[bad", Unread.MORE_PAGES),
        ("../../admin", Unread.UNUSABLE_ANSWER),
        ("Patient/p 1", Unread.UNUSABLE_ANSWER),
        ("Patient/p1#x", Unread.UNUSABLE_ANSWER),
    ],
)
def test_a_query_that_leaves_the_base_is_not_sent(
    ehr: responses.RequestsMock, path: str, unread: Unread
) -> None:
    assert search(reader(), path).unread is unread
    assert len(ehr.calls) == 0


def test_no_queries_have_no_answers() -> None:
    assert reader().fetch({}) == {}


def test_nothing_that_is_read_is_logged(
    ehr: responses.RequestsMock, caplog: pytest.LogCaptureFixture
) -> None:
    ehr.get(f"{BASE}/Condition", json=page("c1"))

    with caplog.at_level(logging.DEBUG):
        search(reader())

    assert "p1" not in caplog.text
    assert "secret-token" not in caplog.text


def test_a_redirect_is_not_followed_and_the_token_stays(serve: Serve) -> None:
    elsewhere = serve(lambda exchange: exchange.answer(encoded(page("stolen"))))
    for status in ("301 Moved", "302 Found", "303 See Other", "307 Temporary", "308 Permanent"):
        moved = serve(lambda exchange, s=status: exchange.answer(b"", s, f"Location: {elsewhere.base}"))  # type: ignore[misc]

        assert search(reader(moved.base)).unread is Unread.UNUSABLE_ANSWER

    assert elsewhere.seen == []


def test_a_real_server_is_read_without_its_urls_being_logged(
    serve: Serve, caplog: pytest.LogCaptureFixture
) -> None:
    server = serve(lambda exchange: exchange.answer(encoded(page("c1"))))

    with caplog.at_level(logging.DEBUG):
        reading = search(reader(server.base))

    assert ids(reading) == ["c1"]
    assert server.seen[0].headers["authorization"] == "Bearer secret-token"
    assert "patient=p1" not in caplog.text


def test_a_compressed_answer_is_read(serve: Serve) -> None:
    body = gzip.compress(encoded(page(*(f"c{number}" for number in range(500)))))
    server = serve(lambda exchange: exchange.answer(body, "200 OK", "Content-Encoding: gzip"))

    assert len(search(reader(server.base)).resources) == 500


@pytest.mark.parametrize(("encoding", "compress"), [("gzip", gzip.compress), ("deflate", zlib.compress)])
def test_a_compressed_answer_counts_by_what_it_unpacks_to(
    serve: Serve, encoding: str, compress: Callable[[bytes], bytes]
) -> None:
    bomb = compress(b" " * 50_000_000)
    server = serve(lambda exchange: exchange.answer(bomb, "200 OK", f"Content-Encoding: {encoding}"))

    assert search(reader(server.base, max_bytes=1_000_000)).unread is Unread.TOO_LARGE


def test_a_broken_compression_is_unusable(serve: Serve) -> None:
    server = serve(lambda exchange: exchange.answer(b"not gzip", "200 OK", "Content-Encoding: gzip"))

    assert search(reader(server.base)).unread is Unread.UNUSABLE_ANSWER


def test_an_answer_over_the_cap_is_too_large(serve: Serve) -> None:
    server = serve(lambda exchange: exchange.answer(b" " * 1_000_001))

    assert search(reader(server.base, max_bytes=1_000_000)).unread is Unread.TOO_LARGE


def test_the_cap_on_bytes_counts_all_pages(ehr: responses.RequestsMock) -> None:
    ehr.add_callback("GET", f"{BASE}/Condition", endless)

    reading = search(reader(max_bytes=1_000))

    assert (reading.state, reading.unread) == (PrefetchState.INCOMPLETE, Unread.TOO_LARGE)
    assert len(ehr.calls) < 20


def test_a_body_cut_short_is_unreachable(serve: Serve) -> None:
    server = serve(lambda exchange: exchange.write(b"HTTP/1.1 200 OK\r\nContent-Length: 999\r\n\r\n{}"))

    assert search(reader(server.base)).unread is Unread.UNREACHABLE


def test_a_connection_closed_without_an_answer_is_unreachable(serve: Serve) -> None:
    server = serve(lambda exchange: None)

    assert search(reader(server.base)).unread is Unread.UNREACHABLE
    assert len(server.seen) == 2


def test_an_answer_that_is_not_http_is_unreachable(serve: Serve) -> None:
    server = serve(lambda exchange: exchange.write(b"SSH-2.0-OpenSSH\r\n\r\n"))

    assert search(reader(server.base)).unread is Unread.UNREACHABLE


def test_a_port_nobody_listens_on_is_unreachable() -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        port = unused.getsockname()[1]

    assert search(reader(f"http://127.0.0.1:{port}/fhir")).unread is Unread.UNREACHABLE


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
    first, second = access.reader_for(call(server.base), ALLOWED), None

    assert first is not None
    assert search(first).unread is Unread.TIMEOUT
    second = access.reader_for(call(server.base), ALLOWED)
    assert second is not None
    assert ids(search(second, "Condition?fast=1")) == ["c1"]


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


def test_queries_are_read_at_the_same_time(serve: Serve) -> None:
    together = threading.Barrier(4, timeout=15)

    def script(exchange: Exchange) -> None:
        together.wait()
        exchange.answer(encoded(page("c1")))

    queries = {str(number): Query(SEARCH, ConditionView, "Condition") for number in range(4)}

    answers = reader(serve(script).base).fetch(queries)

    assert {each.state for each in answers.values()} == {PrefetchState.PRESENT}
