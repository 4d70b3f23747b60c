"""GUI-1: is the needle guided by fluoroscopy or CT?"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from plugin.domain.case import Case
from plugin.domain.check import Check, Item, Outcome, Reason, Row, decide
from plugin.domain.codes import Concept
from plugin.domain.evidence import Diagnosis, Standing
from plugin.domain.families import EPIDURAL, FACET, SACROILIAC
from plugin.domain.injections import is_same_half
from plugin.domain.order import Word
from plugin.domain.truth import FALSE, TRUE, UNKNOWN, Truth, any_of

FAMILIES = EPIDURAL | FACET | SACROILIAC
CRITERIA = ("GUI-1",)
ROWS = {
    "GUI-1": frozenset(
        {
            "guidance-beside-unguided-code",
            "guidance-in-code",
            "guided",
            "no-guidance",
            "not-stated",
            "ultrasound",
            "ultrasound-excepted",
            "ultrasound-of-facet",
            "undetermined",
            "unread",
        }
    )
}
"""Every row of the table: what a policy may give a severity to."""
_GUIDANCE = "proc-imaging-guidance"
_SEEN = frozenset({"fluoroscopy", "ct", "mr"})
_IN_CODE = _SEEN | {"included"}
_ULTRASOUND = "ultrasound"


@dataclass(frozen=True, slots=True)
class Params:
    """The orders decide, and for ultrasound the diagnoses; there is no number to set."""


def evaluate(case: Case, params: Params) -> Check:
    return decide("GUI-1", _rows(case), unread=case.evidence.diagnoses.unread)


def _rows(case: Case) -> Iterator[Row]:
    order = case.order
    in_code = {code.get("guidance") for code in order.codes}
    if in_code & _IN_CODE:
        yield Row("guidance-in-code", TRUE, Outcome.MET)
    is_unguided_code = "none" in in_code
    guides = [c for c in order.ordered_beside if _guides(c.code, case)]
    seen = tuple(c.item() for c in guides if c.code.get("guidance") != _ULTRASOUND)
    if seen and is_unguided_code:
        yield Row("guidance-beside-unguided-code", TRUE, Outcome.MET, speaks=True, decided_by=seen)
    if seen:
        yield Row("guided", TRUE, Outcome.MET, decided_by=seen)
    beside = tuple(c.item() for c in guides if c.code.get("guidance") == _ULTRASOUND)
    if beside or _ULTRASOUND in in_code or (is_unguided_code and Word.ULTRASOUND in order.words):
        yield from _by_ultrasound(case, beside or (order.item(),))
    if is_unguided_code:
        yield Row("no-guidance", TRUE, Outcome.NOT_MET, decided_by=(order.item(),))
    yield Row("not-stated", TRUE, Outcome.UNKNOWN, Reason.NO_EVIDENCE, decided_by=(order.item(),))


def _by_ultrasound(case: Case, ordered: tuple[Item, ...]) -> Iterator[Row]:
    """Pregnancy and an allergy to contrast except it; documents on facet joints know no exception."""
    diagnoses = case.evidence.diagnoses
    reasons = [d for d in diagnoses.entries if d.standing is Standing.CURRENT and _excepts(d)]
    excepted = any_of(Truth.of(d.is_certain) | UNKNOWN for d in reasons) | diagnoses.may_hold_more
    items = (*ordered, *(d.item() for d in reasons))
    if case.order.family in FACET:
        yield Row("ultrasound-of-facet", excepted, Outcome.NOT_MET, decided_by=items)
    else:
        yield Row("ultrasound-excepted", excepted, Outcome.WAIVED, speaks=True, decided_by=items)
    if diagnoses.unread:
        yield Row("unread", TRUE, Outcome.UNKNOWN, Reason.NO_ACCESS, decided_by=ordered)
    yield Row("ultrasound", TRUE, Outcome.NOT_MET, decided_by=ordered)


def _guides(code: Concept, case: Case) -> bool:
    """Guidance of a needle near the ordered region, in general or for this kind of injection."""
    if code.region is not None and is_same_half(code.region, case.region) is FALSE:
        return False
    is_of_kind = any(code.sets & own.sets for own in case.order.codes)
    return code.in_set(_GUIDANCE) or (is_of_kind and code.get("guidance") in _SEEN)


def _excepts(diagnosis: Diagnosis) -> bool:
    """A pregnancy that is not charted as ended by delivery, or an allergy to contrast."""
    return any(
        (c.in_set("dx-pregnancy") and c.get("episode") is None) or c.get("allergen") == "contrast"
        for c in diagnosis.concepts
    )
