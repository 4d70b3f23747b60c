"""Whom an entry is about, in every spelling of a reference."""

from __future__ import annotations

import pytest

from tests.builders import Json, read, resource

UUID = "6f8d2b7e-0c1a-4f5e-9d3b-2a1c4e5f6a7b"


def condition(reference: object) -> Json:
    return resource("Condition", "M54.16", subject={"reference": reference})


@pytest.mark.parametrize(
    "reference",
    [
        "patient-test",
        "Patient/patient-test",
        "Patient/patient-test/_history/3",
        "https://ehr.example.org/fhir/r4/Patient/patient-test",
        "https://ehr.example.org/fhir/r4/Patient/patient-test/_history/3",
        "urn:uuid:patient-test",
    ],
)
def test_the_patient_may_be_named_in_any_way(reference: str) -> None:
    found = read(conditions=[condition(reference)]).diagnoses

    assert (len(found.entries), found.unread) == (1, ())


@pytest.mark.parametrize(
    "reference",
    [
        "patient-test2",
        "Patient/patient-test2",
        "Patient/other",
        "Patient/PATIENT-TEST",
        "Group/patient-test",
        "https://ehr.example.org/fhir/r4/Group/patient-test",
        "https://ehr.example.org/fhir/r4/Patient/other",
        "https://ehr.example.org/fhir/r4/Patient/other/_history/patient-test",
        "https://ehr.example.org/NotPatient/patient-test",
        "Patient/other#Patient/patient-test2",
        f"urn:uuid:{UUID}",
        "urn:oid:1.2.3",
        "Patient?identifier=patient-test",
        "#patient-test",
        "",
    ],
)
def test_whoever_else_is_named_leaves_the_section_incomplete(reference: str) -> None:
    found = read(conditions=[condition(reference)]).diagnoses

    assert found.entries == ()
    assert [(u.source, u.count) for u in found.unread] == [("conditions", 1)]
