"""One order, seen with its patient's record: what every rule is asked about."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Literal

from plugin.domain.dates import DateRange
from plugin.domain.evidence import Diagnosis, Evidence
from plugin.domain.order import InjectionOrder
from plugin.domain.pain_pattern import PainPattern, PatternParams, read_pain_pattern
from plugin.domain.regions import Region
from plugin.domain.truth import Truth

Chronicity = Literal["acute", "chronic", "unknown"]


@dataclass(frozen=True, slots=True)
class Onset:
    """When this episode began. `began` None with `recorded`: it began on that day or earlier."""

    began: DateRange | None
    recorded: DateRange | None
    is_unread: bool
    """The diagnoses could not all be read, so an onset may be on record that is not known here."""
    reference: str | None = None

    def lasted_at_least(self, days: int, as_of: date) -> Truth:
        """Has the episode lasted `days` or more on `as_of`?"""
        if self.began is not None:
            return self.began.holds(lambda day: (as_of - day).days >= days)
        if self.recorded is not None and (as_of - self.recorded.last).days >= days:
            return Truth.TRUE
        return Truth.UNKNOWN


@dataclass(frozen=True, slots=True)
class Case:
    order: InjectionOrder
    evidence: Evidence
    pattern: PainPattern
    region: Region
    """The order's region, narrowed by the diagnosis it is for."""
    onset: Onset
    chronicity: Chronicity

    @property
    def as_of(self) -> date:
        return self.order.as_of


def open_case(order: InjectionOrder, evidence: Evidence, params: PatternParams, chronic_days: int) -> Case:
    """Works out the facts that several rules share."""
    pattern = read_pain_pattern(order, evidence, params)
    onset = _onset(pattern, evidence)
    lasted = onset.lasted_at_least(chronic_days, order.as_of)
    chronicity: Chronicity = "unknown"
    if lasted is Truth.TRUE:
        chronicity = "chronic"
    elif lasted is Truth.FALSE:
        chronicity = "acute"
    return Case(order, evidence, pattern, _region(order, pattern), onset, chronicity)


def _region(order: InjectionOrder, pattern: PainPattern) -> Region:
    named = pattern.region
    if not order.region.stated:
        return named if named.stated else order.region
    return order.region.refined_by(named)


def _onset(pattern: PainPattern, evidence: Evidence) -> Onset:
    """The earliest onset among the deciding diagnoses; their recorded dates when none has one."""
    is_unread = bool(evidence.diagnoses.unread) and not any(d.onset for d in pattern.deciding)
    episode: tuple[Diagnosis, ...] = pattern.deciding
    dated = [d for d in episode if d.onset is not None]
    if dated:
        first = min(dated, key=lambda d: (d.onset or _FAR).first)
        return Onset(first.onset, first.recorded, is_unread, first.reference)
    noted = [d.recorded for d in episode if d.recorded is not None]
    return Onset(None, min(noted) if noted else None, is_unread)


_FAR = DateRange(date.max - timedelta(days=1), date.max)
