"""gunicorn as it is shipped: how it starts, what its workers share, and that no call is lost."""

from __future__ import annotations

import re
import signal
import socket
import subprocess
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from uuid import uuid4

import pytest
import requests
from sqlalchemy import func, select

from plugin.app import load
from plugin.settings import Settings
from plugin.store.database import connect, open_database
from plugin.store.tables import cards_issued
from tests.cds_hooks.tokens import PUBLIC_URL
from tests.database_servers import PostgresServer, free_port
from tests.deploy.calls import STORY, reading_call, silent_fhir_server
from tests.deploy.gunicorn import SOON, command, environment, gunicorn
from tests.plugin.cards.service import SERVICE, request_of
from tests.plugin.registered import site, token

STOPPED_WITHIN_SECONDS = 10


def cards_on_disk(folder: Path) -> int:
    engine = connect(f"sqlite:///{folder}/store.sqlite3")
    with engine.connect() as connection:
        count: int = connection.scalar(select(func.count()).select_from(cards_issued)) or 0
    engine.dispose()
    return count


def counts_in_memory(master: int) -> list[Path]:
    """The folders in which the workers of the master with this process id count together."""
    return list(Path("/dev/shm").glob(f"spinal-cds-{master}-*"))  # noqa: S108


def failed_start(folder: Path, **settings: str) -> list[str]:
    """What it said when it ended with status 1. It leaves nothing behind."""
    with subprocess.Popen(
        command("--bind", "127.0.0.1:0"),
        env=environment(folder, **settings),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    ) as started:
        said = started.communicate(timeout=SOON)[1]
    assert started.returncode == 1
    assert counts_in_memory(started.pid) == []
    return said.splitlines()


def test_what_the_master_does_leaves_nothing_open_and_no_thread_that_a_fork_would_break(
    tmp_path: Path,
) -> None:
    before = threading.active_count()
    store = tmp_path / "store.sqlite3"
    settings = Settings(database=f"sqlite:///{store}")

    load(settings)
    open_database(settings.database)

    assert threading.active_count() == before
    opened = [link.resolve() for link in Path("/proc/self/fd").iterdir()]
    assert [path for path in opened if path.is_relative_to(tmp_path)] == []


def test_every_worker_answers_and_what_was_issued_is_on_disk_after_the_stop(tmp_path: Path) -> None:
    call = request_of(STORY)
    with gunicorn(tmp_path, ["--workers", "2"], today="2026-11-20") as server:
        issued = set()
        for _ in range(40):
            answer = requests.post(
                server.url + SERVICE, json={**call, "hookInstance": str(uuid4())}, timeout=SOON
            )
            assert answer.status_code == 200
            issued |= {card["uuid"] for card in answer.json()["cards"]}
        workers = server.workers()
        assert server.stopped() == 0

    assert len(workers) == 2
    assert len(issued) >= 40
    assert cards_on_disk(tmp_path) == len(issued)


def test_a_call_in_flight_is_answered_before_the_stop_and_the_stop_takes_ten_seconds_at_most(
    tmp_path: Path,
) -> None:
    with (
        silent_fhir_server() as fhir,
        gunicorn(tmp_path, deadline_seconds="2") as server,
        ThreadPoolExecutor() as callers,
    ):
        call = callers.submit(requests.post, server.url + SERVICE, json=reading_call(fhir.base), timeout=SOON)
        fhir.wait_for_a_reader()
        asked_at = time.monotonic()

        assert server.stopped() == 0
        assert time.monotonic() - asked_at < STOPPED_WITHIN_SECONDS
        assert call.result(SOON).status_code == 200


def test_new_workers_take_over_without_a_call_failing(tmp_path: Path) -> None:
    with gunicorn(tmp_path) as server:
        before = set(server.workers())
        server.restart_workers()

        assert requests.get(f"{server.url}/cds-services", timeout=SOON).status_code == 200
        assert before.isdisjoint(server.workers())


@pytest.mark.parametrize(
    ("settings", "faults"),
    [
        ({"colour": "red"}, ["no setting SPINAL_CDS_COLOUR"]),
        ({"policy": "no-such-policy"}, ["no-such-policy"]),
        ({"profile": "production"}, ["SPINAL_CDS_CLIENTS_FILE: ", "SPINAL_CDS_PUBLIC_URL: "]),
    ],
)
def test_a_fault_is_one_line_and_status_one(
    tmp_path: Path, settings: dict[str, str], faults: list[str]
) -> None:
    lines = failed_start(tmp_path, **settings)

    assert len(lines) == len(faults)
    assert all(line.startswith("Error: ") for line in lines)
    assert all(fault in line for line, fault in zip(lines, faults, strict=True))


def test_a_postgresql_that_was_not_upgraded_stops_the_start(
    tmp_path: Path, postgresql_server: PostgresServer
) -> None:
    lines = failed_start(tmp_path, database=postgresql_server.empty_database())

    assert len(lines) == 1
    assert "spinal-cds db upgrade" in lines[0]


def test_a_worker_that_is_replaced_runs_what_was_checked_at_the_start(tmp_path: Path) -> None:
    clients = site(tmp_path)
    settings = {"profile": "production", "clients_file": str(clients), "public_url": PUBLIC_URL}
    with gunicorn(tmp_path, **settings) as server:
        clients.write_text("no TOML", encoding="utf-8")
        server.restart_workers()

        allowed = {"Authorization": f"Bearer {token()}"}
        answer = requests.post(server.url + SERVICE, json=request_of(STORY), headers=allowed, timeout=SOON)
        assert answer.status_code == 200


def test_a_worker_that_cannot_start_says_why_and_the_others_go_on(tmp_path: Path) -> None:
    store = tmp_path / "store.sqlite3"
    with gunicorn(tmp_path, ["--workers", "1"]) as server:
        store.rename(tmp_path / "away")
        store.mkdir()
        server.process.send_signal(signal.SIGTTIN)  # One worker more.
        until = time.monotonic() + SOON
        while "Error: SPINAL_CDS_DATABASE: " not in server.log.read_text(encoding="utf-8"):
            assert time.monotonic() < until
            time.sleep(0.05)

        assert requests.get(f"{server.url}/cds-services", timeout=SOON).status_code == 200


def test_workers_count_together_and_leave_nothing_behind(tmp_path: Path) -> None:
    port = free_port()
    with gunicorn(tmp_path, metrics_port=str(port), today="2026-11-20") as server:
        for _ in range(20):
            requests.post(server.url + SERVICE, json=request_of(STORY), timeout=SOON).raise_for_status()
        server.restart_workers()
        counted = requests.get(f"http://127.0.0.1:{port}/metrics", timeout=SOON).text
        assert len(counts_in_memory(server.process.pid)) == 1
        assert server.stopped() == 0

    [line] = re.findall(r"(?m)^spinal_cds_requests_total\{.*\} (\S+)$", counted)
    assert float(line) == 20
    assert counts_in_memory(server.process.pid) == []


def test_a_port_for_metrics_that_is_taken_is_one_line(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        lines = failed_start(tmp_path, metrics_port=str(taken.getsockname()[1]))

    assert len(lines) == 1
    assert lines[0].startswith("Error: SPINAL_CDS_METRICS_PORT: ")


def test_in_development_it_listens_on_loopback_and_says_so(tmp_path: Path) -> None:
    with gunicorn(tmp_path) as server:
        log = server.log.read_text(encoding="utf-8")

    assert "DEVELOPMENT PROFILE" in log
    assert f"Listening on http://127.0.0.1:{server.port}" in log
