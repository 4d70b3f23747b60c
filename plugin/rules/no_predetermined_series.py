"""FRQ-4: is one session ordered, and not a series whatever the response?"""

from __future__ import annotations

from dataclasses import dataclass

from plugin.domain.case import Case
from plugin.domain.check import Check, Outcome, Row, decide
from plugin.domain.families import EPIDURAL
from plugin.domain.order import Word
from plugin.domain.truth import Truth

FAMILIES = EPIDURAL
CRITERIA = ("FRQ-4",)
ROWS = {"FRQ-4": frozenset({"series-ordered", "series-in-text", "one-session"})}


@dataclass(frozen=True, slots=True)
class Params:
    """This table has no settings."""


def evaluate(case: Case, params: Params) -> Check:
    order = case.order
    shown = (order.item(),)
    rows = (
        Row("series-ordered", Truth.of(order.repeats), Outcome.NOT_MET, decided_by=shown),
        Row("series-in-text", Truth.of(Word.SERIES in order.words), Outcome.NOT_MET, decided_by=shown),
        Row("one-session", Truth.TRUE, Outcome.MET),
    )
    return decide("FRQ-4", rows, facts={})
