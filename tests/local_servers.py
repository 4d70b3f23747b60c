"""Servers on this machine that answer every request by a script, and may misbehave on purpose."""

from __future__ import annotations

import socket
import socketserver
import struct
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import Any


@dataclass
class Exchange:
    """What a script may do with one request: see it, and write bytes."""

    path: str
    headers: dict[str, str]
    body: bytes
    write: Callable[[bytes], Any]
    stopped: threading.Event
    next_request: Callable[[], Any]
    """Waits for another one on the same connection."""
    abort: Callable[[], Any]
    """Resets the connection."""

    def answer(self, body: bytes, status: str = "200 OK", *headers: str) -> None:
        lines = [f"HTTP/1.1 {status}", f"Content-Length: {len(body)}", "Connection: close", *headers, "", ""]
        self.write("\r\n".join(lines).encode() + body)

    def drip(self, start: bytes, byte: bytes) -> None:
        """Writes `start` and then one byte after the other, until the client or the test ends it."""
        self.write(start)
        while not self.stopped.wait(0.02):
            self.write(byte)


Script = Callable[[Exchange], None]


@dataclass
class LocalServer:
    base: str
    seen: list[Exchange] = field(default_factory=list)


class _Server(socketserver.ThreadingTCPServer):
    request_queue_size = 128
    daemon_threads = True  # One may wait for ever for the next request of a connection that is kept alive.


@contextmanager
def local_servers() -> Iterator[Callable[[Script], LocalServer]]:
    """Starts a server that answers every request by the script it is given; all of them end on leaving."""
    stopped = threading.Event()
    running: list[_Server] = []

    def start(script: Script) -> LocalServer:
        local = LocalServer("")

        class Handler(socketserver.StreamRequestHandler):
            def handle(self) -> None:
                with suppress(OSError, ValueError):
                    exchange = Exchange(
                        *self._request(), self.wfile.write, stopped, self._request, self._abort
                    )
                    local.seen.append(exchange)
                    script(exchange)

            def _request(self) -> tuple[str, dict[str, str], bytes]:
                first = self.rfile.readline().decode()
                if not first:
                    raise ConnectionError("the client has hung up")
                path = first.split(" ")[1]
                headers = {}
                while line := self.rfile.readline().strip().decode():
                    name, _, value = line.partition(":")
                    headers[name.lower()] = value.strip()
                return path, headers, self.rfile.read(int(headers.get("content-length", 0)))

            def _abort(self) -> None:
                no_linger = struct.pack("ii", 1, 0)
                self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, no_linger)
                self.connection.close()

        server = _Server(("127.0.0.1", 0), Handler)
        running.append(server)
        threading.Thread(target=server.serve_forever, args=(0.02,)).start()
        local.base = f"http://127.0.0.1:{server.server_address[1]}/fhir"
        return local

    try:
        yield start
    finally:
        stopped.set()
        for server in running:
            server.shutdown()
            server.server_close()
