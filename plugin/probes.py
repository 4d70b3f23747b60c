"""Is the process alive, and may calls be sent to it? For whoever runs it: `/livez` and `/readyz`.

No EHR's FHIR server is ever asked: one that fails would take every instance out of service.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from datetime import date
from typing import NamedTuple

import flask
import werkzeug
from sqlalchemy import Engine

from plugin.control import ControlWatch
from plugin.store.health import is_at_head, is_writable

_REUSED_SECONDS = 1.0
"""Nobody makes the database work by asking more often."""
_HOLDS_SECONDS = 10.0
"""What was found longer ago says nothing: a check does not come to an end."""


class State(NamedTuple):
    """What a check found, in a word, and whether calls may be sent all the same."""

    word: str
    is_ready: bool


Checks = Mapping[str, Callable[[], State]]
_OK = State("ok", True)
_UNKNOWN = State("unknown", False)


def database_checks(engine: Engine) -> Checks:
    """Of the store behind `engine`."""
    return {
        "database": lambda: _OK if is_writable(engine) else State("unavailable", False),
        "migrations": lambda: _MIGRATIONS[is_at_head(engine)],
    }


_MIGRATIONS = {True: _OK, False: State("pending", False), None: _UNKNOWN}


def control_check(watch: ControlWatch, today: Callable[[], date]) -> Checks:
    """Red only where nobody looks: the kill switch would not be heard.

    A file that is broken leaves the instance in service, with what held before.
    """

    def check() -> State:
        if not watch.is_watching:
            return State("not watched", False)
        if watch.faults:
            return State("not read; what held before holds on", True)
        return State("a silent mode has ended", True) if watch.control.has_ended(today()) else _OK

    return {"control": check}


def create_probes(checks: Checks, clock: Callable[[], float] = time.monotonic) -> flask.Blueprint:
    """`/livez` and `/healthz`: 200 while the process answers. `/readyz`: 200, or 503 when a check is red.

    Content is always ready: without it there is no application. `clock` is in seconds.
    """
    readiness = _Readiness({"content": lambda: _OK, **checks}, clock)
    blueprint = flask.Blueprint("probes", __name__)

    @blueprint.get("/livez")
    @blueprint.get("/healthz")
    def livez() -> werkzeug.Response:
        return _answer({"status": "alive"}, 200)

    @blueprint.get("/readyz")
    def readyz() -> werkzeug.Response:
        states = readiness.states()
        is_ready = all(state.is_ready for state in states.values())
        found = {name: state.word for name, state in states.items()}
        return _answer(
            {"status": "ready" if is_ready else "not ready", "checks": found}, 200 if is_ready else 503
        )

    return blueprint


def _answer(body: Mapping[str, object], status: int) -> werkzeug.Response:
    response = flask.jsonify(body)
    response.status_code = status
    response.cache_control.no_store = True
    return response


class _Readiness:
    """What the checks found, a second ago at most, or while they are being made, last time."""

    def __init__(self, checks: Checks, clock: Callable[[], float]) -> None:
        self._checks = checks
        self._clock = clock
        self._lock = threading.Lock()
        self._found: Mapping[str, State] = {}
        self._found_at = 0.0

    def states(self) -> Mapping[str, State]:
        if not self._lock.acquire(blocking=not self._found):
            return (
                self._found if self._age_seconds < _HOLDS_SECONDS else dict.fromkeys(self._checks, _UNKNOWN)
            )
        try:
            if not self._found or self._age_seconds >= _REUSED_SECONDS:
                self._found = {name: check() for name, check in self._checks.items()}
                self._found_at = self._clock()
            return self._found
        finally:
            self._lock.release()

    @property
    def _age_seconds(self) -> float:
        return self._clock() - self._found_at
