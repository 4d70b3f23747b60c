"""RFA-3: is a fusion on record in the region where facet nerves are to be ablated?"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from plugin.domain.case import Case
from plugin.domain.check import Check, Item, Outcome, Reason, Row, Unread, decide
from plugin.domain.codes import Concept
from plugin.domain.families import Family
from plugin.domain.truth import FALSE, TRUE

FAMILIES = frozenset({Family.FACET_RFA})
CRITERIA = ("RFA-3",)
ROWS = {"RFA-3": frozenset({"fusion-on-record", "no-fusion", "unread"})}
"""Every row of the table: what a policy may give a severity to."""


@dataclass(frozen=True, slots=True)
class Params:
    """The table has no numbers."""


def evaluate(case: Case, params: Params) -> Check:
    unread = (*case.evidence.operations.unread, *case.diagnoses_unread)
    return decide("RFA-3", _rows(case, unread), unread=unread)


def _rows(case: Case, unread: tuple[Unread, ...]) -> Iterator[Row]:
    """No code names the fused level, so that one in the region leaves the question open."""
    fusions = _fusions(case)
    if fusions:
        yield Row("fusion-on-record", TRUE, Outcome.UNKNOWN, Reason.AMBIGUOUS, decided_by=fusions)
    if unread:
        yield Row("unread", TRUE, Outcome.UNKNOWN, Reason.NO_ACCESS)
    yield Row("no-fusion", TRUE, Outcome.MET)


def _fusions(case: Case) -> tuple[Item, ...]:
    """Operations and diagnoses of a fusion in the order's region, or of one that is not stated."""
    region = case.region
    operated = [e for e in case.evidence.operations.entries if e.is_fusion]
    charted = [d for d in (*case.reasons, *case.listed) if any(_states_fusion(c) for c in d.concepts)]
    events = (e.item() for e in operated if region.matches(e.region) is not FALSE)
    return (*events, *(d.item() for d in charted if region.matches(d.region) is not FALSE))


def _states_fusion(concept: Concept) -> bool:
    return concept.get("operation") == "fusion"
