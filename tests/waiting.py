"""Waiting for what happens beside the test."""

from __future__ import annotations

import time
from collections.abc import Callable

SOON_SECONDS = 30


def wait_until(is_so: Callable[[], bool]) -> None:
    """Fails when it is not so in half a minute."""
    until = time.monotonic() + SOON_SECONDS
    while not is_so():
        assert time.monotonic() < until
        time.sleep(0.05)
