"""APR-1: is the transforaminal approach, with its own risks, called for?"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from plugin.domain.case import Case
from plugin.domain.check import Check, Outcome, Row, decide
from plugin.domain.evidence import Standing
from plugin.domain.families import Family, Purpose
from plugin.domain.regions import Region
from plugin.domain.truth import FALSE, TRUE

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
    return decide("APR-1", _rows(case))


def _rows(case: Case) -> Iterator[Row]:
    """A particulate steroid beside the order is APR-2's to speak of, the approach with it."""
    order = case.order
    shown = (order.item(),)
    if order.has_particulate_steroid is TRUE:
        yield Row("weighed-with-the-drug", TRUE, Outcome.MET)
    yield Row("neck-or-mid-back", case.region.is_upper, Outcome.NOT_MET, decided_by=shown)
    if order.purpose is Purpose.DIAGNOSTIC:
        yield Row("diagnostic", TRUE, Outcome.MET)
    if _is_after_surgery(case):
        yield Row("after-surgery", TRUE, Outcome.MET)
    yield Row("low-back", TRUE, Outcome.MET, speaks=True, decided_by=shown)


def _is_after_surgery(case: Case) -> bool:
    """Scars of an operation can bar the way from the midline."""
    operated = any(_may_be_at(case.region, o.region) for o in case.evidence.operations.entries)
    return operated or any(
        d.pattern == "post-laminectomy" and d.standing is Standing.CURRENT
        for d in case.evidence.diagnoses.entries
    )


def _may_be_at(one: Region, other: Region) -> bool:
    return one.matches(other) is not FALSE
