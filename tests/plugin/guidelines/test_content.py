"""What the shipped guideline files hold."""

from __future__ import annotations

import re
from datetime import date
from itertools import product
from typing import Literal

import pytest

from plugin.domain.families import Family
from plugin.guidelines import Case, Guideline, agreement
from plugin.guidelines.model import CHRONICITIES, FAMILIES, PATTERNS, REGIONS

SOURCE_KEYS = {
    "bmj-2025": {"BMJ-abs"},
    "nice-ng59": {"NICE"},
    "acoem-2021": {"ACOEM", "ACOEM-letter", "S1"},
    "aspn-2022": {"ASPN"},
    "asipp-2021": {"ASIPP21", "GK"},
    "aan-2025": {"AAN"},
    "medicare-esi-lcd": {"LCD-ESI"},
}
ACROSS_THE_SPINE = frozenset(REGIONS)
LOW_BACK = frozenset({"lumbar", "sacral"})
Chronicity = Literal["acute", "chronic", "unknown"]


def direction(guidelines: tuple[Guideline, ...], name: str, case: Case) -> str:
    found = agreement([g for g in guidelines if g.id == name], case)
    stances = (*found.for_, *found.against, *found.conditional, *found.silent)
    assert len(stances) == 1
    return stances[0].direction


def says(guidelines: tuple[Guideline, ...]) -> list[tuple[str, str]]:
    positions = [(g.id, p.says) for g in guidelines for p in g.positions]
    return positions + [(g.id, c.says) for g in guidelines for c in g.criteria]


def test_the_seven_publications_are_there_oldest_first(guidelines: tuple[Guideline, ...]) -> None:
    assert [g.id for g in guidelines] == [
        "nice-ng59",
        "acoem-2021",
        "asipp-2021",
        "aspn-2022",
        "bmj-2025",
        "aan-2025",
        "medicare-esi-lcd",
    ]
    assert set(SOURCE_KEYS) == {g.id for g in guidelines}


def test_the_families_are_those_that_are_reviewed() -> None:
    assert set(FAMILIES) <= {family.value for family in Family}


def test_every_publication_takes_exactly_one_position_on_every_cell(
    guidelines: tuple[Guideline, ...],
) -> None:
    for guideline in guidelines:
        for cell in product(FAMILIES, PATTERNS, CHRONICITIES, REGIONS):
            speaking = [p for p in guideline.positions if cell in set(p.cells)]

            assert len(speaking) == 1, (guideline.id, cell)
            assert guideline.position_on(*cell) is speaking[0]


def test_every_case_finds_every_publication_exactly_once(guidelines: tuple[Guideline, ...]) -> None:
    times: tuple[Chronicity, ...] = ("acute", "chronic", "unknown")
    for family, pattern, time, region in product(FAMILIES, PATTERNS, times, REGIONS):
        found = agreement(guidelines, Case(family, pattern, time, frozenset({region})))

        listed = [s.guideline.id for s in (*found.for_, *found.against, *found.conditional, *found.silent)]
        assert sorted(listed) == sorted(g.id for g in guidelines)


def test_every_claim_names_a_source_that_belongs_to_its_publication(
    guidelines: tuple[Guideline, ...],
) -> None:
    for guideline in guidelines:
        keys = {p.source_key for p in guideline.positions} | {c.source_key for c in guideline.criteria}

        assert keys == SOURCE_KEYS[guideline.id]


def test_a_claim_read_in_a_summary_is_not_marked_as_verified(guidelines: tuple[Guideline, ...]) -> None:
    for guideline in guidelines:
        marks = {p.mark for p in guideline.positions} | {c.mark for c in guideline.criteria}
        assert (guideline.reading == "verified") is ("verified" in marks), guideline.id

    marks_of_key = {(p.source_key, p.mark) for g in guidelines for p in g.positions}
    assert {mark for key, mark in marks_of_key if key == "GK"} == {"general-knowledge"}
    assert {mark for key, mark in marks_of_key if key == "S1"} == {"source-summary"}


def test_what_a_publication_says_is_one_short_statement(guidelines: tuple[Guideline, ...]) -> None:
    for name, sentence in says(guidelines):
        assert len(sentence) < 160, name
        assert sentence.endswith("."), name
        assert "\n" not in sentence, name


def test_no_sentence_gives_an_order_or_foretells_a_payment(guidelines: tuple[Guideline, ...]) -> None:
    order = re.compile(
        r"^(coverage: )?(do not|do|use|offer|consider|avoid|inject|give|perform|ensure)\b", re.I
    )
    forecast = re.compile(
        r"\b(denied|deny|denies|granted|approved|guaranteed|will|must|should|covered)\b", re.I
    )

    for name, sentence in says(guidelines):
        assert not order.search(sentence), (name, sentence)
        assert not forecast.search(sentence), (name, sentence)


def test_every_payer_sentence_is_labelled_coverage_and_no_clinical_one_is(
    guidelines: tuple[Guideline, ...],
) -> None:
    kinds = {g.id: g.kind for g in guidelines}
    assert [name for name, kind in kinds.items() if kind == "coverage"] == ["medicare-esi-lcd"]

    for name, sentence in says(guidelines):
        assert sentence.startswith("Coverage:") is (kinds[name] == "coverage"), (name, sentence)


