"""The kill switch, as every instance sees it: whose calls are answered without cards."""

from __future__ import annotations

from datetime import UTC, datetime

from sqlalchemy import Connection, Engine, delete, insert, select

from plugin.store.audit import append, auditing
from plugin.store.tables import switched_off

EVERYBODY = "*"
"""No client has this id."""


def switched_off_clients(engine: Engine) -> frozenset[str]:
    """Ids, and EVERYBODY. Raises SQLAlchemyError."""
    with engine.connect() as connection:
        return frozenset(connection.scalars(select(switched_off.c.client)))


def switch_off(engine: Engine, client: str, actor: str, reason: str) -> None:
    """`client`: an id, or EVERYBODY. Raises SQLAlchemyError, and then nothing has changed."""
    with auditing(engine) as connection:
        _forget(connection, client)
        row = {"client": client, "reason": reason, "actor": actor, "since": datetime.now(UTC)}
        connection.execute(insert(switched_off), row)
        append(connection, "switched-off", actor, {"client": client, "reason": reason})


def switch_on(engine: Engine, client: str, actor: str, reason: str) -> bool:
    """Was it off? If it was not, nothing is noted. Raises SQLAlchemyError, and then nothing has changed."""
    with auditing(engine) as connection:
        was_off = _forget(connection, client)
        if was_off:
            append(connection, "switched-on", actor, {"client": client, "reason": reason})
        return was_off


def _forget(connection: Connection, client: str) -> bool:
    return connection.execute(delete(switched_off).where(switched_off.c.client == client)).rowcount > 0
