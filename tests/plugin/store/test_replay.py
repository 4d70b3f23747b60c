"""A token is good for one call, however many claim it at the same moment, and for none without a store."""

from __future__ import annotations

import signal
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing

import pytest
from sqlalchemy import select

from cds_hooks import ReplayStore, ReplayStoreUnavailable
from plugin.domain.content import ContentError
from plugin.store import open_replay_store
from plugin.store.database import connect, upgrade_database
from plugin.store.replay import KEPT_AFTER_EXPIRY_SECONDS, SqlReplayStore
from plugin.store.tables import tokens_seen
from tests.database_servers import MissingProgramError, PostgresServer, locked, redis_server
from tests.forks import results

ISSUER = "https://ehr.example.org/fhir"
TOKENS = 40
PROCESSES = 8
LIMIT_SECONDS = 8
"""For a call that asks a store which does not answer."""


def soon() -> float:
    return time.time() + 300


@pytest.fixture(params=["sqlite", "postgresql", "redis"])
def place(request: pytest.FixtureRequest) -> tuple[str, str]:
    """The database and, or nothing, the Redis of a service."""
    if request.param == "redis":
        return request.getfixturevalue("sqlite_url"), request.getfixturevalue("redis_url")
    if request.param == "postgresql":
        server: PostgresServer = request.getfixturevalue("postgresql_server")
        return server.ready_database(), ""
    return request.getfixturevalue("sqlite_url"), ""


Open = Callable[[str, str | None], ReplayStore]


@pytest.fixture
def opened() -> Iterator[Open]:
    """Opens stores that are closed after the test."""
    with ExitStack() as stack:

        def open_store(database: str, replay_url: str | None) -> ReplayStore:
            return stack.enter_context(closing(open_replay_store(database, replay_url or None)))

        yield open_store


@pytest.fixture
def store(place: tuple[str, str], opened: Open) -> ReplayStore:
    return opened(*place)


def test_a_token_can_be_claimed_once(store: ReplayStore) -> None:
    assert [store.claim(ISSUER, "t-once", soon()) for _ in range(3)] == [True, False, False]


def test_tokens_of_different_ids_or_issuers_are_different(store: ReplayStore) -> None:
    claims = [
        (ISSUER, "t-a"),
        (ISSUER, "t-A"),
        (ISSUER, "t-b"),
        (f"{ISSUER}/", "t-a"),
        ("b", "c d"),
        ("b c", " d"),
    ]

    assert [store.claim(issuer, jti, soon()) for issuer, jti in claims] == [True] * len(claims)


def test_a_token_id_is_any_string(store: ReplayStore) -> None:
    for jti in ("", "x" * 100_000, "é\u202e\0'; DROP TABLE tokens_seen", "\ud800", "*"):
        assert [store.claim(ISSUER, jti, soon()) for _ in range(2)] == [True, False], jti[:50]


def test_a_token_just_expired_is_still_known(store: ReplayStore) -> None:
    expired = time.time() - 60

    assert [store.claim(ISSUER, "t-expired", expired) for _ in range(2)] == [True, False]


def test_another_store_in_the_same_place_knows_the_token_too(place: tuple[str, str], opened: Open) -> None:
    first, second = opened(*place), opened(*place)

    assert [first.claim(ISSUER, "t-2", soon()), second.claim(ISSUER, "t-2", soon())] == [True, False]


