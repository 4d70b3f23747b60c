"""Who runs the service is told whether it lives and whether it may be sent calls. What each check names."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import text

from plugin.app import create_app
from plugin.probes import State, create_probes
from plugin.settings import Settings
from plugin.store.database import connect
from tests.database_servers import PostgresServer, locked
from tests.limits import no_file_may_grow
from tests.plugin.cards.service import SERVICE, TODAY, outcome, request_of
from tests.waiting import wait_until

HELD = "not read; what held before holds on"
"""Said of the control file and the switches; an instance that says so may be sent calls."""


@pytest.fixture
def service(url: str) -> FlaskClient:
    return started(url)


def started(url: str) -> FlaskClient:
    return create_app(Settings.model_validate({"today": TODAY, "database": url})).test_client()


def checks(service: FlaskClient) -> dict[str, str]:
    answer = service.get("/readyz")
    assert answer.headers["Cache-Control"] == "no-store"
    body = answer.get_json()
    assert (answer.status_code, body["status"]) in ((200, "ready"), (503, "not ready"))
    found: dict[str, str] = body["checks"]
    assert (set(found.values()) <= {"ok", HELD}) is (answer.status_code == 200)
    return found


def assert_red_and_still_answering(service: FlaskClient, check: str) -> None:
    """Ready no more, alive all the same; orders are reviewed, feedback is to be sent again later."""
    wait_until(lambda: checks(service)[check] != "ok")
    assert service.get("/livez").status_code == 200
    order = service.post(SERVICE, json=request_of("025"))
    assert (order.status_code, len(order.get_json()["cards"])) == (200, 1)
    told = service.post(f"{SERVICE}/feedback", json=FEEDBACK)
    assert (told.status_code, told.headers["Retry-After"]) == (503, "5")
    assert outcome(told)["issue"][0]["code"] == "transient"


FEEDBACK: Any = {
    "feedback": [{"card": "c-1", "outcome": "overridden", "outcomeTimestamp": "2026-11-20T09:30:00Z"}]
}


def is_ready(service: FlaskClient) -> bool:
    return set(checks(service).values()) == {"ok"}


@pytest.mark.parametrize("path", ["/livez", "/healthz"])
def test_a_process_that_answers_is_alive(service: FlaskClient, path: str) -> None:
    answer = service.get(path)

    assert (answer.status_code, answer.get_json()) == (200, {"status": "alive"})


def test_a_service_with_content_and_a_current_database_is_ready(service: FlaskClient) -> None:
    assert {"content", "database", "migrations"} <= checks(service).keys()
    assert is_ready(service)


def test_asking_leaves_nothing_in_the_database(url: str) -> None:
    assert is_ready(started(url))

    engine = connect(url)
    with engine.connect() as connection:
        assert connection.scalar(text("SELECT count(*) FROM tokens_seen")) == 0
    engine.dispose()


def test_a_locked_database_is_red(url: str, service: FlaskClient) -> None:
    assert is_ready(service)

    with locked(url):
        assert_red_and_still_answering(service, "database")

    wait_until(lambda: is_ready(service))


@pytest.mark.usefixtures("capsys")  # pytest's own capture would write the log to a file.
def test_a_full_disk_is_red(sqlite_url: str) -> None:
    service = started(sqlite_url)

    with no_file_may_grow():
        assert_red_and_still_answering(service, "database")

    wait_until(lambda: is_ready(service))


def test_a_database_that_is_down_is_red(own_postgresql_server: PostgresServer) -> None:
    service = started(own_postgresql_server.ready_database())
    assert is_ready(service)

    own_postgresql_server.stop()
    assert_red_and_still_answering(service, "database")
    assert checks(service)["migrations"] == "unknown"

    own_postgresql_server.start()
    wait_until(lambda: is_ready(service))


def test_a_database_that_hangs_is_red_and_calls_are_answered(own_postgresql_server: PostgresServer) -> None:
    service = started(own_postgresql_server.ready_database())
    assert is_ready(service)

    with own_postgresql_server.hanging():
        assert_red_and_still_answering(service, "database")

    wait_until(lambda: is_ready(service))


def test_a_check_that_does_not_come_to_an_end_is_red_after_a_while() -> None:
    now, hangs, released = [100.0], threading.Event(), threading.Event()

    def check() -> State:
        if now[0] > 100:
            hangs.set()
            released.wait()
        return State("ok", True)

    app = Flask("probed")
    app.register_blueprint(create_probes({"slow": check}, lambda: now[0]))
    assert checks(app.test_client())["slow"] == "ok"
    now[0] = 105
    asking = threading.Thread(target=app.test_client().get, args=("/readyz",))
    asking.start()
    hangs.wait()

    assert checks(app.test_client())["slow"] == "ok"
    now[0] = 111
    assert checks(app.test_client())["slow"] == "unknown"

    released.set()
    asking.join()
    assert checks(app.test_client())["slow"] == "ok"


@contextmanager
def restored_from_an_older_backup(url: str) -> Iterator[None]:
    engine = connect(url)
    with engine.begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '0001'"))
        connection.execute(text("ALTER TABLE feedback RENAME TO feedback_later"))
    yield
    engine.dispose()


def test_a_pending_migration_is_red(url: str, service: FlaskClient) -> None:
    with restored_from_an_older_backup(url):
        assert_red_and_still_answering(service, "migrations")
        assert checks(service)["migrations"] == "pending"


def test_a_schema_that_is_newer_already_is_ready_still(url: str, service: FlaskClient) -> None:
    engine = connect(url)
    with engine.begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))

    assert is_ready(service)
    engine.dispose()


def test_what_is_wrong_is_named_without_the_database(own_postgresql_server: PostgresServer) -> None:
    service = started(own_postgresql_server.ready_database())
    own_postgresql_server.stop()

    answer = service.get("/readyz")

    assert answer.get_json() == {
        "status": "not ready",
        "checks": answer.get_json()["checks"] | {"database": "unavailable", "migrations": "unknown"},
    }
    assert "127.0.0.1" not in answer.get_data(as_text=True)
