"""Servers that misbehave on purpose, on this machine."""

import socketserver
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

import pytest
import responses


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

    def answer(self, body: bytes, status: str = "200 OK", *headers: str) -> None:
        lines = [f"HTTP/1.1 {status}", f"Content-Length: {len(body)}", "Connection: close", *headers, "", ""]
        self.write("\r\n".join(lines).encode() + body)

    def drip(self, start: bytes, byte: bytes) -> None:
        """Writes `start` and then one byte after the other, until the client or the test ends it."""
        self.write(start)
        while not self.stopped.wait(0.02):
            self.write(byte)


@pytest.fixture
def ehr() -> Iterator[responses.RequestsMock]:
    """Answers in place of every server."""
    with responses.RequestsMock(assert_all_requests_are_fired=False) as mock:
        yield mock


Script = Callable[[Exchange], None]


@dataclass
class LocalServer:
    base: str
    seen: list[Exchange] = field(default_factory=list)


@pytest.fixture
def serve() -> Iterator[Callable[[Script], LocalServer]]:
    """Starts a server that answers every request by the script it is given."""
    stopped = threading.Event()
    running: list[socketserver.ThreadingTCPServer] = []

    def start(script: Script) -> LocalServer:
        local = LocalServer("")

        class Handler(socketserver.StreamRequestHandler):
            def handle(self) -> None:
                with suppress(OSError):
                    exchange = Exchange(*self._request(), self.wfile.write, stopped, self._request)
                    local.seen.append(exchange)
                    script(exchange)

            def _request(self) -> tuple[str, dict[str, str], bytes]:
                path = self.rfile.readline().decode().split(" ")[1]
                headers = {}
                while line := self.rfile.readline().strip().decode():
                    name, _, value = line.partition(":")
                    headers[name.lower()] = value.strip()
                return path, headers, self.rfile.read(int(headers.get("content-length", 0)))

        server = socketserver.ThreadingTCPServer(("127.0.0.1", 0), Handler)
        running.append(server)
        threading.Thread(target=server.serve_forever, args=(0.02,)).start()
        local.base = f"http://127.0.0.1:{server.server_address[1]}/fhir"
        return local

    yield start
    stopped.set()
    for server in running:
        server.shutdown()
        server.server_close()
