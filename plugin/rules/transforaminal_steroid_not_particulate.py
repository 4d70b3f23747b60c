"""APR-2: is the steroid ordered beside a transforaminal injection one without particles?"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from plugin.domain.case import Case
from plugin.domain.check import Check, Outcome, Reason, Row, decide
from plugin.domain.families import Family
from plugin.domain.truth import FALSE, TRUE, UNKNOWN

FAMILIES = frozenset({Family.TRANSFORAMINAL})
CRITERIA = ("APR-2",)
ROWS = {
    "APR-2": frozenset(
        {
            "particulate-upper",
            "particulate-lower",
            "steroid-unresolved",
            "drug-unresolved-upper",
            "drug-unresolved-lower",
            "not-particulate",
        }
    )
}


@dataclass(frozen=True, slots=True)
class Params:
    """This table has no settings."""


def evaluate(case: Case, params: Params) -> Check:
    return decide("APR-2", _rows(case))


def _rows(case: Case) -> Iterator[Row]:
    drugs, upper = case.order.drugs, case.region.is_upper
    particulate = tuple(d.item() for d in drugs if d.is_particulate_steroid is TRUE)
    if particulate:
        yield Row("particulate-upper", upper, Outcome.NOT_MET, decided_by=particulate)
        yield Row("particulate-lower", TRUE, Outcome.NOT_MET, decided_by=particulate)
    unresolved = [d for d in drugs if d.is_particulate_steroid is UNKNOWN]
    steroids = tuple(d.item() for d in unresolved if d.is_steroid is TRUE)
    if steroids:
        yield Row("steroid-unresolved", TRUE, Outcome.UNKNOWN, Reason.AMBIGUOUS, decided_by=steroids)
    if unresolved:
        name = "drug-unresolved-lower" if upper is FALSE else "drug-unresolved-upper"
        items = tuple(d.item() for d in unresolved)
        yield Row(name, TRUE, Outcome.UNKNOWN, Reason.AMBIGUOUS, decided_by=items)
    yield Row("not-particulate", TRUE, Outcome.MET)