def test_the_objection_of_other_societies_to_bmj_2025_is_told(guidelines: tuple[Guideline, ...]) -> None:
    bmj = next(g for g in guidelines if g.id == "bmj-2025")

    assert bmj.published == date(2025, 2, 19)
    assert bmj.conflict is not None
    assert "34" in bmj.conflict


def test_the_coverage_determination_asks_for_28_days_of_care_and_for_imaging_of_any_age(
    guidelines: tuple[Guideline, ...],
) -> None:
    lcd = next(g for g in guidelines if g.id == "medicare-esi-lcd")

    params = {c.criterion: c.params.model_dump(exclude_none=True) for c in lcd.criteria}

    assert params == {"CC-1": {"min_days": 28}, "IMG-1": {"accepts_ct": True}}


@pytest.mark.parametrize(
    ("name", "pattern", "time", "family", "region", "expected"),
    [
        ("bmj-2025", "axial", "chronic", "interlaminar", "thoracic", "against"),
        ("bmj-2025", "radicular", "chronic", "transforaminal", "cervical", "against"),
        ("bmj-2025", "post-laminectomy", "chronic", "caudal", "lumbar", "against"),
        ("bmj-2025", "claudication", "chronic", "interlaminar", "lumbar", "silent"),
        ("bmj-2025", "axial", "acute", "interlaminar", "lumbar", "silent"),
        ("bmj-2025", "radicular", "acute", "interlaminar", "lumbar", "silent"),
        ("nice-ng59", "axial", "acute", "interlaminar", "lumbar", "against"),
        ("nice-ng59", "axial", "chronic", "caudal", "sacral", "against"),
        ("nice-ng59", "radicular", "acute", "transforaminal", "lumbar", "conditional"),
        ("nice-ng59", "radicular", "chronic", "transforaminal", "lumbar", "silent"),
        ("nice-ng59", "claudication", "acute", "interlaminar", "lumbar", "against"),
        ("nice-ng59", "radicular", "acute", "interlaminar", "cervical", "silent"),
        ("nice-ng59", "axial", "chronic", "interlaminar", "thoracic", "silent"),
        ("acoem-2021", "axial", "chronic", "interlaminar", "lumbar", "against"),
        ("acoem-2021", "axial", "acute", "interlaminar", "lumbar", "silent"),
        ("acoem-2021", "radicular", "chronic", "interlaminar", "lumbar", "conditional"),
        ("acoem-2021", "axial", "chronic", "interlaminar", "cervical", "silent"),
        ("aspn-2022", "axial", "chronic", "interlaminar", "lumbar", "for"),
        ("aspn-2022", "claudication", "chronic", "transforaminal", "lumbar", "for"),
        ("aspn-2022", "post-laminectomy", "acute", "interlaminar", "lumbar", "for"),
        ("aspn-2022", "radicular", "chronic", "caudal", "lumbar", "conditional"),
        ("aspn-2022", "radicular", "chronic", "interlaminar", "cervical", "silent"),
        ("asipp-2021", "radicular", "chronic", "interlaminar", "cervical", "for"),
        ("asipp-2021", "radicular", "chronic", "interlaminar", "thoracic", "for"),
        ("asipp-2021", "radicular", "chronic", "transforaminal", "cervical", "silent"),
        ("asipp-2021", "radicular", "acute", "interlaminar", "lumbar", "silent"),
        ("asipp-2021", "axial", "chronic", "caudal", "lumbar", "for"),
        ("asipp-2021", "axial", "chronic", "transforaminal", "lumbar", "silent"),
        ("aan-2025", "radicular", "acute", "interlaminar", "cervical", "for"),
        ("aan-2025", "radicular", "chronic", "interlaminar", "thoracic", "silent"),
        ("aan-2025", "claudication", "chronic", "interlaminar", "lumbar", "conditional"),
        ("aan-2025", "claudication", "chronic", "interlaminar", "cervical", "silent"),
        ("aan-2025", "axial", "chronic", "interlaminar", "lumbar", "silent"),
        ("medicare-esi-lcd", "axial", "acute", "interlaminar", "cervical", "against"),
        ("medicare-esi-lcd", "radicular", "acute", "transforaminal", "thoracic", "for"),
        ("medicare-esi-lcd", "claudication", "chronic", "caudal", "lumbar", "for"),
        ("medicare-esi-lcd", "post-laminectomy", "chronic", "caudal", "lumbar", "for"),
        ("medicare-esi-lcd", "acute-zoster", "acute", "interlaminar", "thoracic", "for"),
        ("medicare-esi-lcd", "post-herpetic", "chronic", "interlaminar", "thoracic", "silent"),
    ],
)
def test_a_publication_stands_where_its_text_stands(
    guidelines: tuple[Guideline, ...],
    name: str,
    pattern: str,
    time: Chronicity,
    family: str,
    region: str,
    expected: str,
) -> None:
    assert direction(guidelines, name, Case(family, pattern, time, frozenset({region}))) == expected


@pytest.mark.parametrize("name", ["nice-ng59", "acoem-2021", "aspn-2022"])
def test_a_low_back_document_says_nothing_of_neck_and_thorax(
    guidelines: tuple[Guideline, ...], name: str
) -> None:
    for pattern, region in product(PATTERNS, ACROSS_THE_SPINE - LOW_BACK):
        case = Case("interlaminar", pattern, "chronic", frozenset({region}))
        assert direction(guidelines, name, case) == "silent"
