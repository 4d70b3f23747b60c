"""A load client in a process of its own: bodies sent in turn over keep-alive connections.

Prints the latencies as JSON, one list of milliseconds. Standard library only, and nothing done between two
calls but giving the body a fresh hookInstance and the head its next token, so that the client is not what is
measured.
"""

from __future__ import annotations

import argparse
import gc
import json
import socket
import sys
import threading
import time
import uuid
from collections.abc import Iterator
from itertools import cycle, islice
from pathlib import Path

PATH = "/cds-services/spinal-injection-review"
_RECEIVED_AT_ONCE = 65536


class UnexpectedAnswerError(Exception):
    """The server did not answer 200 with a Content-Length, or hung up."""


class Call:
    """A request, whole and ready to be sent, but for its hookInstance and its token.

    `tokens` are used up one by one and must be of one length; None: the call has none.
    """

    def __init__(self, body: bytes, hook_instance: str, tokens: Iterator[bytes] | None = None) -> None:
        self._tokens = tokens
        first = None if tokens is None else next(tokens)
        bearer = "" if first is None else f"Authorization: Bearer {first.decode()}\r\n"
        head = (
            f"POST {PATH} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n"
            f"{bearer}Content-Length: {len(body)}\r\n\r\n"
        )
        at = head.index(" Bearer ") + len(" Bearer ") if first is not None else 0
        self._token = slice(at, at + len(first or b""))
        self._bytes = bytearray(head.encode() + body)
        start = self._bytes.index(hook_instance.encode())
        self._instance = slice(start, start + len(hook_instance))

    def fresh(self) -> bytearray:
        self._bytes[self._instance] = str(uuid.uuid4()).encode()
        if self._tokens is not None:
            self._bytes[self._token] = next(self._tokens)
        return self._bytes


def connect(port: int) -> socket.socket:
    connection = socket.create_connection(("127.0.0.1", port), timeout=60)
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return connection


def send(connection: socket.socket, call: Call) -> bytes:
    """The body of the answer. Raises UnexpectedAnswerError."""
    head, body = exchange(connection, call)
    if not head.startswith(b"http/1.1 200 "):
        raise UnexpectedAnswerError(head.partition(b"\r\n")[0].decode("latin-1"))
    return body


def exchange(connection: socket.socket, call: Call) -> tuple[bytes, bytes]:
    """Head, in lower case, and body of the answer. Raises UnexpectedAnswerError."""
    connection.sendall(call.fresh())
    received = bytearray()
    while (end := received.find(b"\r\n\r\n")) < 0:
        received += _some(connection)
    head = bytes(received[:end]).lower()
    _, found, length = head.partition(b"\r\ncontent-length:")
    if not found:
        raise UnexpectedAnswerError(head.partition(b"\r\n")[0].decode("latin-1"))
    whole = end + 4 + int(length.partition(b"\r\n")[0])
    while len(received) < whole:
        received += _some(connection)
    return head, bytes(received[end + 4 :])


def _some(connection: socket.socket) -> bytes:
    part = connection.recv(_RECEIVED_AT_ONCE)
    if not part:
        raise UnexpectedAnswerError("connection closed")
    return part


def _keep_calling(
    port: int, calls: Iterator[Call], until: float, latencies: list[float], failures: list[Exception]
) -> None:
    """Calls until the time is up or there are no more calls. One of it runs per connection."""
    try:
        with connect(port) as connection:
            for call in calls:
                started = time.perf_counter()
                if started >= until:
                    return
                send(connection, call)
                latencies.append((time.perf_counter() - started) * 1000)
    except (UnexpectedAnswerError, OSError) as failure:
        failures.append(failure)


def main() -> None:
    options = _options()
    bodies = {path: path.read_bytes() for path in options.body}
    latencies: list[float] = []
    failures: list[Exception] = []
    threads = []
    tokens = iter(options.tokens.read_bytes().split()) if options.tokens else None
    share = -(-options.calls // options.connections) if options.calls else None
    gc.disable()
    until = time.perf_counter() + options.seconds
    for number in range(options.connections):
        own = {path: Call(body, options.hook_instance, tokens) for path, body in bodies.items()}
        turns = islice(cycle(options.body), number, None if share is None else number + share)
        calls = (own[path] for path in turns)
        arguments = (options.port, calls, until, latencies, failures)
        threads.append(threading.Thread(target=_keep_calling, args=arguments))
    started = time.perf_counter()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if failures:
        sys.exit(f"load: {failures[0]}")
    print(json.dumps({"seconds": time.perf_counter() - started, "milliseconds": latencies}))


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--connections", type=int, default=1)
    parser.add_argument("--seconds", type=float, default=60.0, help="stop after this time")
    parser.add_argument("--calls", type=int, default=0, help="stop after this many calls; 0: no limit")
    parser.add_argument("--tokens", type=Path, help="one a line; as many as calls and bodies together")
    parser.add_argument("--hook-instance", required=True, help="as it stands in the bodies")
    parser.add_argument("body", type=Path, nargs="+", help="files, sent in turn; one may be named often")
    return parser.parse_args()


if __name__ == "__main__":
    main()
