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
            "unread",
            "dates-not-exact",
            "within-limit",
        }
    )
}
TURNS_ON: dict[str, frozenset[str] | None] = {
    "too-many-levels": frozenset({"max_transforaminal_levels"}),
    "third-facet-level": frozenset({"max_facet_levels"}),
    "too-many-joints": frozenset({"max_rfa_joints"}),
    "both-sides-from-midline": None,
    "several-kinds": None,
    "several-approaches": None,
    "several-regions": None,
}
"""The parameters by which a row may come out otherwise; None where no number could change it."""
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
    order, diagnoses = case.order, case.evidence.diagnoses
    beside = [(o, _is_same_session(order, o)) for o in case.alongside if _kind(o.family) is not None]
    several_kinds = _any(beside, lambda other: _is_other_kind(case, other)) & ~_has_cyst(case)
    several_approaches = _any(beside, lambda other: _is_other_approach(case, other))
    several_regions = _any(beside, lambda other: ~is_same_half(case.region, other.region))
    own = (order.item(),)
    shown = (*own, *(other.item() for other, same in beside if same is not Truth.FALSE))
    together = frozenset(item.reference for item in shown)
    rows = [
        *_extent(case, params),
        Row("several-kinds", several_kinds, Outcome.NOT_MET, decided_by=shown, about=together),
        Row("several-approaches", several_approaches, Outcome.NOT_MET, decided_by=shown, about=together),
        Row("several-regions", several_regions, Outcome.NOT_MET, decided_by=shown, about=together),
    ]
    is_open = any(row.when is Truth.UNKNOWN for row in rows)
    cyst_unread = Truth.of(several_kinds is Truth.UNKNOWN and bool(diagnoses.unread))
    rows += [
        Row("unread", cyst_unread, Outcome.UNKNOWN, Reason.NO_ACCESS, decided_by=shown),
        Row("dates-not-exact", Truth.of(is_open), Outcome.UNKNOWN, Reason.AMBIGUOUS, decided_by=shown),
        Row("within-limit", Truth.TRUE, Outcome.MET),
    ]
    facts = {"levels": order.levels or 1, "max_levels": _most_levels(order.family, params) or 1}
    return decide("LVL-1", rows, facts=facts, unread=diagnoses.unread)


def _extent(case: Case, params: Params) -> list[Row]:
    """What the order alone asks for."""
    order = case.order
    most = _most_levels(order.family, params)
    too_many = most is not None and order.levels is not None and order.levels > most
    from_midline = order.family in EPIDURAL - {Family.TRANSFORAMINAL}
    shown = (order.item(),)

    def row(name: str, holds: bool) -> Row:
        return Row(name, Truth.of(holds), Outcome.NOT_MET, decided_by=shown)

    return [
        row("too-many-levels", too_many and order.family is Family.TRANSFORAMINAL),
        row("third-facet-level", too_many and order.family is Family.FACET_INJECTION),
        row("too-many-joints", too_many and order.family is Family.FACET_RFA),
        row("both-sides-from-midline", from_midline and _BOTH_SIDES in order.modifiers),
    ]


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


def _most_levels(family: Family, params: Params) -> int | None:
    return {
        Family.TRANSFORAMINAL: params.max_transforaminal_levels,
        Family.FACET_INJECTION: params.max_facet_levels,
        Family.FACET_RFA: params.max_rfa_joints,
    }.get(family)


def _has_cyst(case: Case) -> Truth:
    """With a facet cyst, the joint and the epidural space are treated together."""
    diagnoses = case.evidence.diagnoses
    charted = any_of(_is_cyst(d) for d in (*diagnoses.entries, *case.order.reason_codes))
    return charted | diagnoses.may_hold_more


def _is_cyst(diagnosis: Diagnosis) -> Truth:
    if diagnosis.standing is not Standing.CURRENT or not diagnosis.in_set("dx-facet-cyst"):
        return Truth.FALSE
    return Truth.TRUE if diagnosis.is_certain else Truth.UNKNOWN
