"""Diagnostic blocks before an order: whether the last one fell short, and a word on each result."""

from __future__ import annotations

import pytest

from plugin.domain.blocks import Blocks, blocks_that_fell_short, earlier_blocks, was_a_block
from plugin.domain.injections import Injection, Relief
from plugin.domain.truth import Truth
from tests.plugin.rules.facets import FAILED, NO_RESULT, UNCLEAR, WORKED, block, facet


def before(*history: Injection) -> Blocks:
    """Of the last two years, weighed against 80 percent."""
    return earlier_blocks(facet("64493", *history), 730, 80, was_a_block)


@pytest.mark.parametrize(
    ("history", "expected"),
    [
        ((), Truth.FALSE),
        ((block("2026-09-30", 85),), Truth.FALSE),
        ((block("2026-09-30", 40),), Truth.TRUE),
        ((block("2026-09-30", None),), Truth.UNKNOWN),
        ((block("2026-09-30", 40), block("2026-10-30", 85)), Truth.FALSE),
        ((block("2026-09-30", 85), block(None, 40)), Truth.UNKNOWN),
        ((block("2026-09-30", 85), block(None, 85)), Truth.FALSE),
        ((block("2026-09-29", 85), block("2026-09", 40)), Truth.UNKNOWN),
        ((block("2026-09-30", 85), block("2026-09", 40)), Truth.FALSE),
        ((block("2026-09", 40),), Truth.UNKNOWN),
    ],
)
def test_only_the_last_block_or_what_may_be_later_falls_short(
    history: tuple[Injection, ...], expected: Truth
) -> None:
    assert before(*history).last_fell_short() is expected


@pytest.mark.parametrize(
    ("relief", "remark"),
    [
        (Relief(80), "relief-enough"),
        (Relief(79), "relief-too-low"),
        (FAILED, "relief-too-low"),
        (WORKED, "success-without-number"),
        (UNCLEAR, "results-disagree"),
        (NO_RESULT, "no-result"),
    ],
)
@pytest.mark.parametrize("when", ["2026-09-30", None])
def test_every_block_is_shown_with_a_word_on_its_result(
    when: str | None, relief: Relief, remark: str
) -> None:
    assert [item.remark for item in before(block(when, relief=relief)).items] == [remark]


@pytest.mark.parametrize(
    ("reliefs", "row"),
    [
        ((None,), "results-not-documented"),
        ((None, None), "results-not-documented"),
        ((85,), "too-few-positive"),
        ((85, 40), "too-few-positive"),
        ((85, None), "results-not-documented"),
        ((40, None), "results-not-documented"),
        ((40,), "relief-too-low"),
        ((40, 40), "relief-too-low"),
        ((), None),
    ],
)
def test_of_two_blocks_asked_for_a_result_that_is_not_charted_may_be_the_missing_one(
    reliefs: tuple[int | None, ...], row: str | None
) -> None:
    blocks = before(*(block(f"2026-0{8 + n}-15", relief) for n, relief in enumerate(reliefs)))

    rows = blocks_that_fell_short(blocks, 2, blocks.items)

    assert next((r.name for r in rows if r.when is Truth.TRUE), None) == row
