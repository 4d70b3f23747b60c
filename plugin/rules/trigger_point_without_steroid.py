"""TPI-1: is the trigger point injected without a steroid?"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from plugin.domain.case import Case
from plugin.domain.check import Check, Outcome, Reason, Row, decide
from plugin.domain.evidence import SteroidOrder
from plugin.domain.families import Family
from plugin.domain.order import Word
from plugin.domain.truth import Truth, any_of

FAMILIES = frozenset({Family.TRIGGER_POINT})
CRITERIA = ("TPI-1",)
ROWS = {
    "TPI-1": frozenset(
        {
            "drug-not-resolved",
            "no-steroid",
            "other-injection-beside",
            "steroid-in-encounter",
            "steroid-in-text",
            "steroid-ordered",
            "steroid-without-reason",
            "undetermined",
            "unread",
        }
    )
}
"""Every row of the table: what a policy may give a severity to."""


@dataclass(frozen=True, slots=True)
class Params:
    """The drugs alone decide; there is no number to set."""


def evaluate(case: Case, params: Params) -> Check:
    return decide("TPI-1", _rows(case), facts={}, unread=case.evidence.steroid_orders.unread)


def _rows(case: Case) -> Iterator[Row]:
    drugs = case.order.drugs
    coded = [d for d in drugs if d.is_coded_steroid]
    is_shared = any(o.family is not Family.TRIGGER_POINT for o in case.alongside)
    meant = tuple(d.item() for d in coded if d.is_tied or not is_shared)
    beside = tuple(d.item() for d in coded if is_shared and not d.is_tied)
    yield Row("steroid-ordered", Truth.of(bool(meant)), Outcome.NOT_MET, decided_by=meant)
    yield from _in_encounter(case)
    is_beside = Truth.of(bool(beside))
    yield Row("other-injection-beside", is_beside, Outcome.UNKNOWN, Reason.AMBIGUOUS, decided_by=beside)
    worded = tuple(d.item() for d in drugs if d.is_quoted and d.is_steroid is Truth.TRUE)
    is_worded = Truth.of(bool(worded) or Word.STEROID in case.order.words)
    yield Row("steroid-in-text", is_worded, Outcome.UNKNOWN, Reason.AMBIGUOUS, decided_by=worded)
    open_ = tuple(d.item() for d in drugs if d.is_steroid is Truth.UNKNOWN)
    is_open = Truth.of(bool(open_))
    yield Row("drug-not-resolved", is_open, Outcome.UNKNOWN, Reason.AMBIGUOUS, decided_by=open_)
    yield Row("no-steroid", Truth.TRUE, Outcome.MET)


def _in_encounter(case: Case) -> Iterator[Row]:
    """A steroid that is ordered already, in the same encounter and for the same reason."""
    section = case.evidence.steroid_orders
    meant = [(s, _is_for(s, case)) for s in section.entries]
    sure = tuple(s.item() for s, truth in meant if truth is Truth.TRUE)
    answer = any_of(truth for _, truth in meant if truth is not Truth.UNKNOWN) | section.may_hold_more
    yield Row("steroid-in-encounter", answer, Outcome.NOT_MET, decided_by=sure)
    yield Row("unread", Truth.of(bool(section.unread)), Outcome.UNKNOWN, Reason.NO_ACCESS)
    maybe = tuple(s.item() for s, truth in meant if truth is Truth.UNKNOWN)
    is_open = Truth.of(bool(maybe))
    yield Row("steroid-without-reason", is_open, Outcome.UNKNOWN, Reason.AMBIGUOUS, decided_by=maybe)


def _is_for(steroid: SteroidOrder, case: Case) -> Truth:
    """UNKNOWN where the steroid's order gives no reason; it may be for another illness."""
    if not steroid.states_reason:
        return Truth.UNKNOWN
    codes = {concept for diagnosis in case.reasons for concept in diagnosis.concepts}
    is_named = not steroid.reason_references.isdisjoint(case.order.reason_references)
    return Truth.of(is_named or not steroid.reason_codes.isdisjoint(codes))
