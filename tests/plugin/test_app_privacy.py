"""Nothing of a patient is in the log, in an error body, or in the store, whatever happens and however loud.

All scenarios run in a process of their own, so that its two streams hold everything that was ever written:
standard error the logs, standard output the error bodies.
"""

from __future__ import annotations

import json
import logging
import subprocess
import sys
import threading
import tomllib
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
import requests
from flask.testing import FlaskClient

from plugin.app import create_app
from plugin.logs import configure_logging
from plugin.settings import Settings
from tests.fake_fhir_server import FakeFhirServer
from tests.plugin.cards.service import SERVICE, TODAY, outcome, request_of
from tests.scenarios.scenario import ROOT, Json, Scenario, load_scenarios

TOKEN = "Canary-token-5d20"
MESSAGE = "Canary-message-91c4"


class UnspeakableDay(date):
    """A clock's day that fails with a patient's name in its message."""

    def isoformat(self) -> str:
        raise RuntimeError(MESSAGE)


def run(folder: str) -> None:
    """Sends everything there is, with every logger at its loudest. For a process of its own."""
    logging.basicConfig(level=logging.DEBUG, stream=sys.stderr)
    configure_logging("DEBUG")
    client = create_app(_settings(folder, date.fromisoformat(TODAY))).test_client()
    for scenario in load_scenarios():
        request = scenario.request()
        _send(client, request)
        with fhir_server(scenario) as base:
            _send(client, lent(request, base, TOKEN))
            _send(client, lent(request, base, f"{TOKEN}-wrong"))
        _send(client, lent(request, "http://127.0.0.1:9/fhir", TOKEN))
        for broken in _broken(scenario):
            _send(client, broken)
    failing = create_app(_settings(folder, UnspeakableDay(2026, 11, 20))).test_client()
    _send(failing, request_of("025"))


def _settings(folder: str, today: date) -> Settings:
    """Read before the clock is put in: a day that cannot be written is no value of the environment."""
    settings = Settings(database=f"sqlite:///{folder}/store.sqlite3", notes="always", log_level="DEBUG")
    return settings.model_copy(update={"today": today})


def _send(client: FlaskClient, body: Json | bytes) -> None:
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    answer = client.post(SERVICE, data=data, content_type="application/json")
    if answer.status_code != 200:
        outcome(answer)
        sys.stdout.write(f"{answer.status_code} {answer.get_data(as_text=True)} {dict(answer.headers)}\n")


def lent(request: Json, base: str, token: str = TOKEN) -> Json:
    authorization = {"access_token": token, "token_type": "Bearer", "expires_in": 300}
    lent = {"scope": "patient/*.read", "subject": "spinal-injection-cds"}
    return request | {"prefetch": {}, "fhirServer": base, "fhirAuthorization": authorization | lent}


def _broken(scenario: Scenario) -> Iterator[Json | bytes]:
    """The same request, unanswerable in several ways; each time a private string stands where it hurts."""
    name = sorted(scenario.private_strings())[0]
    request = scenario.request()
    context = request["context"]
    yield request | {"hookInstance": name}
    yield request | {"hook": name}
    yield request | {"fhirServer": {"name": name}}
    yield request | {"context": context | {"patientId": f"{name}?x"}}
    yield request | {"context": context | {"draftOrders": name}}
    yield request | {"context": context | {"userId": [name]}}
    yield request | {"prefetch": {}, "fhirServer": f"https://{context['patientId']}.example.org/fhir"}
    yield json.dumps(request).encode()[:-2]
    yield name.encode() + json.dumps(request).encode()


