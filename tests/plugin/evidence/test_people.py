"""From Patient, Encounter, ResearchSubject and pain ratings to what the gates and CC-1 ask about."""

from __future__ import annotations

from typing import Any

import pytest

from plugin.domain.truth import Truth
from tests.builders import CPT, ENCOUNTER, LOINC, Json, coded, on, read, resource

NRS = "72514-3"
ACT = "http://terminology.hl7.org/CodeSystem/v3-ActCode"


def patient(**elements: Any) -> Json:
    return {"resourceType": "Patient", "id": "patient-test", "birthDate": "1970-02-03", **elements}


def encounter(**elements: Any) -> Json:
    return {"resourceType": "Encounter", "id": ENCOUNTER, **elements}


def rating(value: Any = 7, **elements: Any) -> Json:
    body = {
        "status": "final",
        "effectiveDateTime": "2026-11-10",
        "valueQuantity": {"value": value} if value is not None else None,
    }
    return resource("Observation", NRS, **(body | elements))


@pytest.mark.parametrize(
    ("elements", "deceased"),
    [
        ({}, Truth.FALSE),
        ({"deceasedBoolean": False}, Truth.FALSE),
        ({"deceasedBoolean": True}, Truth.TRUE),
        ({"deceasedDateTime": "2026-01-01"}, Truth.TRUE),
    ],
)
def test_whether_the_patient_lives(elements: Json, deceased: Truth) -> None:
    found = read(patient=patient(**elements)).patient

    assert (found.is_found, found.is_deceased) == (Truth.TRUE, deceased)


@pytest.mark.parametrize(("born", "expected"), [("1970-02-03", "1970-02-03"), ("1970", "1970")])
def test_the_birth_date_as_exact_as_it_is_known(born: str, expected: str) -> None:
    assert read(patient=patient(birthDate=born)).patient.born == on(expected)


def test_a_patient_not_read_leaves_everything_open() -> None:
    found = read().patient

    assert (found.is_found, found.is_deceased, found.born) == (Truth.UNKNOWN, Truth.UNKNOWN, None)


@pytest.mark.parametrize(
    ("code", "inpatient"),
    [
        ("IMP", Truth.TRUE),
        ("ACUTE", Truth.TRUE),
        ("NONAC", Truth.TRUE),
        ("EMER", Truth.TRUE),
        ("OBSENC", Truth.TRUE),
        ("SS", Truth.TRUE),
        ("imp", Truth.TRUE),
        ("AMB", Truth.FALSE),
        ("VR", Truth.FALSE),
    ],
)
def test_the_class_of_the_encounter(code: str, inpatient: Truth) -> None:
    found = read(encounter=encounter(**{"class": {"system": ACT, "code": code}})).encounter

    assert found.is_inpatient is inpatient


@pytest.mark.parametrize(
    ("elements", "labour"),
    [
        ({"type": [{"text": "Labor and delivery"}]}, Truth.TRUE),
        ({"type": {"text": "Obstetric admission"}}, Truth.TRUE),
        ({"serviceType": {"text": "Obstetrics"}}, Truth.FALSE),
        ({"serviceType": {"text": "Maternity ward"}}, Truth.TRUE),
        ({"reasonCode": [coded("O80")]}, Truth.TRUE),
        ({"type": [{"text": "Pain clinic visit"}]}, Truth.FALSE),
        ({}, Truth.FALSE),
    ],
)
def test_an_encounter_for_labour(elements: Json, labour: Truth) -> None:
    assert read(encounter=encounter(**elements)).encounter.is_labour is labour


def test_without_an_encounter_its_kind_is_unknown() -> None:
    found = read().encounter

    assert (found.is_inpatient, found.is_labour) == (Truth.UNKNOWN, Truth.UNKNOWN)


@pytest.mark.parametrize(
    ("status", "in_trial"),
    [
        ("on-study", Truth.TRUE),
        ("on-study-intervention", Truth.TRUE),
        ("follow-up", Truth.TRUE),
        ("on-study-observation", Truth.TRUE),
        ("candidate", Truth.FALSE),
        ("withdrawn", Truth.FALSE),
        ("off-study", Truth.FALSE),
    ],
)
def test_whether_the_patient_is_in_a_trial(status: str, in_trial: Truth) -> None:
    subject = {
        "resourceType": "ResearchSubject",
        "id": "subject",
        "status": status,
        "individual": {"reference": "Patient/patient-test"},
    }

    assert read(researchSubjects=[subject]).in_trial is in_trial


@pytest.mark.parametrize(
    ("elements", "value"),
    [
        ({}, 7.0),
        ({"valueQuantity": {"value": 6.5}}, 6.5),
        ({"valueQuantity": None, "valueInteger": 8}, 8.0),
        ({"valueQuantity": {"value": 0}}, 0.0),
        ({"valueQuantity": {"value": 10}}, 10.0),
        ({"valueQuantity": {"value": 11}}, None),
        ({"valueQuantity": {"value": -1}}, None),
        ({"valueQuantity": None}, None),
        ({"status": "entered-in-error"}, None),
        ({"status": "cancelled"}, None),
        ({"effectiveDateTime": None}, None),
        ({"code": coded("38214-3")}, None),
        ({"code": coded("38221-8")}, None),
        ({"code": coded("8867-4", LOINC)}, None),
        ({"code": coded("72514-3", CPT)}, None),
    ],
)
def test_only_a_dated_rating_on_the_ten_point_scale_is_a_pain_score(
    elements: Json, value: float | None
) -> None:
    scores = read(observations=[rating(**elements)]).pain_scores.entries

    assert [s.value for s in scores] == ([] if value is None else [value])


@pytest.mark.parametrize(
    ("elements", "taken"),
    [
        ({}, "2026-11-10"),
        (
            {"effectiveDateTime": None, "effectivePeriod": {"start": "2026-11-09"}},
            "2026-11-09",
        ),
        ({"effectiveDateTime": None, "issued": "2026-11-08T10:00:00Z"}, "2026-11-08"),
    ],
)
def test_when_the_pain_was_rated(elements: Json, taken: str) -> None:
    (score,) = read(observations=[rating(**elements)]).pain_scores.entries

    assert score.date == on(taken)


def test_another_patients_rating_leaves_the_section_incomplete() -> None:
    scores = read(observations=[rating(subject={"reference": "Patient/other"})]).pain_scores

    assert scores.entries == ()
    assert [u.source for u in scores.unread] == ["observations"]


def test_another_persons_trial_is_not_this_patients() -> None:
    subject = {
        "resourceType": "ResearchSubject",
        "id": "subject",
        "status": "on-study",
        "individual": {"reference": "Patient/other"},
    }

    assert read(researchSubjects=[subject]).in_trial is not Truth.TRUE


@pytest.mark.parametrize("elements", [{"id": "other"}, {"subject": {"reference": "Patient/other"}}])
def test_another_encounter_says_nothing(elements: Json) -> None:
    inpatient = {"class": {"system": ACT, "code": "IMP"}}

    found = read(encounter=encounter(**inpatient, **elements)).encounter

    assert found.is_inpatient is Truth.UNKNOWN


def test_another_patient_says_nothing_of_this_one() -> None:
    found = read(patient=patient(id="other", deceasedBoolean=True)).patient

    assert (found.is_deceased, found.born) == (Truth.UNKNOWN, None)
