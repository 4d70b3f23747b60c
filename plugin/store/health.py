"""Can the store be used? Asked of the database itself, which may take as long as its connections wait."""

from __future__ import annotations

import secrets

from sqlalchemy import delete, insert
from sqlalchemy.engine import Engine
from sqlalchemy.exc import SQLAlchemyError

from plugin.store.database import revision_of
from plugin.store.tables import HEAD, tokens_seen

_DIGEST_BYTES = 32


def is_writable(engine: Engine) -> bool:
    """Writes a row and takes it away again: a file that is locked or read-only, and a full disk, show."""
    token = secrets.token_bytes(_DIGEST_BYTES)
    try:
        with engine.begin() as connection:
            connection.execute(insert(tokens_seen), {"token": token, "expires_at": 0})
            connection.execute(delete(tokens_seen).where(tokens_seen.c.token == token))
    except SQLAlchemyError:
        return False
    return True


def is_at_head(engine: Engine) -> bool | None:
    """Is no migration pending? None when it cannot be told.

    A newer schema will do: that is what the instances still to be replaced see during an upgrade.
    """
    try:
        revision = revision_of(engine)
    except SQLAlchemyError:
        return None
    return revision is not None and revision >= HEAD
