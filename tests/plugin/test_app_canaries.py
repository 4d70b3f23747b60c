"""T20: a unique string in every string field of what comes in, one at a time, at DEBUG; none may come out.

Not in the log, the metrics, the bodies of errors or the database. Cards may quote a chart, and what an EHR
says in feedback of its own card is kept: those are looked at elsewhere.
"""

from __future__ import annotations

import copy
import json
import logging
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient
from prometheus_client import generate_latest

from plugin.app import create_app
from plugin.logs import configure_logging
from plugin.settings import Settings
from tests.plugin.cards.service import SERVICE, TODAY, story
from tests.plugin.test_app_privacy import fhir_server, lent
from tests.scenarios.scenario import ROOT, Json

CANARY = "Cana7y"
STORIES = ("demo-no-mri-14-days", "044", "056")
KEPT_OF_FEEDBACK = {"card", "code", "system", "display", "id"}
"""The declared columns: ids of cards and suggestions, and the override reason that the EHR offers."""
FEEDBACK: Json = {
    "feedback": [
        {
            "card": "c-1",
            "outcome": "accepted",
            "acceptedSuggestions": [{"id": "s-1"}],
            "outcomeTimestamp": "2026-11-20T09:30:00Z",
        },
        {
            "card": "c-2",
            "outcome": "overridden",
            "overrideReason": {
                "reason": {"code": "a", "system": "https://example.org/reasons", "display": "A"},
                "userComment": "none",
            },
            "outcomeTimestamp": "2026-11-20T09:30:00Z",
        },
    ]
}
HEADERS = (
    *("Authorization", "User-Agent", "Referer", "Origin", "Cookie", "X-Forwarded-For", "Forwarded"),
    *("traceparent", "tracestate", "baggage", "X-Request-Id", "Accept", "Accept-Language", "Content-Type"),
)

Path_ = tuple[str | int, ...]


class Canaries:
    """Gives them out, and counts."""

    def __init__(self) -> None:
        self.count = 0

    def next(self) -> str:
        self.count += 1
        return f"{CANARY}-{self.count}"


def strings(value: Any, path: Path_ = ()) -> Iterator[Path_]:
    """Where strings stand."""
    if isinstance(value, str):
        yield path
    elif isinstance(value, dict):
        for key, member in value.items():
            yield from strings(member, (*path, key))
    elif isinstance(value, list):
        for index, member in enumerate(value):
            yield from strings(member, (*path, index))


def with_string(value: Json, path: Path_, text: str) -> Json:
    changed = copy.deepcopy(value)
    place: Any = changed
    for step in path[:-1]:
        place = place[step]
    place[path[-1]] = text
    return changed


def run(folder: str) -> None:
    """For a process of its own: sends everything, and prints what is no answer with cards."""
    logging.basicConfig(level=logging.DEBUG)
    configure_logging("DEBUG")
    given = {"today": TODAY, "database": f"sqlite:///{folder}/store.sqlite3", "log_level": "DEBUG"}
    app = create_app(Settings.model_validate(given))
    client, canaries = app.test_client(), Canaries()
    for name in STORIES:
        _send_requests(client, canaries, name)
    _send_answers_of_a_fhir_server(client, canaries)
    _send_feedback(client, canaries)
    _send_headers(client, canaries)
    Path(folder, "metrics").write_bytes(generate_latest(app.extensions["metrics"].registry))
    Path(folder, "count").write_text(str(canaries.count), encoding="utf-8")


def _send_requests(client: FlaskClient, canaries: Canaries, name: str) -> None:
    request = story(name).request()
    for path in strings(request):
        _post(client, with_string(request, path, canaries.next()))


def _send_answers_of_a_fhir_server(client: FlaskClient, canaries: Canaries) -> None:
    """A canary in every string of the chart that can stay without making the resource another one."""
    scenario = story("044")
    chart = scenario.chart()
    for index, resource in enumerate(chart):
        for path in strings(resource):
            if path[-1] in ("resourceType", "reference"):
                continue
            chart[index] = with_string(chart[index], path, canaries.next())
    with fhir_server(scenario, chart) as base:
        _post(client, lent(scenario.request(), base))
        _post(client, lent(scenario.request(), base, canaries.next()))


def _send_feedback(client: FlaskClient, canaries: Canaries) -> None:
    for path in strings(FEEDBACK):
        if path[-1] not in KEPT_OF_FEEDBACK:
            _post(client, with_string(FEEDBACK, path, canaries.next()), f"{SERVICE}/feedback")


def _send_headers(client: FlaskClient, canaries: Canaries) -> None:
    body = json.dumps(story("025").request())
    for header in HEADERS:
        given = {"Content-Type": "application/json", header: canaries.next()}
        _print(client.post(SERVICE, data=body, headers=given))
    for path in ("/cds-services/{}", "/{}", "/cds-services/{}/feedback", "/evidence/{}?{}", "/livez?{}"):
        canary = canaries.next()
        _print(client.post(path.format(canary, canary), data=body, content_type="application/json"))


def _post(client: FlaskClient, body: Json, path: str = SERVICE) -> None:
    _print(client.post(path, json=body))


def _print(answer: Any) -> None:
    if answer.status_code != 200:
        sys.stdout.write(f"{answer.status_code} {answer.get_data(as_text=True)} {dict(answer.headers)}\n")


@pytest.fixture(scope="module")
def ran(tmp_path_factory: pytest.TempPathFactory) -> tuple[str, str, Path]:
    """Error bodies, log, and the folder of the store."""
    folder = tmp_path_factory.mktemp("canaries")
    command = "import sys; from tests.plugin.test_app_canaries import run; run(sys.argv[1])"
    done = subprocess.run(
        [sys.executable, "-c", command, str(folder)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    return done.stdout, done.stderr, folder


def test_enough_was_sent(ran: tuple[str, str, Path]) -> None:
    bodies, log, folder = ran

    assert int((folder / "count").read_text(encoding="utf-8")) >= 300
    assert {line[:3] for line in bodies.splitlines()} >= {"400", "404", "415"}
    assert log.count('"event":"call"') >= 300
    assert "development" in (folder / "metrics").read_text(encoding="utf-8")


def test_no_canary_is_in_the_log(ran: tuple[str, str, Path]) -> None:
    assert CANARY not in ran[1]


def test_no_canary_is_in_the_body_or_a_header_of_an_error(ran: tuple[str, str, Path]) -> None:
    assert CANARY not in ran[0]


def test_no_canary_is_in_the_metrics(ran: tuple[str, str, Path]) -> None:
    assert CANARY not in (ran[2] / "metrics").read_text(encoding="utf-8")


def test_no_canary_is_in_the_database(ran: tuple[str, str, Path]) -> None:
    stored = b"".join(path.read_bytes() for path in ran[2].glob("store.sqlite3*"))

    assert b"spinal-injection-review" in stored
    assert CANARY.encode() not in stored
