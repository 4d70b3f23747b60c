"""Reading a FHIR server for one call: what is sent, to whom, and what is told of it."""

import logging
import threading
from collections.abc import Callable

import pytest
import responses

from cds_hooks import FhirAccess, PrefetchState, Query, Reading, Unread
from tests.cds_hooks.fhir import BASE, EHR, SEARCH, call, ids, page, reader, reader_of, search
from tests.cds_hooks.wire import ConditionView, PatientView, encoded
from tests.local_servers import Exchange, LocalServer, Script

Serve = Callable[[Script], LocalServer]


def test_without_a_fhir_server_there_is_no_reader() -> None:
    assert FhirAccess().reader_for(call(None), EHR) is None


def test_a_server_that_is_not_registered_is_refused() -> None:
    assert FhirAccess().reader_for(call("https://evil.test/fhir"), EHR) is None


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
    using = FhirAccess().reader_for(call(patient="p2"), EHR)

    assert using is not None
    assert search(using).unread is Unread.NOT_PERMITTED
    assert len(ehr.calls) == 0


def test_cookies_are_neither_kept_nor_sent(ehr: responses.RequestsMock) -> None:
    ehr.get(f"{BASE}/Condition", json=page(), headers={"Set-Cookie": "session=1; Path=/"})
    using = reader()

    search(using)
    search(using)

    assert "Cookie" not in ehr.calls[1].request.headers


def test_no_queries_have_no_answers() -> None:
    assert reader().fetch({}) == {}


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


def test_queries_are_read_at_the_same_time(serve: Serve) -> None:
    together = threading.Barrier(4, timeout=15)

    def script(exchange: Exchange) -> None:
        together.wait()
        exchange.answer(encoded(page("c1")))

    queries = {str(number): Query(SEARCH, ConditionView, "Condition") for number in range(4)}

    answers = reader(serve(script).base).fetch(queries)

    assert {each.state for each in answers.values()} == {PrefetchState.PRESENT}


def test_connections_are_kept_alive_from_call_to_call(serve: Serve) -> None:
    def script(exchange: Exchange) -> None:
        body = encoded(page("c1"))
        answer = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%b" % (len(body), body)
        exchange.write(answer)
        exchange.next_request()
        exchange.write(answer)

    server, access = serve(script), FhirAccess(deadline_seconds=20.0)

    assert ids(search(reader_of(access, server.base))) == ["c1"]
    assert ids(search(reader_of(access, server.base))) == ["c1"]
    assert len(server.seen) == 1
