"""Under gunicorn: every worker hears the kill switch, and none logs what a caller wrote."""

from __future__ import annotations

import socket
import time
from pathlib import Path

import requests

from tests.deploy.gunicorn import SOON, Gunicorn, gunicorn
from tests.plugin.cards.service import SERVICE, request_of
from tests.plugin.registered import command
from tests.waiting import wait_until

OFF_WITHIN_SECONDS = 5
CANARY = "Cana7y-4410"
MALFORMED = (
    f"GET /Patient/{CANARY}\r\n\r\n",
    f"GET /{CANARY} HTTP/9.9\r\n\r\n",
    f"GET / HTTP/1.1\r\nHost: x\r\n{CANARY} \x00: y\r\n\r\n",
    f"POST {SERVICE} HTTP/1.1\r\nHost: x\r\nContent-Length: {CANARY}\r\n\r\n",
    f"POST {SERVICE} HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: {CANARY}\r\n\r\n",
)


def shows_cards(server: Gunicorn) -> bool:
    """In any of twenty calls, which several workers answer."""
    answers = [
        requests.post(
            server.url + SERVICE, json=request_of("025"), timeout=SOON, headers={"Connection": "close"}
        )
        for _ in range(20)
    ]
    assert {answer.status_code for answer in answers} == {200}
    return any(answer.json()["cards"] for answer in answers)


def test_every_worker_hears_the_kill_switch_within_seconds(tmp_path: Path) -> None:
    database = f"sqlite:///{tmp_path}/store.sqlite3"
    with gunicorn(tmp_path, ["--workers", "2"], today="2026-11-20") as server:
        assert shows_cards(server)

        assert command("off", "--reason", "drill", database=database).exit_code == 0
        until = time.monotonic() + OFF_WITHIN_SECONDS
        while shows_cards(server) and time.monotonic() < until:
            time.sleep(0.05)
        assert not shows_cards(server)

        assert command("on", "--reason", "over", database=database).exit_code == 0
        wait_until(lambda: shows_cards(server))


def test_what_is_no_http_is_refused_and_not_logged(tmp_path: Path) -> None:
    with gunicorn(tmp_path, log_level="DEBUG") as server:
        for request in MALFORMED:
            with socket.create_connection(("127.0.0.1", server.port), timeout=SOON) as connection:
                connection.sendall(request.encode())
                assert connection.recv(64).startswith(b"HTTP/1.1 ")
        assert requests.get(f"{server.url}/livez", timeout=SOON).status_code == 200

    assert CANARY not in server.log.read_text(encoding="utf-8")
