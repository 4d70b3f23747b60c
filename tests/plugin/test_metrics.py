"""What is counted of each call, and where it can be read."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import requests
from flask.testing import FlaskClient
from prometheus_client import generate_latest
from prometheus_client.parser import text_string_to_metric_families

from plugin.app import create_app
from plugin.domain.content import ContentError
from plugin.metrics import Metrics, serve_metrics
from plugin.settings import Settings
from plugin.store.database import connect
from plugin.store.switches import switch_off
from tests.database_servers import free_port, locked
from tests.plugin.cards.service import SERVICE, TODAY, request_of, story
from tests.plugin.registered import development, token
from tests.plugin.test_app_privacy import fhir_server, lent
from tests.scenarios.scenario import ROOT
from tests.waiting import wait_until

DEMO = "demo-no-mri-14-days"
Labels = dict[str, str]


class Counted:
    """A service, and what it has counted."""

    def __init__(self, settings: Settings) -> None:
        self.app = create_app(settings)
        self.client: FlaskClient = self.app.test_client()

    def text(self) -> str:
        return generate_latest(self.app.extensions["metrics"].registry).decode()

    def samples(self, name: str) -> list[tuple[Labels, float]]:
        return [
            (sample.labels, sample.value)
            for family in text_string_to_metric_families(self.text())
            for sample in family.samples
            if sample.name == f"spinal_cds_{name}"
        ]

    def value(self, name: str, **labels: str) -> float:
        return sum(value for found, value in self.samples(name) if labels.items() <= found.items())


@pytest.fixture
def open_service(tmp_path: Path) -> Counted:
    given: dict[str, Any] = {"today": TODAY, "database": f"sqlite:///{tmp_path}/store.sqlite3"}
    return Counted(Settings.model_validate(given))


def test_calls_are_counted_by_client_hook_and_status(open_service: Counted) -> None:
    for body in (request_of("025"), request_of(DEMO), {"hook": "order-sign"}):
        open_service.client.post(SERVICE, json=body)

    assert open_service.samples("requests_total") == [
        ({"client": "development", "hook": "order-sign", "status": "200"}, 1),
        ({"client": "development", "hook": "order-select", "status": "200"}, 1),
        ({"client": "development", "hook": "none", "status": "400"}, 1),
    ]
    assert open_service.value("request_duration_seconds_count", hook="order-sign") == 1
    assert open_service.value("requests_in_flight") == 0


def test_feedback_is_counted(open_service: Counted) -> None:
    open_service.client.post(f"{SERVICE}/feedback", json={})

    assert open_service.samples("feedback_requests_total") == [
        ({"client": "development", "status": "400"}, 1)
    ]


def test_cards_are_counted_by_criterion_and_indicator(open_service: Counted) -> None:
    open_service.client.post(SERVICE, json=request_of(DEMO))

    assert open_service.samples("cards_total") == [
        ({"criterion": "IMG1", "indicator": "warning", "mode": "live"}, 1),
        ({"criterion": "CC1", "indicator": "warning", "mode": "live"}, 1),
    ]


def test_silent_cards_are_counted_apart(tmp_path: Path) -> None:
    file = tmp_path / "control.toml"
    file.write_text('criteria.IMG-1 = {mode = "silent", until = 2026-11-20}', encoding="utf-8")
    given = {"today": TODAY, "database": f"sqlite:///{tmp_path}/s.sqlite3", "control_file": file}
    service = Counted(Settings.model_validate(given))

    service.client.post(SERVICE, json=request_of(DEMO))

    assert service.value("cards_total", criterion="IMG1", mode="silent") == 1
    assert service.value("cards_total", criterion="CC1", mode="live") == 1
    assert service.value("cards_total") == 2


def test_a_control_file_that_is_broken_shows_for_as_long_as_it_is(tmp_path: Path) -> None:
    file = tmp_path / "control.toml"
    file.touch()
    given = {"today": TODAY, "database": f"sqlite:///{tmp_path}/s.sqlite3", "control_file": file}
    service = Counted(Settings.model_validate(given))
    assert service.samples("control_broken") == [({}, 0)]

    file.write_text("off = ", encoding="utf-8")
    wait_until(lambda: service.value("control_broken") == 1)
    file.write_text("", encoding="utf-8")
    wait_until(lambda: service.value("control_broken") == 0)


def test_what_could_not_be_read_or_recognised_is_counted(open_service: Counted) -> None:
    request = request_of("025")
    del request["prefetch"]["imaging"]
    coding = [{"system": "http://snomed.info/sct", "code": "999999999"}]
    condition = {"resourceType": "Condition", "id": "c-9", "code": {"coding": coding}}
    request["prefetch"]["conditions"].setdefault("entry", []).append({"resource": condition})
    open_service.client.post(SERVICE, json=request)

    assert open_service.samples("unread_sections_total") == [({"reason": "absent"}, 1)]
    assert open_service.value("unmapped_codes_total") >= 1
    assert all(len(labels["system"]) < 20 for labels, _ in open_service.samples("unmapped_codes_total"))


def test_reads_of_a_fhir_server_and_its_breaker_are_counted(open_service: Counted) -> None:
    scenario = story("025")
    with fhir_server(scenario) as base:
        open_service.client.post(SERVICE, json=lent(scenario.request(), base))
        reads = open_service.value("fhir_read_duration_seconds_count")
        assert reads >= 8
        assert open_service.value("fhir_read_duration_seconds_count", resource_type="ImagingStudy") == 1
        [(labels, state)] = open_service.samples("fhir_breaker_state")
        assert (labels["base"].rstrip("/"), state) == (base, 0)

    for _ in range(6):
        open_service.client.post(SERVICE, json=lent(scenario.request(), base))
    assert open_service.samples("fhir_breaker_state")[0][1] == 2


def test_refused_tokens_are_counted_by_client_and_reason(tmp_path: Path) -> None:
    service = Counted(development(tmp_path))
    for given in (None, token(aud="https://elsewhere.example.org"), token(iss="https://nobody.example.org")):
        headers = {} if given is None else {"Authorization": f"Bearer {given}"}
        assert service.client.post(SERVICE, json=request_of("025"), headers=headers).status_code == 401

    assert service.samples("tokens_refused_total") == [
        ({"client": "none", "reason": "no-token"}, 1),
        ({"client": "st-elsewhere", "reason": "wrong-audience"}, 1),
        ({"client": "none", "reason": "unknown-issuer"}, 1),
    ]


def test_a_replay_store_that_does_not_answer_is_counted_and_refuses(tmp_path: Path) -> None:
    settings = development(tmp_path)
    service = Counted(settings)

    with locked(settings.database):
        answer = service.client.post(
            SERVICE, json=request_of("025"), headers={"Authorization": f"Bearer {token()}"}
        )

    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "5")
    assert service.value("replay_store_failures_total") == 1
    assert service.value("requests_total", status="503") == 1


def test_issued_cards_that_are_lost_are_counted(open_service: Counted, tmp_path: Path) -> None:
    with locked(f"sqlite:///{tmp_path}/store.sqlite3"):
        open_service.client.post(SERVICE, json=request_of("025"))
        wait_until(lambda: open_service.value("issued_cards_lost_total") == 1)


def test_the_kill_switch_is_seen(open_service: Counted, tmp_path: Path) -> None:
    engine = connect(f"sqlite:///{tmp_path}/store.sqlite3")
    switch_off(engine, "*", "somebody", "drill")
    engine.dispose()

    wait_until(lambda: open_service.samples("switched_off") == [({"client": "*"}, 1)])


def test_no_label_names_a_patient_a_user_or_a_call(open_service: Counted) -> None:
    request = request_of(DEMO)
    open_service.client.post(SERVICE, json=request)

    context = request["context"]
    for secret in (context["patientId"], context["userId"], request["hookInstance"]):
        assert secret not in open_service.text()


def test_the_public_application_has_no_metrics(open_service: Counted) -> None:
    assert open_service.client.get("/metrics").status_code == 404


def test_metrics_are_answered_on_a_port_of_their_own() -> None:
    metrics, port = Metrics(), free_port()
    metrics.lost(3)
    serve_metrics("127.0.0.1", port, metrics)

    answer = requests.get(f"http://127.0.0.1:{port}/metrics", timeout=10)

    assert "spinal_cds_issued_cards_lost_total 3.0" in answer.text
    with pytest.raises(ContentError, match=f"SPINAL_CDS_METRICS_PORT: 127.0.0.1:{port}: "):
        serve_metrics("127.0.0.1", port, metrics)


IN_SEVERAL_PROCESSES = """
import os, sys
from plugin.metrics import Metrics, forget_process, serve_metrics
for number in range(2):
    child = os.fork()
    if child == 0:
        metrics = Metrics()
        metrics.lost(5)
        metrics._in_flight.inc()
        os._exit(0)
    os.waitpid(child, 0)
    if number == 0:
        forget_process(child)
serve_metrics("127.0.0.1", int(sys.argv[1]))
print("ready", flush=True)
sys.stdin.read()
"""


def test_several_processes_count_together(tmp_path: Path) -> None:
    port = free_port()
    process = subprocess.Popen(
        [sys.executable, "-c", IN_SEVERAL_PROCESSES, str(port)],
        cwd=ROOT,
        env=os.environ | {"PROMETHEUS_MULTIPROC_DIR": str(tmp_path)},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    assert process.stdout is not None
    process.stdout.readline()
    text = requests.get(f"http://127.0.0.1:{port}/metrics", timeout=10).text
    process.communicate()

    assert re.search(r"^spinal_cds_issued_cards_lost_total 10\.0$", text, re.M)
    assert re.search(r"^spinal_cds_requests_in_flight 1\.0$", text, re.M)
