"""The cards issued, written beside the calls: a call never waits for the database.

A queue feeds one writer thread, which looks at it a few times a second. When the database cannot keep up or
is gone, entries are dropped and counted, and the calls go on being answered.
"""

from __future__ import annotations

import atexit
import threading
from collections import deque
from collections.abc import Callable, Sequence
from datetime import datetime
from operator import attrgetter
from typing import NamedTuple

from sqlalchemy.engine import Engine
from sqlalchemy.exc import SQLAlchemyError

from plugin.store.database import insert_new
from plugin.store.tables import cards_issued

_CAPACITY = 10_000
_BATCH = 500
_INTERVAL_SECONDS = 0.25
_KEY = attrgetter("card", "client")
"""The table's primary key."""


class IssuedCard(NamedTuple):
    """One row of the table, by the names of its columns."""

    card: str
    client: str
    service: str
    hook_instance: str
    hook: str
    topic: str
    indicator: str
    policy: str
    policy_hash: str
    issued_at: datetime
    silent: bool = False
    """Made for the record, and not shown."""


class IssuedCards:
    """Takes issued cards from any thread. Closed, or when the process ends, it writes what it took so far."""

    def __init__(self, engine: Engine, on_loss: Callable[[int, str], None]) -> None:
        self._engine = engine
        self._on_loss = on_loss
        self._waiting: deque[IssuedCard] = deque()
        self._closing = threading.Event()
        self._writer = threading.Thread(target=self._write, name="store-writer", daemon=True)
        self._writer.start()
        atexit.register(self.close)

    def record(self, cards: Sequence[IssuedCard]) -> None:
        """Puts the cards in the queue; when it is full they are dropped and reported. Never waits."""
        if len(self._waiting) >= _CAPACITY:
            self._on_loss(len(cards), "queue-full")
        else:
            self._waiting.extend(cards)

    def close(self) -> None:
        self._closing.set()
        self._writer.join(timeout=5)
        atexit.unregister(self.close)
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
        """One transaction. The same card twice (a call repeated with its hookInstance) is kept once.

        In the order of the key, so that two writers with the same cards cannot block each other.
        """
        rows = [card._asdict() for card in sorted(batch, key=_KEY)]
        try:
            with self._engine.begin() as connection:
                connection.execute(insert_new(cards_issued, self._engine), rows)
        except SQLAlchemyError as error:
            self._on_loss(len(rows), type(error).__name__)
