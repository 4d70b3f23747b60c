"""What a FHIR server may answer to a search, and what is made of it."""

import gzip
import socket
import zlib
from collections.abc import Callable
from typing import Any

import pytest
import responses

from cds_hooks import PrefetchState, Reading, Unread
from tests.cds_hooks.fhir import BASE, condition, ids, page, reader, search
from tests.cds_hooks.wire import encoded, searchset
from tests.local_servers import LocalServer, Script

Serve = Callable[[Script], LocalServer]


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
        (408, Unread.TIMEOUT),
        (410, Unread.NOT_FOUND),
        (422, Unread.UNUSABLE_ANSWER),
        (429, Unread.SERVER_BUSY),
        (500, Unread.SERVER_ERROR),
        (502, Unread.SERVER_ERROR),
        (503, Unread.SERVER_ERROR),
        (504, Unread.TIMEOUT),
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


@pytest.mark.parametrize(
    "taken",
    [
        "Condition",
        "Condition?",
        "Condition?_count=50",
        "Condition?code=x",
        "Condition?patient=",
        "Condition?patient=p2",
        "Condition?patient=p1,p2",
        "Condition?patient=p1&patient=p2",
        "Condition?patient=Group/p1",
        "Condition?encounter.patient=p1",
    ],
)
def test_a_search_that_was_not_for_the_patient_alone_tells_nothing(
    ehr: responses.RequestsMock, taken: str
) -> None:
    links = [{"relation": "self", "url": f"{BASE}/{taken}"}]
    ehr.get(f"{BASE}/Condition", json=searchset(condition("c1"), link=links))

    assert search(reader()) == Reading(PrefetchState.ERROR, unread=Unread.WIDER_THAN_ASKED)


@pytest.mark.parametrize(
    "taken",
    [
        "Condition?patient=p1",
        "Condition?_count=50&patient=Patient/p1",
        "Condition?patient=https%3A%2F%2Fehr.example.org%2Ffhir%2Fr4%2FPatient%2Fp1",
        "Condition?patient%3APatient=p1",
        "Condition?subject=Patient/p1&_format=json",
        "Condition?patient=p1&subject=Patient/p1",
    ],
)
def test_a_search_for_the_patient_may_be_spelt_in_any_way(ehr: responses.RequestsMock, taken: str) -> None:
    links = [{"relation": "self", "url": f"{BASE}/{taken}"}]
    ehr.get(f"{BASE}/Condition", json=searchset(condition("c1"), link=links))

    assert ids(search(reader())) == ["c1"]


def test_the_self_link_of_a_further_page_may_be_any(ehr: responses.RequestsMock) -> None:
    ehr.get(f"{BASE}/Condition?patient=p1", json=page("c1", then=f"{BASE}?page=2"))
    links = [{"relation": "self", "url": f"{BASE}?page=2"}]
    ehr.get(f"{BASE}?page=2", json=searchset(condition("c2"), link=links))

    assert (ids(search(reader())), search(reader()).unread) == (["c1", "c2"], None)


def test_an_empty_answer_to_a_wider_search_is_no_empty_record(ehr: responses.RequestsMock) -> None:
    links = [{"relation": "self", "url": f"{BASE}/Condition?patient=p2"}]
    ehr.get(f"{BASE}/Condition", json=searchset(link=links))

    assert search(reader()).unread is Unread.WIDER_THAN_ASKED


@pytest.mark.parametrize("listed", [[], ["c1"], ["c1", "c2"]])
def test_fewer_entries_than_counted_leave_a_search_incomplete(
    ehr: responses.RequestsMock, listed: list[str]
) -> None:
    ehr.get(f"{BASE}/Condition", json={**page(*listed), "total": 3})

    reading = search(reader())

    assert (reading.state, ids(reading)) == (PrefetchState.INCOMPLETE, listed)
    assert reading.unread is Unread.FEWER_THAN_COUNTED


@pytest.mark.parametrize("total", [3, 2, 0, -1, None, "12", 3.5, True])
def test_a_count_is_of_all_pages_and_proves_only_what_is_missing(
    ehr: responses.RequestsMock, total: Any
) -> None:
    ehr.get(f"{BASE}/Condition?patient=p1", json={**page("c1", "c2", then="?page=2"), "total": total})
    ehr.get(f"{BASE}/Condition?page=2", json={**page("c3"), "total": total})

    assert (ids(search(reader())), search(reader()).unread) == (["c1", "c2", "c3"], None)


NOTE = {"resourceType": "OperationOutcome", "issue": [{"severity": "warning", "code": "suppressed"}]}
BESIDE = {
    "a note": {"resource": NOTE, "search": {"mode": "outcome"}},
    "a note without a mode": {"resource": NOTE},
    "an included resource": {"resource": {"resourceType": "Encounter"}, "search": {"mode": "include"}},
    "an included resource of the type": {"resource": condition("c9"), "search": {"mode": "include"}},
}


@pytest.mark.parametrize("beside", BESIDE.values(), ids=BESIDE)
def test_what_is_sent_beside_the_matches_does_not_count(
    ehr: responses.RequestsMock, beside: dict[str, Any]
) -> None:
    entries = [{"resource": condition("c1"), "search": {"mode": "match"}}, beside]
    ehr.get(f"{BASE}/Condition?patient=p1", json={**searchset(), "total": 2, "entry": entries})

    assert search(reader()).unread is Unread.FEWER_THAN_COUNTED


@pytest.mark.parametrize("beside", BESIDE.values(), ids=BESIDE)
def test_what_is_sent_beside_all_matches_leaves_nothing_missing(
    ehr: responses.RequestsMock, beside: dict[str, Any]
) -> None:
    entries = [{"resource": condition("c1"), "search": {"mode": "match"}}, beside]
    ehr.get(f"{BASE}/Condition?patient=p1", json={**searchset(), "total": 1, "entry": entries})

    assert search(reader()).unread is None


def test_a_match_of_another_type_counts(ehr: responses.RequestsMock) -> None:
    resources = [condition("c1"), {"resourceType": "Encounter"}]
    ehr.get(f"{BASE}/Condition?patient=p1", json={**searchset(*resources), "total": 2})

    assert search(reader()).unread is None


@pytest.mark.parametrize("beside", [[], [{"resource": {"resourceType": "Encounter"}}]])
def test_a_server_that_repeats_its_first_page_has_not_shown_all_that_it_counts(
    ehr: responses.RequestsMock, beside: list[Any]
) -> None:
    first = page("c1", "c2", then="?page=2")
    again = page("c1", "c2")
    for bundle in (first, again):
        bundle.update(total=4 + len(beside), entry=[*bundle["entry"], *beside])
    ehr.get(f"{BASE}/Condition?patient=p1", json=first)
    ehr.get(f"{BASE}/Condition?page=2", json=again)

    reading = search(reader())

    assert (ids(reading), reading.unread) == (["c1", "c2"], Unread.FEWER_THAN_COUNTED)
