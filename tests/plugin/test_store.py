"""What is kept of the cards issued, and that no call depends on it."""

from __future__ import annotations

import re
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from threading import Event

import pytest

from plugin.app import create_app
from plugin.domain.content import ContentError
from plugin.settings import Settings
from plugin.store import IssuedCard, Store, open_store
from tests.plugin.cards.service import SERVICE, TODAY, request_of

COLUMNS = ("card", "hook_instance", "hook", "topic", "indicator", "policy", "policy_hash", "issued_at")


class Losses:
    """Remembers what a store reports as lost."""

    def __init__(self) -> None:
        self.told: list[tuple[int, str]] = []

    def __call__(self, count: int, why: str) -> None:
        self.told.append((count, why))


@pytest.fixture
def losses() -> Losses:
    return Losses()


@pytest.fixture
def database(tmp_path: Path) -> Path:
    return tmp_path / "folder" / "store.sqlite3"


@pytest.fixture
def store(database: Path, losses: Losses) -> Iterator[Store]:
    opened = open_store(f"sqlite:///{database}", losses)
    yield opened
    opened.close()


def issued(card: str = "c-1", instance: str = "i-1") -> IssuedCard:
    return IssuedCard(
        card=card,
        hook_instance=instance,
        hook="order-sign",
        topic="IMG1",
        indicator="warning",
        policy="default@1.0.0",
        policy_hash="0123456789abcdef",
        issued_at=datetime(2026, 11, 20, 12, tzinfo=UTC),
    )


def rows(database: Path) -> list[dict[str, object]]:
    with closing(sqlite3.connect(database)) as connection:
        connection.row_factory = sqlite3.Row
        return [dict(row) for row in connection.execute("SELECT * FROM cards_issued ORDER BY card")]


def test_a_card_is_kept_with_its_call_and_its_policy(store: Store, database: Path) -> None:
    store.record([issued()])
    store.close()

    (row,) = rows(database)
    assert tuple(row) == COLUMNS
    assert row["card"] == "c-1"
    assert (row["topic"], row["indicator"]) == ("IMG1", "warning")
    assert (row["policy"], row["policy_hash"]) == ("default@1.0.0", "0123456789abcdef")
    assert str(row["issued_at"]).startswith("2026-11-20 12:00")


def test_the_same_card_twice_is_kept_once(store: Store, database: Path, losses: Losses) -> None:
    store.record([issued(), issued()])
    store.record([issued()])
    store.close()

    assert len(rows(database)) == 1
    assert losses.told == []


@pytest.mark.parametrize("count", [1, 499, 500, 501, 2500])
def test_every_card_taken_before_closing_is_written(
    store: Store, database: Path, losses: Losses, count: int
) -> None:
    for number in range(count):
        store.record([issued(f"c-{number}-a"), issued(f"c-{number}-b")])
    store.close()

    assert len(rows(database)) == 2 * count
    assert losses.told == []


def test_no_card_is_no_entry(store: Store, database: Path) -> None:
    store.record([])
    store.close()

    assert rows(database) == []


def test_a_store_is_opened_again_with_what_it_held(database: Path, losses: Losses) -> None:
    for card in ("c-1", "c-2"):
        store = open_store(f"sqlite:///{database}", losses)
        store.record([issued(card)])
        store.close()

    assert [row["card"] for row in rows(database)] == ["c-1", "c-2"]


def test_a_locked_database_loses_the_entries_and_says_so(
    store: Store, database: Path, losses: Losses
) -> None:
    with closing(sqlite3.connect(database, isolation_level=None)) as connection:
        connection.execute("BEGIN EXCLUSIVE")
        store.record([issued("c-1"), issued("c-2")])
        store.close()

    assert losses.told == [(2, "OperationalError")]
    assert rows(database) == []


@pytest.mark.parametrize(
    "url", ["postgresql://db.example.org/x", "mysql://x", "nonsense", "", "sqlite:////proc/none/x.sqlite3"]
)
def test_a_database_that_cannot_be_used_stops_the_start_and_names_the_setting(
    url: str, losses: Losses
) -> None:
    with pytest.raises(ContentError, match="SPINAL_CDS_DATABASE") as raised:
        open_store(url, losses)

    assert "\n" not in str(raised.value)


def test_a_file_that_is_no_database_stops_the_start(tmp_path: Path, losses: Losses) -> None:
    path = tmp_path / "notes.txt"
    path.write_text("This is no database. " * 100, encoding="utf-8")

    with pytest.raises(ContentError, match="SPINAL_CDS_DATABASE: cannot be opened"):
        open_store(f"sqlite:///{path}", losses)


def settings(database: Path) -> Settings:
    return Settings.model_validate({"today": TODAY, "database": f"sqlite:///{database}"})


def wait_for(database: Path, count: int) -> list[dict[str, object]]:
    """The rows, once there are `count` of them; as they are after five seconds otherwise."""
    for _ in range(500):
        found = rows(database)
        if len(found) >= count:
            return found
        Event().wait(0.01)
    return rows(database)


def test_the_service_notes_each_card_it_issues(database: Path) -> None:
    client = create_app(settings(database)).test_client()
    request = request_of("demo-no-mri-14-days")

    answer = client.post(SERVICE, json=request).get_json()["cards"]

    kept = wait_for(database, len(answer))
    assert {row["card"] for row in kept} == {card["uuid"] for card in answer}
    assert {row["hook_instance"] for row in kept} == {request["hookInstance"]}
    assert {row["topic"] for row in kept} == {"IMG1", "CC1"}
    assert {row["hook"] for row in kept} == {request["hook"]}
    assert all(re.fullmatch(r"[0-9a-f]{16}", str(row["policy_hash"])) for row in kept)


def test_a_call_repeated_with_its_hook_instance_is_noted_once(database: Path) -> None:
    client = create_app(settings(database)).test_client()
    for name in ("025", "025", "025", "045"):
        client.post(SERVICE, json=request_of(name))

    kept = wait_for(database, 2)

    assert sorted(str(row["topic"]) for row in kept) == ["CC1", "IMG1"]


def test_a_silent_answer_is_not_noted(database: Path) -> None:
    client = create_app(settings(database)).test_client()
    client.post(SERVICE, json=request_of("138"))
    client.post(SERVICE, json=request_of("025"))

    assert [row["topic"] for row in wait_for(database, 1)] == ["IMG1"]


def test_calls_are_answered_when_the_folder_of_the_database_is_gone(database: Path) -> None:
    client = create_app(settings(database)).test_client()
    before = client.post(SERVICE, json=request_of("025"))
    shutil.rmtree(database.parent)

    after = [client.post(SERVICE, json=request_of("025")) for _ in range(3)]

    assert [answer.status_code for answer in after] == [200, 200, 200]
    assert {answer.data for answer in after} == {before.data}


def test_calls_are_answered_while_the_database_is_locked(database: Path) -> None:
    client = create_app(settings(database)).test_client()

    with closing(sqlite3.connect(database, isolation_level=None)) as connection:
        connection.execute("BEGIN EXCLUSIVE")
        answers = [client.post(SERVICE, json=request_of("025")) for _ in range(5)]

    assert [answer.status_code for answer in answers] == [200] * 5
