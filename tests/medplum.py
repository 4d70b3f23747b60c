"""Medplum's FHIR R4 server under Node, started on a free loopback port and ended afterwards."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Timer

from tests.database_servers import MissingProgramError

_FOLDER = Path(__file__).parent / "fhir_server"
_SOON = 60


@contextmanager
def medplum() -> Iterator[str]:
    """The base URL of a server with nothing on it. Raises MissingProgramError."""
    node = shutil.which("node")
    if node is None:
        raise MissingProgramError("Node.js is not installed (Debian: nodejs, npm)")
    if not (_FOLDER / "node_modules" / "@medplum").is_dir():
        raise MissingProgramError("Medplum is not installed (npm ci in tests/fhir_server)")
    server = subprocess.Popen(
        [node, "server.mjs"],
        cwd=_FOLDER,
        env={k: v for k, v in os.environ.items() if not k.startswith("NODE_")},
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        yield _printed(server)
    finally:
        server.terminate()
        server.wait(timeout=_SOON)
        if server.stdout is not None:
            server.stdout.close()


def _printed(server: subprocess.Popen[str]) -> str:
    watchdog = Timer(_SOON, server.kill)
    watchdog.start()
    try:
        line = server.stdout.readline().strip() if server.stdout is not None else ""
    finally:
        watchdog.cancel()
    if not line:
        raise RuntimeError("the FHIR server did not start")
    return line
