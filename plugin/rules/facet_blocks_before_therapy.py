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
from plugin.domain.truth import FALSE, TRUE, UNKNOWN

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
    if purpose is Purpose.DIAGNOSTIC:
        yield Row("diagnostic-block", TRUE, Outcome.WAIVED)
    is_therapy = purpose is Purpose.THERAPEUTIC
    enough = blocks.have_helped(number)
    if enough is not FALSE:
        yield Row("positive-blocks", enough, Outcome.MET, speaks=is_therapy, decided_by=items)
    if blocks.unread:
        yield Row("unread", TRUE, Outcome.UNKNOWN, Reason.NO_ACCESS)
    if not is_therapy:
        yield Row("purpose-not-stated", TRUE, Outcome.UNKNOWN, Reason.AMBIGUOUS, decided_by=items)
    if enough is UNKNOWN and blocks.unquantified:
        yield Row("unquantified", TRUE, Outcome.UNKNOWN, Reason.AMBIGUOUS, decided_by=items)
    yield from blocks_that_fell_short(blocks, number, items)
    yield Row("no-block", TRUE, Outcome.NOT_MET)
