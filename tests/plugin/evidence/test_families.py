"""From codes, modifiers and words to family, purpose and side."""

from __future__ import annotations

import pytest

from plugin.domain.families import Family, Purpose
from plugin.domain.truth import Truth
from plugin.evidence.families import coded_family, is_add_on, leading, modifiers_of, purpose_of, sides_of
from plugin.evidence.views import CodeableConcept, Coding
from tests.builders import CPT, HCPCS, concept, terminology
from tests.plugin.rules.records import CODES

YES, NO, OPEN = Truth.TRUE, Truth.FALSE, Truth.UNKNOWN
WORDINGS = terminology().wordings


def coding(*codes: str, system: str = CPT) -> CodeableConcept:
    return CodeableConcept(coding=[Coding(system, code) for code in codes])


@pytest.mark.parametrize(
    ("family", "code"), [(f, code) for f, codes in CODES.items() for code in sorted(set(codes))]
)
def test_a_code_names_its_family(family: Family, code: str) -> None:
    assert coded_family(concept(code)) is family


@pytest.mark.parametrize(
    ("code", "family"),
    [
        ("G0259", Family.SIJ_INJECTION),
        ("178814008", Family.FACET_RFA),
        ("64628", Family.BASIVERTEBRAL),
        ("0627T", Family.BIOLOGIC),
        ("0232T", Family.BIOLOGIC),
        ("112943005", Family.CAUDAL),
        ("62326", Family.INTERLAMINAR),
        ("20560", None),
        ("77003", None),
        ("72148", None),
        ("M54.16", None),
    ],
)
def test_codes_at_the_edge_of_a_family(code: str, family: Family | None) -> None:
    assert coded_family(concept(code)) is family


def test_of_several_codes_the_most_invasive_leads() -> None:
    codes = [concept(code) for code in ("20552", "72148", "62323", "64635", "64483")]

    assert [c.code for c in leading(codes)] == ["64635", "64483", "62323", "20552"]


@pytest.mark.parametrize(
    ("given", "found"),
    [
        ([coding("64493-KX")], {"KX"}),
        ([coding("64493-KX-RT")], {"KX", "RT"}),
        ([coding("64493"), coding("KX", system=HCPCS)], {"KX"}),
        ([coding("64493"), coding("LT", "50", system=HCPCS)], {"LT", "50"}),
        ([coding("64493"), coding("50", system="https://ehr.example.org/codes")], set()),
        ([coding("64493"), None], set()),
    ],
)
def test_modifiers_stand_behind_a_code_or_by_themselves(
    given: list[CodeableConcept | None], found: set[str]
) -> None:
    assert modifiers_of(given, terminology()) == found


@pytest.mark.parametrize(
    ("code", "modifiers", "text", "steroid", "purpose"),
    [
        ("64493", {"KX"}, None, OPEN, Purpose.DIAGNOSTIC),
        ("64493", {"KX"}, None, NO, Purpose.DIAGNOSTIC),
        ("64493", {"KX"}, None, YES, Purpose.UNDETERMINED),
        ("64493", set(), "medial branch block", NO, Purpose.DIAGNOSTIC),
        ("64493", set(), "MBB with steroid", NO, Purpose.UNDETERMINED),
        ("64493", set(), "intra-articular injection", OPEN, Purpose.THERAPEUTIC),
        ("64493", set(), None, YES, Purpose.THERAPEUTIC),
        ("64493", set(), None, NO, Purpose.UNDETERMINED),
        ("64493", {"RT"}, None, OPEN, Purpose.UNDETERMINED),
        ("27096", set(), "Diagnostic SI joint injection", OPEN, Purpose.DIAGNOSTIC),
        ("27096", set(), "non-diagnostic", OPEN, Purpose.UNDETERMINED),
        ("64483", set(), "SNRB L5 left", OPEN, Purpose.DIAGNOSTIC),
        ("G0260", set(), None, OPEN, Purpose.THERAPEUTIC),
        ("G0260", {"KX"}, "diagnostic", NO, Purpose.THERAPEUTIC),
    ],
)
def test_what_an_injection_is_for(
    code: str, modifiers: set[str], text: str | None, steroid: Truth, purpose: Purpose
) -> None:
    assert purpose_of(concept(code), frozenset(modifiers), [WORDINGS[text]], steroid) is purpose


@pytest.mark.parametrize(
    ("modifiers", "sites", "sides"),
    [
        ({"LT"}, [], {"left"}),
        ({"RT"}, [], {"right"}),
        ({"50"}, [], {"left", "right"}),
        ({"LT", "RT"}, [], {"left", "right"}),
        ({"LT"}, ["right facet joint"], {"left"}),
        (set(), ["right facet joint"], {"right"}),
        (set(), ["Bilateral L4-5"], {"left", "right"}),
        (set(), ["L4-5"], set()),
        ({"KX"}, [], set()),
    ],
)
def test_the_side_is_the_modifiers_else_the_words(
    modifiers: set[str], sites: list[str], sides: set[str]
) -> None:
    assert sides_of(frozenset(modifiers), [WORDINGS[site] for site in sites]) == sides


@pytest.mark.parametrize(
    ("code", "add_on"),
    [
        *((code, True) for code in ("64480", "64484", "64491", "64492", "64494", "64495", "64634", "64636")),
        *((code, True) for code in ("0217T", "0218T", "64629")),
        *((code, False) for code in ("64479", "64483", "64490", "64493", "64633", "64635", "62323", "20553")),
    ],
)
def test_a_further_level_is_an_add_on(code: str, add_on: bool) -> None:
    assert is_add_on(concept(code)) is add_on
