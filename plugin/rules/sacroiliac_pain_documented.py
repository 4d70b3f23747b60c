"""SIJ-1: does the record name the sacroiliac joint as the source of the pain?"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from plugin.domain.case import Case
from plugin.domain.check import Check, Item, Outcome, Reason, Row, decide
from plugin.domain.evidence import Diagnosis
from plugin.domain.families import SACROILIAC
from plugin.domain.injections import is_same_half
from plugin.domain.pain_pattern import LIMB_PATTERNS
from plugin.domain.truth import FALSE, TRUE, Truth, any_of

FAMILIES = SACROILIAC
CRITERIA = ("SIJ-1",)
ROWS = {
    "SIJ-1": frozenset(
        {
            "inflammatory",
            "joint-named",
            "none-recorded",
            "other-pain",
            "other-pain-listed",
            "possible",
            "supportive-only",
            "undetermined",
            "unread",
        }
    )
}
"""Every row of the table: what a policy may give a severity to."""
_JOINT = "dx-sacroiliac"
_WEAK = frozenset({"supportive", "structural-negative"})
"""Strengths of codes of the region that do not name the joint as painful."""
_ELSEWHERE = LIMB_PATTERNS | {"axial"}
_SILENT = frozenset({None, "generic"})
"""Patterns that do not say where the pain is."""


@dataclass(frozen=True, slots=True)
class Params:
    """Diagnoses alone decide; there is no number to set."""


def evaluate(case: Case, params: Params) -> Check:
    others = _others(case)
    return decide(
        "SIJ-1",
        _rows(case, others),
        facts={"codes": ", ".join(dict.fromkeys(c.code for d in others for c in d.concepts))},
        set_aside=case.pattern.set_aside,
        unread=case.diagnoses_unread,
    )


def _rows(case: Case, others: tuple[Diagnosis, ...]) -> Iterator[Row]:
    known = (*case.reasons, *case.listed)
    named = [d for d in known if _names_joint(d)]
    certain = [d for d in named if d.is_certain]
    inflammatory = [d for d in known if d.is_certain and d.in_set("dx-inflammatory-spine")]
    if inflammatory:
        seen = _items((*inflammatory, *certain))
        yield Row("inflammatory", TRUE, Outcome.UNKNOWN, Reason.AMBIGUOUS, decided_by=seen)
    if certain:
        yield Row("joint-named", TRUE, Outcome.MET, decided_by=_items(certain))
    if case.diagnoses_unread:
        yield Row("unread", TRUE, Outcome.UNKNOWN, Reason.NO_ACCESS)
    if named:
        yield Row("possible", TRUE, Outcome.UNKNOWN, Reason.AMBIGUOUS, decided_by=_items(named))
    weak = [d for d in known if d.in_set(_JOINT)]
    if weak:
        yield Row("supportive-only", TRUE, Outcome.UNKNOWN, Reason.AMBIGUOUS, decided_by=_items(weak))
    is_other = any_of(_is_near(d, case) for d in others)
    if is_other is not FALSE and _has_telling_reason(case):
        yield Row("other-pain", is_other, Outcome.NOT_MET, decided_by=_items(others))
    if is_other is not FALSE:
        yield Row("other-pain-listed", is_other, Outcome.NOT_MET, decided_by=_items(others))
    yield Row("none-recorded", TRUE, Outcome.UNKNOWN, Reason.NO_EVIDENCE)


def _names_joint(diagnosis: Diagnosis) -> bool:
    return any(c.in_set(_JOINT) and c.get("strength") not in _WEAK for c in diagnosis.concepts)


def _others(case: Case) -> tuple[Diagnosis, ...]:
    """Certain pain of the spine or of a root: among the order's reasons, or where none tells, on the list."""
    asked = case.reasons if _has_telling_reason(case) else case.listed
    return tuple(d for d in asked if d.is_certain and d.pattern in _ELSEWHERE)


def _has_telling_reason(case: Case) -> bool:
    return any(d.pattern not in _SILENT for d in case.reasons)


def _is_near(diagnosis: Diagnosis, case: Case) -> Truth:
    """A reason counts wherever it is; a diagnosis on the list only in the lower half of the spine."""
    return TRUE if diagnosis in case.reasons else is_same_half(case.region, diagnosis.region)


def _items(diagnoses: Iterable[Diagnosis]) -> tuple[Item, ...]:
    return tuple(diagnosis.item() for diagnosis in diagnoses)
