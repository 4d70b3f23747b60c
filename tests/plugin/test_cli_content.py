"""`spinal-cds content`: what reviewers read, and what is kept of it in `docs`."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest
from click.testing import CliRunner

from plugin.cli import main
from plugin.cli.content import content_digest
from plugin.criteria import load_criteria
from plugin.guidelines import load_guidelines
from plugin.policies.load import load_policy, shipped_policies
from plugin.terminology import load_terminology
from tests.scenarios.scenario import ROOT

LISTING = ROOT / "docs" / "clinical-content.md"
LOG = ROOT / "docs" / "CHANGELOG-knowledge.md"
SIX_WEEKS = ROOT / "fixtures" / "policies" / "six-weeks-of-care.toml"


def printed(*arguments: str) -> str:
    result = CliRunner().invoke(main, ["content", *arguments])
    assert result.exit_code == 0, result.output
    return result.output


def row(listing: str, start: str) -> list[str]:
    [line] = [line for line in listing.splitlines() if line.startswith(f"| {start} |")]
    return [cell.strip() for cell in line.strip("|").split("|")]


def test_the_listing_in_docs_is_the_content_as_it_is() -> None:
    assert LISTING.read_text(encoding="utf-8") == printed("--markdown"), "run: make content"


def test_the_last_change_of_the_content_is_in_the_log() -> None:
    lines = LOG.read_text(encoding="utf-8").splitlines()
    entries = [found for line in lines if (found := re.fullmatch(r"- (\d{4}-\d\d-\d\d) `(\w+)` (.+)", line))]

    days = [entry[1] for entry in entries]
    assert days == sorted(days)
    assert entries[-1][2] == content_digest(), "run: make content CHANGE='what changed, why, who signed'"


def test_the_line_for_the_log_is_printed_ready_to_append() -> None:
    line = printed("--change", "A threshold.").rstrip("\n")

    assert re.fullmatch(rf"- \d{{4}}-\d\d-\d\d `{content_digest()}` A threshold\.", line)


def test_every_criterion_is_listed_with_its_question_and_its_thresholds() -> None:
    listing = printed("--markdown", "--policy", "default")

    for name, criterion in load_criteria().criteria.items():
        assert f"#### {name}: {criterion.title}\n\n{criterion.question}\n" in listing
    file = load_policy("default", frozenset(g.id for g in load_guidelines())).file
    for name, params in file.params.items():
        for key, value in params.items():
            shown = {True: "yes", False: "no"}[value] if isinstance(value, bool) else str(value)
            line = next(line for line in listing.splitlines() if f"| `params.{name}.{key}` |" in line)
            assert line.endswith(f"| {shown} ({file.sources[f'{name}.{key}']}) |")


def test_policies_stand_side_by_side() -> None:
    listing = printed("--markdown", "--policy", "default", "--policy", str(SIX_WEEKS))

    cells = row(listing, "Days of care asked for")
    assert [cell.split(" ")[0] for cell in cells[-2:]] == ["28", "42"]


def test_every_shipped_policy_is_listed_unless_some_are_named() -> None:
    listing = printed("--markdown")

    for name in shipped_policies():
        assert f"\n| {name}@" in listing


def test_conflicts_are_marked_in_the_matrix_of_positions() -> None:
    listing = printed("--markdown", "--policy", "default")

    axial = row(listing, "pain in the back or neck only, 3 months or more: interlaminar epidural")
    assert axial[1] == "⚠ disagree"
    assert "ASPN 2022" in axial[2]
    assert "BMJ 2025" in axial[4]


def test_value_sets_are_counted_by_what_was_verified() -> None:
    listing = printed("--markdown", "--policy", "default")
    terminology = load_terminology()

    for name in terminology.set_ids:
        codes = terminology.members(name)
        verified = sum(code.properties.get("verified") is True for code in codes)
        assert row(listing, name) == [name, str(verified), str(len(codes) - verified)]


def test_on_a_terminal_no_line_is_wider_than_a_hundred_characters() -> None:
    text = printed("--policy", "default")

    assert "IND-1: Pain pattern\n-------------------" in text
    assert [line for line in text.splitlines() if len(line) > 100] == []


def test_a_policy_that_does_not_exist_is_one_line() -> None:
    result = CliRunner().invoke(main, ["content", "--policy", "wishful"])

    assert result.exit_code == 1
    assert re.fullmatch(r"Error: no policy 'wishful'; there is default.*\n", result.output)


@pytest.mark.parametrize(
    "file",
    [
        "guidelines/bmj-2025.toml",
        "policies/default.toml",
        "criteria/IND-1.toml",
        "criteria/shared/about.toml",
        "terminology/value_sets/dx-radicular.json",
        "terminology/concept_maps/rxnorm-product-to-ingredient.json",
        "cards/en.toml",
    ],
)
def test_a_change_of_any_content_changes_the_digest(file: str, tmp_path: Path) -> None:
    package = shutil.copytree(
        ROOT / "plugin", tmp_path / "plugin", ignore=shutil.ignore_patterns("*.py", "*.pyc")
    )
    assert content_digest(package) == content_digest()

    with (package / file).open("a", encoding="utf-8") as content:
        content.write("\n")

    assert content_digest(package) != content_digest()
