"""Sees every name that this process looks up and every address that it connects to, whoever does it.

Nothing that is watched gets beyond this machine.
"""

from __future__ import annotations

import ipaddress
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any


@dataclass
class Traffic:
    """`addresses` are `host:port`; `stopped` are the hosts beyond this machine that were not reached."""

    names: list[str] = field(default_factory=list)
    addresses: list[str] = field(default_factory=list)
    stopped: list[str] = field(default_factory=list)


_watching: list[Traffic] = []


@contextmanager
def watched_sockets() -> Iterator[Traffic]:
    traffic = Traffic()
    _watching.append(traffic)
    try:
        yield traffic
    finally:
        _watching.remove(traffic)


def _see(event: str, arguments: tuple[Any, ...]) -> None:
    if not _watching:
        return
    if event in ("socket.getaddrinfo", "socket.gethostbyname"):
        _look_up(arguments[0])
    elif event in ("socket.connect", "socket.sendto"):
        _connect(arguments[1])


def _look_up(host: object) -> None:
    if host is None:
        return
    name = host.decode() if isinstance(host, bytes) else str(host)
    for traffic in _watching:
        traffic.names.append(name)
    if name != "localhost" and _address_in(name) is None:
        _stop(name)


def _connect(where: object) -> None:
    """`where` is a path for a socket of the file system, and otherwise begins with host and port."""
    host, port = where[:2] if isinstance(where, tuple) else (None, None)
    for traffic in _watching:
        traffic.addresses.append(f"{host}:{port}" if host is not None else str(where))
    address = _address_in(str(host))
    if host is not None and not (address and address.is_loopback):
        _stop(str(host))


def _address_in(host: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        return ipaddress.ip_address(host)
    except ValueError:
        return None


def _stop(host: str) -> None:
    for traffic in _watching:
        traffic.stopped.append(host)
    raise ConnectionRefusedError("stopped by the guard")


# An audit hook cannot be got around by the code under watch; nor can it be taken away, so it is set once.
sys.addaudithook(_see)
