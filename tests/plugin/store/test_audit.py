"""What was done is on record, in one order for all processes, and nothing of it can be changed unseen."""

from __future__ import annotations

import random
import subprocess
import sys
import threading
from collections.abc import Iterator
from typing import Any

import pytest
from sqlalchemy import Engine, text
from sqlalchemy.exc import DBAPIError

from plugin.store.audit import append, append_if_new, auditing, entries, first_broken_link
from plugin.store.database import open_database, upgrade_database
from plugin.store.tables import HEAD
from tests.forks import results
from tests.scenarios.scenario import ROOT
from tests.sizes import sized

KILLS = sized(100, 2)
"""For each of the two databases, of two processes each."""


@pytest.fixture
def engine(url: str) -> Iterator[Engine]:
    opened = open_database(url)
    yield opened
    opened.dispose()


def note(engine: Engine, event: str, **details: Any) -> None:
    with auditing(engine) as connection:
        append(connection, event, "somebody", details)


def said(engine: Engine) -> list[tuple[int, str, str]]:
    return [(entry.number, entry.event, entry.details) for entry in entries(engine)]


def tamper(engine: Engine, statement: str) -> None:
    """As who owns the database could: the triggers are in nobody's way who may drop them."""
    with engine.begin() as connection:
        if engine.dialect.name == "sqlite":
            for name in ("update", "delete"):
                connection.execute(text(f"DROP TRIGGER IF EXISTS audit_refuses_{name}"))
        else:
            connection.execute(text("ALTER TABLE audit DISABLE TRIGGER ALL"))
        connection.execute(text(statement))


def test_the_first_entry_is_the_migration(url: str, engine: Engine) -> None:
    assert said(engine) == [(1, "migrated", f'{{"from": null, "to": "{HEAD}"}}')]
    upgrade_database(url)
    assert len(said(engine)) == 1


def test_entries_are_numbered_and_chained(engine: Engine) -> None:
    note(engine, "purged", cards=3)
    note(engine, "exported", client="é")

    found = entries(engine)

    assert [(e.number, e.event, e.actor) for e in found[1:]] == [
        (2, "purged", "somebody"),
        (3, "exported", "somebody"),
    ]
    assert [entry.previous for entry in found] == ["", found[0].digest, found[1].digest]
    assert first_broken_link(found) is None


def test_what_is_still_the_same_is_not_said_again(engine: Engine) -> None:
    for policy in ("a", "a", "b", "a"):
        with auditing(engine) as connection:
            append_if_new(connection, "in-force", "service", {"policy": policy})

    assert [details for _, event, details in said(engine) if event == "in-force"] == [
        '{"policy": "a"}',
        '{"policy": "b"}',
        '{"policy": "a"}',
    ]


def test_a_transaction_that_fails_leaves_no_entry(engine: Engine) -> None:
    with pytest.raises(TypeError), auditing(engine) as connection:
        [append(connection, "purged", "somebody", {"what": what}) for what in ("cards", object())]

    assert len(said(engine)) == 1


@pytest.mark.parametrize("statement", ["UPDATE audit SET actor = 'x'", "DELETE FROM audit"])
def test_the_database_refuses_to_change_or_delete_an_entry(engine: Engine, statement: str) -> None:
    with pytest.raises(DBAPIError), engine.begin() as connection:
        connection.execute(text(statement))

    assert first_broken_link(entries(engine)) is None
    assert len(said(engine)) == 1


@pytest.mark.parametrize(
    ("statement", "number", "why"),
    [
        ("UPDATE audit SET actor = 'another' WHERE number = 3", 3, "was changed"),
        ("UPDATE audit SET details = '{}' WHERE number = 2", 2, "was changed"),
        ("UPDATE audit SET event = 'purged' WHERE number = 4", 4, "was changed"),
        ("UPDATE audit SET at = '2026-01-01 00:00:00' WHERE number = 2", 2, "was changed"),
        ("DELETE FROM audit WHERE number = 3", 3, "is missing"),
        ("DELETE FROM audit WHERE number < 3", 1, "is missing"),
        ("UPDATE audit SET number = 9 WHERE number = 3", 3, "is missing"),
        ("UPDATE audit SET digest = 'x' WHERE number = 3", 3, "was changed"),
        ("UPDATE audit SET previous = digest WHERE number = 3", 3, "does not follow the entry before it"),
    ],
)
def test_the_first_broken_link_is_named(engine: Engine, statement: str, number: int, why: str) -> None:
    for client in ("a", "b", "c"):
        note(engine, "switched-off", client=client)
    tamper(engine, statement)

    broken = first_broken_link(entries(engine))

    assert broken is not None
    assert (broken.number, broken.why) == (number, why)


def append_fifty(url: str) -> int:
    engine = open_database(url)
    for number in range(50):
        note(engine, "test", number=number)
    engine.dispose()
    return 50


def test_processes_that_append_at_the_same_moment_make_one_chain(url: str, engine: Engine) -> None:
    done = results(append_fifty, url, processes=4)

    assert len(said(engine)) == 1 + sum(done)
    assert first_broken_link(entries(engine)) is None


def test_processes_killed_at_any_moment_lose_nothing_they_told_and_break_no_link(
    url: str, engine: Engine
) -> None:
    told: list[str] = []
    for kill in range(KILLS):
        names = [f"{kill}-{side}" for side in "ab"]
        command = [sys.executable, "-m", "tests.plugin.store.appending", url]
        processes = [
            subprocess.Popen([*command, name], cwd=ROOT, stdout=subprocess.PIPE, text=True) for name in names
        ]
        for process in processes:
            assert process.stdout is not None
            told.append(process.stdout.readline().strip())
        threading.Event().wait(random.uniform(0, 0.1))
        for process in processes:
            process.kill()
            assert process.stdout is not None
            told += process.stdout.read().split("\n")[:-1]
            process.stdout.close()
            process.wait()

    kept = {f"{entry.actor} {entry.details.split(': ')[1].rstrip('}')}" for entry in entries(engine)}
    assert set(told) <= kept
    assert len(told) >= 2 * KILLS
    assert first_broken_link(entries(engine)) is None
