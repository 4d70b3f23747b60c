"""Every answer that can be spoken has words, and every word is of an answer that can be given."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from plugin.cards.catalogue import filled, load_catalogue
from plugin.cards.detail import Detail
from plugin.domain.check import Check, Kind
from plugin.domain.families import Family
from plugin.domain.pain_pattern import PatternFinding
from plugin.policies.model import RULES
from tests.builders import judge, policy
from tests.plugin.rules.records import cases

CATALOGUE = load_catalogue()
ROWS = {(c, row) for c, text in CATALOGUE.text.criteria.items() for row in text.rows}
FOLDER = Path(__file__).parents[3] / "plugin" / "rules"
_OF_SHORT_BLOCKS = {"too-few-positive", "results-not-documented", "relief-too-low"}
NAMED_ELSEWHERE = {
    "ablation_follows_blocks": _OF_SHORT_BLOCKS,
    "facet_blocks_before_therapy": _OF_SHORT_BLOCKS,
    "indication_documented": {
        *("site-disagrees", "positive-without-reason", "axial-by-policy"),
        *(finding.value for finding in PatternFinding),
    },
}
"""Rows that stand in no table of the rule's own file."""
SILENT = {"positive", "positive-listed", "confirmed", "block-helped", "diagnostic"}
"""Satisfied rows that the source does not show to be silent."""


def rows_in_source(rule: str) -> Iterator[tuple[str, bool]]:
    """Row names that stand in the source of a rule, and whether the row is satisfied and never speaks."""
    for name in NAMED_ELSEWHERE.get(rule, ()):
        yield name, name in SILENT
    tree = ast.parse((FOLDER / f"{rule}.py").read_text(encoding="utf-8"))
    chosen = {
        target.id: node.value
        for node in ast.walk(tree)
        if isinstance(node, ast.Assign) and isinstance(node.value, ast.IfExp)
        for target in node.targets
        if isinstance(target, ast.Name)
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in ("Row", "row"):
            name_node = node.args[0]
            choice = chosen.get(name_node.id) if isinstance(name_node, ast.Name) else name_node
            for part in ast.walk(choice) if choice is not None else ():
                if isinstance(part, ast.Constant) and isinstance(part.value, str):
                    yield part.value, part.value in SILENT or is_silent(node)


def is_silent(row: ast.Call) -> bool:
    outcome = row.args[2] if len(row.args) > 2 else None
    satisfied = isinstance(outcome, ast.Attribute) and outcome.attr in ("MET", "WAIVED")
    return satisfied and "speaks" not in {keyword.arg for keyword in row.keywords}


def row_names(rule: str) -> set[str]:
    return {name for name, _ in rows_in_source(rule)}


@pytest.mark.parametrize("rule", sorted(RULES))
def test_every_row_of_a_rule_has_words_unless_it_is_silent(rule: str) -> None:
    worded = {row for criterion, row in ROWS if criterion in RULES[rule].CRITERIA}

    assert {name for name, silent in rows_in_source(rule) if not silent} - worded == set()


@pytest.mark.parametrize("rule", sorted(RULES))
def test_every_row_with_words_is_one_that_the_rule_can_give(rule: str) -> None:
    worded = {row for criterion, row in ROWS if criterion in RULES[rule].CRITERIA}

    assert worded - row_names(rule) - {"undetermined"} == set()


@pytest.mark.parametrize("rule", sorted(RULES))
def test_a_rule_lists_exactly_the_rows_that_it_can_give(rule: str) -> None:
    listed = RULES[rule].ROWS

    assert set(listed) == set(RULES[rule].CRITERIA)
    assert set().union(*listed.values()) - {"undetermined"} == row_names(rule) - {"undetermined"}


def test_every_criterion_with_words_is_one_that_is_asked() -> None:
    asked = {criterion for module in RULES.values() for criterion in module.CRITERIA}
    conflicts = {conflict.criterion for conflict in policy().file.conflicts}

    assert set(CATALOGUE.text.criteria) == asked | conflicts | {"SCOPE"}


def test_every_conflict_of_the_policy_has_words() -> None:
    needed = {(conflict.criterion, conflict.pattern) for conflict in policy().file.conflicts}

    assert needed - ROWS == set()


def test_every_severity_of_the_policy_is_of_a_row_with_words() -> None:
    file = policy().file
    keys = {*file.severity, *(key for table in file.severity_at.values() for key in table)}

    assert keys - {f"{criterion}.{row}" for criterion, row in ROWS} == set()


def spoken(check: Check) -> bool:
    return check.kind is not None


@given(data=st.data())
@settings(
    max_examples=300,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
def test_whatever_is_said_of_a_case_its_words_can_be_filled(data: st.DataObject) -> None:
    asked = data.draw(cases(families=Family))
    detail = Detail(CATALOGUE, judge())

    verdict = judge().judge(asked, "order-sign")

    rows = {row for module in RULES.values() for rows in module.ROWS.values() for row in rows}
    assert {c.row for c in verdict.checks if not c.criterion.startswith(("SCOPE", "CON"))} <= rows
    for check in filter(spoken, verdict.checks):
        words, facts = (
            CATALOGUE.row(check.criterion, check.row),
            detail.facts(check, detail.order_facts(asked)),
        )
        assert 0 < len(filled(words.summary, facts)) <= 139
        assert words.missing.format(**facts)
        assert words.settle.format(**facts)
        assert CATALOGUE.criterion(check.criterion).looked_for.format(**facts)
        assert CATALOGUE.criterion(check.criterion).subject.format(**facts)
        if words.settle_if_continued and "met_on" in facts:
            assert words.settle_if_continued.format(**facts)


@given(data=st.data())
@settings(
    max_examples=300,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
def test_every_card_of_a_case_can_be_written(data: st.DataObject) -> None:
    detail = Detail(CATALOGUE, judge())

    verdict = judge().judge(data.draw(cases(families=Family)), "order-sign")

    order = detail.order(verdict)
    notes = [f for f in verdict.findings if f.kind is Kind.NOTE]
    for finding in verdict.findings:
        if finding.kind is Kind.GAP:
            facts = detail.facts(finding.check, order.facts)
            assert policy().label in detail.of_gap(order, finding, facts, notes)
        elif finding.kind is Kind.UNKNOWN:
            assert policy().label in detail.of_unknowns([(order, finding)], [])
    if notes:
        assert policy().label in detail.of_notes([(order, note) for note in notes])
