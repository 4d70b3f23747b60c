"""APR-2: is the steroid ordered beside a transforaminal injection one without particles?"""

from __future__ import annotations

from dataclasses import dataclass

from plugin.domain.case import Case
from plugin.domain.check import Check, Outcome, Reason, Row, decide
from plugin.domain.families import Family
from plugin.domain.truth import Truth

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
    drugs, upper = case.order.drugs, case.region.is_upper
    particulate = tuple(d.item() for d in drugs if d.is_particulate_steroid is Truth.TRUE)
    unresolved = [d for d in drugs if d.is_particulate_steroid is Truth.UNKNOWN]
    steroids = tuple(d.item() for d in unresolved if d.is_steroid is Truth.TRUE)
    others = tuple(d.item() for d in unresolved)
    found, is_open = Truth.of(bool(particulate)), Truth.of(bool(unresolved))
    may_be_upper = Truth.of(upper is not Truth.FALSE)
    rows = (
        Row("particulate-upper", found & upper, Outcome.NOT_MET, decided_by=particulate),
        Row("particulate-lower", found, Outcome.NOT_MET, decided_by=particulate),
        Row(
            "steroid-unresolved",
            Truth.of(bool(steroids)),
            Outcome.UNKNOWN,
            Reason.AMBIGUOUS,
            decided_by=steroids,
        ),
        Row(
            "drug-unresolved-upper",
            is_open & may_be_upper,
            Outcome.UNKNOWN,
            Reason.AMBIGUOUS,
            decided_by=others,
        ),
        Row("drug-unresolved-lower", is_open, Outcome.UNKNOWN, Reason.AMBIGUOUS, decided_by=others),
        Row("not-particulate", Truth.TRUE, Outcome.MET),
    )
    return decide("APR-2", rows, facts={})
