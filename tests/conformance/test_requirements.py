"""No requirement without proof or reason, no proof that does not exist, no row unknown or forgotten."""

from __future__ import annotations

import ast
from functools import cache
from pathlib import Path

from tests.conformance.render import PAGE, rendered
from tests.conformance.requirements import ROOT, Requirement, load_lists, load_requirements

REQUIREMENTS = load_requirements()
LEVELS = {name: level for published in load_lists().values() for name, level in published.levels.items()}
NEVER_RUN = {"skip", "skipif", "xfail"}


@cache
def collected_from(path: Path) -> frozenset[str]:
    """The tests that pytest collects from a file and does not pass over by a mark."""
    if not (path.is_file() and path.name.startswith("test_") and path.suffix == ".py"):
        return frozenset()
    body = ast.parse(path.read_text(encoding="utf-8")).body
    return frozenset(
        node.name
        for node in body
        if isinstance(node, ast.FunctionDef) and node.name.startswith("test_") and not is_passed_over(node)
    )


def is_passed_over(test: ast.FunctionDef) -> bool:
    names = {
        node.attr
        for mark in test.decorator_list
        for node in ast.walk(mark)
        if isinstance(node, ast.Attribute)
    }
    return bool(names & NEVER_RUN)


def missing(row: Requirement) -> list[str]:
    named = [(test, *test.partition("::")[::2]) for test in row.tests]
    return [test for test, path, name in named if name not in collected_from(ROOT / path)]


def test_every_row_of_the_lists_is_here_with_its_level_and_no_other() -> None:
    assert {name: row.level for name, row in REQUIREMENTS.items()} == LEVELS


def test_a_row_is_proved_or_has_a_reason_why_not() -> None:
    for name, row in REQUIREMENTS.items():
        assert bool(row.tests) != bool(row.not_applicable), name
        assert len(set(row.tests)) == len(row.tests), name
        assert row.says.endswith("."), name


def test_every_test_that_is_named_exists() -> None:
    assert {name: missing(row) for name, row in REQUIREMENTS.items() if missing(row)} == {}


def test_a_test_that_does_not_exist_or_never_runs_is_found(tmp_path: Path) -> None:
    written = tmp_path / "test_x.py"
    written.write_text(
        "import pytest\ndef test_a(): ...\n@pytest.mark.skip\ndef test_b(): ...\ndef a(): ...\n", "utf-8"
    )
    named = [f"{written}::{name}" for name in ("test_a", "test_b", "test_c", "a")]
    row = Requirement("SHALL", "x.", (*named, f"{tmp_path}/test_y.py::test_a", f"{tmp_path}/x.py::test_a"))

    assert [test.partition("::")[2] for test in missing(row)] == ["test_b", "test_c", "a", "test_a", "test_a"]


def test_the_page_is_what_the_requirements_say() -> None:
    assert PAGE.read_text(encoding="utf-8") == rendered(), "python -m tests.conformance.render --write"
