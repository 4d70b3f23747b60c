"""Dates as charts give them: a day, a month or a year, never made more exact than they are."""

from __future__ import annotations

import re
from calendar import monthrange
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta

from plugin.domain.memory import Memory
from plugin.domain.truth import FALSE, TRUE, UNKNOWN, Truth

_FHIR_DATE = re.compile(r"([0-9]{4})(?:-([0-9]{2})(?:-([0-9]{2}))?)?")
_DAY_LENGTH = len("2026-09-15")


@dataclass(frozen=True, slots=True, order=True)
class DateRange:
    """Some day in [first, last], both inclusive. `2026-09` is any day of that September."""

    first: date
    last: date

    @classmethod
    def on(cls, day: date) -> DateRange:
        return cls(day, day)

    @property
    def is_exact(self) -> bool:
        return self.first == self.last

    def holds(self, predicate: Callable[[date], bool]) -> Truth:
        """The predicate at both ends: UNKNOWN when they differ. Only for monotone predicates."""
        at_first = predicate(self.first)
        if self.first == self.last or predicate(self.last) == at_first:
            return Truth.of(at_first)
        return UNKNOWN

    def is_on_or_after(self, day: date) -> Truth:
        if self.first >= day:
            return TRUE
        return FALSE if self.last < day else UNKNOWN

    def is_before(self, day: date) -> Truth:
        if self.last < day:
            return TRUE
        return FALSE if self.first >= day else UNKNOWN

    def is_on_or_before(self, day: date) -> Truth:
        if self.last <= day:
            return TRUE
        return FALSE if self.first > day else UNKNOWN

    def __str__(self) -> str:
        if self.first == self.last:
            return self.first.isoformat()
        if self.first.replace(day=1) == self.last.replace(day=1):
            return f"{self.first:%Y-%m}"
        return f"{self.first.year}" if self.first.year == self.last.year else f"{self.first} to {self.last}"


def parse_fhir_date(text: str | None) -> DateRange | None:
    """A FHIR date, dateTime or instant as the calendar date written in it; None when it is no date."""
    if not text:
        return None
    if len(text) > _DAY_LENGTH:
        if text[_DAY_LENGTH] not in "T ":
            return None
        text = text[:_DAY_LENGTH]
    return _dates[text]


def _date(text: str) -> DateRange | None:
    shape = _FHIR_DATE.fullmatch(text)
    if shape is None:
        return None
    year, month, day = (int(part) if part else None for part in shape.groups())
    try:
        if year is None or month is None:
            return DateRange(date(year or 0, 1, 1), date(year or 0, 12, 31))
        if day is None:
            return DateRange(date(year, month, 1), date(year, month, monthrange(year, month)[1]))
        return DateRange.on(date(year, month, day))
    except ValueError:
        return None


_dates: Memory[str, DateRange | None] = Memory(_date, is_kept=lambda text: len(text) <= _DAY_LENGTH)
"""Charts write the same days again and again."""


def days_before(day: date, days: int) -> date:
    """The date `days` earlier, stopping at the first date the calendar can hold."""
    return date.fromordinal(max(day.toordinal() - days, 1))


def days_after(day: date, days: int) -> date:
    """The date `days` later, stopping at the last date the calendar can hold."""
    return day + timedelta(days=min(days, date.max.toordinal() - day.toordinal()))
