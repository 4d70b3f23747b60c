"""The service for gunicorn: read and checked in the master process, made anew in each worker.

A worker that is replaced therefore runs what was checked at the start, whatever files say by then. What is at
fault is said in a line each.
"""

from __future__ import annotations

import sys
import time

from flask import Flask

from plugin.app import Loaded, create_app, load
from plugin.cli.check import settings_to_start_with
from plugin.domain.content import ContentError
from plugin.logs import configure_logging
from plugin.metrics import serve_metrics
from plugin.settings import Settings
from plugin.store import open_database

_PAUSE_SECONDS = 1.0
"""Before gunicorn tries a worker again, of which the others know nothing."""


def application() -> Flask:
    """Called in each worker. Ends it when it cannot start, as without the database."""
    # By now gunicorn has handlers of its own, which would write what a caller sent.
    configure_logging(settings.log_level)
    try:
        return create_app(settings, _loaded)
    except ContentError as error:
        time.sleep(_PAUSE_SECONDS)
        raise _ended(error) from error


def serve_metrics_of_all_workers() -> None:
    """Called in the master, when it is ready to fork."""
    if settings.metrics_port is None:
        return
    try:
        serve_metrics(settings.metrics_host, settings.metrics_port)
    except ContentError as error:
        raise _ended(error) from error


def _read() -> tuple[Settings, Loaded]:
    """Also upgrades a SQLite file, so that no worker has to."""
    try:
        given = settings_to_start_with()
        configure_logging(given.log_level)
        loaded = load(given)
        open_database(given.database)
        return given, loaded
    except ContentError as error:
        raise _ended(error) from error


def _ended(error: ContentError) -> SystemExit:
    sys.stderr.writelines(f"Error: {fault}\n" for fault in error.faults)
    return SystemExit(1)


settings, _loaded = _read()
