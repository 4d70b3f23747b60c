"""One circuit breaker per FHIR base: a server that does not answer is left alone for a while."""

import threading
import time
from collections import OrderedDict
from collections.abc import Mapping
from typing import Literal

from cds_hooks.allowed_bases import BaseUrl

BreakerState = Literal["closed", "open", "half-open"]


class Breaker:
    """Closed until `fail_max` calls in a row had no answer, then open for `reset_seconds`.

    After that one call is let through to try (half-open), and what becomes of it decides.
    """

    def __init__(self, fail_max: int, reset_seconds: float) -> None:
        self._fail_max = fail_max
        self._reset_seconds = reset_seconds
        self._lock = threading.Lock()
        self._state: BreakerState = "closed"
        self._failures = 0
        self._opened_at = 0.0

    @property
    def state(self) -> BreakerState:
        return self._state

    def admits(self) -> bool:
        """May the server be asked? Whoever is told so must `report`."""
        with self._lock:
            if self._state == "closed":
                return True
            if self._state == "half-open" or time.monotonic() - self._opened_at < self._reset_seconds:
                return False
            self._state = "half-open"
            return True

    def report(self, *, is_answering: bool) -> None:
        """What became of a call that was admitted."""
        with self._lock:
            if self._state == "open":
                # The call began before the breaker opened, and changes nothing any more.
                return
            self._failures = 0 if is_answering else self._failures + 1
            if is_answering:
                self._state = "closed"
            elif self._state == "half-open" or self._failures >= self._fail_max:
                self._state = "open"
                self._opened_at = time.monotonic()


class Breakers:
    """The breakers of a process, `capacity` at most: the base that was not asked for longest is forgotten."""

    def __init__(self, *, fail_max: int = 5, reset_seconds: float = 10.0, capacity: int = 256) -> None:
        self._fail_max = fail_max
        self._reset_seconds = reset_seconds
        self._capacity = capacity
        self._breakers: OrderedDict[BaseUrl, Breaker] = OrderedDict()
        self._lock = threading.Lock()

    @property
    def states(self) -> Mapping[str, BreakerState]:
        """By base URL, with port and without a trailing slash; bases that were asked lately."""
        with self._lock:
            return {base.url: breaker.state for base, breaker in self._breakers.items()}

    def of(self, base: BaseUrl) -> Breaker:
        with self._lock:
            breaker = self._breakers.setdefault(base, Breaker(self._fail_max, self._reset_seconds))
            self._breakers.move_to_end(base)
            if len(self._breakers) > self._capacity:
                self._breakers.popitem(last=False)
            return breaker
