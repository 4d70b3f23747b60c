"""Nothing was sent, and the FHIR server is at fault for every query of the call at once."""

from __future__ import annotations

import tracemalloc
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor

import flask
import pytest

from tests.faulty_servers import faulty_servers
from tests.plugin.cards.service import gaps, request_of
from tests.plugin.test_app_faulty_servers import (
    DEADLINE_SECONDS,
    FAULTS,
    NO_MRI,
    SLACK_SECONDS,
    Answered,
    ask,
    service,
)
from tests.scenarios.scenario import Json

MEGABYTE = 1024 * 1024


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory) -> flask.Flask:
    return service(tmp_path_factory.mktemp("store"))


@pytest.fixture(scope="module")
def bases() -> Iterator[Mapping[str, str]]:
    with faulty_servers() as found:
        yield found


@pytest.fixture(scope="module")
def answers(app: flask.Flask, bases: Mapping[str, str]) -> Mapping[str, Answered]:
    with ThreadPoolExecutor(12) as pool:
        given = pool.map(lambda fault: ask(app, request(bases[fault])), FAULTS)
        return dict(zip(FAULTS, given, strict=True))


def request(base: str) -> Json:
    return request_of(NO_MRI) | {"fhirServer": base, "prefetch": {}}


@pytest.mark.parametrize("fault", FAULTS)
def test_the_call_is_answered_by_its_deadline_and_finds_nothing_missing(
    answers: Mapping[str, Answered], fault: str
) -> None:
    given = answers[fault]

    assert given.status in (200, 412)
    assert given.seconds < DEADLINE_SECONDS + SLACK_SECONDS
    assert gaps(given.cards) == set()


def test_millions_of_tiny_entries_take_little_memory(app: flask.Flask, bases: Mapping[str, str]) -> None:
    hostile = request(bases["millions of tiny entries"])
    ask(app, hostile)
    tracemalloc.start()
    try:
        given = ask(app, hostile)
        taken = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()

    assert given.status == 412
    assert taken < 60 * MEGABYTE
