"""Calls without any prefetch, read from a FHIR server that takes its time, beside fhirclient as it is."""

from __future__ import annotations

import http.client
import json
import subprocess
import sys
import time
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from tests.benchmarks.processes import ROOT, Load, put_load, running

SECONDS_PER_SEARCH = 0.02
_CHAIN = ("/fhir/Condition?patient=bench-patient-1", "/fhir/Condition?page=2")
"""The longest chain of searches that wait for each other: one, and its second page."""
_WARM_UP_CALLS = 20


@dataclass(frozen=True, slots=True)
class Round:
    """One after the other, against the same server."""

    chain: Load
    """The longest chain by itself, on a connection that is kept alive."""
    service: Load
    naive: Load


def measured(folder: Path, request: Path, ours: Iterable[str], *, rounds: int, calls: int) -> list[Round]:
    options = ("--request", str(request), "--seconds", str(SECONDS_PER_SEARCH))
    with running(*options, module="fhir_server") as ehr, running(*ours) as service:
        base = f"http://127.0.0.1:{ehr.port}/fhir"
        body = _without_prefetch(folder, request, base)
        put_load(service, [body], calls=_WARM_UP_CALLS)
        few = max(3, calls // 10)
        return [
            Round(_chain(ehr.port, few), put_load(service, [body], calls=calls), _naive(base, few))
            for _ in range(rounds)
        ]


def _without_prefetch(folder: Path, request: Path, base: str) -> Path:
    body = json.loads(request.read_bytes()) | {"prefetch": {}, "fhirServer": base}
    path = folder / "without-prefetch.json"
    path.write_text(json.dumps(body), encoding="utf-8")
    return path


def _chain(port: int, calls: int) -> Load:
    connection = http.client.HTTPConnection("127.0.0.1", port)
    milliseconds = []
    for _ in range(calls):
        started = time.perf_counter()
        for path in _CHAIN:
            connection.request("GET", path)
            connection.getresponse().read()
        milliseconds.append((time.perf_counter() - started) * 1000)
    connection.close()
    return _load(milliseconds)


def _naive(base: str, calls: int) -> Load:
    command = [sys.executable, "-m", "tests.benchmarks.naive_reader", "--base", f"{base}/"]
    done = subprocess.run(
        [*command, "--calls", str(calls)], cwd=ROOT, stdout=subprocess.PIPE, text=True, check=True
    )
    return _load(json.loads(done.stdout))


def _load(milliseconds: list[float]) -> Load:
    return Load(sum(milliseconds) / 1000, tuple(sorted(milliseconds)))
