"""SIJ-2: did a block help before the sacroiliac joint is treated, and are the sessions few enough?"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from plugin.domain.case import Case
from plugin.domain.check import Check, Item, Outcome, Reason, Row, Unread, decide
from plugin.domain.families import Family, Purpose
from plugin.domain.injections import Injection, Relief
from plugin.domain.truth import FALSE, TRUE, UNKNOWN, Truth, any_of

FAMILIES = frozenset({Family.SIJ_INJECTION, Family.LATERAL_BRANCH_BLOCK})
CRITERIA = ("SIJ-2",)
ROWS = {
    "SIJ-2": frozenset(
        {
            "block-helped",
            "block-too-weak",
            "diagnostic",
            "lateral-branch",
            "no-block",
            "not-quantified",
            "purpose-not-stated",
            "result-not-recorded",
            "too-many-diagnostic",
            "too-many-therapeutic",
            "undetermined",
            "unread",
        }
    )
}
"""Every row of the table: what a policy may give a severity to."""


@dataclass(frozen=True, slots=True)
class Params:
    min_relief_percent: float
    max_diagnostic: int
    max_therapeutic: int
    window_days: int


def evaluate(case: Case, params: Params) -> Check:
    history = case.evidence.injections
    limit = params.max_diagnostic if case.order.purpose is Purpose.DIAGNOSTIC else params.max_therapeutic
    return decide(
        "SIJ-2",
        _rows(case, params),
        facts={
            "min_relief_percent": f"{params.min_relief_percent:g}",
            "max_diagnostic": params.max_diagnostic,
            "max_therapeutic": params.max_therapeutic,
            "max_sessions": limit,
            "window_days": params.window_days,
        },
        set_aside=history.set_aside,
        unread=(*history.unread, *_results_unread(case)),
    )


def _rows(case: Case, params: Params) -> Iterator[Row]:
    if case.order.purpose is Purpose.DIAGNOSTIC:
        yield from _of_diagnosis(case, params)
    else:
        yield from _of_treatment(case, params)


def _of_diagnosis(case: Case, params: Params) -> Iterator[Row]:
    earlier = case.sessions(FAMILIES, params.window_days, {Purpose.DIAGNOSTIC})
    too_many = earlier.at_least(params.max_diagnostic)
    if too_many is not FALSE:
        number = {"session_number": earlier.least + 1}
        yield Row("too-many-diagnostic", too_many, Outcome.NOT_MET, decided_by=earlier.items, facts=number)
    if case.evidence.injections.unread:
        yield Row("unread", TRUE, Outcome.UNKNOWN, Reason.NO_ACCESS)
    name = "lateral-branch" if _is_of_nerves(case) else "diagnostic"
    yield Row(name, TRUE, Outcome.MET, speaks=_is_of_nerves(case), decided_by=earlier.items)


def _of_treatment(case: Case, params: Params) -> Iterator[Row]:
    """Of undetermined purpose: as treatment, and open where that would be a gap."""
    is_open = case.order.purpose is Purpose.UNDETERMINED
    earlier = case.sessions(FAMILIES, params.window_days, {Purpose.THERAPEUTIC})
    too_many = earlier.at_least(params.max_therapeutic)
    if too_many is not FALSE and not is_open:
        number = {"session_number": earlier.least + 1}
        yield Row("too-many-therapeutic", too_many, Outcome.NOT_MET, decided_by=earlier.items, facts=number)
    if case.evidence.injections.unread:
        yield Row("unread", TRUE, Outcome.UNKNOWN, Reason.NO_ACCESS)
    blocks = _blocks(case)
    helped = [i for i in blocks if _helped(i, case, params) is TRUE]
    is_met = any_of(_helped(i, case, params) for i in blocks)
    if is_met is not FALSE:
        row = "lateral-branch" if _is_of_nerves(case) else "block-helped"
        yield Row(row, is_met, Outcome.MET, speaks=_is_of_nerves(case), decided_by=_items(helped, params))
    seen = _items(blocks, params)
    if _results_unread(case):
        yield Row("unread", TRUE, Outcome.UNKNOWN, Reason.NO_ACCESS, decided_by=seen)
    if is_open:
        yield Row("purpose-not-stated", TRUE, Outcome.UNKNOWN, Reason.AMBIGUOUS, decided_by=seen)
    yield from _without_success(blocks, params)


def _is_of_nerves(case: Case) -> bool:
    return case.order.family is Family.LATERAL_BRANCH_BLOCK


def _results_unread(case: Case) -> tuple[Unread, ...]:
    """The search for measures, where what is missing of it may show that a block helped."""
    is_open = any(i.relief.may_be_measured for i in _blocks(case))
    return case.evidence.pain_scores.unread if is_open else ()


def _without_success(blocks: list[Injection], params: Params) -> Iterator[Row]:
    """No earlier block reached the relief that is asked for, as far as the record says."""
    seen = _items(blocks, params)
    recorded = [i for i in blocks if i.relief.is_recorded]
    if any(i.relief.is_unquantified or i.relief.is_contradictory for i in recorded):
        yield Row("not-quantified", TRUE, Outcome.UNKNOWN, Reason.AMBIGUOUS, decided_by=seen)
    if len(recorded) < len(blocks):
        yield Row(
            "result-not-recorded",
            TRUE,
            Outcome.UNKNOWN,
            Reason.NO_EVIDENCE,
            is_gap=True,
            decided_by=seen,
        )
    if blocks:
        yield Row("block-too-weak", TRUE, Outcome.NOT_MET, decided_by=seen)
    yield Row("no-block", TRUE, Outcome.NOT_MET)


def _blocks(case: Case) -> list[Injection]:
    """Earlier injections of the joint or its nerves on the order's side; an undated one may be earlier."""
    return [
        i
        for i in case.evidence.injections.entries
        if i.family in FAMILIES and i.is_on_side_of(case.order.sides) and _is_earlier(i, case) is not FALSE
    ]


def _helped(injection: Injection, case: Case, params: Params) -> Truth:
    """A block whose result is not on record does not help to tell."""
    if not injection.relief.is_recorded:
        return FALSE
    enough = injection.relief.reached(params.min_relief_percent)
    return enough & injection.took_place & _is_earlier(injection, case)


def _is_earlier(injection: Injection, case: Case) -> Truth:
    if injection.date is None:
        return UNKNOWN
    return injection.date.is_before(case.as_of)


def _items(injections: Iterable[Injection], params: Params) -> tuple[Item, ...]:
    return tuple(injection.item(_remark(injection.relief, params)) for injection in injections)


def _remark(relief: Relief, params: Params) -> str:
    if not relief.is_recorded:
        return "no-result"
    if relief.is_contradictory:
        return "results-disagree"
    if relief.is_unquantified:
        return "success-without-number"
    return "relief-enough" if relief.reached(params.min_relief_percent) is TRUE else "relief-too-low"
