"""From Conditions, as EHRs send them, to diagnoses."""

from __future__ import annotations

from typing import Any

import pytest

from plugin.domain.evidence import Diagnosis, Evidence, Standing
from plugin.domain.regions import Region
from tests.builders import CERVICAL, ICD, LUMBAR, SNOMED, UNSPECIFIED, Json, coded, on, read, resource

CLINICAL = "http://terminology.hl7.org/CodeSystem/condition-clinical"
VERIFICATION = "http://terminology.hl7.org/CodeSystem/condition-ver-status"
CATEGORY = "http://terminology.hl7.org/CodeSystem/condition-category"


def status(system: str, code: str | None) -> Json | None:
    return coded(code, system) if code else None


def condition(code: str | None = "M54.16", /, **elements: Any) -> Json:
    clinical = status(CLINICAL, elements.pop("clinical", "active"))
    verified = status(VERIFICATION, elements.pop("verified", "confirmed"))
    body = {"clinicalStatus": clinical, "verificationStatus": verified}
    return resource("Condition", code, **(body | elements))


def only(*conditions: Json) -> Diagnosis:
    found = read(conditions=conditions).diagnoses.entries
    assert len(found) == 1
    return found[0]


@pytest.mark.parametrize(
    ("clinical", "abated", "standing"),
    [
        ("active", None, Standing.CURRENT),
        ("recurrence", None, Standing.CURRENT),
        ("relapse", None, Standing.CURRENT),
        (None, None, Standing.CURRENT),
        ("inactive", None, Standing.HISTORICAL),
        ("remission", None, Standing.HISTORICAL),
        ("resolved", None, Standing.HISTORICAL),
        ("resolved", "2026-01-01", Standing.HISTORICAL),
        (None, "2026-01-01", Standing.HISTORICAL),
        ("active", "2026-01-01", Standing.CONTRADICTORY),
        ("active", "2026-11-20", Standing.CONTRADICTORY),
        ("active", "2026-11-21", Standing.CURRENT),
        (None, "2027", Standing.CURRENT),
        ("ACTIVE", None, Standing.CURRENT),
    ],
)
def test_clinical_status_and_abatement(clinical: str | None, abated: str | None, standing: Standing) -> None:
    assert only(condition(clinical=clinical, abatementDateTime=abated)).standing is standing


@pytest.mark.parametrize(
    "abated",
    [
        {"abatementPeriod": {"start": "2025-01-01", "end": "2026-01-01"}},
        {"abatementString": "last spring"},
        {"abatementBoolean": True},
    ],
)
def test_every_kind_of_abatement_ends_a_condition_without_status(abated: Json) -> None:
    assert only(condition(clinical=None, **abated)).standing is Standing.HISTORICAL


@pytest.mark.parametrize(
    ("verified", "certain"),
    [
        ("confirmed", True),
        (None, True),
        ("unconfirmed", False),
        ("provisional", False),
        ("differential", False),
        ("something-new", False),
    ],
)
def test_only_a_confirmed_condition_is_certain(verified: str | None, certain: bool) -> None:
    assert only(condition(verified=verified)).is_certain is certain


def test_a_refuted_condition_is_kept_as_refuted() -> None:
    assert only(condition(verified="refuted")).standing is Standing.REFUTED


def test_a_condition_entered_in_error_is_set_aside() -> None:
    found = read(conditions=[condition(verified="entered-in-error")]).diagnoses

    assert found.entries == ()
    assert [(i.reference, i.remark) for i in found.set_aside] == [
        ("Condition/condition-M54.16", "entered-in-error")
    ]


def test_active_and_abated_is_contradictory_and_so_uncertain() -> None:
    assert not only(condition(abatementDateTime="2026-01-01")).is_certain


@pytest.mark.parametrize(
    ("system", "code"),
    [
        (ICD, "M54.16"),
        (ICD, "m54.16"),
        (ICD, "M5416"),
        (ICD, " M54.16 "),
        ("urn:oid:2.16.840.1.113883.6.90", "M5416"),
        (SNOMED, "128196005"),
    ],
)
def test_a_code_is_known_however_it_is_written(system: str, code: str) -> None:
    found = only(condition(None, code=coded(code, system)))

    assert (found.pattern, found.region) == ("radicular", LUMBAR)


@pytest.mark.parametrize(
    ("codes", "pattern"),
    [
        (("128196005", "M54.50"), "possible-radicular"),
        (("M54.16", "M54.50"), "possible-radicular"),
        (("M54.16", "M51.26"), "radicular"),
        (("M48.062", "M48.061"), "claudication"),
        (("M54.41", "R20.2"), "radicular"),
        (("M51.26", "M54.50"), "axial"),
        (("M48.07", "M54.50"), "structural-open"),
    ],
)
def test_of_several_codings_the_most_telling_speaks_unless_they_oppose(
    codes: tuple[str, str], pattern: str
) -> None:
    both = {"coding": [c for code in codes for c in coded(code)["coding"]]}

    assert only(condition(None, code=both)).pattern == pattern


