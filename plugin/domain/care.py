"""The conservative care of an episode, counted at the least and at the most that the chart allows."""

from __future__ import annotations

from typing import NamedTuple

from plugin.domain.case import Case
from plugin.domain.check import Item
from plugin.domain.coverage import Days, Interval, Stretch, Window, days_of, stretches
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
    entries: list[CareEntry] = []
    certain: list[_Part] = []
    possible: list[_Part] = []
    for entry in case.evidence.care.entries:
        least, most = days_of(entry, narrowest, widest)
        if most is not None:
            entries.append(entry)
            possible.append((entry, most))
            if least is not None:
                certain.append((entry, least))
    low = _reckoned(certain, gap_days)
    high = low if certain == possible else _reckoned(possible, gap_days)
    return Care(
        active=Days(low.active, high.active),
        combined=Days(low.combined, high.combined),
        medication=Days(low.medication, high.medication),
        has_active=_exists(low.has_active, high.has_active),
        has_medication=_exists(low.has_medication, high.has_medication),
        has_any=_exists(low.has_any, high.has_any),
        entries=tuple(entries),
        items=tuple([entry.item() for entry in entries]),
        current=low.current,
    )


_Part = tuple[CareEntry, Interval]


class _Reckoned(NamedTuple):
    """Care counted in one way."""

    active: int
    combined: int
    medication: int
    has_active: bool
    has_medication: bool
    has_any: bool
    current: Stretch | None


def _reckoned(parts: list[_Part], gap_days: int) -> _Reckoned:
    """A course of active care needs a treatment in it, and counts whole, from first to last day.

    An assessment is none, yet it may begin a course.
    """
    active = [days for entry, days in parts if entry.kind is _ACTIVE]
    treated = [days for entry, days in parts if entry.kind is _ACTIVE and not entry.is_evaluation]
    medication = [days for entry, days in parts if entry.kind is _MEDICATION]
    received = [entry for entry, _ in parts if entry.kind is not _REFERRAL and not entry.is_evaluation]
    courses = [s for s in stretches(active, gap_days) if any(map(s.holds, treated))]
    joined = stretches([*[course.days for course in courses], *medication], gap_days)
    return _Reckoned(
        active=max([course.span for course in courses], default=0),
        combined=_most_covered(joined),
        medication=_most_covered(stretches(medication, gap_days)) if medication else 0,
        has_active=bool(treated),
        has_medication=bool(medication),
        has_any=bool(received),
        current=joined[-1] if joined else None,
    )


_ACTIVE, _MEDICATION, _REFERRAL = CareKind.ACTIVE, CareKind.MEDICATION, CareKind.REFERRAL


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


def _exists(for_certain: bool, possibly: bool) -> Truth:
    if for_certain:
        return TRUE
    return UNKNOWN if possibly else FALSE
