"""Check digits: a mistyped SNOMED CT or LOINC code is caught when the content is read."""

from __future__ import annotations

_DIHEDRAL = (
    (0, 1, 2, 3, 4, 5, 6, 7, 8, 9),
    (1, 2, 3, 4, 0, 6, 7, 8, 9, 5),
    (2, 3, 4, 0, 1, 7, 8, 9, 5, 6),
    (3, 4, 0, 1, 2, 8, 9, 5, 6, 7),
    (4, 0, 1, 2, 3, 9, 5, 6, 7, 8),
    (5, 9, 8, 7, 6, 0, 4, 3, 2, 1),
    (6, 5, 9, 8, 7, 1, 0, 4, 3, 2),
    (7, 6, 5, 9, 8, 2, 1, 0, 4, 3),
    (8, 7, 6, 5, 9, 3, 2, 1, 0, 4),
    (9, 8, 7, 6, 5, 4, 3, 2, 1, 0),
)
_SHIFT = (1, 5, 7, 6, 2, 8, 3, 0, 9, 4)


def _permutations() -> tuple[tuple[int, ...], ...]:
    rows = [tuple(range(10))]
    for _ in range(7):
        rows.append(tuple(_SHIFT[digit] for digit in rows[-1]))
    return tuple(rows)


_PERMUTED = _permutations()


def is_verhoeff_valid(digits: str) -> bool:
    """Does the last digit fit the others, as in a SNOMED CT identifier? Expects digits only."""
    state = 0
    for place, digit in enumerate(reversed(digits)):
        state = _DIHEDRAL[state][_PERMUTED[place % 8][int(digit)]]
    return state == 0


def is_luhn_valid(code: str) -> bool:
    """Does the digit after the dash fit those before it, as in a LOINC code? Expects `digits-digit`."""
    total = 0
    for place, digit in enumerate(reversed(code.replace("-", ""))):
        doubled = int(digit) * (1 + place % 2)
        total += doubled - 9 if doubled > 9 else doubled
    return total % 10 == 0
