"""Keeps an eye on the control file and on the switches in the database, beside the calls.

Whatever is changed there holds for every call that begins a few seconds later, in every process. What cannot
be read changes nothing: neither is a client shown cards again, nor turned off, because a file is broken or a
database is gone.
"""

from __future__ import annotations

import hashlib
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Protocol

from sqlalchemy import Engine
from sqlalchemy.exc import SQLAlchemyError

from plugin.control.file import Known, parse_control, read_control
from plugin.control.modes import Control
from plugin.domain.content import ContentError
from plugin.store.audit import append_if_new, auditing
from plugin.store.switches import switched_off_clients

_INTERVAL_SECONDS = 1.0
_SETTLING_SECONDS = 0.2
"""An editor that writes in place empties the file first, and an empty file would show everything."""
_SERVICE = "service"


class Observer(Protocol):
    """Is told once of each change."""

    def changed(self, control: Control) -> None: ...

    def broken(self, faults: tuple[str, ...]) -> None:
        """The control file, or the switches, cannot be read; what held before holds on."""


@dataclass(frozen=True, slots=True)
class _Kept:
    """What was last made of the file's content."""

    content: bytes | None
    faults: tuple[str, ...] = ()


class ControlWatch:
    """`control` is what holds now. Close it to end the thread that looks."""

    def __init__(
        self,
        path: Path | None,
        engine: Engine,
        known: Known,
        in_force: Mapping[str, object],
        observer: Observer,
    ) -> None:
        """`engine` belongs to the watch, and should wait for little. `in_force` is put into the audit.

        Raises ContentError when the file or the switches cannot be read at the start.
        """
        self._path = path
        self._engine = engine
        self._known = known
        self._observer = observer
        self._to_note: dict[str, Mapping[str, object]] = {"in-force": in_force}
        self._kept = _Kept(None)
        self._switches_fault: tuple[str, ...] = ()
        self.control = Control()
        self._look_at_file()
        self._look_at_switches()
        if self.faults:
            engine.dispose()
            raise ContentError(*self.faults)
        self._closing = threading.Event()
        self._thread = threading.Thread(target=self._watch, name="control-watch", daemon=True)
        self._thread.start()

    @property
    def faults(self) -> tuple[str, ...]:
        """Why `control` may not be what it was meant to be."""
        return (*self._kept.faults, *self._switches_fault)

    @property
    def is_watching(self) -> bool:
        """Not in a process that was forked after the watch was made: it has no such thread."""
        return self._thread.is_alive()

    def close(self) -> None:
        """Does not wait."""
        self._closing.set()

    def _watch(self) -> None:
        while not self._closing.is_set():
            self._look_at_file()
            self._look_at_switches()
            self._note()
            self._closing.wait(_INTERVAL_SECONDS)
        self._engine.dispose()

    def _look_at_file(self) -> None:
        if self._path is None:
            return
        content: bytes | None = None
        try:
            content = read_control(self._path)
            if content == self._kept.content:
                return
            content = _settled(content, self._path)
            file = parse_control(content, self._known)
        except ContentError as error:
            self._keep(_Kept(content, error.faults))
            return
        self._keep(_Kept(content))
        said = file.model_dump(mode="json", exclude_defaults=True, exclude={"pilot_key"})
        self._to_note["control-file"] = {"sha256": hashlib.sha256(content).hexdigest(), **said}
        self._hold(replace(self.control, file=file))

    def _look_at_switches(self) -> None:
        try:
            switched_off = switched_off_clients(self._engine)
        except SQLAlchemyError as error:
            if not self._switches_fault:
                self._switches_fault = (f"switches: cannot be read ({type(error).__name__})",)
                self._observer.broken(self._switches_fault)
            return
        self._switches_fault = ()
        self._hold(replace(self.control, switched_off=switched_off))

    def _keep(self, kept: _Kept) -> None:
        if kept.faults and kept.faults != self._kept.faults:
            self._observer.broken(kept.faults)
        self._kept = kept

    def _hold(self, control: Control) -> None:
        if control != self.control:
            self.control = control
            self._observer.changed(control)

    def _note(self) -> None:
        """What could not be put into the audit is tried again the next time."""
        if not self._to_note or self._switches_fault:
            return
        try:
            with auditing(self._engine) as connection:
                for event, details in self._to_note.items():
                    append_if_new(connection, event, _SERVICE, details)
        except SQLAlchemyError:
            return
        self._to_note = {}


def _settled(content: bytes, path: Path) -> bytes:
    """The content once nobody is writing it any more. Raises ContentError."""
    before: bytes | None = None
    while content != before:
        time.sleep(_SETTLING_SECONDS)
        before, content = content, read_control(path)
    return content
