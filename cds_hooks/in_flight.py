"""How many calls are answered at once: what is refused at once can be sent elsewhere, what waits cannot."""

from collections.abc import Iterator
from contextlib import contextmanager
from threading import BoundedSemaphore


class InFlight:
    """The calls that this process is answering; `limit` of them may be at once."""

    def __init__(self, limit: int) -> None:
        self._slots = BoundedSemaphore(limit)

    @contextmanager
    def slot(self) -> Iterator[bool]:
        """Whether there is one; it is taken until the block ends. Never waits."""
        is_free = self._slots.acquire(blocking=False)
        try:
            yield is_free
        finally:
            if is_free:
                self._slots.release()
