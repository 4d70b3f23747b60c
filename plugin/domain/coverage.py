"""How many days a patient's care covers, at the least and at the most that the chart allows.

`least` counts only what is certain and dated to the day; `most` also what may be so: a session dated to the
month may lie anywhere in it. Learning more can only raise the least and lower the most.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from typing import Literal

from plugin.domain.evidence import CareEntry
from plugin.domain.truth import Truth

Reckoning = Literal["least", "most"]


@dataclass(frozen=True, slots=True)
class Window:
    """The days that count: from `since` to `until`, both inclusive."""

    since: date
    until: date


@dataclass(frozen=True, slots=True)
class Stretch:
    """Entries with no gap longer than allowed between them. `covered` counts days with care on them."""

    first: date
    last: date
    covered: int

    @property
    def span(self) -> int:
        """Days from the first to the last, both counted."""
        return (self.last - self.first).days + 1

    def holds(self, part: tuple[int, int]) -> bool:
        """Does an interval of day numbers begin within it?"""
        return self.first.toordinal() <= part[0] <= self.last.toordinal()


@dataclass(frozen=True, slots=True)
class Days:
    least: int
    most: int

    def reach(self, minimum: int) -> Truth:
        if self.least >= minimum:
            return Truth.TRUE
        return Truth.FALSE if self.most < minimum else Truth.UNKNOWN


Interval = tuple[int, int]


def intervals(entries: Iterable[CareEntry], window: Window, reckoning: Reckoning) -> list[Interval]:
    """The entries as day numbers, clipped to the window; those wholly outside are left out."""
    low, high = window.since.toordinal(), window.until.toordinal()
    clipped: list[Interval] = []
    for entry in entries:
        bounds = _least(entry) if reckoning == "least" else _most(entry, window.until)
        if bounds is None:
            continue
        first, last = max(bounds[0], low), min(bounds[1], high)
        if first <= last:
            clipped.append((first, last))
    return sorted(clipped)


def stretches(parts: Iterable[Interval], gap_days: int) -> list[Stretch]:
    """Sorted intervals, joined where the next starts at most `gap_days` after the last one ended."""
    joined: list[Stretch] = []
    first = last = covered = -1
    for start, end in parts:
        if first >= 0 and start - last <= gap_days:
            covered += max(0, end - max(last, start - 1))
            last = max(last, end)
            continue
        if first >= 0:
            joined.append(_stretch(first, last, covered))
        first, last, covered = start, end, end - start + 1
    if first >= 0:
        joined.append(_stretch(first, last, covered))
    return joined


def _stretch(first: int, last: int, covered: int) -> Stretch:
    return Stretch(date.fromordinal(first), date.fromordinal(last), covered)


def _least(entry: CareEntry) -> Interval | None:
    if not entry.is_certain or not entry.first.is_exact:
        return None
    first = entry.first.first.toordinal()
    if entry.last is None:
        return first, first
    return first, max(first, entry.last.first.toordinal())


def _most(entry: CareEntry, until: date) -> Interval:
    last = until if entry.last is None else entry.last.last
    return entry.first.first.toordinal(), max(last.toordinal(), entry.first.last.toordinal())
