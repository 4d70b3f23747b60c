"""A site's own codes: what its ConceptMap makes of them, and which maps stop the start-up."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from plugin.domain.content import ContentError
from plugin.terminology import Terminology, read_local_codes

SITE = "urn:oid:1.2.840.114350.1.13.999999.1.7.2.696580"
CPT = "http://www.ama-assn.org/go/cpt"
RXNORM = "http://www.nlm.nih.gov/research/umls/rxnorm"
DICOM = "http://dicom.nema.org/resources/ontology/DCM"
ROOT = Path(__file__).parents[3]

Json = dict[str, Any]


def element(code: str, *targets: tuple[str, str]) -> Json:
    return {"code": code, "target": [{"code": c, "equivalence": e} for c, e in targets]}


def concept_map(*elements: Json, source: str = SITE, target: str = CPT) -> Json:
    group = {"source": source, "target": target, "element": list(elements)}
    return {"resourceType": "ConceptMap", "status": "active", "group": [group]}


def reading(folder: Path, body: Json | str, terminology: Terminology) -> Terminology:
    path = folder / "map.json"
    path.write_text(body if isinstance(body, str) else json.dumps(body), encoding="utf-8")
    return terminology.with_local_codes(read_local_codes(path, terminology))


def refusal(folder: Path, body: Json | str, terminology: Terminology) -> list[str]:
    with pytest.raises(ContentError) as refused:
        reading(folder, body, terminology)
    prefix = f"{folder / 'map.json'}: "
    assert all(fault.startswith(prefix) for fault in refused.value.faults)
    return [fault.removeprefix(prefix) for fault in refused.value.faults]


EPIDURAL = element("PAIN-1", ("62323", "equivalent"))


def test_a_code_of_the_site_means_what_it_stands_for(tmp_path: Path, terminology: Terminology) -> None:
    local = reading(tmp_path, concept_map(EPIDURAL), terminology)

    assert local.lookup(SITE, "PAIN-1") == terminology.lookup(CPT, "62323")
    assert local.lookup(SITE, "PAIN-2") is None
    assert local.lookup("urn:oid:1.2.3", "PAIN-1") is None
    assert terminology.lookup(SITE, "PAIN-1") is None


@pytest.mark.parametrize("system", [SITE.upper(), SITE.removeprefix("urn:oid:"), f" {SITE}/"])
def test_the_sites_system_may_be_spelt_as_any_system_may(
    tmp_path: Path, terminology: Terminology, system: str
) -> None:
    local = reading(tmp_path, concept_map(EPIDURAL), terminology)

    assert local.lookup(system, " PAIN-1 ") == terminology.lookup(CPT, "62323")


@pytest.mark.parametrize("equivalence", ["equal", "equivalent", "wider", "subsumes"])
def test_a_target_that_means_the_same_or_more_counts(
    tmp_path: Path, terminology: Terminology, equivalence: str
) -> None:
    local = reading(tmp_path, concept_map(element("PAIN-1", ("62323", equivalence))), terminology)

    assert local.is_local(SITE, "PAIN-1")


@pytest.mark.parametrize(
    "equivalence", ["narrower", "specializes", "inexact", "relatedto", "unmatched", "disjoint"]
)
def test_any_other_target_is_left_out(tmp_path: Path, terminology: Terminology, equivalence: str) -> None:
    open_one = element("PAIN-2", ("62321", equivalence), ("62323", equivalence))
    local = reading(tmp_path, concept_map(EPIDURAL, open_one), terminology)

    assert local.lookup(SITE, "PAIN-2") is None
    assert local.local_codes.left_out == 1


def test_drug_products_and_modalities_may_be_stood_for(tmp_path: Path, terminology: Terminology) -> None:
    product = "94048"  # acetaminophen, by mouth
    drugs = concept_map(element("MED-1", (product, "wider")), target=RXNORM)
    device = concept_map(element("SCANNER", ("MR", "equal")), target=DICOM)
    both = drugs | {"group": drugs["group"] + device["group"]}

    # What was asked of the one is no answer of the other.
    assert (terminology.ingredients(SITE, "MED-1"), terminology.modality(SITE, "SCANNER")) == ((), None)

    local = reading(tmp_path, both, terminology)

    assert local.ingredients(SITE, "MED-1") == terminology.ingredients(RXNORM, product) != ()
    assert local.dose_form(SITE, "MED-1") == terminology.dose_form(RXNORM, product)
    assert local.modality(SITE, "SCANNER") == "mr"
    assert (terminology.ingredients(SITE, "MED-1"), terminology.modality(SITE, "SCANNER")) == ((), None)


def test_the_sites_own_codes_for_a_value_set_are_known(tmp_path: Path, terminology: Terminology) -> None:
    local = reading(tmp_path, concept_map(EPIDURAL), terminology)

    assert local.local_members("proc-esi-interlaminar-caudal") == ("PAIN-1",)
    assert local.local_members("dx-radicular") == ()


FAULTS: dict[str, tuple[Json | str, str]] = {
    "no JSON": ("{", "must be a ConceptMap of FHIR R4"),
    "nested too deep": ('{"x": ' + "[" * 100_000, "must be a ConceptMap of FHIR R4"),
    "no ConceptMap": ({"resourceType": "ValueSet", "group": []}, "must be a ConceptMap of FHIR R4"),
    "no group": ({"resourceType": "ConceptMap"}, "group"),
    "a key misspelt": (concept_map({"code": "PAIN-1", "target": [{"code": "62323"}]}), "equivalence"),
    "an equivalence that does not exist": (concept_map(element("PAIN-1", ("62323", "same"))), "same"),
    "no code that counts": (
        concept_map(element("PAIN-1", ("62323", "narrower"))),
        "no code of it stands for",
    ),
    "a target system that does not exist": (
        concept_map(EPIDURAL, target="http://cpt.example.org"),
        f"group[1].target: no code system 'http://cpt.example.org'; there is {CPT}",
    ),
    "a standard system as the site's": (
        concept_map(EPIDURAL, source=CPT),
        f"group[1].source: must be the site's own code system, not '{CPT}'",
    ),
    "a target code that does not exist": (
        concept_map(element("PAIN-1", ("62332", "equal"))),
        "group[1]: 'PAIN-1': no value set holds '62332'; nearest: 62",
    ),
    "a code twice": (concept_map(EPIDURAL, EPIDURAL), "group[1]: 'PAIN-1': is listed twice"),
    "two meanings": (
        concept_map(element("PAIN-1", ("62323", "equal"), ("62321", "equal"))),
        "group[1]: 'PAIN-1': must stand for one code, not for 2",
    ),
    "no target code": (
        concept_map({"code": "PAIN-1", "target": [{"equivalence": "equal"}]}),
        "group[1]: 'PAIN-1': no value set holds None",
    ),
    "a condition": (
        concept_map(
            {
                "code": "PAIN-1",
                "target": [{"code": "62323", "equivalence": "equal", "dependsOn": [{"property": "x"}]}],
            }
        ),
        "dependsOn",
    ),
    "a code that no search could name": (
        concept_map(element("PAIN,1", ("62323", "equal"))),
        "must have at most 64 characters",
    ),
}


@pytest.mark.parametrize("case", FAULTS)
def test_a_map_is_refused_with(tmp_path: Path, terminology: Terminology, case: str) -> None:
    body, words = FAULTS[case]

    assert words in refusal(tmp_path, body, terminology)[0]


def test_every_fault_of_a_map_is_told(tmp_path: Path, terminology: Terminology) -> None:
    body = concept_map(element("A", ("1", "equal")), element("B", ("2", "equal")), source=CPT)

    assert len(refusal(tmp_path, body, terminology)) == 3


def test_a_map_that_is_not_there_is_named(tmp_path: Path, terminology: Terminology) -> None:
    with pytest.raises(ContentError, match=r"absent\.json: cannot be read"):
        read_local_codes(tmp_path / "absent.json", terminology)


def test_the_example_in_the_repository_is_sound(terminology: Terminology) -> None:
    example = read_local_codes(ROOT / "deploy" / "local-codes.example.json", terminology)

    assert (len(example.standard), example.left_out) == (4, 1)
