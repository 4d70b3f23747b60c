"""T12 to T14: whatever is wrong with the FHIR server, over real sockets and for each query that is sent.

The calls run in threads, so that the file takes seconds although many of them last to their deadline.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import flask
import pytest

from cds_hooks import Breakers
from plugin.app import create_app
from plugin.settings import Settings
from tests.faulty_servers import SCRIPTS, SILENT, faulty_servers, type_of
from tests.local_servers import local_servers
from tests.plugin.cards.service import SERVICE, TODAY, cards, gaps, order_of, request_of, searchset, unread
from tests.plugin.cards.service import ask as ask_service
from tests.scenarios.scenario import Json
from tests.socket_guard import Traffic, watched_sockets

DEADLINE_SECONDS = 0.3
SLACK_SECONDS = 3.0
"""For a machine that is busy. A call that ignores its deadline lasts as long as the servers do."""
FAULTS = (*SCRIPTS, *SILENT)
NO_MRI, SHORT_CARE = "025", "045"


@dataclass(frozen=True, slots=True)
class Query:
    """One query that the service sends, and a story that warns of `criterion` after a complete search."""

    key: str
    story: str = NO_MRI
    criterion: str | None = None

    def request(self, base: str) -> Json:
        request = request_of(self.story) | {"fhirServer": base}
        if self.key == "reason":
            request["prefetch"]["conditions"] = searchset()
            order_of(request)["reasonReference"] = [{"reference": "Condition/not-sent"}]
        elif self.key == "dispatchedOrders":
            request["hook"] = "order-dispatch"
            request["context"] = {
                "patientId": request["context"]["patientId"],
                "dispatchedOrders": [f"ServiceRequest/{order_of(request)['id']}"],
                "performer": "Organization/pain-clinic",
            }
        else:
            request["prefetch"].pop(self.key, None)
        return request


QUERIES = (
    *(Query(key, NO_MRI, "IMG-1") for key in ("conditions", "serviceRequests", "reports", "imaging")),
    *(Query(key, SHORT_CARE, "CC-1") for key in ("procedures", "medications", "medicationStatements")),
    *map(Query, ("patient", "encounter", "observations", "researchSubjects", "reason", "dispatchedOrders")),
)


@dataclass(frozen=True, slots=True)
class Answered:
    status: int
    seconds: float
    cards: list[Json]


@dataclass(frozen=True, slots=True)
class Run:
    answers: Mapping[tuple[str, Query], Answered]
    traffic: Traffic
    bases: Mapping[str, str]


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Run]:
    """Every query to every server, once."""
    app = service(tmp_path_factory.mktemp("store"))
    cases = [(fault, query) for fault in FAULTS for query in QUERIES]
    with faulty_servers() as bases, watched_sockets() as traffic, ThreadPoolExecutor(12) as pool:
        answers = pool.map(lambda case: ask(app, case[1].request(bases[case[0]])), cases)
        yield Run(dict(zip(cases, answers, strict=True)), traffic, bases)


def service(folder: Path) -> flask.Flask:
    app = create_app(
        Settings.model_validate(
            {
                "today": TODAY,
                "deadline_seconds": DEADLINE_SECONDS,
                "database": f"sqlite:///{folder}/store.sqlite3",
                "max_in_flight": 64,
            }
        )
    )
    # Every server is asked each time, however often it has failed.
    app.extensions["fhir_access"].breakers = Breakers(fail_max=sys.maxsize)
    return app


def ask(app: flask.Flask, request: Json) -> Answered:
    started = time.monotonic()
    answer = app.test_client().post(SERVICE, json=request)
    seconds = time.monotonic() - started
    return Answered(answer.status_code, seconds, answer.get_json().get("cards", []))


def test_the_matrix_is_as_large_as_it_is_meant_to_be() -> None:
    assert len(FAULTS) >= 25
    assert {query.key for query in QUERIES} >= {
        "patient",
        "encounter",
        "imaging",
        "reason",
        "dispatchedOrders",
    }


@pytest.mark.parametrize("fault", FAULTS)
def test_a_call_is_answered_by_its_deadline_and_never_by_a_failure_of_ours(run: Run, fault: str) -> None:
    given = {query.key: run.answers[fault, query] for query in QUERIES}

    assert {key: each.status for key, each in given.items() if each.status not in (200, 412)} == {}
    assert {key for key, each in given.items() if each.seconds > DEADLINE_SECONDS + SLACK_SECONDS} == set()


@pytest.mark.parametrize("fault", FAULTS)
def test_nothing_is_said_to_be_missing_because_of_a_fault(run: Run, fault: str) -> None:
    for query in QUERIES:
        given = run.answers[fault, query].cards
        complete = gaps_of(query.story)

        assert gaps(given) <= complete, query.key
        if query.criterion is not None:
            assert query.criterion in complete
            assert query.criterion not in gaps(given), query.key
            assert query.criterion in unread(given), query.key


@cache
def gaps_of(story: str) -> set[str]:
    """What the story is warned of when everything was sent."""
    return gaps(cards(request_of(story)))


def test_nobody_else_is_connected_to(run: Run) -> None:
    assert run.traffic.stopped == []
    assert {base.split("/")[2] for base in run.bases.values()} >= set(run.traffic.addresses)


def test_every_query_is_sent() -> None:
    with local_servers() as start:
        server = start(lambda exchange: exchange.answer(b"", "404 Not Found"))
        for query in QUERIES:
            ask_service(query.request(server.base))

    assert len(server.seen) == len(QUERIES)
    assert {type_of(exchange.path) for exchange in server.seen} == {
        *(
            "Patient",
            "Encounter",
            "Condition",
            "Procedure",
            "ServiceRequest",
            "DiagnosticReport",
            "ImagingStudy",
        ),
        *("MedicationRequest", "MedicationStatement", "Observation", "ResearchSubject"),
    }
