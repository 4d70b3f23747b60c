"""The watch itself: it sees what it is there to see."""

from __future__ import annotations

import logging
import socket
from typing import Any

import pytest
import requests
import structlog

from tests.hostile.guard import guarded_network
from tests.hostile.watch import TOKEN, watching


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
    with guarded_network() as stopped, pytest.raises(OSError):
        reach()

    assert host in stopped


def test_this_machine_may_be_reached() -> None:
    with guarded_network() as stopped, socket.create_server(("127.0.0.1", 0)) as server:
        socket.create_connection(server.getsockname()).close()

    assert stopped == []


@pytest.mark.parametrize(
    "misbehave",
    [
        lambda watch: structlog.get_logger().error("unexpected", error="RuntimeError"),
        lambda watch: structlog.get_logger().info("call", place=TOKEN),
        lambda watch: logging.getLogger("werkzeug").debug("GET /fhir with %s", TOKEN),
        lambda watch: watch.statuses.update([500]),
        lambda watch: watch.stopped.append("evil.test"),
    ],
)
def test_a_failure_a_token_in_the_log_or_a_contact_is_not_clean(misbehave: Any) -> None:
    with watching() as watch:
        misbehave(watch)

    with pytest.raises(AssertionError):
        watch.assert_clean()


def test_a_quiet_service_is_clean() -> None:
    with watching() as watch:
        watch.open("/cds-services")

    watch.assert_clean()
    assert watch.statuses == {200: 1}
