"""FRQ-4: is one session ordered, and not a series whatever the response?"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from plugin.domain.case import Case
from plugin.domain.check import Check, Outcome, Row, decide
from plugin.domain.families import EPIDURAL
from plugin.domain.order import InjectionOrder, Word
from plugin.domain.truth import TRUE

FAMILIES = EPIDURAL
CRITERIA = ("FRQ-4",)
ROWS = {"FRQ-4": frozenset({"series-ordered", "series-in-text", "one-session"})}


@dataclass(frozen=True, slots=True)
class Params:
    """This table has no settings."""


def evaluate(case: Case, params: Params) -> Check:
    return decide("FRQ-4", _rows(case.order))


def _rows(order: InjectionOrder) -> Iterator[Row]:
    if order.repeats:
        yield Row("series-ordered", TRUE, Outcome.NOT_MET, decided_by=(order.item(),))
    if Word.SERIES in order.words:
        yield Row("series-in-text", TRUE, Outcome.NOT_MET, decided_by=(order.item(),))
    yield Row("one-session", TRUE, Outcome.MET)
