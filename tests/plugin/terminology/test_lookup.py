"""How a coding of the record finds its concept."""

from __future__ import annotations

import pytest

from plugin.domain.codes import Concept
from plugin.domain.content import ContentError
from plugin.domain.regions import Region
from plugin.terminology import Terminology

CPT = "http://www.ama-assn.org/go/cpt"
HCPCS = "http://www.cms.gov/Medicare/Coding/HCPCSReleaseCodeSets"
ICD = "http://hl7.org/fhir/sid/icd-10-cm"
PCS = "http://www.cms.gov/Medicare/Coding/ICD10"
SNOMED = "http://snomed.info/sct"
LOINC = "http://loinc.org"
RXNORM = "http://www.nlm.nih.gov/research/umls/rxnorm"
DICOM = "http://dicom.nema.org/resources/ontology/DCM"


def _found(concept: Concept | None) -> Concept:
    assert concept is not None
    return concept


@pytest.mark.parametrize(
    ("system", "code"),
    [
        ("urn:oid:2.16.840.1.113883.6.12", "62323"),
        ("https://www.ama-assn.org/go/cpt", "62323"),
        ("http://www.ama-assn.org/go/cpt/", "62323"),
        (HCPCS, "62323"),
        ("urn:oid:2.16.840.1.113883.6.285", "J1010"),
        ("https://www.cms.gov/Medicare/Coding/HCPCSReleaseCodeSets", "J1010"),
        ("https://bluebutton.cms.gov/resources/codesystem/hcpcs", "J1010"),
        ("urn:oid:2.16.840.1.113883.6.90", "M54.16"),
        ("https://hl7.org/fhir/sid/icd-10-cm", "M54.16"),
        ("http://hl7.org/fhir/sid/icd-10-cm/", "M54.16"),
        ("urn:oid:2.16.840.1.113883.6.96", "128196005"),
        ("http://snomed.info/sct/731000124108/version/20260301", "128196005"),
        ("urn:oid:2.16.840.1.113883.6.1", "24968-0"),
        ("urn:oid:2.16.840.1.113883.6.88", "7258"),
        ("http://hl7.org/fhir/v3/ActCode", "IMP"),
    ],
)
def test_an_alias_of_a_code_system_means_that_system(
    system: str, code: str, terminology: Terminology
) -> None:
    assert _found(terminology.lookup(system, code)).code == code


@pytest.mark.parametrize(
    ("system", "written", "meant"),
    [
        (ICD, "M5416", "M54.16"),
        (ICD, "m54.16", "M54.16"),
        (ICD, " M54.16 ", "M54.16"),
        (ICD, "m48061", "M48.061"),
        (ICD, "r32", "R32"),
        (ICD, "s134xxa", "S13.4XXA"),
        (CPT, "62323-50", "62323"),
        (CPT, " 64483-RT-KX", "64483"),
        (CPT, "62323 50", "62323"),
        (CPT, "0213t", "0213T"),
        (HCPCS, "j1010", "J1010"),
        (SNOMED, " 128196005", "128196005"),
    ],
)
def test_a_code_is_found_however_it_was_spelt(
    system: str, written: str, meant: str, terminology: Terminology
) -> None:
    assert _found(terminology.lookup(system, written)).code == meant


@pytest.mark.parametrize(
    ("system", "code"),
    [
        (None, "M54.16"),
        ("", "M54.16"),
        (ICD, None),
        (ICD, ""),
        (ICD, "Z99.99"),
        (ICD, "not a code at all"),
        (ICD, "M54.16" * 1000),
        ("http://ehr.example/local-codes", "M54.16"),
        ("http://hl7.org/fhir/sid/icd-9-cm", "724.4"),
        (CPT, "99999"),
        (CPT, "62323-5"),
        ("http://snomed.info/sctx", "128196005"),
        ("x" * 100_000, "M54.16"),
    ],
)
def test_what_is_not_known_is_no_information(
    system: str | None, code: str | None, terminology: Terminology
) -> None:
    assert terminology.lookup(system, code) is None
    assert terminology.lookup(system, code) is None


def test_more_unknown_codes_than_are_remembered_change_no_answer(terminology: Terminology) -> None:
    for number in range(10_000):
        assert terminology.lookup(ICD, f"x{number}") is None

    assert _found(terminology.lookup(ICD, "m5416")).code == "M54.16"


@pytest.mark.parametrize(
    ("code", "modifiers"),
    [
        ("62323-50", ("50",)),
        ("64483-RT-KX", ("RT", "KX")),
        ("64483 lt", ("LT",)),
        ("62323", ()),
        ("623235", ()),
        ("", ()),
        (None, ()),
    ],
)
def test_modifiers_behind_a_procedure_code_are_read(
    code: str | None, modifiers: tuple[str, ...], terminology: Terminology
) -> None:
    assert terminology.modifiers_of(code) == modifiers
    assert terminology.modifier_of(code) == (modifiers[0] if modifiers else None)


