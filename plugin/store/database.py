"""The database behind the store: SQLite in a file, or PostgreSQL; how it is opened and kept up to date."""

from __future__ import annotations

import logging
import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import URL, Connection, Dialect, Insert, Table, create_engine, event, inspect, make_url, text
from sqlalchemy.dialects import sqlite
from sqlalchemy.engine import Engine
from sqlalchemy.engine.interfaces import DBAPIConnection, DBAPICursor
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.pool import ConnectionPoolEntry

from plugin.domain.content import ContentError
from plugin.store.audit import append
from plugin.store.tables import HEAD

SetUp = Callable[[DBAPIConnection, ConnectionPoolEntry], None]
_MIGRATIONS = Path(__file__).parent / "migrations"
_POSTGRESQL = "postgresql+psycopg"
_POOL_SIZE = 16
"""At least the threads of a worker; connections are opened as they are needed."""
_WAIT_SECONDS = 2
"""For a lock, for a statement and for a connection."""
_FOR_AN_ANSWER_SECONDS = 1
"""More than the way to a server and back."""
_WAIT_FOR_UPGRADE_SECONDS = 30
_UPGRADE_LOCK = 7_300_512
"""The key of PostgreSQL's advisory lock; any number that nothing else in the database uses."""


def open_database(url: str) -> Engine:
    """An engine on a schema that this version works with; what it commits is on disk.

    A SQLite file is made and upgraded where needed. PostgreSQL is upgraded by `spinal-cds db upgrade`. No
    connection is open when it returns, so that a server may fork its workers then. Raises ContentError in one
    line.
    """
    with _at_fault("cannot be opened"):
        engine = connect(url)
        try:
            _require_head(engine, url)
        finally:
            engine.dispose()
    return engine


def _require_head(engine: Engine, url: str) -> None:
    if revision_of(engine) == HEAD:
        return
    if engine.dialect.name != "sqlite":
        raise ContentError(
            f"SPINAL_CDS_DATABASE: the schema is not at revision {HEAD}; run `spinal-cds db upgrade`"
        )
    upgrade_database(url)


def existing_database(url: str, *, newer_will_do: bool = False) -> Engine:
    """As `open_database`, but makes no SQLite file where there is none.

    `newer_will_do`: also on the schema of a later version, as in the middle of an upgrade.
    """
    with _at_fault("cannot be opened"):
        parsed = _parsed(url)
        if parsed.get_backend_name() == "sqlite" and not Path(parsed.database or "").is_file():
            raise ContentError("SPINAL_CDS_DATABASE: there is no such file; nothing was stored yet")
        if newer_will_do:
            engine = connect(url)
            if (revision_of(engine) or "") > HEAD:
                return engine
            engine.dispose()
    return open_database(url)


def upgrade_database(url: str) -> None:
    """Brings the schema to HEAD, in one transaction and one process at a time. Raises ContentError."""
    # It notes its own import, among the lines of our log.
    logging.getLogger("alembic").setLevel(logging.WARNING)
    # It takes 0.2 s to import, which a start with nothing to upgrade does without.
    from alembic import command
    from alembic.config import Config
    from alembic.util import CommandError

    config = Config()
    config.set_main_option("script_location", str(_MIGRATIONS).replace("%", "%%"))
    with _at_fault("cannot be upgraded"):
        engine = connect(url, wait_seconds=_WAIT_FOR_UPGRADE_SECONDS)
        event.listen(engine, "begin", _lock_for_upgrade)
        try:
            with engine.begin() as connection:
                config.attributes["connection"] = connection
                before = _revision_on(connection)
                command.upgrade(config, "head")
                if before != HEAD:
                    append(connection, "migrated", "service", {"from": before, "to": HEAD})
        except CommandError as error:
            raise ContentError(
                f"SPINAL_CDS_DATABASE: the schema is newer than revision {HEAD} of this version"
            ) from error
        finally:
            engine.dispose()


