"""FAC-2: is a further diagnostic facet block called for, after the ones on record?"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from plugin.domain.blocks import Blocks, earlier_blocks, was_a_block
from plugin.domain.case import Case
from plugin.domain.check import Check, Outcome, Reason, Row, decide
from plugin.domain.families import Family, Purpose
from plugin.domain.injections import Sessions
from plugin.domain.truth import FALSE, TRUE, UNKNOWN

FAMILIES = frozenset({Family.FACET_INJECTION})
CRITERIA = ("FAC-2",)
ROWS = {
    "FAC-2": frozenset(
        {
            "blocks-spaced",
            "date-not-planned",
            "first-block",
            "further-block",
            "last-fell-short",
            "last-unquantified",
            "last-without-result",
            "not-diagnostic",
            "too-many-sessions",
            "too-soon",
            "undetermined",
            "unread",
        }
    )
}
"""Every row of the table: what a policy may give a severity to."""
TURNS_ON = {
    "too-many-sessions": frozenset({"max_diagnostic"}),
    "further-block": frozenset({"max_blocks"}),
    "last-fell-short": frozenset({"min_relief_percent"}),
    "too-soon": frozenset({"block_gap_days"}),
}
"""The parameters by which a row may come out otherwise."""


@dataclass(frozen=True, slots=True)
class Params:
    min_relief_percent: float
    block_gap_days: int
    max_diagnostic: int
    """Diagnostic sessions in one half of the spine, on either side, within `window_days`."""
    max_blocks: int
    """Diagnostic blocks of one place."""
    window_days: int


def evaluate(case: Case, params: Params) -> Check:
    blocks = earlier_blocks(case, params.window_days, params.min_relief_percent, was_a_block)
    in_half = case.sessions(FAMILIES, params.window_days, {Purpose.DIAGNOSTIC})
    return decide(
        "FAC-2",
        _rows(case, params, blocks, in_half),
        facts={
            "block_gap_days": params.block_gap_days,
            "max_diagnostic": params.max_diagnostic,
            "max_blocks": params.max_blocks,
            "window_days": params.window_days,
            "session_number": in_half.least + 1,
            "days_between": case.days_since(blocks.history.latest),
            **blocks.facts,
        },
        unread=blocks.unread,
    )


def _rows(case: Case, params: Params, blocks: Blocks, in_half: Sessions) -> Iterator[Row]:
    items = blocks.items
    if case.order.purpose is not Purpose.DIAGNOSTIC:
        yield Row("not-diagnostic", TRUE, Outcome.WAIVED)
    if blocks.unread:
        yield Row("unread", TRUE, Outcome.UNKNOWN, Reason.NO_ACCESS)
    too_many = in_half.at_least(params.max_diagnostic)
    if too_many is not FALSE:
        yield Row("too-many-sessions", too_many, Outcome.NOT_MET, decided_by=in_half.items)
    again = blocks.history.at_least(params.max_blocks)
    if again is not FALSE:
        yield Row("further-block", again, Outcome.NOT_MET, decided_by=items)
    yield Row("last-fell-short", blocks.last_fell_short(), Outcome.NOT_MET, decided_by=items)
    too_soon = case.had_session_here(was_a_block, params.block_gap_days)
    if too_soon is not FALSE:
        yield Row("too-soon", too_soon, Outcome.NOT_MET, decided_by=items)
    if too_soon is UNKNOWN and case.order.planned is None:
        yield Row("date-not-planned", TRUE, Outcome.UNKNOWN, Reason.AMBIGUOUS, decided_by=items)
    last = blocks.history.latest
    if last in blocks.unquantified:
        yield Row("last-unquantified", TRUE, Outcome.UNKNOWN, Reason.AMBIGUOUS, decided_by=items)
    if last in blocks.without_result:
        yield Row("last-without-result", TRUE, Outcome.UNKNOWN, Reason.NO_EVIDENCE, decided_by=items)
    yield Row("first-block", ~blocks.history.at_least(1), Outcome.MET)
    yield Row("blocks-spaced", TRUE, Outcome.MET, decided_by=items)