@contextmanager
def fhir_server(scenario: Scenario, chart: list[Json] | None = None) -> Iterator[str]:
    """A chart behind a real socket, so that whatever logs addresses has its chance."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked = requests.Request("GET", f"{base}{self.path.removeprefix('/fhir')}", dict(self.headers))
            status, headers, body = fake.answer(asked.prepare())
            self.send_response(status)
            for header, value in headers.items():
                self.send_header(header, value)
            self.send_header("Content-Length", str(len(body.encode())))
            self.end_headers()
            self.wfile.write(body.encode())

        def log_message(self, *_: Any) -> None:
            """Silent: what is looked for is the service's log."""

    class Server(ThreadingHTTPServer):
        request_queue_size = 64

    server = Server(("127.0.0.1", 0), Handler)
    base = f"http://127.0.0.1:{server.server_port}/fhir"
    fake = FakeFhirServer(base, chart or scenario.chart(), token=TOKEN, forbidden=scenario.forbidden)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    try:
        yield base
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def secrets() -> set[str]:
    """Every string that says who somebody is or what is charted about them."""
    found = {TOKEN, MESSAGE}
    for scenario in load_scenarios():
        request = scenario.request()
        found |= scenario.private_strings()
        found |= {request["context"]["patientId"], request["context"]["userId"]}
        found |= {request["prefetch"]["patient"]["birthDate"]}
        for resource in (*scenario.chart(), *scenario.orders()):
            found.add(resource["id"])
            found |= _words(resource.get("code")) | _words(resource.get("medicationCodeableConcept"))
    return found


def _words(concept: Any) -> set[str]:
    if not isinstance(concept, dict):
        return set()
    displays = {coding.get("display", "") for coding in concept.get("coding", [])}
    return {words for words in (concept.get("text", ""), *displays) if words}


@pytest.fixture(scope="module")
def ran(tmp_path_factory: pytest.TempPathFactory) -> tuple[str, str, Path]:
    """Error bodies, logs, and the folder of the store, after everything was sent."""
    folder = tmp_path_factory.mktemp("privacy")
    command = "import sys; from tests.plugin.test_app_privacy import run; run(sys.argv[1])"
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


def systems_known() -> set[str]:
    path = ROOT / "plugin" / "terminology" / "vocabulary.toml"
    return set(tomllib.loads(path.read_text(encoding="utf-8"))["systems"])


def leaked(text: str) -> list[str]:
    return sorted(secret for secret in secrets() if secret in text)


def test_the_log_names_no_patient_and_nothing_charted(ran: tuple[str, str, Path]) -> None:
    _, log, _ = ran

    assert log.count('"event":"call"') > 500
    assert leaked(log) == []


def test_every_line_of_the_log_is_one_of_ours_with_fields_we_know(ran: tuple[str, str, Path]) -> None:
    _, log, _ = ran
    known = {
        *("event", "level", "timestamp", "service", "hook", "hook_instance", "status", "milliseconds"),
        *("card_count", "error", "place", "count", "why", "gates", "client", "unmapped"),
    }

    entries = [json.loads(line) for line in log.splitlines()]

    assert {key for entry in entries for key in entry} <= known
    systems = {system for entry in entries for system in entry.get("unmapped", ())}
    assert "icd-10-cm" in systems
    assert systems <= {*systems_known(), "other"}


def test_error_bodies_and_headers_name_no_patient_and_nothing_charted(ran: tuple[str, str, Path]) -> None:
    bodies, _, _ = ran

    statuses = {line.split(" ", 1)[0] for line in bodies.splitlines()}
    assert {"400", "412", "500"} <= statuses
    assert leaked(bodies) == []


def test_the_store_holds_no_patient_and_nothing_charted(ran: tuple[str, str, Path]) -> None:
    _, _, folder = ran

    stored = b"".join(path.read_bytes() for path in sorted(folder.iterdir()))
    assert request_of("025")["hookInstance"].encode() in stored
    assert [secret for secret in secrets() if secret.encode() in stored] == []


def test_an_exception_is_logged_by_its_type_and_answered_without_its_message(
    ran: tuple[str, str, Path],
) -> None:
    bodies, log, _ = ran

    (line,) = [json.loads(line) for line in log.splitlines() if '"unexpected"' in line]
    (body,) = [line for line in bodies.splitlines() if line.startswith("500 ")]
    assert line["error"] == "RuntimeError"
    assert line.keys() == {"event", "error", "place", "level", "timestamp"}
    assert MESSAGE not in log + body
    assert "RuntimeError" not in body
