"""FRQ-3: before a repeat, is the response to the last epidural session on record, and was it good?"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from plugin.domain.case import Case
from plugin.domain.check import Check, Outcome, Reason, Row, decide
from plugin.domain.families import EPIDURAL
from plugin.domain.injections import Injection, Session, Sessions, Verdict
from plugin.domain.truth import FALSE, TRUE, UNKNOWN, Truth, any_of

FAMILIES = EPIDURAL
CRITERIA = ("FRQ-3",)
ROWS = {
    "FRQ-3": frozenset(
        {
            "unread",
            "first-session",
            "dates-not-exact",
            "contradictory",
            "partial",
            "no-result",
            "failed",
            "failed-other-approach",
            "failed-retried-early",
            "relief-recent",
            "relieved",
        }
    )
}


@dataclass(frozen=True, slots=True)
class Params:
    min_relief_percent: int
    min_relief_days: int
    """How long relief is expected to have lasted before a repeat."""
    failed_retry_days: int
    """After a session that failed, the earliest day on which another way may be tried."""
    window_days: int


def evaluate(case: Case, params: Params) -> Check:
    """Judges the last session alone."""
    history, measures = case.evidence.injections, case.evidence.pain_scores
    earlier = case.sessions(EPIDURAL, params.window_days)
    last = earlier.latest
    facts: dict[str, object] = {
        "min_relief_percent": params.min_relief_percent,
        "min_relief_days": params.min_relief_days,
        "failed_retry_days": params.failed_retry_days,
    }
    if last is not None:
        facts["days_since"] = (case.as_of - last.day.first).days
        facts["last_session"] = last.day.first.isoformat()
    return decide(
        "FRQ-3",
        _rows(case, params, earlier, last),
        facts=facts,
        set_aside=history.set_aside,
        unread=(*history.unread, *measures.unread),
    )


def _rows(case: Case, params: Params, earlier: Sessions, last: Session | None) -> Iterator[Row]:
    if case.evidence.injections.unread:
        yield Row("unread", TRUE, Outcome.UNKNOWN, Reason.NO_ACCESS)
    if earlier.most == 0:
        yield Row("first-session", TRUE, Outcome.MET)
    if last is None or _may_be_later(earlier, last):
        yield Row("dates-not-exact", TRUE, Outcome.UNKNOWN, Reason.AMBIGUOUS, decided_by=earlier.items)
    if last is not None:
        yield from _helped(case, last, params)
        yield from _did_not(case, last, params)


def _may_be_later(earlier: Sessions, last: Session) -> bool:
    """Could an injection without an exact date have been after the last session that has one?"""
    return bool(earlier.undated) or any(
        session is not last and session.day.last > last.day.first for session in earlier.entries
    )


def _helped(case: Case, last: Session, params: Params) -> Iterator[Row]:
    results = {_is_good(i, params.min_relief_percent) for i in last.injections if i.relief.is_recorded}
    if len(results) > 1 or any(i.relief.is_contradictory for i in last.injections):
        items = tuple(i.item() for i in last.injections)
        yield Row("contradictory", TRUE, Outcome.UNKNOWN, Reason.AMBIGUOUS, decided_by=items)
    if True in results:
        lasted = _has_passed(case, last, params.min_relief_days)
        shown = (last.item(),)
        yield Row("relieved", lasted, Outcome.MET, decided_by=shown)
        yield Row("relief-recent", TRUE, Outcome.MET, speaks=True, decided_by=shown)


def _did_not(case: Case, last: Session, params: Params) -> Iterator[Row]:
    """No good result is on record."""
    shown = (last.item(),)
    reliefs = [i.relief for i in last.injections if i.relief.is_recorded]
    is_open = any(i.relief.may_be_measured for i in last.injections)
    if is_open and case.evidence.pain_scores.unread:
        yield Row("unread", TRUE, Outcome.UNKNOWN, Reason.NO_ACCESS)
    if not reliefs:
        yield Row("no-result", TRUE, Outcome.UNKNOWN, Reason.NO_EVIDENCE, decided_by=shown)
    if any(r.verdict is Verdict.PARTIAL and r.percent is None for r in reliefs):
        yield Row("partial", TRUE, Outcome.UNKNOWN, Reason.AMBIGUOUS, decided_by=shown)
    other_way = ~any_of(_is_the_same(i, case) for i in last.injections)
    if other_way is not FALSE:
        again = other_way & _has_passed(case, last, params.failed_retry_days)
        yield Row("failed-other-approach", again, Outcome.MET, speaks=True, decided_by=shown)
        yield Row("failed-retried-early", other_way, Outcome.NOT_MET, decided_by=shown)
    yield Row("failed", TRUE, Outcome.NOT_MET, decided_by=shown)


def _is_good(injection: Injection, percent: int) -> bool:
    relief = injection.relief
    return relief.reached(percent) is TRUE or relief.is_unquantified


def _has_passed(case: Case, last: Session, days: int) -> Truth:
    """On the planned day; without one it may be any from the order's date on."""
    planned, since = case.order.planned, last.day.first
    if planned is None:
        return TRUE if (case.as_of - since).days >= days else UNKNOWN
    return planned.holds(lambda day: (day - since).days >= days)


def _is_the_same(injection: Injection, case: Case) -> Truth:
    """Is the same ordered again? Open where codes and approaches do not agree, as with 62322 and 62323."""
    alike = {injection.code.code == case.order.code.code, injection.family is case.order.family}
    return Truth.of(True in alike) if len(alike) == 1 else UNKNOWN
