"""SIJ-2: did a block help before the sacroiliac joint is treated, and are the sessions few enough?"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from plugin.domain.case import Case
from plugin.domain.check import Check, Item, Outcome, Reason, Row, decide
from plugin.domain.families import Family, Purpose
from plugin.domain.injections import Injection
from plugin.domain.truth import Truth, any_of

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
        unread=history.unread,
    )


def _rows(case: Case, params: Params) -> Iterator[Row]:
    if case.order.purpose is Purpose.DIAGNOSTIC:
        yield _count("too-many-diagnostic", case, params.max_diagnostic, params)
        yield from _accepted("diagnostic", case, Truth.TRUE, ())
        return
    blocks = _blocks(case)
    helped = [i for i in blocks if _helped(i, case, params) is Truth.TRUE]
    is_met = any_of(_helped(i, case, params) for i in blocks) | case.evidence.injections.may_hold_more
    if case.order.purpose is Purpose.THERAPEUTIC:
        yield _count("too-many-therapeutic", case, params.max_therapeutic, params)
    yield from _accepted("block-helped", case, is_met, helped)
    is_unread = Truth.of(bool(case.evidence.injections.unread))
    yield Row("unread", is_unread, Outcome.UNKNOWN, Reason.NO_ACCESS)
    is_open = Truth.of(case.order.purpose is Purpose.UNDETERMINED)
    seen = _items(blocks)
    yield Row("purpose-not-stated", is_open, Outcome.UNKNOWN, Reason.AMBIGUOUS, decided_by=seen)
    yield from _without_success(blocks)


def _count(name: str, case: Case, limit: int, params: Params) -> Row:
    """As many earlier sessions of this purpose as there may be, this one not counted."""
    earlier = case.sessions(FAMILIES, params.window_days, {case.order.purpose})
    number = {"session_number": earlier.least + 1}
    return Row(name, earlier.at_least(limit), Outcome.NOT_MET, decided_by=earlier.items, facts=number)


def _accepted(name: str, case: Case, when: Truth, seen: Iterable[Injection]) -> Iterator[Row]:
    """Satisfied; for a block of the nerves with a word on how it is covered."""
    if case.order.family is Family.LATERAL_BRANCH_BLOCK:
        yield Row("lateral-branch", when, Outcome.MET, speaks=True, decided_by=_items(seen))
    else:
        yield Row(name, when, Outcome.MET, decided_by=_items(seen))


def _without_success(blocks: list[Injection]) -> Iterator[Row]:
    """No earlier block reached the relief that is asked for, as far as the record says."""
    seen = _items(blocks)
    recorded = [i for i in blocks if i.relief.is_recorded]
    unquantified = any(i.relief.is_unquantified or i.relief.is_contradictory for i in recorded)
    yield Row("not-quantified", Truth.of(unquantified), Outcome.UNKNOWN, Reason.AMBIGUOUS, decided_by=seen)
    yield Row(
        "result-not-recorded",
        Truth.of(len(recorded) < len(blocks)),
        Outcome.UNKNOWN,
        Reason.NO_EVIDENCE,
        is_gap=True,
        decided_by=seen,
    )
    yield Row("block-too-weak", Truth.of(bool(blocks)), Outcome.NOT_MET, decided_by=seen)
    yield Row("no-block", Truth.TRUE, Outcome.NOT_MET)


def _blocks(case: Case) -> list[Injection]:
    """Earlier injections of the joint or its nerves on the order's side; an undated one may be earlier."""
    return [
        i
        for i in case.evidence.injections.entries
        if i.family in FAMILIES
        and i.is_on_side_of(case.order.sides)
        and _is_earlier(i, case) is not Truth.FALSE
    ]


def _helped(injection: Injection, case: Case, params: Params) -> Truth:
    enough = injection.relief.reached(params.min_relief_percent)
    return enough & injection.took_place & _is_earlier(injection, case)


def _is_earlier(injection: Injection, case: Case) -> Truth:
    if injection.date is None:
        return Truth.UNKNOWN
    return injection.date.holds(lambda day: day < case.as_of)


def _items(injections: Iterable[Injection]) -> tuple[Item, ...]:
    return tuple(injection.item() for injection in injections)
