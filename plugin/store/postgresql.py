"""A connection to PostgreSQL that a server which accepts it, and then says nothing, cannot hold for ever.

Neither libpq nor the server has a limit for that: `statement_timeout` is kept by the server that hangs, and
`tcp_user_timeout` by a kernel that goes on answering for it.
"""

from __future__ import annotations

from typing import Any, TypeVar

import psycopg
from psycopg.abc import PQGen
from psycopg.pq import TransactionStatus

T = TypeVar("T")


class LimitedConnection(psycopg.Connection[Any]):
    """Each exchange with the server has a limit. After it the connection is closed."""

    limit_seconds: float | None = None

    def wait(self, gen: PQGen[T], interval: float = 0.1, timeout: float | None = None) -> T:
        """Raises OperationalError when the answer is not there in time."""
        try:
            return super().wait(gen, interval, self.limit_seconds if timeout is None else timeout)
        except psycopg.OperationalError:
            if self.pgconn.transaction_status == TransactionStatus.ACTIVE:
                self.pgconn.finish()
            raise
