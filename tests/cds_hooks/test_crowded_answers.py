"""Answers of few bytes and very many values: what decoding them may take is bounded."""

import gzip
import tracemalloc
from collections.abc import Callable

import pytest

from cds_hooks import FhirAccess, Query, Unread, read_resource, read_searchset
from tests.cds_hooks.fhir import reader_of
from tests.cds_hooks.wire import ConditionView, PatientView
from tests.local_servers import LocalServer, Script

Serve = Callable[[Script], LocalServer]
MEGABYTE = 1024 * 1024
ENTRIES = b'{"resourceType": "Bundle", "entry": ['
ENDLESS = {
    "numbers": (ENTRIES, b"1"),
    "empty entries": (ENTRIES, b"{}"),
    "entries of another type": (ENTRIES, b'{"resource":{"resourceType":"Zzzz"}}'),
    "entries of nothing but a type": (ENTRIES, b'{"resource":{"resourceType":"Condition"}}'),
    "unreadable entries": (ENTRIES, b'{"resource":{"resourceType":"Condition","id":9}}'),
    "padded entries": (ENTRIES, b"{" + b" " * 40 + b"}"),
    "links": (b'{"resourceType": "Bundle", "link": [', b"{}"),
    "types": (b'{"resourceType": [', b"[]"),
    "resources": (b"[", b'{"resourceType":"Zzzz"}'),
}
END = {"types": b"]}", "resources": b"]"}


def body(kind: str, size: int) -> bytes:
    start, item = ENDLESS[kind]
    return start + b",".join([item] * (size // (len(item) + 1))) + END.get(kind, b"]}")


@pytest.mark.parametrize("kind", ENDLESS)
@pytest.mark.parametrize("size", [300_000, 2 * MEGABYTE, 10 * MEGABYTE])
def test_little_memory_is_taken_beside_the_answer_itself(kind: str, size: int) -> None:
    crowded = body(kind, size)
    tracemalloc.start()
    try:
        reading = read_searchset(crowded, ConditionView, "Condition")
        taken = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()

    assert taken < 30 * MEGABYTE
    assert reading.unread is not None or size < 10 * MEGABYTE


@pytest.mark.parametrize(
    "kind", ["numbers", "empty entries", "entries of another type", "unreadable entries"]
)
def test_more_entries_than_are_looked_at_are_too_large(kind: str) -> None:
    reading = read_searchset(body(kind, 300_000), ConditionView, "Condition")

    assert (reading.unread, reading.next_link) == (Unread.TOO_LARGE, None)
    assert reading.malformed <= 3_000


def test_what_was_read_before_the_bound_is_kept() -> None:
    good = b'{"resource": {"resourceType": "Condition", "id": "c1"}}'
    reading = read_searchset(
        ENTRIES + good + b",{}" * 4_000 + b"," + good + b"]}", ConditionView, "Condition"
    )

    assert [condition.id for condition in reading.resources] == ["c1"]
    assert reading.unread is Unread.TOO_LARGE


def test_a_read_is_bounded_too() -> None:
    crowded = body("empty entries", 2 * MEGABYTE)

    assert read_resource(crowded, PatientView, "Patient").unread is Unread.TOO_LARGE


def test_links_without_end_may_hold_one_to_a_further_page() -> None:
    links = b'{"relation": 7},' * 10_000 + b'{"relation": "next", "url": "x"}'
    crowded = b'{"resourceType": "Bundle", "link": [' + links + b"]}"

    assert read_searchset(crowded, ConditionView, "Condition").unread is Unread.MORE_PAGES


def test_an_outcome_without_end_is_an_error() -> None:
    issues = b'{"severity": "information"},' * 10_000 + b'{"severity": "error"}'
    outcome = b'{"resource": {"resourceType": "OperationOutcome", "issue": [' + issues + b"]}}"

    assert read_searchset(ENTRIES + outcome + b"]}", ConditionView, "Condition").unread is not None


def test_all_searches_of_a_call_share_the_cap_on_bytes(serve: Serve) -> None:
    packed = gzip.compress(b'{"resourceType": "Bundle"}' + b" " * 500_000)
    server = serve(lambda exchange: exchange.answer(packed, "200 OK", "Content-Encoding: gzip"))
    access = FhirAccess(deadline_seconds=20.0, max_bytes=1_200_000)
    queries = {
        str(number): Query(f"Condition?patient=p1&n={number}", ConditionView, "Condition")
        for number in range(4)
    }

    answers = reader_of(access, server.base).fetch(queries)
    later = reader_of(access, server.base).fetch({"0": queries["0"]})

    assert sum(answer.unread is None for answer in answers.values()) <= 2
    assert later["0"].unread is None
