"""Calls that tests send to a service that is up, wherever it runs."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from tests.plugin.cards.service import request_of

STORY = "025-no-imaging"


@dataclass(frozen=True, slots=True)
class SilentFhirServer:
    """Takes connections and never answers."""

    listener: socket.socket
    held: list[socket.socket]

    @property
    def base(self) -> str:
        return f"http://127.0.0.1:{self.listener.getsockname()[1]}/fhir"

    def wait_for_a_reader(self) -> None:
        connection, _ = self.listener.accept()
        self.held.append(connection)


@contextmanager
def silent_fhir_server() -> Iterator[SilentFhirServer]:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.settimeout(30)
        server = SilentFhirServer(listener, [])
        yield server
        for connection in server.held:
            connection.close()


def reading_call(base: str) -> dict[str, Any]:
    """A call whose procedures have to be read below `base`; it is answered when its deadline is over."""
    request = request_of(STORY)
    del request["prefetch"]["procedures"]
    return {**request, "fhirServer": base}
