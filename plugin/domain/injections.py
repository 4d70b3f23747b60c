"""Earlier injections: how much each helped, and how many sessions there were.

A session is one calendar day in one half of the spine, however many needles, levels or bills it has. What is
not dated to the day, not charted as completed, or whose region is not stated, may be a session.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import NamedTuple

from plugin.domain.check import Item
from plugin.domain.codes import Concept
from plugin.domain.dates import DateRange, days_before
from plugin.domain.families import Family, Purpose
from plugin.domain.regions import Region
from plugin.domain.truth import FALSE, TRUE, UNKNOWN, Truth


class Verdict(StrEnum):
    """What `Procedure.outcome` says."""

    SUCCESSFUL = "successful"
    PARTIAL = "partial"
    UNSUCCESSFUL = "unsuccessful"


@dataclass(frozen=True, slots=True)
class Relief:
    """How much pain an injection took away: measured in percent, judged in a word, or not recorded."""

    percent: float | None = None
    """The lowest that was measured."""
    verdict: Verdict | None = None
    is_contradictory: bool = False
    """The chart's words disagree with each other, or with what was measured."""
    highest_percent: float | None = None
    """Where several measures differ."""

    @property
    def is_recorded(self) -> bool:
        return self.percent is not None or self.verdict is not None

    @property
    def is_unquantified(self) -> bool:
        """Called a success, without a number."""
        return self.percent is None and self.verdict is Verdict.SUCCESSFUL

    @property
    def may_be_measured(self) -> bool:
        """Could a measure that was not read show success? Not where the chart says that it failed."""
        return self.percent is None and self.verdict is not Verdict.UNSUCCESSFUL

    def reached(self, percent: float) -> Truth:
        """Did it take away at least so many percent?

        UNKNOWN for a success without a number, and where measures, or measure and verdict, disagree on it.
        """
        if self.is_contradictory:
            return UNKNOWN
        if self.percent is None:
            return FALSE if self.verdict in _NO_SUCCESS else UNKNOWN
        highest = self.percent if self.highest_percent is None else self.highest_percent
        if highest < percent:
            return FALSE
        is_agreed = self.percent >= percent and self.verdict is not Verdict.UNSUCCESSFUL
        return TRUE if is_agreed else UNKNOWN

    @property
    def helped(self) -> Truth:
        """Was it a success by the word of the chart, whatever the number?"""
        if self.is_contradictory or self.verdict is None:
            return UNKNOWN
        return Truth.of(self.verdict is Verdict.SUCCESSFUL)


_NO_SUCCESS = frozenset({Verdict.PARTIAL, Verdict.UNSUCCESSFUL})


@dataclass(frozen=True, slots=True)
class Injection:
    """An injection or ablation on record."""

    reference: str
    label: str
    family: Family
    code: Concept
    region: Region
    date: DateRange | None
    is_certain: bool = True
    """False when it is not charted as completed."""
    purpose: Purpose = Purpose.UNDETERMINED
    sides: frozenset[str] = frozenset()
    """`left`, `right`, or both; empty when not stated."""
    is_intra_articular: bool = False
    """Its text says that a joint was injected, not the nerves to it."""
    relief: Relief = Relief()
    started: datetime | None = None
    """The moment, where the chart has a time of day and its zone."""

    @property
    def took_place(self) -> Truth:
        return TRUE if self.is_certain else UNKNOWN

    def is_on_side_of(self, sides: frozenset[str]) -> bool:
        """False only when both state a side and share none."""
        return not self.sides or not sides or bool(self.sides & sides)

    def item(self, remark: str | None = None) -> Item:
        return Item("event", self.label, self.reference, self.date, None, remark)


