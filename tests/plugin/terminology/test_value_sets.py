"""The shipped value sets: valid FHIR, complete, and safe to publish."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from fhir.resources.R4B.conceptmap import ConceptMap
from fhir.resources.R4B.valueset import ValueSet

from plugin.terminology import Terminology
from plugin.terminology.load import SHIPPED

VALUE_SETS = sorted((SHIPPED / "value_sets").glob("*.json"))
CPT = "http://www.ama-assn.org/go/cpt"
LICENCE = {
    CPT: "American Medical Association",
    "http://snomed.info/sct": "SNOMED International",
    "http://loinc.org": "Regenstrief",
    "http://www.nlm.nih.gov/research/umls/rxnorm": "National Library of Medicine",
    "http://hl7.org/fhir/sid/icd-10-cm": "ICD-10-CM",
    "http://www.cms.gov/Medicare/Coding/ICD10": "ICD-10-PCS",
    "http://www.cms.gov/Medicare/Coding/HCPCSReleaseCodeSets": "HCPCS",
    "http://dicom.nema.org/resources/ontology/DCM": "NEMA",
    "urn:dicom:body-part-examined": "NEMA",
    "http://terminology.hl7.org/CodeSystem/v3-ActCode": "HL7",
}

each_value_set = pytest.mark.parametrize("path", VALUE_SETS, ids=lambda path: path.stem)


@each_value_set
def test_a_value_set_is_valid_fhir_with_everything_a_publisher_needs(path: Path) -> None:
    value_set = ValueSet.model_validate_json(path.read_bytes())

    assert value_set.id == path.stem
    assert value_set.url == f"https://spinal-injection-cds.org/fhir/ValueSet/{path.stem}"
    assert (value_set.version, value_set.status, value_set.experimental) == ("2026.11.20", "draft", True)
    assert value_set.title
    assert value_set.purpose
    assert value_set.description
    assert value_set.name is not None
    assert value_set.name.isalnum()


@each_value_set
def test_a_value_set_names_the_owner_of_every_code_system_it_uses(path: Path) -> None:
    body = json.loads(path.read_text(encoding="utf-8"))

    for include in body["compose"]["include"]:
        assert LICENCE[include["system"]] in body["copyright"]


@each_value_set
def test_a_cpt_label_is_a_few_words_of_ours(path: Path) -> None:
    body = json.loads(path.read_text(encoding="utf-8"))
    labels = [c["display"] for i in body["compose"]["include"] if i["system"] == CPT for c in i["concept"]]

    for label in labels:
        assert len(label) <= 80
        assert not any(mark in label for mark in (";", "(s)", "(List separately", "[eg", "including "))


@each_value_set
def test_every_listed_code_is_found_and_belongs_to_its_set(path: Path, terminology: Terminology) -> None:
    body = json.loads(path.read_text(encoding="utf-8"))

    for include in body["compose"]["include"]:
        for listed in include.get("concept", []):
            concept = terminology.lookup(include["system"], listed["code"])
            assert concept is not None
            assert concept.in_set(path.stem)
            assert concept in terminology.members(path.stem)
            assert concept.flag("verified") is not None


def test_the_concept_map_is_valid_fhir_and_holds_no_product_names() -> None:
    path = SHIPPED / "concept_maps" / "rxnorm-product-to-ingredient.json"

    concept_map = ConceptMap.model_validate_json(path.read_bytes())

    (group,) = concept_map.group or []
    assert len(group.element) > 1000
    assert all(element.display is None for element in group.element)


def test_every_diagnosis_that_speaks_of_the_pain_states_a_pattern(terminology: Terminology) -> None:
    silent = [
        concept.code
        for name in (
            "dx-radicular",
            "dx-limb-pain-possible-radicular",
            "dx-neurogenic-claudication",
            "dx-stenosis-structural",
            "dx-disc-structural",
            "dx-discogenic-axial",
            "dx-axial-nonspecific",
            "dx-facet-spondylosis",
            "dx-sacroiliac",
            "dx-post-laminectomy",
            "dx-herpes-zoster",
            "dx-myofascial",
            "dx-esi-excluded",
            "dx-chronic-pain-generic",
        )
        for concept in terminology.members(name)
        if concept.pain_pattern is None
    ]

    assert silent == []


@pytest.mark.parametrize(
    "name", ["dx-redflag-cord-cauda", "dx-neuro-deficit", "dx-pregnancy", "dx-facet-cyst"]
)
def test_a_diagnosis_of_another_kind_states_no_pattern(name: str, terminology: Terminology) -> None:
    assert {concept.pain_pattern for concept in terminology.members(name)} == {None}


def test_every_operation_and_injection_says_where_or_that_it_does_not_say(terminology: Terminology) -> None:
    for name in (
        "proc-spine-surgery",
        "proc-esi-interlaminar-caudal",
        "proc-esi-transforaminal",
        "imaging-mri-spine",
    ):
        assert all(concept.region is not None for concept in terminology.members(name))
