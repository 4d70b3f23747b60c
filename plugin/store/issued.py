"""The cards issued, written beside the calls: a call never waits for the database.

A queue feeds one writer thread, which looks at it a few times a second. When the database cannot keep up or
is gone, entries are dropped and counted, and the calls go on being answered.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path

from sqlalchemy import Column, DateTime, MetaData, String, Table, create_engine, event, insert, make_url
from sqlalchemy.engine import Engine
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.pool import ConnectionPoolEntry

from plugin.domain.content import ContentError

_metadata = MetaData()
cards_issued = Table(
    "cards_issued",
    _metadata,
    Column("card", String(36), primary_key=True),
    Column("hook_instance", String(36), nullable=False, index=True),
    Column("hook", String(64), nullable=False),
    Column("topic", String(100), nullable=False),
    Column("indicator", String(8), nullable=False),
    Column("policy", String(120), nullable=False),
    Column("policy_hash", String(64), nullable=False),
    Column("issued_at", DateTime(timezone=True), nullable=False),
)
_CAPACITY = 10_000
_BATCH = 500
_INTERVAL_SECONDS = 0.25


@dataclass(frozen=True, slots=True)
class IssuedCard:
    card: str
    hook_instance: str
    hook: str
    topic: str
    indicator: str
    policy: str
    policy_hash: str
    issued_at: datetime


class Store:
    """Takes issued cards from any thread. Close it to have everything taken so far written."""

    def __init__(self, engine: Engine, on_loss: Callable[[int, str], None]) -> None:
        self._engine = engine
        self._on_loss = on_loss
        self._waiting: deque[IssuedCard] = deque()
        self._closing = threading.Event()
        self._writer = threading.Thread(target=self._write, name="store-writer", daemon=True)
        self._writer.start()

    def record(self, cards: Sequence[IssuedCard]) -> None:
        """Puts the cards in the queue; when it is full they are dropped and reported. Never waits."""
        if len(self._waiting) >= _CAPACITY:
            self._on_loss(len(cards), "queue-full")
        else:
            self._waiting.extend(cards)

    def close(self) -> None:
        self._closing.set()
        self._writer.join(timeout=5)
        self._engine.dispose()

    def _write(self) -> None:
        """Looks at the queue now and then, so that handing over a card wakes nobody up."""
        while not self._closing.wait(_INTERVAL_SECONDS):
            self._drain()
        self._drain()

    def _drain(self) -> None:
        while self._waiting:
            size = min(len(self._waiting), _BATCH)
            self._insert([self._waiting.popleft() for _ in range(size)])

    def _insert(self, batch: list[IssuedCard]) -> None:
        """One transaction. The same card twice (a call repeated with its hookInstance) is kept once."""
        rows = list({card.card: asdict(card) for card in batch}.values())
        try:
            with self._engine.begin() as connection:
                connection.execute(insert(cards_issued).prefix_with("OR IGNORE", dialect="sqlite"), rows)
        except SQLAlchemyError as error:
            self._on_loss(len(rows), type(error).__name__)


def open_store(url: str, on_loss: Callable[[int, str], None]) -> Store:
    """Creates the SQLite file and its tables where they are missing. Raises ContentError for a bad URL."""
    try:
        parsed = make_url(url)
        if parsed.get_backend_name() != "sqlite":
            raise ContentError("SPINAL_CDS_DATABASE: only sqlite:/// URLs are supported")
        if parsed.database and parsed.database != ":memory:":
            Path(parsed.database).parent.mkdir(parents=True, exist_ok=True)
        engine = create_engine(parsed)
        event.listen(engine, "connect", _set_up_sqlite)
        _metadata.create_all(engine)
    except (SQLAlchemyError, OSError) as error:
        raise ContentError(f"SPINAL_CDS_DATABASE: cannot be opened ({type(error).__name__})") from error
    return Store(engine, on_loss)


def _set_up_sqlite(connection: DBAPIConnection, _: ConnectionPoolEntry) -> None:
    cursor = connection.cursor()
    cursor.execute("PRAGMA journal_mode=WAL")
    cursor.execute("PRAGMA synchronous=NORMAL")
    cursor.execute("PRAGMA busy_timeout=2000")
    cursor.close()
