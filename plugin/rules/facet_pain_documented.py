"""FAC-0, IND-5, IND-6: does the record document pain that a facet injection or ablation is meant for?"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from plugin.domain.case import Case
from plugin.domain.check import Check, Item, Outcome, Reason, Row, decide
from plugin.domain.evidence import Diagnosis
from plugin.domain.families import FACET
from plugin.domain.pain_pattern import PatternFinding
from plugin.domain.truth import FALSE, TRUE, UNKNOWN, Truth, any_of

FAMILIES = FACET
CRITERIA = ("FAC-0", "IND-5", "IND-6")
ROWS = {
    "FAC-0": frozenset(
        {
            "coverage-diagnosis",
            "facet-cyst",
            "facet-diagnosis",
            "no-facet-diagnosis",
            "not-confirmed",
            "undetermined",
            "unread",
        }
    ),
    "IND-5": frozenset({"nonspecific-pain", "nonspecific-pain-listed"}),
    "IND-6": frozenset({"radiculopathy", "radiculopathy-possible"}),
}
"""Every row of the table, by criterion: what a policy may give a severity to."""
_CRITERION = {row: criterion for criterion, rows in ROWS.items() for row in rows}
_FROM_A_ROOT = frozenset({"radicular", "claudication"})


@dataclass(frozen=True, slots=True)
class Params:
    """The table has no numbers."""


def evaluate(case: Case, params: Params) -> Check:
    """One answer for the three criteria: the table leads to exactly one of them."""
    check = decide(
        "FAC-0",
        _rows(case),
        facts={"codes": _codes(case)},
        set_aside=case.pattern.set_aside,
        unread=case.diagnoses_unread,
    )
    return check._replace(criterion=_CRITERION[check.row])


def _rows(case: Case) -> Iterator[Row]:
    # The codes of a facet cyst name no region: any that stands is taken for one of the spine.
    cyst, cysts = _find(case, lambda d: Truth.of(d.in_set("dx-facet-cyst")))
    if cyst is not FALSE:
        yield Row("facet-cyst", cyst, Outcome.MET, decided_by=cysts)
    if case.diagnoses_unread:
        yield Row("unread", TRUE, Outcome.UNKNOWN, Reason.NO_ACCESS)
    root, roots = _find(case, lambda d: Truth.of(d.pattern in _FROM_A_ROOT) & case.region.matches(d.region))
    if root is not FALSE:
        yield Row("radiculopathy", root, Outcome.NOT_MET, decided_by=roots)
    if root is UNKNOWN:
        yield Row("radiculopathy-possible", TRUE, Outcome.UNKNOWN, Reason.AMBIGUOUS, decided_by=roots)
    facet, facets = _find_in(case, "dx-facet-spondylosis")
    if facet is not FALSE:
        yield Row("facet-diagnosis", facet, Outcome.MET, decided_by=facets)
    covered, listed = _find_in(case, "dx-facet-lcd-covered")
    if covered is not FALSE:
        yield Row("coverage-diagnosis", covered, Outcome.MET, speaks=True, decided_by=listed)
    if UNKNOWN in (facet, covered):
        seen = tuple(dict.fromkeys((*facets, *listed)))
        yield Row("not-confirmed", TRUE, Outcome.UNKNOWN, Reason.AMBIGUOUS, decided_by=seen)
    yield from _nonspecific(case)
    yield Row("no-facet-diagnosis", TRUE, Outcome.UNKNOWN, Reason.NO_EVIDENCE)


def _nonspecific(case: Case) -> Iterator[Row]:
    pattern = case.pattern
    if not all(d.in_set("dx-axial-nonspecific") for d in pattern.deciding):
        return
    items = tuple(d.item() for d in pattern.deciding)
    if pattern.finding is PatternFinding.AXIAL:
        yield Row("nonspecific-pain", TRUE, Outcome.NOT_MET, decided_by=items)
    if pattern.finding is PatternFinding.AXIAL_LISTED:
        yield Row("nonspecific-pain-listed", TRUE, Outcome.NOT_MET, decided_by=items)


def _find_in(case: Case, value_set: str) -> tuple[Truth, tuple[Item, ...]]:
    return _find(case, lambda d: Truth.of(d.in_set(value_set)) & case.region.matches(d.region))


def _find(case: Case, fits: Callable[[Diagnosis], Truth]) -> tuple[Truth, tuple[Item, ...]]:
    """Is there a diagnosis today that fits? With those that do or may."""
    truths: list[Truth] = []
    found: list[Item] = []
    for diagnoses, remark in ((case.reasons, None), (case.listed, "listed")):
        for diagnosis in diagnoses:
            truth = fits(diagnosis) & diagnosis.standing_for_sure
            if truth is not FALSE:
                truths.append(truth)
                found.append(diagnosis.item(remark))
    return any_of(truths), tuple(found)


def _codes(case: Case) -> str:
    """The codes of our value sets among what the pain is read from."""
    return ", ".join(
        dict.fromkeys(c.code for d in case.pattern.deciding for c in d.concepts if c.pain_pattern)
    )
