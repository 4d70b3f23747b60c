"""How often one caller may call."""

import time
from math import ceil

from limits import RateLimitItem, parse
from limits.storage import MemoryStorage
from limits.strategies import FixedWindowRateLimiter

from cds_hooks.errors import TooManyRequests


class RateLimit:
    """Counts calls within this process. `rate` is like `6000/minute`; raises ValueError for other texts."""

    def __init__(self, rate: str) -> None:
        self._rate: RateLimitItem = parse(rate)
        self._limiter = FixedWindowRateLimiter(MemoryStorage())

    def count(self, caller: str) -> None:
        """One more call. Raises TooManyRequests when it is one too many."""
        if self._limiter.hit(self._rate, caller):
            return
        reset_at = self._limiter.get_window_stats(self._rate, caller).reset_time
        raise TooManyRequests(max(1, ceil(reset_at - time.time())))
