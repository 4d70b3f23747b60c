"""The databases that the store runs on: each test gets one of its own."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from plugin.store.database import upgrade_database
from tests.database_servers import MissingProgramError, PostgresServer, postgresql, redis_server


@pytest.fixture(scope="session")
def postgresql_server() -> Iterator[PostgresServer]:
    yield from _running_postgresql()


@pytest.fixture
def own_postgresql_server() -> Iterator[PostgresServer]:
    """A server of the test's own, to be stopped and started."""
    yield from _running_postgresql()


def _running_postgresql() -> Iterator[PostgresServer]:
    try:
        with postgresql() as server:
            yield server
    except MissingProgramError as missing:
        pytest.skip(str(missing))


@pytest.fixture(scope="session")
def redis_url() -> Iterator[str]:
    try:
        with redis_server() as (url, _):
            yield url
    except MissingProgramError as missing:
        pytest.skip(str(missing))


@pytest.fixture
def sqlite_url(tmp_path: Path) -> str:
    """A file that does not exist yet, in a folder that does not either."""
    return f"sqlite:///{tmp_path}/folder/store.sqlite3"


@pytest.fixture(params=["sqlite", "postgresql"])
def empty_url(request: pytest.FixtureRequest) -> str:
    if request.param == "sqlite":
        url: str = request.getfixturevalue("sqlite_url")
        return url
    server: PostgresServer = request.getfixturevalue("postgresql_server")
    return server.empty_database()


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest) -> str:
    """A database with the current schema."""
    if request.param == "sqlite":
        sqlite: str = request.getfixturevalue("sqlite_url")
        upgrade_database(sqlite)
        return sqlite
    server: PostgresServer = request.getfixturevalue("postgresql_server")
    return server.ready_database()
