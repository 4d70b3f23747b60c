"""What leaves the process in traces: the call, how long it took and how it ended; nothing that came in."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.scenarios.scenario import ROOT

pytest.importorskip("opentelemetry.instrumentation.flask", reason="the extra otel is not installed")

CANARY = "Cana7y"
SERVE = """
import sys
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
import plugin.app
from plugin import tracing
from plugin.logs import configure_logging
from plugin.settings import Settings
from tests.plugin.cards.service import SERVICE, story
from tests.plugin.test_app_privacy import fhir_server, lent

configure_logging("ERROR")
kept, raw = InMemorySpanExporter(), InMemorySpanExporter()
class Both(tracing.ScrubbingExporter):
    def export(self, spans):
        raw.export(spans)
        return super().export(spans)
tracing.ScrubbingExporter = Both
given = {"today": "2026-11-20", "database": f"sqlite:///{sys.argv[1]}/store.sqlite3"}
app = plugin.app.create_app(Settings.model_validate(given))
tracing.trace(app, kept)
client = app.test_client()
request = story("025").request()
canary = iter(f"Cana7y-{number}" for number in range(1000))
for header in ("Authorization", "User-Agent", "tracestate", "baggage", "Cookie", "Host", "X-Forwarded-For"):
    headers = {header: next(canary), "traceparent": "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"}
    if header == "tracestate":
        headers[header] = f"vendor={next(canary)}"
    client.post(SERVICE, json=request, headers=headers)
for path in (f"/{next(canary)}", f"/cds-services/{next(canary)}", f"/evidence?{next(canary)}=1"):
    client.post(path, json=request)
    client.get(path)
client.open(SERVICE, method=next(canary).upper())
with fhir_server(story("025")) as base:
    client.post(SERVICE, json=lent(request, base, next(canary)))
client.post(SERVICE, json=lent(request, f"http://127.0.0.1:9/{next(canary)}", next(canary)))

app._got_first_request = False
@app.get("/fails")
def fails():
    raise RuntimeError(next(canary))
client.get("/fails")
print(request["context"]["patientId"])
"""
PRINT = """
import json, gc
from opentelemetry.sdk.trace import TracerProvider
for provider in [o for o in gc.get_objects() if isinstance(o, TracerProvider)]:
    provider.force_flush()
print(json.dumps([json.loads(span.to_json()) for span in kept.get_finished_spans()]))
print(json.dumps([span.to_json() for span in raw.get_finished_spans()]))
"""


@pytest.fixture(scope="module")
def spans(tmp_path_factory: pytest.TempPathFactory) -> tuple[list[dict[str, Any]], str]:
    """What left, and what the instrumentations had written."""
    done = subprocess.run(
        [sys.executable, "-c", SERVE + PRINT, str(tmp_path_factory.mktemp("traces"))],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    patient, kept, raw = done.stdout.splitlines()
    assert patient in raw
    assert patient not in kept
    return json.loads(kept), raw


def test_calls_and_reads_are_traced(spans: tuple[list[dict[str, Any]], str]) -> None:
    names = {(span["kind"], span["name"]) for span in spans[0]}

    assert ("SpanKind.SERVER", "POST /cds-services/<service_id>") in names
    assert ("SpanKind.CLIENT", "GET") in names
    assert all(span["start_time"] and span["end_time"] for span in spans[0])


def test_only_listed_attributes_leave(spans: tuple[list[dict[str, Any]], str]) -> None:
    allowed = {"http.request.method", "http.response.status_code", "http.route", "server.address"}

    assert {name for span in spans[0] for name in span["attributes"]} == allowed
    assert all(span["events"] == [] and span["links"] == [] for span in spans[0])
    assert all(span["context"]["trace_state"] == "[]" for span in spans[0])


def test_no_canary_leaves_though_the_instrumentations_saw_many(
    spans: tuple[list[dict[str, Any]], str],
) -> None:
    kept, raw = spans

    assert raw.count(CANARY) > 10
    assert CANARY.lower() not in json.dumps(kept).lower()


def test_without_the_packages_the_start_is_refused_in_one_line(tmp_path: Path) -> None:
    (tmp_path / "opentelemetry").mkdir()
    (tmp_path / "opentelemetry" / "__init__.py").write_text("raise ModuleNotFoundError", encoding="utf-8")
    done = subprocess.run(
        [sys.executable, "-c", "from plugin.cli import main; main(['serve', '--port', '1'])"],
        cwd=ROOT,
        env=os.environ
        | {
            "PYTHONPATH": str(tmp_path),
            "SPINAL_CDS_TRACING": "true",
            "SPINAL_CDS_DATABASE": f"sqlite:///{tmp_path}/s",
        },
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )

    assert done.returncode == 1
    assert done.stderr.splitlines() == [
        "Error: SPINAL_CDS_TRACING: the extra otel is not installed: pip install 'spinal-injection-cds[otel]'"
    ]
