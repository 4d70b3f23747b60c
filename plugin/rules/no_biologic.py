"""BIO-1: is a biologic ordered, such as platelet-rich plasma or a cell product?"""

from __future__ import annotations

from dataclasses import dataclass, replace

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
    coded = tuple(replace(order.item(), label=c.label) for c in order.codes if c.in_set(_BIOLOGIC))
    rows = (
        Row("coded", Truth.of(bool(coded)), Outcome.NOT_MET, decided_by=coded),
        Row(
            "in-text",
            Truth.of(Word.BIOLOGIC in order.words),
            Outcome.UNKNOWN,
            Reason.AMBIGUOUS,
            decided_by=(order.item(),),
        ),
        Row("none", Truth.TRUE, Outcome.MET),
    )
    return decide("BIO-1", rows, facts={})
