"""The log: one JSON line per event on standard error, made of fields that are listed here and of no others.

Libraries log what they like, addresses and bodies among it. Of their lines only the place is written, and
only from WARNING on.
"""

from __future__ import annotations

import logging
import sys
import threading
from collections.abc import MutableMapping
from typing import Any

import msgspec
import structlog
from flask import g

from cds_hooks import CallRecord, FeedbackRecord
from plugin.control import Control

FIELDS = frozenset(
    {
        *("event", "level", "timestamp"),
        *("client", "refusal", "service", "hook", "hook_instance", "status", "milliseconds", "card_count"),
        *(
            "entry_count",
            "error",
            "place",
            "count",
            "why",
            "gates",
            "logger",
            "switched_off",
            "faults",
            "unmapped",
        ),
    }
)
"""Whatever else is given to a logger is dropped. None of them ever holds what came from a chart."""
_Event = MutableMapping[str, Any]


def configure_logging(level: str) -> None:
    """For the whole process: our own events from `level` on, and where libraries warn."""
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            _only_listed,
            structlog.processors.JSONRenderer(serializer=_as_json),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.getLevelNamesMapping()[level]),
        logger_factory=structlog.BytesLoggerFactory(sys.stderr.buffer),
        cache_logger_on_first_use=True,
    )
    _take_over_libraries()


def _only_listed(_: object, __: str, event: _Event) -> _Event:
    if event.keys() <= FIELDS:
        return event
    return {key: value for key, value in event.items() if key in FIELDS}


def _as_json(fields: dict[str, object], **_: object) -> bytes:
    return msgspec.json.encode(fields)


def _take_over_libraries() -> None:
    """Takes the handlers from every logger there is, so that all their records come to ours."""
    logging.basicConfig(handlers=[_Places()], level=logging.WARNING, force=True)
    for name in logging.root.manager.loggerDict:
        library = logging.getLogger(name)
        library.handlers.clear()
        library.propagate = True
    logging.captureWarnings(True)
    threading.excepthook = _log_dead_thread


class _Places(logging.Handler):
    """Writes where a library logged, and never what: its message may hold anything."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)

    def emit(self, record: logging.LogRecord) -> None:
        error = record.exc_info[0] if record.exc_info else None
        _log.log(
            record.levelno,
            "library",
            logger=record.name,
            place=f"{record.filename}:{record.lineno}",
            error=None if error is None else error.__name__,
        )


def _log_dead_thread(dead: threading.ExceptHookArgs) -> None:
    if dead.exc_value is not None and isinstance(dead.exc_value, Exception):
        log_unexpected(dead.exc_value)


_log: Any = structlog.get_logger()


def log_call(record: CallRecord | FeedbackRecord) -> None:
    fields = {key: value for key, value in record._asdict().items() if value is not None}
    fields["milliseconds"] = round(record.milliseconds, 2)
    if unmapped := g.pop("unmapped", None):
        fields["unmapped"] = dict(unmapped)
    _log.info("call" if isinstance(record, CallRecord) else "feedback", **fields)


def log_not_reviewed(hook_instance: str, gates: list[str]) -> None:
    _log.info("not reviewed", hook_instance=hook_instance, gates=gates)


def log_loss(count: int, why: str) -> None:
    _log.warning("issued cards not stored", count=count, why=why)


def log_keys(client_id: str, why: str) -> None:
    _log.warning("keys not read", client=client_id, why=why)


def log_no_token(client_id: str, why: str) -> None:
    _log.warning("no access token", client=client_id, why=why)


def log_unexpected(error: Exception) -> None:
    """The type and the place only: messages may hold what came from a chart."""
    last = error.__traceback__
    while last is not None and last.tb_next is not None:
        last = last.tb_next
    place = f"{last.tb_frame.f_code.co_filename.rsplit('/', 1)[-1]}:{last.tb_lineno}" if last else ""
    _log.error("unexpected", error=type(error).__name__, place=place)


def log_control_changed(control: Control) -> None:
    _log.warning("control changed", switched_off=sorted(control.clients_off))


def log_control_broken(faults: tuple[str, ...]) -> None:
    _log.error("control not read", faults=faults)
