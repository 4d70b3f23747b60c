"""The guard sees whoever wants to connect, and lets nobody off this machine."""

from __future__ import annotations

import socket
from typing import Any

import pytest
import requests

from tests.socket_guard import watched_sockets


@pytest.mark.parametrize(
    ("reach", "host"),
    [
        (lambda: socket.create_connection(("192.0.2.1", 9), timeout=1), "192.0.2.1"),
        (lambda: socket.getaddrinfo("ehr.example.org", 443), "ehr.example.org"),
        (lambda: socket.gethostbyname("ehr.example.org"), "ehr.example.org"),
        (lambda: requests.get("http://169.254.169.254/latest", timeout=1), "169.254.169.254"),
        (lambda: requests.get("http://127.0.0.1.evil.test/", timeout=1), "127.0.0.1.evil.test"),
    ],
)
def test_whoever_wants_off_this_machine_is_stopped_and_named(reach: Any, host: str) -> None:
    with watched_sockets() as traffic, pytest.raises(OSError):
        reach()

    assert host in traffic.stopped


def test_this_machine_may_be_reached_and_that_is_seen() -> None:
    with watched_sockets() as traffic, socket.create_server(("127.0.0.1", 0)) as server:
        host, port = server.getsockname()
        socket.create_connection((host, port)).close()

    assert (traffic.names, traffic.addresses, traffic.stopped) == ([host], [f"{host}:{port}"], [])


def test_an_address_is_not_looked_up_anywhere() -> None:
    with watched_sockets() as traffic:
        socket.getaddrinfo("192.0.2.1", 443)

    assert (traffic.names, traffic.stopped) == (["192.0.2.1"], [])


def test_what_nobody_watches_is_not_seen() -> None:
    with watched_sockets() as traffic:
        pass
    socket.getaddrinfo("localhost", 443)

    assert traffic.names == []
