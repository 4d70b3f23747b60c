"""Criteria files: what is refused, naming file and key."""

from __future__ import annotations

from pathlib import Path

import pytest

from plugin.criteria import load_criteria
from plugin.domain.content import ContentError


@pytest.mark.parametrize(
    ("file", "old", "new", "named"),
    [
        ("CC-1.toml", "question = ", "questions = ", ["questions", "no such key", "question"]),
        ("CC-1.toml", 'owner = "to be named by the site"', 'owner = ""', ["owner"]),
        ("CC-1.toml", "next_review = 2027-05-20", 'next_review = "soon"', ["next_review"]),
        ("CC-1.toml", '"procedures"', '"procedure"', ["inputs", "'procedure'", "procedures"]),
        ("CC-1.toml", '"caudal"', '"coccygeal"', ["families", "caudal"]),
        ("CC-1.toml", "not-met = ", "notmet = ", ["answers", "not-met"]),
        ("CC-1.toml", "health-status = ", "health = ", ["attributes", "health-status"]),
        ("CC-1.toml", "health-status = ", 'race = ""\nhealth-status = ', ["attributes", "race"]),
        ("CC-1.toml", "[[changes]]\ndate", "[[changes]]\nday", ["changes.1.day", "there is date, what"]),
        (
            "CC-1.toml",
            "[[changes]]",
            '[[changes]]\ndate = 2026-12-01\nwhat = "Later."\n\n[[changes]]',
            ["changes", "newest stands last"],
        ),
        (
            "CC-1.toml",
            "next_review = 2027-05-20",
            "last_review = 2027-06-01\nnext_review = 2027-05-20",
            ["next_review", "after last_review"],
        ),
        ("CON-2.toml", 'chronicity = ["chronic"]', 'chronicity = ["old"]', ["cases.chronicity", "chronic"]),
        ("CON-2.toml", 'chronicity = ["chronic"]', 'time = ["chronic"]', ["cases.time", "patterns"]),
        ("shared/attributes.toml", "[race]", "[rase]", ["rase", "race"]),
        ("shared/attributes.toml", '[race]\ntitle = "Use of race"\nvalue = "Not used."\n', "", ["race"]),
        ("shared/about.toml", '"CC-1", ', "", ["groups", "CC-1"]),
        ("shared/about.toml", '"CC-1", ', '"CC-1", "CC-1", ', ["groups", "CC-1", "more than one"]),
        ("shared/about.toml", '"CC-1", ', '"CC-1", "CC-2", ', ["groups", "CC-2"]),
        ("shared/about.toml", "purpose = ", "purpos = ", ["purpos", "purpose"]),
        ("shared/inputs.toml", "limits = ", "limit = ", ["limit"]),
    ],
)
def test_a_fault_is_refused_naming_file_and_key(
    folder: Path, file: str, old: str, new: str, named: list[str]
) -> None:
    path = folder / file
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), encoding="utf-8")

    with pytest.raises(ContentError) as refused:
        load_criteria(folder)

    assert [word for word in [path.name, *named] if word not in str(refused.value)] == []


def test_a_file_that_is_not_named_after_a_criterion_is_refused(folder: Path) -> None:
    (folder / "CC-1.toml").rename(folder / "conservative-care.toml")

    with pytest.raises(ContentError, match=r"conservative-care\.toml.*IND-1\.toml"):
        load_criteria(folder)


def test_the_criteria_come_in_the_order_of_their_groups() -> None:
    content = load_criteria()

    assert list(content.criteria) == [name for group in content.about.groups for name in group.criteria]
