"""FRQ-1: is the number of epidural sessions in the region within the policy's limit?"""

from __future__ import annotations

from dataclasses import dataclass

from plugin.domain.case import Case
from plugin.domain.check import Check, Outcome, Reason, Row, decide
from plugin.domain.families import EPIDURAL, Purpose
from plugin.domain.truth import Truth

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
    reached = earlier.at_least(params.max_sessions)
    is_diagnostic = Truth.of(case.order.purpose is Purpose.DIAGNOSTIC)
    rows = (
        Row("diagnostic", is_diagnostic, Outcome.MET),
        Row("above-limit", reached, Outcome.NOT_MET, decided_by=earlier.items),
        Row("unread", Truth.of(bool(history.unread)), Outcome.UNKNOWN, Reason.NO_ACCESS),
        Row(
            "undated",
            Truth.of(reached is Truth.UNKNOWN),
            Outcome.UNKNOWN,
            Reason.AMBIGUOUS,
            decided_by=earlier.items,
        ),
        Row("within-limit", Truth.TRUE, Outcome.MET, decided_by=earlier.items),
    )
    facts = {
        "max_sessions": params.max_sessions,
        "window_days": params.window_days,
        "session_count": earlier.least,
        "session_number": earlier.least + 1,
    }
    return decide("FRQ-1", rows, facts=facts, set_aside=history.set_aside, unread=history.unread)
