"""FRQ-3: before a repeat, is the response to the last epidural session on record, and was it good?"""

from __future__ import annotations

from dataclasses import dataclass

from plugin.domain.case import Case
from plugin.domain.check import Check, Outcome, Reason, Row, decide
from plugin.domain.families import EPIDURAL
from plugin.domain.injections import Injection, Session, Sessions, Verdict
from plugin.domain.truth import Truth

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
    history = case.evidence.injections
    earlier = case.sessions(EPIDURAL, params.window_days)
    last = earlier.latest
    rows = [
        Row("unread", Truth.of(bool(history.unread)), Outcome.UNKNOWN, Reason.NO_ACCESS),
        Row("first-session", Truth.of(earlier.most == 0), Outcome.MET),
        Row(
            "dates-not-exact",
            Truth.of(last is None or _may_be_later(earlier, last)),
            Outcome.UNKNOWN,
            Reason.AMBIGUOUS,
            decided_by=earlier.items,
        ),
    ]
    facts: dict[str, object] = {
        "min_relief_percent": params.min_relief_percent,
        "min_relief_days": params.min_relief_days,
        "failed_retry_days": params.failed_retry_days,
    }
    if last is not None:
        rows += _responses(case, last, params)
        facts["days_since"] = _days_since(case, last)
        facts["last_session"] = last.day.first.isoformat()
    return decide("FRQ-3", rows, facts=facts, set_aside=history.set_aside, unread=history.unread)


def _may_be_later(earlier: Sessions, last: Session) -> bool:
    """Could an injection without an exact date have been after the last session that has one?"""
    return bool(earlier.undated) or any(
        session is not last and session.day.last > last.day.first for session in earlier.entries
    )


def _responses(case: Case, last: Session, params: Params) -> list[Row]:
    main = last.injections[0]
    reliefs = [injection.relief for injection in last.injections if injection.relief.is_recorded]
    contradictory = any(relief.is_contradictory for relief in reliefs)
    good = any(_is_good(i, params.min_relief_percent) for i in last.injections)
    partial = any(r.verdict is Verdict.PARTIAL and r.percent is None for r in reliefs)
    days = _days_since(case, last)
    other_way = all(i.code.code != case.order.code.code for i in last.injections)
    retried = other_way and days >= params.failed_retry_days
    shown = (main.item(),)
    return [
        Row("contradictory", Truth.of(contradictory), Outcome.UNKNOWN, Reason.AMBIGUOUS, decided_by=shown),
        Row("no-result", Truth.of(not reliefs), Outcome.UNKNOWN, Reason.NO_EVIDENCE, decided_by=shown),
        Row("relieved", Truth.of(good and days >= params.min_relief_days), Outcome.MET, decided_by=shown),
        Row("relief-recent", Truth.of(good), Outcome.MET, speaks=True, decided_by=shown),
        Row("partial", Truth.of(partial), Outcome.UNKNOWN, Reason.AMBIGUOUS, decided_by=shown),
        Row("failed-other-approach", Truth.of(retried), Outcome.MET, speaks=True, decided_by=shown),
        Row("failed", Truth.TRUE, Outcome.NOT_MET, decided_by=shown),
    ]


def _is_good(injection: Injection, percent: int) -> bool:
    relief = injection.relief
    return relief.reached(percent) is Truth.TRUE or relief.is_unquantified


def _days_since(case: Case, last: Session) -> int:
    return (case.as_of - last.day.first).days
