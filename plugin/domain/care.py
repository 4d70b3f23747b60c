"""The conservative care of an episode, counted at the least and at the most that the chart allows."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import NamedTuple

from plugin.domain.case import Case
from plugin.domain.check import Item
from plugin.domain.coverage import Days, Interval, Stretch, Window, at_least, at_most, stretches
from plugin.domain.dates import days_before
from plugin.domain.evidence import CareEntry, CareKind
from plugin.domain.truth import FALSE, TRUE, UNKNOWN, Truth


class Care(NamedTuple):
    """The episode's conservative care, counted."""

    active: Days
    """Span of active treatment: last date minus first date plus one."""
    combined: Days
    """Days covered by medication and active treatment together."""
    medication: Days
    has_active: Truth
    has_medication: Truth
    has_any: Truth
    """Treatment of any kind, active or not."""
    entries: tuple[CareEntry, ...]
    items: tuple[Item, ...]
    """The entries as they are shown."""
    current: Stretch | None
    """The latest stretch: the one that further treatment would go on with."""

    @property
    def documented(self) -> int:
        if self.has_active is TRUE:
            return max(self.active.least, self.combined.least)
        return self.medication.least


def count_care(case: Case, lookback_days: int, gap_days: int) -> Care:
    """Care within the look-back and since the episode began; a pause longer than `gap_days` ends a course."""
    return case.once(("care", lookback_days, gap_days), lambda: _counted(case, lookback_days, gap_days))


def _counted(case: Case, lookback_days: int, gap_days: int) -> Care:
    narrowest, widest = _windows(case, lookback_days)
    low, high, entries = _Reckoned(), _Reckoned(), []
    for entry in case.evidence.care.entries:
        most = at_most(entry, widest)
        if most is None:
            continue
        entries.append(entry)
        high.add(entry, most)
        least = at_least(entry, narrowest)
        if least is not None:
            low.add(entry, least)
    fewest = low.counted(gap_days)
    most_days = fewest if high == low else high.counted(gap_days)
    return Care(
        active=Days(fewest.active, most_days.active),
        combined=Days(fewest.combined, most_days.combined),
        medication=Days(fewest.medication, most_days.medication),
        has_active=_exists(low.treated, high.treated),
        has_medication=_exists(low.medication, high.medication),
        has_any=_exists(low.received, high.received),
        entries=tuple(entries),
        items=tuple([entry.item() for entry in entries]),
        current=fewest.current,
    )


_ACTIVE, _MEDICATION, _REFERRAL = CareKind.ACTIVE, CareKind.MEDICATION, CareKind.REFERRAL


class _Counted(NamedTuple):
    """Days of one reckoning."""

    active: int
    combined: int
    medication: int
    current: Stretch | None


@dataclass(slots=True)
class _Reckoned:
    """Care as day intervals, reckoned in one way. Assessments count beside treatment."""

    active: list[Interval] = field(default_factory=list)
    treated: list[Interval] = field(default_factory=list)
    """Of the active care, what is no assessment."""
    medication: list[Interval] = field(default_factory=list)
    received: list[Interval] = field(default_factory=list)
    """Treatment of any kind."""

    def add(self, entry: CareEntry, days: Interval) -> None:
        kind = entry.kind
        if kind is _ACTIVE:
            self.active.append(days)
            if not entry.is_evaluation:
                self.treated.append(days)
        elif kind is _MEDICATION:
            self.medication.append(days)
        if not entry.is_evaluation and kind is not _REFERRAL:
            self.received.append(days)

    def counted(self, gap_days: int) -> _Counted:
        """Of active care, courses with a treatment in them; a course counts whole, from first to last day."""
        courses = [s for s in stretches(self.active, gap_days) if any(map(s.holds, self.treated))]
        joined = stretches([*[course.days for course in courses], *self.medication], gap_days)
        return _Counted(
            active=max([course.span for course in courses], default=0),
            combined=_most_covered(joined),
            medication=_most_covered(stretches(self.medication, gap_days)),
            current=joined[-1] if joined else None,
        )


def _windows(case: Case, lookback_days: int) -> tuple[Window, Window]:
    """The window at its narrowest and at its widest: an onset known only roughly moves its start."""
    since, until = days_before(case.as_of, lookback_days).toordinal(), case.as_of.toordinal()
    began = case.onset.began
    if case.onset.is_unread:
        return (until, until - 1), (since, until)
    if began is None:
        return (since, until), (since, until)
    return (max(since, began.last.toordinal()), until), (max(since, began.first.toordinal()), until)


def _most_covered(found: list[Stretch]) -> int:
    return max([stretch.covered for stretch in found], default=0)


def _exists(least: list[Interval], most: list[Interval]) -> Truth:
    if least:
        return TRUE
    return UNKNOWN if most else FALSE
