"""The watch itself: it sees what it is there to see."""

from __future__ import annotations

import logging
from typing import Any

import pytest
import structlog

from tests.hostile.watch import TOKEN, watching


@pytest.mark.parametrize(
    "misbehave",
    [
        lambda watch: structlog.get_logger().error("unexpected", error="RuntimeError"),
        lambda watch: structlog.get_logger().info("call", place=TOKEN),
        lambda watch: logging.getLogger("werkzeug").debug("GET /fhir with %s", TOKEN),
        lambda watch: watch.statuses.update([500]),
        lambda watch: watch.traffic.stopped.append("evil.test"),
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
