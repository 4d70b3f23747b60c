"""LVL-1: does the session stay within one kind of injection, one region and the usual number of levels?"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import NamedTuple

from plugin.domain.case import Case
from plugin.domain.check import Check, Item, Outcome, Reason, Row, Unread, decide
from plugin.domain.dates import DateRange
from plugin.domain.evidence import Diagnosis, Standing
from plugin.domain.families import EPIDURAL, FACET, SACROILIAC, Family
from plugin.domain.injections import is_same_half
from plugin.domain.order import InjectionOrder
from plugin.domain.regions import Region
from plugin.domain.truth import FALSE, TRUE, UNKNOWN, Truth, any_of

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
_FROM_MIDLINE = EPIDURAL - {Family.TRANSFORAMINAL}


@dataclass(frozen=True, slots=True)
class Params:
    """Levels or joints in one session and region."""

    max_transforaminal_levels: int
    max_facet_levels: int
    max_rfa_joints: int


class _Other(NamedTuple):
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
    order = case.order
    beside = _beside(case)
    several_kinds = _any(beside, lambda other: _is_other_kind(case, other))
    if several_kinds is not FALSE:
        several_kinds = several_kinds & ~_has_cyst(case)
    unread = _unread(case, several_kinds)
    return decide(
        "LVL-1",
        _rows(case, params, beside, several_kinds, unread),
        facts={"levels": order.levels or 1, "max_levels": _most_levels(order.family, params) or 1},
        unread=unread,
    )


def _rows(
    case: Case, params: Params, beside: list[_Other], several_kinds: Truth, unread: tuple[Unread, ...]
) -> Iterator[Row]:
    order = case.order
    shown = (order.item(), *[other.item for other in beside])
    yield from _extent(order, params)
    is_open = False
    if beside:
        together = frozenset({order.reference, *[o.item.reference for o in beside if o.is_ordered]})
        approaches = _any(beside, lambda other: _is_other_approach(case, other))
        regions = _any(beside, lambda other: ~is_same_half(case.region, other.region))
        yield Row("several-kinds", several_kinds, Outcome.NOT_MET, decided_by=shown, about=together)
        yield Row("several-approaches", approaches, Outcome.NOT_MET, decided_by=shown, about=together)
        yield Row("several-regions", regions, Outcome.NOT_MET, decided_by=shown, about=together)
        is_open = UNKNOWN in (several_kinds, approaches, regions)
    if several_kinds is UNKNOWN and case.evidence.diagnoses.unread:
        yield Row("unread", TRUE, Outcome.UNKNOWN, Reason.NO_ACCESS, decided_by=shown)
    if unread:
        yield Row("same-day-unread", TRUE, Outcome.UNKNOWN, Reason.NO_ACCESS, decided_by=shown)
    if is_open:
        yield Row("dates-not-exact", TRUE, Outcome.UNKNOWN, Reason.AMBIGUOUS, decided_by=shown)
    yield Row("within-limit", TRUE, Outcome.MET)


def _extent(order: InjectionOrder, params: Params) -> Iterator[Row]:
    """What the order alone asks for."""
    most = _most_levels(order.family, params)
    if most is not None and order.levels is not None and order.levels > most:
        shown = (order.item(),)
        if order.family is Family.TRANSFORAMINAL:
            yield Row("too-many-levels", TRUE, Outcome.NOT_MET, decided_by=shown)
        elif order.family is Family.FACET_INJECTION:
            yield Row("third-facet-level", TRUE, Outcome.NOT_MET, decided_by=shown)
        else:
            yield Row("too-many-joints", TRUE, Outcome.NOT_MET, decided_by=shown)
    if _BOTH_SIDES in order.modifiers and order.family in _FROM_MIDLINE:
        yield Row("both-sides-from-midline", TRUE, Outcome.NOT_MET, decided_by=(order.item(),))


def _any(beside: list[_Other], differs: Callable[[_Other], Truth]) -> Truth:
    return any_of([other.is_same_session & differs(other) for other in beside])


def _beside(case: Case) -> list[_Other]:
    """The other injections of ours that are, or may be, of the session."""
    order, beside = case.order, []
    for other in case.alongside:
        same = _is_same_session(order, other)
        if same is not FALSE and _kind(other.family):
            beside.append(_Other(other.family, other.region, other.item(), same, True))
    for injection in case.evidence.injections.entries:
        same = _is_on(order, injection.date) & injection.took_place
        if same is not FALSE and _kind(injection.family):
            beside.append(_Other(injection.family, injection.region, injection.item(), same, False))
    return beside


def _is_same_session(order: InjectionOrder, other: InjectionOrder) -> Truth:
    if order.planned is None and other.planned is None:
        return TRUE
    if order.planned is None or other.planned is None:
        return UNKNOWN
    return _is_same_day(order.planned, other.planned)


def _is_on(order: InjectionOrder, day: DateRange | None) -> Truth:
    """Is it charted on the planned day? What is charted lies in the past, whatever day it leaves open."""
    if order.planned is None or (not _may_be_charted(order) and (day is None or not day.is_exact)):
        return FALSE
    return UNKNOWN if day is None else _is_same_day(order.planned, day)


def _may_be_charted(order: InjectionOrder) -> bool:
    """Has the planned day come when the order is reviewed?"""
    return bool(order.planned and order.asked_on and order.planned.first <= order.asked_on)


def _is_same_day(one: DateRange, other: DateRange) -> Truth:
    if one.is_exact and other.is_exact:
        return Truth.of(one == other)
    apart = one.last < other.first or other.last < one.first
    return FALSE if apart else UNKNOWN


def _unread(case: Case, several_kinds: Truth) -> tuple[Unread, ...]:
    """What may hold a cyst where that decides, else what may hold an injection of the same day."""
    if several_kinds is UNKNOWN and case.evidence.diagnoses.unread:
        return case.evidence.diagnoses.unread
    return case.evidence.injections.unread if _may_be_charted(case.order) else ()


def _kind(family: Family) -> frozenset[Family] | None:
    return next((kind for kind in _KINDS if family in kind), None)


def _is_other_kind(case: Case, other: _Other) -> Truth:
    kind = _kind(other.family)
    if kind is None or kind is _kind(case.order.family):
        return FALSE
    return is_same_half(case.region, other.region)


def _is_other_approach(case: Case, other: _Other) -> Truth:
    if other.family not in EPIDURAL or case.order.family not in EPIDURAL or other.family is case.order.family:
        return FALSE
    return is_same_half(case.region, other.region)


def _most_levels(family: Family, params: Params) -> int | None:
    if family is Family.TRANSFORAMINAL:
        return params.max_transforaminal_levels
    if family is Family.FACET_INJECTION:
        return params.max_facet_levels
    return params.max_rfa_joints if family is Family.FACET_RFA else None


def _has_cyst(case: Case) -> Truth:
    """With a facet cyst, the joint and the epidural space are treated together."""
    diagnoses = case.evidence.diagnoses
    charted = any_of([_is_cyst(d) for d in (*diagnoses.entries, *case.order.reason_codes)])
    return charted | diagnoses.may_hold_more


def _is_cyst(diagnosis: Diagnosis) -> Truth:
    if diagnosis.standing is not Standing.CURRENT or not diagnosis.in_set("dx-facet-cyst"):
        return FALSE
    return TRUE if diagnosis.is_certain else UNKNOWN