@pytest.mark.parametrize(
    ("modifier", "side"), [("50", "bilateral"), ("RT", "right"), ("LT", "left"), ("KX", None)]
)
def test_a_modifier_says_the_side(modifier: str, side: str | None, terminology: Terminology) -> None:
    concept = _found(terminology.lookup(CPT, modifier))

    assert concept.in_set("order-modifier")
    assert concept.get("laterality") == side


@pytest.mark.parametrize(
    ("system", "code", "modality"),
    [
        (DICOM, "MR", "mr"),
        ("urn:oid:1.2.840.10008.2.16.4", "CT", "ct"),
        (None, "MR", "mr"),
        ("", "mr", "mr"),
        (DICOM, "CR", "plain-film"),
        (None, "DX", "plain-film"),
        (DICOM, "RG", "plain-film"),
        (DICOM, "US", None),
        (None, None, None),
        (SNOMED, "MR", None),
        ("http://ehr.example/local", "MR", None),
    ],
)
def test_a_modality_is_read_with_and_without_its_system(
    system: str | None, code: str | None, modality: str | None, terminology: Terminology
) -> None:
    assert terminology.modality(system, code) == modality


@pytest.mark.parametrize(
    ("system", "code", "region"),
    [
        (CPT, "62321", Region.pair("cervical", "thoracic")),
        (CPT, "62323", Region.pair("lumbar", "sacral")),
        (CPT, "64483", Region.pair("lumbar", "sacral")),
        (SNOMED, "171787008", Region.unspecified()),
        (SNOMED, "302336001", Region.of("cervical")),
        (ICD, "M54.17", Region.of("lumbar", "sacral")),
        (ICD, "M54.10", Region.unspecified()),
        (ICD, "M48.061", Region.of("lumbar")),
        (ICD, "M48.062", Region.of("lumbar")),
        (ICD, "M43.19", Region.unspecified()),
        (SNOMED, "44300000", Region.everywhere()),
        (SNOMED, "39723000", Region.of("sacroiliac")),
        (SNOMED, "433141005", Region.of("lumbar", "sacral")),
        (LOINC, "42698-1", Region.of("cervical", "thoracic", "lumbar")),
        (LOINC, "38061-8", Region.everywhere()),
        (LOINC, "36067-7", Region.unspecified()),
        ("urn:dicom:body-part-examined", "lspine", Region.of("lumbar")),
        (CPT, "22551", Region.of("cervical")),
        (CPT, "63030", Region.of("lumbar")),
        (CPT, "22853", Region.unspecified()),
        (SNOMED, "72696002", None),
    ],
)
def test_a_code_says_its_region(
    system: str, code: str, region: Region | None, terminology: Terminology
) -> None:
    assert _found(terminology.lookup(system, code)).region == region


@pytest.mark.parametrize(
    ("system", "code", "name", "value"),
    [
        (CPT, "62320", "guidance", "none"),
        (CPT, "62321", "guidance", "included"),
        (CPT, "62323", "approach", "interlaminar-or-caudal"),
        (SNOMED, "180886007", "approach", "caudal"),
        (SNOMED, "67716003", "approach", "caudal"),
        (SNOMED, "112943005", "approach", "caudal"),
        (CPT, "64484", "level", "add-on"),
        (CPT, "97161", "participation", "evaluation"),
        (CPT, "97110", "participation", None),
        (ICD, "N18.4", "applies-to", "medication"),
        (ICD, "Z53.20", "applies-to", None),
        (ICD, "O80", "episode", "labour-delivery"),
        (ICD, "Z37.0", "episode", "labour-delivery"),
        (ICD, "Z34.00", "episode", None),
        (ICD, "M51.36", "legacy", "header"),
        (HCPCS, "J1030", "legacy", "deleted"),
        (LOINC, "72514-3", "scale", "0-10"),
        (ICD, "D48.0", "strength", "possible"),
        (ICD, "C79.51", "strength", "definite"),
    ],
)
def test_a_code_has_the_properties_the_rules_ask_for(
    system: str, code: str, name: str, value: str | None, terminology: Terminology
) -> None:
    assert _found(terminology.lookup(system, code)).get(name) == value


@pytest.mark.parametrize(
    ("code", "particulate"), [("J3301", True), ("J1100", False), ("J0665", None), ("J1010", True)]
)
def test_a_steroid_says_whether_it_is_particulate(
    code: str, particulate: bool | None, terminology: Terminology
) -> None:
    assert _found(terminology.lookup(HCPCS, code)).flag("particulate") is particulate


