"""T23: calls for different patients, each with a token of its own, never share a fact."""

from __future__ import annotations

import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import date, timedelta
from pathlib import Path
from urllib.parse import parse_qs

import flask
import pytest

from plugin.app import create_app
from plugin.settings import Settings
from tests.local_servers import Exchange, local_servers
from tests.plugin.cards.service import SERVICE, TODAY, entries, request_of
from tests.scenarios.scenario import Json

PATIENTS = 200
CALLS = 5000
AT_ONCE = 50
OLD_MRI = "028"


def request_for(number: int) -> Json:
    """The story's call for a patient whose MRI has a day of its own; the day is shown on the card."""
    request: Json = json.loads(json.dumps(request_of(OLD_MRI)).replace("patient-028", f"patient-x{number}"))
    for entry in entries(request, "imaging"):
        entry["resource"]["started"] = (date(2022, 1, 1) + timedelta(days=number)).isoformat()
    return request


REQUESTS = [request_for(number) for number in range(PATIENTS)]


def chart_server(exchange: Exchange) -> None:
    """Answers with the imaging of the patient that is asked for, to whoever bears that patient's token."""
    path, headers = exchange.path, exchange.headers
    while True:
        [patient] = parse_qs(path.partition("?")[2])["patient"]
        number = int(patient.removeprefix("patient-x"))
        body = json.dumps(REQUESTS[number]["prefetch"]["imaging"]).encode()
        is_own = headers["authorization"] == f"Bearer token-{number}"
        status = b"200 OK" if is_own else b"403 Forbidden"
        exchange.write(b"HTTP/1.1 %b\r\nContent-Length: %d\r\n\r\n%b" % (status, len(body), body))
        path, headers, _ = exchange.next_request()


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory) -> flask.Flask:
    return create_app(settings(tmp_path_factory.mktemp("store")))


def settings(folder: Path) -> Settings:
    store = f"sqlite:///{folder}/store.sqlite3"
    given = {"today": TODAY, "deadline_seconds": 30, "database": store, "max_in_flight": 64}
    return Settings.model_validate(given)


@pytest.fixture(scope="module")
def base() -> Iterator[str]:
    with local_servers() as start:
        yield start(chart_server).base


def cards_of(app: flask.Flask, request: Json) -> list[Json]:
    answer = app.test_client().post(SERVICE, json=request)
    assert answer.status_code == 200
    listed: list[Json] = answer.get_json()["cards"]
    return listed


def test_no_call_is_answered_with_a_fact_of_another_patient(app: flask.Flask, base: str) -> None:
    expected = [cards_of(app, request) for request in REQUESTS]
    texts = [json.dumps(cards) for cards in expected]

    def is_right(call: int) -> bool:
        number = call % PATIENTS
        lent = {"access_token": f"token-{number}", "token_type": "Bearer", "patient": f"patient-x{number}"}
        request = REQUESTS[number] | {"fhirServer": base, "fhirAuthorization": lent}
        request["prefetch"] = {k: v for k, v in request["prefetch"].items() if k != "imaging"}
        return cards_of(app, request) == expected[number]

    with ThreadPoolExecutor(AT_ONCE) as pool:
        right = sum(pool.map(is_right, range(CALLS)))

    assert len(set(texts)) == PATIENTS
    assert right == CALLS
