"""RFA-2: are facet ablations few enough in a year, and far enough apart?"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from plugin.domain.case import Case
from plugin.domain.check import Check, Outcome, Reason, Row, decide
from plugin.domain.families import Family
from plugin.domain.injections import Injection, Sessions
from plugin.domain.truth import FALSE, TRUE, UNKNOWN, Truth

FAMILIES = frozenset({Family.FACET_RFA})
CRITERIA = ("RFA-2",)
ROWS = {
    "RFA-2": frozenset(
        {
            "ablations-spaced",
            "date-not-planned",
            "too-many-sessions",
            "too-soon",
            "undetermined",
            "unread",
        }
    )
}
"""Every row of the table: what a policy may give a severity to."""
TURNS_ON = {
    "too-many-sessions": frozenset({"max_sessions"}),
    "too-soon": frozenset({"min_gap_days"}),
}
"""The parameters by which a row may come out otherwise."""


@dataclass(frozen=True, slots=True)
class Params:
    max_sessions: int
    """In one half of the spine, on either side, within `window_days`, the ordered one included."""
    min_gap_days: int
    """Between ablations of one place."""
    window_days: int


def evaluate(case: Case, params: Params) -> Check:
    earlier = case.sessions(FAMILIES, params.window_days)
    here = case.sessions_here(_is_ablation, params.min_gap_days)
    unread = case.evidence.injections.unread
    return decide(
        "RFA-2",
        _rows(case, params, earlier, here),
        facts={
            "max_sessions": params.max_sessions,
            "min_gap_days": params.min_gap_days,
            "window_days": params.window_days,
            "session_number": earlier.least + 1,
            "days_between": case.days_since(here.latest),
        },
        unread=unread,
    )


def _rows(case: Case, params: Params, earlier: Sessions, here: Sessions) -> Iterator[Row]:
    if case.evidence.injections.unread:
        yield Row("unread", TRUE, Outcome.UNKNOWN, Reason.NO_ACCESS)
    too_many = earlier.at_least(params.max_sessions)
    if too_many is not FALSE:
        yield Row("too-many-sessions", too_many, Outcome.NOT_MET, decided_by=earlier.items)
    too_soon = case.had_session_here(_is_ablation, params.min_gap_days)
    if too_soon is not FALSE:
        yield Row("too-soon", too_soon, Outcome.NOT_MET, decided_by=here.items)
    if too_soon is UNKNOWN and case.order.planned is None:
        yield Row("date-not-planned", TRUE, Outcome.UNKNOWN, Reason.AMBIGUOUS, decided_by=here.items)
    yield Row("ablations-spaced", TRUE, Outcome.MET, decided_by=earlier.items)


def _is_ablation(injection: Injection) -> Truth:
    return Truth.of(injection.family is Family.FACET_RFA)
