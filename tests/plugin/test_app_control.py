"""The kill switch and the modes at the wire: what is shown, what is recorded, and how soon it changes."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select
from structlog.testing import capture_logs

from plugin.app import create_app
from plugin.domain.content import ContentError
from plugin.logs import configure_logging
from plugin.settings import Settings
from plugin.store.audit import entries
from plugin.store.database import connect
from plugin.store.switches import EVERYBODY, switch_off, switch_on
from plugin.store.tables import cards_issued
from tests.database_servers import PostgresServer, locked
from tests.forks import results
from tests.local_servers import local_servers
from tests.plugin.cards.service import SERVICE, TODAY, request_of
from tests.plugin.test_app_privacy import lent
from tests.waiting import wait_until

EFFECTIVE_WITHIN_SECONDS = 5
NO_CARDS = {"cards": []}
SILENT = 'default = {mode = "silent", until = 2026-11-20}\n'
DEMO = "demo-no-mri-14-days"
"""Its cards: no MRI, and conservative care too short."""


class Site:
    """A running service, its control file, and what it has noted."""

    def __init__(self, url: str, folder: Path, text: str = "") -> None:
        self.file = folder / "control.toml"
        self.write(text)
        self.url = url
        given = {"today": TODAY, "database": url, "control_file": self.file}
        self.service = create_app(Settings.model_validate(given)).test_client()

    def write(self, text: str) -> None:
        self.file.write_text(text, encoding="utf-8")

    def topics(self, name: str = DEMO, **context: str) -> set[str]:
        request = request_of(name)
        request["context"] |= context
        answer = self.service.post(SERVICE, json=request)
        assert answer.status_code == 200
        return {card["source"]["topic"]["code"] for card in answer.get_json()["cards"]}

    def control(self) -> str:
        state: str = self.service.get("/readyz").get_json()["checks"]["control"]
        return state

    def issued(self) -> set[tuple[str, bool]]:
        engine = connect(self.url)
        with engine.connect() as connection:
            found = connection.execute(select(cards_issued.c.topic, cards_issued.c.silent)).all()
        engine.dispose()
        return {(row.topic, row.silent) for row in found}

    def audited(self) -> list[tuple[str, str]]:
        engine = connect(self.url)
        found = [(entry.event, entry.details) for entry in entries(engine)]
        engine.dispose()
        return found


@pytest.fixture
def start(url: str, tmp_path: Path) -> Callable[[str], Site]:
    return lambda text: Site(url, tmp_path, text)


@pytest.fixture
def site(start: Callable[[str], Site]) -> Site:
    return start("")


def assert_follows(is_so: Callable[[], bool]) -> None:
    began = time.monotonic()
    wait_until(is_so)
    assert time.monotonic() - began < EFFECTIVE_WITHIN_SECONDS


def test_the_file_turns_everything_off_and_on_again(site: Site) -> None:
    assert site.topics() == {"IMG1", "CC1"}

    site.write('off = "cards name the wrong region"')
    assert_follows(lambda: site.topics() == set())

    site.write("")
    assert_follows(lambda: site.topics() == {"IMG1", "CC1"})


def test_a_switch_in_the_database_turns_everything_off_and_on_again(site: Site, url: str) -> None:
    engine = connect(url)
    switch_off(engine, EVERYBODY, "somebody", "drill")
    assert_follows(lambda: site.topics() == set())

    assert switch_on(engine, EVERYBODY, "somebody", "drill over")
    assert_follows(lambda: site.topics() == {"IMG1", "CC1"})
    engine.dispose()


def test_a_service_started_while_it_is_off_shows_nothing(url: str, tmp_path: Path) -> None:
    engine = connect(url)
    switch_off(engine, "development", "somebody", "drill")
    engine.dispose()

    assert Site(url, tmp_path).topics() == set()


def test_who_is_turned_off_still_tells_what_became_of_cards_and_is_told_of_faults(site: Site) -> None:
    site.write('off = "drill"')
    wait_until(lambda: site.topics() == set())

    told = site.service.post(
        f"{SERVICE}/feedback",
        json={
            "feedback": [{"card": "c", "outcome": "overridden", "outcomeTimestamp": "2026-11-20T09:30:00Z"}]
        },
    )

    assert told.status_code == 200
    assert site.service.post(SERVICE, json={"hook": "order-sign"}).status_code == 400


def shown_before_and_after(url: str, folder: str) -> list[bool]:
    """A replica: does it show cards when it starts, and still five seconds after the switch was thrown?"""
    configure_logging("ERROR")
    service = create_app(Settings.model_validate({"today": TODAY, "database": url})).test_client()
    before = shows_cards(service)
    (Path(folder) / f"{os.getpid()}.started").touch()
    wait_until((Path(folder) / "thrown").exists)
    until = time.monotonic() + EFFECTIVE_WITHIN_SECONDS
    while shows_cards(service) and time.monotonic() < until:
        time.sleep(0.05)
    return [before, shows_cards(service)]


def shows_cards(service: FlaskClient) -> bool:
    return service.post(SERVICE, json=request_of("025")).get_json() != NO_CARDS


def test_every_replica_follows_a_switch_that_is_thrown_once(url: str, tmp_path: Path) -> None:
    def throw() -> None:
        wait_until(lambda: len(list(tmp_path.glob("*.started"))) == 3)
        engine = connect(url)
        switch_off(engine, EVERYBODY, "somebody", "drill")
        engine.dispose()
        (tmp_path / "thrown").touch()

    thrower = threading.Thread(target=throw)
    thrower.start()
    found = results(shown_before_and_after, url, str(tmp_path), processes=3)
    thrower.join()

    assert found == [[True, False]] * 3


def readiness_after_a_fork(url: str) -> list[int]:
    service = create_app(Settings.model_validate({"today": TODAY, "database": url})).test_client()
    reading, writing = os.pipe()
    if os.fork() == 0:
        os.write(writing, str(service.get("/readyz").status_code).encode())
        os._exit(0)
    os.wait()
    return [service.get("/readyz").status_code, int(os.read(reading, 3))]


def test_a_process_in_which_nobody_looks_is_not_ready(sqlite_url: str) -> None:
    assert results(readiness_after_a_fork, sqlite_url, processes=1) == [[200, 503]]


def test_a_silent_service_shows_nothing_and_records_what_it_would_have_shown(
    start: Callable[[str], Site],
) -> None:
    site = start(SILENT)

    assert site.topics() == set()

    wait_until(lambda: site.issued() == {("IMG1", True), ("CC1", True)})


def test_a_silent_criterion_is_recorded_beside_the_live_ones(start: Callable[[str], Site]) -> None:
    site = start('criteria.IMG-1 = {mode = "silent", until = 2026-11-20}')

    assert site.topics() == {"CC1"}

    wait_until(lambda: site.issued() == {("IMG1", True), ("CC1", False)})


def test_a_criterion_that_is_off_is_neither_shown_nor_recorded(start: Callable[[str], Site]) -> None:
    site = start('clients.development.criteria.IMG-1 = "off"')

    assert site.topics() == {"CC1"}

    wait_until(lambda: site.issued() == {("CC1", False)})


@pytest.mark.parametrize(
    "off", ['default = "off"', 'default = "off"\ncriteria.IMG-1 = "off"', SILENT.replace("-20", "-19")]
)
def test_where_every_criterion_is_off_no_server_is_asked_and_no_record_is_missed(
    sqlite_url: str, tmp_path: Path, off: str
) -> None:
    site = Site(sqlite_url, tmp_path, off)
    with local_servers() as start_server:
        server = start_server(lambda exchange: exchange.answer(b"", "500 Internal Server Error"))
        request = lent(request_of(DEMO), server.base)

        answer = site.service.post(SERVICE, json=request)

        assert (answer.status_code, answer.get_json(), server.seen) == (200, NO_CARDS, [])
        site.write("")
        wait_until(lambda: site.service.post(SERVICE, json=request).status_code == 412)
        assert server.seen != []


def test_a_silent_mode_that_has_ended_is_off_and_said_to_be(start: Callable[[str], Site]) -> None:
    site = start('default = {mode = "silent", until = 2026-11-19}\ncriteria.CC-1 = "live"')

    assert site.topics() == {"CC1"}

    assert site.control() == "a silent mode has ended"
    wait_until(lambda: site.issued() == {("CC1", False)})


def test_orders_that_cannot_be_reviewed_follow_the_mode_of_scope(start: Callable[[str], Site]) -> None:
    site = start("")
    assert site.topics("127") == {"SCOPE"}

    site.write('criteria.SCOPE = "off"')

    wait_until(lambda: site.topics("127") == set())


def test_a_pilot_is_shown_to_its_users(start: Callable[[str], Site]) -> None:
    site = start('pilot_key = "k"\ndefault = {mode = "pilot", users = ["Practitioner/pilot"]}')

    assert site.topics(userId="Practitioner/pilot") == {"IMG1", "CC1"}
    assert site.topics(userId="Practitioner/somebody") == set()
    wait_until(lambda: site.issued() == {("IMG1", False), ("CC1", False)})


TOO_DEEP = pytest.param(f"off = {'[' * 100_000}", id="too-deep")
TOO_LARGE = pytest.param(f"off = {'9' * 5_000}", id="too-large")


@pytest.mark.parametrize(
    "broken", [TOO_DEEP, TOO_LARGE, "off = ", 'default = "sillent"', 'clients.nobody.off = "x"', None]
)
@pytest.mark.parametrize("held", ["", SILENT, 'off = "x"'])
def test_a_file_that_breaks_changes_nothing_and_is_said_to_be_broken(
    sqlite_url: str, tmp_path: Path, held: str, broken: str | None
) -> None:
    site = Site(sqlite_url, tmp_path, held)
    before = site.topics()
    with capture_logs() as logged:
        if broken is None:
            site.file.unlink()
        else:
            site.write(broken)
        wait_until(lambda: site.control() == "not read; what held before holds on")

        assert site.service.get("/readyz").status_code == 200
        assert site.topics() == before

        site.write(held)
        wait_until(lambda: site.control() == "ok")
    assert [entry["event"] for entry in logged if "control" in entry["event"]] == ["control not read"]


@pytest.mark.parametrize("broken", [TOO_DEEP, TOO_LARGE])
def test_the_next_good_file_is_heard_after_a_broken_one(sqlite_url: str, tmp_path: Path, broken: str) -> None:
    site = Site(sqlite_url, tmp_path)
    site.write(broken)
    wait_until(lambda: site.control() != "ok")

    site.write('off = "drill"')

    assert_follows(lambda: site.topics() == set())


@pytest.mark.parametrize(
    "text", [TOO_DEEP, TOO_LARGE, "off = ", 'default = "sillent"', 'criteria.X-1 = "off"']
)
def test_a_file_that_is_broken_at_the_start_stops_it(sqlite_url: str, tmp_path: Path, text: str) -> None:
    with pytest.raises(ContentError, match="control file: "):
        Site(sqlite_url, tmp_path, text)


def test_a_database_that_goes_away_neither_turns_on_nor_off(
    own_postgresql_server: PostgresServer, tmp_path: Path
) -> None:
    site = Site(own_postgresql_server.ready_database(), tmp_path)
    engine = connect(site.url)
    switch_off(engine, "development", "somebody", "drill")
    engine.dispose()
    wait_until(lambda: site.topics() == set())

    own_postgresql_server.stop()
    wait_until(lambda: site.control() != "ok")
    assert site.topics() == set()
    site.write(SILENT)
    own_postgresql_server.start()
    wait_until(lambda: site.control() == "ok")
    assert site.topics() == set()


def test_a_database_that_hangs_does_not_keep_the_file_from_being_followed(
    own_postgresql_server: PostgresServer, tmp_path: Path
) -> None:
    site = Site(own_postgresql_server.ready_database(), tmp_path)
    assert site.topics() == {"IMG1", "CC1"}

    with own_postgresql_server.hanging():
        site.write('off = "drill"')
        assert_follows(lambda: site.topics() == set())
        wait_until(lambda: site.control() == "not read; what held before holds on")
        site.write("")
        assert_follows(lambda: site.topics() == {"IMG1", "CC1"})

    wait_until(lambda: site.control() == "ok")


def test_the_file_is_followed_while_the_database_is_locked(site: Site, url: str) -> None:
    with locked(url):
        site.write('off = "drill"')
        assert_follows(lambda: site.topics() == set())


def test_changes_are_audited_once_however_many_processes_see_them(
    url: str, tmp_path: Path, start: Callable[[str], Site]
) -> None:
    sites = [start('pilot_key = "k"\ndefault = {mode = "pilot", users = ["Practitioner/7"]}') for _ in "ab"]
    wait_until(lambda: "control-file" in dict(sites[0].audited()))
    sites[0].write('off = "drill"')
    for each in sites:
        wait_until(lambda site=each: site.topics() == set())
    wait_until(lambda: "drill" in sites[0].audited()[-1][1])

    events = [event for event, _ in sites[0].audited()]
    assert events == ["migrated", "in-force", "control-file", "control-file"]
    details = dict(sites[0].audited())
    assert "default@" in details["in-force"]
    assert not any("Practitioner/7" in said for _, said in sites[0].audited())


def test_the_log_names_who_is_switched_off(site: Site) -> None:
    with capture_logs() as logged:
        site.write('clients.development.off = "cards of Doe, John"')
        wait_until(lambda: site.topics() == set())

    [line] = [entry for entry in logged if entry["event"] == "control changed"]
    assert line["switched_off"] == ["development"]
    assert "Doe" not in str(logged)


def test_nobody_who_orders_is_named_in_what_is_stored(tmp_path: Path, sqlite_url: str) -> None:
    site = Site(sqlite_url, tmp_path, 'pilot_key = "k"\ndefault = {mode = "pilot", percent = 100}')
    assert site.topics(userId="Practitioner/canary-7f2") == {"IMG1", "CC1"}
    wait_until(lambda: len(site.issued()) == 2)

    stored: Any = b"".join(p.read_bytes() for p in tmp_path.rglob("*sqlite3*"))
    assert b"IMG1" in stored
    assert b"canary-7f2" not in stored