def claim_all(database: str, replay_url: str) -> list[int]:
    """For a process of its own: the numbers of the tokens that it got, claimed by four threads at once."""
    store = open_replay_store(database, replay_url or None)
    until = soon()

    def claim(number: int) -> bool:
        return store.claim(ISSUER, f"race-{number}", until)

    with ThreadPoolExecutor(4) as threads:
        claims = list(threads.map(claim, [number for number in range(TOKENS) for _ in range(4)]))
    store.close()
    return [index // 4 for index, is_first in enumerate(claims) if is_first]


def test_of_all_who_claim_a_token_at_the_same_moment_exactly_one_gets_it(place: tuple[str, str]) -> None:
    """Every token 32 times: by eight processes, four threads each."""
    claimed = results(claim_all, *place, processes=PROCESSES)

    assert sorted(number for numbers in claimed for number in numbers) == list(range(TOKENS))


def tokens(url: str) -> list[int]:
    """When the tokens that are kept expire."""
    engine = connect(url)
    with engine.connect() as connection:
        found = connection.execute(select(tokens_seen.c.expires_at).order_by(tokens_seen.c.expires_at))
        kept = list(found.scalars())
    engine.dispose()
    return kept


def test_tokens_long_expired_are_forgotten(url: str) -> None:
    engine = connect(url, durable=False)
    clock = [1_000.0]
    store = SqlReplayStore(engine, lambda: clock[0])
    for number in range(50):
        store.claim(ISSUER, f"early-{number}", 1_000)
    clock[0] = 1_001.0 + KEPT_AFTER_EXPIRY_SECONDS
    for number in range(150):
        store.claim(ISSUER, f"late-{number}", 9_000)

    assert tokens(url) == [9_000] * 150
    engine.dispose()


def test_a_locked_database_says_nothing_about_a_token(url: str, opened: Open) -> None:
    store = opened(url, None)
    with locked(url), pytest.raises(ReplayStoreUnavailable):
        store.claim(ISSUER, "t-locked", soon())

    assert store.claim(ISSUER, "t-locked", soon())


def test_a_postgresql_that_is_down_says_nothing_about_a_token(
    own_postgresql_server: PostgresServer, opened: Open
) -> None:
    store = opened(own_postgresql_server.ready_database(), None)
    assert store.claim(ISSUER, "t-1", soon())
    own_postgresql_server.stop()
    with pytest.raises(ReplayStoreUnavailable):
        store.claim(ISSUER, "t-2", soon())
    own_postgresql_server.start()

    assert [store.claim(ISSUER, token, soon()) for token in ("t-1", "t-2")] == [False, True]


def test_a_postgresql_that_hangs_says_nothing_about_a_token_and_holds_nobody(
    own_postgresql_server: PostgresServer, opened: Open
) -> None:
    store = opened(own_postgresql_server.ready_database(), None)
    assert store.claim(ISSUER, "t-1", soon())
    with own_postgresql_server.hanging():
        for _ in ("on the connection that is open", "on a new one"):
            began = time.monotonic()
            with pytest.raises(ReplayStoreUnavailable):
                store.claim(ISSUER, "t-2", soon())
            assert time.monotonic() - began < LIMIT_SECONDS

    assert [store.claim(ISSUER, token, soon()) for token in ("t-1", "t-3")] == [False, True]


def test_a_redis_that_is_down_or_hangs_says_nothing_about_a_token(sqlite_url: str, opened: Open) -> None:
    try:
        with redis_server() as (url, process):
            store = opened(sqlite_url, url)
            assert store.claim(ISSUER, "t-1", soon())
            process.send_signal(signal.SIGSTOP)
            with pytest.raises(ReplayStoreUnavailable):
                store.claim(ISSUER, "t-2", soon())
            process.send_signal(signal.SIGCONT)
    except MissingProgramError as missing:
        pytest.skip(str(missing))
    with pytest.raises(ReplayStoreUnavailable):
        store.claim(ISSUER, "t-3", soon())


@pytest.mark.parametrize("url", ["http://127.0.0.1/0", "redis.example.org", "redis://h:port/0"])
def test_what_is_no_redis_url_stops_the_start_and_names_the_setting(sqlite_url: str, url: str) -> None:
    with pytest.raises(ContentError, match="SPINAL_CDS_REPLAY_URL"):
        open_replay_store(sqlite_url, url)


def test_redis_is_loaded_only_where_it_is_used(sqlite_url: str) -> None:
    assert results(loaded, sqlite_url, processes=1) == [[]]


def loaded(url: str) -> list[str]:
    """For a process of its own: of the libraries that cost a start, those that opening the stores took."""
    upgrade_database(url)
    for name in [name for name in sys.modules if name.split(".")[0] == "alembic"]:
        del sys.modules[name]
    open_replay_store(url, None).close()
    return sorted({"redis", "alembic"} & set(sys.modules))
