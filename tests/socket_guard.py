"""Sees every name that this process looks up and every address that it connects to, whoever does it."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any


@dataclass
class Traffic:
    names: list[str] = field(default_factory=list)
    addresses: list[str] = field(default_factory=list)


_watching: list[Traffic] = []


def _see(event: str, arguments: tuple[Any, ...]) -> None:
    if not _watching or event not in ("socket.getaddrinfo", "socket.gethostbyname", "socket.connect"):
        return
    for traffic in _watching:
        if event == "socket.connect":
            traffic.addresses.append("{}:{}".format(*arguments[1][:2]))
        else:
            traffic.names.append(str(arguments[0]))


# An audit hook cannot be got around by the code under watch; nor can it be taken away, so it is set once.
sys.addaudithook(_see)


@contextmanager
def watched_sockets() -> Iterator[Traffic]:
    traffic = Traffic()
    _watching.append(traffic)
    try:
        yield traffic
    finally:
        _watching.remove(traffic)
