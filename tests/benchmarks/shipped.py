"""The service as the image runs it: gunicorn as it is configured, two workers, eight calls at once each."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from statistics import median
from typing import Any

from tests.benchmarks.charts import HOOK_INSTANCE, TODAY
from tests.benchmarks.processes import ROOT, Server, put_load
from tests.deploy.gunicorn import Gunicorn, gunicorn

_WORKERS = 2
_CALLS_AT_ONCE = 8
_OVERLOAD = 2.0
_CONNECTIONS = 64
_TARGET_GOODPUT = 0.8
_TARGET_MEMORY_MB = 100.0
Row = tuple[str, ...]


def rows(folder: Path, bodies: Sequence[Path], rounds: int, seconds: float) -> Iterator[Row]:
    """Title, figure, target, and whether it was missed."""
    settings = {"today": TODAY.isoformat(), "max_in_flight": str(_CALLS_AT_ONCE), "log_level": "INFO"}
    with gunicorn(folder, ["--workers", str(_WORKERS)], **settings) as running:
        server = Server(running.port, running.process.pid)
        # No more connections than one worker answers at once, so that none is refused.
        put_load(server, bodies, connections=_CALLS_AT_ONCE, seconds=seconds)
        peaks, paces, goods, tails, refused, faults = [], [], [], [], [], 0
        for _ in range(rounds):
            peak = put_load(server, bodies, connections=_CALLS_AT_ONCE, seconds=seconds).per_second
            told = _paced(server, bodies[0], _OVERLOAD * peak, seconds)
            sent = sum(told["statuses"].values())
            answered, turned_away = (told["statuses"].pop(status, 0) for status in ("200", "503"))
            faults += sum(told["statuses"].values()) + told["refused_without_retry_after"]
            peaks.append(peak)
            paces.append(sent / told["seconds"] / peak)
            goods.append(answered / told["seconds"] / peak)
            refused.append(turned_away / sent)
            tails.append(sorted(told["milliseconds"])[int(len(told["milliseconds"]) * 0.99)])
        yield from _memory(running)
    good = median(goods)
    yield "requests/s, 8 connections", f"{median(peaks):.0f}", "", ""
    missed = "" if good >= _TARGET_GOODPUT else "missed"
    yield "sent beyond that, as a multiple of it", f"{median(paces):.2f}", "", ""
    yield "answered then, as a share of it", f"{good:.2f}", f"≥ {_TARGET_GOODPUT:g}", missed
    yield "refused with 503 and Retry-After, of all", f"{median(refused):.2f}", "", ""
    yield "p99 of what was answered, ms", f"{median(tails):.0f}", "", ""
    yield "anything else", str(faults), "≤ 0", "missed" if faults else ""


def _memory(running: Gunicorn) -> Iterator[Row]:
    """Of the largest worker: what is its own and its share of what all have."""
    proportional = max(_rollup_mb(pid, "Pss") for pid in running.workers())
    resident = max(_rollup_mb(pid, "Rss") for pid in running.workers())
    missed = "" if proportional <= _TARGET_MEMORY_MB else "missed"
    yield "memory of a worker, proportional, MB", f"{proportional:.0f}", f"≤ {_TARGET_MEMORY_MB:g}", missed
    yield "memory of a worker, resident, MB", f"{resident:.0f}", "", ""
    yield "memory of the master, proportional, MB", f"{_rollup_mb(running.process.pid, 'Pss'):.0f}", "", ""


def _rollup_mb(pid: int, name: str) -> float:
    lines = Path(f"/proc/{pid}/smaps_rollup").read_text(encoding="ascii").splitlines()
    line = next(line for line in lines if line.startswith(f"{name}:"))
    return int(line.split()[1]) * 1024 / 1e6


def _paced(server: Server, body: Path, per_second: float, seconds: float) -> dict[str, Any]:
    command = [sys.executable, "-m", "tests.benchmarks.paced", "--port", str(server.port)]
    command += ["--connections", str(_CONNECTIONS), "--per-second", str(per_second)]
    command += ["--seconds", str(seconds), "--hook-instance", HOOK_INSTANCE, str(body)]
    done = subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, text=True, check=True)
    told: dict[str, Any] = json.loads(done.stdout)
    return told
