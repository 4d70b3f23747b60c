"""Content that is wrong stops the start-up, naming the file, the code and what would be right."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from plugin.cards.catalogue import load_catalogue
from plugin.cards.suggestions import Offers
from plugin.domain.content import ContentError
from plugin.terminology import load_terminology
from plugin.terminology.value_sets import BASE

Spoil = Callable[[str, Callable[[dict[str, Any]], None]], Path]

RADICULAR = "value_sets/dx-radicular.json"
FRACTURE = "value_sets/dx-redflag-fracture.json"


def _concepts(body: dict[str, Any], include: int = 0) -> list[dict[str, Any]]:
    concepts: list[dict[str, Any]] = body["compose"]["include"][include]["concept"]
    return concepts


def _concept(body: dict[str, Any], code: str) -> dict[str, Any]:
    return next(c for i in body["compose"]["include"] for c in i.get("concept", []) if c["code"] == code)


def _say(concept: dict[str, Any], name: str, value: str | bool) -> None:
    kind = "valueBoolean" if isinstance(value, bool) else "valueCode"
    concept["extension"].append({"url": f"{BASE}/StructureDefinition/{name}", kind: value})


def _resay(concept: dict[str, Any], name: str, value: str) -> None:
    for extension in concept["extension"]:
        if extension["url"].endswith(f"/{name}"):
            extension["valueCode"] = value


def _refusal(directory: Path) -> str:
    with pytest.raises(ContentError) as refused:
        load_terminology(directory)
    return str(refused.value)


def test_the_shipped_content_is_accepted(content: Path) -> None:
    assert load_terminology(content).set_ids == load_terminology().set_ids


@pytest.mark.parametrize(
    ("name", "code", "typo"),
    [
        ("dx-radicular", "M54.16", "M5416"),
        ("dx-radicular", "M54.16", "M54.16 "),
        ("dx-radicular", "M54.16", "m54.16"),
        ("dx-radicular", "128196005", "128196006"),
        ("dx-radicular", "128196005", "128169005"),
        ("imaging-mri-spine", "24968-0", "24968-1"),
        ("imaging-mri-spine", "24968-0", "24986-0"),
        ("proc-esi-transforaminal", "64483", "6448"),
        ("proc-esi-transforaminal", "64483", "64483-50"),
        ("drug-corticosteroid-injectable", "J1010", "1010J"),
        ("cc-med-nsaid", "7258", "naproxen"),
    ],
)
def test_a_mistyped_code_is_refused(name: str, code: str, typo: str, spoil: Spoil) -> None:
    directory = spoil(f"value_sets/{name}.json", lambda body: _concept(body, code).update(code=typo))

    refusal = _refusal(directory)

    assert f"{name}.json" in refusal
    assert repr(typo) in refusal


def test_an_unknown_code_system_is_refused_and_the_known_ones_are_listed(spoil: Spoil) -> None:
    directory = spoil(
        RADICULAR, lambda body: body["compose"]["include"][0].update(system="http://icd.example")
    )

    refusal = _refusal(directory)

    assert "dx-radicular.json" in refusal
    assert "http://icd.example" in refusal
    assert "http://hl7.org/fhir/sid/icd-10-cm" in refusal


def test_an_unknown_property_is_refused_and_the_known_ones_are_listed(spoil: Spoil) -> None:
    directory = spoil(RADICULAR, lambda body: _say(_concept(body, "M54.16"), "severity", "high"))

    refusal = _refusal(directory)

    assert "dx-radicular.json: M54.16" in refusal
    assert "'severity'" in refusal
    assert "pain-pattern" in refusal


def test_a_value_that_a_property_does_not_have_is_refused_and_its_values_are_listed(spoil: Spoil) -> None:
    directory = spoil(RADICULAR, lambda body: _resay(_concept(body, "M54.16"), "pain-pattern", "radiculer"))

    refusal = _refusal(directory)

    assert "dx-radicular.json: M54.16: property pain-pattern" in refusal
    assert "claudication" in refusal


@pytest.mark.parametrize(("name", "value"), [("particulate", "yes"), ("laterality", True)])
def test_a_value_of_the_wrong_type_is_refused(name: str, value: str | bool, spoil: Spoil) -> None:
    directory = spoil(RADICULAR, lambda body: _say(_concept(body, "M54.16"), name, value))

    assert f"dx-radicular.json: M54.16: property {name} needs" in _refusal(directory)


def test_a_property_given_twice_is_refused(spoil: Spoil) -> None:
    directory = spoil(RADICULAR, lambda body: _say(_concept(body, "M54.16"), "strength", "weak"))

    assert "dx-radicular.json: M54.16: property strength is given twice" in _refusal(directory)


@pytest.mark.parametrize("value", ["all", "unspecified", "multiple", "lumbar"])
def test_regions_that_cannot_stand_together_are_refused(value: str, spoil: Spoil) -> None:
    directory = spoil(RADICULAR, lambda body: _say(_concept(body, "M54.16"), "region", value))

    assert "dx-radicular.json: M54.16: region" in _refusal(directory)


def test_a_pair_of_one_region_is_refused(spoil: Spoil) -> None:
    directory = spoil(RADICULAR, lambda body: _say(_concept(body, "M54.16"), "region-kind", "pair"))

    assert "dx-radicular.json: M54.16: a pair joins two regions" in _refusal(directory)


def test_a_code_listed_twice_is_refused(spoil: Spoil) -> None:
    directory = spoil(RADICULAR, lambda body: _concepts(body).append(_concept(body, "M54.16")))

    refusal = _refusal(directory)

    assert "dx-radicular.json" in refusal
    assert "M54.16 of icd-10-cm is listed twice" in refusal


@pytest.mark.parametrize(
    ("name", "value"), [("pain-pattern", "radicular"), ("strength", "definite"), ("region", "cervical")]
)
def test_two_value_sets_that_contradict_each_other_are_refused(name: str, value: str, spoil: Spoil) -> None:
    directory = spoil(
        "value_sets/dx-tpi-excluded.json", lambda body: _resay(_concept(body, "M48.061"), name, value)
    )

    refusal = _refusal(directory)

    assert f"M48.061 of icd-10-cm: property {name} must agree" in refusal
    assert "dx-tpi-excluded.json" in refusal
    assert "dx-stenosis-structural.json" in refusal


@pytest.mark.parametrize("key", ["id", "url"])
def test_a_value_set_that_is_not_called_like_its_file_is_refused(key: str, spoil: Spoil) -> None:
    directory = spoil(RADICULAR, lambda body: body.update({key: "dx-radiculer"}))

    assert "dx-radicular.json: id must be 'dx-radicular'" in _refusal(directory)


def test_a_misspelt_key_is_refused(spoil: Spoil) -> None:
    directory = spoil(RADICULAR, lambda body: _concept(body, "M54.16").update(desplay="Radiculopathy"))

    refusal = _refusal(directory)

    assert "dx-radicular.json" in refusal
    assert "desplay" in refusal


def test_a_filter_that_is_no_regular_expression_is_refused(spoil: Spoil) -> None:
    directory = spoil(
        FRACTURE, lambda body: body["compose"]["include"][-1]["filter"][0].update(value="S32.(1")
    )

    assert "dx-redflag-fracture.json: filter 'S32.(1'" in _refusal(directory)


def test_an_include_with_neither_codes_nor_filter_is_refused(spoil: Spoil) -> None:
    directory = spoil(FRACTURE, lambda body: body["compose"]["include"][-1].pop("filter"))

    assert "dx-redflag-fracture.json" in _refusal(directory)


def test_a_file_that_is_no_json_is_refused(content: Path) -> None:
    (content / RADICULAR).write_text('{"resourceType": "ValueSet",', encoding="utf-8")

    assert "dx-radicular.json" in _refusal(content)


def test_a_product_whose_ingredient_no_value_set_lists_is_refused(spoil: Spoil) -> None:
    def edit(body: dict[str, Any]) -> None:
        body["group"][0]["element"][0].update(
            code="197803", target=[{"code": "999999", "equivalence": "wider"}]
        )

    refusal = _refusal(spoil("concept_maps/rxnorm-product-to-ingredient.json", edit))

    assert "rxnorm-product-to-ingredient.json: 197803 has 999999" in refusal


def test_a_product_listed_twice_is_refused(spoil: Spoil) -> None:
    def edit(body: dict[str, Any]) -> None:
        elements = body["group"][0]["element"]
        elements.append(elements[0])

    assert "is listed twice" in _refusal(spoil("concept_maps/rxnorm-product-to-ingredient.json", edit))


@pytest.mark.parametrize(
    ("file", "old", "new", "named"),
    [
        ("vocabulary.toml", 'form = "icd"', 'form = "idc"', "form"),
        ("vocabulary.toml", "2.16.840.1.113883.6.90", "2.16.840.1.113883.6.96", "icd-10-cm"),
        ("text_hints.toml", "[hints.caudal]", "[hints.caudale]", "caudale"),
        ("text_hints.toml", "'\\bcaudal\\b', '\\bsacral hiatus\\b'", "'\\bcaudal('", "hints.caudal"),
        ("text_hints.toml", "'\\bsacro-?iliac\\b'", "'(?:sacro-?iliac)?'", "found in an empty text"),
        ("text_hints.toml", 'atoms = ["sacral"]', 'atoms = ["sacrum"]', "sacroiliac"),
        ("text_hints.toml", 'atoms = ["sacral"]', "atoms = []", "at least one region"),
        ("text_hints.toml", "[hints.caudal]\ninclude", "[hints.caudal]\nincludes", "includes"),
    ],
)
def test_a_settings_file_that_is_wrong_is_refused(
    content: Path, file: str, old: str, new: str, named: str
) -> None:
    path = content / file
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new), encoding="utf-8")

    refusal = _refusal(content)

    assert file in refusal
    assert named in refusal


def test_a_directory_without_value_sets_is_refused(content: Path) -> None:
    for path in (content / "value_sets").iterdir():
        path.unlink()

    assert "no value set here" in _refusal(content)


def test_a_guided_code_that_includes_no_imaging_is_refused(spoil: Spoil) -> None:
    directory = spoil(
        "value_sets/proc-esi-interlaminar-caudal.json",
        lambda body: _resay(_concept(body, "62323"), "guidance", "none"),
    )

    with pytest.raises(ContentError, match=r"proc-esi-interlaminar-caudal\.json: 62322: guided-code 62323"):
        Offers(load_catalogue(), load_terminology(directory))
