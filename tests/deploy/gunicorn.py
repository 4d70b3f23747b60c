"""The service under gunicorn, with the configuration that is shipped, on a free loopback port."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import requests

from tests.database_servers import free_port
from tests.scenarios.scenario import ROOT

CONFIGURATION = ROOT / "deploy" / "gunicorn.conf.py"
SOON = 60


@dataclass(frozen=True, slots=True)
class Gunicorn:
    """The master process, which is up, and where it listens."""

    process: subprocess.Popen[bytes]
    port: int
    log: Path

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def workers(self) -> list[int]:
        children = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children")
        return [int(pid) for pid in children.read_text(encoding="ascii").split()]

    def stopped(self) -> int:
        """The exit status after SIGTERM. Raises TimeoutExpired."""
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(timeout=SOON)

    def restart_workers(self) -> None:
        """Returns when none of the workers from before is left."""
        before = set(self.workers())
        self.process.send_signal(signal.SIGHUP)
        until = time.monotonic() + SOON
        while before & set(self.workers()) or not self.workers():
            assert time.monotonic() < until, "the old workers did not go"
            time.sleep(0.05)


def environment(folder: Path, **settings: str) -> dict[str, str]:
    """This process's environment with these settings, no others, and a store in `folder`."""
    given = {"database": f"sqlite:///{folder}/store.sqlite3", **settings}
    rest = {name: value for name, value in os.environ.items() if not name.startswith("SPINAL_CDS_")}
    return rest | {f"SPINAL_CDS_{name.upper()}": value for name, value in given.items()}


def command(*options: str) -> list[str]:
    return [sys.executable, "-m", "gunicorn", "--config", str(CONFIGURATION), *options]


@contextmanager
def gunicorn(
    folder: Path, options: Sequence[str] = (), port: int | None = None, **settings: str
) -> Iterator[Gunicorn]:
    """Its log in `folder`."""
    port = port or free_port()
    log = folder / "gunicorn.log"
    with log.open("ab") as written:
        process = subprocess.Popen(
            command("--bind", f"127.0.0.1:{port}", *options),
            cwd=ROOT,
            env=environment(folder, **settings),
            stdout=written,
            stderr=written,
        )
    try:
        wait_until_it_answers(f"http://127.0.0.1:{port}", process, log)
        yield Gunicorn(process, port, log)
    finally:
        process.terminate()
        process.wait(timeout=SOON)


def wait_until_it_answers(url: str, process: subprocess.Popen[bytes], log: Path) -> None:
    until = time.monotonic() + SOON
    while True:
        assert process.poll() is None, log.read_text(encoding="utf-8")
        assert time.monotonic() < until, log.read_text(encoding="utf-8")
        try:
            requests.get(f"{url}/cds-services", timeout=5).raise_for_status()
        except requests.RequestException:
            time.sleep(0.05)
        else:
            return
