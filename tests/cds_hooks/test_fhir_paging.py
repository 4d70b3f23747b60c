"""Following the pages of a search: to the last one, to a cap, and never away from the base."""

from collections.abc import Callable

import pytest
import responses

from cds_hooks import PrefetchState, Unread
from tests.cds_hooks.fhir import BASE, endless, ids, page, reader, search
from tests.local_servers import LocalServer, Script

Serve = Callable[[Script], LocalServer]


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


def test_the_cap_on_bytes_counts_all_pages(ehr: responses.RequestsMock) -> None:
    ehr.add_callback("GET", f"{BASE}/Condition", endless)

    reading = search(reader(max_bytes=1_000))

    assert (reading.state, reading.unread) == (PrefetchState.INCOMPLETE, Unread.TOO_LARGE)
    assert len(ehr.calls) < 20


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
