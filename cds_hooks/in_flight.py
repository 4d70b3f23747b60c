"""How many calls are answered at once: what is refused at once can be sent elsewhere, what waits cannot."""

from collections.abc import Callable
from threading import BoundedSemaphore
from typing import TypeVar

Answer = TypeVar("Answer")


class InFlight:
    """The calls that this process is answering; `limit` of them may be at once.

    `on_change` is told 1 when one begins, a refused one as well, and -1 when it ends.
    """

    def __init__(self, limit: int, on_change: Callable[[int], object]) -> None:
        self._places = BoundedSemaphore(limit)
        self._on_change = on_change

    def run(self, answer: Callable[[bool], Answer]) -> Answer:
        """What `answer` returns, told whether there is a place: it is taken until then. Never waits."""
        self._on_change(1)
        is_free = self._places.acquire(blocking=False)
        try:
            return answer(is_free)
        finally:
            if is_free:
                self._places.release()
            self._on_change(-1)
