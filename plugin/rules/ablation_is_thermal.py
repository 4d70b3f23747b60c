"""RFA-4: does the order's text ask for another ablation than the thermal one that its code stands for?"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from plugin.domain.case import Case
from plugin.domain.check import Check, Outcome, Row, decide
from plugin.domain.families import Family
from plugin.domain.order import InjectionOrder, Word
from plugin.domain.truth import TRUE

FAMILIES = frozenset({Family.FACET_RFA})
CRITERIA = ("RFA-4",)
ROWS = {"RFA-4": frozenset({"not-thermal", "thermal"})}
"""Every row of the table: what a policy may give a severity to."""


@dataclass(frozen=True, slots=True)
class Params:
    """The table has no numbers."""


def evaluate(case: Case, params: Params) -> Check:
    return decide("RFA-4", _rows(case.order))


def _rows(order: InjectionOrder) -> Iterator[Row]:
    if Word.NOT_THERMAL in order.words:
        yield Row("not-thermal", TRUE, Outcome.NOT_MET, decided_by=(order.item(),))
    yield Row("thermal", TRUE, Outcome.MET)
