"""The conservative care of an episode, counted at the least and at the most that the chart allows."""

from __future__ import annotations

from dataclasses import dataclass

from plugin.domain.case import Case
from plugin.domain.coverage import Days, Interval, Stretch, Window, intervals, stretches
from plugin.domain.dates import days_before
from plugin.domain.evidence import CareEntry, CareKind
from plugin.domain.truth import Truth


@dataclass(frozen=True, slots=True)
class Care:
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
    current: Stretch | None
    """The latest stretch: the one that further treatment would go on with."""

    @property
    def documented(self) -> int:
        if self.has_active is Truth.TRUE:
            return max(self.active.least, self.combined.least)
        return self.medication.least


def count_care(case: Case, lookback_days: int, gap_days: int) -> Care:
    """Care within the look-back and since the episode began; a pause longer than `gap_days` ends a course."""
    least, most = _windows(case, lookback_days)
    entries = [e for e in case.evidence.care.entries if _overlaps(e, most)]
    active = [e for e in entries if e.kind is CareKind.ACTIVE]
    treated = [e for e in active if not e.is_evaluation]
    medication = [e for e in entries if e.kind is CareKind.MEDICATION]
    received = [e for e in entries if e.kind is not CareKind.REFERRAL and not e.is_evaluation]
    treated_least, treated_most = intervals(treated, least, "least"), intervals(treated, most, "most")
    low = _Reckoned(
        intervals(active, least, "least"),
        treated_least,
        intervals(medication, least, "least"),
        gap_days,
    )
    high = _Reckoned(
        intervals(active, most, "most"), treated_most, intervals(medication, most, "most"), gap_days
    )
    joined = low.joined
    return Care(
        active=Days(low.longest_span, high.longest_span),
        combined=Days(_most_covered(joined), _most_covered(high.joined)),
        medication=Days(low.medicated, high.medicated),
        has_active=_exists(treated_least, treated_most),
        has_medication=_exists(low.medication, high.medication),
        has_any=_exists(intervals(received, least, "least"), intervals(received, most, "most")),
        entries=tuple(entries),
        current=joined[-1] if joined else None,
    )


class _Reckoned:
    """Active care and medication as day intervals, counted in one way. Assessments count beside treatment."""

    def __init__(
        self, active: list[Interval], treated: list[Interval], medication: list[Interval], gap_days: int
    ) -> None:
        self.medication = medication
        self._gap_days = gap_days
        self._spans = [s for s in stretches(active, gap_days) if any(s.holds(part) for part in treated)]

    @property
    def longest_span(self) -> int:
        return max((stretch.span for stretch in self._spans), default=0)

    @property
    def medicated(self) -> int:
        return _most_covered(stretches(self.medication, self._gap_days))

    @property
    def joined(self) -> list[Stretch]:
        """Active spans and medication together; a span counts whole, from first to last session."""
        spans = [(stretch.first.toordinal(), stretch.last.toordinal()) for stretch in self._spans]
        return stretches(sorted(spans + self.medication), self._gap_days)


def _windows(case: Case, lookback_days: int) -> tuple[Window, Window]:
    """The window at its narrowest and at its widest: an onset known only roughly moves its start."""
    since = days_before(case.as_of, lookback_days)
    began = case.onset.began
    if case.onset.is_unread:
        return Window(case.as_of, days_before(case.as_of, 1)), Window(since, case.as_of)
    if began is None:
        return Window(since, case.as_of), Window(since, case.as_of)
    return Window(max(since, began.last), case.as_of), Window(max(since, began.first), case.as_of)


def _overlaps(entry: CareEntry, window: Window) -> bool:
    return bool(intervals((entry,), window, "most"))


def _most_covered(found: list[Stretch]) -> int:
    return max((s.covered for s in found), default=0)


def _exists(least: list[Interval], most: list[Interval]) -> Truth:
    if least:
        return Truth.TRUE
    return Truth.UNKNOWN if most else Truth.FALSE
