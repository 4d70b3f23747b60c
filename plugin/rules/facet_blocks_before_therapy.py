"""FAC-1: before a therapeutic facet injection, did diagnostic blocks take the pain away?"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from plugin.domain.blocks import (
    Blocks,
    blocks_that_fell_short,
    earlier_blocks,
    may_have_been_a_block,
)
from plugin.domain.case import Case
from plugin.domain.check import Check, Outcome, Reason, Row, decide
from plugin.domain.families import Family, Purpose
from plugin.domain.truth import Truth

FAMILIES = frozenset({Family.FACET_INJECTION})
CRITERIA = ("FAC-1",)
ROWS = {
    "FAC-1": frozenset(
        {
            "diagnostic-block",
            "no-block",
            "positive-blocks",
            "purpose-not-stated",
            "relief-too-low",
            "results-not-documented",
            "too-few-positive",
            "undetermined",
            "unquantified",
            "unread",
        }
    )
}
"""Every row of the table: what a policy may give a severity to."""


@dataclass(frozen=True, slots=True)
class Params:
    min_positive_blocks: int
    min_relief_percent: float
    block_lookback_days: int


def evaluate(case: Case, params: Params) -> Check:
    blocks = earlier_blocks(
        case, params.block_lookback_days, params.min_relief_percent, may_have_been_a_block
    )
    return decide(
        "FAC-1",
        _rows(case, params, blocks),
        facts={
            "min_positive_blocks": params.min_positive_blocks,
            "block_lookback_days": params.block_lookback_days,
            **blocks.facts,
        },
        unread=blocks.unread,
    )


def _rows(case: Case, params: Params, blocks: Blocks) -> Iterator[Row]:
    purpose, number, items = case.order.purpose, params.min_positive_blocks, blocks.items
    yield Row("diagnostic-block", Truth.of(purpose is Purpose.DIAGNOSTIC), Outcome.WAIVED)
    is_therapy = purpose is Purpose.THERAPEUTIC
    enough = blocks.have_helped(number)
    yield Row("positive-blocks", enough, Outcome.MET, speaks=is_therapy, decided_by=items)
    yield Row("unread", Truth.of(bool(blocks.unread)), Outcome.UNKNOWN, Reason.NO_ACCESS)
    is_open = Truth.of(not is_therapy)
    yield Row("purpose-not-stated", is_open, Outcome.UNKNOWN, Reason.AMBIGUOUS, decided_by=items)
    unquantified = Truth.of(enough is Truth.UNKNOWN and bool(blocks.unquantified))
    yield Row("unquantified", unquantified, Outcome.UNKNOWN, Reason.AMBIGUOUS, decided_by=items)
    yield from blocks_that_fell_short(blocks, number, items)
    yield Row("no-block", Truth.TRUE, Outcome.NOT_MET)
