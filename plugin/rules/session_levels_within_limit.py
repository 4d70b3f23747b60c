"""LVL-1: does the session stay within one kind of injection, one region and the usual number of levels?"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from plugin.domain.case import Case
from plugin.domain.check import Check, Outcome, Reason, Row, decide
from plugin.domain.evidence import Diagnosis, Standing
from plugin.domain.families import EPIDURAL, FACET, SACROILIAC, Family
from plugin.domain.injections import is_same_half
from plugin.domain.order import InjectionOrder
from plugin.domain.truth import Truth, any_of

FAMILIES = EPIDURAL | FACET | SACROILIAC
CRITERIA = ("LVL-1",)
ROWS = {
    "LVL-1": frozenset(
        {
            "too-many-levels",
            "third-facet-level",
            "too-many-joints",
            "both-sides-from-midline",
            "several-kinds",
            "several-approaches",
            "several-regions",
            "dates-not-exact",
            "within-limit",
        }
    )
}
_KINDS = (EPIDURAL, FACET, SACROILIAC)
_BOTH_SIDES = "50"


@dataclass(frozen=True, slots=True)
class Params:
    """Levels or joints in one session and region."""

    max_transforaminal_levels: int
    max_facet_levels: int
    max_rfa_joints: int


def evaluate(case: Case, params: Params) -> Check:
    """Orders of the same hook are one session when they are planned for the same day, or none is planned."""
    order = case.order
    beside = [(other, _is_same_session(order, other)) for other in case.alongside]
    several_kinds = _any(beside, lambda other: _is_other_kind(case, other))
    several_approaches = _any(beside, lambda other: _is_other_approach(case, other))
    several_regions = _any(beside, lambda other: _is_other_region(case, other))
    if _has_cyst(case):
        several_kinds = Truth.FALSE
    most = _most_levels(order.family, params)
    too_many = Truth.of(most is not None and order.levels is not None and order.levels > most)
    from_midline = order.family in EPIDURAL - {Family.TRANSFORAMINAL}
    shown = (order.item(), *(other.item() for other, same in beside if same is not Truth.FALSE))
    by_family = {Family.FACET_INJECTION: "third-facet-level", Family.FACET_RFA: "too-many-joints"}
    together = frozenset(item.reference for item in shown)
    rows = [
        Row(by_family.get(order.family, "too-many-levels"), too_many, Outcome.NOT_MET, decided_by=shown[:1]),
        Row(
            "both-sides-from-midline",
            Truth.of(from_midline and _BOTH_SIDES in order.modifiers),
            Outcome.NOT_MET,
            decided_by=shown[:1],
        ),
        Row("several-kinds", several_kinds, Outcome.NOT_MET, decided_by=shown, about=together),
        Row("several-approaches", several_approaches, Outcome.NOT_MET, decided_by=shown, about=together),
        Row("several-regions", several_regions, Outcome.NOT_MET, decided_by=shown, about=together),
    ]
    is_open = any(row.when is Truth.UNKNOWN for row in rows)
    rows += [
        Row("dates-not-exact", Truth.of(is_open), Outcome.UNKNOWN, Reason.AMBIGUOUS, decided_by=shown),
        Row("within-limit", Truth.TRUE, Outcome.MET),
    ]
    facts = {"levels": order.levels or 1, "max_levels": most or 1}
    return decide("LVL-1", rows, facts=facts)


def _any(beside: list[tuple[InjectionOrder, Truth]], differs: Callable[[InjectionOrder], Truth]) -> Truth:
    return any_of(same & differs(other) for other, same in beside)


def _is_same_session(order: InjectionOrder, other: InjectionOrder) -> Truth:
    if order.planned is None and other.planned is None:
        return Truth.TRUE
    if order.planned is None or other.planned is None:
        return Truth.UNKNOWN
    if order.planned.is_exact and other.planned.is_exact:
        return Truth.of(order.planned == other.planned)
    apart = order.planned.last < other.planned.first or other.planned.last < order.planned.first
    return Truth.FALSE if apart else Truth.UNKNOWN


def _kind(family: Family) -> frozenset[Family] | None:
    return next((kind for kind in _KINDS if family in kind), None)


def _is_other_kind(case: Case, other: InjectionOrder) -> Truth:
    kind = _kind(other.family)
    if kind is None or kind is _kind(case.order.family):
        return Truth.FALSE
    return is_same_half(case.region, other.region)


def _is_other_approach(case: Case, other: InjectionOrder) -> Truth:
    if other.family not in EPIDURAL or case.order.family not in EPIDURAL or other.family is case.order.family:
        return Truth.FALSE
    return is_same_half(case.region, other.region)


def _is_other_region(case: Case, other: InjectionOrder) -> Truth:
    if _kind(other.family) is None:
        return Truth.FALSE
    return ~is_same_half(case.region, other.region)


def _most_levels(family: Family, params: Params) -> int | None:
    return {
        Family.TRANSFORAMINAL: params.max_transforaminal_levels,
        Family.FACET_INJECTION: params.max_facet_levels,
        Family.FACET_RFA: params.max_rfa_joints,
    }.get(family)


def _has_cyst(case: Case) -> bool:
    """With a facet cyst, the joint and the epidural space are treated together."""
    return any(_is_current_cyst(d) for d in (*case.evidence.diagnoses.entries, *case.order.reason_codes))


def _is_current_cyst(diagnosis: Diagnosis) -> bool:
    return diagnosis.standing is Standing.CURRENT and diagnosis.in_set("dx-facet-cyst")
