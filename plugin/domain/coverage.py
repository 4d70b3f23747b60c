"""How many days a patient's care covers, at the least and at the most that the chart allows.

At the least counts only what is certain and dated to the day; at the most also what may be so: a session
dated to the month may lie anywhere in it. Learning more can only raise the least and lower the most.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from typing import NamedTuple, TypeAlias

from plugin.domain.evidence import CareEntry
from plugin.domain.truth import FALSE, TRUE, UNKNOWN, Truth

Interval: TypeAlias = tuple[int, int]
"""First and last day, both inclusive, as the calendar numbers them."""
Window: TypeAlias = Interval
"""The days that count; none where it ends before it begins."""


class Stretch(NamedTuple):
    """Entries with no gap longer than allowed between them. `covered` counts days with care on them."""

    days: Interval
    covered: int

    @property
    def span(self) -> int:
        """Days from the first to the last, both counted."""
        return self.days[1] - self.days[0] + 1

    @property
    def last(self) -> date:
        return date.fromordinal(self.days[1])

    def holds(self, part: Interval) -> bool:
        """Does an interval begin within it?"""
        return self.days[0] <= part[0] <= self.days[1]


class Days(NamedTuple):
    least: int
    most: int

    def reach(self, minimum: int) -> Truth:
        if self.least >= minimum:
            return TRUE
        return FALSE if self.most < minimum else UNKNOWN


def days_of(entry: CareEntry, narrowest: Window, widest: Window) -> tuple[Interval | None, Interval | None]:
    """The days that the entry takes for certain, and those that it may take; None for none.

    Without an end on record it may go on.
    """
    began, ended = entry.first, entry.last
    first = began.first.toordinal()
    sure = first if ended is None else max(first, ended.first.toordinal())
    last = widest[1] if ended is None else ended.last.toordinal()
    if began.is_exact:
        least = _clipped(first, sure, narrowest) if entry.is_certain else None
        return least, _clipped(first, max(last, first), widest)
    return None, _clipped(first, max(last, began.last.toordinal()), widest)


def stretches(parts: Iterable[Interval], gap_days: int) -> list[Stretch]:
    """Intervals, joined where the next starts at most `gap_days` after the last one ended."""
    joined: list[Stretch] = []
    first = last = covered = -1
    for start, end in sorted(parts):
        if first >= 0 and start - last <= gap_days:
            if end > last:
                covered += end - (last if start <= last else start - 1)
                last = end
            continue
        if first >= 0:
            joined.append(Stretch((first, last), covered))
        first, last, covered = start, end, end - start + 1
    if first >= 0:
        joined.append(Stretch((first, last), covered))
    return joined


def _clipped(first: int, last: int, window: Window) -> Interval | None:
    low, high = window
    first, last = (first if first > low else low), (last if last < high else high)
    return (first, last) if first <= last else None