@pytest.mark.parametrize(
    ("system", "code", "name"),
    [
        (ICD, "C34.90", "dx-redflag-cancer"),
        (ICD, "c3490", "dx-redflag-cancer"),
        (ICD, "C7A.00", "dx-redflag-cancer"),
        (ICD, "D05.11", "dx-redflag-cancer"),
        (ICD, "D37.1", "dx-redflag-cancer"),
        (ICD, "S12.000A", "dx-redflag-fracture"),
        (ICD, "S22.050D", "dx-redflag-fracture"),
        (ICD, "S32.010G", "dx-redflag-fracture"),
        (ICD, "S32.110B", "dx-redflag-fracture"),
        (ICD, "O26.891", "dx-pregnancy"),
        (ICD, "O9A.111", "dx-pregnancy"),
        (ICD, "Z3A.20", "dx-pregnancy"),
        (ICD, "E11.9", "dx-diabetes"),
        (ICD, "M10.9", "dx-non-spinal"),
        (ICD, "M17.11", "dx-non-spinal"),
        (ICD, "M75.100", "dx-non-spinal"),
        (ICD, "S83.511A", "dx-non-spinal"),
        (ICD, "S93.401A", "dx-non-spinal"),
        (PCS, "F0706BZ", "cc-physical-therapy"),
        ("http://hl7.org/fhir/sid/icd-10-pcs", "9WB0XBZ", "cc-manual-chiro"),
    ],
)
def test_a_code_within_a_range_belongs_to_the_set(
    system: str, code: str, name: str, terminology: Terminology
) -> None:
    assert _found(terminology.lookup(system, code)).in_set(name)


@pytest.mark.parametrize(
    "code",
    [
        "C44.311",
        "C97",
        "D36.9",
        "D10.0",
        "Z85.3",
        "S12.000S",
        "S22.31XA",
        "S32.301A",
        "S32.010",
        "O86.4",
        "O90.81",
        "M11.20",
        "M20.10",
        "M74.0",
        "S39.91XA",
    ],
)
def test_a_code_beside_a_range_does_not_belong_to_it(code: str, terminology: Terminology) -> None:
    assert terminology.lookup(ICD, code) is None


@pytest.mark.parametrize(
    ("code", "name", "value"),
    [
        ("C34.90", "strength", "malignancy-on-record"),
        ("O82", "episode", "labour-delivery"),
        ("O26.891", "episode", None),
    ],
)
def test_a_code_within_a_range_has_the_properties_of_the_range(
    code: str, name: str, value: str | None, terminology: Terminology
) -> None:
    assert _found(terminology.lookup(ICD, code)).get(name) == value


def test_a_fracture_within_a_range_says_its_region(terminology: Terminology) -> None:
    assert _found(terminology.lookup(ICD, "S32.010A")).region == Region.of("lumbar")


def test_a_code_in_several_sets_is_one_concept_in_all_of_them(terminology: Terminology) -> None:
    concept = _found(terminology.lookup(ICD, "M48.061"))

    assert concept.sets >= {"dx-stenosis-structural", "dx-tpi-excluded"}
    assert concept in terminology.members("dx-tpi-excluded")


def test_asking_for_a_set_that_does_not_exist_names_those_that_do(terminology: Terminology) -> None:
    with pytest.raises(ContentError, match=r"'dx-radiculer'.*dx-radicular"):
        terminology.members("dx-radiculer")


@pytest.mark.parametrize(
    ("product", "ingredients", "form"),
    [
        ("308278", {"161"}, "oral"),
        ("7258", {"7258"}, None),
        ("999999999", set(), None),
        ("1306292", set(), None),
    ],
)
def test_a_drug_product_stands_for_its_known_ingredients(
    product: str, ingredients: set[str], form: str | None, terminology: Terminology
) -> None:
    assert {concept.code for concept in terminology.ingredients(RXNORM, product)} == ingredients
    assert terminology.dose_form(RXNORM, product) == form


def test_a_billing_code_of_a_drug_stands_for_itself(terminology: Terminology) -> None:
    (steroid,) = terminology.ingredients(HCPCS, "j3301")

    assert steroid.get("agent") == "triamcinolone"


@pytest.mark.parametrize(
    ("system", "code"), [(None, "308278"), (RXNORM, None), ("http://ehr.example", "308278")]
)
def test_a_drug_without_a_usable_code_has_no_known_ingredient(
    system: str | None, code: str | None, terminology: Terminology
) -> None:
    assert terminology.ingredients(system, code) == ()
    assert terminology.dose_form(system, code) is None


def test_products_are_found_under_an_alias_of_their_system(terminology: Terminology) -> None:
    assert [c.code for c in terminology.ingredients("urn:oid:2.16.840.1.113883.6.88", "308278")] == ["161"]
