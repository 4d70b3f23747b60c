"""Sends hostile input to the service and remembers what came of it."""

from __future__ import annotations

import json
import logging
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from flask.testing import FlaskClient
from structlog.testing import capture_logs
from werkzeug.test import TestResponse

from tests.plugin.cards.service import SERVICE, assert_obeys_the_contract, client, outcome
from tests.socket_guard import Traffic, watched_sockets

TOKEN = "Canary-token-e71b"
FEEDBACK = f"{SERVICE}/feedback"
REFUSALS = {400, 401, 403, 404, 405, 412, 413, 415, 422}


def is_failure(status: int) -> bool:
    """501 is the web server's rightful answer to a transfer coding that it does not know (RFC 9112)."""
    return status >= 500 and status != 501


class _Kept(logging.Handler):
    def __init__(self) -> None:
        super().__init__(logging.DEBUG)
        self.lines: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.lines.append(f"{record.getMessage()}{record.exc_text or ''}")


@dataclass
class Watch:
    """One test's requests: how each ended, how long it took, what was logged and where it wanted to go."""

    service: FlaskClient
    traffic: Traffic
    events: list[Any]
    lines: list[str]
    statuses: Counter[int] = field(default_factory=Counter)
    milliseconds: list[float] = field(default_factory=list)

    def send(self, body: bytes, path: str = SERVICE, **options: Any) -> TestResponse:
        """The answer to a POST, which is a refusal with an outcome or a 200 that obeys the contract."""
        answer = self.open(path, method="POST", data=body, **({"content_type": "application/json"} | options))
        if answer.status_code != 200:
            assert answer.status_code in REFUSALS, answer.get_data(as_text=True)
            outcome(answer)
        elif path == SERVICE:
            assert_obeys_the_contract(answer)
        elif path == FEEDBACK:
            assert answer.get_json() == {}
        return answer

    def open(self, path: str, **options: Any) -> TestResponse:
        started = time.perf_counter()
        answer = self.service.open(path, **options)
        self.note(answer.status_code, started)
        return answer

    def note(self, status: int, started: float) -> None:
        self.milliseconds.append((time.perf_counter() - started) * 1000)
        self.statuses[status] += 1

    @property
    def failures(self) -> int:
        return sum(count for status, count in self.statuses.items() if is_failure(status))

    def assert_clean(self) -> None:
        """No failure, nothing unexpected or of a token in the log, nobody contacted beyond this machine."""
        logged = [json.dumps(event, default=str) for event in self.events] + self.lines
        assert self.failures == 0
        assert [line for line in logged if '"unexpected"' in line or "Traceback" in line] == []
        assert [line for line in logged if TOKEN in line] == []
        assert self.traffic.stopped == []


@contextmanager
def watching() -> Iterator[Watch]:
    """A watch over the service for one test; its log is at its loudest."""
    kept, root = _Kept(), logging.getLogger()
    level = root.level
    root.addHandler(kept)
    root.setLevel(logging.DEBUG)
    try:
        with watched_sockets() as traffic, capture_logs() as events:
            yield Watch(client(), traffic, events, kept.lines)
    finally:
        root.removeHandler(kept)
        root.setLevel(level)
