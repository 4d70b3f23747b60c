"""TPI-3: is the trigger point injected without imaging guidance, which it does not need?"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from plugin.domain.case import Case
from plugin.domain.check import Check, Outcome, Reason, Row, decide
from plugin.domain.codes import Concept
from plugin.domain.families import Family
from plugin.domain.order import Companion, Word
from plugin.domain.truth import TRUE

FAMILIES = frozenset({Family.TRIGGER_POINT})
CRITERIA = ("TPI-3",)
ROWS = {"TPI-3": frozenset({"guidance-ordered", "unguided", "ultrasound-in-text"})}
"""Every row of the table: what a policy may give a severity to."""
_GUIDANCE = "proc-imaging-guidance"
_TRIGGER_POINT = "proc-trigger-point"


@dataclass(frozen=True, slots=True)
class Params:
    """The orders alone decide; there is no number to set."""


def evaluate(case: Case, params: Params) -> Check:
    return decide("TPI-3", _rows(case))


def _rows(case: Case) -> Iterator[Row]:
    """Guidance in a hook that holds an injection of another kind is taken to be for that one."""
    is_alone = all(o.family is Family.TRIGGER_POINT for o in case.alongside)
    own = tuple(Companion(code, case.order.reference) for code in case.order.codes)
    guidance = tuple(c.item() for c in (*own, *case.order.ordered_beside) if _guides(c.code))
    if guidance and is_alone:
        yield Row("guidance-ordered", TRUE, Outcome.NOT_MET, decided_by=guidance)
    if Word.ULTRASOUND in case.order.words:
        yield Row("ultrasound-in-text", TRUE, Outcome.UNKNOWN, Reason.AMBIGUOUS)
    yield Row("unguided", TRUE, Outcome.MET)


def _guides(code: Concept) -> bool:
    return code.in_set(_GUIDANCE) or (code.in_set(_TRIGGER_POINT) and code.get("guidance") is not None)
