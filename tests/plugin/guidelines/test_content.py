"""What the shipped guideline files hold."""

from __future__ import annotations

import re
from datetime import date
from itertools import product
from typing import Literal

import pytest

from plugin.domain.families import Family
from plugin.guidelines import Case, Guideline, agreement
from plugin.guidelines.model import CHRONICITIES, FAMILIES, PATTERNS, REGIONS, Criterion, Position

EPIDURALS = ("interlaminar", "caudal", "transforaminal")
SOURCE_KEYS = {
    "fda-esi-2014": {"FDA-ESI"},
    "mpw-2015": {"MPW"},
    "nice-ng59": {"NICE"},
    "nhs-england-ebi": {"EBI"},
    "asipp-2020-facet": {"ASIPP-FAC"},
    "fda-biologics-2020": {"FDA-BIO"},
    "lumbar-facet-consensus-2020": {"COHEN", "GK"},
    "acoem-2021": {"ACOEM", "ACOEM-letter", "S1"},
    "asipp-2021": {"ASIPP21", "GK"},
    "cervical-facet-consensus-2021": {"HURLEY", "GK"},
    "aspn-2022": {"ASPN", "S1"},
    "medicare-sij-lcd": {"LCD-SIJ"},
    "mp-303": {"MP303"},
    "uhc-epidural-2024": {"PAYFILE"},
    "corticosteroid-guideline-2024": {"ASRA-CS-1"},
    "asipp-2025-biologics": {"ASIPP-BIO"},
    "bmj-2025": {"BMJ-abs"},
    "aan-2025": {"AAN"},
    "uhc-ablative-2026": {"PAYFILE"},
    "uhc-facet-2026": {"PAYFILE"},
    "medicare-esi-lcd": {"LCD-ESI"},
    "medicare-facet-lcd": {"LCD-FAC"},
    "arizona-complete-tpi": {"TPI-PAY"},
    "bcbs-nd-rfa": {"BCBSND"},
    "bcbsma-690": {"BCBSMA"},
    "corticosteroid-facet-sij": {"ASRA-CS-2"},
    "evicore-cmm-200": {"EVI-200"},
    "evicore-cmm-201": {"EVI-201"},
    "evicore-cmm-202": {"EVI-202"},
    "evicore-cmm-203": {"EVI-203"},
    "iehp-epidural": {"IEHP"},
    "medicare-tpi-lcd": {"LCD-TPI"},
    "nia-cam-136": {"NIA"},
    "oscar-cg048": {"OSCAR"},
    "triple-s-tpi": {"TPI-PAY"},
}
"""Each publication, oldest first, and the sources that its claims may name."""
READ_IN_A_SUMMARY = {
    *("BMJ-abs", "ACOEM", "ACOEM-letter", "ASIPP-FAC", "ASIPP-BIO", "HURLEY", "ASRA-CS-2", "MPW", "IEHP"),
    *("EVI-200", "EVI-201", "EVI-202", "EVI-203", "TPI-PAY"),
}
"""Sources that tell what a publication says, without being its own words."""
ACROSS_THE_SPINE = frozenset(REGIONS)
LOW_BACK = frozenset({"lumbar", "sacral"})
Chronicity = Literal["acute", "chronic", "unknown"]


def direction(guidelines: tuple[Guideline, ...], name: str, case: Case) -> str:
    found = agreement([g for g in guidelines if g.id == name], case)
    stances = (*found.for_, *found.against, *found.conditional, *found.silent)
    assert len(stances) == 1
    return stances[0].direction


def claims(guidelines: tuple[Guideline, ...]) -> list[tuple[str, Position | Criterion]]:
    return [(g.id, claim) for g in guidelines for claim in (*g.positions, *g.criteria)]


def says(guidelines: tuple[Guideline, ...]) -> list[tuple[str, str]]:
    return [(name, claim.says) for name, claim in claims(guidelines)]


def test_the_publications_are_there_oldest_first(guidelines: tuple[Guideline, ...]) -> None:
    assert [g.id for g in guidelines] == list(SOURCE_KEYS)


def test_every_family_that_is_reviewed_is_one_the_publications_speak_of() -> None:
    assert {family.value for family in Family} == set(FAMILIES)


def test_every_publication_takes_exactly_one_position_on_every_cell(
    guidelines: tuple[Guideline, ...],
) -> None:
    cells = set(product(FAMILIES, PATTERNS, CHRONICITIES, REGIONS))
    for guideline in guidelines:
        listed = [cell for p in guideline.positions if not p.rest for cell in p.cells]

        assert len(listed) == len(set(listed)), guideline.id
        for cell in cells - set(listed):
            assert guideline.position_on(*cell).direction == "silent", (guideline.id, cell)


def test_every_position_is_the_answer_to_some_case(guidelines: tuple[Guideline, ...]) -> None:
    for guideline in guidelines:
        reached: list[Position] = []
        for family, pattern, time, region in product(FAMILIES, PATTERNS, CHRONICITIES, REGIONS):
            found = agreement([guideline], Case(family, pattern, time, frozenset({region})))
            (stance,) = (*found.for_, *found.against, *found.conditional, *found.silent)
            reached.append(stance.position)

        assert [p.says for p in guideline.positions if p not in reached] == [], guideline.id


def test_a_publication_that_takes_no_side_sets_a_criterion(guidelines: tuple[Guideline, ...]) -> None:
    silent = {g.id for g in guidelines if all(p.direction == "silent" for p in g.positions)}

    assert silent == {"fda-esi-2014"}
    assert all(g.criteria for g in guidelines if g.id in silent)


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
        keys = {claim.source_key for _, claim in claims((guideline,))}

        assert keys == SOURCE_KEYS[guideline.id]


