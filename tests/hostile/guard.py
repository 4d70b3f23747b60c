"""Stands before the network: whatever would leave this machine is stopped, and remembered."""

from __future__ import annotations

import ipaddress
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from typing import Any

_watching: list[list[str]] = []
_HOST_OF = {
    "socket.connect": lambda args: args[1][0] if isinstance(args[1], tuple) else None,
    "socket.sendto": lambda args: args[1][0] if isinstance(args[1], tuple) else None,
    "socket.getaddrinfo": lambda args: args[0],
    "socket.gethostbyname": lambda args: args[0],
}


@contextmanager
def guarded_network() -> Iterator[list[str]]:
    """Inside, only this machine can be reached. Gives the hosts that were to be looked up or connected to.

    An audit hook sees every socket of the interpreter, whichever library opens it.
    """
    _install()
    stopped: list[str] = []
    _watching.append(stopped)
    try:
        yield stopped
    finally:
        _watching.remove(stopped)


@cache
def _install() -> None:
    """Audit hooks cannot be taken away again: this one is silent while nobody is watching."""
    sys.addaudithook(_look)


def _look(event: str, args: tuple[Any, ...]) -> None:
    if not _watching or event not in _HOST_OF:
        return
    host = _HOST_OF[event](args)
    if host is None or _is_here(host):
        return
    for stopped in _watching:
        stopped.append(str(host))
    raise ConnectionRefusedError("stopped by the guard")


def _is_here(host: object) -> bool:
    name = host.decode() if isinstance(host, bytes) else str(host)
    try:
        return ipaddress.ip_address(name).is_loopback
    except ValueError:
        return name == "localhost"
