"""A load client in a process of its own that calls at a set pace, whether or not the service keeps up.

Prints as JSON how often each status came, how many refusals named no Retry-After, and the latencies of what
was answered with 200. Where it runs out of connections it falls behind its pace.
"""

from __future__ import annotations

import argparse
import gc
import json
import socket
import sys
import threading
import time
from collections import Counter
from itertools import count
from pathlib import Path

from tests.benchmarks.load import Call, UnexpectedAnswerError, connect, exchange


class Pace:
    """The moments at which calls are due, handed out one by one to whoever is free."""

    def __init__(self, per_second: float, seconds: float) -> None:
        self._numbers = count()
        self._per_second = per_second
        self._start = time.perf_counter()
        self._until = self._start + seconds

    def next_due(self) -> float | None:
        due = self._start + next(self._numbers) / self._per_second
        return due if due < self._until else None


class Told:
    """What came back."""

    def __init__(self) -> None:
        self.statuses: Counter[str] = Counter()
        self.refused_without_retry_after = 0
        self.milliseconds: list[float] = []

    def take(self, head: bytes, seconds: float) -> None:
        status = head[9:12].decode()
        self.statuses[status] += 1
        if status == "200":
            self.milliseconds.append(seconds * 1000)
        elif b"\r\nretry-after:" not in head:
            self.refused_without_retry_after += 1


def _keep_calling(port: int, pace: Pace, call: Call, told: Told) -> None:
    connection: socket.socket | None = None
    while (due := pace.next_due()) is not None:
        wait = due - time.perf_counter()
        if wait > 0:
            time.sleep(wait)
        started = time.perf_counter()
        try:
            connection = connection or connect(port)
            head, _ = exchange(connection, call)
        except (UnexpectedAnswerError, OSError) as failure:
            told.statuses[type(failure).__name__] += 1
            connection = None
            continue
        told.take(head, time.perf_counter() - started)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--connections", type=int, required=True)
    parser.add_argument("--per-second", type=float, required=True)
    parser.add_argument("--seconds", type=float, required=True)
    parser.add_argument("--hook-instance", required=True, help="as it stands in the body")
    parser.add_argument("body", type=Path)
    options = parser.parse_args()
    told = Told()
    body = options.body.read_bytes()
    gc.disable()
    sys.setswitchinterval(0.001)
    pace = Pace(options.per_second, options.seconds)
    threads = [
        threading.Thread(
            target=_keep_calling, args=(options.port, pace, Call(body, options.hook_instance), told)
        )
        for _ in range(options.connections)
    ]
    started = time.perf_counter()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    print(json.dumps({"seconds": time.perf_counter() - started, **vars(told)}))


if __name__ == "__main__":
    main()
