"""Where a policy says that documents disagree."""

from __future__ import annotations

from pathlib import Path

import pytest

from plugin.domain.case import Case
from plugin.domain.check import Kind
from plugin.guidelines import Library, load_guidelines
from plugin.policies.judge import Judge
from plugin.policies.load import load_policy
from plugin.policies.model import Conflict
from tests.builders import case, order, section

GUIDELINES = load_guidelines()
HEAD = 'extends = "default"\nid = "site"\nversion = "1"\n'


def judge(tmp_path: Path, text: str, documents: tuple[str, ...] = ()) -> Judge:
    path = tmp_path / "site.toml"
    path.write_text(HEAD + text, encoding="utf-8")
    policy = load_policy(str(path), frozenset(g.id for g in GUIDELINES))
    listed = documents or policy.file.guidelines
    return Judge(policy, Library(g for g in GUIDELINES if g.id in listed))


def noted(judge: Judge, asked: Case) -> list[str]:
    return [f.check.criterion for f in judge.judge(asked, "order-sign").findings if f.kind is Kind.NOTE]


def radicular() -> Case:
    """Long-standing radicular pain, and no MRI on record."""
    return case(studies=section())


def test_a_conflict_is_said_of_its_families_only(tmp_path: Path) -> None:
    epidural = '[[conflicts]]\ncriterion = "CON-2"\nfamilies = ["interlaminar"]\npattern = "radicular"'
    other = epidural.replace("interlaminar", "facet-rfa")

    assert noted(judge(tmp_path, epidural), radicular()) == ["CON-2"]
    assert noted(judge(tmp_path, other), radicular()) == []


def test_a_conflict_needs_someone_for_and_someone_against_unless_it_says_otherwise(tmp_path: Path) -> None:
    text = '[[conflicts]]\ncriterion = "CON-2"\npattern = "radicular"'
    one_side = ("bmj-2025",)

    assert noted(judge(tmp_path, text, one_side), radicular()) == []
    assert noted(judge(tmp_path, text + '\nneeds = "position"', one_side), radicular()) == ["CON-2"]


def test_a_conflict_that_needs_a_position_is_not_said_where_all_documents_are_silent(tmp_path: Path) -> None:
    text = '[[conflicts]]\ncriterion = "CON-2"\npattern = "radicular"\n'
    silent = ("asipp-2020-facet",)

    assert noted(judge(tmp_path, text + 'needs = "position"', silent), radicular()) == []
    assert noted(judge(tmp_path, text + 'needs = "nothing"', silent), radicular()) == ["CON-2"]


def test_a_conflict_beside_a_criterion_is_said_where_that_has_a_gap(tmp_path: Path) -> None:
    text = (
        '[[conflicts]]\ncriterion = "CON-10"\npattern = "any"\nbeside = ["IMG-1", "CC-1"]\nneeds = "nothing"'
    )
    unexplained = case(order(), problems=(), studies=section())

    assert noted(judge(tmp_path, text), radicular()) == ["CON-10"]
    assert noted(judge(tmp_path, text.replace('"IMG-1", "CC-1"', '"IND-1"')), radicular()) == []
    assert noted(judge(tmp_path, text), unexplained) == ["CON-10"]


@pytest.mark.parametrize(
    ("pattern", "chronicity", "meant"),
    [
        ("radicular", "chronic", True),
        ("radicular", "acute", False),
        ("radicular", "unknown", False),
        ("axial", "chronic", False),
        (None, "chronic", False),
    ],
)
def test_a_conflict_is_about_its_pattern_and_chronicity(
    pattern: str | None, chronicity: str, meant: bool
) -> None:
    conflict = Conflict(criterion="CON-2", pattern="radicular", chronicity="chronic")

    assert conflict.is_about("caudal", pattern, chronicity, ()) is meant
