"""DISC-1: is a needle in the disc called for?"""

from __future__ import annotations

from dataclasses import dataclass

from plugin.domain.case import Case
from plugin.domain.check import Check, Outcome, Reason, Row, decide
from plugin.domain.families import Family
from plugin.domain.order import Word
from plugin.domain.truth import Truth

FAMILIES = frozenset({Family.INTRADISCAL})
CRITERIA = ("DISC-1",)
ROWS = {"DISC-1": frozenset({"biologic", "steroid", "steroid-in-text", "treatment", "discography"})}


@dataclass(frozen=True, slots=True)
class Params:
    """This table has no settings."""


def evaluate(case: Case, params: Params) -> Check:
    """A biologic in the disc is BIO-1's to speak of; about other treatments of a disc nothing is said."""
    order = case.order
    shown = (order.item(),)
    drugs = tuple(d.item() for d in order.drugs if d.is_steroid is Truth.TRUE)
    rows = (
        Row("biologic", Truth.of(any(c.in_set("proc-biologic") for c in order.codes)), Outcome.MET),
        Row("steroid", Truth.of(bool(drugs)), Outcome.NOT_MET, decided_by=(*shown, *drugs)),
        Row(
            "steroid-in-text",
            Truth.of(Word.STEROID in order.words),
            Outcome.UNKNOWN,
            Reason.AMBIGUOUS,
            decided_by=shown,
        ),
        Row("treatment", Truth.of(order.code.get("target") == "disc-treatment"), Outcome.MET),
        Row("discography", Truth.TRUE, Outcome.MET, speaks=True, decided_by=shown),
    )
    return decide("DISC-1", rows, facts={})
