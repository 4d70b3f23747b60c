"""One order, seen with its patient's record: what every rule is asked about."""

from __future__ import annotations

from collections.abc import Callable, Collection, Hashable
from dataclasses import dataclass, field
from datetime import date
from functools import cached_property
from typing import Any, Literal, NamedTuple, TypeVar

from plugin.domain.check import Unread
from plugin.domain.dates import DateRange
from plugin.domain.evidence import Diagnosis, Evidence, Standing
from plugin.domain.families import Family, Purpose
from plugin.domain.injections import Injection, Session, Sessions, is_same_area, is_same_half, sessions
from plugin.domain.order import InjectionOrder
from plugin.domain.pain_pattern import LIMB_PATTERNS, PainPattern, PatternParams, read_pain_pattern
from plugin.domain.regions import Region
from plugin.domain.truth import FALSE, TRUE, UNKNOWN, Truth

T = TypeVar("T")
Chronicity = Literal["acute", "chronic", "unknown"]


class Onset(NamedTuple):
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
                return TRUE
            return FALSE if most < days else UNKNOWN
        if self.recorded is not None and (on.first - self.recorded.last).days >= days:
            return TRUE
        return UNKNOWN


@dataclass(frozen=True)
class Case:
    """What is worked out from these fields on the way is kept with the case: several rules ask it."""

    order: InjectionOrder
    evidence: Evidence
    pattern: PainPattern
    region: Region
    """The order's region, narrowed by the diagnosis it is for."""
    onset: Onset
    chronicity: Chronicity
    alongside: tuple[InjectionOrder, ...] = ()
    """The other injections among the drafts of the hook, selected or not."""
    _known: dict[Hashable, Any] = field(default_factory=dict, init=False, repr=False, compare=False)

    def once(self, question: Hashable, answer: Callable[[], T]) -> T:
        """The answer to a question that may be asked again, by another rule or with other numbers."""
        if question not in self._known:
            self._known[question] = answer()
        known: T = self._known[question]
        return known

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
                return FALSE
            is_meant = injection.purpose in purposes
            if not is_meant and injection.purpose is not Purpose.UNDETERMINED:
                return FALSE
            same = is_same_half(self.region, injection.region)
            return same if is_meant else same & UNKNOWN

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
            return before(self.order.asked_on or self.as_of) & UNKNOWN
        earliest, latest = before(planned.first), before(planned.last)
        return earliest if earliest is latest else UNKNOWN

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

    @cached_property
    def standing(self) -> tuple[Diagnosis, ...]:
        """The diagnoses on record that stand today, certain or not."""
        entries = self.evidence.diagnoses.entries
        return tuple([d for d in entries if d.standing is _CURRENT or d.standing is _CONTRADICTORY])

    @cached_property
    def certain(self) -> tuple[Diagnosis, ...]:
        """The diagnoses on record that the patient has today for sure."""
        return tuple([d for d in self.standing if d.is_certain and d.standing is _CURRENT])

    @cached_property
    def standing_sets(self) -> frozenset[str]:
        """The value sets that some diagnosis on record which stands today is of."""
        return _sets_of(self.standing)

    @cached_property
    def reasons(self) -> tuple[Diagnosis, ...]:
        """The diagnoses that the order gives as its reason and that stand today, certain or not."""
        named = self.order.reason_references
        charted = [d for d in self.standing if d.reference in named]
        return (*charted, *[d for d in self.order.reason_codes if d.standing in _STANDING])

    @cached_property
    def current_reasons(self) -> tuple[Diagnosis, ...]:
        """Of the order's reasons those that are current, in the order of the order."""
        by_reference = {d.reference: d for d in self.evidence.diagnoses.entries}
        charted = [by_reference[r] for r in self.order.reason_references if r in by_reference]
        return tuple([d for d in (*charted, *self.order.reason_codes) if d.standing is _CURRENT])

    @cached_property
    def reason_sets(self) -> frozenset[str]:
        """The value sets that one of the current reasons is of."""
        return _sets_of(self.current_reasons)

    @cached_property
    def listed(self) -> tuple[Diagnosis, ...]:
        """The other diagnoses on record that stand today, certain or not."""
        named = self.order.reason_references
        return tuple([d for d in self.standing if d.reference not in named])

    @cached_property
    def diagnoses_unread(self) -> tuple[Unread, ...]:
        """Reasons that could not be found, and what else of the diagnoses could not be read."""
        return tuple(dict.fromkeys((*self.pattern.missing, *self.evidence.diagnoses.unread)))


def _sets_of(diagnoses: tuple[Diagnosis, ...]) -> frozenset[str]:
    return frozenset().union(*[concept.sets for d in diagnoses for concept in d.concepts])


_CURRENT = Standing.CURRENT
_CONTRADICTORY = Standing.CONTRADICTORY
_STANDING = (_CURRENT, _CONTRADICTORY)


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
    if lasted is TRUE:
        chronicity = "chronic"
    elif lasted is FALSE:
        chronicity = "acute"
    return Case(order, evidence, pattern, region, onset, chronicity, alongside)


def _region(order: InjectionOrder, pattern: PainPattern) -> Region:
    if order.region.stated and not order.region.is_pair:
        return order.region
    named = pattern.region
    if not order.region.stated:
        return named if named.stated else order.region
    return order.region.refined_by(named)


def _onset(pattern: PainPattern, evidence: Evidence, region: Region) -> Onset:
    """The earliest onset among the deciding diagnoses, else among those on the list that match them.

    A reason given as a code carries no date; the same diagnosis on the problem list does.
    """
    episode = pattern.deciding
    dated = [(d.onset, d) for d in episode if d.onset is not None]
    if not dated:
        twins = _twins(pattern, evidence, region)
        episode = (*episode, *twins)
        dated = [(d.onset, d) for d in twins if d.onset is not None]
    if dated:
        began, first = min(dated, key=lambda known: known[0].first)
        return Onset(_widened(began, pattern), first.recorded, False, first.reference)
    noted = [d.recorded for d in episode if d.recorded is not None]
    return Onset(None, min(noted, default=None), bool(evidence.diagnoses.unread or pattern.missing))


def _widened(began: DateRange, pattern: PainPattern) -> DateRange:
    """An earlier onset of a reason whose region is not stated may be the episode's."""
    others = [d.onset.first for d in pattern.of_unstated_region if d.onset is not None]
    return DateRange(min(began.first, *others), began.last) if others else began


def _twins(pattern: PainPattern, evidence: Evidence, region: Region) -> list[Diagnosis]:
    """Current diagnoses with a code of the deciding ones, or of their kind in the same region."""
    if not pattern.deciding:
        return []
    concepts = {concept for d in pattern.deciding for concept in d.concepts}
    kinds = {_kind(d) for d in pattern.deciding}
    return [
        d
        for d in evidence.diagnoses.entries
        if d.standing is _CURRENT
        and d not in pattern.deciding
        and (concepts.intersection(d.concepts) or (_kind(d) in kinds and region.matches(d.region) is TRUE))
    ]


def _kind(diagnosis: Diagnosis) -> str | None:
    return "limb" if diagnosis.pattern in LIMB_PATTERNS else diagnosis.pattern
