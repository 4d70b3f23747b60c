"""A service that is killed again and again while an EHR sends it feedback. For a process of its own.

Prints, as JSON, which batches were acknowledged and which were sent without an answer. Every batch has
ENTRIES entries on cards of its own. An unanswered batch is sent again every other time, as an EHR would.
"""

from __future__ import annotations

import http.client
import json
import os
import random
import signal
import socket
import sys
import threading
from contextlib import suppress
from datetime import UTC, datetime

from waitress.server import create_server

from plugin.store import FeedbackLog, open_database
from tests.cds_hooks.wire import app_with

ENTRIES = 3
_LONGEST_LIFE_SECONDS = 0.03


def cards_of(batch: int) -> list[str]:
    return [f"batch-{batch}-card-{number}" for number in range(ENTRIES)]


def _body(batch: int) -> str:
    moment = "2026-11-20T09:30:00Z"
    entries = [
        {"card": card, "outcome": "overridden", "outcomeTimestamp": moment} for card in cards_of(batch)
    ]
    return json.dumps({"feedback": entries})


def _serve(listener: socket.socket, url: str) -> None:
    log = FeedbackLog(open_database(url), lambda: datetime.now(UTC))
    create_server(app_with(take_feedback=log.take), sockets=[listener], threads=2).run()


class Ehr:
    """Sends one batch after the other, each until it is acknowledged or given up."""

    def __init__(self) -> None:
        self.acknowledged: list[int] = []
        self.given_up: list[int] = []
        self._batch = 0

    def send_until_the_service_dies(self, port: int, on_first_answer: threading.Event) -> None:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
        with suppress(OSError, http.client.HTTPException):
            while True:
                headers = {"Content-Type": "application/json"}
                connection.request("POST", "/cds-services/test-service/feedback", _body(self._batch), headers)
                answer = connection.getresponse()
                if answer.status != 200:
                    raise SystemExit(f"{answer.status}: {answer.read()!r}")
                answer.read()
                self.acknowledged.append(self._batch)
                self._batch += 1
                on_first_answer.set()
        connection.close()
        if self._batch % 2:
            self.given_up.append(self._batch)
            self._batch += 1


def _live_and_die(url: str, ehr: Ehr) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        child = os.fork()
        if child == 0:
            _serve(listener, url)
    is_up = threading.Event()
    life = random.uniform(0, _LONGEST_LIFE_SECONDS)

    def kill() -> None:
        is_up.wait(20)
        threading.Event().wait(life)
        os.kill(child, signal.SIGKILL)

    killer = threading.Thread(target=kill)
    killer.start()
    ehr.send_until_the_service_dies(port, is_up)
    killer.join()
    os.waitpid(child, 0)


def main(url: str, kills: str) -> None:
    ehr = Ehr()
    for _ in range(int(kills)):
        _live_and_die(url, ehr)
    print(json.dumps({"acknowledged": ehr.acknowledged, "given_up": ehr.given_up}))


if __name__ == "__main__":
    main(*sys.argv[1:])
