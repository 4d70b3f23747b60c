"""FAC-0, IND-5, IND-6: does the record document pain that a facet injection or ablation is meant for?"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from plugin.domain.case import Case
from plugin.domain.check import Check, Item, Outcome, Reason, Row, decide
from plugin.domain.evidence import Diagnosis
from plugin.domain.families import FACET
from plugin.domain.pain_pattern import PatternFinding
from plugin.domain.truth import Truth, any_of

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
    yield Row("facet-cyst", cyst, Outcome.MET, decided_by=cysts)
    yield Row("unread", Truth.of(bool(case.diagnoses_unread)), Outcome.UNKNOWN, Reason.NO_ACCESS)
    root, roots = _find(case, lambda d: Truth.of(d.pattern in _FROM_A_ROOT) & case.region.matches(d.region))
    yield Row("radiculopathy", root, Outcome.NOT_MET, decided_by=roots)
    is_possible = Truth.of(root is Truth.UNKNOWN)
    yield Row("radiculopathy-possible", is_possible, Outcome.UNKNOWN, Reason.AMBIGUOUS, decided_by=roots)
    facet, facets = _find_in(case, "dx-facet-spondylosis")
    yield Row("facet-diagnosis", facet, Outcome.MET, decided_by=facets)
    covered, listed = _find_in(case, "dx-facet-lcd-covered")
    yield Row("coverage-diagnosis", covered, Outcome.MET, speaks=True, decided_by=listed)
    seen = tuple(dict.fromkeys((*facets, *listed)))
    is_unsure = Truth.of(Truth.UNKNOWN in (facet, covered))
    yield Row("not-confirmed", is_unsure, Outcome.UNKNOWN, Reason.AMBIGUOUS, decided_by=seen)
    yield from _nonspecific(case)
    yield Row("no-facet-diagnosis", Truth.TRUE, Outcome.UNKNOWN, Reason.NO_EVIDENCE)


def _nonspecific(case: Case) -> Iterator[Row]:
    pattern = case.pattern
    only = Truth.of(all(d.in_set("dx-axial-nonspecific") for d in pattern.deciding))
    items = tuple(d.item() for d in pattern.deciding)
    by_reason = Truth.of(pattern.finding is PatternFinding.AXIAL)
    yield Row("nonspecific-pain", only & by_reason, Outcome.NOT_MET, decided_by=items)
    by_list = Truth.of(pattern.finding is PatternFinding.AXIAL_LISTED)
    yield Row("nonspecific-pain-listed", only & by_list, Outcome.NOT_MET, decided_by=items)


def _find_in(case: Case, value_set: str) -> tuple[Truth, tuple[Item, ...]]:
    return _find(case, lambda d: Truth.of(d.in_set(value_set)) & case.region.matches(d.region))


def _find(case: Case, fits: Callable[[Diagnosis], Truth]) -> tuple[Truth, tuple[Item, ...]]:
    """Is there a diagnosis today that fits? With those that do or may."""
    remarks = [*((d, None) for d in case.reasons), *((d, "listed") for d in case.listed)]
    weighed = [(fits(d) & d.standing_for_sure, d.item(remark)) for d, remark in remarks]
    found = tuple(item for truth, item in weighed if truth is not Truth.FALSE)
    return any_of(truth for truth, _ in weighed), found


def _codes(case: Case) -> str:
    """The codes of our value sets among what the pain is read from."""
    return ", ".join(
        dict.fromkeys(c.code for d in case.pattern.deciding for c in d.concepts if c.pain_pattern)
    )
