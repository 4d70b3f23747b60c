"""T03: bodies too large, without length, or with a false one."""

from __future__ import annotations

import json
import re
import socket
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from tests.hostile.conftest import tell
from tests.hostile.watch import FEEDBACK, is_failure
from tests.plugin.cards.service import SERVICE, request_of
from tests.plugin.test_cli_serve import Program, environment_for, free_port
from tests.sizes import sized

CAP = 2 * 1024 * 1024
MAX_GROWTH_KB = 5 * 1024
MAX_HELD_KB = 16 * 1024
"""What the web server may hold of one body while it takes it in."""
CALL = json.dumps(request_of("025")).encode()


@dataclass
class Server:
    """`spinal-cds serve` as a process of its own, spoken to in raw bytes."""

    port: int
    process_id: int
    statuses: Counter[int] = field(default_factory=Counter)
    milliseconds: list[float] = field(default_factory=list)

    def send(self, head: str, *parts: bytes, path: str = SERVICE) -> int | None:
        """The status of the answer; None when the server hung up without one. `parts` are the body."""
        started = time.perf_counter()
        with socket.create_connection(("127.0.0.1", self.port), timeout=30) as connection:
            lines = [f"POST {path} HTTP/1.1", "Host: localhost", "Content-Type: application/json", head]
            try:
                connection.sendall("\r\n".join([*lines, "Connection: close", "", ""]).encode())
                for part in parts:
                    connection.sendall(part)
                connection.shutdown(socket.SHUT_WR)
            except OSError:
                pass  # Refused before everything was sent: the answer may already be there.
            answer = self._answer(connection)
        status = int(answer.split(b" ", 2)[1]) if answer else None
        self.milliseconds.append((time.perf_counter() - started) * 1000)
        self.statuses[status or 0] += 1
        return status

    @staticmethod
    def _answer(connection: socket.socket) -> bytes:
        received = b""
        try:
            while part := connection.recv(65536):
                received += part
        except OSError:
            pass
        return received

    def memory_kb(self) -> tuple[int, int]:
        """Resident now, and at the highest so far."""
        status = Path(f"/proc/{self.process_id}/status").read_text(encoding="ascii")
        return tuple(int(re.search(rf"{name}:\s+(\d+)", status)[1]) for name in ("VmRSS", "VmHWM"))  # type: ignore


@pytest.fixture(scope="module")
def program(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[int, int]]:
    if not Path("/proc/self/status").exists():
        pytest.skip("memory is read from /proc, which this system does not have")
    port = free_port()
    folder = tmp_path_factory.mktemp("oversize")
    quiet = {"SPINAL_CDS_LOG_LEVEL": "ERROR"}
    running = Program(("serve", "--port", str(port)), environment_for(folder) | quiet)
    running.until("Listening on")
    yield port, running.process.pid
    running.process.kill()
    running.process.communicate()


@pytest.fixture
def server(program: tuple[int, int], request: pytest.FixtureRequest) -> Iterator[Server]:
    """Still there in the end, without a failure, and answering."""
    port, process_id = program
    served = Server(port, process_id)
    yield served
    tell(request, served.statuses, served.milliseconds)
    assert not any(is_failure(status) for status in served.statuses)
    assert served.send(f"Content-Length: {len(CALL)}", CALL) == 200


def chunked(total: int, size: int = 64 * 1024) -> Iterator[bytes]:
    for _ in range(total // size):
        yield b"%x\r\n%s\r\n" % (size, b"x" * size)
    if rest := total % size:
        yield b"%x\r\n%s\r\n" % (rest, b"x" * rest)
    yield b"0\r\n\r\n"


@pytest.mark.parametrize("path", [SERVICE, FEEDBACK])
def test_bodies_over_the_cap_are_refused_and_leave_no_memory_behind(path: str, server: Server) -> None:
    padding = b"x" * (CAP + 1)

    def refuse(times: int) -> None:
        for _ in range(times):
            assert server.send(f"Content-Length: {len(padding)}", padding, path=path) == 413
            assert server.send("Transfer-Encoding: chunked", *chunked(CAP + 1), path=path) == 413

    refuse(5)
    before, _ = server.memory_kb()
    refuse(sized(1000, 20))
    after, _ = server.memory_kb()

    assert after - before < MAX_GROWTH_KB


@pytest.mark.parametrize("megabytes", [32, sized(256, 48)])
def test_a_body_of_many_megabytes_is_never_held_whole(megabytes: int, server: Server) -> None:
    assert server.send("Transfer-Encoding: chunked", *chunked(CAP + 1)) == 413
    _, highest = server.memory_kb()

    status = server.send("Transfer-Encoding: chunked", *chunked(megabytes * 1024 * 1024))

    _, then = server.memory_kb()
    assert status in (413, None)
    assert then - highest < MAX_HELD_KB


def test_too_many_entries_of_feedback_are_refused_and_leave_no_memory_behind(server: Server) -> None:
    """They are decoded before they are counted; what each thread needs for that, it keeps for the next."""
    entry = {"card": "c1", "outcome": "overridden", "outcomeTimestamp": "2026-11-20T09:30:00Z"}
    body = json.dumps({"feedback": [entry] * 10_000}).encode()

    def refuse(times: int) -> None:
        for _ in range(times):
            assert server.send(f"Content-Length: {len(body)}", body, path=FEEDBACK) == 413

    refuse(20)
    before, _ = server.memory_kb()
    refuse(sized(500, 40))
    after, _ = server.memory_kb()

    assert after - before < MAX_HELD_KB < 40 * len(body) // 1024


@pytest.mark.parametrize(
    ("length", "statuses"),
    [
        (str(len(CALL) + 1), {None, 400}),
        (str(CAP), {None, 400}),
        (str(10**12), {413}),
        (str(10**40), {400, 413}),
        (str(len(CALL) - 1), {400}),
        ("0", {400}),
        ("-1", {400}),
        ("+5", {400}),
        ("0x10", {400}),
        ("1e3", {400}),
        ("5, 5", {400}),
        ("", {400}),
        ("x", {400}),
    ],
)
def test_a_false_length_is_refused_or_the_caller_left_alone(
    length: str, statuses: set[int | None], server: Server
) -> None:
    for _ in range(sized(50, 3)):
        assert server.send(f"Content-Length: {length}", CALL) in statuses


@pytest.mark.parametrize(
    ("head", "body"),
    [
        (f"Content-Length: {len(CALL)}\r\nContent-Length: 5", CALL),
        (f"Content-Length: {len(CALL)}\r\nTransfer-Encoding: chunked", CALL),
        ("Transfer-Encoding: chunked", b"zz\r\nx\r\n0\r\n\r\n"),
        ("Transfer-Encoding: chunked", b"-5\r\nx\r\n0\r\n\r\n"),
        ("Transfer-Encoding: chunked", b"ffffffffffffffffff\r\nx\r\n0\r\n\r\n"),
        ("Transfer-Encoding: chunked", b"5\r\nxxxxxxxxxx\r\n0\r\n\r\n"),
        ("Transfer-Encoding: gzip, chunked", b"0\r\n\r\n"),
        ("Transfer-Encoding: identity", CALL),
        ("Transfer-Encoding: \x0bchunked", b"0\r\n\r\n"),
        ("X-Long: " + "x" * 300_000, CALL),
        ("X\x00Y: 1", CALL),
        (": nameless", CALL),
    ],
    ids=range(12),
)
def test_framing_that_contradicts_itself_is_refused(head: str, body: bytes, server: Server) -> None:
    for _ in range(sized(50, 3)):
        status = server.send(head, body)
        assert status is None or 400 <= status < 500 or status == 501
