"""LVL-1: does the session stay within one kind of injection, one region and the usual number of levels?"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from plugin.domain.case import Case
from plugin.domain.check import Check, Item, Outcome, Reason, Row, Unread, decide
from plugin.domain.dates import DateRange
from plugin.domain.evidence import Diagnosis, Standing
from plugin.domain.families import EPIDURAL, FACET, SACROILIAC, Family
from plugin.domain.injections import is_same_half
from plugin.domain.order import InjectionOrder
from plugin.domain.regions import Region
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
            "same-day-unread",
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


@dataclass(frozen=True, slots=True)
class _Other:
    """Another injection, ordered in the same hook or charted already."""

    family: Family
    region: Region
    item: Item
    is_same_session: Truth
    is_ordered: bool


def evaluate(case: Case, params: Params) -> Check:
    """Orders of the same hook are one session when they are planned for the same day, or none is planned.

    What is charted on the planned day is of that session, too.
    """
    order, diagnoses = case.order, case.evidence.diagnoses
    beside = [o for o in _others(case) if _kind(o.family) and o.is_same_session is not Truth.FALSE]
    several_kinds = _any(beside, lambda other: _is_other_kind(case, other)) & ~_has_cyst(case)
    several_approaches = _any(beside, lambda other: _is_other_approach(case, other))
    several_regions = _any(beside, lambda other: ~is_same_half(case.region, other.region))
    shown = (order.item(), *(other.item for other in beside))
    together = frozenset({order.reference, *(o.item.reference for o in beside if o.is_ordered)})
    rows = [
        *_extent(case, params),
        Row("several-kinds", several_kinds, Outcome.NOT_MET, decided_by=shown, about=together),
        Row("several-approaches", several_approaches, Outcome.NOT_MET, decided_by=shown, about=together),
        Row("several-regions", several_regions, Outcome.NOT_MET, decided_by=shown, about=together),
    ]
    is_open = any(row.when is Truth.UNKNOWN for row in rows)
    is_cyst_unread = several_kinds is Truth.UNKNOWN and bool(diagnoses.unread)
    unread = diagnoses.unread if is_cyst_unread else _same_day_unread(case)
    rows += [
        Row("unread", Truth.of(is_cyst_unread), Outcome.UNKNOWN, Reason.NO_ACCESS, decided_by=shown),
        Row("same-day-unread", Truth.of(bool(unread)), Outcome.UNKNOWN, Reason.NO_ACCESS, decided_by=shown),
        Row("dates-not-exact", Truth.of(is_open), Outcome.UNKNOWN, Reason.AMBIGUOUS, decided_by=shown),
        Row("within-limit", Truth.TRUE, Outcome.MET),
    ]
    facts = {"levels": order.levels or 1, "max_levels": _most_levels(order.family, params) or 1}
    return decide("LVL-1", rows, facts=facts, unread=unread)


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


def _any(beside: list[_Other], differs: Callable[[_Other], Truth]) -> Truth:
    return any_of(other.is_same_session & differs(other) for other in beside)


def _others(case: Case) -> Iterator[_Other]:
    order = case.order
    for other in case.alongside:
        yield _Other(other.family, other.region, other.item(), _is_same_session(order, other), True)
    for injection in case.evidence.injections.entries:
        same = _is_on(order, injection.date) & injection.took_place
        yield _Other(injection.family, injection.region, injection.item(), same, False)


def _is_same_session(order: InjectionOrder, other: InjectionOrder) -> Truth:
    if order.planned is None and other.planned is None:
        return Truth.TRUE
    if order.planned is None or other.planned is None:
        return Truth.UNKNOWN
    return _is_same_day(order.planned, other.planned)


def _is_on(order: InjectionOrder, day: DateRange | None) -> Truth:
    """Is it charted on the planned day? What is charted lies in the past, whatever day it leaves open."""
    if order.planned is None or (not _may_be_charted(order) and (day is None or not day.is_exact)):
        return Truth.FALSE
    return Truth.UNKNOWN if day is None else _is_same_day(order.planned, day)


def _may_be_charted(order: InjectionOrder) -> bool:
    """Has the planned day come when the order is reviewed?"""
    return bool(order.planned and order.asked_on and order.planned.first <= order.asked_on)


def _is_same_day(one: DateRange, other: DateRange) -> Truth:
    if one.is_exact and other.is_exact:
        return Truth.of(one == other)
    apart = one.last < other.first or other.last < one.first
    return Truth.FALSE if apart else Truth.UNKNOWN


def _same_day_unread(case: Case) -> tuple[Unread, ...]:
    return case.evidence.injections.unread if _may_be_charted(case.order) else ()


def _kind(family: Family) -> frozenset[Family] | None:
    return next((kind for kind in _KINDS if family in kind), None)


def _is_other_kind(case: Case, other: _Other) -> Truth:
    kind = _kind(other.family)
    if kind is None or kind is _kind(case.order.family):
        return Truth.FALSE
    return is_same_half(case.region, other.region)


def _is_other_approach(case: Case, other: _Other) -> Truth:
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