def test_the_mark_of_a_claim_is_that_of_its_source(guidelines: tuple[Guideline, ...]) -> None:
    special = {"GK": "general-knowledge", "S1": "source-summary"}
    for name, claim in claims(guidelines):
        read = "secondary" if claim.source_key in READ_IN_A_SUMMARY else "verified"

        assert claim.mark == special.get(claim.source_key, read), (name, claim.says)


def test_a_publication_is_read_as_its_claims_are(guidelines: tuple[Guideline, ...]) -> None:
    for guideline in guidelines:
        marks = {claim.mark for _, claim in claims((guideline,))}

        assert (guideline.reading == "verified") is ("verified" in marks), guideline.id


def test_general_knowledge_stands_only_where_a_conflict_needs_it(guidelines: tuple[Guideline, ...]) -> None:
    marked = [
        (name, claim.criterion if isinstance(claim, Criterion) else claim.patterns)
        for name, claim in claims(guidelines)
        if claim.mark == "general-knowledge"
    ]

    assert sorted(marked) == [
        ("asipp-2021", ("axial",)),
        ("cervical-facet-consensus-2021", "RFA-1"),
        ("lumbar-facet-consensus-2020", "RFA-1"),
    ]


def test_only_determinations_whose_number_was_verified_are_named(guidelines: tuple[Guideline, ...]) -> None:
    text = " ".join(g.model_dump_json() for g in guidelines)

    assert set(re.findall(r"\bL[0-9]{5}\b", text)) == {"L39240", "L38801", "L39462", "L34211"}
    assert set(re.findall(r"\bA[0-9]{5}\b", text)) == {"A58993", "A58403", "A59244"}


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
    assert {"medicare-esi-lcd", "evicore-cmm-200", "nhs-england-ebi"} <= {
        name for name, kind in kinds.items() if kind == "coverage"
    }

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

    assert (params["CC-1"], params["IMG-1"]) == ({"min_days": 28}, {"accepts_ct": True})


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
        ("bmj-2025", "axial", "chronic", "facet-injection", "cervical", "against"),
        ("bmj-2025", "axial", "acute", "facet-rfa", "lumbar", "silent"),
        ("bmj-2025", "axial", "chronic", "sij-rfa", "sacral", "against"),
        ("bmj-2025", "axial", "chronic", "trigger-point", "thoracic", "against"),
        ("bmj-2025", "radicular", "chronic", "facet-rfa", "lumbar", "silent"),
        ("bmj-2025", "axial", "chronic", "intradiscal", "lumbar", "silent"),
        ("nice-ng59", "axial", "chronic", "facet-rfa", "lumbar", "conditional"),
        ("nice-ng59", "axial", "acute", "facet-rfa", "lumbar", "silent"),
        ("nice-ng59", "axial", "chronic", "facet-rfa", "cervical", "silent"),
        ("nice-ng59", "axial", "chronic", "sij-injection", "sacral", "against"),
        ("nhs-england-ebi", "axial", "chronic", "intradiscal", "lumbar", "against"),
        ("nhs-england-ebi", "radicular", "acute", "interlaminar", "lumbar", "conditional"),
        ("acoem-2021", "axial", "chronic", "trigger-point", "lumbar", "conditional"),
        ("aspn-2022", "axial", "chronic", "sij-rfa", "sacral", "for"),
        ("lumbar-facet-consensus-2020", "axial", "chronic", "facet-rfa", "lumbar", "for"),
        ("cervical-facet-consensus-2021", "axial", "chronic", "facet-rfa", "lumbar", "silent"),
        ("corticosteroid-facet-sij", "axial", "chronic", "facet-injection", "lumbar", "conditional"),
        ("mpw-2015", "radicular", "acute", "transforaminal", "cervical", "conditional"),
        ("mpw-2015", "radicular", "acute", "interlaminar", "cervical", "silent"),
        ("fda-biologics-2020", "radicular", "acute", "biologic", "lumbar", "against"),
        ("medicare-facet-lcd", "radicular", "chronic", "facet-injection", "lumbar", "against"),
        ("medicare-sij-lcd", "axial", "chronic", "sij-rfa", "sacral", "against"),
        ("medicare-tpi-lcd", "axial", "acute", "trigger-point", "cervical", "for"),
        ("evicore-cmm-200", "post-herpetic", "chronic", "interlaminar", "thoracic", "against"),
        ("evicore-cmm-203", "axial", "chronic", "lateral-branch-block", "sacral", "against"),
        ("uhc-facet-2026", "axial", "chronic", "facet-injection", "lumbar", "conditional"),
        ("uhc-ablative-2026", "axial", "chronic", "basivertebral", "lumbar", "against"),
        ("nia-cam-136", "radicular", "chronic", "interlaminar", "lumbar", "silent"),
        ("mp-303", "axial", "chronic", "intradiscal", "lumbar", "against"),
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


@pytest.mark.parametrize("name", ["nice-ng59", "nhs-england-ebi", "acoem-2021", "aspn-2022"])
def test_a_low_back_document_says_nothing_of_neck_and_thorax(
    guidelines: tuple[Guideline, ...], name: str
) -> None:
    families = (*EPIDURALS, "facet-injection", "facet-rfa", "trigger-point")
    for family, pattern, region in product(families, PATTERNS, ACROSS_THE_SPINE - LOW_BACK):
        case = Case(family, pattern, "chronic", frozenset({region}))
        assert direction(guidelines, name, case) == "silent"
