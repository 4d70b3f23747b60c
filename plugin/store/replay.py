"""Which tokens were used: each is good for one call, on whichever machine it arrives.

Of a token only a digest of issuer and id is kept, for a while longer than it is valid.
"""

from __future__ import annotations

import hashlib
import math
import time
from collections.abc import Callable
from contextlib import suppress
from itertools import count
from typing import TYPE_CHECKING

from sqlalchemy import Engine, bindparam, delete, select
from sqlalchemy.exc import SQLAlchemyError

from cds_hooks import ReplayStoreUnavailable
from plugin.domain.content import ContentError
from plugin.store.database import connect, insert_new, open_database
from plugin.store.tables import tokens_seen

if TYPE_CHECKING:
    from plugin.store.redis_replay import RedisReplayStore

KEPT_AFTER_EXPIRY_SECONDS = 300
"""More than any leeway given to a token, and than the clocks of two machines differ."""
_CLAIMS_PER_PURGE = 100
_PURGED_AT_ONCE = 400
WAIT_SECONDS = 1


def open_replay_store(database: str, replay_url: str | None) -> SqlReplayStore | RedisReplayStore:
    """In Redis if there is a URL of one, otherwise in the database. Raises ContentError."""
    if replay_url is None:
        open_database(database).dispose()
        return SqlReplayStore(connect(database, durable=False, wait_seconds=WAIT_SECONDS))
    # Most sites have no Redis and need not load its client.
    from plugin.store.redis_replay import RedisReplayStore

    try:
        return RedisReplayStore(replay_url)
    except ValueError as error:
        raise ContentError("SPINAL_CDS_REPLAY_URL: must be a redis:// or rediss:// URL") from error


class SqlReplayStore:
    """A row for each token; the key of the table decides who was first."""

    def __init__(self, engine: Engine, now: Callable[[], float] = time.time) -> None:
        """`engine` commits each statement by itself; `now` is in seconds since the epoch."""
        self._engine = engine
        self._now = now
        self._claims = count(1)
        self._insert = insert_new(tokens_seen, engine).execution_options(preserve_rowcount=True)
        expired = select(tokens_seen.c.token).where(tokens_seen.c.expires_at < bindparam("before"))
        self._purge = delete(tokens_seen).where(tokens_seen.c.token.in_(expired.limit(_PURGED_AT_ONCE)))

    def claim(self, issuer: str, jti: str, expires_at: float) -> bool:
        row = {"token": digest(issuer, jti), "expires_at": math.ceil(expires_at)}
        try:
            with self._engine.connect() as connection:
                is_first = connection.execute(self._insert, row).rowcount == 1
                if next(self._claims) % _CLAIMS_PER_PURGE == 0:
                    with suppress(SQLAlchemyError):
                        before = self._now() - KEPT_AFTER_EXPIRY_SECONDS
                        connection.execute(self._purge, {"before": before})
        except SQLAlchemyError as error:
            raise ReplayStoreUnavailable from error
        return is_first

    def close(self) -> None:
        self._engine.dispose()


def digest(issuer: str, jti: str) -> bytes:
    """The token's key: 32 bytes."""
    return hashlib.sha256(f"{len(issuer)} {issuer}{jti}".encode("utf-8", "surrogatepass")).digest()
