"""The conflicts C1 to C14 of the clinical material, as they come out of the guideline files."""

from __future__ import annotations

from collections.abc import Collection
from typing import Literal

import pytest

from plugin.guidelines import Case, Guideline, agreement

Documents = tuple[Guideline, ...]
Chronicity = Literal["acute", "chronic", "unknown"]


def sides(documents: Documents, family: str, pattern: str, chronicity: Chronicity) -> dict[str, set[str]]:
    """Who is for, against and conditional in the low back, by id."""
    found = agreement(documents, Case(family, pattern, chronicity, frozenset({"lumbar", "sacral"})))
    return {
        "for": {s.guideline.id for s in found.for_},
        "against": {s.guideline.id for s in found.against},
        "conditional": {s.guideline.id for s in found.conditional},
    }


def asked(
    documents: Documents,
    criterion: str,
    family: str,
    pattern: str | None = None,
    chronicity: Chronicity = "chronic",
    regions: Collection[str] = ("lumbar",),
) -> dict[str, list[dict[str, object]]]:
    """What each document that asks for the criterion sets under it."""
    found: dict[str, list[dict[str, object]]] = {}
    for document in documents:
        for entry in document.criteria:
            is_meant = entry.asks and entry.criterion == criterion
            if is_meant and entry.is_about(family, pattern, chronicity, regions):
                found.setdefault(document.id, []).append(entry.params.model_dump(exclude_none=True))
    return found


def dispensed(documents: Documents, criterion: str, family: str) -> set[str]:
    """The documents that do without what the criterion asks."""
    entries = [(d.id, c) for d in documents for c in d.criteria if c.criterion == criterion and not c.asks]
    return {name for name, c in entries if c.is_about(family, None, "unknown", ())}


def test_c1_epidural_for_axial_pain(guidelines: Documents) -> None:
    found = sides(guidelines, "interlaminar", "axial", "chronic")

    assert found["against"] == {
        *("bmj-2025", "acoem-2021", "nice-ng59", "nhs-england-ebi"),
        *("medicare-esi-lcd", "evicore-cmm-200"),
    }
    assert found["for"] == {"aspn-2022", "asipp-2021"}


def test_c2_epidural_for_chronic_radicular_pain(guidelines: Documents) -> None:
    found = sides(guidelines, "interlaminar", "radicular", "chronic")

    assert found["against"] == {"bmj-2025"}
    assert found["for"] >= {"aan-2025", "asipp-2021", "aspn-2022", "medicare-esi-lcd", "evicore-cmm-200"}


def test_c3_epidural_for_acute_radicular_pain(guidelines: Documents) -> None:
    found = sides(guidelines, "interlaminar", "radicular", "acute")
    care = asked(guidelines, "CC-1", "interlaminar", "radicular", "acute")

    assert "nice-ng59" in found["conditional"]
    assert care["medicare-esi-lcd"] == [{"min_days": 28}]
    assert care["nia-cam-136"] == [{"acute_severe_min_days": 14, "severe_pain_score": 6}]
    assert care["mp-303"] == [{"min_days": 14}]
    assert care["evicore-cmm-200"] == [{"min_days": 42}]


def test_c4_epidural_for_neurogenic_claudication(guidelines: Documents) -> None:
    found = sides(guidelines, "interlaminar", "claudication", "chronic")

    assert found["against"] == {"nice-ng59", "nhs-england-ebi"}
    assert found["conditional"] == {"aan-2025"}
    assert found["for"] >= {"medicare-esi-lcd", "aspn-2022", "asipp-2021"}


def test_c5_epidural_for_post_herpetic_neuralgia(guidelines: Documents) -> None:
    late = sides(guidelines, "interlaminar", "post-herpetic", "chronic")
    acute = sides(guidelines, "interlaminar", "acute-zoster", "acute")

    assert late == {"for": set(), "against": {"evicore-cmm-200"}, "conditional": set()}
    assert acute == {"for": {"medicare-esi-lcd"}, "against": set(), "conditional": set()}


def test_c6_epidural_after_spine_surgery(guidelines: Documents) -> None:
    found = sides(guidelines, "caudal", "post-laminectomy", "chronic")

    assert found["against"] == {"bmj-2025"}
    assert found["for"] == {"medicare-esi-lcd"}
    assert found["conditional"] == {"aspn-2022"}
    assert sides(guidelines, "interlaminar", "post-laminectomy", "chronic")["for"] >= {"aspn-2022"}


def test_c7_sacroiliac_joint(guidelines: Documents) -> None:
    injection = sides(guidelines, "sij-injection", "axial", "chronic")
    ablation = sides(guidelines, "sij-rfa", "axial", "chronic")

    assert injection["against"] == {"bmj-2025", "nice-ng59"}
    assert injection["for"] == {
        *("aspn-2022", "corticosteroid-facet-sij", "medicare-sij-lcd", "evicore-cmm-203"),
    }
    assert ablation["against"] == {"bmj-2025", "medicare-sij-lcd", "evicore-cmm-203", "uhc-ablative-2026"}
    assert ablation["for"] == {"aspn-2022"}


