"""FRQ-2: has enough time passed since the last epidural session in the region?"""

from __future__ import annotations

from dataclasses import dataclass

from plugin.domain.case import Case
from plugin.domain.check import Check, Outcome, Reason, Row, decide
from plugin.domain.dates import DateRange, days_after
from plugin.domain.families import EPIDURAL, Purpose
from plugin.domain.injections import Sessions
from plugin.domain.truth import Truth

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
    too_soon, known = Truth.FALSE, case.sessions(EPIDURAL, params.window_days)
    if order.planned is not None:
        known = _near(case, order.planned, min_days)
        too_soon = known.at_least(1) if order.planned.is_exact else known.at_least(1) & Truth.UNKNOWN
        facts |= _dates(known, order.planned, min_days)
    shown = known.items[:1] if known.latest is None else (known.latest.item(),)
    rows = (
        Row("too-soon", too_soon, Outcome.NOT_MET, decided_by=shown),
        Row("unread", Truth.of(bool(history.unread)), Outcome.UNKNOWN, Reason.NO_ACCESS),
        Row(
            "no-planned-date",
            Truth.of(order.planned is None and known.most > 0),
            Outcome.UNKNOWN,
            Reason.AMBIGUOUS,
            decided_by=known.items,
        ),
        Row(
            "dates-not-exact",
            Truth.of(too_soon is Truth.UNKNOWN),
            Outcome.UNKNOWN,
            Reason.AMBIGUOUS,
            decided_by=known.items,
        ),
        Row("spaced", Truth.TRUE, Outcome.MET),
    )
    return decide("FRQ-2", rows, facts=facts, set_aside=history.set_aside, unread=history.unread)


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
