"""Is a criterion shown in this call? The control file's modes, worked out for one client and one user."""

from __future__ import annotations

import hmac
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum

from plugin.control.file import Asked, ClientControl, ControlFile, Pilot, Silent
from plugin.store.switches import EVERYBODY

_SLOTS = 10_000
"""A percentage is drawn to two decimal places."""
_NOTHING_SAID = ClientControl()


class Mode(StrEnum):
    """What becomes of a criterion's findings in one call."""

    OFF = "off"
    SILENT = "silent"
    LIVE = "live"


@dataclass(frozen=True, slots=True)
class Modes:
    """By criterion, for one call."""

    by_criterion: Mapping[str, Mode]
    default: Mode

    def of(self, criterion: str) -> Mode:
        return self.by_criterion.get(criterion, self.default)

    @property
    def are_all_live(self) -> bool:
        return self.default is Mode.LIVE and not self.by_criterion

    @property
    def are_all_off(self) -> bool:
        return self.default is Mode.OFF and all(mode is Mode.OFF for mode in self.by_criterion.values())


ALL_LIVE = Modes({}, Mode.LIVE)


@dataclass(frozen=True, slots=True)
class Control:
    """The control file and the switches of the database, as they stand at one moment."""

    file: ControlFile = field(default_factory=ControlFile)
    switched_off: frozenset[str] = frozenset()

    def is_off(self, client: str) -> bool:
        """Is the kill switch thrown, for this client or for everybody?"""
        if self.file.off is not None or self._of(client).off is not None:
            return True
        return client in self.switched_off or EVERYBODY in self.switched_off

    @property
    def clients_off(self) -> frozenset[str]:
        """Ids, and EVERYBODY."""
        by_file = {client for client, table in self.file.clients.items() if table.off is not None}
        everybody = set() if self.file.off is None else {EVERYBODY}
        return self.switched_off | by_file | everybody

    def modes(self, client: str, user: str | None, today: date) -> Modes:
        """The first that is given counts: the client's criterion, the client's default, the criterion, the
        default. `user`: as the hook names whoever is ordering; it is compared and hashed, not kept.
        """
        own, common = self._of(client), self.file
        if own is _NOTHING_SAID and common.default is None and not common.criteria:
            return ALL_LIVE
        default = common.default if own.default is None else own.default
        inherited = common.criteria if own.default is None else {}
        asked = {**inherited, **own.criteria}
        return Modes(
            {criterion: self._mode(mode, client, user, today) for criterion, mode in asked.items()},
            self._mode(default or "live", client, user, today),
        )

    def has_ended(self, today: date) -> bool:
        """Is there a silent mode whose last day is past?"""
        tables = (self.file, *self.file.clients.values())
        asked = (mode for table in tables for mode in table.asked())
        return any(isinstance(mode, Silent) and mode.until < today for mode in asked)

    def _of(self, client: str) -> ClientControl:
        return self.file.clients.get(client, _NOTHING_SAID)

    def _mode(self, asked: Asked, client: str, user: str | None, today: date) -> Mode:
        if isinstance(asked, Silent):
            return Mode.SILENT if today <= asked.until else Mode.OFF
        if isinstance(asked, Pilot):
            return Mode.LIVE if self._is_drawn(asked, client, user) else Mode.OFF
        return Mode(asked)

    def _is_drawn(self, pilot: Pilot, client: str, user: str | None) -> bool:
        if user is None:
            return False
        if user in pilot.users:
            return True
        key = (self.file.pilot_key or "").encode()
        digest = hmac.digest(key, f"{client}\n{user}".encode("utf-8", "surrogatepass"), "sha256")
        return int.from_bytes(digest[:8]) % _SLOTS < pilot.percent * _SLOTS / 100
