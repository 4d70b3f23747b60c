"""The share of mutants that the tests notice, and what it is counted over."""

from __future__ import annotations

import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]


def score(*statuses: str, module: str = "plugin.rules.no_biologic") -> subprocess.CompletedProcess[str]:
    listed = [
        f"    {module}.x_evaluate__mutmut_{n}: {status}\n" for n, status in enumerate(statuses, start=1)
    ]
    command = [sys.executable, "-m", "tests.mutation.score"]
    return subprocess.run(
        command, input="".join(listed), capture_output=True, text=True, check=False, cwd=ROOT
    )


def settings() -> dict[str, Any]:
    with (ROOT / "pyproject.toml").open("rb") as file:
        found: dict[str, Any] = tomllib.load(file)["tool"]["mutmut"]
    return found


def test_nine_of_ten_killed_are_enough() -> None:
    done = score(*["killed"] * 8, "timeout", "survived")

    assert done.returncode == 0, done.stderr
    assert [line.split() for line in done.stdout.splitlines()[1:]] == [
        ["plugin.rules.no_biologic", "9", "1", "90.0%"],
        ["total", "9", "1", "90.0%"],
    ]


@pytest.mark.parametrize(
    "status", ["survived", "no tests", "not checked", "suspicious", "segfault", "skipped"]
)
def test_two_of_ten_that_no_test_noticed_are_too_many(status: str) -> None:
    done = score(*["killed"] * 8, status, status)

    assert done.returncode == 1
    assert done.stdout.splitlines()[-1].split() == ["total", "8", "2", "80.0%"]


def test_without_a_mutant_nothing_is_shown() -> None:
    assert score().returncode == 1


def test_what_is_mutated_and_what_it_needs_is_where_the_settings_say() -> None:
    folders = settings()["source_paths"]

    assert sorted(folders) == ["plugin/domain", "plugin/rules"]
    assert all(list((ROOT / folder).glob("*.py")) for folder in folders)
    assert all((ROOT / path).exists() for path in settings()["also_copy"])


def test_the_tests_that_shall_notice_are_where_the_settings_say() -> None:
    for selected in settings()["pytest_add_cli_args_test_selection"]:
        path, _, name = selected.removeprefix("--ignore=").partition("::")
        assert (ROOT / path).exists(), selected
        assert not name or f"def {name}(" in (ROOT / path).read_text(encoding="utf-8"), selected
