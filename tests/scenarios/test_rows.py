"""Every row of every decision table is some patient's story."""

from __future__ import annotations

from functools import cache

from plugin.policies.model import RULES
from tests.scenarios.reviewer import reviewed
from tests.scenarios.scenario import load_scenarios

Rows = frozenset[tuple[str, str]]
_UNREAD_FIRST = (
    "every row that may hold is settled by what was read; what was not read has a row of its own above"
)
NEVER_REACHED = {
    ("SIJ-1", "undetermined"): _UNREAD_FIRST,
    ("TPI-0", "undetermined"): _UNREAD_FIRST,
    ("TPI-1", "undetermined"): _UNREAD_FIRST,
}
"""Rows that no record leads to, each with the reason."""


@cache
def listed() -> Rows:
    """Criterion and row of every table."""
    tables = (table for rule in RULES.values() for table in rule.ROWS.items())
    return frozenset((criterion, row) for criterion, rows in tables for row in rows)


@cache
def reached() -> Rows:
    verdicts = (verdict for scenario in load_scenarios() for verdict in reviewed(scenario).verdicts)
    return frozenset((check.criterion, check.row) for verdict in verdicts for check in verdict.checks)


def test_every_row_is_reached_by_a_scenario() -> None:
    assert sorted(listed() - reached() - NEVER_REACHED.keys()) == []


def test_rows_that_are_said_not_to_be_reached_exist_and_are_not() -> None:
    assert NEVER_REACHED.keys() <= listed()
    assert sorted(NEVER_REACHED.keys() & reached()) == []
    assert all(NEVER_REACHED.values())
