"""One order, seen with its patient's record: what every rule is asked about."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Literal

from plugin.domain.check import Unread
from plugin.domain.dates import DateRange
from plugin.domain.evidence import Diagnosis, Evidence, Standing
from plugin.domain.families import Family, Purpose
from plugin.domain.injections import Injection, Session, Sessions, is_same_area, is_same_half, sessions
from plugin.domain.order import InjectionOrder
from plugin.domain.pain_pattern import LIMB_PATTERNS, PainPattern, PatternParams, read_pain_pattern
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

    def lasted_at_least(self, days: int, on: DateRange) -> Truth:
        """Has the episode lasted `days` or more on that day, or on any of those days?"""
        if self.began is not None:
            least, most = (on.first - self.began.last).days, (on.last - self.began.first).days
            if least >= days:
                return Truth.TRUE
            return Truth.FALSE if most < days else Truth.UNKNOWN
        if self.recorded is not None and (on.first - self.recorded.last).days >= days:
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
    alongside: tuple[InjectionOrder, ...] = ()
    """The other injections among the drafts of the hook, selected or not."""

    def sessions(
        self,
        families: Collection[Family],
        within_days: int,
        purposes: Collection[Purpose] = tuple(Purpose),
        *,
        before: date | None = None,
    ) -> Sessions:
        """Earlier sessions of these families in the same half of the spine, counted back from `as_of`.

        An injection of undetermined purpose may be of any.
        """

        def belongs(injection: Injection) -> Truth:
            if injection.family not in families:
                return Truth.FALSE
            is_meant = injection.purpose in purposes
            if not is_meant and injection.purpose is not Purpose.UNDETERMINED:
                return Truth.FALSE
            same = is_same_half(self.region, injection.region)
            return same if is_meant else same & Truth.UNKNOWN

        return self._sessions(belongs, within_days, before)

    def sessions_here(
        self, is_meant: Callable[[Injection], Truth], within_days: int, *, before: date | None = None
    ) -> Sessions:
        """Earlier sessions where the order goes: in its area and, where both state a side, on its side."""

        def belongs(injection: Injection) -> Truth:
            is_on_side = Truth.of(injection.is_on_side_of(self.order.sides))
            return is_meant(injection) & is_on_side & is_same_area(self.region, injection.region)

        return self._sessions(belongs, within_days, before)

    def had_session_here(self, is_meant: Callable[[Injection], Truth], within_days: int) -> Truth:
        """Was there one less than `within_days` before the planned day?

        Without a planned day it may be any from the request on: then never TRUE.
        """

        def before(day: date) -> Truth:
            return self.sessions_here(is_meant, within_days, before=day).at_least(1)

        planned = self.order.planned
        if planned is None:
            return before(self.order.asked_on or self.as_of) & Truth.UNKNOWN
        earliest, latest = before(planned.first), before(planned.last)
        return earliest if earliest is latest else Truth.UNKNOWN

    def days_since(self, session: Session | None) -> str:
        """`20`, or `10 to 40` where the planned day is not exact; empty without a session."""
        if session is None:
            return ""
        on = self.order.planned or DateRange.on(self.as_of)
        least, most = (on.first - session.day.last).days, (on.last - session.day.first).days
        return f"{least}" if least == most else f"{least} to {most}"

    def _sessions(
        self, belongs: Callable[[Injection], Truth], within_days: int, before: date | None
    ) -> Sessions:
        history = self.evidence.injections
        return sessions(
            history.entries,
            before=before or self.as_of,
            within_days=within_days,
            belongs=belongs,
            may_hold_more=history.may_hold_more,
        )

    @property
    def as_of(self) -> date:
        return self.order.as_of

    @property
    def reasons(self) -> tuple[Diagnosis, ...]:
        """The diagnoses that the order gives as its reason and that stand today, certain or not."""
        named = self.order.reason_references
        charted = (d for d in self.evidence.diagnoses.entries if d.reference in named)
        return tuple(d for d in (*charted, *self.order.reason_codes) if d.standing in _STANDING)

    @property
    def listed(self) -> tuple[Diagnosis, ...]:
        """The other diagnoses on record that stand today, certain or not."""
        named = self.order.reason_references
        entries = self.evidence.diagnoses.entries
        return tuple(d for d in entries if d.standing in _STANDING and d.reference not in named)

    @property
    def diagnoses_unread(self) -> tuple[Unread, ...]:
        """Reasons that could not be found, and what else of the diagnoses could not be read."""
        return tuple(dict.fromkeys((*self.pattern.missing, *self.evidence.diagnoses.unread)))


def open_case(
    order: InjectionOrder,
    evidence: Evidence,
    params: PatternParams,
    chronic_days: int,
    alongside: tuple[InjectionOrder, ...] = (),
) -> Case:
    """Works out the facts that several rules share."""
    pattern = read_pain_pattern(order, evidence, params)
    region = _region(order, pattern)
    onset = _onset(pattern, evidence, region)
    lasted = onset.lasted_at_least(chronic_days, DateRange.on(order.as_of))
    chronicity: Chronicity = "unknown"
    if lasted is Truth.TRUE:
        chronicity = "chronic"
    elif lasted is Truth.FALSE:
        chronicity = "acute"
    return Case(order, evidence, pattern, region, onset, chronicity, alongside)


def _region(order: InjectionOrder, pattern: PainPattern) -> Region:
    named = pattern.region
    if not order.region.stated:
        return named if named.stated else order.region
    return order.region.refined_by(named)


def _onset(pattern: PainPattern, evidence: Evidence, region: Region) -> Onset:
    """The earliest onset among the deciding diagnoses, else among those on the list that match them.

    A reason given as a code carries no date; the same diagnosis on the problem list does.
    """
    episode: tuple[Diagnosis, ...] = pattern.deciding
    if not any(d.onset for d in episode):
        episode = (*episode, *_twins(pattern, evidence, region))
    dated = [d for d in episode if d.onset is not None]
    is_unread = bool(evidence.diagnoses.unread or pattern.missing) and not dated
    if dated:
        first = min(dated, key=lambda d: (d.onset or _FAR).first)
        return Onset(_widened(first.onset, pattern), first.recorded, is_unread, first.reference)
    noted = [d.recorded for d in episode if d.recorded is not None]
    return Onset(None, min(noted) if noted else None, is_unread)


def _widened(began: DateRange | None, pattern: PainPattern) -> DateRange | None:
    """An earlier onset of a reason whose region is not stated may be the episode's."""
    if began is None:
        return None
    others = [d.onset.first for d in pattern.of_unstated_region if d.onset is not None]
    return DateRange(min([began.first, *others]), began.last)


def _twins(pattern: PainPattern, evidence: Evidence, region: Region) -> list[Diagnosis]:
    """Current diagnoses with a code of the deciding ones, or of their kind in the same region."""
    concepts = {concept for d in pattern.deciding for concept in d.concepts}
    kinds = {_kind(d) for d in pattern.deciding}
    return [
        d
        for d in evidence.diagnoses.entries
        if d.standing is Standing.CURRENT
        and d not in pattern.deciding
        and (
            concepts.intersection(d.concepts)
            or (_kind(d) in kinds and region.matches(d.region) is Truth.TRUE)
        )
    ]


def _kind(diagnosis: Diagnosis) -> str | None:
    return "limb" if diagnosis.pattern in LIMB_PATTERNS else diagnosis.pattern


_STANDING = frozenset({Standing.CURRENT, Standing.CONTRADICTORY})
_FAR = DateRange(date.max - timedelta(days=1), date.max)