@pytest.mark.parametrize(
    ("text", "pattern"),
    [
        ("Lumbar radiculopathy", "possible-radicular"),
        ("low back pain radiating to the left leg", "possible-radicular"),
        ("no radiculopathy", None),
        ("Low back pain", None),
    ],
)
def test_text_alone_is_a_hint_and_never_certain(text: str, pattern: str | None) -> None:
    found = read(conditions=[condition(None, code={"text": text})]).diagnoses.entries

    assert [(d.pattern, d.is_certain) for d in found if d.pattern] == ([(pattern, False)] if pattern else [])


def test_text_does_not_outweigh_a_code() -> None:
    found = only(condition(None, code=coded("M54.50", text="Lumbar radiculopathy")))

    assert (found.pattern, found.is_certain) == ("axial", True)


@pytest.mark.parametrize(
    ("code", "site", "region"),
    [
        ("M54.10", "122496007", LUMBAR),
        ("M54.10", "122494005", CERVICAL),
        ("M54.10", "243927000", Region.of("lumbar", "sacral")),
        ("M54.10", "421060004", UNSPECIFIED),
        ("M54.16", "122494005", LUMBAR),
        ("M54.10", None, UNSPECIFIED),
    ],
)
def test_the_body_site_states_a_region_that_the_code_leaves_open(
    code: str, site: str | None, region: Region
) -> None:
    sites = [coded(site)] if site else None

    assert only(condition(code, bodySite=sites)).region == region


@pytest.mark.parametrize(
    ("elements", "onset", "recorded"),
    [
        ({"onsetDateTime": "2026-06-01T08:00:00Z"}, "2026-06-01", None),
        ({"onsetDateTime": "2026"}, "2026", None),
        ({"onsetPeriod": {"start": "2026-06-01", "end": "2026-07-01"}}, "2026-06-01", None),
        ({"onsetString": "spring", "recordedDate": "2026-06-10"}, None, "2026-06-10"),
        ({"onsetAge": {"value": 50, "unit": "a"}}, None, None),
        ({"onsetDateTime": "2026-13-40"}, None, None),
        ({}, None, None),
    ],
)
def test_onset_is_read_as_exactly_as_it_is_charted(
    elements: Json, onset: str | None, recorded: str | None
) -> None:
    found = only(condition(**elements))

    assert found.onset == (on(onset) if onset else None)
    assert found.recorded == (on(recorded) if recorded else None)


def visit(**elements: Any) -> Json:
    return condition(**{"category": [coded("encounter-diagnosis", CATEGORY)], "id": "visit", **elements})


@pytest.mark.parametrize(
    ("recorded", "certain"),
    [("2025-11-20", True), ("2025-11-19", False), ("2025", True), ("2024", False), (None, True)],
)
def test_a_visits_diagnosis_weakens_after_a_year(recorded: str | None, certain: bool) -> None:
    assert only(visit(recordedDate=recorded)).is_certain is certain


def test_an_old_visits_diagnosis_stands_where_the_problem_list_holds_it_too() -> None:
    found = read(conditions=[visit(recordedDate="2024-01-01"), condition()]).diagnoses.entries

    assert [d.is_certain for d in found] == [True, True]


def test_a_category_shaped_as_in_stu3_is_read() -> None:
    single = coded("encounter-diagnosis", CATEGORY)

    assert not only(visit(category=single, recordedDate="2024-01-01")).is_certain


@pytest.mark.parametrize(
    "reference",
    [
        "Patient/patient-test",
        "https://ehr.example.org/fhir/Patient/patient-test",
        "Patient/patient-test/_history/2",
    ],
)
def test_the_patient_may_be_named_relatively_absolutely_or_with_version(reference: str) -> None:
    assert only(condition(subject={"reference": reference})).pattern == "radicular"


def test_another_patients_condition_is_left_out_and_leaves_the_section_incomplete() -> None:
    found = read(conditions=[condition(subject={"reference": "Patient/other"})]).diagnoses

    assert found.entries == ()
    assert [(u.source, u.count) for u in found.unread] == [("conditions", 1)]


def test_a_condition_without_any_element_says_nothing_and_breaks_nothing() -> None:
    found = read(conditions=[{"resourceType": "Condition"}]).diagnoses

    assert [d.pattern for d in found.entries if d.pattern] == []
    assert found.unread == ()


def test_an_unknown_code_is_no_information() -> None:
    found = read(conditions=[condition(None, code=coded("Q99.99", ICD))]).diagnoses

    assert [d.pattern for d in found.entries if d.pattern] == []
    assert found.unread == ()


def waivers(evidence: Evidence) -> list[str]:
    return [w.of for w in evidence.waivers.entries]


@pytest.mark.parametrize(
    ("code", "clinical", "expected"),
    [
        ("105480006", "active", ["any"]),
        ("Z53.20", "active", ["any"]),
        ("Z88.6", "active", ["medication"]),
        ("N18.5", "active", ["medication"]),
        ("105480006", "resolved", []),
    ],
)
def test_a_charted_refusal_or_intolerance(code: str, clinical: str, expected: list[str]) -> None:
    assert waivers(read(conditions=[condition(code, clinical=clinical)])) == expected
