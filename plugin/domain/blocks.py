"""Earlier diagnostic facet blocks: how many took away enough pain, and which results are not on record."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import NamedTuple

from plugin.domain.case import Case
from plugin.domain.check import Item, Outcome, Reason, Row, Unread
from plugin.domain.families import Family, Purpose
from plugin.domain.injections import Injection, Relief, Session, Sessions
from plugin.domain.truth import FALSE, TRUE, UNKNOWN, Truth


class Blocks(NamedTuple):
    """Sessions of blocks before an order, weighed against one percentage of relief.

    A block without a result on record is none that helped, unless its result may be in what was not read.
    """

    history: Sessions
    percent: float
    """The relief that is asked for."""
    are_results_read: bool
    unread: tuple[Unread, ...]
    """What may hold further blocks, or results of these."""

    @property
    def sure(self) -> tuple[Session, ...]:
        """Sessions that certainly were, the latest first."""
        return tuple(s for s in self.history.entries if s.is_dated and s.counts is TRUE)

    @property
    def helped(self) -> tuple[Session, ...]:
        """Those of the sure sessions that took away enough."""
        return tuple(s for s in self.sure if self._enough(s.certain) is TRUE)

    @property
    def without_result(self) -> tuple[Session, ...]:
        return tuple(s for s in self.sure if not _is_recorded(s.certain))

    @property
    def unquantified(self) -> tuple[Session, ...]:
        """Called a success, without a number."""
        return tuple(s for s in self.sure if s not in self.helped and _is_unquantified(s.certain))

    def have_helped(self, number: int, apart_days: int = 0) -> Truth:
        """Did at least `number` of them take away enough, each `apart_days` or more after the one before?"""
        if _spaced(self.helped, apart_days) >= number:
            return TRUE
        maybe = [s for s in self.history.entries if self._may_have_helped(s.injections)]
        dated = [s for s in maybe if s.is_dated]
        undated = [i for i in self.history.undated if self._may_have_helped((i,))]
        most = _spaced(dated, apart_days) + len(maybe) - len(dated) + len(undated)
        if most >= number or self.history.may_hold_more is UNKNOWN:
            return UNKNOWN
        return FALSE

    def last_fell_short(self) -> Truth:
        """Is it on record that the latest session took away too little? FALSE when there was none."""
        latest = self.history.latest
        answer: Truth = FALSE if latest is None else self._too_little(latest.certain)
        for session in self.history.entries:
            if latest is None or session.day.last > latest.day.last:
                answer = answer | (self._too_little(session.injections) & UNKNOWN)
        for injection in self.history.undated:
            answer = answer | (self._too_little((injection,)) & UNKNOWN)
        return answer

    @property
    def items(self) -> tuple[Item, ...]:
        """Every session, with a word on its result."""
        dated = (s.item(self._remark(s.injections)) for s in self.history.entries)
        return (*dated, *(i.item(self._remark((i,))) for i in self.history.undated))

    @property
    def facts(self) -> dict[str, object]:
        return {
            "positive": len(self.helped),
            "undocumented": len(self.without_result),
            "min_relief_percent": f"{self.percent:g}",
            "reliefs": ", ".join(_percents(self.sure)) or "none",
        }

    def _enough(self, injections: tuple[Injection, ...]) -> Truth:
        """Of one day: enough by one result on record, and not too little by another."""
        if not _is_recorded(injections):
            return self._relieved(Relief())
        found = {self._relieved(i.relief) for i in injections if i.relief.is_recorded}
        if TRUE in found:
            return UNKNOWN if FALSE in found else TRUE
        return UNKNOWN if UNKNOWN in found else FALSE

    def _too_little(self, injections: tuple[Injection, ...]) -> Truth:
        return ~self._enough(injections) if _is_recorded(injections) else UNKNOWN

    def _may_have_helped(self, injections: Iterable[Injection]) -> bool:
        return any(self._relieved(i.relief) is not FALSE for i in injections)

    def _relieved(self, relief: Relief) -> Truth:
        if relief.percent is None and not self.are_results_read:
            return UNKNOWN
        return relief.reached(self.percent) if relief.is_recorded else FALSE

    def _remark(self, injections: tuple[Injection, ...]) -> str:
        if not _is_recorded(injections):
            return "no-result"
        enough = self._enough(injections)
        if enough is UNKNOWN:
            return "success-without-number" if _is_unquantified(injections) else "results-disagree"
        return "relief-enough" if enough is TRUE else "relief-too-low"


def earlier_blocks(
    case: Case, within_days: int, percent: float, is_block: Callable[[Injection], Truth]
) -> Blocks:
    """The blocks where the order goes, at most `within_days` ago."""
    evidence = case.evidence
    history = case.sessions_here(is_block, within_days + 1)
    # Scores and percentages come from the same search: what is missing of one may be missing of the other.
    results = evidence.pain_scores.unread
    is_unmeasured = any(i.relief.percent is None for i in history.injections)
    unread = (*evidence.injections.unread, *(results if is_unmeasured else ()))
    return Blocks(history, percent, not results, unread)


def blocks_that_fell_short(blocks: Blocks, number: int, items: tuple[Item, ...]) -> Iterator[Row]:
    """The rows for blocks of which fewer than `number` helped; none holds where there was no block."""
    helped, without = len(blocks.helped), len(blocks.without_result)
    if helped and helped + without < number:
        yield Row("too-few-positive", TRUE, Outcome.NOT_MET, decided_by=items)
    if without:
        yield Row(
            "results-not-documented",
            TRUE,
            Outcome.UNKNOWN,
            Reason.NO_EVIDENCE,
            is_gap=True,
            decided_by=items,
        )
    if blocks.sure:
        yield Row("relief-too-low", TRUE, Outcome.NOT_MET, decided_by=items)


def may_have_been_a_block(injection: Injection) -> Truth:
    """A facet injection that was not done as a treatment: charts seldom say what one was done for."""
    is_facet = injection.family is Family.FACET_INJECTION
    return Truth.of(is_facet and injection.purpose is not Purpose.THERAPEUTIC)


def was_a_block(injection: Injection) -> Truth:
    """A facet injection done for diagnosis; UNKNOWN where the chart does not say what it was done for."""
    is_unknown = injection.purpose is Purpose.UNDETERMINED
    sure = UNKNOWN if is_unknown else Truth.of(injection.purpose is Purpose.DIAGNOSTIC)
    return Truth.of(injection.family is Family.FACET_INJECTION) & sure


def _is_recorded(injections: Iterable[Injection]) -> bool:
    return any(i.relief.is_recorded for i in injections)


def _is_unquantified(injections: Iterable[Injection]) -> bool:
    return any(i.relief.is_unquantified for i in injections)


def _percents(sessions: Iterable[Session]) -> list[str]:
    """`85 %` for each result in percent, the earliest first."""
    found = [i for s in sessions for i in s.certain if i.relief.percent is not None]
    return [f"{i.relief.percent:g} %" for i in reversed(found)]


def _spaced(sessions: Iterable[Session], apart_days: int) -> int:
    """The most of these sessions, dated to the day, that lie so many days apart."""
    count, last = 0, None
    for day in sorted(s.day.first for s in sessions):
        if last is None or (day - last).days >= apart_days:
            count, last = count + 1, day
    return count
