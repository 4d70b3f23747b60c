"""Three-valued truth after Kleene: what is not known is never taken for no."""

from __future__ import annotations

from collections.abc import Iterable
from enum import Enum
from typing import Final


class Truth(Enum):
    """TRUE, FALSE or UNKNOWN. Has no boolean value: `if answer:` raises TypeError."""

    TRUE = "true"
    FALSE = "false"
    UNKNOWN = "unknown"

    def __bool__(self) -> bool:
        raise TypeError("a Truth has no boolean value; compare it with Truth.TRUE, FALSE or UNKNOWN")

    def __invert__(self) -> Truth:
        if self is UNKNOWN:
            return UNKNOWN
        return FALSE if self is TRUE else TRUE

    def __and__(self, other: Truth) -> Truth:
        if self is FALSE or other is FALSE:
            return FALSE
        return self if other is TRUE else UNKNOWN

    def __or__(self, other: Truth) -> Truth:
        if self is TRUE or other is TRUE:
            return TRUE
        return self if other is FALSE else UNKNOWN

    @staticmethod
    def of(value: bool) -> Truth:
        return TRUE if value else FALSE


# Looking a member up by name takes longer than comparing two: decision tables name them hundreds of times.
TRUE: Final = Truth.TRUE
FALSE: Final = Truth.FALSE
UNKNOWN: Final = Truth.UNKNOWN


def any_of(truths: Iterable[Truth]) -> Truth:
    """TRUE when one is true, FALSE when all are false (so also when there are none)."""
    result: Truth = FALSE
    for truth in truths:
        if truth is TRUE:
            return truth
        if truth is UNKNOWN:
            result = truth
    return result