def connect(url: str, *, durable: bool = True, wait_seconds: int = _WAIT_SECONDS) -> Engine:
    """An engine that does not look at the schema. Nothing in it waits longer than `wait_seconds`, or two
    seconds more where a server does not answer at all.

    Without `durable` a commit outlives the death of the process but perhaps not that of the machine, and each
    statement is a transaction of its own. Raises ContentError.
    """
    parsed = _parsed(url)
    options: dict[str, object] = {} if durable else {"isolation_level": "AUTOCOMMIT"}
    set_up: SetUp
    if parsed.get_backend_name() == "sqlite":
        Path(parsed.database or "").parent.mkdir(parents=True, exist_ok=True)
        set_up = _sqlite_set_up(durable, wait_seconds)
    else:
        options["pool_pre_ping"] = durable
        options["connect_args"] = {
            "connect_timeout": wait_seconds,
            "tcp_user_timeout": wait_seconds * 1000,
        }
        set_up = _postgresql_set_up(durable, wait_seconds)
    engine = create_engine(
        parsed,
        pool_size=_POOL_SIZE,
        max_overflow=0,
        pool_timeout=wait_seconds,
        hide_parameters=True,
        **options,
    )
    if engine.dialect.name == "postgresql":
        # Later than the server's own limit, after which the connection can still be used.
        event.listen(engine, "do_connect", _limited(wait_seconds + _FOR_AN_ANSWER_SECONDS))
    event.listen(engine, "connect", set_up)
    return engine


def insert_new(table: Table, engine: Engine) -> Insert:
    """An INSERT that skips the rows whose key exists."""
    if engine.dialect.name == "sqlite":
        return sqlite.insert(table).on_conflict_do_nothing()
    from sqlalchemy.dialects import postgresql

    return postgresql.insert(table).on_conflict_do_nothing()


def _parsed(url: str) -> URL:
    parsed = make_url(url)
    if parsed.drivername == "sqlite" and parsed.database not in (None, "", ":memory:"):
        return parsed
    if parsed.drivername == _POSTGRESQL:
        return parsed
    raise ContentError(f"SPINAL_CDS_DATABASE: sqlite:///FILE and {_POSTGRESQL}://… URLs are supported")


@contextmanager
def _at_fault(what: str) -> Iterator[None]:
    """The type of a failure only: its message may hold the URL, and that a password."""
    try:
        yield
    except (SQLAlchemyError, OSError) as error:
        raise ContentError(f"SPINAL_CDS_DATABASE: {what} ({type(error).__name__})") from error


def revision_of(engine: Engine) -> str | None:
    """None for a database that no migration has seen."""
    with engine.connect() as connection:
        return _revision_on(connection)


def _revision_on(connection: Connection) -> str | None:
    if not inspect(connection).has_table("alembic_version"):
        return None
    revision: str | None = connection.scalar(text("SELECT version_num FROM alembic_version"))
    return revision


def _lock_for_upgrade(connection: Connection) -> None:
    if connection.dialect.name == "sqlite":
        connection.exec_driver_sql("BEGIN IMMEDIATE")
    else:
        # A migration takes as long as it takes.
        connection.exec_driver_sql("SET LOCAL statement_timeout = 0")
        connection.connection.driver_connection.limit_seconds = None  # type: ignore[union-attr]
        connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({_UPGRADE_LOCK})")


def _sqlite_set_up(durable: bool, wait_seconds: int) -> SetUp:
    synchronous = "FULL" if durable else "NORMAL"

    def set_up(connection: DBAPIConnection, _: ConnectionPoolEntry) -> None:
        cursor = connection.cursor()
        cursor.execute(f"PRAGMA busy_timeout={wait_seconds * 1000}")
        _write_ahead(cursor, wait_seconds)
        cursor.execute(f"PRAGMA synchronous={synchronous}")
        cursor.close()

    return set_up


def _write_ahead(cursor: DBAPICursor, wait_seconds: int) -> None:
    """SQLite does not wait its turn where two processes switch a new file to WAL at the same moment."""
    until = time.monotonic() + wait_seconds
    while True:
        try:
            cursor.execute("PRAGMA journal_mode=WAL")
        except sqlite3.OperationalError:
            if time.monotonic() > until:
                raise
            time.sleep(0.01)
        else:
            return


def _limited(limit_seconds: int) -> Callable[[Dialect, Any, tuple[str, ...], dict[str, Any]], Any]:
    # Most sites have no PostgreSQL and need not load its client.
    from plugin.store.postgresql import LimitedConnection

    def open_limited(_: Dialect, __: Any, args: tuple[str, ...], options: dict[str, Any]) -> Any:
        connection = LimitedConnection.connect(*args, **options)
        connection.limit_seconds = limit_seconds
        return connection

    return open_limited


def _postgresql_set_up(durable: bool, wait_seconds: int) -> SetUp:
    synchronous = "on" if durable else "off"

    def set_up(connection: DBAPIConnection, _: ConnectionPoolEntry) -> None:
        cursor = connection.cursor()
        cursor.execute(f"SET synchronous_commit = {synchronous}")
        cursor.execute(f"SET statement_timeout = '{wait_seconds}s'")
        cursor.close()
        # What was set in a transaction that is rolled back would be forgotten.
        connection.commit()

    return set_up
