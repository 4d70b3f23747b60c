"""PostgreSQL and Redis from the system's packages, started on a free loopback port and ended afterwards."""

from __future__ import annotations

import os
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import Any

import psycopg

from plugin.store.database import connect, upgrade_database
from plugin.store.tables import metadata

_NUMBERS = count(1)
_SOON = 60


class MissingProgramError(Exception):
    """What is to be installed for this server to run."""


@dataclass
class PostgresServer:
    """A running server, or one that was killed and can be started again on the same data."""

    folder: Path
    port: int
    process: subprocess.Popen[bytes] | None = None

    def url(self, database: str) -> str:
        return f"postgresql+psycopg://postgres@127.0.0.1:{self.port}/{database}"

    def start(self) -> None:
        # What was written outlives the server without fsync too, as long as the machine is up.
        options = {"fsync": "off", "full_page_writes": "off", "unix_socket_directories": ""}
        options |= {"port": str(self.port), "listen_addresses": "127.0.0.1"}
        arguments = [f"--{name}={value}" for name, value in options.items()]
        with (self.folder / "log").open("ab") as log:
            self.process = subprocess.Popen(
                [_postgresql_program("postgres"), "-D", str(self.folder / "data"), *arguments],
                stdout=log,
                stderr=log,
                **_unprivileged(),
            )
        self._wait_until_it_answers()

    def _wait_until_it_answers(self) -> None:
        until = time.monotonic() + _SOON
        while True:
            try:
                self.execute("SELECT 1")
            except psycopg.OperationalError:
                if time.monotonic() > until or self.process is None or self.process.poll() is not None:
                    raise
                time.sleep(0.02)
            else:
                return

    def stop(self, how: signal.Signals = signal.SIGINT) -> None:
        """SIGINT ends it in order, SIGQUIT at once: the data are then recovered at the next start."""
        if self.process is not None:
            self.process.send_signal(how)
            self.process.wait(timeout=_SOON)
            self.process = None

    @contextmanager
    def hanging(self) -> Iterator[None]:
        """Connections are accepted, by the kernel, and nobody answers."""
        assert self.process is not None
        children = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children")
        os.kill(self.process.pid, signal.SIGSTOP)
        stopped = [int(pid) for pid in children.read_text().split()] + [self.process.pid]
        for pid in stopped:
            os.kill(pid, signal.SIGSTOP)
        try:
            yield
        finally:
            for pid in stopped:
                os.kill(pid, signal.SIGCONT)

    def execute(self, statement: str, database: str = "postgres") -> None:
        server = f"host=127.0.0.1 port={self.port} user=postgres connect_timeout=5"
        with psycopg.connect(f"{server} dbname={database}", autocommit=True) as connection:
            connection.execute(statement.encode())

    def empty_database(self) -> str:
        """The URL of a new database without any table."""
        return self._new("template0")

    def ready_database(self) -> str:
        """The URL of a new database with the current schema."""
        return self._new("ready")

    def make_template(self) -> None:
        self.execute("CREATE DATABASE ready")
        upgrade_database(self.url("ready"))

    def _new(self, template: str) -> str:
        name = f"test_{next(_NUMBERS)}"
        self.execute(f"CREATE DATABASE {name} TEMPLATE {template}")
        return self.url(name)


@contextmanager
def postgresql() -> Iterator[PostgresServer]:
    """A server with nothing in it. Raises MissingProgramError."""
    initdb = _postgresql_program("initdb")
    folder = Path(tempfile.mkdtemp(prefix="spinal-cds-postgresql-"))
    server = PostgresServer(folder, free_port())
    try:
        user = _unprivileged()
        if user:
            os.chown(folder, user["user"], user["group"])
        options = ["-U", "postgres", "-A", "trust", "-E", "UTF8", "--locale=C", "--no-sync"]
        subprocess.run(
            [initdb, "-D", str(folder / "data"), *options], check=True, stdout=subprocess.DEVNULL, **user
        )
        server.start()
        server.make_template()
        yield server
    finally:
        server.stop()
        shutil.rmtree(folder)


def _postgresql_program(name: str) -> str:
    """Debian keeps the server's programs off the path."""
    found = sorted(Path("/usr/lib/postgresql").glob(f"*/bin/{name}"))
    path = str(found[-1]) if found else shutil.which(name)
    if path is None:
        raise MissingProgramError(f"PostgreSQL's {name} is not installed (Debian: postgresql)")
    return path


def _unprivileged() -> dict[str, Any]:
    """PostgreSQL refuses to run as root; then it runs as its own user, or as nobody."""
    if os.geteuid() != 0:
        return {}
    known = {entry.pw_name: entry for entry in pwd.getpwall()}
    entry = known.get("postgres") or known["nobody"]
    return {"user": entry.pw_uid, "group": entry.pw_gid, "extra_groups": [], "cwd": "/"}


@contextmanager
def redis_server() -> Iterator[tuple[str, subprocess.Popen[bytes]]]:
    """URL and process of a server that keeps nothing on disk. Raises MissingProgramError."""
    path = shutil.which("redis-server")
    if path is None:
        raise MissingProgramError("redis-server is not installed (Debian: redis-server)")
    port = free_port()
    options = ["--port", str(port), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no"]
    process = subprocess.Popen([path, *options], stdout=subprocess.DEVNULL)
    try:
        _wait_for_port(port)
        yield f"redis://127.0.0.1:{port}/0", process
    finally:
        process.terminate()
        process.wait(timeout=_SOON)


@contextmanager
def locked(url: str) -> Iterator[None]:
    """Nobody else can write to the database (nor, in PostgreSQL, read it)."""
    engine = connect(url, durable=True)
    with engine.connect() as connection:
        if engine.dialect.name == "sqlite":
            connection.exec_driver_sql("BEGIN EXCLUSIVE")
        else:
            tables = ", ".join(metadata.tables)
            connection.exec_driver_sql(f"LOCK TABLE {tables} IN ACCESS EXCLUSIVE MODE")
        yield
        connection.rollback()
    engine.dispose()


def _wait_for_port(port: int) -> None:
    until = time.monotonic() + _SOON
    while True:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except OSError:
            if time.monotonic() > until:
                raise
            time.sleep(0.02)
        else:
            return


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
