"""FRQ-2: has enough time passed since the last epidural session in the region?"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from plugin.domain.case import Case
from plugin.domain.check import Check, Outcome, Reason, Row, decide
from plugin.domain.dates import DateRange, days_after
from plugin.domain.families import EPIDURAL, Purpose
from plugin.domain.injections import Sessions
from plugin.domain.truth import FALSE, TRUE, UNKNOWN, Truth

FAMILIES = EPIDURAL
CRITERIA = ("FRQ-2",)
ROWS = {"FRQ-2": frozenset({"too-soon", "unread", "no-planned-date", "dates-not-exact", "spaced"})}


@dataclass(frozen=True, slots=True)
class Params:
    """`days` of a spacing are the planned date minus the date of the last session."""

    min_days: int
    diagnostic_min_days: int
    window_days: int
    """Without a planned date: how far back a session calls for one."""


def evaluate(case: Case, params: Params) -> Check:
    """A session on the planned day itself is no earlier one."""
    order, history = case.order, case.evidence.injections
    is_diagnostic = order.purpose is Purpose.DIAGNOSTIC
    min_days = params.diagnostic_min_days if is_diagnostic else params.min_days
    facts: dict[str, object] = {"min_days": min_days}
    if order.planned is None:
        rows = _rows(case, FALSE, case.sessions(EPIDURAL, params.window_days))
    else:
        near = _near(case, order.planned, min_days)
        facts |= _dates(near, order.planned, min_days)
        is_near = near.at_least(1)
        rows = _rows(case, is_near if order.planned.is_exact else is_near & UNKNOWN, near)
    return decide("FRQ-2", rows, facts=facts, set_aside=history.set_aside, unread=history.unread)


def _rows(case: Case, too_soon: Truth, known: Sessions) -> Iterator[Row]:
    if too_soon is not FALSE:
        shown = known.items[:1] if known.latest is None else (known.latest.item(),)
        yield Row("too-soon", too_soon, Outcome.NOT_MET, decided_by=shown)
    if case.evidence.injections.unread:
        yield Row("unread", TRUE, Outcome.UNKNOWN, Reason.NO_ACCESS)
    if case.order.planned is None and known.most > 0:
        yield Row("no-planned-date", TRUE, Outcome.UNKNOWN, Reason.AMBIGUOUS, decided_by=known.items)
    if too_soon is UNKNOWN:
        yield Row("dates-not-exact", TRUE, Outcome.UNKNOWN, Reason.AMBIGUOUS, decided_by=known.items)
    yield Row("spaced", TRUE, Outcome.MET)


def _near(case: Case, planned: DateRange, min_days: int) -> Sessions:
    """The sessions that are too near to some day of the range."""
    width = (planned.last - planned.first).days
    return case.sessions(EPIDURAL, min_days + width, before=planned.last)


def _dates(near: Sessions, planned: DateRange, min_days: int) -> dict[str, object]:
    """How long ago the last session is, and the first day that keeps the distance."""
    if near.latest is None:
        return {}
    last = near.latest.day.first
    return {
        "days_since": (planned.first - last).days,
        "last_session": last.isoformat(),
        "earliest_date": days_after(last, min_days).isoformat(),
    }
