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
        {"particulate-upper", "particulate-lower", "unresolved-upper", "unresolved-lower", "not-particulate"}
    )
}


@dataclass(frozen=True, slots=True)
class Params:
    """This table has no settings."""


def evaluate(case: Case, params: Params) -> Check:
    found = case.order.has_particulate_steroid
    upper, unresolved = Truth.of(case.region.is_upper), Truth.of(found is Truth.UNKNOWN)
    shown = tuple(d.item() for d in case.order.drugs if d.is_particulate_steroid is not Truth.FALSE)
    rows = (
        Row("particulate-upper", Truth.of(found is Truth.TRUE) & upper, Outcome.NOT_MET, decided_by=shown),
        Row("particulate-lower", Truth.of(found is Truth.TRUE), Outcome.NOT_MET, decided_by=shown),
        Row("unresolved-upper", unresolved & upper, Outcome.UNKNOWN, Reason.AMBIGUOUS, decided_by=shown),
        Row("unresolved-lower", unresolved, Outcome.UNKNOWN, Reason.AMBIGUOUS, decided_by=shown),
        Row("not-particulate", Truth.TRUE, Outcome.MET),
    )
    return decide("APR-2", rows, facts={"drug": ", ".join(i.label for i in shown if not i.quoted)})
