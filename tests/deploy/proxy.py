"""nginx with the configuration that is shipped, but for the addresses, on free loopback ports."""

from __future__ import annotations

import os
import re
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.database_servers import MissingProgramError, free_port
from tests.deploy.certificates import write_certificate
from tests.scenarios.scenario import ROOT

SHIPPED = ROOT / "deploy" / "nginx"
SOON = 30


@dataclass(frozen=True, slots=True)
class Proxy:
    port: int
    probe_port: int
    folder: Path

    @property
    def url(self) -> str:
        return f"https://127.0.0.1:{self.port}"

    @property
    def certificate(self) -> str:
        """What clients are to trust."""
        return str(self.folder / "tls" / "tls.crt")

    def log(self) -> str:
        return (self.folder / "nginx.log").read_text(encoding="utf-8")


@contextmanager
def proxy(folder: Path, *upstream_ports: int, with_mtls: bool = False) -> Iterator[Proxy]:
    """Raises MissingProgramError."""
    program = shutil.which("nginx", path="/usr/sbin:/usr/bin:/usr/local/sbin:/usr/local/bin")
    if program is None:
        raise MissingProgramError("nginx is not installed (Debian: nginx-light)")
    port, probe_port = free_port(), free_port()
    _lay_out(folder, port, probe_port, upstream_ports, with_mtls)
    log = folder / "nginx.log"
    # As root, nginx would have workers that may not look into a test's folder.
    directives = "daemon off;" + (" user root;" if os.geteuid() == 0 else "")
    command = [program, "-p", f"{folder}/", "-c", "nginx.conf", "-e", str(log), "-g", directives]
    with log.open("wb") as written:
        process = subprocess.Popen(command, stdout=written, stderr=written)
    try:
        _wait_for(port, process, log)
        yield Proxy(port, probe_port, folder)
    finally:
        process.terminate()
        process.wait(timeout=SOON)


def _lay_out(
    folder: Path, port: int, probe_port: int, upstream_ports: tuple[int, ...], with_mtls: bool
) -> None:
    scratch = folder / "tmp"
    scratch.mkdir(parents=True)
    write_certificate(folder / "tls", "tls")
    text = (SHIPPED / "nginx.conf").read_text(encoding="utf-8")
    changes = {" /tmp/": f" {scratch}/", "listen 8443 ": f"listen 127.0.0.1:{port} "}
    changes |= {"listen 127.0.0.1:8080;": f"listen 127.0.0.1:{probe_port};"}
    changes |= {"/dev/stderr": str(folder / "nginx.log"), "/dev/stdout": str(folder / "access.log")}
    for shipped, changed in changes.items():
        assert shipped in text
        text = text.replace(shipped, changed)
    (folder / "nginx.conf").write_text(text, encoding="utf-8")
    listed = (SHIPPED / "upstream.conf").read_text(encoding="utf-8")
    servers = [line for line in listed.splitlines() if line.startswith("server ")]
    here = [
        re.sub(r"cds-[ab]:8000", f"127.0.0.1:{number}", line)
        for line, number in zip(servers, upstream_ports, strict=False)
    ]
    (folder / "upstream.conf").write_text("\n".join(here), encoding="ascii")
    if with_mtls:
        write_certificate(folder / "tls", "clients-ca")
        shutil.copy(SHIPPED / "mtls.conf.example", folder / "mtls.conf")


def _wait_for(port: int, process: subprocess.Popen[bytes], log: Path) -> None:
    until = time.monotonic() + SOON
    while True:
        assert process.poll() is None, log.read_text(encoding="utf-8")
        assert time.monotonic() < until, log.read_text(encoding="utf-8")
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except OSError:
            time.sleep(0.02)
        else:
            return
