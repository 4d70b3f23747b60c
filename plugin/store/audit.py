"""What was done to the service: a log that is only added to, each row sealed with the digest of the last.

A row that was changed, taken out or put in breaks the chain where it stands. Rows cut off at the end cannot
show in the log itself: whoever must be sure of them keeps the last number and digest elsewhere.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime

from sqlalchemy import Connection, Engine, insert, select

from plugin.store.tables import audit

_APPEND_LOCK = 7_300_513
"""The key of PostgreSQL's advisory lock."""
Details = Mapping[str, object]


@dataclass(frozen=True, slots=True)
class Entry:
    """`details` is JSON with sorted keys; `previous` is empty for the first entry."""

    number: int
    at: datetime
    event: str
    actor: str
    details: str
    previous: str
    digest: str

    def is_sealed(self) -> bool:
        """Is the digest that of what the entry says?"""
        return self.digest == _digest(
            self.number, self.at, self.event, self.actor, self.details, self.previous
        )


@dataclass(frozen=True, slots=True)
class BrokenLink:
    number: int
    why: str


@contextmanager
def auditing(engine: Engine) -> Iterator[Connection]:
    """A transaction for `append`. Raises SQLAlchemyError."""
    with engine.begin() as connection:
        if engine.dialect.name == "sqlite":
            # A transaction that begins by reading could not write any more once another one has.
            connection.exec_driver_sql("BEGIN IMMEDIATE")
        yield connection


def append(connection: Connection, event: str, actor: str, details: Details) -> None:
    """Adds an entry, within `auditing`. `details`: JSON, without anything of a patient."""
    _take_turn(connection)
    last = connection.execute(select(audit).order_by(audit.c.number.desc()).limit(1)).one_or_none()
    number = 1 if last is None else last.number + 1
    at = datetime.now(UTC)
    previous = "" if last is None else last.digest
    text = _text(details)
    digest = _digest(number, at, event, actor, text, previous)
    entry = {"number": number, "at": at, "event": event, "actor": actor, "details": text}
    connection.execute(insert(audit), entry | {"previous": previous, "digest": digest})


def append_if_new(connection: Connection, event: str, actor: str, details: Details) -> None:
    """Adds an entry unless the last one of this event says the same."""
    _take_turn(connection)
    said = select(audit.c.details).where(audit.c.event == event).order_by(audit.c.number.desc()).limit(1)
    if connection.scalar(said) != _text(details):
        append(connection, event, actor, details)


def _take_turn(connection: Connection) -> None:
    """Until the transaction ends nobody else, in any process, appends."""
    if connection.dialect.name == "postgresql":
        connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({_APPEND_LOCK})")


def entries(engine: Engine) -> list[Entry]:
    """All of them, oldest first."""
    with engine.connect() as connection:
        return [Entry(*row) for row in connection.execute(select(audit).order_by(audit.c.number))]


def first_broken_link(entries: Iterable[Entry]) -> BrokenLink | None:
    """None when every entry is sealed, follows the one before, and none is missing between them."""
    expected, previous = 1, ""
    for entry in entries:
        if entry.number != expected:
            return BrokenLink(expected, "is missing")
        if entry.previous != previous:
            return BrokenLink(entry.number, "does not follow the entry before it")
        if not entry.is_sealed():
            return BrokenLink(entry.number, "was changed")
        expected, previous = expected + 1, entry.digest
    return None


def _digest(number: int, at: datetime, event: str, actor: str, details: str, previous: str) -> str:
    said = [number, at.astimezone(UTC).isoformat(), event, actor, details, previous]
    return hashlib.sha256(json.dumps(said).encode()).hexdigest()


def _text(details: Details) -> str:
    return json.dumps(details, sort_keys=True, ensure_ascii=False)
