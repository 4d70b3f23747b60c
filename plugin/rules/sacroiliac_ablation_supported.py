"""SIJ-3: do the documents support ablation of the nerves to the sacroiliac joint?"""

from __future__ import annotations

from dataclasses import dataclass

from plugin.domain.case import Case
from plugin.domain.check import Check, Outcome, Row, decide
from plugin.domain.families import Family
from plugin.domain.truth import TRUE

FAMILIES = frozenset({Family.SIJ_RFA})
CRITERIA = ("SIJ-3",)
ROWS = {"SIJ-3": frozenset({"ablation-ordered"})}
"""Every row of the table: what a policy may give a severity to."""


@dataclass(frozen=True, slots=True)
class Params:
    """The order alone decides."""


def evaluate(case: Case, params: Params) -> Check:
    order = Row("ablation-ordered", TRUE, Outcome.NOT_MET, decided_by=(case.order.item(),))
    return decide("SIJ-3", (order,))
