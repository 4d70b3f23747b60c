"""Starts the servers and the load client, and looks at them from outside."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from tests.benchmarks.charts import HOOK_INSTANCE
from tests.benchmarks.load import Call, connect, send

ROOT = Path(__file__).parents[2]


@dataclass(frozen=True, slots=True)
class Server:
    """A server process that is up."""

    port: int
    pid: int

    def resident_mb(self) -> float:
        """VmRSS in MB of 10**6 bytes."""
        status = Path(f"/proc/{self.pid}/status").read_text(encoding="ascii")
        line = next(line for line in status.splitlines() if line.startswith("VmRSS:"))
        return int(line.split()[1]) * 1024 / 1e6


@dataclass(frozen=True, slots=True)
class Load:
    """What one run of the load client measured; latencies in milliseconds, sorted."""

    seconds: float
    milliseconds: tuple[float, ...]

    @property
    def per_second(self) -> float:
        return len(self.milliseconds) / self.seconds

    @property
    def p50(self) -> float:
        return median(self.milliseconds)

    @property
    def p99(self) -> float:
        return self.milliseconds[min(len(self.milliseconds) - 1, int(len(self.milliseconds) * 0.99))]


@contextmanager
def running(*options: str, module: str = "serving") -> Iterator[Server]:
    """A process of a module beside this one that prints its port, ended on leaving."""
    command = [sys.executable, "-m", f"tests.benchmarks.{module}", *options]
    process = subprocess.Popen(
        command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    )
    try:
        line = process.stdout.readline() if process.stdout else ""
        if not line:
            raise SystemExit(f"{' '.join(command)}: did not start; run it by hand to see why")
        yield Server(int(line), process.pid)
    finally:
        process.terminate()
        process.wait(timeout=10)
        if process.stdout:
            process.stdout.close()


def answer_of(server: Server, body: bytes) -> bytes:
    with connect(server.port) as connection:
        return send(connection, Call(body, HOOK_INSTANCE))


def seconds_to_first_answer(body: bytes, *options: str) -> float:
    """From the start of the process to its first answer to a call."""
    started = time.perf_counter()
    with running(*options) as server:
        answer_of(server, body)
        return time.perf_counter() - started


def put_load(
    server: Server,
    bodies: Sequence[Path],
    *,
    connections: int = 1,
    seconds: float = 600.0,
    calls: int = 0,
    tokens: Path | None = None,
) -> Load:
    """Stops after `seconds` or `calls`, whichever comes first; 0 calls are no limit."""
    command = [sys.executable, "-m", "tests.benchmarks.load", "--port", str(server.port)]
    command += ["--connections", str(connections), "--seconds", str(seconds), "--calls", str(calls)]
    command += ["--tokens", str(tokens)] if tokens is not None else []
    command += ["--hook-instance", HOOK_INSTANCE, *map(str, bodies)]
    done = subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, text=True, check=True)
    measured = json.loads(done.stdout)
    return Load(measured["seconds"], tuple(sorted(measured["milliseconds"])))
