"""APR-1: is the transforaminal approach, with its own risks, called for?"""

from __future__ import annotations

from dataclasses import dataclass

from plugin.domain.case import Case
from plugin.domain.check import Check, Outcome, Row, decide
from plugin.domain.evidence import Standing
from plugin.domain.families import Family, Purpose
from plugin.domain.regions import Region
from plugin.domain.truth import Truth

FAMILIES = frozenset({Family.TRANSFORAMINAL})
CRITERIA = ("APR-1",)
ROWS = {
    "APR-1": frozenset(
        {"weighed-with-the-drug", "diagnostic", "neck-or-mid-back", "after-surgery", "low-back"}
    )
}


@dataclass(frozen=True, slots=True)
class Params:
    """This table has no settings."""


def evaluate(case: Case, params: Params) -> Check:
    """A particulate steroid beside the order is APR-2's to speak of, the approach with it."""
    order = case.order
    shown = (order.item(),)
    diagnostic = Truth.of(order.purpose is Purpose.DIAGNOSTIC)
    rows = (
        Row("weighed-with-the-drug", Truth.of(order.has_particulate_steroid is Truth.TRUE), Outcome.MET),
        Row("neck-or-mid-back", case.region.is_upper, Outcome.NOT_MET, decided_by=shown),
        Row("diagnostic", diagnostic, Outcome.MET),
        Row("after-surgery", Truth.of(_is_after_surgery(case)), Outcome.MET),
        Row("low-back", Truth.TRUE, Outcome.MET, speaks=True, decided_by=shown),
    )
    return decide("APR-1", rows, facts={})


def _is_after_surgery(case: Case) -> bool:
    """Scars of an operation can bar the way from the midline."""
    operated = any(_may_be_at(case.region, o.region) for o in case.evidence.operations.entries)
    return operated or any(
        d.pattern == "post-laminectomy" and d.standing is Standing.CURRENT
        for d in case.evidence.diagnoses.entries
    )


def _may_be_at(one: Region, other: Region) -> bool:
    return one.matches(other) is not Truth.FALSE
