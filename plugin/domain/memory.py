"""Answers that depend on nothing but their question, kept until it is asked again."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from typing import TypeVar

MOST = 8192

Question = TypeVar("Question", bound=Hashable)
Answer = TypeVar("Answer")


class Memory(dict[Question, Answer]):
    """`memory[question]` finds the answer when it is first asked for. When full, it starts afresh.

    For what content alone decides (codes, dates, short texts), never for what is somebody's.
    """

    __slots__ = ("_find", "_is_kept")

    def __init__(self, find: Callable[[Question], Answer], is_kept: Callable[[Question], bool]) -> None:
        """`is_kept`: is the question short enough to be kept? Any other is answered anew each time."""
        super().__init__()
        self._find = find
        self._is_kept = is_kept

    def __missing__(self, question: Question) -> Answer:
        answer = self._find(question)
        if self._is_kept(question):
            if len(self) >= MOST:
                self.clear()
            self[question] = answer
        return answer