class Session(NamedTuple):
    """The injections of one calendar day."""

    day: DateRange
    injections: tuple[Injection, ...]
    counts: Truth
    """UNKNOWN: it may lie outside the days asked about, belong elsewhere, or not have happened."""
    certain: tuple[Injection, ...] = ()
    """Those of the injections that count for sure."""

    @property
    def is_dated(self) -> bool:
        return self.day.is_exact

    def item(self, remark: str | None = None) -> Item:
        return self.injections[0].item(remark)


class Sessions(NamedTuple):
    """The sessions before a day, the latest first, and the injections that have no date."""

    entries: tuple[Session, ...]
    undated: tuple[Injection, ...]
    may_hold_more: Truth
    """UNKNOWN when the procedures could not all be read."""

    @property
    def least(self) -> int:
        """Sessions that certainly were: dated to the day and counting."""
        return len([s for s in self.entries if s.counts is TRUE and s.day.is_exact])

    @property
    def most(self) -> int:
        """Sessions there may have been among what could be read."""
        return len(self.entries) + len(self.undated)

    def at_least(self, number: int) -> Truth:
        if self.least >= number:
            return TRUE
        return UNKNOWN if self.most >= number else self.may_hold_more

    @property
    def latest(self) -> Session | None:
        """The latest session that is certain; one that only may have been does not come before it."""
        for session in self.entries:
            if session.counts is TRUE and session.day.is_exact:
                return session
        return None

    @property
    def injections(self) -> tuple[Injection, ...]:
        return (*[i for s in self.entries for i in s.injections], *self.undated)

    @property
    def items(self) -> tuple[Item, ...]:
        return (*[s.item() for s in self.entries], *[i.item() for i in self.undated])


def sessions(
    injections: Sequence[Injection],
    *,
    before: date,
    within_days: int,
    belongs: Callable[[Injection], Truth],
    may_hold_more: Truth,
) -> Sessions:
    """The sessions after `before` minus `within_days` and before `before`, of the injections that belong."""
    if not injections:
        return Sessions((), (), may_hold_more)
    since = days_before(before, within_days)
    days: dict[DateRange, list[tuple[Injection, Truth]]] = {}
    undated: list[Injection] = []
    for injection in injections:
        counts = belongs(injection) & injection.took_place
        if counts is FALSE:
            continue
        if injection.date is None:
            undated.append(injection)
            continue
        counts = counts & ~injection.date.is_on_or_before(since) & injection.date.is_before(before)
        if counts is not FALSE:
            days.setdefault(injection.date, []).append((injection, counts))
    entries = [_session(day, found) for day, found in days.items()]
    entries.sort(key=lambda session: (session.day.last, session.day.first), reverse=True)
    return Sessions(tuple(entries), tuple(undated), may_hold_more)


def _session(day: DateRange, found: Sequence[tuple[Injection, Truth]]) -> Session:
    certain = tuple(injection for injection, truth in found if truth is TRUE)
    counts = TRUE if certain else UNKNOWN
    return Session(day, tuple(injection for injection, _ in found), counts, certain)


_UPPER = frozenset({"cervical", "thoracic"})
_LOWER = frozenset({"lumbar", "sacral", "sacroiliac"})


def is_same_half(one: Region, other: Region) -> Truth:
    """Do both lie in the neck and mid-back, or both in the low back and sacrum, as sessions are counted?"""
    if not one.stated or not other.stated:
        return UNKNOWN
    return Truth.of(any(one.atoms & half and other.atoms & half for half in (_UPPER, _LOWER)))


def is_same_area(ordered: Region, other: Region) -> Truth:
    """Do both lie in the neck, both in the mid-back, or both in the low back and sacrum?

    An entry coded "neck or mid-back" is as exact as its code can be and counts for either; an order that
    leaves open which of the two it means is not compared with an entry that names one.
    """
    half = is_same_half(ordered, other)
    is_low = bool(ordered.atoms & _LOWER and other.atoms & _LOWER)
    if half is not TRUE or is_low or other.is_pair:
        return half
    if ordered.is_pair and other.atoms < ordered.atoms:
        return UNKNOWN
    return ordered.matches(other)
