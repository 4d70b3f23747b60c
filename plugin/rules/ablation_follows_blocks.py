"""RFA-1: before a facet ablation, did medial branch blocks or an earlier ablation take the pain away?"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

from plugin.domain.blocks import (
    Blocks,
    blocks_that_fell_short,
    earlier_blocks,
    may_have_been_a_block,
)
from plugin.domain.case import Case
from plugin.domain.check import Check, Item, Outcome, Reason, Row, Unread, decide
from plugin.domain.dates import days_before
from plugin.domain.families import Family
from plugin.domain.injections import Injection, Sessions
from plugin.domain.truth import FALSE, TRUE, UNKNOWN, Truth, any_of

FAMILIES = frozenset({Family.FACET_RFA})
CRITERIA = ("RFA-1",)
ROWS = {
    "RFA-1": frozenset(
        {
            "ablation-without-result",
            "blocks-too-close",
            "intra-articular-only",
            "no-block",
            "positive-blocks",
            "rediagnose",
            "relief-too-low",
            "repeat-after-relief",
            "results-not-documented",
            "too-few-positive",
            "undetermined",
            "unquantified",
            "unread",
        }
    )
}
"""Every row of the table: what a policy may give a severity to."""
TURNS_ON = {
    "too-few-positive": frozenset({"min_positive_blocks"}),
    "relief-too-low": frozenset({"min_relief_percent"}),
    "blocks-too-close": frozenset({"block_gap_days"}),
    "rediagnose": frozenset({"rediagnose_days"}),
}
"""The parameters by which a row may come out otherwise."""


@dataclass(frozen=True, slots=True)
class Params:
    min_positive_blocks: int
    min_relief_percent: float
    block_gap_days: int
    block_lookback_days: int
    rediagnose_days: int
    """An earlier ablation longer ago than this stands in for no block."""
    repeat_min_relief_percent: float
    repeat_min_days: int
    """An earlier ablation not so long ago cannot show yet how long it helps."""


class _Ablations(NamedTuple):
    """Earlier ablations where the order goes."""

    recent: Sessions
    """At least `repeat_min_days` and at most `rediagnose_days` ago."""
    older: Sessions
    helped: Truth
    """Did one of the recent ones help enough?"""
    unread: tuple[Unread, ...]

    @property
    def items(self) -> tuple[Item, ...]:
        return (*self.recent.items, *self.older.items)


def evaluate(case: Case, params: Params) -> Check:
    blocks = earlier_blocks(case, params.block_lookback_days, params.min_relief_percent, _is_nerve_block)
    ablations = _ablations(case, params)
    unread = tuple(dict.fromkeys((*blocks.unread, *ablations.unread)))
    return decide(
        "RFA-1",
        _rows(case, params, blocks, ablations, unread),
        facts={
            "min_positive_blocks": params.min_positive_blocks,
            "block_gap_days": params.block_gap_days,
            "block_lookback_days": params.block_lookback_days,
            "rediagnose_days": params.rediagnose_days,
            "repeat_min_relief_percent": f"{params.repeat_min_relief_percent:g}",
            "repeat_min_days": params.repeat_min_days,
            **blocks.facts,
        },
        unread=unread,
    )


def _rows(
    case: Case, params: Params, blocks: Blocks, ablations: _Ablations, unread: tuple[Unread, ...]
) -> Iterator[Row]:
    number, items = params.min_positive_blocks, (*blocks.items, *ablations.items)
    if ablations.helped is not FALSE:
        yield Row("repeat-after-relief", ablations.helped, Outcome.MET, decided_by=ablations.items)
    enough = blocks.have_helped(number, params.block_gap_days)
    if enough is not FALSE:
        yield Row("positive-blocks", enough, Outcome.MET, decided_by=blocks.items)
    if unread:
        yield Row("unread", TRUE, Outcome.UNKNOWN, Reason.NO_ACCESS)
    if enough is UNKNOWN and blocks.unquantified:
        yield Row("unquantified", TRUE, Outcome.UNKNOWN, Reason.AMBIGUOUS, decided_by=items)
    if len(blocks.helped) >= number:
        yield Row("blocks-too-close", TRUE, Outcome.NOT_MET, decided_by=items)
    yield from blocks_that_fell_short(blocks, number, items)
    yield from _no_block(case, params, ablations)


def _no_block(case: Case, params: Params, ablations: _Ablations) -> Iterator[Row]:
    before = ablations.items
    if any(not i.relief.is_recorded for s in ablations.recent.entries for i in s.injections):
        yield Row(
            "ablation-without-result",
            TRUE,
            Outcome.UNKNOWN,
            Reason.NO_EVIDENCE,
            is_gap=True,
            decided_by=before,
        )
    if ablations.older.least:
        yield Row("rediagnose", TRUE, Outcome.NOT_MET, decided_by=before)
    joints = case.sessions_here(_is_in_joint, params.block_lookback_days + 1)
    if joints.most:
        yield Row("intra-articular-only", TRUE, Outcome.NOT_MET, decided_by=joints.items)
    yield Row("no-block", TRUE, Outcome.NOT_MET, decided_by=before)


def _ablations(case: Case, params: Params) -> _Ablations:
    evidence = case.evidence
    since = days_before(case.as_of, params.rediagnose_days)
    before = days_before(case.as_of, params.repeat_min_days - 1)
    recent = case.sessions_here(_is_ablation, (before - since).days + 1, before=before)
    older = case.sessions_here(_is_ablation, since.toordinal(), before=since)
    results = evidence.pain_scores.unread
    is_unmeasured = any(i.relief.percent is None for i in recent.injections)
    unread = (*evidence.injections.unread, *(results if is_unmeasured else ()))
    return _Ablations(recent, older, _one_helped(recent, params, are_results_read=not results), unread)


def _one_helped(recent: Sessions, params: Params, *, are_results_read: bool) -> Truth:
    def helped(injection: Injection) -> Truth:
        relief = injection.relief
        if relief.percent is None and not are_results_read:
            return UNKNOWN
        if not relief.is_recorded:
            return FALSE
        said = FALSE if relief.verdict is None else relief.helped
        return relief.reached(params.repeat_min_relief_percent) | said

    sure = any_of(helped(i) for s in recent.entries if s.counts is TRUE for i in s.certain)
    perhaps = any_of(helped(i) for i in recent.injections) & UNKNOWN
    return sure | perhaps | recent.may_hold_more


def _is_nerve_block(injection: Injection) -> Truth:
    """An injection into the joint does not show what the nerves carry."""
    return may_have_been_a_block(injection) & Truth.of(not injection.is_intra_articular)


def _is_in_joint(injection: Injection) -> Truth:
    return Truth.of(injection.family is Family.FACET_INJECTION and injection.is_intra_articular)


def _is_ablation(injection: Injection) -> Truth:
    return Truth.of(injection.family is Family.FACET_RFA)
