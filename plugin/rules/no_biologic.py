"""BIO-1: is a biologic ordered, such as platelet-rich plasma or a cell product?"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from plugin.domain.case import Case
from plugin.domain.check import Check, Outcome, Reason, Row, decide
from plugin.domain.families import Family
from plugin.domain.order import InjectionOrder, Word
from plugin.domain.truth import TRUE

FAMILIES = frozenset(Family)
CRITERIA = ("BIO-1",)
ROWS = {"BIO-1": frozenset({"coded", "in-text", "none"})}
_BIOLOGIC = "proc-biologic"


@dataclass(frozen=True, slots=True)
class Params:
    """This table has no settings."""


def evaluate(case: Case, params: Params) -> Check:
    return decide("BIO-1", _rows(case.order))


def _rows(order: InjectionOrder) -> Iterator[Row]:
    coded = [code for code in order.codes if _BIOLOGIC in code.sets]
    if coded:
        items = tuple(order.item()._replace(label=code.label) for code in coded)
        yield Row("coded", TRUE, Outcome.NOT_MET, decided_by=items)
    if Word.BIOLOGIC in order.words:
        yield Row("in-text", TRUE, Outcome.UNKNOWN, Reason.AMBIGUOUS, decided_by=(order.item(),))
    yield Row("none", TRUE, Outcome.MET)
