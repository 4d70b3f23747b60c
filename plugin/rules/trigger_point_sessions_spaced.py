"""TPI-2: are trigger point sessions few enough in a year and far enough apart?"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from plugin.domain.case import Case
from plugin.domain.check import Check, Outcome, Reason, Row, decide
from plugin.domain.dates import DateRange, days_after
from plugin.domain.families import Family
from plugin.domain.injections import Session, Sessions, sessions
from plugin.domain.truth import FALSE, TRUE, UNKNOWN, Truth, any_of

FAMILIES = frozenset({Family.TRIGGER_POINT})
CRITERIA = ("TPI-2",)
ROWS = {"TPI-2": frozenset({"spaced", "too-many", "too-soon", "too-soon-no-date", "undetermined", "unread"})}
"""Every row of the table: what a policy may give a severity to."""


@dataclass(frozen=True, slots=True)
class Params:
    max_sessions: int
    min_days: int
    window_days: int


def evaluate(case: Case, params: Params) -> Check:
    """Sessions count wherever in the body they were: the codes do not name a region."""
    history = case.evidence.injections
    earlier = sessions(
        history.entries,
        before=case.as_of,
        within_days=params.window_days,
        belongs=lambda injection: Truth.of(injection.family in FAMILIES),
        may_hold_more=history.may_hold_more,
    )
    return decide(
        "TPI-2",
        _rows(case, params, earlier),
        facts=_facts(case, params, earlier),
        set_aside=history.set_aside,
        unread=history.unread,
    )


def _rows(case: Case, params: Params, earlier: Sessions) -> Iterator[Row]:
    is_full = earlier.at_least(params.max_sessions)
    if is_full is not FALSE:
        yield Row("too-many", is_full, Outcome.NOT_MET, decided_by=earlier.items)
    is_close = _is_close(case, params, earlier)
    last = _last(earlier)
    items = earlier.items if last is None else (last.item(),)
    if case.order.planned is not None:
        yield Row("too-soon", is_close, Outcome.NOT_MET, decided_by=items)
    else:
        yield Row("too-soon-no-date", is_close, Outcome.UNKNOWN, Reason.AMBIGUOUS, decided_by=items)
    if case.evidence.injections.unread:
        yield Row("unread", TRUE, Outcome.UNKNOWN, Reason.NO_ACCESS)
    yield Row("spaced", TRUE, Outcome.MET, decided_by=earlier.items)


def _last(earlier: Sessions) -> Session | None:
    """The latest session that certainly was, dated to the day or not."""
    return next((s for s in earlier.entries if s.counts is TRUE), None)


def _is_close(case: Case, params: Params, earlier: Sessions) -> Truth:
    on = case.order.planned or DateRange.on(case.as_of)
    dated = any_of(s.counts & _is_within(params.min_days, s.day, on) for s in earlier.entries)
    return dated | Truth.of(bool(earlier.undated)) & UNKNOWN | earlier.may_hold_more


def _is_within(days: int, earlier: DateRange, later: DateRange) -> Truth:
    """Do fewer than so many days lie between the two?"""
    least, most = _days_between(earlier, later)
    if most < days:
        return TRUE
    return FALSE if least >= days else UNKNOWN


def _days_between(earlier: DateRange, later: DateRange) -> tuple[int, int]:
    return (later.first - earlier.last).days, (later.last - earlier.first).days


def _facts(case: Case, params: Params, earlier: Sessions) -> dict[str, object]:
    facts: dict[str, object] = {
        "max_sessions": params.max_sessions,
        "min_days": params.min_days,
        "window_days": params.window_days,
        "session_count": earlier.least,
        "session_number": earlier.least + 1,
    }
    last = _last(earlier)
    if last is not None:
        least, most = _days_between(last.day, case.order.planned or DateRange.on(case.as_of))
        facts["days_between"] = str(least) if least == most else f"{least} to {most}"
        facts["earliest_date"] = days_after(last.day.last, params.min_days).isoformat()
    return facts
