"""FRQ-1: is the number of epidural sessions in the region within the policy's limit?"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from plugin.domain.case import Case
from plugin.domain.check import Check, Outcome, Reason, Row, decide
from plugin.domain.families import EPIDURAL, Purpose
from plugin.domain.injections import Sessions
from plugin.domain.truth import FALSE, TRUE, UNKNOWN

FAMILIES = EPIDURAL
CRITERIA = ("FRQ-1",)
ROWS = {"FRQ-1": frozenset({"diagnostic", "above-limit", "unread", "undated", "within-limit"})}
_COUNTED = (Purpose.THERAPEUTIC, Purpose.UNDETERMINED)


@dataclass(frozen=True, slots=True)
class Params:
    max_sessions: int
    """In a window, the one ordered included."""
    window_days: int


def evaluate(case: Case, params: Params) -> Check:
    """Blocks for diagnosis are not counted, neither this one nor those on record."""
    history = case.evidence.injections
    earlier = case.sessions(EPIDURAL, params.window_days, _COUNTED)
    least = earlier.least
    return decide(
        "FRQ-1",
        _rows(case, params, earlier),
        facts={
            "max_sessions": params.max_sessions,
            "window_days": params.window_days,
            "session_count": least,
            "session_number": least + 1,
        },
        set_aside=history.set_aside,
        unread=history.unread,
    )


def _rows(case: Case, params: Params, earlier: Sessions) -> Iterator[Row]:
    if case.order.purpose is Purpose.DIAGNOSTIC:
        yield Row("diagnostic", TRUE, Outcome.MET)
    reached = earlier.at_least(params.max_sessions)
    if reached is not FALSE:
        yield Row("above-limit", reached, Outcome.NOT_MET, decided_by=earlier.items)
    if case.evidence.injections.unread:
        yield Row("unread", TRUE, Outcome.UNKNOWN, Reason.NO_ACCESS)
    if reached is UNKNOWN:
        yield Row("undated", TRUE, Outcome.UNKNOWN, Reason.AMBIGUOUS, decided_by=earlier.items)
    yield Row("within-limit", TRUE, Outcome.MET, decided_by=earlier.items)
