"""FRQ-4: whether more sessions than one are ordered at once."""

from __future__ import annotations

from typing import Any

import pytest

from plugin.domain.check import Kind
from plugin.domain.order import Word
from tests.builders import ask
from tests.plugin.rules.epidurals import after

SERIES = "no_predetermined_series"


@pytest.mark.parametrize(
    ("changes", "row"),
    [
        ({}, "one-session"),
        ({"repeats": True}, "series-ordered"),
        ({"words": frozenset({Word.SERIES})}, "series-in-text"),
        ({"repeats": True, "words": frozenset({Word.SERIES})}, "series-ordered"),
        ({"words": frozenset({Word.STEROID})}, "one-session"),
    ],
)
def test_a_series_ordered_at_once_is_a_gap(changes: dict[str, Any], row: str) -> None:
    check = ask(SERIES, after(**changes))

    assert check.row == row
    assert (check.kind is Kind.GAP) == (row != "one-session")
