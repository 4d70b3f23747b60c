"""DISC-1: is a needle in the disc called for?"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from plugin.domain.case import Case
from plugin.domain.check import Check, Outcome, Reason, Row, decide
from plugin.domain.families import Family
from plugin.domain.order import InjectionOrder, Word
from plugin.domain.truth import TRUE

FAMILIES = frozenset({Family.INTRADISCAL})
CRITERIA = ("DISC-1",)
ROWS = {"DISC-1": frozenset({"biologic", "steroid", "steroid-in-text", "treatment", "discography"})}


@dataclass(frozen=True, slots=True)
class Params:
    """This table has no settings."""


def evaluate(case: Case, params: Params) -> Check:
    return decide("DISC-1", _rows(case.order))


def _rows(order: InjectionOrder) -> Iterator[Row]:
    """A biologic in the disc is BIO-1's to speak of; about other treatments of a disc nothing is said."""
    if any(c.in_set("proc-biologic") for c in order.codes):
        yield Row("biologic", TRUE, Outcome.MET)
    shown = (order.item(),)
    drugs = tuple(d.item() for d in order.drugs if d.is_steroid is TRUE)
    if drugs:
        yield Row("steroid", TRUE, Outcome.NOT_MET, decided_by=(*shown, *drugs))
    if Word.STEROID in order.words:
        yield Row("steroid-in-text", TRUE, Outcome.UNKNOWN, Reason.AMBIGUOUS, decided_by=shown)
    if order.code.get("target") == "disc-treatment":
        yield Row("treatment", TRUE, Outcome.MET)
    yield Row("discography", TRUE, Outcome.MET, speaks=True, decided_by=shown)
