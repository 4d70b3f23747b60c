"""What is kept for how long, and its deletion, a few rows at a time so that nobody waits for it."""

from __future__ import annotations

import time
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta

from sqlalchemy import Delete, Engine, Table, Update, delete, select, tuple_, update
from sqlalchemy.sql.elements import ColumnElement

from plugin.store.audit import append, auditing
from plugin.store.replay import KEPT_AFTER_EXPIRY_SECONDS
from plugin.store.tables import cards_issued, feedback, tokens_seen

_ROWS_AT_ONCE = 500


@dataclass(frozen=True, slots=True)
class Purged:
    """How many rows were deleted; of comments, emptied."""

    comments: int
    feedback: int
    cards: int
    tokens: int


def purge(engine: Engine, *, comments_days: int, cards_days: int, actor: str) -> Purged:
    """Empties comments, and deletes issued cards with the feedback of that time, that are older than that.

    What was deleted is audited. Raises SQLAlchemyError; what was deleted until then stays deleted.
    """
    now = datetime.now(UTC)
    comments_before, cards_before = now - timedelta(days=comments_days), now - timedelta(days=cards_days)
    old_comments = (feedback.c.received_at < comments_before) & feedback.c.user_comment.is_not(None)
    expired = tokens_seen.c.expires_at < time.time() - KEPT_AFTER_EXPIRY_SECONDS
    purged = Purged(
        comments=_in_parts(engine, update(feedback).values(user_comment=None), feedback, old_comments),
        feedback=_in_parts(engine, delete(feedback), feedback, feedback.c.received_at < cards_before),
        cards=_in_parts(engine, delete(cards_issued), cards_issued, cards_issued.c.issued_at < cards_before),
        tokens=_in_parts(engine, delete(tokens_seen), tokens_seen, expired),
    )
    limits = {"comments_days": comments_days, "cards_days": cards_days}
    with auditing(engine) as connection:
        append(connection, "purged", actor, asdict(purged) | limits)
    if engine.dialect.name == "sqlite":
        # Otherwise what was deleted would stay in the write-ahead log until somebody overwrites it.
        with engine.connect() as connection:
            connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
    return purged


def _in_parts(engine: Engine, change: Update | Delete, table: Table, is_old: ColumnElement[bool]) -> int:
    """How many rows were changed, in transactions of a few each."""
    key = tuple_(*table.primary_key.columns)
    some = select(*table.primary_key.columns).where(is_old).limit(_ROWS_AT_ONCE)
    total = 0
    while True:
        with engine.begin() as connection:
            if engine.dialect.name == "sqlite":
                connection.exec_driver_sql("PRAGMA secure_delete=ON")
            changed = connection.execute(change.where(key.in_(some))).rowcount
        total += changed
        if changed == 0:
            return total
