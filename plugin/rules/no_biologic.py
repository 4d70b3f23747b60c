"""BIO-1: is a biologic ordered, for which no body that pays and no regulator has found grounds?"""

from __future__ import annotations

from dataclasses import dataclass

from plugin.domain.case import Case
from plugin.domain.check import Check, Outcome, Reason, Row, decide
from plugin.domain.families import Family
from plugin.domain.order import Word
from plugin.domain.truth import Truth

FAMILIES = frozenset(Family)
CRITERIA = ("BIO-1",)
ROWS = {"BIO-1": frozenset({"coded", "in-text", "none"})}
_BIOLOGIC = "proc-biologic"


@dataclass(frozen=True, slots=True)
class Params:
    """This table has no settings."""


def evaluate(case: Case, params: Params) -> Check:
    order = case.order
    shown = (order.item(),)
    coded = any(c.in_set(_BIOLOGIC) for c in order.codes)
    rows = (
        Row("coded", Truth.of(coded), Outcome.NOT_MET, decided_by=shown),
        Row(
            "in-text",
            Truth.of(Word.BIOLOGIC in order.words),
            Outcome.UNKNOWN,
            Reason.AMBIGUOUS,
            decided_by=shown,
        ),
        Row("none", Truth.TRUE, Outcome.MET),
    )
    return decide("BIO-1", rows, facts={})
