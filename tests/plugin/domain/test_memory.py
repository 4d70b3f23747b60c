"""What is kept between calls is bounded, and changes no answer."""

from __future__ import annotations

import pytest

from plugin.domain.memory import MOST, Memory


def doubling(asked: list[int]) -> Memory[int, int]:
    def twice(number: int) -> int:
        asked.append(number)
        return 2 * number

    return Memory(twice, is_kept=lambda number: number >= 0)


def test_a_question_is_answered_once() -> None:
    asked: list[int] = []
    memory = doubling(asked)

    assert [memory[3], memory[3], memory[4]] == [6, 6, 8]
    assert asked == [3, 4]


def test_a_question_that_is_not_kept_is_answered_anew() -> None:
    asked: list[int] = []
    memory = doubling(asked)

    assert [memory[-1], memory[-1]] == [-2, -2]
    assert (asked, len(memory)) == ([-1, -1], 0)


def test_a_full_memory_starts_afresh() -> None:
    memory = doubling([])
    sizes = set()
    for number in range(2 * MOST + 1):
        assert memory[number] == 2 * number
        sizes.add(len(memory))

    assert max(sizes) == MOST


def test_an_error_is_not_kept() -> None:
    def refuse(number: int) -> int:
        raise ValueError(number)

    memory = Memory(refuse, is_kept=lambda number: True)
    with pytest.raises(ValueError, match="1"):
        memory[1]

    assert len(memory) == 0
