"""TPI-1: is the trigger point injected without a steroid?"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from plugin.domain.case import Case
from plugin.domain.check import Check, Outcome, Reason, Row, decide
from plugin.domain.evidence import SteroidOrder
from plugin.domain.families import Family
from plugin.domain.order import Word
from plugin.domain.truth import FALSE, TRUE, UNKNOWN, Truth, any_of

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
    return decide("TPI-1", _rows(case), unread=case.evidence.steroid_orders.unread)


def _rows(case: Case) -> Iterator[Row]:
    drugs = case.order.drugs
    coded = [d for d in drugs if d.is_coded_steroid]
    is_shared = any(o.family is not Family.TRIGGER_POINT for o in case.alongside)
    meant = tuple(d.item() for d in coded if d.is_tied or not is_shared)
    beside = tuple(d.item() for d in coded if is_shared and not d.is_tied)
    if meant:
        yield Row("steroid-ordered", TRUE, Outcome.NOT_MET, decided_by=meant)
    yield from _in_encounter(case)
    if beside:
        yield Row("other-injection-beside", TRUE, Outcome.UNKNOWN, Reason.AMBIGUOUS, decided_by=beside)
    worded = tuple(d.item() for d in drugs if d.is_quoted and d.is_steroid is TRUE)
    if worded or Word.STEROID in case.order.words:
        yield Row("steroid-in-text", TRUE, Outcome.UNKNOWN, Reason.AMBIGUOUS, decided_by=worded)
    unresolved = tuple(d.item() for d in drugs if d.is_steroid is UNKNOWN)
    if unresolved:
        yield Row("drug-not-resolved", TRUE, Outcome.UNKNOWN, Reason.AMBIGUOUS, decided_by=unresolved)
    yield Row("no-steroid", TRUE, Outcome.MET)


def _in_encounter(case: Case) -> Iterator[Row]:
    """A steroid that is ordered already, in the same encounter and for the same reason."""
    section = case.evidence.steroid_orders
    meant = [(s, _is_for(s, case)) for s in section.entries]
    sure = tuple(s.item() for s, truth in meant if truth is TRUE)
    answer = any_of(truth for _, truth in meant if truth is not UNKNOWN) | section.may_hold_more
    if answer is not FALSE:
        yield Row("steroid-in-encounter", answer, Outcome.NOT_MET, decided_by=sure)
    if section.unread:
        yield Row("unread", TRUE, Outcome.UNKNOWN, Reason.NO_ACCESS)
    maybe = tuple(s.item() for s, truth in meant if truth is UNKNOWN)
    if maybe:
        yield Row("steroid-without-reason", TRUE, Outcome.UNKNOWN, Reason.AMBIGUOUS, decided_by=maybe)


def _is_for(steroid: SteroidOrder, case: Case) -> Truth:
    """UNKNOWN where the steroid's order gives no reason; it may be for another illness."""
    if not steroid.states_reason:
        return UNKNOWN
    codes = {concept for diagnosis in case.reasons for concept in diagnosis.concepts}
    is_named = not steroid.reason_references.isdisjoint(case.order.reason_references)
    return Truth.of(is_named or not steroid.reason_codes.isdisjoint(codes))
