"""Keeps an eye on the control file and on the switches in the database, beside the calls.

Whatever is changed there holds for every call that begins a few seconds later, in every process. What cannot
be read changes nothing: neither is a client shown cards again, nor turned off, because a file is broken or a
database is gone.
"""

from __future__ import annotations

import hashlib
import threading
import time
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, suppress
from dataclasses import replace
from pathlib import Path
from typing import Protocol

from sqlalchemy import Engine
from sqlalchemy.exc import SQLAlchemyError

from plugin.control.file import Known, parse_control, read_control
from plugin.control.look import Faults, Look
from plugin.control.modes import Control
from plugin.domain.content import ContentError
from plugin.store.audit import append_if_new, auditing
from plugin.store.switches import switched_off_clients

_INTERVAL_SECONDS = 1.0
_WATCHING_SECONDS = 10.0
"""A look at a database that does not answer ends sooner."""
_SETTLING_SECONDS = 0.2
"""An editor that writes in place empties the file first, and an empty file would show everything."""
_SERVICE = "service"


class Observer(Protocol):
    """Is told once of each change."""

    def changed(self, control: Control) -> None: ...

    def broken(self, faults: Faults) -> None:
        """The control file, or the switches, cannot be read; what held before holds on."""

    def mended(self) -> None:
        """Both can be read again."""


class ControlWatch:
    """`control` is what holds now. Close it to end the threads that look.

    File and switches have a thread each: the file is heard while the database hangs.
    """

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
        self._content: bytes | None = None
        self._changing = threading.Lock()
        self.control = Control()
        self._file = Look("control file", self._look_at_file)
        self._switches = Look("switches", self._look_at_switches)
        self._file.again()
        self._switches.again()
        if self.faults:
            engine.dispose()
            raise ContentError(*self.faults)
        self._closing = threading.Event()
        self._threads = [
            threading.Thread(target=follow, name=f"control-{name}", daemon=True)
            for name, follow in (("file", self._follow_file), ("switches", self._follow_switches))
        ]
        for thread in self._threads:
            thread.start()

    @property
    def faults(self) -> Faults:
        """Why `control` may not be what it was meant to be."""
        return (*self._file.faults, *self._switches.faults)

    @property
    def is_watching(self) -> bool:
        """Not in a process that was forked later, nor where a look does not come to an end."""
        return all(thread.is_alive() for thread in self._threads) and all(
            look.age_seconds < _WATCHING_SECONDS for look in (self._file, self._switches)
        )

    def close(self) -> None:
        """Does not wait."""
        self._closing.set()

    def _follow_file(self) -> None:
        while not self._closing.is_set():
            self._look_again(self._file)
            self._closing.wait(_INTERVAL_SECONDS)

    def _follow_switches(self) -> None:
        while not self._closing.is_set():
            self._look_again(self._switches)
            self._note()
            self._closing.wait(_INTERVAL_SECONDS)
        self._engine.dispose()

    def _look_again(self, look: Look) -> None:
        if not look.again():
            return
        with self._changing, _undisturbed():
            if self.faults:
                self._observer.broken(self.faults)
            else:
                self._observer.mended()

    def _look_at_file(self) -> Faults:
        if self._path is None:
            return ()
        content: bytes | None = None
        try:
            content = read_control(self._path)
            if content == self._content:
                return self._file.faults
            content = _settled(content, self._path)
            file = parse_control(content, self._known)
        except ContentError as error:
            self._content = content
            return error.faults
        said = file.model_dump(mode="json", exclude_defaults=True, exclude={"pilot_key"})
        self._content = content
        with self._changing:
            self._to_note["control-file"] = {"sha256": hashlib.sha256(content).hexdigest(), **said}
        self._hold(lambda control: replace(control, file=file))
        return ()

    def _look_at_switches(self) -> Faults:
        try:
            switched_off = switched_off_clients(self._engine)
        except SQLAlchemyError as error:
            return (f"switches: cannot be read ({type(error).__name__})",)
        self._hold(lambda control: replace(control, switched_off=switched_off))
        return ()

    def _hold(self, change: Callable[[Control], Control]) -> None:
        with self._changing, _undisturbed():
            control = change(self.control)
            if control != self.control:
                self.control = control
                self._observer.changed(control)

    def _note(self) -> None:
        """What could not be put into the audit is tried again the next time."""
        if not self._to_note or self._switches.faults:
            return
        with self._changing:
            noted, self._to_note = self._to_note, {}
        try:
            with auditing(self._engine) as connection:
                for event, details in noted.items():
                    append_if_new(connection, event, _SERVICE, details)
        except Exception:
            with self._changing:
                self._to_note = noted | self._to_note


def _undisturbed() -> AbstractContextManager[None]:
    """An observer that fails, as a log on a full disk, must not end the watch."""
    return suppress(Exception)


def _settled(content: bytes, path: Path) -> bytes:
    """The content once nobody is writing it any more. Raises ContentError."""
    before: bytes | None = None
    while content != before:
        time.sleep(_SETTLING_SECONDS)
        before, content = content, read_control(path)
    return content
