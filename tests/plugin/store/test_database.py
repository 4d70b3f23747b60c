"""The schema: what the migrations make is what the tables say, on both databases and from every start."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from setuptools import find_packages
from sqlalchemy import Engine, text

import plugin.store.migrations
from plugin.domain.content import ContentError
from plugin.store.database import connect, existing_database, open_database, upgrade_database
from plugin.store.tables import HEAD, metadata
from tests.database_servers import PostgresServer
from tests.forks import results
from tests.scenarios.scenario import ROOT

BEFORE_MIGRATIONS = """
CREATE TABLE cards_issued (
  card VARCHAR(36) NOT NULL, hook_instance VARCHAR(36) NOT NULL, hook VARCHAR(64) NOT NULL,
  topic VARCHAR(100) NOT NULL, indicator VARCHAR(8) NOT NULL, policy VARCHAR(120) NOT NULL,
  policy_hash VARCHAR(64) NOT NULL, issued_at DATETIME NOT NULL, PRIMARY KEY (card));
CREATE INDEX ix_cards_issued_hook_instance ON cards_issued (hook_instance);
INSERT INTO cards_issued VALUES
  ('c-1', 'i-1', 'order-sign', 'IMG1', 'warning', 'default@1', 'abc', '2026-11-20 12:00:00.000000');
"""


def differences(engine: Engine) -> list[object]:
    """What a migration would have to do to make the database what `tables` says."""
    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        return list(compare_metadata(context, metadata))


def set_revision(url: str, revision: str) -> None:
    engine = connect(url)
    with engine.begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = :revision"), {"revision": revision})
    engine.dispose()


def test_the_head_is_the_one_the_program_asks_for() -> None:
    folder = str(Path(plugin.store.migrations.__file__).parent)
    config = Config()
    config.set_main_option("script_location", folder)

    assert ScriptDirectory.from_config(config).get_heads() == [HEAD]


def test_the_migrations_are_installed_with_the_program() -> None:
    assert "plugin.store.migrations.versions" in find_packages(str(ROOT), include=["plugin*"])


def test_the_migrations_make_what_the_tables_say(empty_url: str) -> None:
    upgrade_database(empty_url)
    engine = open_database(empty_url)

    assert differences(engine) == []
    engine.dispose()


def test_a_difference_between_migrations_and_tables_would_show(url: str) -> None:
    engine = open_database(url)
    with engine.begin() as connection:
        connection.execute(text("ALTER TABLE feedback DROP COLUMN user_comment"))

    assert len(differences(engine)) == 1
    engine.dispose()


def test_an_upgrade_at_head_changes_nothing(url: str) -> None:
    upgrade_database(url)

    engine = open_database(url)
    assert differences(engine) == []
    engine.dispose()


def test_a_file_from_before_there_were_migrations_keeps_its_cards(tmp_path: Path) -> None:
    path = tmp_path / "store.sqlite3"
    with closing(sqlite3.connect(path)) as connection:
        connection.executescript(BEFORE_MIGRATIONS)

    engine = open_database(f"sqlite:///{path}")

    with engine.connect() as connection:
        [row] = connection.execute(text("SELECT card, client, service, topic, issued_at FROM cards_issued"))
    assert tuple(row) == (
        *("c-1", "development", "spinal-injection-review", "IMG1"),
        "2026-11-20 12:00:00.000000",
    )
    assert differences(engine) == []
    engine.dispose()


def test_a_postgresql_database_without_the_schema_is_refused_in_one_line(
    postgresql_server: PostgresServer,
) -> None:
    url = postgresql_server.empty_database()

    with pytest.raises(ContentError, match="run `spinal-cds db upgrade`") as raised:
        open_database(url)

    assert "\n" not in str(raised.value)
    upgrade_database(url)
    open_database(url).dispose()


def test_an_older_schema_is_upgraded_in_a_file_and_refused_in_postgresql(url: str) -> None:
    set_revision(url, "0001")

    if url.startswith("sqlite"):
        with pytest.raises(ContentError, match="cannot be upgraded"):
            open_database(url)
    else:
        with pytest.raises(ContentError, match="run `spinal-cds db upgrade`"):
            open_database(url)


def test_a_newer_schema_is_not_touched(url: str) -> None:
    set_revision(url, "9999")

    with pytest.raises(ContentError, match="SPINAL_CDS_DATABASE: the schema is"):
        open_database(url)
    with pytest.raises(ContentError, match="newer than revision"):
        upgrade_database(url)


@pytest.mark.parametrize(
    "url",
    [
        *(
            "postgresql://db.example.org/x",
            "postgresql+psycopg2://db.example.org/x",
            "mysql://x",
            "x",
            "",
        ),
        *("sqlite:////proc/none/x.sqlite3", "sqlite://", "sqlite:///:memory:"),
        "postgresql+psycopg://user:Secret-44@127.0.0.1:9/x",
    ],
)
def test_a_database_that_cannot_be_used_stops_the_start_and_names_the_setting(url: str) -> None:
    for use in (open_database, upgrade_database, existing_database):
        with pytest.raises(ContentError, match="SPINAL_CDS_DATABASE") as raised:
            use(url)

        assert "\n" not in str(raised.value)
        assert "Secret-44" not in str(raised.value)


def test_a_file_that_is_no_database_stops_the_start(tmp_path: Path) -> None:
    path = tmp_path / "notes.txt"
    path.write_text("This is no database. " * 100, encoding="utf-8")

    with pytest.raises(ContentError, match="SPINAL_CDS_DATABASE: cannot be opened"):
        open_database(f"sqlite:///{path}")


def test_a_file_that_does_not_exist_is_not_made_for_reading(sqlite_url: str) -> None:
    with pytest.raises(ContentError, match="no such file"):
        existing_database(sqlite_url)

    assert not Path(sqlite_url.removeprefix("sqlite:///")).exists()


def upgrade(url: str) -> str | None:
    """For a process of its own."""
    upgrade_database(url)
    engine = open_database(url)
    with engine.connect() as connection:
        revision: str | None = connection.scalar(text("SELECT version_num FROM alembic_version"))
    engine.dispose()
    return revision


def test_several_processes_may_start_on_one_new_database(empty_url: str) -> None:
    assert results(upgrade, empty_url, processes=8) == [HEAD] * 8

    engine = open_database(empty_url)
    assert differences(engine) == []
    engine.dispose()


def test_what_is_committed_is_on_disk(url: str) -> None:
    engine = open_database(url)
    with engine.connect() as connection:
        if url.startswith("sqlite"):
            full = 2
            assert connection.execute(text("PRAGMA synchronous")).scalar() == full
            assert connection.execute(text("PRAGMA journal_mode")).scalar() == "wal"
        else:
            assert connection.execute(text("SHOW synchronous_commit")).scalar() == "on"
    engine.dispose()
