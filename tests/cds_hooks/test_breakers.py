"""A FHIR base that does not answer is left alone for a while, and tried again."""

import threading
from collections.abc import Callable
from typing import Any

import pytest
import requests
import responses

from cds_hooks import AllowedBases, Breakers, Client, FhirAccess, Query, Unread
from cds_hooks.allowed_bases import BaseUrl
from tests.cds_hooks.fhir import BASE, SEARCH, page, reader_of, search
from tests.cds_hooks.wire import ConditionView, encoded, searchset
from tests.local_servers import Exchange, LocalServer, Script

Serve = Callable[[Script], LocalServer]


OTHER = "https://other.example.org/fhir"
BOTH = Client("ehr", AllowedBases((BASE, OTHER), allow_loopback=True))


def access_with(**breakers: Any) -> FhirAccess:
    return FhirAccess(deadline_seconds=20.0, breakers=Breakers(**breakers))


def times(count: int, access: FhirAccess, base: str = BASE) -> list[Unread | None]:
    return [search(reader_of(access, base, client=BOTH)).unread for _ in range(count)]


@pytest.mark.parametrize(
    "failure",
    [
        {"status": 500},
        {"status": 503},
        {"status": 504},
        {"body": requests.Timeout()},
        {"body": requests.ConnectionError()},
    ],
)
def test_after_some_calls_without_an_answer_the_server_is_left_alone(
    ehr: responses.RequestsMock, failure: dict[str, Any]
) -> None:
    ehr.get(f"{BASE}/Condition", **failure)
    access = access_with(fail_max=3)
    times(3, access)
    asked = len(ehr.calls)

    assert times(2, access) == [Unread.BREAKER_OPEN] * 2
    assert len(ehr.calls) == asked
    assert access.breakers.states == {BASE: "open"}


@pytest.mark.parametrize("status", [400, 401, 403, 404, 410, 422, 429])
def test_a_refusal_is_an_answer(ehr: responses.RequestsMock, status: int) -> None:
    ehr.get(f"{BASE}/Condition", status=status)
    access = access_with(fail_max=3)

    assert Unread.BREAKER_OPEN not in times(9, access)
    assert access.breakers.states == {BASE: "closed"}


def test_only_failures_in_a_row_count(ehr: responses.RequestsMock) -> None:
    for status in (500, 500, 200, 500, 500, 200):
        ehr.get(f"{BASE}/Condition", json=page(), status=status)

    assert Unread.BREAKER_OPEN not in times(6, access_with(fail_max=3))


def test_one_answer_among_the_searches_of_a_call_is_enough(ehr: responses.RequestsMock) -> None:
    ehr.get(f"{BASE}/Condition", status=500)
    ehr.get(f"{BASE}/Procedure", json=searchset())
    access = access_with(fail_max=1)
    queries = {
        "conditions": Query(SEARCH, ConditionView, "Condition"),
        "procedures": Query("Procedure?patient=p1", ConditionView, "Procedure"),
    }

    reader_of(access).fetch(queries)

    assert access.breakers.states == {BASE: "closed"}


def test_another_server_is_asked_all_the_same(ehr: responses.RequestsMock) -> None:
    ehr.get(f"{BASE}/Condition", status=500)
    ehr.get(f"{OTHER}/Condition", json=page("c1"))
    access = access_with(fail_max=1)

    assert times(2, access) == [Unread.SERVER_ERROR, Unread.BREAKER_OPEN]
    assert times(2, access, OTHER) == [None, None]
    assert access.breakers.states == {BASE: "open", OTHER: "closed"}


def test_a_server_that_answers_again_is_asked_again(ehr: responses.RequestsMock) -> None:
    ehr.get(f"{BASE}/Condition", status=500)
    ehr.get(f"{BASE}/Condition", json=page("c1"))
    access = access_with(fail_max=1, reset_seconds=0)

    assert times(3, access) == [Unread.SERVER_ERROR, None, None]
    assert access.breakers.states == {BASE: "closed"}


def test_a_server_that_fails_the_trial_is_left_alone_again(ehr: responses.RequestsMock) -> None:
    ehr.get(f"{BASE}/Condition", status=500)
    access = access_with(fail_max=3, reset_seconds=0)

    times(4, access)

    assert access.breakers.states == {BASE: "open"}


def test_one_call_alone_tries_whether_the_server_answers_again(serve: Serve) -> None:
    asked, go_on = threading.Event(), threading.Event()

    def script(exchange: Exchange) -> None:
        if len(server.seen) == 1:
            exchange.answer(b"", "500 Error")
            return
        asked.set()
        go_on.wait(20)
        exchange.answer(encoded(page("c1")))

    server = serve(script)
    access = access_with(fail_max=1, reset_seconds=0)
    times(1, access, server.base)
    trial = threading.Thread(target=times, args=(1, access, server.base))
    trial.start()
    asked.wait(20)

    assert access.breakers.states == {server.base: "half-open"}
    assert times(3, access, server.base) == [Unread.BREAKER_OPEN] * 3
    go_on.set()
    trial.join()
    assert access.breakers.states == {server.base: "closed"}


def test_other_spellings_of_a_base_are_the_same_base(ehr: responses.RequestsMock) -> None:
    ehr.get(f"{BASE}/Condition", status=500)
    access = access_with(fail_max=1)
    times(1, access)

    spelt = [f"{BASE}/", BASE.replace("ehr.", "EHR."), BASE.replace(".org", ".org:443")]

    assert [times(1, access, base) for base in spelt] == [[Unread.BREAKER_OPEN]] * 3


def test_there_are_never_more_breakers_than_may_be() -> None:
    breakers = Breakers(capacity=3)
    bases = [BaseUrl.parse(f"http://127.0.0.1:{port}/fhir") for port in range(9000, 9100)]

    for base in bases:
        assert base is not None
        breakers.of(base)

    assert list(breakers.states) == [f"http://127.0.0.1:{port}/fhir" for port in (9097, 9098, 9099)]
