"""Every deciding prefetch key in every state it can arrive in, without a FHIR server and with one."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest
import responses

from tests.fake_fhir_server import FakeFhirServer
from tests.plugin.cards.service import (
    FHIR_BASE,
    ask,
    cards,
    entries,
    gaps,
    outcome,
    request_of,
    said,
    searchset,
    story,
    text,
    unread,
)
from tests.scenarios.scenario import Json

QUESTIONS = {
    "conditions": ("IND-1", "IMG-1", "CC-1"),
    "procedures": ("IMG-1", "CC-1"),
    "serviceRequests": ("IMG-1",),
    "reports": ("IMG-1",),
    "imaging": ("IMG-1",),
    "medications": ("CC-1",),
    "medicationStatements": ("CC-1",),
}
"""What an entry of a key could settle."""
TYPES = {
    "conditions": "Condition",
    "procedures": "Procedure",
    "serviceRequests": "ServiceRequest",
    "reports": "DiagnosticReport",
    "imaging": "ImagingStudy",
    "medications": "MedicationRequest",
    "medicationStatements": "MedicationStatement",
    "observations": "Observation",
}
WARNED = {"IND-1": "020a", "IMG-1": "025", "CC-1": "045"}
"""A story with a warning for the criterion because nothing was found."""
FAILED: Json = {
    "resourceType": "OperationOutcome",
    "issue": [{"severity": "error", "code": "exception", "diagnostics": "Canary-77"}],
}
State = Callable[[Json, str], None]


def absent(request: Json, key: str) -> None:
    del request["prefetch"][key]


def null(request: Json, key: str) -> None:
    request["prefetch"][key] = None


def emptied(request: Json, key: str) -> None:
    request["prefetch"][key] = searchset()


def outcome_as_value(request: Json, key: str) -> None:
    request["prefetch"][key] = FAILED


def outcome_as_only_entry(request: Json, key: str) -> None:
    request["prefetch"][key] = searchset(FAILED)


def outcome_beside_data(request: Json, key: str) -> None:
    entries(request, key).append({"resource": FAILED, "search": {"mode": "outcome"}})


def paginated(request: Json, key: str) -> None:
    """The first page holds half of what the server has."""
    bundle = request["prefetch"][key]
    listed = bundle.get("entry", [])
    url = f"{FHIR_BASE}/{TYPES[key]}?patient={request['context']['patientId']}"
    bundle["entry"] = listed[: len(listed) // 2]
    bundle["link"] = [{"relation": "next", "url": url}]


def wrong_type(request: Json, key: str) -> None:
    request["prefetch"][key] = {"resourceType": "Basic", "id": "x", "code": {"text": "x"}}


def wrong_type_inside(request: Json, key: str) -> None:
    request["prefetch"][key] = searchset({"resourceType": "Basic", "id": "x", "code": {"text": "x"}})


def web_page(request: Json, key: str) -> None:
    request["prefetch"][key] = "<html><body>Service unavailable</body></html>"


UNREAD: tuple[State, ...] = (
    *(absent, outcome_as_value, outcome_as_only_entry, outcome_beside_data),
    *(paginated, wrong_type, wrong_type_inside, web_page),
)
ASKED_AGAIN = (absent, null, outcome_as_value, outcome_as_only_entry, wrong_type, wrong_type_inside, web_page)
PAIRS = [(key, criterion) for key, criteria in QUESTIONS.items() for criterion in criteria]


def state_name(state: State) -> str:
    return state.__name__


@pytest.mark.parametrize("state", UNREAD, ids=state_name)
@pytest.mark.parametrize(("key", "criterion"), PAIRS)
def test_without_a_server_what_could_not_be_read_is_no_gap(key: str, criterion: str, state: State) -> None:
    request = request_of(WARNED[criterion])
    before = gaps(cards(request))
    state(request, key)

    answer = cards(request)

    assert criterion in before
    assert criterion not in gaps(answer)
    assert criterion in unread(answer)
    assert "could not be read" in text(answer).casefold()
    assert "Canary-77" not in str(answer)


@pytest.mark.parametrize("state", [null, emptied], ids=state_name)
@pytest.mark.parametrize(
    ("key", "name"),
    [("imaging", "025"), ("reports", "025"), ("medications", "045"), ("medicationStatements", "045")],
)
def test_without_a_server_null_and_empty_count_as_searched(key: str, name: str, state: State) -> None:
    request = request_of(name)
    before = cards(request)
    state(request, key)

    assert cards(request) == before


@pytest.mark.parametrize("state", [null, emptied], ids=state_name)
def test_what_was_searched_and_is_not_there_is_a_gap(state: State) -> None:
    request = request_of("001")
    state(request, "imaging")
    state(request, "reports")

    assert ("IMG-1", "gap", "warning", None) in said(cards(request))


@pytest.mark.parametrize("state", UNREAD, ids=state_name)
@pytest.mark.parametrize("key", TYPES)
def test_what_was_read_and_suffices_is_not_doubted(key: str, state: State) -> None:
    request = request_of("001")
    state(request, key)

    assert gaps(cards(request)) == set()


def with_server(name: str, change: State, key: str, **server: Any) -> tuple[list[Json], FakeFhirServer]:
    """The answer when the key arrives changed and the FHIR server holds the whole chart."""
    scenario = story(name)
    request = scenario.request() | {"fhirServer": FHIR_BASE}
    fake = FakeFhirServer(FHIR_BASE, scenario.chart(), **server)
    change(request, key)
    with responses.RequestsMock(assert_all_requests_are_fired=False) as mock:
        fake.mount(mock)
        answer = cards(request)
    return answer, fake


@pytest.mark.parametrize("state", [*ASKED_AGAIN, paginated], ids=state_name)
@pytest.mark.parametrize("key", TYPES)
@pytest.mark.parametrize("name", ["001", "025", "045", "020a"])
def test_with_a_server_the_missing_key_is_read_and_the_answer_is_the_same(
    name: str, key: str, state: State
) -> None:
    answer, server = with_server(name, state, key)

    assert answer == cards(request_of(name))
    assert {asked.partition("?")[0] for asked in server.asked} == {TYPES[key]}


@pytest.mark.parametrize("key", TYPES)
def test_with_a_server_an_empty_searchset_is_not_asked_for_again(key: str) -> None:
    _, server = with_server("025", emptied, key)

    assert [asked for asked in server.asked if asked.startswith(f"{TYPES[key]}?")] == []


@pytest.mark.parametrize("state", [*UNREAD, null], ids=state_name)
@pytest.mark.parametrize(("key", "criterion"), PAIRS)
def test_a_server_that_refuses_leaves_the_key_unread(key: str, criterion: str, state: State) -> None:
    answer, _ = with_server(WARNED[criterion], state, key, forbidden=[TYPES[key]])

    assert criterion not in gaps(answer)
    assert criterion in unread(answer)


BODIES: dict[str, dict[str, Any]] = {
    **{str(status): {"status": status, "json": FAILED} for status in (400, 401, 403, 404, 410, 429)},
    **{str(status): {"status": status, "body": "oops Canary-77"} for status in (500, 502, 503, 504)},
    "a redirect": {"status": 302, "headers": {"Location": "http://127.0.0.1:8104/elsewhere"}},
    "no content": {"status": 204},
    "a web page": {"body": "<html>Canary-77</html>", "content_type": "text/html"},
    "cut-off JSON": {"body": '{"resourceType": "Bundle", "type": "searchset", "entry": [{"resour'},
    "nothing": {"body": ""},
    "null": {"body": "null"},
    "a number": {"body": "7"},
    "a list": {"body": '["x"]'},
    "bytes": {"body": b"\xff\xfe\x00"},
    "too deep": {"body": "[" * 5000 + "]" * 5000},
    "an outcome": {"json": FAILED},
    "another resource": {"json": {"resourceType": "Basic", "id": "x", "code": {"text": "x"}}},
    "a page of others": {"json": searchset({"resourceType": "Basic", "id": "x"})},
    "a page that leads elsewhere": {
        "json": searchset(link=[{"relation": "next", "url": "http://evil.example.org/fhir/x"}])
    },
    "a broken connection": {"body": ConnectionError("Canary-77")},
}


@pytest.mark.parametrize("body", BODIES.values(), ids=BODIES)
@pytest.mark.parametrize(("key", "criterion"), PAIRS)
def test_a_server_at_fault_leaves_the_key_unread(key: str, criterion: str, body: dict[str, Any]) -> None:
    scenario = story(WARNED[criterion])
    request = scenario.request() | {"fhirServer": FHIR_BASE}
    absent(request, key)

    with responses.RequestsMock(assert_all_requests_are_fired=False) as mock:
        mock.add(responses.GET, re.compile(re.escape(f"{FHIR_BASE}/{TYPES[key]}?")), **body)
        answer = cards(request)
        asked = [call.request.url or "" for call in mock.calls]

    assert asked
    assert all(url.startswith(f"{FHIR_BASE}/{TYPES[key]}?") for url in asked)
    assert criterion not in gaps(answer)
    assert criterion in unread(answer)
    assert "Canary-77" not in str(answer)


@pytest.mark.parametrize("body", BODIES.values(), ids=BODIES)
def test_a_server_at_fault_for_everything_is_a_precondition_that_failed(body: dict[str, Any]) -> None:
    request = request_of("025") | {"prefetch": {}, "fhirServer": FHIR_BASE}

    with responses.RequestsMock(assert_all_requests_are_fired=False) as mock:
        mock.add(responses.GET, re.compile(re.escape(FHIR_BASE)), **body)
        answer = ask(request)

    expressions = outcome(answer)["issue"][0]["expression"]
    assert answer.status_code == 412
    assert {f"prefetch.{key}" for key in TYPES} <= set(expressions)
    assert b"Canary-77" not in answer.data


NOT_OURS = (
    *("https://ehr.example.org/fhir", "http://169.254.169.254/latest", "http://10.0.0.1/fhir"),
    *("http://127.0.0.1@evil.example.org/fhir", "http://127.0.0.1.evil.example.org/fhir"),
    *("http://127.0.0.2/fhir", "http://0.0.0.0/fhir", "http://2130706433/fhir", "http://0x7f.1/fhir"),
    *("http://[::ffff:127.0.0.1]/fhir", "http://localhost.evil.example.org/", "http://localhost:99999/fhir"),
    *("file:///etc/passwd", "gopher://127.0.0.1/x", "//127.0.0.1/fhir", "127.0.0.1:8103/fhir", "x"),
    *("http://127.0.0.1:8103/fhir?x=1", "http://127.0.0.1:8103/fhir#x", "http://127.0.0.1:8103\\@evil/"),
    *("http://user:secret@127.0.0.1/fhir", "http://127.0.0.1:8103/fhir/../x", "http://127.0.0.1\n/fhir"),
)


@pytest.mark.parametrize("server", NOT_OURS)
@pytest.mark.parametrize("name", ["025", "045", "020a"])
def test_a_server_that_is_not_registered_is_not_contacted(name: str, server: str) -> None:
    request = request_of(name)
    del request["prefetch"]["imaging"], request["prefetch"]["procedures"], request["prefetch"]["conditions"]
    without_server = cards(request)
    token = {"access_token": "Canary-77", "token_type": "Bearer", "expires_in": 300, "scope": "x"}
    request |= {"fhirServer": server, "fhirAuthorization": token | {"subject": "x"}}

    with responses.RequestsMock() as mock:
        answer = cards(request)
        contacted = len(mock.calls)

    assert contacted == 0
    assert [said([card]) for card in answer] == [said([card]) for card in without_server]
    assert gaps(answer) == set()


def test_nothing_sent_and_a_server_that_is_not_registered_is_a_precondition_that_failed() -> None:
    request = request_of("025") | {"prefetch": {}, "fhirServer": "https://ehr.example.org/fhir"}

    with responses.RequestsMock() as mock:
        answer = ask(request)
        contacted = len(mock.calls)

    assert contacted == 0
    assert answer.status_code == 412
    assert "prefetch.imaging" in outcome(answer)["issue"][0]["expression"]


def test_an_order_of_something_else_is_answered_before_anything_is_read() -> None:
    request = request_of("138") | {"prefetch": {}, "fhirServer": FHIR_BASE}

    with responses.RequestsMock() as mock:
        answer = cards(request)
        contacted = len(mock.calls)

    assert contacted == 0
    assert answer == []


def test_a_token_of_another_patient_is_not_used() -> None:
    request = request_of("025") | {"fhirServer": FHIR_BASE}
    request["fhirAuthorization"] = {
        "access_token": "t",
        "token_type": "Bearer",
        "expires_in": 300,
        "scope": "patient/*.read",
        "subject": "spinal-injection-cds",
        "patient": "somebody-else",
    }
    absent(request, "imaging")

    with responses.RequestsMock() as mock:
        answer = cards(request)
        contacted = len(mock.calls)

    assert contacted == 0
    assert unread(answer) == {"IMG-1"}
