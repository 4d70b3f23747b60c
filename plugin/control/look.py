"""One thing that is looked at again and again, and whether it could be read."""

from __future__ import annotations

import time
from collections.abc import Callable

Faults = tuple[str, ...]


class Look:
    """Nothing that goes wrong in a look keeps the next one from being taken."""

    def __init__(self, name: str, look: Callable[[], Faults]) -> None:
        self.faults: Faults = ()
        self._name = name
        self._look = look
        self._ended_at = time.monotonic()

    @property
    def age_seconds(self) -> float:
        """Since the last look ended, whatever was found."""
        return time.monotonic() - self._ended_at

    def again(self) -> bool:
        """Is there other news than the last time about what is at fault?"""
        before = self.faults
        try:
            self.faults = self._look()
        except Exception as error:
            self.faults = (f"{self._name}: cannot be read ({type(error).__name__})",)
        self._ended_at = time.monotonic()
        return self.faults != before
