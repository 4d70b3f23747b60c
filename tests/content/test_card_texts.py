"""The words of the cards: complete, short enough, and without reproach or order."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from cds_hooks import Unread
from plugin.cards.catalogue import load_catalogue
from plugin.domain.content import ContentError
from tests.scenarios.scenario import ROOT, load_scenarios

ENGLISH = ROOT / "plugin" / "cards" / "en.toml"
REPROACHES = re.compile(
    r"has not had|was not done|never had|did not have|failed to|you must|must not|is denied|will be paid"
    r"|not covered|is covered|patient refuses|non-?compliant",
    re.IGNORECASE,
)


def texts(node: Any, path: str = "") -> Iterator[tuple[str, str]]:
    if isinstance(node, str):
        yield path, node
    elif isinstance(node, dict):
        for key, value in node.items():
            yield from texts(value, f"{path}.{key}")


def english() -> dict[str, Any]:
    return tomllib.loads(ENGLISH.read_text(encoding="utf-8"))


def test_no_text_reproaches_orders_or_promises_payment() -> None:
    assert [path for path, text in texts(english()) if REPROACHES.search(text)] == []


def test_no_text_holds_html() -> None:
    assert [path for path, text in texts(english()) if re.search(r"<[A-Za-z!/?]", text)] == []


def test_every_reason_why_something_is_unread_has_words() -> None:
    words = english()["unread"]

    assert {unread.value for unread in Unread} - words.keys() == set()


def test_every_part_of_the_record_has_a_name() -> None:
    keys = {key for scenario in load_scenarios() for key in scenario.request()["prefetch"]}

    assert keys - english()["sources"].keys() == set()


@pytest.mark.parametrize(
    ("old", "new", "named"),
    [
        ('summary = "region of the MRI read from text"', 'summary = "{nothing}"', "confirmed-by-text"),
        ('summary = "region of the MRI read from text"', f'summary = "{"x" * 140}"', "140 characters"),
        ('summary = "region of the MRI read from text"', 'sumary = "x"', "confirmed-by-text"),
        ("[frame]", "[frame", "test.toml"),
        ("[words]", "[word]", "words"),
    ],
)
def test_a_catalogue_at_fault_stops_the_start_and_names_the_entry(
    tmp_path: Path, old: str, new: str, named: str
) -> None:
    path = tmp_path / "test.toml"
    text = ENGLISH.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), encoding="utf-8")

    with pytest.raises(ContentError, match=named):
        load_catalogue(path)
