"""Which tokens were used, noted in Redis."""

from __future__ import annotations

import math

from redis import Redis
from redis.backoff import NoBackoff
from redis.exceptions import RedisError
from redis.retry import Retry

from cds_hooks import ReplayStoreUnavailable
from plugin.store.replay import KEPT_AFTER_EXPIRY_SECONDS, WAIT_SECONDS, digest


class RedisReplayStore:
    """A key for each token, which expires. Redis must not evict it before (`maxmemory-policy noeviction`)."""

    def __init__(self, url: str) -> None:
        """Does not connect yet. Raises ValueError for a URL that is none of Redis."""
        # A command sent twice would find its own first try and refuse a token that is good.
        self._redis: Redis = Redis.from_url(
            url,
            socket_timeout=WAIT_SECONDS,
            socket_connect_timeout=WAIT_SECONDS,
            retry=Retry(NoBackoff(), 0),
        )

    def claim(self, issuer: str, jti: str, expires_at: float) -> bool:
        key = b"spinal-cds:token:" + digest(issuer, jti)
        until = math.ceil((expires_at + KEPT_AFTER_EXPIRY_SECONDS) * 1000)
        try:
            return bool(self._redis.set(key, b"", nx=True, pxat=until))
        except RedisError as error:
            raise ReplayStoreUnavailable from error

    def close(self) -> None:
        self._redis.close()
