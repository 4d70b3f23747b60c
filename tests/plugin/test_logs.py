"""What can come into the log, whoever writes it: lines of ours with fields that are listed, and no others."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

from tests.scenarios.scenario import ROOT

CANARY = "Canary-name-8c1d"
START = """
import logging, sys, threading, warnings
import structlog
logging.basicConfig(level=logging.DEBUG)
for name in ("urllib3.connectionpool", "sqlalchemy.engine.Engine", "gunicorn.error", "waitress"):
    logging.getLogger(name).setLevel(logging.DEBUG)
    logging.getLogger(name).addHandler(logging.StreamHandler())
logging.getLogger("gunicorn.error").propagate = False
from plugin.logs import configure_logging
configure_logging("DEBUG")
canary = sys.argv[1]
"""


def log_of(script: str) -> tuple[list[dict[str, object]], str]:
    """The lines, and everything that was written, by a process of its own."""
    done = subprocess.run(
        [sys.executable, "-c", START + script, CANARY],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
        timeout=120,
    )
    return [json.loads(line) for line in done.stderr.splitlines()], done.stdout + done.stderr


def test_a_field_that_is_not_listed_is_dropped() -> None:
    lines, written = log_of(
        "structlog.get_logger().info('call', status=200, patient=canary, exc_info=ValueError(canary),"
        " stack_info=True, url=canary)"
    )

    assert [set(line) for line in lines] == [{"event", "level", "timestamp", "status"}]
    assert CANARY not in written


def test_a_bound_field_that_is_not_listed_is_dropped() -> None:
    lines, written = log_of("structlog.get_logger().bind(patient=canary, client='ehr').warning('call')")

    assert [line["client"] for line in lines] == ["ehr"]
    assert CANARY not in written


@pytest.mark.parametrize(
    "logger",
    [
        *("urllib3.connectionpool", "sqlalchemy.engine.Engine", "gunicorn.error", "waitress"),
        *("gunicorn.access", "werkzeug", "flask.app", "a.logger.made.later", ""),
    ],
)
def test_of_a_library_only_the_place_is_written_and_only_when_it_warns(logger: str) -> None:
    lines, written = log_of(
        f"library = logging.getLogger({logger!r})\n"
        "library.debug('GET /Patient/%s', canary)\n"
        "library.info(canary)\n"
        "library.warning('%s', canary, extra={'patient': canary})\n"
        "try:\n    raise ValueError(canary)\n"
        "except ValueError:\n    library.exception(canary)\n"
    )

    assert [(line["event"], line["level"]) for line in lines] == [
        ("library", "warning"),
        ("library", "error"),
    ]
    assert {line["logger"] for line in lines} == {logger or "root"}
    assert str(lines[0]["place"]).startswith("<string>:")
    assert lines[1]["error"] == "ValueError"
    assert CANARY not in written


def test_a_thread_that_dies_is_told_without_its_message() -> None:
    lines, written = log_of(
        "def die():\n    raise ValueError(canary)\n"
        "thread = threading.Thread(target=die, name=canary)\nthread.start()\nthread.join()\n"
    )

    assert [(line["event"], line["error"]) for line in lines] == [("unexpected", "ValueError")]
    assert CANARY not in written


def test_a_warning_is_told_without_its_message() -> None:
    lines, written = log_of("warnings.simplefilter('always')\nwarnings.warn(canary)")

    assert [line["logger"] for line in lines] == ["py.warnings"]
    assert CANARY not in written