def test_c8_facet_injection_and_ablation(guidelines: Documents) -> None:
    injection = sides(guidelines, "facet-injection", "axial", "chronic")
    ablation = sides(guidelines, "facet-rfa", "axial", "chronic")
    blocks = asked(guidelines, "RFA-1", "facet-rfa")

    assert injection["against"] == ablation["against"] == {"bmj-2025"}
    assert injection["for"] >= {"medicare-facet-lcd", "asipp-2020-facet"}
    assert ablation["for"] >= {"medicare-facet-lcd", "asipp-2020-facet", "lumbar-facet-consensus-2020"}
    assert "nice-ng59" in ablation["conditional"]
    assert blocks["medicare-facet-lcd"][0]["min_positive_blocks"] == 2
    assert blocks["medicare-facet-lcd"][0]["min_relief_percent"] == 80
    assert blocks["nice-ng59"] == [{"min_positive_blocks": 1}]
    assert blocks["lumbar-facet-consensus-2020"] == [{"min_positive_blocks": 1, "min_relief_percent": 50}]
    assert blocks["bcbs-nd-rfa"][0]["min_relief_percent"] == 50


@pytest.mark.parametrize("pattern", ["axial", "radicular"])
def test_c9_biologics(guidelines: Documents, pattern: str) -> None:
    found = sides(guidelines, "biologic", pattern, "chronic")

    assert found["for"] == {"asipp-2025-biologics"}
    assert found["against"] == {
        *("fda-biologics-2020", "medicare-esi-lcd", "medicare-sij-lcd", "medicare-tpi-lcd")
    }
    assert dispensed(guidelines, "BIO-1", "interlaminar") == {"asipp-2025-biologics"}


def test_c10_number_and_spacing(guidelines: Documents) -> None:
    numbers = asked(guidelines, "FRQ-1", "interlaminar")
    spacing = asked(guidelines, "FRQ-2", "interlaminar")

    assert numbers == {
        "medicare-esi-lcd": [{"max_sessions": 4, "window_days": 365}],
        "evicore-cmm-200": [
            {"max_sessions": 4, "window_days": 365},
            {"max_sessions": 3, "window_days": 182},
        ],
        "mp-303": [{"max_sessions": 6, "window_days": 365}],
        "bcbsma-690": [{"max_sessions": 6, "window_days": 365}],
    }
    assert {name: entries[0]["min_days"] for name, entries in spacing.items()} == {
        "medicare-esi-lcd": 14,
        "evicore-cmm-200": 14,
        "bcbsma-690": 30,
    }


def test_c11_steroid_in_trigger_points_and_the_injection_itself(guidelines: Documents) -> None:
    injection = sides(guidelines, "trigger-point", "axial", "chronic")

    assert set(asked(guidelines, "TPI-1", "trigger-point")) == {"acoem-2021", "nhs-england-ebi"}
    assert dispensed(guidelines, "TPI-1", "trigger-point") == {
        *("evicore-cmm-202", "arizona-complete-tpi", "triple-s-tpi", "aspn-2022"),
    }
    assert injection["against"] == {"bmj-2025", "nice-ng59", "nhs-england-ebi"}
    assert injection["for"] == {"medicare-tpi-lcd", "evicore-cmm-202"}


def test_c12_transforaminal_or_interlaminar(guidelines: Documents) -> None:
    across = sides(guidelines, "transforaminal", "radicular", "chronic")
    between = sides(guidelines, "interlaminar", "radicular", "chronic")

    assert "aspn-2022" in across["for"] & between["for"]
    assert "mpw-2015" in across["conditional"] - between["conditional"]
    assert set(asked(guidelines, "APR-1", "transforaminal")) == {"mpw-2015", "fda-esi-2014"}
    assert dispensed(guidelines, "APR-1", "transforaminal") == {"aspn-2022"}


def test_c13_levels_of_a_facet_session(guidelines: Documents) -> None:
    assert asked(guidelines, "LVL-1", "facet-injection") == {
        "medicare-facet-lcd": [{"max_facet_levels": 2}],
        "evicore-cmm-201": [{"max_facet_levels": 3}],
    }


def test_c14_ct_instead_of_mri(guidelines: Documents) -> None:
    imaging = asked(guidelines, "IMG-1", "interlaminar")

    assert {name for name, entries in imaging.items() if entries[0].get("accepts_ct")} == {
        *("medicare-esi-lcd", "evicore-cmm-200"),
    }
    assert dispensed(guidelines, "IMG-1", "interlaminar") == {"nice-ng59"}
    assert "medicare-facet-lcd" in dispensed(guidelines, "IMG-1", "facet-injection")


@pytest.mark.parametrize("family", ["sij-injection", "sij-rfa", "lateral-branch-block"])
def test_the_sacroiliac_joint_is_one_place_whatever_region_a_case_names(
    guidelines: Documents, family: str
) -> None:
    named = agreement(guidelines, Case(family, "axial", "chronic", frozenset({"sacroiliac"})))
    low_back = agreement(guidelines, Case(family, "axial", "chronic", frozenset({"sacral"})))

    assert named.for_ == low_back.for_
    assert named.against == low_back.against
    assert [s.guideline.id for s in named.conditional if s.proviso] == []
