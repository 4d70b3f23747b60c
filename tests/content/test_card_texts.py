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
from plugin.cards.suggestions import WANTS_BLOCK, WANTS_CARE, WANTS_GUIDANCE, WANTS_MRI, WANTS_NO_STEROID
from plugin.domain.content import ContentError
from plugin.evidence.gather import Record
from plugin.policies.model import RULES
from plugin.reviews import create_review
from plugin.settings import Settings, read_settings
from plugin.terminology import load_terminology
from tests.scenarios.scenario import ROOT

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
    keys = set(Record(load_terminology()).templates)

    assert english()["sources"].keys() == keys | {"reason"}


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


def test_every_row_that_a_suggestion_answers_exists() -> None:
    assert WANTS_MRI - RULES["mri_confirms_region"].ROWS["IMG-1"] == set()
    assert WANTS_CARE - RULES["conservative_care_completed"].ROWS["CC-1"] == set()
    assert WANTS_NO_STEROID - RULES["trigger_point_without_steroid"].ROWS["TPI-1"] == set()
    assert WANTS_BLOCK - RULES["facet_blocks_before_therapy"].ROWS["FAC-1"] == set()
    assert WANTS_GUIDANCE - RULES["imaging_guidance_ordered"].ROWS["GUI-1"] == set()


def test_a_conflict_without_words_stops_the_start(tmp_path: Path) -> None:
    site = tmp_path / "site.toml"
    conflict = '[[conflicts]]\ncriterion = "CON-9"\npattern = "radicular"'
    site.write_text(f'extends = "default"\nid = "site"\nversion = "1"\n{conflict}\n', encoding="utf-8")

    with pytest.raises(ContentError, match="CON-9"):
        create_review(Settings(policy=str(site)))


def test_a_cause_of_urgency_without_words_stops_the_start(tmp_path: Path) -> None:
    site = tmp_path / "site.toml"
    consequence = '[[consequences]]\nwhen = "APR-3.reviewed"\ncriteria = ["IMG-1"]\nindicator = "critical"'
    site.write_text(f'extends = "default"\nid = "site"\nversion = "1"\n{consequence}\n', encoding="utf-8")

    with pytest.raises(ContentError, match=r"APR-3\.reviewed"):
        create_review(Settings(policy=str(site)))


def test_a_policy_that_extends_another_has_an_id_of_its_own(tmp_path: Path) -> None:
    site = tmp_path / "site.toml"
    site.write_text('extends = "default"\nmax_cards = 3\n', encoding="utf-8")

    with pytest.raises(ContentError, match="id of its own"):
        create_review(Settings(policy=str(site)))


def test_a_variable_that_is_no_setting_stops_the_start(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SPINAL_CDS_TODAYS", "2026-11-20")

    with pytest.raises(ContentError, match="SPINAL_CDS_TODAYS"):
        read_settings()
